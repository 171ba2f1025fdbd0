/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Conditions, and which of them leads. Threads as in the header.
 */
#include "store-sqlite-filters.h"

#include <math.h>
#include <string.h>

#include "store-sqlite-columns.h"

#define APP "(SELECT id FROM apps WHERE name = :app)"
#define NARROW 10000 /* conferences: sorted in some 20 ms */
#define PROBED 2000  /* rows: walked and tested in some 20 ms */

/* What a list is ordered by, and the index that has it so. */
static const struct {
  const char *key;
  const char *index;
} orders[] = {
  [STORE_SORT_START] = { "c.start", "conferences_by_start" },
  [STORE_SORT_DURATION] = { "c.duration", "conferences_by_duration" },
  [STORE_SORT_PARTICIPANTS] = { "c.participants", "conferences_by_participants" },
  [STORE_SORT_FAILURES] = { "c.troubles", "conferences_by_troubles" },
  [STORE_SORT_SCORE] = { "c.score", "conferences_by_score" },
};

typedef enum {
  FILTER_USER,
  FILTER_SITE,
  FILTER_PREFIX,
  FILTER_TIME,
  FILTER_FAILED,
  FILTER_REASON,
  FILTER_DROPPED,
  FILTER_SCORE,
  N_FILTERS,
} Filter;

#define NAMED(column) column " >= :prefix AND " column " < :behind"
#define IN_TIME "d.start >= :from AND d.start < :to"

/* ids: of the conferences that it leaves, or more. test: of a conference c. */
static const struct {
  const char *ids;
  const char *test;
} filters[N_FILTERS] = {
  [FILTER_USER] = { "SELECT p.conference FROM users u JOIN participants p ON p.user = "
                    "u.id"
                    " WHERE u.app = " APP " AND u.name = :user",
      "EXISTS (SELECT 1 FROM participants p WHERE p.conference = c.id AND p.user ="
      " (SELECT id FROM users WHERE app = " APP " AND name = :user))" },
  [FILTER_SITE] = { "SELECT p.conference FROM participants p WHERE p.site = :site",
      "EXISTS (SELECT 1 FROM participants p WHERE p.conference = c.id"
      " AND p.site = :site)" },
  [FILTER_PREFIX] = { "SELECT d.id FROM conferences d WHERE d.app = " APP " AND " NAMED (
                          "d.name") " UNION ALL"
                                    " SELECT p.conference FROM users u"
                                    " JOIN participants p ON p.user = u.id"
                                    " WHERE u.app = " APP " AND " NAMED (
                                        "u.name") " UNION ALL"
                                                  " SELECT p.conference FROM user_names n"
                                                  " JOIN participants p ON p.user = "
                                                  "n.user"
                                                  " WHERE n.app = " APP
                                                  " AND " NAMED ("n.name"),
      "((" NAMED ("c.name") ") OR EXISTS (SELECT 1 FROM participants p"
                            " JOIN users u ON u.id = p.user WHERE p.conference = c.id "
                            "AND ((" NAMED ("u.name") ") OR EXISTS (SELECT 1 FROM "
                                                      "user_names n WHERE n.user = u.id"
                                                      " AND " NAMED ("n.name") "))))" },
  [FILTER_TIME] = { "SELECT d.id FROM conferences d INDEXED BY conferences_by_start"
                    " WHERE d.app = " APP " AND " IN_TIME,
      "+c.start >= :from AND +c.start < :to" },
  [FILTER_FAILED] = { "SELECT d.id FROM conferences d INDEXED BY conferences_failed"
                      " WHERE d.app = " APP " AND d.failed > 0 AND " IN_TIME,
      "c.failed > 0" },
  [FILTER_REASON] = { "SELECT d.id FROM conferences d INDEXED BY conferences_failed"
                      " WHERE d.app = " APP " AND d.failed > 0 AND " IN_TIME,
      "c.failed > 0 AND EXISTS (SELECT 1 FROM json_each (c.failures)"
      " WHERE key = :reason)" },
  [FILTER_DROPPED] = { "SELECT d.id FROM conferences d INDEXED BY conferences_dropped"
                       " WHERE d.app = " APP " AND d.dropped > 0 AND " IN_TIME,
      "c.dropped > 0" },
  [FILTER_SCORE] = { "SELECT d.id FROM conferences d INDEXED BY conferences_by_score"
                     " WHERE d.app = " APP " AND d.score < :low_score",
      "c.score < :low_score" },
};

/* ---- What is asked for ---- */

static gboolean
is_asked (const StoreSearch *search, Filter filter)
{
  const gboolean asked[N_FILTERS] = { [FILTER_USER] = search->user != NULL,
    [FILTER_SITE] = search->site != NULL,
    [FILTER_PREFIX] = search->prefix != NULL,
    [FILTER_TIME] = search->from != G_MININT64 || search->to != G_MAXINT64,
    [FILTER_FAILED] = search->failed,
    [FILTER_REASON] = search->reason != NULL,
    [FILTER_DROPPED] = search->dropped,
    [FILTER_SCORE] = !isnan (search->low_score) };

  return asked[filter];
}

/* The index that is walked through: the partial ones are short. */
static const char *
find_index (const StoreSearch *search)
{
  return search->failed    ? "conferences_failed"
         : search->dropped ? "conferences_dropped"
                           : orders[search->sort].index;
}

/* Whether a walk meets nothing but what the filter leaves. */
static gboolean
is_walked (const StoreSearch *search, Filter filter)
{
  switch (filter) {
  case FILTER_TIME:
    return search->sort == STORE_SORT_START;
  case FILTER_FAILED:
    return search->sort == STORE_SORT_START;
  case FILTER_DROPPED:
    return search->sort == STORE_SORT_START && !search->failed;
  case FILTER_SCORE:
    return search->sort == STORE_SORT_SCORE;
  default:
    return FALSE;
  }
}

/* Whether conferences are sorted that an index of few has, and fetched then. */
static gboolean
is_short (const StoreSearch *search)
{
  return search->sort != STORE_SORT_START && (search->failed || search->dropped);
}

/* ---- Values ---- */

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
gint64
sqlite_score_to_key (double score)
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

char *
sqlite_end_of_prefix (const char *prefix)
{
  return g_strconcat (prefix, "\xf4\x8f\xbf\xbf", NULL);
}

static void
bind_filters (sqlite3_stmt *rows, const char *app, const StoreSearch *search)
{
  g_autofree char *behind =
      search->prefix != NULL ? sqlite_end_of_prefix (search->prefix) : NULL;

  bind_text (rows, ":app", app);
  bind_text (rows, ":user", search->user);
  bind_text (rows, ":site", search->site);
  bind_text (rows, ":reason", search->reason);
  bind_text (rows, ":prefix", search->prefix);
  bind_text (rows, ":behind", behind);
  bind_number (rows, ":from", search->from);
  bind_number (rows, ":to", search->to);
  bind_double (rows, ":low_score", search->low_score);
  bind_number (rows, ":narrow", NARROW);
  bind_number (rows, ":probed", PROBED);
}

static void
bind_page (sqlite3_stmt *rows, const StoreSearch *search)
{
  if (search->sort == STORE_SORT_SCORE)
    bind_double (rows, ":key", key_to_score (search->cursor.time));
  else
    bind_number (rows, ":key", search->cursor.time);
  bind_number (rows, ":id", search->cursor.id);
  bind_number (rows, ":limit", search->limit);
}

/* ---- Which one leads ---- */

/* n: set to how many conferences the filter leaves, NARROW where these are more. */
static gboolean
count (sqlite3 *db, const char *app, const StoreSearch *search, Filter filter, gint64 *n,
    GError **error)
{
  g_autofree char *sql =
      g_strdup_printf ("SELECT count(*) FROM (%s LIMIT :narrow)", filters[filter].ids);
  g_autoptr (sqlite3_stmt) row = sqlite_prepare (db, sql, error);

  if (row == NULL)
    return FALSE;
  bind_filters (row, app, search);
  if (!sqlite_next (row, error))
    return FALSE;
  *n = sqlite3_column_int64 (row, 0);
  return TRUE;
}

/* filter: set to the narrowest one; N_FILTERS where a walk is as good. */
static gboolean
find_leader (sqlite3 *db, const char *app, const StoreSearch *search, Filter *leader,
    GError **error)
{
  gboolean walks = TRUE;
  gint64 least = NARROW, n;

  *leader = N_FILTERS;
  for (Filter filter = 0; filter < N_FILTERS; filter++)
    walks = walks && (!is_asked (search, filter) || is_walked (search, filter));
  for (Filter filter = 0; !walks && filter < N_FILTERS; filter++) {
    if (!is_asked (search, filter))
      continue;
    if (!count (db, app, search, filter, &n, error))
      return FALSE;
    if (n < least)
      *leader = filter;
    least = MIN (least, n);
  }
  return TRUE;
}

/* ---- SQL ---- */

static void
append_test (GString *sql, const StoreSearch *search, Filter filter, gboolean walks)
{
  gboolean by_start = search->sort == STORE_SORT_START || is_short (search);

  g_string_append (sql, " AND ");
  if (filter == FILTER_TIME && walks && by_start)
    g_string_append (sql, "c.start >= :from AND c.start < :to");
  else
    g_string_append (sql, filters[filter].test);
}

/* Whether the leader leaves nothing but what passes its test. */
static gboolean
is_exact (Filter filter)
{
  return filter != FILTER_REASON && filter != FILTER_SITE;
}

/* left_out: filters, a bit each. */
static void
append_conditions (GString *sql, const StoreSearch *search, Filter leader, guint left_out)
{
  gboolean walks = leader == N_FILTERS;

  if (walks)
    g_string_append_printf (
        sql, " INDEXED BY %s WHERE c.app = " APP, find_index (search));
  else
    g_string_append_printf (
        sql, " WHERE +c.app = " APP " AND c.id IN (%s)", filters[leader].ids);
  if (!walks && is_exact (leader))
    left_out |= 1u << leader;
  for (Filter filter = 0; filter < N_FILTERS; filter++)
    if (is_asked (search, filter) && (left_out & 1u << filter) == 0)
      append_test (sql, search, filter, walks);
  if (search->sort == STORE_SORT_SCORE)
    g_string_append (sql, " AND c.score IS NOT NULL");
}

static void
append_page (GString *sql, const StoreSearch *search, const char *limit)
{
  const char *key = orders[search->sort].key;
  gboolean rising = search->ascending != search->backwards;

  if (search->has_cursor)
    g_string_append_printf (
        sql, " AND (%s, c.id) %s (:key, :id)", key, rising ? ">" : "<");
  g_string_append_printf (sql, " ORDER BY %s %s, c.id %s LIMIT %s", key,
      rising ? "ASC" : "DESC", rising ? "ASC" : "DESC", limit);
}

static char *
make_sql (const StoreSearch *search, Filter leader, const char *columns)
{
  gboolean sorts = leader != N_FILTERS || is_short (search);
  GString *sql = g_string_new (NULL);

  g_string_printf (sql, "SELECT %s FROM conferences c", columns);
  if (sorts)
    g_string_append (sql, " WHERE c.id IN (SELECT c.id FROM conferences c");
  append_conditions (sql, search, leader, 0);
  append_page (sql, search, ":limit");
  if (sorts) {
    g_string_append_c (sql, ')');
    append_page (sql, search, ":limit");
  }
  return g_string_free (sql, FALSE);
}

/* ---- A walk that finds too little ---- */

/* Whose test is a search of its own for each row. */
static const Filter dears[] = { FILTER_USER, FILTER_SITE, FILTER_PREFIX };

static gboolean
find_dear (const StoreSearch *search, Filter *dear)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dears); i++)
    if (is_asked (search, dears[i])) {
      *dear = dears[i];
      return TRUE;
    }
  return FALSE;
}

/* What is walked has only those conditions that its index has, so that its bound is one
 * of rows; the others are tested outside. */
static char *
make_probe (const StoreSearch *search)
{
  GString *sql =
      g_string_new ("SELECT count(*) FROM (SELECT 1 FROM (SELECT c.* FROM conferences c");
  guint tested = 0;

  for (Filter filter = 0; filter < N_FILTERS; filter++)
    if (!is_walked (search, filter) && filter != FILTER_DROPPED)
      tested |= 1u << filter;
  append_conditions (sql, search, N_FILTERS, tested);
  append_page (sql, search, ":probed");
  g_string_append (sql, ") c WHERE TRUE");
  for (Filter filter = 0; filter < N_FILTERS; filter++)
    if (is_asked (search, filter) && (tested & 1u << filter) != 0)
      append_test (sql, search, filter, FALSE);
  g_string_append (sql, " LIMIT :limit)");
  return g_string_free (sql, FALSE);
}

/* Where the many that a filter leaves lie far from where a walk begins, it would test
 * very many in vain: leader is then set to the filter. */
static gboolean
probe_walk (sqlite3 *db, const char *app, const StoreSearch *search, Filter *leader,
    GError **error)
{
  g_autofree char *sql = NULL;
  g_autoptr (sqlite3_stmt) row = NULL;
  Filter dear;

  if (*leader != N_FILTERS || is_short (search) || search->limit >= PROBED ||
      !find_dear (search, &dear))
    return TRUE;
  sql = make_probe (search);
  row = sqlite_prepare (db, sql, error);
  if (row == NULL)
    return FALSE;
  bind_filters (row, app, search);
  bind_page (row, search);
  if (!sqlite_next (row, error))
    return FALSE;
  if (sqlite3_column_int64 (row, 0) < search->limit)
    *leader = dear;
  return TRUE;
}

/* SQLite begins at the bound of the time, and walks to the cursor from there: so the time
 * begins at the cursor. */
static void
begin_at_cursor (StoreSearch *search)
{
  if (search->sort != STORE_SORT_START || !search->has_cursor)
    return;
  if (search->ascending != search->backwards)
    search->from = MAX (search->from, search->cursor.time);
  else if (search->cursor.time < G_MAXINT64)
    search->to = MIN (search->to, search->cursor.time + 1);
}

sqlite3_stmt *
sqlite_prepare_search (sqlite3 *db, const char *app, const StoreSearch *given,
    const char *columns, GError **error)
{
  StoreSearch search = *given;
  g_autofree char *sql = NULL;
  sqlite3_stmt *rows;
  Filter leader;

  begin_at_cursor (&search);
  if (!find_leader (db, app, &search, &leader, error) ||
      !probe_walk (db, app, &search, &leader, error))
    return NULL;
  sql = make_sql (&search, leader, columns);
  rows = sqlite_prepare (db, sql, error);
  if (rows == NULL)
    return NULL;
  bind_filters (rows, app, &search);
  bind_page (rows, &search);
  return rows;
}
