/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The queries. Any thread, which takes a connection of its own for each.
 */
#include "store-sqlite-private.h"

#include <math.h>

/* What a conference may bring along, so that one with a flood of events stays readable.
 */
#define MAX_EVENTS 10000
#define MAX_EVENT_BYTES (4 * 1024 * 1024)
#define MAX_ROWS 10000

#define CONFERENCE_COLUMNS \
  "id, name, start, last_seen, last_heard, participants, present, fabrics, set_up," \
  " failed, dropped, reports, ended, setup_delay, score, site"

static const char list_sql[] =
    "SELECT " CONFERENCE_COLUMNS " FROM conferences"
    " WHERE app = (SELECT id FROM apps WHERE name = ?1) AND (start, id) < (?2, ?3)"
    " ORDER BY start DESC, id DESC LIMIT ?4";

/* The latest of that name, or the one with that id. */
static const char conference_sql[] =
    "SELECT " CONFERENCE_COLUMNS " FROM conferences"
    " WHERE app = (SELECT id FROM apps WHERE name = ?1) AND name = ?2"
    " AND (?3 = 0 OR id = ?3) ORDER BY first_time DESC LIMIT 1";

static const char participants_sql[] =
    "SELECT u.name, coalesce (p.user_name, u.display_name), p.joined, p.left,"
    " p.endpoint_info"
    " FROM participants p JOIN users u ON u.id = p.user"
    " WHERE p.conference = ?1 ORDER BY p.joined, u.name LIMIT ?2";

static const char fabrics_sql[] =
    "SELECT f.name, u.name, f.remote_user, f.usage, f.state, f.setup_delay,"
    " f.ice_gathering_delay, f.ice_connectivity_delay, f.added, f.failed, f.dropped,"
    " f.terminated, f.reports, f.first_report, f.last_report"
    " FROM fabrics f JOIN users u ON u.id = f.user"
    " WHERE f.conference = ?1 ORDER BY f.added, f.id LIMIT ?2";

static const char events_sql[] =
    "SELECT e.time, u.name, f.name, e.name, e.data"
    " FROM events e JOIN users u ON u.id = e.user LEFT JOIN fabrics f ON f.id = e.fabric"
    " WHERE e.conference = ?1 ORDER BY e.time, e.id LIMIT ?2";

static const char fabric_key_sql[] =
    "SELECT f.id, f.name, u.name, c.name"
    " FROM fabrics f JOIN users u ON u.id = f.user JOIN conferences c ON c.id = "
    "f.conference"
    " WHERE f.name = ?2 AND u.app = (SELECT id FROM apps WHERE name = ?1)"
    " ORDER BY f.id DESC LIMIT 1";

static const char reports_sql[] =
    "SELECT time, id, stats FROM reports"
    " WHERE fabric = ?1 AND (time, id) > (?2, ?3) AND time < ?4"
    " ORDER BY time, id LIMIT ?5";

static sqlite3_stmt *
prepare (sqlite3 *db, const char *sql, GError **error)
{
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK)
    sqlite_set_error (db, "The database cannot be read", error);
  return statement;
}

/* Steps to the next row. Returns: FALSE at the end, and with an error. */
static gboolean
next (sqlite3_stmt *statement, GError **error)
{
  int status = sqlite3_step (statement);

  if (status != SQLITE_ROW && status != SQLITE_DONE)
    sqlite_set_error (
        sqlite3_db_handle (statement), "The database cannot be read", error);
  return status == SQLITE_ROW;
}

static char *
get_text (sqlite3_stmt *statement, int column)
{
  return g_strdup ((const char *)sqlite3_column_text (statement, column));
}

static gint64
get_time (sqlite3_stmt *statement, int column)
{
  return sqlite3_column_type (statement, column) == SQLITE_NULL
             ? STORE_UNKNOWN_TIME
             : sqlite3_column_int64 (statement, column);
}

static double
get_delay (sqlite3_stmt *statement, int column)
{
  return sqlite3_column_type (statement, column) == SQLITE_NULL
             ? NAN
             : sqlite3_column_double (statement, column);
}

static StoreConference *
get_conference (sqlite3_stmt *row)
{
  StoreConference *conference = g_new0 (StoreConference, 1);

  conference->id = sqlite3_column_int64 (row, 0);
  conference->conference = get_text (row, 1);
  conference->start = sqlite3_column_int64 (row, 2);
  conference->last_seen = sqlite3_column_int64 (row, 3);
  conference->last_heard = sqlite3_column_int64 (row, 4);
  conference->participants = sqlite3_column_int (row, 5);
  conference->present = sqlite3_column_int (row, 6);
  conference->fabrics = sqlite3_column_int (row, 7);
  conference->set_up = sqlite3_column_int (row, 8);
  conference->failed = sqlite3_column_int (row, 9);
  conference->dropped = sqlite3_column_int (row, 10);
  conference->reports = sqlite3_column_int64 (row, 11);
  conference->ended = get_time (row, 12);
  conference->setup_delay = get_delay (row, 13);
  conference->score = get_delay (row, 14);
  conference->site = get_text (row, 15);
  return conference;
}

static GPtrArray *
list_conferences (
    sqlite3 *db, const char *app, const StoreCursor *before, guint limit, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = prepare (db, list_sql, error);
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify)store_conference_free);
  GError *failure = NULL;

  if (rows == NULL)
    return NULL;
  sqlite3_bind_text (rows, 1, app, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (rows, 2, before != NULL ? before->time : G_MAXINT64);
  sqlite3_bind_int64 (rows, 3, before != NULL ? before->id : G_MAXINT64);
  sqlite3_bind_int (rows, 4, limit);
  while (next (rows, &failure))
    g_ptr_array_add (list, get_conference (rows));
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return NULL;
  }
  return g_steal_pointer (&list);
}

static StoreConference *
find_conference (
    sqlite3 *db, const char *app, const char *name, gint64 occurrence, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = prepare (db, conference_sql, error);

  if (rows == NULL)
    return NULL;
  sqlite3_bind_text (rows, 1, app, -1, SQLITE_STATIC);
  sqlite3_bind_text (rows, 2, name, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (rows, 3, occurrence);
  return next (rows, error) ? get_conference (rows) : NULL;
}

static void
add_participant (StoreDetail *detail, sqlite3_stmt *row)
{
  StoreParticipant *participant = g_new0 (StoreParticipant, 1);

  participant->user = get_text (row, 0);
  participant->user_name = get_text (row, 1);
  participant->joined = get_time (row, 2);
  participant->left = get_time (row, 3);
  participant->endpoint_info = get_text (row, 4);
  g_ptr_array_add (detail->participants, participant);
}

static void
add_fabric (StoreDetail *detail, sqlite3_stmt *row)
{
  StoreFabric *fabric = g_new0 (StoreFabric, 1);

  fabric->fabric = get_text (row, 0);
  fabric->user = get_text (row, 1);
  fabric->remote_user = get_text (row, 2);
  fabric->usage = get_text (row, 3);
  fabric->state = get_text (row, 4);
  fabric->setup_delay = get_delay (row, 5);
  fabric->ice_gathering_delay = get_delay (row, 6);
  fabric->ice_connectivity_delay = get_delay (row, 7);
  fabric->added = get_time (row, 8);
  fabric->failed = get_time (row, 9);
  fabric->dropped = get_time (row, 10);
  fabric->terminated = get_time (row, 11);
  fabric->reports = sqlite3_column_int64 (row, 12);
  fabric->first_report = get_time (row, 13);
  fabric->last_report = get_time (row, 14);
  g_ptr_array_add (detail->fabrics, fabric);
}

static void
add_event (StoreDetail *detail, sqlite3_stmt *row)
{
  StoreEvent *event = g_new0 (StoreEvent, 1);

  event->time = get_time (row, 0);
  event->user = get_text (row, 1);
  event->fabric = get_text (row, 2);
  event->name = get_text (row, 3);
  event->data = get_text (row, 4);
  g_ptr_array_add (detail->events, event);
}

/* Returns: whether all rows are through: not past max_bytes, no error. */
static gboolean
read_rows (sqlite3 *db, const char *sql, StoreDetail *detail, int limit,
    void (*add) (StoreDetail *, sqlite3_stmt *), GError **error)
{
  g_autoptr (sqlite3_stmt) rows = prepare (db, sql, error);
  GError *failure = NULL;
  gsize bytes = 0;

  if (rows == NULL)
    return FALSE;
  sqlite3_bind_int64 (rows, 1, detail->conference->id);
  sqlite3_bind_int (rows, 2, limit);
  while (bytes < MAX_EVENT_BYTES && next (rows, &failure)) {
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
read_detail (sqlite3 *db, StoreDetail *detail, GError **error)
{
  if (!read_rows (db, participants_sql, detail, MAX_ROWS, add_participant, error) ||
      !read_rows (db, fabrics_sql, detail, MAX_ROWS, add_fabric, error) ||
      !read_rows (db, events_sql, detail, MAX_EVENTS, add_event, error))
    return FALSE;
  detail->truncated = detail->truncated || detail->participants->len == MAX_ROWS ||
                      detail->fabrics->len == MAX_ROWS ||
                      detail->events->len == MAX_EVENTS;
  return TRUE;
}

/* One transaction, so that the lists fit together. */
static StoreDetail *
read_conference (sqlite3 *db, const char *app, const char *conference, gint64 occurrence,
    GError **error)
{
  g_autoptr (StoreDetail) detail = store_detail_new ();
  gboolean complete;

  sqlite3_exec (db, "BEGIN", NULL, NULL, NULL);
  detail->conference = find_conference (db, app, conference, occurrence, error);
  complete = detail->conference != NULL && read_detail (db, detail, error);
  sqlite3_exec (db, "COMMIT", NULL, NULL, NULL);
  return complete ? g_steal_pointer (&detail) : NULL;
}

static StoreFabricKey *
find_fabric (sqlite3 *db, const char *app, const char *fabric, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = prepare (db, fabric_key_sql, error);
  StoreFabricKey *key;

  if (rows == NULL)
    return NULL;
  sqlite3_bind_text (rows, 1, app, -1, SQLITE_STATIC);
  sqlite3_bind_text (rows, 2, fabric, -1, SQLITE_STATIC);
  if (!next (rows, error))
    return NULL;
  key = g_new0 (StoreFabricKey, 1);
  key->id = sqlite3_column_int64 (rows, 0);
  key->fabric = get_text (rows, 1);
  key->user = get_text (rows, 2);
  key->conference = get_text (rows, 3);
  return key;
}

static int
read_reports (sqlite3 *db, const StoreFabricKey *fabric, StoreCursor *cursor, gint64 to,
    guint max_reports, gsize max_bytes, StoreReportFunc func, gpointer data,
    gboolean *more, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = prepare (db, reports_sql, error);
  GError *failure = NULL;
  gsize bytes = 0;
  int n = 0;

  if (rows == NULL)
    return -1;
  sqlite3_bind_int64 (rows, 1, fabric->id);
  sqlite3_bind_int64 (rows, 2, cursor->time);
  sqlite3_bind_int64 (rows, 3, cursor->id);
  sqlite3_bind_int64 (rows, 4, to);
  sqlite3_bind_int64 (rows, 5, (gint64)max_reports + 1);
  *more = FALSE;
  while (next (rows, &failure)) {
    gsize length = sqlite3_column_bytes (rows, 2);

    if ((guint)n == max_reports || bytes >= max_bytes) {
      *more = TRUE;
      break;
    }
    cursor->time = sqlite3_column_int64 (rows, 0);
    cursor->id = sqlite3_column_int64 (rows, 1);
    func (cursor->time, (const char *)sqlite3_column_text (rows, 2), length, data);
    bytes += length;
    n++;
  }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL ? n : -1;
}

/* ---- With a connection ---- */

GPtrArray *
sqlite_list_conferences (
    Store *store, const char *app, const StoreCursor *before, guint limit, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  GPtrArray *list;

  if (db == NULL)
    return NULL;
  list = list_conferences (db, app, before, limit, error);
  sqlite_store_give_reader_back (store, db);
  return list;
}

StoreDetail *
sqlite_read_conference (Store *store, const char *app, const char *conference,
    gint64 occurrence, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  StoreDetail *detail;

  if (db == NULL)
    return NULL;
  detail = read_conference (db, app, conference, occurrence, error);
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

int
sqlite_read_reports (Store *store, const StoreFabricKey *fabric, StoreCursor *cursor,
    gint64 to, guint max_reports, gsize max_bytes, StoreReportFunc func, gpointer data,
    gboolean *more, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  int n;

  if (db == NULL)
    return -1;
  n = read_reports (
      db, fabric, cursor, to, max_reports, max_bytes, func, data, more, error);
  sqlite_store_give_reader_back (store, db);
  return n;
}
