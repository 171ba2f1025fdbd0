/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports in the order of their times, from the rows and blocks in which they are stored.
 * A block is unpacked when its first report is next; of many that overlap is kept what
 * can be asked for. Any thread, which takes a connection of its own.
 */
#include "report-block.h"
#include "store-sqlite-blocks.h"

static const char rows_sql[] =
    "SELECT time, id, stats FROM reports"
    " WHERE fabric = ?1 AND (time, id) > (?2, ?3) AND time < ?4"
    " ORDER BY time, id LIMIT ?5";

static const char blocks_sql[] =
    "SELECT first_time, id FROM blocks"
    " WHERE fabric = ?1 AND last_time >= ?2 AND first_time < ?3 ORDER BY first_time, id";

static const char data_sql[] = "SELECT data, checksum FROM blocks WHERE id = ?1";

typedef struct {
  sqlite3_stmt *rows, *blocks, *data;
  gboolean has_row, has_block; /* whether the statement is at one */
  GArray *unpacked;            /* StoredReport, sorted */
  guint next;                  /* of those */
  StoreCursor after;
  gint64 to;
  guint max_reports; /* that are asked for, and the one behind them */
  gsize max_bytes;
  gboolean parsed; /* blocks are unpacked without texts */
} Reading;

static void
reading_clear (Reading *reading)
{
  sqlite3_finalize (reading->rows);
  sqlite3_finalize (reading->blocks);
  sqlite3_finalize (reading->data);
  g_array_unref (reading->unpacked);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reading, reading_clear)

static gboolean
step (sqlite3_stmt *statement, gboolean *has_row, GError **error)
{
  int status = sqlite3_step (statement);

  *has_row = status == SQLITE_ROW;
  return status == SQLITE_ROW || status == SQLITE_DONE ||
         sqlite_set_error (
             sqlite3_db_handle (statement), "The database cannot be read", error);
}

static gboolean
start (Reading *reading, sqlite3 *db, gint64 fabric, GError **error)
{
  reading->unpacked = stored_reports_new ();
  reading->rows = sqlite_prepare (db, rows_sql, error);
  reading->blocks = sqlite_prepare (db, blocks_sql, error);
  reading->data = sqlite_prepare (db, data_sql, error);
  if (reading->rows == NULL || reading->blocks == NULL || reading->data == NULL)
    return FALSE;
  sqlite3_bind_int64 (reading->rows, 1, fabric);
  sqlite3_bind_int64 (reading->rows, 2, reading->after.time);
  sqlite3_bind_int64 (reading->rows, 3, reading->after.id);
  sqlite3_bind_int64 (reading->rows, 4, reading->to);
  sqlite3_bind_int64 (reading->rows, 5, reading->max_reports);
  sqlite3_bind_int64 (reading->blocks, 1, fabric);
  sqlite3_bind_int64 (reading->blocks, 2, reading->after.time);
  sqlite3_bind_int64 (reading->blocks, 3, reading->to);
  return step (reading->rows, &reading->has_row, error) &&
         step (reading->blocks, &reading->has_block, error);
}

static gboolean
unpack (Reading *reading, gint64 block, GError **error)
{
  gboolean found, complete;

  sqlite3_bind_int64 (reading->data, 1, block);
  complete = step (reading->data, &found, error) && found &&
             sqlite_unpack_block (reading->data, &reading->after, reading->to,
                 reading->parsed, reading->unpacked, error);
  sqlite3_reset (reading->data);
  return complete;
}

/* The report that is next as far as is known. */
static gint64
next_time (const Reading *reading)
{
  gint64 time = G_MAXINT64;

  if (reading->next < reading->unpacked->len)
    time = g_array_index (reading->unpacked, StoredReport, reading->next).time;
  if (reading->has_row)
    time = MIN (time, sqlite3_column_int64 (reading->rows, 0));
  return time;
}

/* What is behind all that can be asked for. */
static void
forget_surplus (Reading *reading)
{
  GArray *unpacked = reading->unpacked;
  gsize bytes = 0;
  guint n = 0;

  while (n < unpacked->len && n < reading->max_reports && bytes < reading->max_bytes)
    bytes += g_array_index (unpacked, StoredReport, n++).length;
  if (n < unpacked->len && n < reading->max_reports)
    n++;
  g_array_set_size (unpacked, n);
}

static gboolean
unpack_what_is_next (Reading *reading, GError **error)
{
  while (reading->has_block &&
         sqlite3_column_int64 (reading->blocks, 0) <= next_time (reading)) {
    g_array_remove_range (reading->unpacked, 0, reading->next);
    reading->next = 0;
    if (!unpack (reading, sqlite3_column_int64 (reading->blocks, 1), error) ||
        !step (reading->blocks, &reading->has_block, error))
      return FALSE;
    g_array_sort (reading->unpacked, stored_report_compare);
    forget_surplus (reading);
  }
  return TRUE;
}

/* report: its text belongs to the reading. FALSE at the end, and with an error. */
static gboolean
peek (Reading *reading, StoredReport *report, gboolean *is_row, GError **error)
{
  const StoredReport *unpacked = NULL;
  StoredReport row;

  if (!unpack_what_is_next (reading, error))
    return FALSE;
  if (reading->next < reading->unpacked->len)
    unpacked = &g_array_index (reading->unpacked, StoredReport, reading->next);
  if (reading->has_row)
    row = (StoredReport){
      .time = sqlite3_column_int64 (reading->rows, 0),
      .id = sqlite3_column_int64 (reading->rows, 1),
      .stats = (char *)sqlite3_column_text (reading->rows, 2),
      .length = (gsize)sqlite3_column_bytes (reading->rows, 2),
    };
  *is_row = reading->has_row &&
            (unpacked == NULL || stored_report_compare (&row, unpacked) < 0);
  if (*is_row)
    *report = row;
  else if (unpacked != NULL)
    *report = *unpacked;
  return *is_row || unpacked != NULL;
}

static gboolean
move_on (Reading *reading, gboolean from_row, GError **error)
{
  if (from_row)
    return step (reading->rows, &reading->has_row, error);
  reading->next++;
  return TRUE;
}

static int
read_reports (Reading *reading, StoreCursor *cursor, guint max_reports, gsize max_bytes,
    StoreReportFunc func, gpointer data, gboolean *more, GError **error)
{
  GError *failure = NULL;
  StoredReport report;
  gboolean is_row;
  gsize bytes = 0;
  int n = 0;

  *more = FALSE;
  while (failure == NULL && peek (reading, &report, &is_row, &failure)) {
    if ((guint)n == max_reports || bytes >= max_bytes) {
      *more = TRUE;
      break;
    }
    *cursor = (StoreCursor){ report.time, report.id };
    func (report.time, report.stats, report.length, data);
    bytes += report.length;
    n++;
    move_on (reading, is_row, &failure);
  }
  if (failure == NULL)
    return n;
  g_propagate_error (error, failure);
  return -1;
}

static int
read_stored (sqlite3 *db, gint64 fabric, StoreCursor *cursor, gint64 to,
    guint max_reports, gsize max_bytes, StoreReportFunc func, gpointer data,
    gboolean *more, GError **error)
{
  g_auto (Reading) reading = {
    .after = *cursor, .to = to, .max_reports = max_reports + 1, .max_bytes = max_bytes
  };

  if (!start (&reading, db, fabric, error))
    return -1;
  return read_reports (&reading, cursor, max_reports, max_bytes, func, data, more, error);
}

static void
tell_parsed (const StoredReport *stored, SqliteReportFunc func, gpointer user_data)
{
  g_autoptr (CallstatsReport) report =
      stored->report != NULL
          ? callstats_report_ref (stored->report)
          : callstats_report_new_from_json (stored->time, stored->stats, NULL);

  if (report != NULL)
    func (report, user_data);
}

gboolean
sqlite_read_parsed (sqlite3 *db, gint64 fabric, gint64 from, gint64 to,
    SqliteReportFunc func, gpointer user_data, GError **error)
{
  g_auto (Reading) reading = { .after = { from, G_MININT64 },
    .to = to,
    .max_reports = G_MAXINT,
    .max_bytes = G_MAXSIZE,
    .parsed = TRUE };
  GError *failure = NULL;
  StoredReport report;
  gboolean is_row;

  if (!start (&reading, db, fabric, error))
    return FALSE;
  while (failure == NULL && peek (&reading, &report, &is_row, &failure)) {
    tell_parsed (&report, func, user_data);
    move_on (&reading, is_row, &failure);
  }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

/* One transaction: a report that becomes part of a block meanwhile is told once. */
int
sqlite_read_reports (Store *store, const StoreFabricKey *fabric, StoreCursor *cursor,
    gint64 to, guint max_reports, gsize max_bytes, StoreReportFunc func, gpointer data,
    gboolean *more, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  int n = -1;

  if (db == NULL)
    return -1;
  if (sqlite_execute (db, "BEGIN", error))
    n = read_stored (
        db, fabric->id, cursor, to, max_reports, max_bytes, func, data, more, error);
  sqlite3_exec (db, "COMMIT", NULL, NULL, NULL);
  sqlite_store_give_reader_back (store, db);
  return n;
}
