/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lists of conferences by what they are looked for, in any order, page by page. Any
 * thread, which takes a connection of its own for each.
 */
#include "store-sqlite-columns.h"

#include <string.h>

#include "store-sqlite-lists.h"

#define APP "(SELECT id FROM apps WHERE name = :app)"

/* What a list is ordered by. */
static const char *const sort_keys[] = {
  [STORE_SORT_START] = "c.start",
  [STORE_SORT_DURATION] = "(c.last_seen - c.start)",
  [STORE_SORT_PARTICIPANTS] = "c.participants",
  [STORE_SORT_FAILURES] = "(c.failed + c.dropped)",
  [STORE_SORT_SCORE] = "c.score",
};

static const char of_user[] =
    " AND c.id IN (SELECT p.conference FROM users u JOIN participants p ON p.user = u.id"
    "   WHERE u.app = " APP " AND u.name = :user)";

static const char of_site[] =
    " AND c.id IN (SELECT p.conference FROM participants p WHERE p.site = :site)";

static const char of_prefix[] =
    " AND c.id IN (SELECT d.id FROM conferences d"
    "     WHERE d.app = " APP " AND d.name >= :prefix AND d.name < :behind"
    "   UNION ALL SELECT p.conference FROM users u JOIN participants p ON p.user = u.id"
    "     WHERE u.app = " APP " AND u.name >= :prefix AND u.name < :behind)";

/* The same, for a prefix of so many users that most conferences have one of them: looks
 * into each as it comes, and is soon through. */
static const char of_wide_prefix[] =
    " AND ((c.name >= :prefix AND c.name < :behind) OR EXISTS (SELECT 1"
    "   FROM participants p JOIN users u ON u.id = p.user"
    "   WHERE p.conference = c.id AND u.name >= :prefix AND u.name < :behind))";

static const char wide_sql[] =
    "SELECT count(*) FROM (SELECT 1 FROM users u WHERE u.app = " APP
    "   AND u.name >= :prefix AND u.name < :behind LIMIT :limit)";

#define WIDE 100 /* users */

/* Conditions that the planner has indexes for are written as those have them. */
static void
append_filters (GString *sql, const StoreSearch *search, gboolean wide)
{
  if (search->user != NULL)
    g_string_append (sql, of_user);
  if (search->site != NULL)
    g_string_append (sql, of_site);
  if (search->prefix != NULL)
    g_string_append (sql, wide ? of_wide_prefix : of_prefix);
  if (search->from != G_MININT64)
    g_string_append (sql, " AND c.start >= :from");
  if (search->to != G_MAXINT64)
    g_string_append (sql, " AND c.start < :to");
  if (search->failed)
    g_string_append (sql, " AND c.failed > 0");
  if (search->dropped)
    g_string_append (sql, " AND c.dropped > 0");
  if (!isnan (search->low_score))
    g_string_append (sql, " AND c.score < :low_score");
  if (search->sort == STORE_SORT_SCORE)
    g_string_append (sql, " AND c.score IS NOT NULL");
}

static char *
make_sql (const StoreSearch *search, gboolean wide)
{
  const char *key = sort_keys[search->sort];
  gboolean rising = search->ascending != search->backwards;
  GString *sql = g_string_new ("SELECT " SQLITE_CONFERENCE_COLUMNS " FROM conferences c"
                               " WHERE c.app = " APP);

  append_filters (sql, search, wide);
  if (search->has_cursor)
    g_string_append_printf (
        sql, " AND (%s, c.id) %s (:key, :id)", key, rising ? ">" : "<");
  g_string_append_printf (sql, " ORDER BY %s %s, c.id %s LIMIT :limit", key,
      rising ? "ASC" : "DESC", rising ? "ASC" : "DESC");
  return g_string_free (sql, FALSE);
}

static void
bind_text (sqlite3_stmt *rows, const char *name, const char *text)
{
  int index = sqlite3_bind_parameter_index (rows, name);

  if (index > 0)
    sqlite3_bind_text (rows, index, text, -1, SQLITE_TRANSIENT);
}

static void
bind_number (sqlite3_stmt *rows, const char *name, gint64 number)
{
  int index = sqlite3_bind_parameter_index (rows, name);

  if (index > 0)
    sqlite3_bind_int64 (rows, index, number);
}

static void
bind_double (sqlite3_stmt *rows, const char *name, double number)
{
  int index = sqlite3_bind_parameter_index (rows, name);

  if (index > 0)
    sqlite3_bind_double (rows, index, number);
}

/* The bits of a double that is not negative rise with it. */
static gint64
score_to_key (double score)
{
  gint64 key;

  memcpy (&key, &score, sizeof key);
  return key;
}

static double
key_to_score (gint64 key)
{
  double score;

  memcpy (&score, &key, sizeof score);
  return isfinite (score) ? score : 0;
}

/* Behind all that begins with the prefix. */
static void
bind_prefix (sqlite3_stmt *rows, const char *prefix)
{
  g_autofree char *behind = NULL;

  if (prefix == NULL)
    return;
  behind = g_strconcat (prefix, "\xf4\x8f\xbf\xbf", NULL);
  bind_text (rows, ":prefix", prefix);
  bind_text (rows, ":behind", behind);
}

static void
bind_search (sqlite3_stmt *rows, const char *app, const StoreSearch *search)
{
  bind_text (rows, ":app", app);
  bind_text (rows, ":user", search->user);
  bind_text (rows, ":site", search->site);
  bind_prefix (rows, search->prefix);
  bind_number (rows, ":from", search->from);
  bind_number (rows, ":to", search->to);
  bind_double (rows, ":low_score", search->low_score);
  if (search->sort == STORE_SORT_SCORE)
    bind_double (rows, ":key", key_to_score (search->cursor.time));
  else
    bind_number (rows, ":key", search->cursor.time);
  bind_number (rows, ":id", search->cursor.id);
  bind_number (rows, ":limit", search->limit);
}

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
    return score_to_key (conference->score);
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

/* wide: set to whether many users' ids begin with the prefix. */
static gboolean
measure_prefix (
    sqlite3 *db, const char *app, const char *prefix, gboolean *wide, GError **error)
{
  g_autoptr (sqlite3_stmt) row = NULL;

  *wide = FALSE;
  if (prefix == NULL)
    return TRUE;
  row = sqlite_prepare (db, wide_sql, error);
  if (row == NULL)
    return FALSE;
  bind_text (row, ":app", app);
  bind_prefix (row, prefix);
  bind_number (row, ":limit", WIDE);
  if (!sqlite_next (row, error))
    return FALSE;
  *wide = sqlite3_column_int (row, 0) >= WIDE;
  return TRUE;
}

static GPtrArray *
search_conferences (
    sqlite3 *db, const char *app, const StoreSearch *search, GError **error)
{
  g_autofree char *sql = NULL;
  g_autoptr (sqlite3_stmt) rows = NULL;
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify)store_conference_free);
  GError *failure = NULL;
  gboolean wide;

  if (!measure_prefix (db, app, search->prefix, &wide, error))
    return NULL;
  sql = make_sql (search, wide);
  rows = sqlite_prepare (db, sql, error);
  if (rows == NULL)
    return NULL;
  bind_search (rows, app, search);
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
