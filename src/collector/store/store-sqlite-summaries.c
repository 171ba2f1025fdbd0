/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Summaries of calls: which are to be made, what is kept of them, deflated.
 *
 * Queries run on any thread, with a connection for each; the tasks that write on the
 * writer thread.
 */
#include "store-sqlite-summaries.h"

#include <string.h>
#include <zlib.h>

#include "conference.h"
#include "log.h"
#include "store-sqlite-columns.h"

/* What a summary may be, so that a damaged row costs no more. */
#define MAX_LENGTH (256 * 1024 * 1024)
#define SILENCE ((gint64)CONFERENCE_SILENCE_SECONDS * G_USEC_PER_SEC)

#define STALE_COLUMNS \
  "c.id, a.name, c.name, c.changes, c.present = 0 OR c.last_heard < ?1, c.told"

static const char stale_sql[] =
    "SELECT " STALE_COLUMNS " FROM conferences c JOIN apps a ON a.id = c.app"
    " WHERE c.stale > 0 AND (c.stale > 1 OR c.present = 0 OR c.last_heard < ?1) LIMIT ?2";

static const char untold_sql[] =
    "SELECT " STALE_COLUMNS " FROM conferences c JOIN apps a ON a.id = c.app"
    " JOIN summaries s ON s.conference = c.id WHERE c.told = 0 AND c.id > ?3"
    " ORDER BY c.id LIMIT ?2";

static const char summary_sql[] =
    "SELECT s.summary, s.length FROM conferences c JOIN summaries s ON s.conference = "
    "c.id"
    " WHERE c.app = (SELECT id FROM apps WHERE name = ?1) AND c.name = ?2"
    " AND (?3 = 0 OR c.id = ?3) ORDER BY c.first_time DESC LIMIT 1";

/* Where more was stored since, it stays stale and does not end yet. */
static const char state_sql[] =
    "SELECT changes = ?2, ended IS NULL FROM conferences WHERE id = ?1";
static const char live_sql[] =
    "UPDATE conferences SET setup_delay = coalesce (?3, setup_delay),"
    " ended = CASE WHEN changes = ?2 THEN NULL"
    "   ELSE ended END, stale = CASE WHEN changes = ?2 THEN 1 ELSE stale END"
    " WHERE id = ?1";
static const char ended_sql[] =
    "UPDATE conferences SET setup_delay = coalesce (?3, setup_delay),"
    " score = coalesce (?4, score), disruptions = coalesce (?6, disruptions),"
    " one_way = coalesce (?7, one_way),"
    " told = CASE WHEN changes = ?2 AND ended IS NULL THEN 0 ELSE told END,"
    " ended = CASE WHEN changes = ?2 THEN coalesce (ended, ?5) ELSE ended END,"
    " stale = CASE WHEN changes = ?2 THEN 0 ELSE stale END WHERE id = ?1";
static const char keep_sql[] =
    "INSERT INTO summaries (conference, time, length, summary) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT DO UPDATE SET time = excluded.time, length = excluded.length,"
    " summary = excluded.summary";
static const char pair_sql[] =
    "UPDATE fabrics SET paired = ?2 WHERE id = ?1 AND paired <> ?2";
static const char told_sql[] = "UPDATE conferences SET told = 1 WHERE id = ?1";

/* ---- Reading ---- */

static StoreStaleCall *
get_stale_call (sqlite3_stmt *row)
{
  StoreStaleCall *call = g_new0 (StoreStaleCall, 1);

  call->id = sqlite3_column_int64 (row, 0);
  call->app = sqlite_get_text (row, 1);
  call->conference = sqlite_get_text (row, 2);
  call->changes = sqlite3_column_int64 (row, 3);
  call->over = sqlite3_column_int (row, 4) != 0;
  call->told = sqlite3_column_int (row, 5) != 0;
  return call;
}

static GPtrArray *
list_calls (
    sqlite3 *db, const char *sql, gint64 now, gint64 after, guint limit, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, sql, error);
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify)store_stale_call_free);
  GError *failure = NULL;

  if (rows == NULL)
    return NULL;
  sqlite3_bind_int64 (rows, 1, now - SILENCE);
  sqlite3_bind_int64 (rows, 2, limit);
  sqlite3_bind_int64 (rows, 3, after);
  while (sqlite_next (rows, &failure))
    g_ptr_array_add (list, get_stale_call (rows));
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return NULL;
  }
  return g_steal_pointer (&list);
}

static GPtrArray *
list_with_reader (
    Store *store, const char *sql, gint64 now, gint64 after, guint limit, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  GPtrArray *list;

  if (db == NULL)
    return NULL;
  list = list_calls (db, sql, now, after, limit, error);
  sqlite_store_give_reader_back (store, db);
  return list;
}

GPtrArray *
sqlite_list_stale_calls (Store *store, gint64 now, guint limit, GError **error)
{
  return list_with_reader (store, stale_sql, now, 0, limit, error);
}

GPtrArray *
sqlite_list_untold_calls (Store *store, gint64 after, guint limit, GError **error)
{
  return list_with_reader (store, untold_sql, 0, after, limit, error);
}

/* Returns: (nullable): NULL where the row is damaged. */
static char *
inflate_summary (sqlite3_stmt *row, gsize *length, GError **error)
{
  gint64 expected = sqlite3_column_int64 (row, 1);
  uLongf inflated = (uLongf)expected;
  g_autofree char *text = NULL;

  if (expected >= 0 && expected <= MAX_LENGTH) {
    text = g_malloc (expected + 1);
    if (uncompress ((Bytef *)text, &inflated, sqlite3_column_blob (row, 0),
            (uLong)sqlite3_column_bytes (row, 0)) == Z_OK &&
        inflated == (uLongf)expected) {
      text[expected] = '\0';
      *length = (gsize)expected;
      return g_steal_pointer (&text);
    }
  }
  g_set_error_literal (
      error, STORE_ERROR, STORE_ERROR_FAILED, "A summary in the database is damaged");
  return NULL;
}

static char *
read_summary (
    sqlite3 *db, const StoreConferenceId *conference, gsize *length, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, summary_sql, error);

  if (rows == NULL)
    return NULL;
  sqlite3_bind_text (rows, 1, conference->app, -1, SQLITE_STATIC);
  sqlite3_bind_text (rows, 2, conference->conference, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (rows, 3, conference->occurrence);
  return sqlite_next (rows, error) ? inflate_summary (rows, length, error) : NULL;
}

char *
sqlite_read_summary (
    Store *store, const StoreConferenceId *conference, gsize *length, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  char *text;

  if (db == NULL)
    return NULL;
  text = read_summary (db, conference, length, error);
  sqlite_store_give_reader_back (store, db);
  return text;
}

/* ---- Writing ---- */

typedef struct {
  StoreSummary *summary;
  StoreSummaryState state;
  StoreSummaryWritten written;
  gpointer user_data;
} Writing;

/* Returns: whether it went well. */
static gboolean
finish (sqlite3_stmt *statement, GError **error)
{
  return sqlite3_step (statement) == SQLITE_DONE ||
         sqlite_set_error (
             sqlite3_db_handle (statement), "A summary cannot be kept", error);
}

/* row: of state_sql. What goes on is current at any time. */
static StoreSummaryState
judge (const StoreSummary *summary, sqlite3_stmt *row)
{
  if (!summary->over)
    return STORE_SUMMARY_CURRENT;
  if (sqlite3_column_int (row, 0) == 0)
    return STORE_SUMMARY_OUTDATED;
  return sqlite3_column_int (row, 1) != 0 ? STORE_SUMMARY_ENDED_NOW
                                          : STORE_SUMMARY_CURRENT;
}

/* gone: set where there is no such call any more. */
static gboolean
read_state (sqlite3 *db, Writing *writing, gboolean *gone, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, state_sql, error);
  GError *failure = NULL;

  if (rows == NULL)
    return FALSE;
  sqlite3_bind_int64 (rows, 1, writing->summary->id);
  sqlite3_bind_int64 (rows, 2, writing->summary->changes);
  *gone = !sqlite_next (rows, &failure);
  writing->state = *gone ? STORE_SUMMARY_OUTDATED : judge (writing->summary, rows);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static void
bind_number (sqlite3_stmt *statement, int index, double number)
{
  if (isnan (number))
    sqlite3_bind_null (statement, index);
  else
    sqlite3_bind_double (statement, index, number);
}

static gboolean
update_conference (sqlite3 *db, const StoreSummary *summary, GError **error)
{
  g_autoptr (sqlite3_stmt) statement =
      sqlite_prepare (db, summary->over ? ended_sql : live_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, summary->id);
  sqlite3_bind_int64 (statement, 2, summary->changes);
  bind_number (statement, 3, summary->setup_delay);
  if (summary->over) {
    bind_number (statement, 4, summary->score);
    sqlite3_bind_int64 (statement, 5, summary->now);
    if (summary->json != NULL) {
      sqlite3_bind_int64 (statement, 6, summary->disruptions);
      sqlite3_bind_int64 (statement, 7, summary->one_way);
    }
  }
  return finish (statement, error);
}

static gboolean
keep_json (sqlite3 *db, const StoreSummary *summary, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = sqlite_prepare (db, keep_sql, error);
  gsize length = strlen (summary->json);
  uLongf size = compressBound ((uLong)length);
  g_autofree Bytef *deflated = g_malloc (size);

  if (statement == NULL)
    return FALSE;
  if (compress (deflated, &size, (const Bytef *)summary->json, (uLong)length) != Z_OK) {
    g_set_error_literal (
        error, STORE_ERROR, STORE_ERROR_FAILED, "A summary cannot be deflated");
    return FALSE;
  }
  sqlite3_bind_int64 (statement, 1, summary->id);
  sqlite3_bind_int64 (statement, 2, summary->now);
  sqlite3_bind_int64 (statement, 3, (gint64)length);
  sqlite3_bind_blob64 (statement, 4, deflated, size, SQLITE_STATIC);
  return finish (statement, error);
}

static gboolean
keep_pairs (sqlite3 *db, const StoreSummary *summary, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = sqlite_prepare (db, pair_sql, error);

  if (statement == NULL)
    return FALSE;
  for (guint i = 0; i < summary->pairs->len; i++) {
    const StorePair *pair = &g_array_index (summary->pairs, StorePair, i);

    sqlite3_bind_int64 (statement, 1, pair->fabric);
    sqlite3_bind_int64 (statement, 2, pair->paired);
    if (!finish (statement, error))
      return FALSE;
    sqlite3_reset (statement);
  }
  return TRUE;
}

static gboolean
write_task (sqlite3 *db, gpointer user_data, GError **error)
{
  Writing *writing = user_data;
  const StoreSummary *summary = writing->summary;
  gboolean gone;

  if (!read_state (db, writing, &gone, error))
    return FALSE;
  return gone ||
         (update_conference (db, summary, error) && keep_pairs (db, summary, error) &&
             (summary->json == NULL || keep_json (db, summary, error)));
}

static void
on_written (gpointer user_data, const GError *error)
{
  Writing *writing = user_data;

  writing->written (writing->state, error, writing->user_data);
  store_summary_free (writing->summary);
  g_free (writing);
}

void
sqlite_write_summary (
    Store *store, StoreSummary *summary, StoreSummaryWritten written, gpointer user_data)
{
  Writing *writing = g_new0 (Writing, 1);

  writing->summary = summary;
  writing->written = written;
  writing->user_data = user_data;
  sqlite_store_push_task (store, write_task, writing, on_written);
}

static gboolean
told_task (sqlite3 *db, gpointer user_data, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = sqlite_prepare (db, told_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, *(gint64 *)user_data);
  return finish (statement, error);
}

/* Where it fails, listeners are told again at the next start. */
static void
on_told (gpointer user_data, const GError *error)
{
  if (error != NULL)
    log_warning ("summary-not-marked", "reason", error->message, NULL);
  g_free (user_data);
}

void
sqlite_mark_told (Store *store, gint64 id)
{
  sqlite_store_push_task (store, told_task, g_memdup2 (&id, sizeof id), on_told);
}
