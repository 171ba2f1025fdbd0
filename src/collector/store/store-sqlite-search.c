/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lists of conferences by what they are looked for, in any order, page by page. Any
 * thread, which takes a connection of its own for each.
 */
#include "store-sqlite-columns.h"
#include "store-sqlite-filters.h"
#include "store-sqlite-lists.h"

static gint64
sort_key (const StoreSearch *search, const StoreConference *conference)
{
  switch (search->sort) {
  case STORE_SORT_DURATION:
    return conference->last_seen - conference->start;
  case STORE_SORT_PARTICIPANTS:
    return conference->participants;
  case STORE_SORT_FAILURES:
    return (gint64)conference->failed + conference->dropped;
  case STORE_SORT_SCORE:
    return sqlite_score_to_key (conference->score);
  case STORE_SORT_START:
  default:
    return conference->start;
  }
}

static void
reverse (GPtrArray *list)
{
  for (guint i = 0; i < list->len / 2; i++) {
    gpointer other = list->pdata[list->len - 1 - i];

    list->pdata[list->len - 1 - i] = list->pdata[i];
    list->pdata[i] = other;
  }
}

static GPtrArray *
search_conferences (
    sqlite3 *db, const char *app, const StoreSearch *search, GError **error)
{
  g_autoptr (sqlite3_stmt) rows =
      sqlite_prepare_search (db, app, search, SQLITE_CONFERENCE_COLUMNS, error);
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify)store_conference_free);
  GError *failure = NULL;

  if (rows == NULL)
    return NULL;
  while (sqlite_next (rows, &failure)) {
    StoreConference *conference = sqlite_get_conference (rows);

    conference->sort_key = sort_key (search, conference);
    g_ptr_array_add (list, conference);
  }
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return NULL;
  }
  if (search->backwards)
    reverse (list);
  return g_steal_pointer (&list);
}

GPtrArray *
sqlite_search_conferences (
    Store *store, const char *app, const StoreSearch *search, GError **error)
{
  sqlite3 *db = sqlite_store_take_reader (store, error);
  GPtrArray *list;

  if (db == NULL)
    return NULL;
  list = search_conferences (db, app, search, error);
  sqlite_store_give_reader_back (store, db);
  return list;
}
