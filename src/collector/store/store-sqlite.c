/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The SQLite store: one writer thread that commits in groups, a pool of read
 * connections, and the upkeep's thread (store-sqlite-upkeep.c).
 *
 * A commit gathers what comes within COMMIT_WINDOW and is made at once when nothing more
 * is waiting. The opener's thread puts jobs in a queue and owns each session's events;
 * the writer owns its rows; answers travel back as one source a commit.
 */
#include "store-sqlite-alone.h"
#include "store-sqlite-answers.h"
#include "store-sqlite-changes.h"
#include "store-sqlite-lists.h"
#include "store-sqlite-maintenance.h"
#include "store-sqlite-private.h"
#include "store-sqlite-retention.h"
#include "store-sqlite-rollups.h"
#include "store-sqlite-statements.h"
#include "store-sqlite-summaries.h"
#include "store-sqlite-upkeep.h"

#include <string.h>

#define COMMIT_WINDOW (50 * G_TIME_SPAN_MILLISECOND)
#define MAX_IDLE_READERS 4

typedef enum {
  JOB_OPEN,
  JOB_APPEND,
  JOB_CLOSE,
  JOB_FLUSH,
  JOB_TASK,
  JOB_ALONE,
  JOB_STOP,
} JobKind;

typedef struct {
  JobKind kind;
  SqliteSession *session;
  guint64 first;
  GPtrArray *records;
  gsize bytes;
  gint64 pushed; /* monotonic */
  GSourceFunc func;
  SqliteTask task;
  SqliteTaskDone done;
  SqliteAloneJob *alone;
  gpointer user_data;
} Job;

typedef struct {
  Store store;
  char *path;
  GMainContext *context; /* the opener's */
  GAsyncQueue *jobs;
  GAsyncQueue *readers; /* sqlite3 that nobody uses right now */
  GThread *thread;
  SqliteChanges *changes;
  SqliteUpkeep *upkeep;
  /* The writer's */
  sqlite3 *db;
  SqliteRows *rows;
  GPtrArray *touched; /* Session, in this transaction */
  GPtrArray *answers; /* Answer, of this transaction */
  GError *error;      /* why this transaction is lost */
  GArray *pushed;     /* gint64: when its records came, monotonic */
  Tally *tally;       /* nullable */
  Job *waiting;       /* taken from the queue already */
  gboolean stopping;
} SqliteStore;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->records, g_ptr_array_unref);
  g_free (job);
}

/* ---- The opener's thread ---- */

static void
push_job (SqliteStore *self, Job job)
{
  g_async_queue_push (self->jobs, g_memdup2 (&job, sizeof job));
}

static StoreSession *
session_open (Store *store, const char *app, const char *user, const char *user_name,
    const char *name, const StoreSessionEvents *events, gpointer user_data,
    GDestroyNotify destroy)
{
  SqliteSession *session = g_new0 (SqliteSession, 1);

  session->session.store = store;
  session->app = g_strdup (app);
  session->user = g_strdup (user);
  session->user_name = g_strdup (user_name);
  session->clock_behind = STORE_UNKNOWN_TIME;
  session->name = g_strdup (name);
  session->events = events;
  session->user_data = user_data;
  session->destroy = destroy;
  push_job ((SqliteStore *)store, (Job){ .kind = JOB_OPEN, .session = session });
  return &session->session;
}

/* The queue hands it over to the writer with what is appended. */
static void
session_set_clock (StoreSession *session, gint64 behind)
{
  ((SqliteSession *)session)->clock_behind = behind;
}

static void
session_append (StoreSession *session, guint64 first, GPtrArray *records, gsize bytes)
{
  push_job ((SqliteStore *)session->store, (Job){ .kind = JOB_APPEND,
                                               .session = (SqliteSession *)session,
                                               .first = first,
                                               .records = g_ptr_array_ref (records),
                                               .bytes = bytes,
                                               .pushed = g_get_monotonic_time () });
}

static void
session_close (StoreSession *session)
{
  push_job ((SqliteStore *)session->store,
      (Job){ .kind = JOB_CLOSE, .session = (SqliteSession *)session });
}

static void
set_tally (Store *store, Tally *tally)
{
  ((SqliteStore *)store)->tally = tally;
}

static void
set_retention (Store *store, StoreRetention *retention)
{
  sqlite_upkeep_set_retention (((SqliteStore *)store)->upkeep, retention);
}

static void
flush_store (Store *store, GSourceFunc func, gpointer user_data)
{
  push_job ((SqliteStore *)store,
      (Job){ .kind = JOB_FLUSH, .func = func, .user_data = user_data });
}

void
sqlite_store_push_task (
    Store *store, SqliteTask task, gpointer user_data, SqliteTaskDone done)
{
  push_job ((SqliteStore *)store,
      (Job){ .kind = JOB_TASK, .task = task, .done = done, .user_data = user_data });
}

static void
watch_store (Store *store, StoreWatchFunc func, gpointer user_data)
{
  sqlite_changes_watch (((SqliteStore *)store)->changes, func, user_data);
}

static void
unwatch_store (Store *store, StoreWatchFunc func, gpointer user_data)
{
  sqlite_changes_unwatch (((SqliteStore *)store)->changes, func, user_data);
}

gboolean
sqlite_store_run_alone (
    Store *store, SqliteTask task, gpointer user_data, SqliteAlone how, GError **error)
{
  SqliteAloneJob *alone = sqlite_alone_new (task, user_data, how);

  push_job ((SqliteStore *)store, (Job){ .kind = JOB_ALONE, .alone = alone });
  return sqlite_alone_wait (alone, error);
}

SqliteUpkeep *
sqlite_store_get_upkeep (Store *store)
{
  return ((SqliteStore *)store)->upkeep;
}

/* ---- The writer thread ---- */

static void
touch_session (SqliteStore *self, SqliteSession *session)
{
  if (session->touched)
    return;
  session->touched = TRUE;
  g_ptr_array_add (self->touched, session);
  if (session->client == NULL || self->error != NULL ||
      sqlite_client_refresh (self->rows, session->client))
    return;
  sqlite_client_free (session->client);
  session->client = sqlite_client_open (self->rows, session->app, session->user,
      session->user_name, session->name, &self->error);
}

static void
settle_session (SqliteStore *self, const SqliteSession *session)
{
  const char *conference;

  for (guint i = 0; (conference = sqlite_client_changed (session->client, i)) != NULL;
       i++)
    sqlite_changes_add (self->changes, session->app, conference);
  sqlite_client_settle (self->rows, session->client, &self->error);
}

/* A connection that this one takes over from may have written in the same transaction:
 * its row has to tell. */
static void
settle_predecessors (SqliteStore *self, const SqliteSession *session)
{
  for (guint i = 0; i < self->touched->len && self->error == NULL; i++) {
    SqliteSession *other = self->touched->pdata[i];

    if (other->client != NULL && strcmp (other->name, session->name) == 0 &&
        strcmp (other->user, session->user) == 0 &&
        strcmp (other->app, session->app) == 0)
      settle_session (self, other);
  }
}

static void
open_session (SqliteStore *self, SqliteSession *session)
{
  settle_predecessors (self, session);
  touch_session (self, session);
  if (self->error != NULL)
    return;
  session->client = sqlite_client_open (self->rows, session->app, session->user,
      session->user_name, session->name, &self->error);
  if (session->client != NULL)
    sqlite_answers_add (self->answers, ANSWER_OPENED, session)->sequence =
        sqlite_client_stored (session->client);
}

static void
append_records (SqliteStore *self, const Job *job)
{
  gint64 now = g_get_real_time ();

  if (job->session->client == NULL)
    return;
  touch_session (self, job->session);
  job->session->bytes += job->bytes;
  g_array_append_val (self->pushed, job->pushed);
  for (guint i = 0; i < job->records->len && self->error == NULL; i++)
    sqlite_client_write (self->rows, job->session->client, job->first + i,
        job->records->pdata[i], job->session->clock_behind, now, &self->error);
}

static void
settle_sessions (SqliteStore *self)
{
  for (guint i = 0; i < self->touched->len && self->error == NULL; i++) {
    SqliteSession *session = self->touched->pdata[i];

    if (session->client != NULL)
      settle_session (self, session);
  }
}

/* A task that fails takes nothing but its own writing back. */
static gboolean
run_in_savepoint (SqliteStore *self, const Job *job, GError **error)
{
  gboolean done = sqlite_execute (self->db, "SAVEPOINT task", error) &&
                  job->task (self->db, job->user_data, error);

  if (!done)
    sqlite_execute (self->db, "ROLLBACK TO task", NULL);
  sqlite_execute (self->db, "RELEASE task", NULL);
  return done;
}

static void
run_task (SqliteStore *self, const Job *job)
{
  Answer *answer = sqlite_answers_add (self->answers, ANSWER_TASK, NULL);

  answer->done = job->done;
  answer->user_data = job->user_data;
  settle_sessions (self);
  if (self->error != NULL || run_in_savepoint (self, job, &answer->error))
    return;
  /* What fills a disk, say, ends the whole transaction. */
  if (sqlite3_get_autocommit (self->db))
    self->error = g_error_copy (answer->error);
}

static void
run_job (SqliteStore *self, const Job *job)
{
  switch (job->kind) {
  case JOB_OPEN:
    open_session (self, job->session);
    break;
  case JOB_APPEND:
    append_records (self, job);
    break;
  case JOB_CLOSE:
    touch_session (self, job->session);
    sqlite_answers_add (self->answers, ANSWER_CLOSED, job->session);
    break;
  case JOB_FLUSH: {
    Answer *answer = sqlite_answers_add (self->answers, ANSWER_FLUSHED, NULL);

    answer->func = job->func;
    answer->user_data = job->user_data;
    break;
  }
  case JOB_TASK:
    run_task (self, job);
    break;
  case JOB_STOP:
    self->stopping = TRUE;
    break;
  case JOB_ALONE: /* write_jobs() sees to it */
    break;
  }
}

static void
answer_commit (SqliteStore *self, SqliteSession *session)
{
  Answer *answer;

  if (session->bytes == 0)
    return;
  answer = sqlite_answers_add (self->answers, ANSWER_COMMITTED, session);
  answer->sequence = sqlite_client_stored (session->client);
  answer->bytes = session->bytes;
  answer->written = sqlite_client_take_written (session->client);
}

static void
answer_failure (SqliteStore *self, SqliteSession *session)
{
  g_clear_pointer (&session->client, sqlite_client_free);
  sqlite_answers_add (self->answers, ANSWER_FAILED, session)->error =
      g_error_copy (self->error);
}

static void
tally_transaction (SqliteStore *self, gint64 began, gint64 ended)
{
  TallySheet *sheet = sqlite_rows_get_sheet (self->rows);

  for (guint i = 0; i < self->pushed->len; i++)
    tally_sheet_add_lag (sheet, ended - g_array_index (self->pushed, gint64, i));
  g_array_set_size (self->pushed, 0);
  if (self->tally == NULL)
    tally_sheet_clear (sheet);
  else if (self->error != NULL)
    tally_fail (self->tally, sheet);
  else
    tally_commit (self->tally, sheet, ended - began);
}

static void
answer_changes (SqliteStore *self)
{
  GHashTable *writes = sqlite_changes_take (self->changes);
  Answer *answer;

  if (writes == NULL)
    return;
  answer = sqlite_answers_add (self->answers, ANSWER_CHANGED, NULL);
  answer->changes = sqlite_changes_ref (self->changes);
  answer->writes = writes;
}

static void
finish_transaction (SqliteStore *self)
{
  gint64 began;

  settle_sessions (self);
  began = g_get_monotonic_time ();
  if (self->error == NULL)
    sqlite_rows_commit (self->rows, &self->error);
  tally_transaction (self, began, g_get_monotonic_time ());
  if (self->error != NULL) {
    sqlite_rows_roll_back (self->rows);
    sqlite_changes_forget (self->changes);
    sqlite_answers_withdraw (self->answers, self->error);
  }
  for (guint i = 0; i < self->touched->len; i++) {
    SqliteSession *session = self->touched->pdata[i];

    if (self->error != NULL)
      answer_failure (self, session);
    else
      answer_commit (self, session);
    session->bytes = 0;
    session->touched = FALSE;
  }
  g_ptr_array_set_size (self->touched, 0);
  g_clear_error (&self->error);
  answer_changes (self);
  sqlite_answers_move_closings_to_end (self->answers);
  sqlite_answers_send (&self->answers, self->context);
}

/* Up to a job that is to be alone. */
static Job *
take_job (SqliteStore *self, gint64 end)
{
  if (self->waiting == NULL && g_get_monotonic_time () < end)
    self->waiting = g_async_queue_try_pop (self->jobs);
  if (self->waiting == NULL || self->waiting->kind == JOB_ALONE)
    return NULL;
  return g_steal_pointer (&self->waiting);
}

static void
run_transaction (SqliteStore *self, Job *job)
{
  gint64 end = g_get_monotonic_time () + COMMIT_WINDOW;

  sqlite_rows_begin (self->rows, &self->error);
  while (job != NULL) {
    run_job (self, job);
    job_free (job);
    job = take_job (self, end);
  }
  finish_transaction (self);
}

static gpointer
write_jobs (gpointer user_data)
{
  SqliteStore *self = user_data;

  while (!self->stopping) {
    Job *job = self->waiting != NULL ? g_steal_pointer (&self->waiting)
                                     : g_async_queue_pop (self->jobs);

    if (job->kind != JOB_ALONE) {
      run_transaction (self, job);
      continue;
    }
    sqlite_alone_run (job->alone, self->db, self->rows);
    job_free (job);
  }
  return NULL;
}

/* ---- Readers ---- */

sqlite3 *
sqlite_store_take_reader (Store *store, GError **error)
{
  SqliteStore *self = (SqliteStore *)store;
  sqlite3 *db = g_async_queue_try_pop (self->readers);

  return db != NULL ? db : sqlite_open_reader (self->path, error);
}

void
sqlite_store_give_reader_back (Store *store, sqlite3 *db)
{
  SqliteStore *self = (SqliteStore *)store;

  if (g_async_queue_length (self->readers) < MAX_IDLE_READERS)
    g_async_queue_push (self->readers, db);
  else
    sqlite3_close (db);
}

/* ---- Life ---- */

static void
close_store (Store *store)
{
  SqliteStore *self = (SqliteStore *)store;
  sqlite3 *reader;

  sqlite_upkeep_stop (self->upkeep);
  if (self->thread != NULL) {
    push_job (self, (Job){ .kind = JOB_STOP });
    g_thread_join (self->thread);
  }
  while ((reader = g_async_queue_try_pop (self->readers)) != NULL)
    sqlite3_close (reader);
  sqlite_rows_free (self->rows);
  sqlite3_close (self->db);
  sqlite_changes_unref (self->changes);
  g_async_queue_unref (self->jobs);
  g_async_queue_unref (self->readers);
  g_ptr_array_unref (self->touched);
  g_ptr_array_unref (self->answers);
  g_array_unref (self->pushed);
  g_main_context_unref (self->context);
  g_free (self->path);
  g_free (self);
}

static GPtrArray *
list_activity (Store *store, gint64 now, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  GPtrArray *list;

  if (db == NULL)
    return NULL;
  list = sqlite_list_activity (db, now, error);
  sqlite_store_give_reader_back (store, db);
  return list;
}

static guint64
get_size (Store *store)
{
  return sqlite_get_size (((SqliteStore *)store)->path);
}

static Store *
open_sqlite (const char *path, GError **error)
{
  SqliteStore *self = g_new0 (SqliteStore, 1);

  self->store.backend = &store_sqlite;
  self->path = g_strdup (path);
  self->context = g_main_context_ref_thread_default ();
  self->jobs = g_async_queue_new_full (job_free);
  self->readers = g_async_queue_new ();
  self->touched = g_ptr_array_new ();
  self->changes = sqlite_changes_new ();
  self->answers = sqlite_answers_new ();
  self->pushed = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->db = sqlite_open_writer (path, error);
  if (self->db != NULL)
    self->rows = sqlite_rows_new (self->db, error);
  if (self->rows == NULL) {
    close_store (&self->store);
    return NULL;
  }
  self->thread = g_thread_new ("store-writer", write_jobs, self);
  self->upkeep = sqlite_upkeep_start (&self->store);
  return &self->store;
}

const StoreBackend store_sqlite = {
  .scheme = "sqlite",
  .open = open_sqlite,
  .free = close_store,
  .set_tally = set_tally,
  .flush = flush_store,
  .probe = sqlite_store_probe,
  .session_open = session_open,
  .session_set_clock = session_set_clock,
  .session_append = session_append,
  .session_close = session_close,
  .watch = watch_store,
  .unwatch = unwatch_store,
  .search_conferences = sqlite_search_conferences,
  .read_figures = sqlite_read_figures,
  .find_span = sqlite_find_span,
  .list_users = sqlite_list_users,
  .list_events = sqlite_list_events,
  .list_changed = sqlite_list_changed,
  .find_last_change = sqlite_find_last_change,
  .list_others = sqlite_list_others,
  .search_others = sqlite_search_others,
  .list_fabrics = sqlite_list_fabrics,
  .read_fabric = sqlite_read_fabric,
  .read_conference = sqlite_read_conference,
  .find_fabric = sqlite_find_fabric,
  .read_reports = sqlite_read_reports,
  .list_activity = list_activity,
  .get_size = get_size,
  .read_series = sqlite_read_series,
  .list_stale_calls = sqlite_list_stale_calls,
  .list_untold_calls = sqlite_list_untold_calls,
  .read_call = sqlite_read_call,
  .read_summary = sqlite_read_summary,
  .write_summary = sqlite_write_summary,
  .mark_told = sqlite_mark_told,
  .add_deliveries = sqlite_add_deliveries,
  .find_delivery = sqlite_find_delivery,
  .keep_webhooks = sqlite_keep_webhooks,
  .compact = sqlite_compact,
  .set_retention = set_retention,
  .retain = sqlite_retain,
  .vacuum = sqlite_vacuum,
  .exists = sqlite_exists,
  .backup = sqlite_backup,
  .check = sqlite_check,
};
