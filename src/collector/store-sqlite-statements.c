/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The SQL of the writer. Writer thread only.
 */
#include "store-sqlite-statements.h"

#define SET_ONCE(column) \
  "UPDATE fabrics SET " column " = min (coalesce (" column ", ?2), ?2) WHERE id = ?1"

static const char *const sql[N_SQL] = {
  [SQL_BEGIN] = "BEGIN IMMEDIATE",
  [SQL_COMMIT] = "COMMIT",
  [SQL_ROLL_BACK] = "ROLLBACK",
  [SQL_ADD_APP] = "INSERT INTO apps (name) VALUES (?1) ON CONFLICT DO NOTHING",
  [SQL_ADD_USER] = "INSERT INTO users (app, name, display_name)"
                   " SELECT id, ?2, ?3 FROM apps WHERE name = ?1"
                   " ON CONFLICT DO UPDATE"
                   " SET display_name = coalesce (excluded.display_name, display_name)",
  [SQL_ADD_SESSION] = "INSERT INTO sessions (user, name)"
                      " SELECT u.id, ?3 FROM users u JOIN apps a ON a.id = u.app"
                      " WHERE a.name = ?1 AND u.name = ?2 ON CONFLICT DO NOTHING",
  [SQL_FIND_SESSION] = "SELECT s.id, s.stored, u.id, u.app"
                       " FROM apps a JOIN users u ON u.app = a.id"
                       " JOIN sessions s ON s.user = u.id"
                       " WHERE a.name = ?1 AND u.name = ?2 AND s.name = ?3",
  [SQL_SET_STORED] = "UPDATE sessions SET stored = ?2 WHERE id = ?1",
  [SQL_GET_STORED] = "SELECT stored, EXISTS (SELECT 1 FROM holes WHERE session = ?1)"
                     " FROM sessions WHERE id = ?1",
  [SQL_ADD_HOLE] = "INSERT INTO holes (session, first, last) VALUES (?1, ?2, ?3)",
  [SQL_FIND_HOLE] = "SELECT first, last FROM holes"
                    " WHERE session = ?1 AND first <= ?2 AND last >= ?2",
  [SQL_DROP_HOLE] = "DELETE FROM holes WHERE session = ?1 AND first = ?2",
  [SQL_ADD_CONFERENCE] =
      "INSERT INTO conferences (app, name, start, last_seen, last_heard)"
      " VALUES (?1, ?2, ?3, ?3, ?4) ON CONFLICT DO NOTHING",
  [SQL_FIND_CONFERENCE] = "SELECT id FROM conferences WHERE app = ?1 AND name = ?2",
  [SQL_TOUCH_CONFERENCE] = "UPDATE conferences SET start = min (start, ?2),"
                           " last_seen = max (last_seen, ?3),"
                           " last_heard = max (last_heard, ?4) WHERE id = ?1",
  [SQL_ADD_PARTICIPANT] = "INSERT INTO participants (conference, user) VALUES (?1, ?2)"
                          " ON CONFLICT DO NOTHING",
  [SQL_JOIN] = "UPDATE participants SET joined = min (coalesce (joined, ?3), ?3),"
               " left = CASE WHEN left < ?3 THEN NULL ELSE left END,"
               " user_name = coalesce (?4, user_name),"
               " endpoint_info = coalesce (?5, endpoint_info)"
               " WHERE conference = ?1 AND user = ?2",
  [SQL_STAY] = "UPDATE participants SET left = NULL"
               " WHERE conference = ?1 AND user = ?2 AND left < ?3",
  [SQL_LEAVE] = "UPDATE participants SET left = max (coalesce (left, ?3), ?3)"
                " WHERE conference = ?1 AND user = ?2",
  [SQL_ADD_FABRIC] = "INSERT INTO fabrics (user, name, conference, remote_user)"
                     " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
                     " SET remote_user = coalesce (excluded.remote_user, remote_user)",
  [SQL_FIND_FABRIC] = "SELECT f.id, c.name FROM fabrics f"
                      " JOIN conferences c ON c.id = f.conference"
                      " WHERE f.user = ?1 AND f.name = ?2",
  [SQL_MOVE_FABRIC] = "UPDATE fabrics SET conference = ?2 WHERE id = ?1",
  [SQL_SET_USAGE] = "UPDATE fabrics SET usage = coalesce (?2, usage) WHERE id = ?1",
  [SQL_SET_DELAYS] = "UPDATE fabrics SET setup_delay = ?2, ice_gathering_delay = ?3,"
                     " ice_connectivity_delay = ?4 WHERE id = ?1",
  [SQL_SET_STATE] = "UPDATE fabrics SET state = ?2, state_time = ?3"
                    " WHERE id = ?1 AND coalesce (state_time, ?3) <= ?3",
  [SQL_GET_MARKS] = "SELECT NULL, added, set_up, failed, dropped, terminated"
                    " FROM fabrics WHERE id = ?1",
  [SQL_MARK_ADDED] = SET_ONCE ("added"),
  [SQL_MARK_SET_UP] = SET_ONCE ("set_up"),
  [SQL_MARK_FAILED] = SET_ONCE ("failed"),
  [SQL_MARK_DROPPED] = SET_ONCE ("dropped"),
  [SQL_MARK_TERMINATED] = SET_ONCE ("terminated"),
  [SQL_COUNT_REPORTS] =
      "UPDATE fabrics SET reports = reports + ?2,"
      " first_report = min (coalesce (first_report, ?3), ?3),"
      " last_report = max (coalesce (last_report, ?4), ?4) WHERE id = ?1",
  [SQL_ADD_EVENT] = "INSERT INTO events (conference, user, fabric, time, name, data)"
                    " VALUES (?1, ?2, nullif (?3, 0), ?4, ?5, ?6)",
  [SQL_ADD_REPORT] = "INSERT INTO reports (fabric, time, stats) VALUES (?1, ?2, ?3)",
  [SQL_ADD_OTHER] = "INSERT INTO others (user, time, record) VALUES (?1, ?2, ?3)",
};

SqliteRows *
sqlite_rows_new (sqlite3 *db, GError **error)
{
  g_autoptr (SqliteRows) rows = g_new0 (SqliteRows, 1);

  rows->db = db;
  rows->text = g_string_new (NULL);
  rows->sheet = tally_sheet_new ();
  for (int i = 0; i < N_SQL; i++) {
    if (sqlite3_prepare_v3 (db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
            &rows->statements[i], NULL) != SQLITE_OK) {
      sqlite_set_error (db, "The database does not know its own tables", error);
      return NULL;
    }
  }
  return g_steal_pointer (&rows);
}

void
sqlite_rows_free (SqliteRows *rows)
{
  if (rows == NULL)
    return;
  for (int i = 0; i < N_SQL; i++)
    sqlite3_finalize (rows->statements[i]);
  g_string_free (rows->text, TRUE);
  tally_sheet_free (rows->sheet);
  g_free (rows);
}

static void
bind (sqlite3_stmt *statement, const char *types, va_list values)
{
  for (int i = 0; types[i] != '\0'; i++) {
    switch (types[i]) {
    case 'i':
      sqlite3_bind_int64 (statement, i + 1, va_arg (values, gint64));
      break;
    case 'd':
      sqlite3_bind_double (statement, i + 1, va_arg (values, double));
      break;
    default:
      sqlite3_bind_text (
          statement, i + 1, va_arg (values, const char *), -1, SQLITE_STATIC);
    }
  }
}

gboolean
sqlite_run (
    SqliteRows *rows, GError **error, SqliteStatement which, const char *types, ...)
{
  sqlite3_stmt *statement = rows->statements[which];
  va_list values;
  int status;

  va_start (values, types);
  bind (statement, types, values);
  va_end (values);
  status = sqlite3_step (statement);
  if (status != SQLITE_DONE && status != SQLITE_ROW)
    sqlite_set_error (rows->db, "The database cannot be written", error);
  sqlite3_reset (statement);
  return status == SQLITE_DONE || status == SQLITE_ROW;
}

sqlite3_stmt *
sqlite_find (SqliteRows *rows, SqliteStatement which, const char *types, ...)
{
  sqlite3_stmt *statement = rows->statements[which];
  va_list values;

  va_start (values, types);
  bind (statement, types, values);
  va_end (values);
  if (sqlite3_step (statement) == SQLITE_ROW)
    return statement;
  sqlite3_reset (statement);
  return NULL;
}

gboolean
sqlite_rows_begin (SqliteRows *rows, GError **error)
{
  return sqlite_run (rows, error, SQL_BEGIN, "");
}

gboolean
sqlite_rows_commit (SqliteRows *rows, GError **error)
{
  return sqlite_run (rows, error, SQL_COMMIT, "");
}

void
sqlite_rows_roll_back (SqliteRows *rows)
{
  if (!sqlite3_get_autocommit (rows->db))
    sqlite_run (rows, NULL, SQL_ROLL_BACK, "");
}

TallySheet *
sqlite_rows_get_sheet (SqliteRows *rows)
{
  return rows->sheet;
}

gboolean
sqlite_no_row (SqliteRows *rows, GError **error)
{
  return sqlite_set_error (rows->db, "The database cannot be read", error);
}
