/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Series out of the store: as far as rollups go, of these, and of reports from there on.
 * Rollups that late reports have made stale are not used; when the late ones become a
 * block, they are made anew. Any thread, which takes a connection of its own.
 */
#include "series-rollup.h"
#include "store-sqlite-columns.h"
#include "store-sqlite-rollups.h"

static const char rollups_sql[] =
    "SELECT first_time, last_time, fine, tail FROM rollups"
    " WHERE fabric = ?1 AND last_time < ?2 ORDER BY first_time";

static const char coarse_sql[] =
    "SELECT first_time, last_time, coarse, tail FROM rollups"
    " WHERE fabric = ?1 AND last_time < ?2 ORDER BY first_time";

/* Late ones are rows before they are in a block. */
static const char first_row_sql[] = "SELECT min(time) FROM reports WHERE fabric = ?1";

/* Whether a rollup of that time is all there is. */
static const char removed_sql[] =
    "SELECT EXISTS (SELECT 1 FROM rollups r WHERE r.fabric = ?1 AND r.last_time >= ?2"
    " AND r.first_time < ?3 AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.fabric = ?1"
    " AND b.last_time >= r.first_time AND b.first_time <= r.last_time))";

/* The reports in front of the first one of interest tell the interval before it, and how
 * long intervals are. */
static const char warm_up_sql[] =
    "SELECT min(time) FROM (SELECT min(time) AS time FROM (SELECT time FROM reports"
    "   WHERE fabric = ?1 AND time < ?2 ORDER BY time DESC LIMIT 4)"
    " UNION ALL SELECT min(first_time) FROM (SELECT first_time FROM blocks"
    "   WHERE fabric = ?1 AND first_time < ?2 ORDER BY last_time DESC LIMIT 2))";

typedef struct {
  SeriesTable *table;
  Series *series;
  gint64 next;  /* reports from there on are not in a rollup that was used */
  gint64 start; /* where reading them has to begin */
  gboolean has_tail;
  SeriesTail tail;
} Reading;

static void
reading_clear (Reading *reading)
{
  series_free (reading->series);
  if (reading->has_tail)
    callstats_report_unref (reading->tail.report);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reading, reading_clear)

/* time: of the second parameter; set to what is found, G_MAXINT64 for nothing. */
static gboolean
read_time (sqlite3 *db, const char *sql, gint64 fabric, gint64 *time, GError **error)
{
  g_autoptr (sqlite3_stmt) row = sqlite_prepare (db, sql, error);

  if (row == NULL)
    return FALSE;
  sqlite3_bind_int64 (row, 1, fabric);
  sqlite3_bind_int64 (row, 2, *time);
  if (!sqlite_next (row, error))
    return FALSE;
  *time = sqlite3_column_type (row, 0) == SQLITE_NULL ? G_MAXINT64
                                                      : sqlite3_column_int64 (row, 0);
  return TRUE;
}

/* Returns: TRUE without a tail. */
static gboolean
take_tail (Reading *reading, sqlite3_stmt *row, GError **error)
{
  if (reading->has_tail)
    callstats_report_unref (reading->tail.report);
  reading->has_tail = sqlite3_column_type (row, 3) != SQLITE_NULL &&
                      series_tail_read (sqlite3_column_blob (row, 3),
                          (gsize)sqlite3_column_bytes (row, 3), &reading->tail, error);
  return reading->has_tail || sqlite3_column_type (row, 3) == SQLITE_NULL;
}

static gboolean
take_rollup (Reading *reading, sqlite3_stmt *row, GError **error)
{
  const SeriesTable *table = reading->table;
  gint64 last = sqlite3_column_int64 (row, 1);

  reading->next = MAX (reading->next, last + 1);
  if (sqlite3_column_int64 (row, 0) < table->to && last >= table->from &&
      !series_rollup_read (sqlite3_column_blob (row, 2),
          (gsize)sqlite3_column_bytes (row, 2), reading->table, error))
    return FALSE;
  return take_tail (reading, row, error);
}

static gboolean
take_rollups (Reading *reading, sqlite3 *db, gint64 fabric, gint64 before, GError **error)
{
  gboolean coarse = reading->table->step > 0 && reading->table->step % ROLLUP_COARSE == 0;
  g_autoptr (sqlite3_stmt) rows =
      sqlite_prepare (db, coarse ? coarse_sql : rollups_sql, error);
  int status;

  if (rows == NULL)
    return FALSE;
  sqlite3_bind_int64 (rows, 1, fabric);
  sqlite3_bind_int64 (rows, 2, before);
  while ((status = sqlite3_step (rows)) == SQLITE_ROW) {
    if (!take_rollup (reading, rows, error))
      return FALSE;
  }
  return status == SQLITE_DONE ||
         sqlite_set_error (db, "The database cannot be read", error);
}

static gboolean
fits_rollups (const SeriesTable *table)
{
  return table->step > 0 && table->step % ROLLUP_FINE == 0;
}

/* Where reports that are of interest have been removed, rollups are all there is. */
static gboolean
take_step (SeriesTable *table, sqlite3 *db, gint64 fabric, GError **error)
{
  g_autoptr (sqlite3_stmt) row = NULL;

  if (fits_rollups (table))
    return TRUE;
  row = sqlite_prepare (db, removed_sql, error);
  if (row == NULL)
    return FALSE;
  sqlite3_bind_int64 (row, 1, fabric);
  sqlite3_bind_int64 (row, 2, table->from);
  sqlite3_bind_int64 (row, 3, table->to);
  if (!sqlite_next (row, error))
    return FALSE;
  if (sqlite3_column_int (row, 0) != 0)
    series_table_set_step (
        table, table->step < ROLLUP_FINE ? ROLLUP_FINE : ROLLUP_COARSE);
  return TRUE;
}

static gboolean
read_rollups (Reading *reading, sqlite3 *db, gint64 fabric, GError **error)
{
  GArray *gaps;
  gint64 before = 0;

  if (!take_step (reading->table, db, fabric, error))
    return FALSE;
  if (fits_rollups (reading->table)) {
    if (!read_time (db, first_row_sql, fabric, &before, error) ||
        !take_rollups (reading, db, fabric, before, error))
      return FALSE;
  }
  gaps = sqlite_read_gaps (db, fabric, reading->next, error);
  if (gaps == NULL)
    return FALSE;
  reading->series = series_new (gaps);
  return TRUE;
}

/* Behind the rollups that were used; if more than that is of no interest, further on. */
static gboolean
find_start (Reading *reading, sqlite3 *db, gint64 fabric, GError **error)
{
  gint64 first = MAX (reading->next, reading->table->from);

  if (first == reading->next && reading->has_tail)
    series_resume (reading->series, &reading->tail);
  else if (first > G_MININT64) {
    reading->start = first;
    if (!read_time (db, warm_up_sql, fabric, &reading->start, error))
      return FALSE;
    reading->start = MIN (reading->start, first);
    return TRUE;
  }
  reading->start = reading->next;
  return TRUE;
}

static void
take_report (CallstatsReport *report, gpointer user_data)
{
  Reading *reading = user_data;
  const SeriesStep *step = series_add (reading->series, report);

  if (step != NULL && step->time >= reading->next)
    series_table_add_step (reading->table, step);
}

gboolean
sqlite_read_series (
    Store *store, const StoreFabricKey *fabric, SeriesTable *table, GError **error)
{
  g_auto (Reading) reading = { .table = table, .next = G_MININT64 };
  sqlite3 *db = sqlite_store_take_reader (store, error);
  gboolean complete;

  if (db == NULL)
    return FALSE;
  complete = sqlite_execute (db, "BEGIN", error) &&
             read_rollups (&reading, db, fabric->id, error) &&
             find_start (&reading, db, fabric->id, error) &&
             sqlite_read_parsed (
                 db, fabric->id, reading.start, table->to, take_report, &reading, error);
  sqlite3_exec (db, "COMMIT", NULL, NULL, NULL);
  sqlite_store_give_reader_back (store, db);
  return complete;
}
