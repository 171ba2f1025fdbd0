/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sessions of imported files. Main thread only.
 */
#include "import-sessions.h"

#include <string.h>

#include "callstats/callstats-error.h"

#define MAX_SESSIONS 4096 /* known at a time */
#define MAX_BATCH 256     /* records given to the store in one go */

typedef struct {
  char *name;
  char *app;
  char *user;
  char *user_name;
  StoreSession *stored; /* NULL: not opened yet */
  GList *link;          /* in the order of use */
} Session;

struct _ImportSessions {
  Store *store;
  char *app;
  char *user;
  GHashTable *sessions; /* name → Session */
  GQueue order;         /* Session, the one used last at the end */

  gboolean forgetful; /* one that said whose it is was forgotten */

  Session *batch_session; /* NULL: no batch */
  guint64 batch_first;
  GPtrArray *batch;
  gsize batch_bytes;

  guint64 written;
  GError *error;
};

ImportSessions *
import_sessions_new (Store *store, const char *app, const char *user)
{
  ImportSessions *self = g_new0 (ImportSessions, 1);

  self->store = store;
  self->app = g_strdup (app);
  self->user = g_strdup (user);
  self->sessions = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&self->order);
  return self;
}

static void
session_free (gpointer data)
{
  Session *session = data;

  store_session_close (session->stored);
  g_free (session->name);
  g_free (session->app);
  g_free (session->user);
  g_free (session->user_name);
  g_free (session);
}

void
import_sessions_close (ImportSessions *self)
{
  g_hash_table_remove_all (self->sessions);
  g_queue_clear_full (&self->order, session_free);
}

void
import_sessions_free (ImportSessions *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->sessions);
  g_clear_pointer (&self->batch, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self->app);
  g_free (self->user);
  g_free (self);
}

/* From the store */

static void
on_opened (gpointer user_data, guint64 stored)
{
}

static void
on_committed (gpointer user_data, guint64 sequence, gsize bytes, guint written)
{
  ImportSessions *self = user_data;

  self->written += written;
}

static void
on_failed (gpointer user_data, const GError *error)
{
  ImportSessions *self = user_data;

  if (self->error == NULL)
    self->error = g_error_copy (error);
}

static const StoreSessionEvents events = { on_opened, on_committed, on_failed };

/* To the store */

void
import_sessions_submit (ImportSessions *self)
{
  Session *session = g_steal_pointer (&self->batch_session);

  if (session == NULL)
    return;
  if (session->stored == NULL) {
    session->stored = store_session_open (self->store, session->app, session->user,
        session->user_name, session->name, &events, self, NULL);
    /* What is in a file is over: its reading is no sign of life. */
    store_session_set_clock (session->stored, 0);
  }
  store_session_append (
      session->stored, self->batch_first, self->batch, self->batch_bytes);
  self->batch_bytes = 0;
  g_clear_pointer (&self->batch, g_ptr_array_unref);
}

static void
add_to_batch (ImportSessions *self, Session *session, const RecordLine *line)
{
  if (self->batch_session != session || self->batch->len >= MAX_BATCH ||
      line->sequence != self->batch_first + self->batch->len)
    import_sessions_submit (self);
  if (self->batch_session == NULL) {
    self->batch_session = session;
    self->batch_first = line->sequence;
    self->batch = g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_record_unref);
  }
  g_ptr_array_add (self->batch, callstats_record_ref (line->record));
  self->batch_bytes += callstats_record_size (line->record);
}

/* Sessions */

static void
forget (ImportSessions *self, Session *session)
{
  if (self->batch_session == session)
    import_sessions_submit (self);
  g_hash_table_remove (self->sessions, session->name);
  g_queue_delete_link (&self->order, session->link);
  session_free (session);
}

static Session *
add (ImportSessions *self, const RecordLine *line, const char *app, const char *user)
{
  Session *session = g_new0 (Session, 1);

  if (self->order.length >= MAX_SESSIONS) {
    forget (self, self->order.head->data);
    self->forgetful = TRUE;
  }
  session->name = g_strdup (line->session);
  session->app = g_strdup (app);
  session->user = g_strdup (user);
  session->user_name = g_strdup (line->user_name);
  g_queue_push_tail (&self->order, session);
  session->link = self->order.tail;
  g_hash_table_insert (self->sessions, session->name, session);
  return session;
}

void
import_sessions_introduce (ImportSessions *self, const RecordLine *line)
{
  Session *session = g_hash_table_lookup (self->sessions, line->session);
  const char *app = line->app != NULL ? line->app : self->app;
  const char *user = line->user != NULL ? line->user : self->user;

  if (session != NULL && g_strcmp0 (session->app, app) == 0 &&
      g_strcmp0 (session->user, user) == 0)
    return;
  if (session != NULL)
    forget (self, session);
  if (app != NULL && user != NULL)
    add (self, line, app, user);
}

static gboolean
refuse (ImportSessions *self, const RecordLine *line, GError **error)
{
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "nothing says which application and user session %s is of; give --app ID and "
      "--user ID",
      line->session);
  return FALSE;
}

gboolean
import_sessions_take (ImportSessions *self, const RecordLine *line, GError **error)
{
  Session *session = g_hash_table_lookup (self->sessions, line->session);

  if (session == NULL && (self->app == NULL || self->user == NULL || self->forgetful))
    return refuse (self, line, error);
  if (session == NULL)
    session = add (self, line, self->app, self->user);
  g_queue_unlink (&self->order, session->link);
  g_queue_push_tail_link (&self->order, session->link);
  add_to_batch (self, session, line);
  return TRUE;
}

guint64
import_sessions_get_written (ImportSessions *self)
{
  return self->written;
}

const GError *
import_sessions_get_error (ImportSessions *self)
{
  return self->error;
}
