/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens the SQLite database: makes sure that it is ours and of a version we know. Any
 * thread, a connection for each.
 */
#include "log.h"
#include "store-sqlite-private.h"
#include "store-sqlite-schema-1.h"
#include "store-sqlite-setups.h"

#define BUSY_TIMEOUT_MS 5000
#define BUSY_POLL_MS 10

gboolean
sqlite_set_error (sqlite3 *db, const char *doing, GError **error)
{
  g_set_error (
      error, STORE_ERROR, STORE_ERROR_FAILED, "%s: %s", doing, sqlite3_errmsg (db));
  return FALSE;
}

gboolean
sqlite_execute (sqlite3 *db, const char *sql, GError **error)
{
  if (sqlite3_exec (db, sql, NULL, NULL, NULL) != SQLITE_OK)
    return sqlite_set_error (db, "The database refused", error);
  return TRUE;
}

gboolean
sqlite_read_number (sqlite3 *db, const char *sql, gint64 *number)
{
  g_autoptr (sqlite3_stmt) statement = NULL;

  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK ||
      sqlite3_step (statement) != SQLITE_ROW)
    return FALSE;
  *number = sqlite3_column_int64 (statement, 0);
  return TRUE;
}

sqlite3_stmt *
sqlite_prepare (sqlite3 *db, const char *sql, GError **error)
{
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK)
    sqlite_set_error (db, "The database cannot be read", error);
  return statement;
}

static gboolean
refuse (const char *path, const char *why, GError **error)
{
  g_set_error (error, STORE_ERROR, STORE_ERROR_INVALID, "--store: \"%s\" %s", path, why);
  return FALSE;
}

static gboolean
refuse_unreadable (sqlite3 *db, const char *path, GError **error)
{
  g_autofree char *why = NULL;
  int code = sqlite3_errcode (db);

  if (code == SQLITE_NOTADB)
    return refuse (path,
        "is not an SQLite database; name another file, or one that does not exist yet",
        error);
  if ((code == SQLITE_CANTOPEN || code == SQLITE_READONLY) &&
      g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return refuse (path,
        "cannot be written to by this user; looking into it takes that, too, in its "
        "folder as well, for SQLite keeps files beside it: run this as the user that the "
        "collector runs as",
        error);
  why = g_strdup_printf ("cannot be opened: %s; check that its folder exists and may be "
                         "written to",
      sqlite3_errmsg (db));
  return refuse (path, why, error);
}

/* created: set where the database is empty. */
static gboolean
check_identity (sqlite3 *db, const char *path, gboolean *created, GError **error)
{
  gint64 application, version, tables;

  /* All of one moment: another process may be creating it. */
  if (sqlite3_exec (db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
      !sqlite_read_number (db, "SELECT count(*) FROM sqlite_schema", &tables) ||
      !sqlite_read_number (db, "PRAGMA application_id", &application) ||
      !sqlite_read_number (db, "PRAGMA user_version", &version) ||
      sqlite3_exec (db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
    return refuse_unreadable (db, path, error);
  *created = application == 0 && version == 0 && tables == 0;
  if (*created)
    return TRUE;
  if (application != SQLITE_SCHEMA_APPLICATION_ID)
    return refuse (path,
        "is the database of another program; name another file, or one that does not "
        "exist "
        "yet",
        error);
  if (version > sqlite_schema_version ())
    return refuse (path,
        "was written by a newer callstats-collector; install that version, or name "
        "another "
        "file",
        error);
  return TRUE;
}

/* SQLite itself does not wait for others here. */
static int
step_patiently (sqlite3_stmt *statement)
{
  gint64 end = g_get_monotonic_time () + BUSY_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;
  int status;

  while ((status = sqlite3_step (statement)) == SQLITE_BUSY &&
         g_get_monotonic_time () < end) {
    sqlite3_reset (statement);
    sqlite3_sleep (BUSY_POLL_MS);
  }
  return status;
}

static gboolean
use_write_ahead_log (sqlite3 *db, const char *path, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = NULL;

  if (sqlite3_prepare_v2 (db, "PRAGMA journal_mode=WAL", -1, &statement, NULL) !=
          SQLITE_OK ||
      step_patiently (statement) != SQLITE_ROW)
    return refuse_unreadable (db, path, error);
  if (g_strcmp0 ((const char *)sqlite3_column_text (statement, 0), "wal") != 0)
    return refuse (
        path, "cannot keep a write-ahead log; name a file on a local file system", error);
  return TRUE;
}

/* Room that becomes free is given back in slices; that is decided before the first table.
 */
static gboolean
prepare_file (sqlite3 *db, const char *path, gboolean created, GError **error)
{
  return (!created || sqlite_execute (db, "PRAGMA auto_vacuum=INCREMENTAL", error)) &&
         use_write_ahead_log (db, path, error) &&
         sqlite_execute (db,
             "PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; "
             "PRAGMA journal_size_limit=67108864;",
             error);
}

static gboolean
bring_up_to_date (sqlite3 *db, GError **error)
{
  g_autofree char *before = NULL, *now = NULL;
  int from;

  /* A table that others refer to is exchanged by dropping it. */
  if (!sqlite_migrate (db, &from, error) ||
      !sqlite_execute (db, "PRAGMA foreign_keys=ON", error))
    return FALSE;
  if (from == 0 || from == sqlite_schema_version ())
    return TRUE;
  before = g_strdup_printf ("%d", from);
  now = g_strdup_printf ("%d", sqlite_schema_version ());
  log_info ("store-migrated", "from", before, "to", now, NULL);
  return TRUE;
}

sqlite3 *
sqlite_open_writer (const char *path, GError **error)
{
  g_autoptr (sqlite3) db = NULL;
  gboolean created;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

  if (sqlite3_open_v2 (path, &db, flags, NULL) != SQLITE_OK) {
    refuse_unreadable (db, path, error);
    return NULL;
  }
  sqlite3_busy_timeout (db, BUSY_TIMEOUT_MS);
  if (!check_identity (db, path, &created, error) ||
      !prepare_file (db, path, created, error) || !sqlite_add_setups (db, error) ||
      !bring_up_to_date (db, error))
    return NULL;
  return g_steal_pointer (&db);
}

sqlite3 *
sqlite_open_reader (const char *path, GError **error)
{
  g_autoptr (sqlite3) db = NULL;

  if (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
      SQLITE_OK) {
    sqlite_set_error (db, "The database cannot be read", error);
    return NULL;
  }
  sqlite3_busy_timeout (db, BUSY_TIMEOUT_MS);
  return g_steal_pointer (&db);
}

sqlite3 *
sqlite_open_existing (const char *path, GError **error)
{
  g_autoptr (sqlite3) db = NULL;
  gboolean created;

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    refuse (path, "does not exist; name the file of a store", error);
    return NULL;
  }
  if (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
      SQLITE_OK) {
    refuse_unreadable (db, path, error);
    return NULL;
  }
  sqlite3_busy_timeout (db, BUSY_TIMEOUT_MS);
  if (!check_identity (db, path, &created, error))
    return NULL;
  if (!created)
    return g_steal_pointer (&db);
  refuse (path, "is empty; name the file of a store", error);
  return NULL;
}

gboolean
sqlite_exists (const char *path, GError **error)
{
  g_autoptr (sqlite3) db = sqlite_open_existing (path, error);

  return db != NULL;
}
