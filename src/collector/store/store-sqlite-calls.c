/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All of a call that its summary is made of, but for the reports. Any thread, which takes
 * a connection of its own.
 */
#include "store-sqlite-columns.h"
#include "store-sqlite-summaries.h"

/* What a call may bring along. */
#define MAX_ROWS 100000
#define MAX_BYTES (32 * 1024 * 1024)

static const char call_sql[] =
    "SELECT " SQLITE_CONFERENCE_COLUMNS ", c.changes,"
    " EXISTS (SELECT 1 FROM fabrics f WHERE f.conference = c.id AND f.expired > 0)"
    " FROM conferences c WHERE c.id = ?1";

static const char participants_sql[] =
    "SELECT u.name, p.joined, p.left FROM participants p JOIN users u ON u.id = p.user"
    " WHERE p.conference = ?1 ORDER BY p.joined, u.name LIMIT ?2";

static const char fabrics_sql[] =
    "SELECT " SQLITE_FABRIC_COLUMNS " FROM fabrics f JOIN users u ON u.id = f.user"
    " WHERE f.conference = ?1 ORDER BY f.added, f.id LIMIT ?2";

static const char events_sql[] =
    "SELECT e.time, u.name, f.name, e.name, e.data"
    " FROM events e JOIN users u ON u.id = e.user LEFT JOIN fabrics f ON f.id = e.fabric"
    " WHERE e.conference = ?1 AND e.name IN ('fabricSetup', 'fabricSetupFailed',"
    "   'iceFailed', 'iceAborted', 'iceDisruptionStart', 'iceDisruptionEnd',"
    "   'fabricDropped', 'fabricHold', 'fabricResume', 'fabricTerminated',"
    "   'oneWayMediaStart', 'userFeedback', 'userJoined', 'userLeft')"
    " ORDER BY e.time, e.id LIMIT ?2";

static StoreConference *
find_call (sqlite3 *db, gint64 id, gint64 *changes, gboolean *expired, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, call_sql, error);

  if (rows == NULL)
    return NULL;
  sqlite3_bind_int64 (rows, 1, id);
  if (!sqlite_next (rows, error))
    return NULL;
  *changes = sqlite3_column_int64 (rows, SQLITE_CONFERENCE_N_COLUMNS);
  *expired = sqlite3_column_int (rows, SQLITE_CONFERENCE_N_COLUMNS + 1) != 0;
  return sqlite_get_conference (rows);
}

static void
add_participant (StoreDetail *call, sqlite3_stmt *row)
{
  StoreParticipant *participant = g_new0 (StoreParticipant, 1);

  participant->user = sqlite_get_text (row, 0);
  participant->joined = sqlite_get_time (row, 1);
  participant->left = sqlite_get_time (row, 2);
  g_ptr_array_add (call->participants, participant);
}

static void
add_fabric (StoreDetail *call, sqlite3_stmt *row)
{
  g_ptr_array_add (call->fabrics, sqlite_get_fabric (row));
}

static void
add_event (StoreDetail *call, sqlite3_stmt *row)
{
  StoreEvent *event = g_new0 (StoreEvent, 1);

  event->time = sqlite_get_time (row, 0);
  event->user = sqlite_get_text (row, 1);
  event->fabric = sqlite_get_text (row, 2);
  event->name = sqlite_get_text (row, 3);
  event->data = sqlite_get_text (row, 4);
  g_ptr_array_add (call->events, event);
}

static gboolean
read_rows (sqlite3 *db, const char *sql, StoreDetail *call,
    void (*add) (StoreDetail *, sqlite3_stmt *), GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, sql, error);
  GError *failure = NULL;
  gsize bytes = 0;
  guint n = 0;

  if (rows == NULL)
    return FALSE;
  sqlite3_bind_int64 (rows, 1, call->conference->id);
  sqlite3_bind_int (rows, 2, MAX_ROWS);
  for (; bytes < MAX_BYTES && sqlite_next (rows, &failure); n++) {
    add (call, rows);
    for (int i = 0; i < sqlite3_column_count (rows); i++)
      bytes += sqlite3_column_bytes (rows, i);
  }
  call->truncated |= bytes >= MAX_BYTES || n == MAX_ROWS;
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

/* One transaction, so that all of it is of one moment. */
static StoreDetail *
read_call (sqlite3 *db, gint64 id, gint64 *changes, gboolean *expired, GError **error)
{
  g_autoptr (StoreDetail) call = store_detail_new ();
  gboolean complete;

  sqlite3_exec (db, "BEGIN", NULL, NULL, NULL);
  call->conference = find_call (db, id, changes, expired, error);
  complete = call->conference != NULL &&
             read_rows (db, participants_sql, call, add_participant, error) &&
             read_rows (db, fabrics_sql, call, add_fabric, error) &&
             read_rows (db, events_sql, call, add_event, error);
  sqlite3_exec (db, "COMMIT", NULL, NULL, NULL);
  return complete ? g_steal_pointer (&call) : NULL;
}

StoreDetail *
sqlite_read_call (
    Store *store, gint64 id, gint64 *changes, gboolean *expired, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  StoreDetail *call;

  if (db == NULL)
    return NULL;
  call = read_call (db, id, changes, expired, error);
  sqlite_store_give_reader_back (store, db);
  return call;
}
