/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looks whether a database is whole: SQLite's own pages and references, blocks, and that
 * what fabrics count is what is there. All of one moment, whoever writes meanwhile. Any
 * thread, a connection of its own.
 */
#include "store-sqlite-maintenance.h"

#include "report-block.h"
#include "store-sqlite-blocks.h"
#include "store-sqlite-columns.h"

#define MAX_FINDINGS 100 /* of one kind */
#define OPCODES 1000000  /* of SQLite's machine between two looks for a signal */

static const char pages_sql[] = "SELECT * FROM pragma_integrity_check (100)"
                                " WHERE integrity_check <> 'ok'";

static const char references_sql[] =
    "SELECT 'row ' || coalesce (rowid, '?') || ' of ' || \"table\" || ' refers to a row "
    "of '"
    " || parent || ' that is not there' FROM pragma_foreign_key_check LIMIT 100";

static const char blocks_sql[] =
    "SELECT data, checksum, id, fabric, reports, first_time, last_time FROM blocks";

static const char counts_sql[] =
    "SELECT 'fabric ' || f.id || ' has ' || (f.present + f.packed) || ' reports, not '"
    " || f.counted FROM (SELECT id, reports - expired AS counted,"
    "   (SELECT count(*) FROM reports r WHERE r.fabric = fabrics.id) AS present,"
    "   (SELECT coalesce (sum(b.reports), 0) FROM blocks b WHERE b.fabric = fabrics.id)"
    "     AS packed FROM fabrics) f"
    " WHERE f.present + f.packed <> f.counted LIMIT 100";

typedef struct {
  sqlite3 *db;
  const char *what;
  StoreFindingFunc found;
  StoreProgressFunc progress;
  gpointer user_data;
} Check;

static int
on_progress (void *user_data)
{
  Check *check = user_data;

  return !store_progress (check->progress, check->user_data, check->what, 0, 0, NULL);
}

static gboolean
fail (Check *check, GError **error)
{
  if (sqlite3_errcode (check->db) != SQLITE_INTERRUPT)
    return sqlite_set_error (check->db, "The database cannot be read", error);
  g_set_error_literal (error, STORE_ERROR, STORE_ERROR_INTERRUPTED, "interrupted");
  return FALSE;
}

/* Each row's text is a finding. */
static gboolean
run_query (Check *check, const char *what, const char *sql, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (check->db, sql, error);
  int status;

  check->what = what;
  if (rows == NULL ||
      !store_progress (check->progress, check->user_data, what, 0, 0, error))
    return FALSE;
  while ((status = sqlite3_step (rows)) == SQLITE_ROW)
    check->found ((const char *)sqlite3_column_text (rows, 0), check->user_data);
  if (status == SQLITE_DONE)
    return TRUE;
  /* Where pages are damaged, that is what there is to say. */
  if (status != SQLITE_CORRUPT)
    return fail (check, error);
  check->found (sqlite3_errmsg (check->db), check->user_data);
  return TRUE;
}

/* Returns: (nullable): what is wrong with the block. */
static char *
examine_block (sqlite3_stmt *row)
{
  const StoreCursor all = { G_MININT64, G_MININT64 };
  g_autoptr (GArray) reports = stored_reports_new ();
  g_autoptr (GError) error = NULL;

  if (!sqlite_unpack_block (row, &all, G_MAXINT64, FALSE, reports, &error))
    return g_strdup (error->message);
  if (reports->len != sqlite3_column_int64 (row, 4))
    return g_strdup_printf (
        "It has %u reports, not %d", reports->len, sqlite3_column_int (row, 4));
  for (guint i = 0; i < reports->len; i++) {
    gint64 time = g_array_index (reports, StoredReport, i).time;

    if (time < sqlite3_column_int64 (row, 5) || time > sqlite3_column_int64 (row, 6))
      return g_strdup ("It has reports of other times");
  }
  return NULL;
}

static void
check_block (Check *check, sqlite3_stmt *row, guint *findings)
{
  g_autofree char *wrong = examine_block (row);
  g_autofree char *text = NULL;

  if (wrong == NULL || ++*findings > MAX_FINDINGS)
    return;
  text = g_strdup_printf ("block %" G_GINT64_FORMAT " of fabric %" G_GINT64_FORMAT ": %s",
      (gint64)sqlite3_column_int64 (row, 2), (gint64)sqlite3_column_int64 (row, 3),
      wrong);
  check->found (text, check->user_data);
}

static gboolean
check_blocks (Check *check, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (check->db, blocks_sql, error);
  gint64 total = 0;
  guint64 done = 0;
  guint findings = 0;
  int status;

  check->what = "blocks checked";
  if (rows == NULL)
    return FALSE;
  sqlite_read_number (check->db, "SELECT count(*) FROM blocks", &total);
  while ((status = sqlite3_step (rows)) == SQLITE_ROW) {
    check_block (check, rows, &findings);
    if (!store_progress (check->progress, check->user_data, check->what, ++done,
            (guint64)total, error))
      return FALSE;
  }
  return status == SQLITE_DONE || status == SQLITE_CORRUPT || fail (check, error);
}

static gboolean
check_version (Check *check, const char *path, GError **error)
{
  gint64 version = 0;

  if (sqlite_read_number (check->db, "PRAGMA user_version", &version) &&
      version == sqlite_schema_version ())
    return TRUE;
  g_set_error (error, STORE_ERROR, STORE_ERROR_INVALID,
      "--store: \"%s\" has an older schema; bring it up to date with "
      "callstats-collector migrate first",
      path);
  return FALSE;
}

gboolean
sqlite_check (const char *path, StoreFindingFunc found, StoreProgressFunc progress,
    gpointer user_data, GError **error)
{
  g_autoptr (sqlite3) db = sqlite_open_existing (path, error);
  Check check = { db, NULL, found, progress, user_data };

  if (db == NULL || !check_version (&check, path, error))
    return FALSE;
  sqlite3_progress_handler (db, OPCODES, on_progress, &check);
  return sqlite_execute (db, "BEGIN", error) &&
         run_query (&check, "checking pages", pages_sql, error) &&
         run_query (&check, "checking references", references_sql, error) &&
         check_blocks (&check, error) &&
         run_query (&check, "checking counts", counts_sql, error);
}
