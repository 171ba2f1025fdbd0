/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sessions of REST clients. The store answers on this thread; a session lives until it
 * is idle and the store is through with it. Main thread only.
 */
#include "rest-sessions.h"

#include <string.h>

#include "callstats/callstats-quality-private.h"
#include "callstats/callstats-record-private.h"
#include "log.h"
#include "rest-reply.h"

/* Bytes of records on their way to the disk, of one user and of all of them. */
#define MAX_WAITING (4 * 1024 * 1024)
#define MAX_WAITING_TOTAL (64 * 1024 * 1024)
#define IDLE_SECONDS 60
#define SWEEP_SECONDS 10
#define MAX_SCORED 64 /* fabrics of a session */
#define RETRY_AFTER "2"

struct _RestSessions {
  Store *store;
  char *name;        /* of every session of this run */
  GHashTable *known; /* application and user -> Session, one reference each */
  gsize waiting;
  guint sweep;
};

typedef struct {
  grefcount ref_count;
  RestSessions *sessions; /* NULL: they are gone */
  char *key;
  StoreSession *stored;
  guint64 next;       /* number of the next record; 0: the store has not said yet */
  GQueue waiting;     /* Waiting, in the order of their numbers */
  GHashTable *scored; /* fabric -> CallstatsQuality */
  gsize bytes;        /* of what waits */
  gint64 used;        /* monotonic */
} Session;

typedef struct {
  SoupServerMessage *message; /* NULL: the client has gone */
  gulong finished;
  char *uc_id; /* nullable */
  GPtrArray *records;
  guint64 last; /* number of its last record; 0: not numbered yet */
  gsize bytes;
} Waiting;

/* ---- Requests that wait ---- */

static void
on_gone (SoupServerMessage *message, gpointer user_data)
{
  Waiting *waiting = user_data;

  g_clear_object (&waiting->message);
}

static Waiting *
waiting_new (GPtrArray *records, SoupServerMessage *message, const char *uc_id)
{
  Waiting *waiting = g_new0 (Waiting, 1);

  waiting->records = records;
  waiting->uc_id = g_strdup (uc_id);
  for (guint i = 0; i < records->len; i++)
    waiting->bytes += callstats_record_size (records->pdata[i]);
  waiting->message = g_object_ref (message);
  waiting->finished =
      g_signal_connect (message, "finished", G_CALLBACK (on_gone), waiting);
  soup_server_message_pause (message);
  return waiting;
}

static void
waiting_forget_message (Waiting *waiting)
{
  if (waiting->message != NULL)
    g_signal_handler_disconnect (waiting->message, waiting->finished);
  g_clear_object (&waiting->message);
}

static void
waiting_free (Waiting *waiting)
{
  waiting_forget_message (waiting);
  g_clear_pointer (&waiting->records, g_ptr_array_unref);
  g_free (waiting->uc_id);
  g_free (waiting);
}

static void
reply_stored (SoupServerMessage *message, const char *uc_id)
{
  if (uc_id != NULL)
    rest_reply_joined (message, uc_id);
  else
    rest_reply_success (message);
}

/* stored: whether its records are. Frees it. */
static void
answer (Waiting *waiting, gboolean stored)
{
  SoupServerMessage *message = g_steal_pointer (&waiting->message);

  if (message != NULL) {
    g_signal_handler_disconnect (message, waiting->finished);
    if (stored)
      reply_stored (message, waiting->uc_id);
    else
      rest_reply_error (message, SOUP_STATUS_INTERNAL_SERVER_ERROR,
          "The store failed; what was sent is not kept");
    soup_server_message_unpause (message);
    g_object_unref (message);
  }
  waiting_free (waiting);
}

/* ---- Sessions ---- */

static Session *
session_ref (Session *session)
{
  g_ref_count_inc (&session->ref_count);
  return session;
}

static void
session_unref (Session *session)
{
  if (!g_ref_count_dec (&session->ref_count))
    return;
  g_queue_clear_full (&session->waiting, (GDestroyNotify)waiting_free);
  g_hash_table_unref (session->scored);
  g_free (session->key);
  g_free (session);
}

/* No more of it is known; what the store was given is still written. */
static void
session_close (Session *session)
{
  session->sessions = NULL;
  store_session_close (g_steal_pointer (&session->stored));
  session_unref (session);
}

static void
count_bytes (Session *session, gssize bytes)
{
  session->bytes += (gsize)bytes;
  if (session->sessions != NULL)
    session->sessions->waiting += (gsize)bytes;
}

static void
take_answer (Session *session, Waiting *waiting, gboolean stored)
{
  count_bytes (session, -(gssize)waiting->bytes);
  answer (waiting, stored);
}

static void
append (Session *session, Waiting *waiting)
{
  guint64 first = session->next;

  session->next += waiting->records->len;
  waiting->last = session->next - 1;
  store_session_append (session->stored, first, waiting->records, waiting->bytes);
  g_clear_pointer (&waiting->records, g_ptr_array_unref);
}

static void
on_opened (gpointer user_data, guint64 stored)
{
  Session *session = user_data;

  session->next = stored + 1;
  for (GList *l = session->waiting.head; l != NULL && session->stored != NULL;
       l = l->next)
    append (session, l->data);
}

static void
on_committed (gpointer user_data, guint64 sequence, gsize bytes, guint written)
{
  Session *session = user_data;
  Waiting *waiting = g_queue_peek_head (&session->waiting);

  while (waiting != NULL && waiting->last != 0 && waiting->last <= sequence) {
    take_answer (session, g_queue_pop_head (&session->waiting), TRUE);
    waiting = g_queue_peek_head (&session->waiting);
  }
}

static void
on_failed (gpointer user_data, const GError *error)
{
  Session *session = user_data;
  Waiting *waiting;

  log_warning ("store-failed", "reason", error->message, NULL);
  while ((waiting = g_queue_pop_head (&session->waiting)) != NULL)
    take_answer (session, waiting, FALSE);
  if (session->sessions != NULL &&
      g_hash_table_lookup (session->sessions->known, session->key) == session)
    g_hash_table_remove (session->sessions->known, session->key);
}

static const StoreSessionEvents session_events = { on_opened, on_committed, on_failed };

static char *
make_key (const char *app, const char *user)
{
  return g_strdup_printf ("%" G_GSIZE_FORMAT ":%s%s", strlen (app), app, user);
}

static Session *
session_open (RestSessions *sessions, const char *app, const char *user)
{
  Session *session = g_new0 (Session, 1);

  g_ref_count_init (&session->ref_count);
  session->sessions = sessions;
  session->key = make_key (app, user);
  g_queue_init (&session->waiting);
  session->scored = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify)callstats_quality_free);
  g_hash_table_insert (sessions->known, session->key, session);
  session->stored = store_session_open (sessions->store, app, user, NULL, sessions->name,
      &session_events, session_ref (session), (GDestroyNotify)session_unref);
  /* These clients keep nothing for later; not all of them have our time. */
  store_session_set_clock (session->stored, STORE_CLOCK_LIVE);
  return session;
}

/* ---- Scores ---- */

static CallstatsQuality *
find_quality (Session *session, const char *fabric)
{
  CallstatsQuality *quality = g_hash_table_lookup (session->scored, fabric);

  if (quality != NULL)
    return quality;
  if (g_hash_table_size (session->scored) >= MAX_SCORED)
    g_hash_table_remove_all (session->scored);
  quality = callstats_quality_new ();
  g_hash_table_insert (session->scored, g_strdup (fabric), quality);
  return quality;
}

/* A callstatsmon scores its streams itself; what comes here is scored in its way. */
static void
score (Session *session, GPtrArray *records)
{
  for (guint i = 0; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];
    CallstatsReport *plain = record->report;

    if (record->kind == CALLSTATS_RECORD_REPORT) {
      record->report =
          callstats_quality_add (find_quality (session, record->fabric), plain);
      callstats_report_unref (plain);
    } else if (record->fabric != NULL &&
               g_strcmp0 (record->name, "fabricTerminated") == 0) {
      g_hash_table_remove (session->scored, record->fabric);
    }
  }
}

/* ---- The whole ---- */

static gboolean
forget_if_idle (gpointer key, gpointer value, gpointer user_data)
{
  Session *session = value;
  gint64 *now = user_data;

  return g_queue_is_empty (&session->waiting) &&
         *now - session->used > IDLE_SECONDS * G_USEC_PER_SEC;
}

static gboolean
sweep (gpointer user_data)
{
  RestSessions *sessions = user_data;
  gint64 now = g_get_monotonic_time ();

  g_hash_table_foreach_remove (sessions->known, forget_if_idle, &now);
  return G_SOURCE_CONTINUE;
}

RestSessions *
rest_sessions_new (Store *store)
{
  RestSessions *sessions = g_new0 (RestSessions, 1);
  g_autofree char *run = g_uuid_string_random ();

  sessions->store = store;
  sessions->name = g_strconcat ("rest-", run, NULL);
  sessions->known = g_hash_table_new_full (
      g_str_hash, g_str_equal, NULL, (GDestroyNotify)session_close);
  sessions->sweep = g_timeout_add_seconds (SWEEP_SECONDS, sweep, sessions);
  return sessions;
}

/* The server is gone: nobody waits for an answer. */
static void
forget_messages (Session *session)
{
  for (GList *l = session->waiting.head; l != NULL; l = l->next)
    waiting_forget_message (l->data);
}

void
rest_sessions_free (RestSessions *sessions)
{
  GHashTableIter iter;
  gpointer session;

  if (sessions == NULL)
    return;
  g_source_remove (sessions->sweep);
  g_hash_table_iter_init (&iter, sessions->known);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    forget_messages (session);
  g_hash_table_unref (sessions->known);
  g_free (sessions->name);
  g_free (sessions);
}

static gboolean
check_room (
    const RestSessions *sessions, const Session *session, SoupServerMessage *message)
{
  if (session->bytes <= MAX_WAITING && sessions->waiting <= MAX_WAITING_TOTAL)
    return TRUE;
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Retry-After", RETRY_AFTER);
  rest_reply_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE,
      "Too much waits to be stored; send it again later");
  return FALSE;
}

void
rest_sessions_store (RestSessions *sessions, const char *app, const char *user,
    GPtrArray *records, SoupServerMessage *message, const char *uc_id)
{
  g_autoptr (GPtrArray) given = records;
  g_autofree char *key = make_key (app, user);
  Session *session = g_hash_table_lookup (sessions->known, key);
  Waiting *waiting;

  if (records->len == 0) {
    reply_stored (message, uc_id);
    return;
  }
  if (session == NULL)
    session = session_open (sessions, app, user);
  session->used = g_get_monotonic_time ();
  if (!check_room (sessions, session, message))
    return;
  score (session, records);
  waiting = waiting_new (g_steal_pointer (&given), message, uc_id);
  g_queue_push_tail (&session->waiting, waiting);
  count_bytes (session, (gssize)waiting->bytes);
  if (session->next > 0)
    append (session, waiting);
}
