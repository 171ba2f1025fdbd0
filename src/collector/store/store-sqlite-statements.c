/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The SQL of the writer. Writer thread only.
 */
#include "store-sqlite-statements.h"

#include "store-sqlite-setups.h"

#define SET_ONCE(column) \
  "UPDATE fabrics SET " column " = min (coalesce (" column ", ?2), ?2) WHERE id = ?1"

static const char *const sql[N_SQL] = {
  [SQL_BEGIN] = "BEGIN IMMEDIATE",
  [SQL_GET_DATA_VERSION] = "PRAGMA data_version",
  [SQL_COMMIT] = "COMMIT",
  [SQL_ROLL_BACK] = "ROLLBACK",
  [SQL_ADD_APP] = "INSERT INTO apps (name) VALUES (?1) ON CONFLICT DO NOTHING",
  [SQL_ADD_USER] = "INSERT INTO users (app, name, display_name)"
                   " SELECT id, ?2, ?3 FROM apps WHERE name = ?1"
                   " ON CONFLICT DO UPDATE"
                   " SET display_name = coalesce (excluded.display_name, display_name)",
  [SQL_ADD_USER_NAME] = "INSERT OR IGNORE INTO user_names (app, name, user)"
                        " SELECT ?1, ?2, ?3 WHERE ?2 <> ''",
  [SQL_SET_USER_NAME] = "UPDATE users SET display_name = ?2"
                        " WHERE id = ?1 AND ?2 <> '' AND display_name IS NOT ?2",
  [SQL_ADD_SESSION] = "INSERT INTO sessions (user, name, last_heard)"
                      " SELECT u.id, ?3, ?4 FROM users u JOIN apps a ON a.id = u.app"
                      " WHERE a.name = ?1 AND u.name = ?2 ON CONFLICT DO NOTHING",
  [SQL_FIND_SESSION] = "SELECT s.id, s.stored, u.id, u.app"
                       " FROM apps a JOIN users u ON u.app = a.id"
                       " JOIN sessions s ON s.user = u.id"
                       " WHERE a.name = ?1 AND u.name = ?2 AND s.name = ?3",
  [SQL_SET_STORED] = "UPDATE sessions SET stored = ?2, last_heard = ?3 WHERE id = ?1",
  [SQL_GET_STORED] = "SELECT stored, EXISTS (SELECT 1 FROM holes WHERE session = ?1)"
                     " FROM sessions s JOIN users u ON u.id = s.user"
                     " WHERE s.id = ?1 AND s.name = ?2 AND u.app = ?3 AND u.name = ?4"
                     " AND u.id = ?5",
  [SQL_ADD_HOLE] = "INSERT INTO holes (session, first, last) VALUES (?1, ?2, ?3)",
  [SQL_FIND_HOLE] = "SELECT first, last FROM holes"
                    " WHERE session = ?1 AND first <= ?2 AND last >= ?2",
  [SQL_DROP_HOLE] = "DELETE FROM holes WHERE session = ?1 AND first = ?2",
  [SQL_ADD_CONFERENCE] = "INSERT INTO conferences (app, name, start, last_seen,"
                         " last_heard, first_time, last_time, stored)"
                         " VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?5, ?6)",
  /* Those of one name are apart from each other, so one candidate is enough. */
  [SQL_FIND_CONFERENCE] =
      "SELECT * FROM (SELECT id, first_time, last_time FROM conferences"
      "   WHERE app = ?1 AND name = ?2 AND first_time <= ?3 + ?4"
      "   ORDER BY first_time DESC LIMIT 1) WHERE last_time >= ?3 - ?4",
  [SQL_FIND_ATTENDED] = "SELECT c.id, c.first_time, c.last_time FROM conferences c"
                        " JOIN participants p ON p.conference = c.id AND p.user = ?4"
                        " WHERE c.app = ?1 AND c.name = ?2 AND c.first_time <= ?3"
                        " ORDER BY c.first_time DESC LIMIT 1",
  /* The one before and the one behind, and which of the two it is. */
  [SQL_FIND_NEIGHBOUR] =
      "WITH c AS (SELECT id, app, name, first_time, last_time FROM conferences"
      "   WHERE id = ?1)"
      " SELECT n.id, 1 FROM c JOIN conferences n ON n.id = (SELECT id FROM conferences"
      "   WHERE app = c.app AND name = c.name AND (first_time, id) < (c.first_time, c.id)"
      "   ORDER BY first_time DESC, id DESC LIMIT 1)"
      "   WHERE n.last_time >= c.first_time - ?2"
      " UNION ALL"
      " SELECT n.id, 0 FROM c JOIN conferences n ON n.id = (SELECT id FROM conferences"
      "   WHERE app = c.app AND name = c.name AND (first_time, id) > (c.first_time, c.id)"
      "   ORDER BY first_time, id LIMIT 1)"
      "   WHERE n.first_time <= c.last_time + ?2",
  [SQL_TOUCH_CONFERENCE] =
      "UPDATE conferences SET start = min (start, ?2), last_seen = max (last_seen, ?3),"
      " last_heard = max (last_heard, ?4), first_time = min (first_time, ?5),"
      " last_time = max (last_time, ?6), reports = reports + ?7,"
      " stored = max (stored, ?8), stale = max (stale, 1), changes = changes + 1"
      " WHERE id = ?1",
  [SQL_COUNT_CONFERENCE] =
      "UPDATE conferences SET stale = 2,"
      " (participants, present) = (SELECT count(*), count(*) - count(left)"
      "   FROM participants WHERE conference = ?1),"
      " (fabrics, set_up, failed, dropped) = (SELECT count(*), count(set_up),"
      "   count(CASE WHEN set_up IS NULL THEN failed END), count(dropped)"
      "   FROM fabrics WHERE conference = ?1),"
      " (setups, failures) = (" SQLITE_SELECT_SETUPS ("?1") ")"
                                                            " WHERE id = ?1",
  [SQL_SET_SITE] = "UPDATE conferences SET site = coalesce (site, ?2) WHERE id = ?1",
  [SQL_ABSORB_PARTICIPANTS] =
      "INSERT INTO participants"
      " (conference, user, user_name, joined, left, endpoint_info, site)"
      " SELECT ?1, user, user_name, joined, left, endpoint_info, site"
      " FROM participants WHERE conference = ?2"
      " ON CONFLICT DO UPDATE SET user_name = coalesce (excluded.user_name, user_name),"
      " joined = min (coalesce (joined, excluded.joined),"
      "   coalesce (excluded.joined, joined)),"
      /* The one that is taken in is the later one. */
      " left = excluded.left,"
      " endpoint_info = coalesce (excluded.endpoint_info, endpoint_info),"
      " site = coalesce (excluded.site, site)",
  [SQL_ABSORB_FABRICS] = "UPDATE fabrics SET conference = ?1 WHERE conference = ?2",
  [SQL_ABSORB_EVENTS] = "UPDATE events SET conference = ?1 WHERE conference = ?2",
  [SQL_ABSORB_CONFERENCE] =
      "UPDATE conferences SET (start, last_seen, last_heard, stored, first_time,"
      "   last_time, reports, site) = (SELECT min (conferences.start, o.start),"
      "   max (conferences.last_seen, o.last_seen),"
      "   max (conferences.last_heard, o.last_heard),"
      "   max (conferences.stored, o.stored),"
      "   min (conferences.first_time, o.first_time),"
      "   max (conferences.last_time, o.last_time), conferences.reports + o.reports,"
      "   coalesce (conferences.site, o.site)"
      "   FROM conferences o WHERE o.id = ?2), changes = changes + 1 WHERE id = ?1",
  [SQL_DROP_PARTICIPANTS] = "DELETE FROM participants WHERE conference = ?1",
  [SQL_DROP_SUMMARY] = "DELETE FROM summaries WHERE conference = ?1",
  [SQL_DROP_CONFERENCE] = "DELETE FROM conferences WHERE id = ?1",
  [SQL_ADD_MERGE] = "UPDATE merges SET n = n + 1",
  [SQL_COUNT_MERGES] = "SELECT n FROM merges",
  [SQL_ADD_PARTICIPANT] = "INSERT INTO participants (conference, user) VALUES (?1, ?2)"
                          " ON CONFLICT DO NOTHING",
  [SQL_JOIN] = "UPDATE participants SET joined = min (coalesce (joined, ?3), ?3),"
               " left = CASE WHEN left < ?3 THEN NULL ELSE left END,"
               " user_name = coalesce (?4, user_name),"
               " endpoint_info = coalesce (?5, endpoint_info),"
               " site = coalesce (?6, site)"
               " WHERE conference = ?1 AND user = ?2",
  [SQL_STAY] = "UPDATE participants SET left = NULL"
               " WHERE conference = ?1 AND user = ?2 AND left < ?3",
  /* Unless a join that is later was stored before it. */
  [SQL_LEAVE] = "UPDATE participants SET left = max (coalesce (left, ?3), ?3)"
                " WHERE conference = ?1 AND user = ?2 AND NOT EXISTS"
                " (SELECT 1 FROM events WHERE conference = ?1 AND time > ?3 AND user = ?2"
                "   AND name IN ('userJoined', 'userDetails'))",
  [SQL_ADD_FABRIC] = "INSERT INTO fabrics (user, name, conference, remote_user)"
                     " VALUES (?1, ?2, ?3, ?4)",
  [SQL_FIND_FABRIC] = "SELECT f.id, c.id, c.name, c.first_time, c.last_time"
                      " FROM fabrics f JOIN conferences c ON c.id = f.conference"
                      " WHERE f.user = ?1 AND f.name = ?2",
  [SQL_MOVE_FABRIC] = "UPDATE fabrics SET conference = ?2 WHERE id = ?1",
  [SQL_SET_REMOTE_USER] = "UPDATE fabrics SET remote_user = ?2"
                          " WHERE id = ?1 AND remote_user IS NOT ?2",
  [SQL_SET_USAGE] = "UPDATE fabrics SET usage = ?2 WHERE id = ?1",
  [SQL_SET_DELAYS] = "UPDATE fabrics SET setup_delay = coalesce (?2, setup_delay),"
                     " ice_gathering_delay = coalesce (?3, ice_gathering_delay),"
                     " ice_connectivity_delay = coalesce (?4, ice_connectivity_delay)"
                     " WHERE id = ?1",
  [SQL_SET_STATE] = "UPDATE fabrics SET state = ?2, state_time = ?3"
                    " WHERE id = ?1 AND coalesce (state_time, ?3) <= ?3",
  [SQL_GET_MARKS] = "SELECT NULL, added, set_up, failed, dropped, terminated"
                    " FROM fabrics WHERE id = ?1",
  [SQL_MARK_ADDED] = SET_ONCE ("added"),
  [SQL_MARK_SET_UP] = SET_ONCE ("set_up"),
  [SQL_MARK_FAILED] = SET_ONCE ("failed"),
  [SQL_SET_FAILURE_REASON] =
      "UPDATE fabrics SET failure_reason = substr (?2, 1, 256) WHERE id = ?1",
  [SQL_MARK_DROPPED] = SET_ONCE ("dropped"),
  [SQL_MARK_TERMINATED] = SET_ONCE ("terminated"),
  [SQL_COUNT_REPORTS] =
      "UPDATE fabrics SET reports = reports + ?2,"
      " first_report = min (coalesce (first_report, ?3), ?3),"
      " last_report = max (coalesce (last_report, ?4), ?4) WHERE id = ?1",
  [SQL_ADD_EVENT] = "INSERT INTO events (conference, user, fabric, time, name, data)"
                    " VALUES (?1, ?2, nullif (?3, 0), ?4, ?5, ?6)",
  [SQL_ADD_REPORT] = "INSERT INTO reports (fabric, time, stats) VALUES (?1, ?2, ?3)",
  [SQL_ADD_OTHER] = "INSERT INTO others (user, time, stored, record, type, app)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, (SELECT app FROM users WHERE id = ?1))",
};

SqliteRows *
sqlite_rows_new (sqlite3 *db, GError **error)
{
  g_autoptr (SqliteRows) rows = g_new0 (SqliteRows, 1);

  rows->db = db;
  rows->text = g_string_new (NULL);
  rows->sheet = tally_sheet_new ();
  rows->conferences = sqlite_conferences_new ();
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
  sqlite_conferences_free (rows->conferences);
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

/* Others, retention say, may have deleted what clients know. */
static gboolean
look_for_others (SqliteRows *rows, GError **error)
{
  sqlite3_stmt *found = sqlite_find (rows, SQL_GET_DATA_VERSION, "");
  gint64 version;

  if (found == NULL)
    return sqlite_no_row (rows, error);
  version = sqlite3_column_int64 (found, 0);
  sqlite3_reset (found);
  if (version != rows->data_version)
    sqlite_conferences_forget (rows);
  rows->data_version = version;
  return TRUE;
}

gboolean
sqlite_rows_begin (SqliteRows *rows, GError **error)
{
  return sqlite_run (rows, error, SQL_BEGIN, "") && look_for_others (rows, error) &&
         sqlite_conferences_begin (rows, error);
}

gboolean
sqlite_rows_commit (SqliteRows *rows, GError **error)
{
  return sqlite_conferences_settle (rows, error) &&
         sqlite_run (rows, error, SQL_COMMIT, "");
}

void
sqlite_rows_roll_back (SqliteRows *rows)
{
  sqlite_conferences_forget (rows);
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
