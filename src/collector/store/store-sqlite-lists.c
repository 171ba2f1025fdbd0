/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lists of users, events, fabrics and other records, and a fabric alone. Any thread,
 * which takes a connection of its own for each.
 */
#include "store-sqlite-columns.h"

#include "store-sqlite-filters.h"
#include "store-sqlite-lists.h"

#define APP "(SELECT id FROM apps WHERE name = ?1)"
/* The call with that id, or the latest of that name. */
#define CONFERENCE \
  "(SELECT id FROM conferences WHERE app = " APP \
  "   AND name = ?2 AND (?3 = 0 OR id = ?3) ORDER BY first_time DESC LIMIT 1)"

/* Users ?2 to ?3 by their ids, behind ?4. */
#define USERS(from_where) \
  "SELECT * FROM (SELECT u.id, u.name FROM users u WHERE " from_where \
  " AND u.name > ?4 AND EXISTS (SELECT 1 FROM participants p WHERE p.user = u.id)" \
  " ORDER BY u.name LIMIT ?5)"
#define BY_ID "u.app = " APP " AND u.name >= ?2 AND u.name < ?3"
#define NAMES \
  "SELECT n.user FROM user_names n WHERE n.app = " APP " AND n.name >= ?2 AND n.name < " \
                                                       "?3"
#define USER_ROWS(users) \
  "SELECT u.name, u.display_name," \
  " (SELECT count(*) FROM participants p WHERE p.user = u.id)," \
  " (SELECT max(c.last_seen) FROM participants p" \
  "   JOIN conferences c ON c.id = p.conference WHERE p.user = u.id)" \
  " FROM (" users ") found JOIN users u ON u.id = found.id ORDER BY u.name LIMIT ?5"

static const char users_sql[] = USER_ROWS (USERS (BY_ID));
static const char named_users_sql[] =
    USER_ROWS (USERS (BY_ID) " UNION " USERS ("u.id IN (" NAMES ")"));
/* The same for a name that many have: who has it is seen as they come. */
static const char many_named_users_sql[] = USER_ROWS (USERS (BY_ID) " UNION " USERS (
    "u.app = " APP " AND EXISTS (SELECT 1 FROM user_names n WHERE n.user = u.id"
    "   AND n.name >= ?2 AND n.name < ?3)"));
static const char many_sql[] = "SELECT count(*) FROM (" NAMES " LIMIT ?4)";
#define MANY 10000 /* names: sorted in some 20 ms */

#define EVENTS \
  "SELECT e.time, u.name, f.name, e.name, e.data, e.id, f.remote_user" \
  " FROM events e JOIN users u ON u.id = e.user LEFT JOIN fabrics f ON f.id = e.fabric" \
  " WHERE e.conference = " CONFERENCE " AND (?4 IS NULL OR f.name = ?4)" \
  " AND (?5 IS NULL OR u.name = ?5) AND (?6 IS NULL OR e.name = ?6)" \
  " AND e.time >= ?7 AND e.time < ?8"

static const char events_sql[] =
    EVENTS " AND (e.time, e.id) > (?9, ?10) ORDER BY e.time, e.id LIMIT ?11";

/* Ids rise with each commit, of whatever process. */
static const char arrivals_sql[] = EVENTS " AND e.id > ?10 ORDER BY e.id LIMIT ?11";

#define OTHER_COLUMNS "o.id, o.time, u.name, o.type, o.record"

/* What a gap record tells lies before its time. */
static const char others_sql[] =
    "SELECT " OTHER_COLUMNS " FROM conferences c"
    " JOIN participants p ON p.conference = c.id JOIN users u ON u.id = p.user"
    " JOIN others o ON o.user = u.id AND o.time BETWEEN c.start AND c.last_seen + "
    "3600000000"
    " WHERE c.id = " CONFERENCE " AND o.id > ?4"
    " AND coalesce (json_extract (o.record, '$.conference'), c.name) = c.name"
    " ORDER BY o.id LIMIT ?5";

/* ?5: the last time of those that the cursor leaves. Each has an index in this order. */
#define OTHERS \
  "SELECT " OTHER_COLUMNS " FROM others o CROSS JOIN users u ON u.id = o.user" \
  " WHERE o.time BETWEEN ?4 AND ?5 AND (o.time, o.id) < (?6, ?7)"
#define NEWEST_FIRST " ORDER BY o.time DESC, o.id DESC LIMIT ?8"
#define OF_USER " AND o.user = (SELECT id FROM users WHERE app = " APP " AND name = ?3)"

static const char others_of_app_sql[] = OTHERS " AND o.app = " APP NEWEST_FIRST;
static const char others_of_type_sql[] =
    OTHERS " AND o.app = " APP " AND o.type = ?2" NEWEST_FIRST;
static const char others_of_user_sql[] =
    OTHERS OF_USER " AND (?2 IS NULL OR o.type = ?2)" NEWEST_FIRST;

static const char fabrics_sql[] =
    "SELECT " SQLITE_FABRIC_COLUMNS " FROM fabrics f JOIN users u ON u.id = f.user"
    " WHERE f.conference = " CONFERENCE " AND f.id > ?4 ORDER BY f.id LIMIT ?5";

static const char fabric_sql[] =
    "SELECT " SQLITE_FABRIC_COLUMNS ", c.name, c.id, o.name, v.name"
    " FROM fabrics f JOIN users u ON u.id = f.user"
    " JOIN conferences c ON c.id = f.conference"
    " LEFT JOIN fabrics o ON o.id = f.paired LEFT JOIN users v ON v.id = o.user"
    " WHERE f.name = ?2 AND u.app = " APP " ORDER BY f.id DESC LIMIT 1";

/* +: by version; most are of the application. */
static const char changed_sql[] =
    "SELECT " SQLITE_CONFERENCE_COLUMNS ", c.version FROM conferences c"
    " WHERE c.version > ?2 AND +c.app = " APP " ORDER BY c.version LIMIT ?3";

static const char conference_exists_sql[] = "SELECT " CONFERENCE;

typedef void (*AddRow) (GPtrArray *list, sqlite3_stmt *row);

static gboolean
read_rows (sqlite3_stmt *rows, GPtrArray *list, gsize max_bytes, AddRow add,
    gboolean *more, GError **error)
{
  GError *failure = NULL;
  gsize bytes = 0;

  while (bytes < max_bytes && sqlite_next (rows, &failure)) {
    add (list, rows);
    for (int i = 0; i < sqlite3_column_count (rows); i++)
      bytes += sqlite3_column_bytes (rows, i);
  }
  *more = *more || bytes >= max_bytes;
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static void
bind_text (sqlite3_stmt *rows, int index, const char *text)
{
  sqlite3_bind_text (rows, index, text, -1, SQLITE_STATIC);
}

static void
bind_conference (sqlite3_stmt *rows, const StoreConferenceId *conference)
{
  bind_text (rows, 1, conference->app);
  bind_text (rows, 2, conference->conference);
  sqlite3_bind_int64 (rows, 3, conference->occurrence);
}

/* ---- Users ---- */

static void
add_user (GPtrArray *list, sqlite3_stmt *row)
{
  StoreUser *user = g_new0 (StoreUser, 1);

  user->user = sqlite_get_text (row, 0);
  user->user_name = sqlite_get_text (row, 1);
  user->conferences = sqlite3_column_int (row, 2);
  user->last_seen = sqlite3_column_int64 (row, 3);
  g_ptr_array_add (list, user);
}

static void
bind_prefix (sqlite3_stmt *rows, const char *app, const char *prefix)
{
  g_autofree char *behind = sqlite_end_of_prefix (prefix);

  bind_text (rows, 1, app);
  bind_text (rows, 2, prefix);
  sqlite3_bind_text (rows, 3, behind, -1, SQLITE_TRANSIENT);
}

/* Returns: (nullable): NULL with an error. */
static const char *
choose_users_sql (sqlite3 *db, const char *app, const char *prefix, GError **error)
{
  g_autoptr (sqlite3_stmt) row = NULL;

  if (*prefix == '\0')
    return users_sql;
  row = sqlite_prepare (db, many_sql, error);
  if (row == NULL)
    return NULL;
  bind_prefix (row, app, prefix);
  sqlite3_bind_int (row, 4, MANY);
  if (!sqlite_next (row, error))
    return NULL;
  return sqlite3_column_int (row, 0) < MANY ? named_users_sql : many_named_users_sql;
}

static GPtrArray *
list_users (sqlite3 *db, const char *app, const char *prefix, const char *after,
    guint limit, GError **error)
{
  const char *sql = choose_users_sql (db, app, prefix, error);
  g_autoptr (sqlite3_stmt) rows = sql != NULL ? sqlite_prepare (db, sql, error) : NULL;
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify)store_user_free);
  gboolean more = FALSE;

  if (rows == NULL)
    return NULL;
  bind_prefix (rows, app, prefix);
  bind_text (rows, 4, after);
  sqlite3_bind_int (rows, 5, limit);
  return read_rows (rows, list, G_MAXSIZE, add_user, &more, error)
             ? g_steal_pointer (&list)
             : NULL;
}

GPtrArray *
sqlite_list_users (Store *store, const char *app, const char *prefix, const char *after,
    guint limit, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  GPtrArray *list;

  if (db == NULL)
    return NULL;
  list = list_users (db, app, prefix, after, limit, error);
  sqlite_store_give_reader_back (store, db);
  return list;
}

/* ---- Events ---- */

/* Returns: (nullable): NULL with an error, or where there is no such conference. */
static GPtrArray *
list_if_there (sqlite3 *db, const StoreConferenceId *conference, GDestroyNotify free_row,
    GError **error)
{
  g_autoptr (sqlite3_stmt) row = sqlite_prepare (db, conference_exists_sql, error);

  if (row == NULL)
    return NULL;
  bind_conference (row, conference);
  if (!sqlite_next (row, error) || sqlite3_column_type (row, 0) == SQLITE_NULL)
    return NULL;
  return g_ptr_array_new_with_free_func (free_row);
}

static void
add_event (GPtrArray *list, sqlite3_stmt *row)
{
  StoreEvent *event = g_new0 (StoreEvent, 1);

  event->time = sqlite3_column_int64 (row, 0);
  event->user = sqlite_get_text (row, 1);
  event->fabric = sqlite_get_text (row, 2);
  event->name = sqlite_get_text (row, 3);
  event->data = sqlite_get_text (row, 4);
  event->id = sqlite3_column_int64 (row, 5);
  event->remote_user = sqlite_get_text (row, 6);
  g_ptr_array_add (list, event);
}

static void
bind_events (sqlite3_stmt *rows, const StoreEventSearch *search)
{
  bind_conference (rows, &search->conference);
  bind_text (rows, 4, search->fabric);
  bind_text (rows, 5, search->user);
  bind_text (rows, 6, search->name);
  sqlite3_bind_int64 (rows, 7, search->from);
  sqlite3_bind_int64 (rows, 8, search->to);
  sqlite3_bind_int64 (rows, 9, search->after.time);
  sqlite3_bind_int64 (rows, 10, search->after.id);
  sqlite3_bind_int64 (rows, 11, (gint64)search->limit + 1);
}

static GPtrArray *
list_events (sqlite3 *db, const StoreEventSearch *search, gboolean *more, GError **error)
{
  g_autoptr (GPtrArray) list =
      list_if_there (db, &search->conference, (GDestroyNotify)store_event_free, error);
  g_autoptr (sqlite3_stmt) rows =
      list != NULL
          ? sqlite_prepare (db, search->by_arrival ? arrivals_sql : events_sql, error)
          : NULL;

  *more = FALSE;
  if (rows == NULL)
    return NULL;
  bind_events (rows, search);
  if (!read_rows (rows, list, search->max_bytes, add_event, more, error))
    return NULL;
  if (list->len > search->limit) {
    g_ptr_array_set_size (list, search->limit);
    *more = TRUE;
  }
  return g_steal_pointer (&list);
}

GPtrArray *
sqlite_list_events (
    Store *store, const StoreEventSearch *search, gboolean *more, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  GPtrArray *list;

  if (db == NULL)
    return NULL;
  list = list_events (db, search, more, error);
  sqlite_store_give_reader_back (store, db);
  return list;
}

/* ---- Fabrics ---- */

static void
add_fabric (GPtrArray *list, sqlite3_stmt *row)
{
  g_ptr_array_add (list, sqlite_get_fabric (row));
}

static GPtrArray *
list_fabrics (sqlite3 *db, const StoreConferenceId *conference, gint64 after, guint limit,
    GError **error)
{
  g_autoptr (GPtrArray) list =
      list_if_there (db, conference, (GDestroyNotify)store_fabric_free, error);
  g_autoptr (sqlite3_stmt) rows =
      list != NULL ? sqlite_prepare (db, fabrics_sql, error) : NULL;
  gboolean more = FALSE;

  if (rows == NULL)
    return NULL;
  bind_conference (rows, conference);
  sqlite3_bind_int64 (rows, 4, after);
  sqlite3_bind_int (rows, 5, limit);
  return read_rows (rows, list, G_MAXSIZE, add_fabric, &more, error)
             ? g_steal_pointer (&list)
             : NULL;
}

GPtrArray *
sqlite_list_fabrics (Store *store, const StoreConferenceId *conference, gint64 after,
    guint limit, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  GPtrArray *list;

  if (db == NULL)
    return NULL;
  list = list_fabrics (db, conference, after, limit, error);
  sqlite_store_give_reader_back (store, db);
  return list;
}

/* ---- Other records ---- */

static void
add_other (GPtrArray *list, sqlite3_stmt *row)
{
  StoreOther *other = g_new0 (StoreOther, 1);

  other->id = sqlite3_column_int64 (row, 0);
  other->time = sqlite3_column_int64 (row, 1);
  other->user = sqlite_get_text (row, 2);
  other->type = sqlite_get_text (row, 3);
  other->record = sqlite_get_text (row, 4);
  g_ptr_array_add (list, other);
}

static GPtrArray *
list_others (sqlite3 *db, const StoreConferenceId *conference, gint64 after, guint limit,
    gsize max_bytes, gboolean *more, GError **error)
{
  g_autoptr (GPtrArray) list =
      list_if_there (db, conference, (GDestroyNotify)store_other_free, error);
  g_autoptr (sqlite3_stmt) rows =
      list != NULL ? sqlite_prepare (db, others_sql, error) : NULL;

  if (rows == NULL)
    return NULL;
  bind_conference (rows, conference);
  sqlite3_bind_int64 (rows, 4, after);
  sqlite3_bind_int (rows, 5, limit);
  *more = FALSE;
  if (!read_rows (rows, list, max_bytes, add_other, more, error))
    return NULL;
  *more = *more || list->len == limit;
  return g_steal_pointer (&list);
}

GPtrArray *
sqlite_list_others (Store *store, const StoreConferenceId *conference, gint64 after,
    guint limit, gsize max_bytes, gboolean *more, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  GPtrArray *list;

  if (db == NULL)
    return NULL;
  list = list_others (db, conference, after, limit, max_bytes, more, error);
  sqlite_store_give_reader_back (store, db);
  return list;
}

static void
bind_others (sqlite3_stmt *rows, const char *app, const StoreOtherSearch *search)
{
  gint64 last = search->to > G_MININT64 ? search->to - 1 : G_MININT64;

  bind_text (rows, 1, app);
  bind_text (rows, 2, search->type);
  bind_text (rows, 3, search->user);
  sqlite3_bind_int64 (rows, 4, search->from);
  sqlite3_bind_int64 (rows, 5, MIN (last, search->before.time));
  sqlite3_bind_int64 (rows, 6, search->before.time);
  sqlite3_bind_int64 (rows, 7, search->before.id);
  sqlite3_bind_int64 (rows, 8, (gint64)search->limit + 1);
}

static GPtrArray *
search_others (sqlite3 *db, const char *app, const StoreOtherSearch *search,
    gboolean *more, GError **error)
{
  const char *sql = search->user != NULL   ? others_of_user_sql
                    : search->type != NULL ? others_of_type_sql
                                           : others_of_app_sql;
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, sql, error);
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify)store_other_free);

  *more = FALSE;
  if (rows == NULL)
    return NULL;
  bind_others (rows, app, search);
  if (!read_rows (rows, list, search->max_bytes, add_other, more, error))
    return NULL;
  if (list->len > search->limit) {
    g_ptr_array_set_size (list, search->limit);
    *more = TRUE;
  }
  return g_steal_pointer (&list);
}

GPtrArray *
sqlite_search_others (Store *store, const char *app, const StoreOtherSearch *search,
    gboolean *more, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  GPtrArray *list;

  *more = FALSE;
  if (db == NULL)
    return NULL;
  list = search_others (db, app, search, more, error);
  sqlite_store_give_reader_back (store, db);
  return list;
}

/* ---- One fabric ---- */

static StoreFabricDetail *
read_fabric (sqlite3 *db, const char *app, const char *name, GError **error)
{
  g_autoptr (sqlite3_stmt) row = sqlite_prepare (db, fabric_sql, error);
  StoreFabricDetail *detail;

  if (row == NULL)
    return NULL;
  bind_text (row, 1, app);
  bind_text (row, 2, name);
  if (!sqlite_next (row, error))
    return NULL;
  detail = g_new0 (StoreFabricDetail, 1);
  detail->fabric = sqlite_get_fabric (row);
  detail->conference = sqlite_get_text (row, SQLITE_FABRIC_N_COLUMNS);
  detail->occurrence = sqlite3_column_int64 (row, SQLITE_FABRIC_N_COLUMNS + 1);
  detail->paired = sqlite_get_text (row, SQLITE_FABRIC_N_COLUMNS + 2);
  detail->paired_user = sqlite_get_text (row, SQLITE_FABRIC_N_COLUMNS + 3);
  return detail;
}

StoreFabricDetail *
sqlite_read_fabric (Store *store, const char *app, const char *fabric, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  StoreFabricDetail *detail;

  if (db == NULL)
    return NULL;
  detail = read_fabric (db, app, fabric, error);
  sqlite_store_give_reader_back (store, db);
  return detail;
}

/* ---- Conferences by their last change ---- */

static void
add_conference (GPtrArray *list, sqlite3_stmt *row)
{
  StoreConference *conference = sqlite_get_conference (row);

  conference->sort_key = sqlite3_column_int64 (row, 16);
  g_ptr_array_add (list, conference);
}

static GPtrArray *
list_changed (sqlite3 *db, const char *app, gint64 after, guint limit, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, changed_sql, error);
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify)store_conference_free);
  gboolean more = FALSE;

  if (rows == NULL)
    return NULL;
  bind_text (rows, 1, app);
  sqlite3_bind_int64 (rows, 2, after);
  sqlite3_bind_int (rows, 3, limit);
  return read_rows (rows, list, G_MAXSIZE, add_conference, &more, error)
             ? g_steal_pointer (&list)
             : NULL;
}

GPtrArray *
sqlite_list_changed (
    Store *store, const char *app, gint64 after, guint limit, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  GPtrArray *list;

  if (db == NULL)
    return NULL;
  list = list_changed (db, app, after, limit, error);
  sqlite_store_give_reader_back (store, db);
  return list;
}

gint64
sqlite_find_last_change (Store *store, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  gint64 last = -1;

  if (db == NULL)
    return -1;
  if (!sqlite_read_number (db, "SELECT n FROM versions", &last))
    sqlite_set_error (db, "The database cannot be read", error);
  sqlite_store_give_reader_back (store, db);
  return last;
}
