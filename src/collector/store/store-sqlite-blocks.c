/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows of reports to blocks. Reading and packing run on any thread, with a connection of
 * its own; the writer only puts the block where the rows were, in one transaction.
 */
#include "store-sqlite-blocks.h"

#include "report-block.h"
#include "store-sqlite-private.h"
#include "store-sqlite-rollups.h"

/* A short block goes on with what came later, if that is not much less. */
#define WORTH 4

static const char rows_sql[] = "SELECT time, id, stats FROM reports WHERE fabric = ?1"
                               " ORDER BY time, id LIMIT ?2";

static const char last_block_sql[] =
    "SELECT data, checksum, id, reports FROM blocks WHERE fabric = ?1"
    " ORDER BY last_time DESC LIMIT 1";

#define OF_REPORT " FROM reports WHERE id = ?1 AND fabric = ?2 AND time = ?3"
#define OF_BLOCK " FROM blocks WHERE id = ?1 AND fabric = ?2 AND checksum = ?3"

static const char add_sql[] =
    "INSERT INTO blocks (fabric, first_time, last_time, reports, written, checksum, data)"
    " SELECT f.id, ?2, ?3, ?4, c.stored, ?5, ?6"
    " FROM fabrics f JOIN conferences c ON c.id = f.conference WHERE f.id = ?1";

/* A row as it was read: the id may be another one's since. */
typedef struct {
  gint64 id;
  gint64 mark; /* of a report its time, of a block its checksum */
} Row;

struct _SqliteBlock {
  gint64 fabric;
  gint64 first_time, last_time;
  Row replaces; /* the block whose reports it has, too; id 0: none */
  guint reports;
  gboolean full;
  GArray *rows; /* Row */
  GBytes *data;
  SqliteRollup *rollup; /* NULL: none of them could be read */
};

void
sqlite_block_free (SqliteBlock *block)
{
  if (block == NULL)
    return;
  g_array_unref (block->rows);
  g_clear_pointer (&block->data, g_bytes_unref);
  sqlite_rollup_free (block->rollup);
  g_free (block);
}

guint
sqlite_block_n_rows (const SqliteBlock *block)
{
  return block->rows->len;
}

gboolean
sqlite_block_is_full (const SqliteBlock *block)
{
  return block->full;
}

gboolean
sqlite_unpack_block (sqlite3_stmt *row, const StoreCursor *after, gint64 to,
    gboolean parsed, GArray *reports, GError **error)
{
  gconstpointer data = sqlite3_column_blob (row, 0);
  gsize length = (gsize)sqlite3_column_bytes (row, 0);

  if (report_block_checksum (data, length) != sqlite3_column_int64 (row, 1)) {
    g_set_error_literal (error, STORE_ERROR, STORE_ERROR_DAMAGED,
        "A block of reports is damaged: its checksum is another one");
    return FALSE;
  }
  return report_block_unpack (
      data, length, after->time, after->id, to, parsed, reports, error);
}

/* ---- Any thread ---- */

static gboolean
take_rows (SqliteBlock *block, sqlite3 *db, GArray *reports, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, rows_sql, error);
  gsize bytes = 0;
  int status = SQLITE_ROW;

  if (rows == NULL)
    return FALSE;
  sqlite3_bind_int64 (rows, 1, block->fabric);
  sqlite3_bind_int (rows, 2, REPORT_BLOCK_MAX);
  while (bytes < REPORT_BLOCK_MAX_TEXT && (status = sqlite3_step (rows)) == SQLITE_ROW) {
    StoredReport report = {
      .time = sqlite3_column_int64 (rows, 0),
      .id = sqlite3_column_int64 (rows, 1),
      .stats = g_strdup ((const char *)sqlite3_column_text (rows, 2)),
      .length = (gsize)sqlite3_column_bytes (rows, 2),
    };

    const Row row = { report.id, report.time };

    bytes += report.length;
    g_array_append_val (reports, report);
    g_array_append_val (block->rows, row);
  }
  block->full = block->rows->len == REPORT_BLOCK_MAX || bytes >= REPORT_BLOCK_MAX_TEXT;
  return status == SQLITE_ROW || status == SQLITE_DONE ||
         sqlite_set_error (db, "The database cannot be read", error);
}

static gsize
text_bytes (const GArray *reports)
{
  gsize bytes = 0;

  for (guint i = 0; i < reports->len; i++)
    bytes += g_array_index (reports, StoredReport, i).length;
  return bytes;
}

/* A block that cannot be read is left as it is. */
static gboolean
take_last_block (SqliteBlock *block, sqlite3 *db, GArray *reports, GError **error)
{
  const StoreCursor all = { G_MININT64, G_MININT64 };
  g_autoptr (sqlite3_stmt) last = sqlite_prepare (db, last_block_sql, error);
  guint rows = reports->len, older;

  if (last == NULL)
    return FALSE;
  sqlite3_bind_int64 (last, 1, block->fabric);
  if (sqlite3_step (last) != SQLITE_ROW)
    return TRUE;
  older = (guint)sqlite3_column_int (last, 3);
  if (older + rows > REPORT_BLOCK_MAX || older > WORTH * rows)
    return TRUE;
  if (sqlite_unpack_block (last, &all, G_MAXINT64, FALSE, reports, NULL) &&
      reports->len == rows + older && text_bytes (reports) <= REPORT_BLOCK_MAX_TEXT)
    block->replaces =
        (Row){ sqlite3_column_int64 (last, 2), sqlite3_column_int64 (last, 1) };
  else
    g_array_set_size (reports, rows);
  return TRUE;
}

SqliteBlock *
sqlite_block_pack (sqlite3 *db, gint64 fabric, GError **error)
{
  g_autoptr (SqliteBlock) block = g_new0 (SqliteBlock, 1);
  g_autoptr (GArray) reports = stored_reports_new ();
  g_autoptr (GPtrArray) parsed = NULL;

  block->fabric = fabric;
  block->rows = g_array_new (FALSE, FALSE, sizeof (Row));
  if (!take_rows (block, db, reports, error) ||
      (reports->len > 0 && !take_last_block (block, db, reports, error)))
    return NULL;
  if (reports->len == 0)
    return g_steal_pointer (&block);
  g_array_sort (reports, stored_report_compare);
  block->first_time = g_array_index (reports, StoredReport, 0).time;
  block->last_time = g_array_index (reports, StoredReport, reports->len - 1).time;
  block->reports = reports->len;
  parsed = g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_report_unref);
  block->data = report_block_pack (reports, parsed);
  if (parsed->len > 0) {
    block->rollup = sqlite_rollup_make (db, fabric, parsed, error);
    if (block->rollup == NULL)
      return NULL;
  }
  return g_steal_pointer (&block);
}

/* ---- The writer ---- */

/* Returns: whether the statement gave a row, or changed one. */
static gboolean
run_for (sqlite3_stmt *statement, const Row *row, gint64 fabric, gboolean *failed)
{
  int status;
  gboolean met;

  sqlite3_bind_int64 (statement, 1, row->id);
  sqlite3_bind_int64 (statement, 2, fabric);
  sqlite3_bind_int64 (statement, 3, row->mark);
  status = sqlite3_step (statement);
  met = status == SQLITE_ROW ||
        (status == SQLITE_DONE && !sqlite3_stmt_readonly (statement) &&
            sqlite3_changes (sqlite3_db_handle (statement)) == 1);
  *failed |= status != SQLITE_ROW && status != SQLITE_DONE;
  sqlite3_reset (statement);
  return met;
}

/* Runs the statements for each row and for the block that is replaced, until one of them
 * meets nothing. */
static gboolean
run_for_all (sqlite3 *db, const SqliteBlock *block, const char *row_sql,
    const char *block_sql, gboolean *met, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, row_sql, error);
  g_autoptr (sqlite3_stmt) blocks =
      rows != NULL ? sqlite_prepare (db, block_sql, error) : NULL;
  gboolean failed = FALSE;

  if (blocks == NULL)
    return FALSE;
  *met = TRUE;
  for (guint i = 0; i < block->rows->len && *met; i++)
    *met = run_for (rows, &g_array_index (block->rows, Row, i), block->fabric, &failed);
  if (*met && block->replaces.id != 0)
    *met = run_for (blocks, &block->replaces, block->fabric, &failed);
  return !failed || sqlite_set_error (db, "The database cannot be written", error);
}

static gboolean
add_block (sqlite3 *db, const SqliteBlock *block, GError **error)
{
  g_autoptr (sqlite3_stmt) add = sqlite_prepare (db, add_sql, error);
  gsize length;
  gconstpointer data = g_bytes_get_data (block->data, &length);

  if (add == NULL)
    return FALSE;
  sqlite3_bind_int64 (add, 1, block->fabric);
  sqlite3_bind_int64 (add, 2, block->first_time);
  sqlite3_bind_int64 (add, 3, block->last_time);
  sqlite3_bind_int64 (add, 4, block->reports);
  sqlite3_bind_int64 (add, 5, report_block_checksum (data, length));
  sqlite3_bind_blob64 (add, 6, data, length, SQLITE_STATIC);
  return sqlite3_step (add) == SQLITE_DONE ||
         sqlite_set_error (db, "The database cannot be written", error);
}

gboolean
sqlite_block_store (sqlite3 *db, const SqliteBlock *block, GError **error)
{
  gboolean there, deleted;

  if (block->data == NULL)
    return TRUE;
  if (!run_for_all (
          db, block, "SELECT 1" OF_REPORT, "SELECT 1" OF_BLOCK, &there, error) ||
      (there && !sqlite_rollup_is_current (db, block->rollup, &there, error)))
    return FALSE;
  /* Another thread or process was faster. */
  if (!there)
    return TRUE;
  return run_for_all (
             db, block, "DELETE" OF_REPORT, "DELETE" OF_BLOCK, &deleted, error) &&
         add_block (db, block, error) && sqlite_rollup_store (db, block->rollup, error);
}
