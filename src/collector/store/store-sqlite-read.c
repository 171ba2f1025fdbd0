/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The queries. Any thread, which takes a connection of its own for each.
 */
#include "store-sqlite-columns.h"

/* What a conference may bring along, so that one with a flood of events stays readable.
 */
#define MAX_EVENTS 10000
#define MAX_EVENT_BYTES (4 * 1024 * 1024)
#define MAX_ROWS 10000

/* The latest of that name, or the one with that id. */
static const char conference_sql[] =
    "SELECT " SQLITE_CONFERENCE_COLUMNS " FROM conferences c"
    " WHERE app = (SELECT id FROM apps WHERE name = ?1) AND name = ?2"
    " AND (?3 = 0 OR id = ?3) ORDER BY first_time DESC LIMIT 1";

static const char participants_sql[] =
    "SELECT u.name, coalesce (p.user_name, u.display_name), p.joined, p.left,"
    " p.endpoint_info"
    " FROM participants p JOIN users u ON u.id = p.user"
    " WHERE p.conference = ?1 ORDER BY p.joined, u.name LIMIT ?2";

static const char fabrics_sql[] =
    "SELECT " SQLITE_FABRIC_COLUMNS " FROM fabrics f JOIN users u ON u.id = f.user"
    " WHERE f.conference = ?1 ORDER BY f.added, f.id LIMIT ?2";

static const char events_sql[] =
    "SELECT e.time, u.name, f.name, e.name, e.data"
    " FROM events e JOIN users u ON u.id = e.user LEFT JOIN fabrics f ON f.id = e.fabric"
    " WHERE e.conference = ?1 ORDER BY e.time, e.id LIMIT ?2";

/* Ids rise with each commit, of whatever process. */
static const char last_event_sql[] =
    "SELECT coalesce (max(id), 0) FROM events WHERE conference = ?1";

static const char fabric_key_sql[] =
    "SELECT f.id, f.name, u.name, c.name"
    " FROM fabrics f JOIN users u ON u.id = f.user JOIN conferences c ON c.id = "
    "f.conference"
    " WHERE f.name = ?2 AND u.app = (SELECT id FROM apps WHERE name = ?1)"
    " ORDER BY f.id DESC LIMIT 1";

static StoreConference *
find_conference (
    sqlite3 *db, const char *app, const char *name, gint64 occurrence, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, conference_sql, error);

  if (rows == NULL)
    return NULL;
  sqlite3_bind_text (rows, 1, app, -1, SQLITE_STATIC);
  sqlite3_bind_text (rows, 2, name, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (rows, 3, occurrence);
  return sqlite_next (rows, error) ? sqlite_get_conference (rows) : NULL;
}

static void
add_participant (StoreDetail *detail, sqlite3_stmt *row)
{
  StoreParticipant *participant = g_new0 (StoreParticipant, 1);

  participant->user = sqlite_get_text (row, 0);
  participant->user_name = sqlite_get_text (row, 1);
  participant->joined = sqlite_get_time (row, 2);
  participant->left = sqlite_get_time (row, 3);
  participant->endpoint_info = sqlite_get_text (row, 4);
  g_ptr_array_add (detail->participants, participant);
}

static void
add_fabric (StoreDetail *detail, sqlite3_stmt *row)
{
  g_ptr_array_add (detail->fabrics, sqlite_get_fabric (row));
}

static void
add_event (StoreDetail *detail, sqlite3_stmt *row)
{
  StoreEvent *event = g_new0 (StoreEvent, 1);

  event->time = sqlite_get_time (row, 0);
  event->user = sqlite_get_text (row, 1);
  event->fabric = sqlite_get_text (row, 2);
  event->name = sqlite_get_text (row, 3);
  event->data = sqlite_get_text (row, 4);
  g_ptr_array_add (detail->events, event);
}

/* Returns: whether all rows are through: not past max_bytes, no error. */
static gboolean
read_rows (sqlite3 *db, const char *sql, StoreDetail *detail, int limit,
    void (*add) (StoreDetail *, sqlite3_stmt *), GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, sql, error);
  GError *failure = NULL;
  gsize bytes = 0;

  if (rows == NULL)
    return FALSE;
  sqlite3_bind_int64 (rows, 1, detail->conference->id);
  sqlite3_bind_int (rows, 2, limit);
  while (bytes < MAX_EVENT_BYTES && sqlite_next (rows, &failure)) {
    add (detail, rows);
    for (int i = 0; i < sqlite3_column_count (rows); i++)
      bytes += sqlite3_column_bytes (rows, i);
  }
  detail->truncated = detail->truncated || bytes >= MAX_EVENT_BYTES;
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static gboolean
read_last_event (sqlite3 *db, StoreDetail *detail, GError **error)
{
  g_autoptr (sqlite3_stmt) row = sqlite_prepare (db, last_event_sql, error);

  if (row == NULL)
    return FALSE;
  sqlite3_bind_int64 (row, 1, detail->conference->id);
  if (!sqlite_next (row, error))
    return FALSE;
  detail->last_event = sqlite3_column_int64 (row, 0);
  return TRUE;
}

static gboolean
read_detail (sqlite3 *db, StoreDetail *detail, gboolean events, GError **error)
{
  if (!read_rows (db, participants_sql, detail, MAX_ROWS, add_participant, error) ||
      !read_rows (db, fabrics_sql, detail, MAX_ROWS, add_fabric, error) ||
      (events && !read_rows (db, events_sql, detail, MAX_EVENTS, add_event, error)) ||
      !read_last_event (db, detail, error))
    return FALSE;
  detail->truncated = detail->truncated || detail->participants->len == MAX_ROWS ||
                      detail->fabrics->len == MAX_ROWS ||
                      detail->events->len == MAX_EVENTS;
  return TRUE;
}

/* One transaction, so that the lists fit together. */
static StoreDetail *
read_conference (
    sqlite3 *db, const StoreConferenceId *conference, gboolean events, GError **error)
{
  g_autoptr (StoreDetail) detail = store_detail_new ();
  gboolean complete;

  sqlite3_exec (db, "BEGIN", NULL, NULL, NULL);
  detail->conference = find_conference (
      db, conference->app, conference->conference, conference->occurrence, error);
  complete = detail->conference != NULL && read_detail (db, detail, events, error);
  sqlite3_exec (db, "COMMIT", NULL, NULL, NULL);
  return complete ? g_steal_pointer (&detail) : NULL;
}

static StoreFabricKey *
find_fabric (sqlite3 *db, const char *app, const char *fabric, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, fabric_key_sql, error);
  StoreFabricKey *key;

  if (rows == NULL)
    return NULL;
  sqlite3_bind_text (rows, 1, app, -1, SQLITE_STATIC);
  sqlite3_bind_text (rows, 2, fabric, -1, SQLITE_STATIC);
  if (!sqlite_next (rows, error))
    return NULL;
  key = g_new0 (StoreFabricKey, 1);
  key->id = sqlite3_column_int64 (rows, 0);
  key->fabric = sqlite_get_text (rows, 1);
  key->user = sqlite_get_text (rows, 2);
  key->conference = sqlite_get_text (rows, 3);
  return key;
}

/* ---- With a connection ---- */

StoreDetail *
sqlite_read_conference (
    Store *store, const StoreConferenceId *conference, gboolean events, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  StoreDetail *detail;

  if (db == NULL)
    return NULL;
  detail = read_conference (db, conference, events, error);
  sqlite_store_give_reader_back (store, db);
  return detail;
}

StoreFabricKey *
sqlite_find_fabric (Store *store, const char *app, const char *fabric, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  StoreFabricKey *key;

  if (db == NULL)
    return NULL;
  key = find_fabric (db, app, fabric, error);
  sqlite_store_give_reader_back (store, db);
  return key;
}
