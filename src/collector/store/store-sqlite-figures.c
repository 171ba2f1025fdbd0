/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What overviews need of many conferences, a piece of them at a time. Any thread, which
 * takes a connection of its own for each.
 */
#include "store-sqlite-columns.h"
#include "store-sqlite-filters.h"
#include "store-sqlite-lists.h"

#define COLUMNS \
  "c.id, c.start, c.duration, c.ended IS NOT NULL, c.participants, c.fabrics, c.set_up," \
  " c.failed, c.dropped, c.score, c.site, c.setups, c.failures, c.disruptions, " \
  "c.one_way"

static void
get_figures (sqlite3_stmt *row, StoreFigures *figures)
{
  *figures = (StoreFigures){
    .start = sqlite3_column_int64 (row, 1),
    .duration = sqlite3_column_int64 (row, 2),
    .ended = sqlite3_column_int (row, 3) != 0,
    .participants = (guint)sqlite3_column_int (row, 4),
    .fabrics = (guint)sqlite3_column_int (row, 5),
    .set_up = (guint)sqlite3_column_int (row, 6),
    .failed = (guint)sqlite3_column_int (row, 7),
    .dropped = (guint)sqlite3_column_int (row, 8),
    .score = sqlite_get_number (row, 9),
    .site = (const char *)sqlite3_column_text (row, 10),
    .setups = sqlite3_column_blob (row, 11),
    .n_setups = (guint)sqlite3_column_bytes (row, 11) / STORE_SETUP_BYTES,
    .failures = (const char *)sqlite3_column_text (row, 12),
    .media_known = sqlite3_column_type (row, 13) != SQLITE_NULL,
    .disruptions = (guint)sqlite3_column_int (row, 13),
    .one_way = (guint)sqlite3_column_int (row, 14),
  };
}

static gboolean
read_figures (sqlite3 *db, const char *app, StoreSearch *search, StoreFiguresFunc func,
    gpointer user_data, gboolean *more, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare_search (db, app, search, COLUMNS, error);
  GError *failure = NULL;
  StoreFigures figures;
  guint n = 0;

  if (rows == NULL)
    return FALSE;
  while (sqlite_next (rows, &failure)) {
    get_figures (rows, &figures);
    func (&figures, user_data);
    search->cursor = (StoreCursor){ figures.start, sqlite3_column_int64 (rows, 0) };
    n++;
  }
  search->has_cursor = TRUE;
  *more = n == search->limit;
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

gboolean
sqlite_read_figures (Store *store, const char *app, StoreSearch *search,
    StoreFiguresFunc func, gpointer user_data, gboolean *more, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  gboolean read;

  if (db == NULL)
    return FALSE;
  read = read_figures (db, app, search, func, user_data, more, error);
  sqlite_store_give_reader_back (store, db);
  return read;
}

static const char span_sql[] =
    "SELECT (SELECT min(start) FROM conferences WHERE app = a.id),"
    " (SELECT max(start) FROM conferences WHERE app = a.id) FROM apps a WHERE a.name = "
    "?1";

gboolean
sqlite_find_span (
    Store *store, const char *app, gint64 *first, gint64 *last, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  g_autoptr (sqlite3_stmt) row = db != NULL ? sqlite_prepare (db, span_sql, error) : NULL;
  GError *failure = NULL;

  *first = *last = STORE_UNKNOWN_TIME;
  if (row != NULL) {
    sqlite3_bind_text (row, 1, app, -1, SQLITE_STATIC);
    if (sqlite_next (row, &failure)) {
      *first = sqlite_get_time (row, 0);
      *last = sqlite_get_time (row, 1);
    }
    g_clear_pointer (&row, sqlite3_finalize);
  }
  if (db != NULL)
    sqlite_store_give_reader_back (store, db);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return db != NULL && failure == NULL;
}
