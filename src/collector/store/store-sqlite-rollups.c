/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Making rollups. Each is of the reports of a stretch of time. When a block is made of
 * reports that came late, what overlaps with them is made anew, and the one behind them,
 * whose first interval began before them. Where that cannot be, for the reports around
 * them have been removed or are damaged, the late ones have a rollup beside the others.
 *
 * Computing runs on any thread, with a connection of its own; the writer only puts the
 * result in its place.
 */
#include "store-sqlite-columns.h"
#include "store-sqlite-rollups.h"

#include <string.h>

#include "callstats/callstats-report.h"
#include "log.h"
#include "series-rollup.h"

/* Streams × metrics × steps of one rollup. */
#define MAX_CELLS 200000

static const char overlap_sql[] =
    "SELECT min(first_time), max(last_time) FROM rollups"
    " WHERE fabric = ?1 AND first_time <= ?3 AND last_time >= ?2";

static const char behind_sql[] =
    "SELECT min(first_time), max(last_time) FROM (SELECT first_time, last_time"
    " FROM rollups WHERE fabric = ?1 AND first_time > ?2 ORDER BY first_time LIMIT 1)";

static const char count_sql[] =
    "SELECT coalesce (sum(reports), 0) FROM rollups"
    " WHERE fabric = ?1 AND first_time >= ?2 AND last_time <= ?3";

static const char state_sql[] =
    "SELECT count(*), coalesce (sum(reports), 0), coalesce (max(id), 0) FROM rollups"
    " WHERE fabric = ?1 AND first_time <= ?3 AND last_time >= ?2";

static const char before_sql[] =
    "SELECT id, first_time, tail FROM rollups WHERE fabric = ?1 AND last_time < ?2"
    " ORDER BY first_time DESC LIMIT 1";

static const char drop_sql[] =
    "DELETE FROM rollups WHERE fabric = ?1 AND first_time >= ?2 AND last_time <= ?3";

static const char add_sql[] =
    "INSERT INTO rollups (fabric, first_time, last_time, reports, fine, coarse, tail)"
    " SELECT id, ?2, ?3, ?4, ?5, ?6, ?7 FROM fabrics WHERE id = ?1";

struct _SqliteRollup {
  gint64 fabric;
  gint64 first_time, last_time;
  gboolean replaces; /* those that there are of its time */
  gint64 before;     /* the one in front, whose tail is not needed any more; 0: none */
  gint64 reports;
  gint64 state[3]; /* of the rollups of its time, when it was made */
  GBytes *fine, *coarse, *tail;
};

void
sqlite_rollup_free (SqliteRollup *rollup)
{
  if (rollup == NULL)
    return;
  g_clear_pointer (&rollup->fine, g_bytes_unref);
  g_clear_pointer (&rollup->coarse, g_bytes_unref);
  g_clear_pointer (&rollup->tail, g_bytes_unref);
  g_free (rollup);
}

/* ---- Which stretch of time ---- */

/* Returns: -1 on error, else whether there is a row with values. */
static int
read_values (sqlite3 *db, const char *sql, gint64 fabric, gint64 first, gint64 last,
    gint64 *values, GError **error)
{
  g_autoptr (sqlite3_stmt) row = sqlite_prepare (db, sql, error);

  if (row == NULL)
    return -1;
  sqlite3_bind_int64 (row, 1, fabric);
  sqlite3_bind_int64 (row, 2, first);
  if (sqlite3_bind_parameter_count (row) > 2)
    sqlite3_bind_int64 (row, 3, last);
  if (sqlite3_step (row) != SQLITE_ROW) {
    sqlite_set_error (db, "The database cannot be read", error);
    return -1;
  }
  if (sqlite3_column_type (row, 0) == SQLITE_NULL)
    return 0;
  for (int i = 0; i < sqlite3_column_count (row); i++)
    values[i] = sqlite3_column_int64 (row, i);
  return 1;
}

/* Widens the stretch to what it touches. changed: whether anything was there. */
static gboolean
widen (SqliteRollup *rollup, sqlite3 *db, gboolean *changed, GError **error)
{
  gint64 fabric = rollup->fabric, range[2];
  int found = read_values (
      db, overlap_sql, fabric, rollup->first_time, rollup->last_time, range, error);

  *changed = FALSE;
  if (found > 0) {
    rollup->first_time = MIN (rollup->first_time, range[0]);
    rollup->last_time = MAX (rollup->last_time, range[1]);
    *changed = TRUE;
  }
  if (found >= 0)
    found = read_values (db, behind_sql, fabric, rollup->last_time, 0, range, error);
  if (found > 0) {
    rollup->last_time = range[1];
    *changed = TRUE;
  }
  return found >= 0;
}

/* ---- Points ---- */

typedef struct {
  Series *series;
  SeriesTable *fine;
  SeriesTable *coarse;
  gint64 reports;
  gint64 from; /* reports before are there to be gone on from */
} Making;

static void
making_clear (Making *making)
{
  series_free (making->series);
  series_table_free (making->fine);
  series_table_free (making->coarse);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Making, making_clear)

static void
take_report (CallstatsReport *report, gpointer user_data)
{
  Making *making = user_data;
  const SeriesStep *step = series_add (making->series, report);

  if (callstats_report_get_time (report) < making->from)
    return;
  making->reports++;
  if (step == NULL)
    return;
  series_table_add_step (making->fine, step);
  series_table_add_step (making->coarse, step);
}

static gboolean
take_range (
    Making *making, sqlite3 *db, gint64 fabric, gint64 first, gint64 last, GError **error)
{
  return sqlite_read_parsed (db, fabric, first, last + 1, take_report, making, error);
}

/* From the end of the rollup in front: by what it kept for that, else by its reports. */
static gboolean
resume (Making *making, SqliteRollup *rollup, sqlite3 *db, GError **error)
{
  g_autoptr (sqlite3_stmt) row = sqlite_prepare (db, before_sql, error);
  SeriesTail tail;
  int status;

  if (row == NULL)
    return FALSE;
  sqlite3_bind_int64 (row, 1, rollup->fabric);
  sqlite3_bind_int64 (row, 2, rollup->first_time);
  status = sqlite3_step (row);
  if (status == SQLITE_DONE)
    return TRUE;
  if (status != SQLITE_ROW)
    return sqlite_set_error (db, "The database cannot be read", error);
  rollup->before = sqlite3_column_int64 (row, 0);
  if (sqlite3_column_type (row, 2) == SQLITE_NULL)
    return take_range (making, db, rollup->fabric, sqlite3_column_int64 (row, 1),
        rollup->first_time - 1, error);
  if (!series_tail_read (sqlite3_column_blob (row, 2),
          (gsize)sqlite3_column_bytes (row, 2), &tail, error))
    return FALSE;
  series_resume (making->series, &tail);
  callstats_report_unref (tail.report);
  return TRUE;
}

/* A damaged one costs the first interval, not the upkeep of the store. */
static void
resume_if_possible (Making *making, SqliteRollup *rollup, sqlite3 *db)
{
  g_autoptr (GError) error = NULL;

  if (!resume (making, rollup, db, &error))
    log_warning ("rollup-begins-anew", "reason", error->message, NULL);
}

static void
finish (const Making *making, SqliteRollup *rollup)
{
  SeriesTail tail;

  rollup->reports = making->reports;
  rollup->fine = series_rollup_write (making->fine);
  rollup->coarse = series_rollup_write (making->coarse);
  if (series_get_tail (making->series, &tail)) {
    rollup->tail = series_tail_write (&tail);
    callstats_report_unref (tail.report);
  }
}

static gboolean
read_state (sqlite3 *db, const SqliteRollup *rollup, gint64 *state, GError **error)
{
  return read_values (db, state_sql, rollup->fabric, rollup->first_time,
             rollup->last_time, state, error) > 0;
}

/* ---- Any thread ---- */

static gboolean
make (SqliteRollup *rollup, sqlite3 *db, GPtrArray *reports, GError **error)
{
  g_auto (Making) making = { .from = rollup->first_time };
  GArray *gaps =
      sqlite_read_gaps (db, rollup->fabric, rollup->first_time - G_TIME_SPAN_DAY, error);

  if (gaps == NULL)
    return FALSE;
  if (!read_state (db, rollup, rollup->state, error)) {
    g_array_unref (gaps);
    return FALSE;
  }
  making.series = series_new (gaps);
  making.fine = series_table_new (ROLLUP_FINE, G_MININT64, G_MAXINT64, MAX_CELLS);
  making.coarse = series_table_new (ROLLUP_COARSE, G_MININT64, G_MAXINT64, MAX_CELLS);
  resume_if_possible (&making, rollup, db);
  if (reports == NULL && !take_range (&making, db, rollup->fabric, rollup->first_time,
                             rollup->last_time, error))
    return FALSE;
  for (guint i = 0; reports != NULL && i < reports->len; i++)
    take_report (reports->pdata[i], &making);
  finish (&making, rollup);
  return TRUE;
}

static SqliteRollup *
rollup_new (gint64 fabric, GPtrArray *reports)
{
  SqliteRollup *rollup = g_new0 (SqliteRollup, 1);

  rollup->fabric = fabric;
  rollup->first_time = callstats_report_get_time (reports->pdata[0]);
  rollup->last_time = callstats_report_get_time (reports->pdata[reports->len - 1]);
  return rollup;
}

/* FALSE without an error: there are not all reports any more. */
static gboolean
make_anew (SqliteRollup *rollup, sqlite3 *db, GError **error)
{
  gint64 stored = 0;

  rollup->replaces = TRUE;
  return make (rollup, db, NULL, error) &&
         read_values (db, count_sql, rollup->fabric, rollup->first_time,
             rollup->last_time, &stored, error) > 0 &&
         rollup->reports >= stored;
}

SqliteRollup *
sqlite_rollup_make (sqlite3 *db, gint64 fabric, GPtrArray *reports, GError **error)
{
  g_autoptr (SqliteRollup) rollup = rollup_new (fabric, reports);
  g_autoptr (GError) failure = NULL;
  gboolean late;

  if (!widen (rollup, db, &late, error))
    return NULL;
  if (late && make_anew (rollup, db, &failure))
    return g_steal_pointer (&rollup);
  if (failure != NULL)
    log_warning ("rollup-stays-stale", "reason", failure->message, NULL);
  if (late) {
    sqlite_rollup_free (rollup);
    rollup = rollup_new (fabric, reports);
  }
  return make (rollup, db, reports, error) ? g_steal_pointer (&rollup) : NULL;
}

/* ---- The writer ---- */

static gboolean
run (sqlite3 *db, const char *sql, gint64 first, gint64 second, gint64 third,
    GError **error)
{
  g_autoptr (sqlite3_stmt) statement = sqlite_prepare (db, sql, error);
  gint64 values[] = { first, second, third };

  if (statement == NULL)
    return FALSE;
  for (int i = 0; i < sqlite3_bind_parameter_count (statement); i++)
    sqlite3_bind_int64 (statement, i + 1, values[i]);
  return sqlite3_step (statement) == SQLITE_DONE ||
         sqlite_set_error (db, "The database cannot be written", error);
}

static void
bind_bytes (sqlite3_stmt *statement, int index, GBytes *bytes)
{
  gsize length = 0;
  gconstpointer data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;

  sqlite3_bind_blob64 (statement, index, data, length, SQLITE_STATIC);
}

static gboolean
add (sqlite3 *db, const SqliteRollup *rollup, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = sqlite_prepare (db, add_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, rollup->fabric);
  sqlite3_bind_int64 (statement, 2, rollup->first_time);
  sqlite3_bind_int64 (statement, 3, rollup->last_time);
  sqlite3_bind_int64 (statement, 4, rollup->reports);
  bind_bytes (statement, 5, rollup->fine);
  bind_bytes (statement, 6, rollup->coarse);
  bind_bytes (statement, 7, rollup->tail);
  return sqlite3_step (statement) == SQLITE_DONE ||
         sqlite_set_error (db, "The database cannot be written", error);
}

gboolean
sqlite_rollup_is_current (
    sqlite3 *db, const SqliteRollup *rollup, gboolean *current, GError **error)
{
  gint64 state[G_N_ELEMENTS (rollup->state)];

  *current = TRUE;
  if (rollup == NULL)
    return TRUE;
  if (!read_state (db, rollup, state, error))
    return FALSE;
  *current = memcmp (state, rollup->state, sizeof state) == 0;
  return TRUE;
}

gboolean
sqlite_rollup_store (sqlite3 *db, const SqliteRollup *rollup, GError **error)
{
  if (rollup == NULL)
    return TRUE;
  return (!rollup->replaces || run (db, drop_sql, rollup->fabric, rollup->first_time,
                                   rollup->last_time, error)) &&
         run (db, "UPDATE rollups SET tail = NULL WHERE id = ?1", rollup->before, 0, 0,
             error) &&
         add (db, rollup, error);
}
