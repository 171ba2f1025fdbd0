/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sessions of the page. They are looked up by a hash of what the cookie holds, so the
 * time this takes tells nothing of it. Main thread only.
 */
#include "sessions.h"

#include <string.h>

#include "random-text.h"

typedef struct {
  char *key; /* a hash of its id */
  guint8 hash[READ_TOKEN_HASH_BYTES];
  gint64 end;
} Session;

struct _Sessions {
  GHashTable *known; /* key -> the link in order, which holds the session */
  GQueue order;      /* Session, the oldest first */
};

static void
session_free (gpointer data)
{
  Session *session = data;

  g_free (session->key);
  g_free (session);
}

Sessions *
sessions_new (void)
{
  Sessions *sessions = g_new0 (Sessions, 1);

  sessions->known = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&sessions->order);
  return sessions;
}

void
sessions_free (Sessions *sessions)
{
  if (sessions == NULL)
    return;
  g_hash_table_unref (sessions->known);
  g_queue_clear_full (&sessions->order, session_free);
  g_free (sessions);
}

static void
remove_link (Sessions *sessions, GList *link)
{
  Session *session = link->data;

  g_hash_table_remove (sessions->known, session->key);
  g_queue_delete_link (&sessions->order, link);
  session_free (session);
}

static void
remove_ended (Sessions *sessions, gint64 now)
{
  GList *oldest;

  while ((oldest = g_queue_peek_head_link (&sessions->order)) != NULL &&
         (((Session *)oldest->data)->end <= now ||
             g_queue_get_length (&sessions->order) >= MAX_SESSIONS))
    remove_link (sessions, oldest);
}

static char *
key_of (const char *id)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, id, -1);
}

char *
sessions_add (Sessions *sessions, const guint8 hash[READ_TOKEN_HASH_BYTES], gint64 now)
{
  g_autofree char *id = random_text_new ();
  Session *session = g_new0 (Session, 1);

  remove_ended (sessions, now);
  session->key = key_of (id);
  session->end = now + SESSION_SECONDS * (gint64)G_USEC_PER_SEC;
  memcpy (session->hash, hash, READ_TOKEN_HASH_BYTES);
  g_queue_push_tail (&sessions->order, session);
  g_hash_table_insert (
      sessions->known, session->key, g_queue_peek_tail_link (&sessions->order));
  return g_steal_pointer (&id);
}

const guint8 *
sessions_find (const Sessions *sessions, const char *id, gint64 now)
{
  g_autofree char *key = key_of (id);
  const GList *link = g_hash_table_lookup (sessions->known, key);
  const Session *session = link != NULL ? link->data : NULL;

  return session != NULL && session->end > now ? session->hash : NULL;
}

void
sessions_remove (Sessions *sessions, const char *id)
{
  g_autofree char *key = key_of (id);
  GList *link = g_hash_table_lookup (sessions->known, key);

  if (link != NULL)
    remove_link (sessions, link);
}
