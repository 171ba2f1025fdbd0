/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Why a fabric may have no reports for a while: holds, by its events, and what its user's
 * client gave up, by the gap records. Any thread, a connection for each.
 */
#include "store-sqlite-columns.h"
#include "store-sqlite-rollups.h"

#include <string.h>

#include "callstats/callstats-json-private.h"

/* Nobody holds a call that often. */
#define MAX_GAPS 10000

static const char holds_sql[] =
    "SELECT time, name FROM events WHERE fabric = ?1"
    " AND name IN ('fabricHold', 'fabricResume', 'fabricTerminated')"
    " ORDER BY time, id LIMIT ?2";

/* The index others_gaps has these alone. */
static const char others_sql[] =
    "SELECT record FROM others WHERE user = (SELECT user FROM fabrics WHERE id = ?1)"
    " AND time >= ?2 AND record LIKE '%\"gap\"%' ORDER BY time, id LIMIT ?3";

static void
add_gap (GArray *gaps, gint64 from, gint64 to, SeriesGapReason reason)
{
  SeriesGap gap = { from, to, reason };

  if (to > from)
    g_array_append_val (gaps, gap);
}

/* A hold that nothing ended goes on. */
static gboolean
read_holds (sqlite3 *db, gint64 fabric, GArray *gaps, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, holds_sql, error);
  gint64 since = G_MAXINT64;
  int status;

  if (rows == NULL)
    return FALSE;
  sqlite3_bind_int64 (rows, 1, fabric);
  sqlite3_bind_int (rows, 2, MAX_GAPS);
  while ((status = sqlite3_step (rows)) == SQLITE_ROW) {
    gint64 time = sqlite3_column_int64 (rows, 0);
    const char *name = (const char *)sqlite3_column_text (rows, 1);

    if (strcmp (name, "fabricHold") == 0) {
      since = MIN (since, time);
      continue;
    }
    add_gap (gaps, since, time, SERIES_GAP_HOLD);
    since = G_MAXINT64;
  }
  add_gap (gaps, since, G_MAXINT64, SERIES_GAP_HOLD);
  return status == SQLITE_DONE ||
         sqlite_set_error (db, "The database cannot be read", error);
}

/* docs/protocol.md, gap */
static void
read_gap (const char *record, GArray *gaps)
{
  g_autoptr (JsonObject) object =
      callstats_json_parse_object (record, strlen (record), NULL);
  double from, to;

  if (object == NULL ||
      strcmp (callstats_json_get_string (object, "type", ""), "gap") != 0)
    return;
  from = callstats_json_get_double (object, "from", 0);
  to = callstats_json_get_double (object, "to", 0);
  if (from > 0 && from <= to && to < 1e15)
    add_gap (gaps, (gint64)from * 1000, (gint64)to * 1000 + 1,
        series_gap_from_string (callstats_json_get_string (object, "reason", NULL)));
}

static gboolean
read_given_up (sqlite3 *db, gint64 fabric, gint64 from, GArray *gaps, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = sqlite_prepare (db, others_sql, error);
  int status;

  if (rows == NULL)
    return FALSE;
  sqlite3_bind_int64 (rows, 1, fabric);
  sqlite3_bind_int64 (rows, 2, from);
  sqlite3_bind_int (rows, 3, MAX_GAPS);
  while ((status = sqlite3_step (rows)) == SQLITE_ROW)
    read_gap ((const char *)sqlite3_column_text (rows, 0), gaps);
  return status == SQLITE_DONE ||
         sqlite_set_error (db, "The database cannot be read", error);
}

static int
compare_gaps (gconstpointer a, gconstpointer b)
{
  gint64 left = ((const SeriesGap *)a)->from, right = ((const SeriesGap *)b)->from;

  return (left > right) - (left < right);
}

GArray *
sqlite_read_gaps (sqlite3 *db, gint64 fabric, gint64 from, GError **error)
{
  g_autoptr (GArray) gaps = g_array_new (FALSE, FALSE, sizeof (SeriesGap));

  if (!read_holds (db, fabric, gaps, error) ||
      !read_given_up (db, fabric, from, gaps, error))
    return NULL;
  g_array_sort (gaps, compare_gaps);
  return g_steal_pointer (&gaps);
}
