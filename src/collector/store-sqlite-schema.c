/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens the SQLite database: makes sure that it is ours and of a version we know, and
 * creates the tables. Any thread, a connection for each.
 */
#include "store-sqlite-private.h"

#define APPLICATION_ID 0x43535457 /* "CSTW" */
#define SCHEMA_VERSION 1
#define BUSY_TIMEOUT_MS 5000
#define BUSY_POLL_MS 10

/* Times are µs since the epoch, delays ms. What nobody reported is NULL. */
static const char schema[] =
    "CREATE TABLE apps ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE users ("
    "  id INTEGER PRIMARY KEY,"
    "  app INTEGER NOT NULL REFERENCES apps (id),"
    "  name TEXT NOT NULL,"
    "  display_name TEXT,"
    "  UNIQUE (app, name));"
    "CREATE TABLE sessions ("
    "  id INTEGER PRIMARY KEY,"
    "  user INTEGER NOT NULL REFERENCES users (id),"
    "  name TEXT NOT NULL,"
    "  stored INTEGER NOT NULL DEFAULT 0,"
    "  UNIQUE (user, name));"
    "CREATE TABLE conferences ("
    "  id INTEGER PRIMARY KEY,"
    "  app INTEGER NOT NULL REFERENCES apps (id),"
    "  name TEXT NOT NULL,"
    "  start INTEGER NOT NULL,"
    "  last_seen INTEGER NOT NULL,"
    "  last_heard INTEGER NOT NULL,"
    "  UNIQUE (app, name));"
    "CREATE INDEX conferences_by_start ON conferences (app, start);"
    "CREATE TABLE participants ("
    "  conference INTEGER NOT NULL REFERENCES conferences (id),"
    "  user INTEGER NOT NULL REFERENCES users (id),"
    "  user_name TEXT,"
    "  joined INTEGER,"
    "  left INTEGER,"
    "  endpoint_info TEXT,"
    "  PRIMARY KEY (conference, user)) WITHOUT ROWID;"
    "CREATE TABLE fabrics ("
    "  id INTEGER PRIMARY KEY,"
    "  user INTEGER NOT NULL REFERENCES users (id),"
    "  name TEXT NOT NULL,"
    "  conference INTEGER NOT NULL REFERENCES conferences (id),"
    "  remote_user TEXT,"
    "  usage TEXT,"
    "  state TEXT,"
    "  state_time INTEGER,"
    "  added INTEGER,"
    "  set_up INTEGER,"
    "  setup_delay REAL,"
    "  ice_gathering_delay REAL,"
    "  ice_connectivity_delay REAL,"
    "  failed INTEGER,"
    "  dropped INTEGER,"
    "  terminated INTEGER,"
    "  reports INTEGER NOT NULL DEFAULT 0,"
    "  first_report INTEGER,"
    "  last_report INTEGER,"
    "  UNIQUE (user, name));"
    "CREATE INDEX fabrics_by_conference ON fabrics (conference);"
    "CREATE INDEX fabrics_by_name ON fabrics (name);"
    "CREATE TABLE events ("
    "  id INTEGER PRIMARY KEY,"
    "  conference INTEGER NOT NULL REFERENCES conferences (id),"
    "  user INTEGER NOT NULL REFERENCES users (id),"
    "  fabric INTEGER REFERENCES fabrics (id),"
    "  time INTEGER NOT NULL,"
    "  name TEXT NOT NULL,"
    "  data TEXT NOT NULL);"
    "CREATE INDEX events_by_conference ON events (conference, time);"
    "CREATE TABLE reports ("
    "  id INTEGER PRIMARY KEY,"
    "  fabric INTEGER NOT NULL REFERENCES fabrics (id),"
    "  time INTEGER NOT NULL,"
    "  stats TEXT NOT NULL);"
    "CREATE INDEX reports_by_fabric ON reports (fabric, time);"
    /* Records of types this version does not know, and those that name no conference. */
    "CREATE TABLE others ("
    "  id INTEGER PRIMARY KEY,"
    "  user INTEGER NOT NULL REFERENCES users (id),"
    "  time INTEGER NOT NULL,"
    "  record TEXT NOT NULL);";

/* Numbers up to the stored one of a session that are not stored: files may come in any
 * order, and with lines missing. */
static const char holes[] = "CREATE TABLE IF NOT EXISTS holes ("
                            "  session INTEGER NOT NULL REFERENCES sessions (id),"
                            "  first INTEGER NOT NULL,"
                            "  last INTEGER NOT NULL,"
                            "  PRIMARY KEY (session, first)) WITHOUT ROWID;";

gboolean
sqlite_set_error (sqlite3 *db, const char *doing, GError **error)
{
  g_set_error (
      error, STORE_ERROR, STORE_ERROR_FAILED, "%s: %s", doing, sqlite3_errmsg (db));
  return FALSE;
}

static gboolean
execute (sqlite3 *db, const char *sql, GError **error)
{
  if (sqlite3_exec (db, sql, NULL, NULL, NULL) != SQLITE_OK)
    return sqlite_set_error (db, "The database refused", error);
  return TRUE;
}

static gboolean
read_number (sqlite3 *db, const char *sql, gint64 *number)
{
  g_autoptr (sqlite3_stmt) statement = NULL;

  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK ||
      sqlite3_step (statement) != SQLITE_ROW)
    return FALSE;
  *number = sqlite3_column_int64 (statement, 0);
  return TRUE;
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

  if (sqlite3_errcode (db) == SQLITE_NOTADB)
    return refuse (path,
        "is not an SQLite database; name another file, or one that does not exist yet",
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
      !read_number (db, "SELECT count(*) FROM sqlite_schema", &tables) ||
      !read_number (db, "PRAGMA application_id", &application) ||
      !read_number (db, "PRAGMA user_version", &version) ||
      sqlite3_exec (db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
    return refuse_unreadable (db, path, error);
  *created = application == 0 && version == 0 && tables == 0;
  if (*created)
    return TRUE;
  if (application != APPLICATION_ID)
    return refuse (path,
        "is the database of another program; name another file, or one that does not "
        "exist "
        "yet",
        error);
  if (version > SCHEMA_VERSION)
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

/* Another process may have been faster. */
static gboolean
create_tables (sqlite3 *db, GError **error)
{
  g_autofree char *identity =
      g_strdup_printf ("PRAGMA application_id=%d; PRAGMA user_version=%d;",
          APPLICATION_ID, SCHEMA_VERSION);
  gint64 tables = 0;

  if (!execute (db, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (!read_number (db, "SELECT count(*) FROM sqlite_schema", &tables) || tables > 0)
    return execute (db, "COMMIT", error);
  return execute (db, schema, error) && execute (db, identity, error) &&
         execute (db, "COMMIT", error);
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
      !use_write_ahead_log (db, path, error) ||
      !execute (db,
          "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
          "PRAGMA journal_size_limit=67108864;",
          error) ||
      (created && !create_tables (db, error)) || !execute (db, holes, error))
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
