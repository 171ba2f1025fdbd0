/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The numbers of a session that were left out when later ones were stored.
 *
 * Writer thread only.
 */
#include "store-sqlite-statements.h"

gboolean
sqlite_hole_add (
    SqliteRows *rows, gint64 session, guint64 first, guint64 last, GError **error)
{
  return first > last || sqlite_run (rows, error, SQL_ADD_HOLE, "iii", session,
                             (gint64)first, (gint64)last);
}

gboolean
sqlite_hole_fill (
    SqliteRows *rows, gint64 session, guint64 sequence, gboolean *filled, GError **error)
{
  sqlite3_stmt *found =
      sqlite_find (rows, SQL_FIND_HOLE, "ii", session, (gint64)sequence);
  guint64 first, last;

  *filled = found != NULL;
  if (found == NULL)
    return TRUE;
  first = (guint64)sqlite3_column_int64 (found, 0);
  last = (guint64)sqlite3_column_int64 (found, 1);
  sqlite3_reset (found);
  return sqlite_run (rows, error, SQL_DROP_HOLE, "ii", session, (gint64)first) &&
         sqlite_hole_add (rows, session, first, sequence - 1, error) &&
         sqlite_hole_add (rows, session, sequence + 1, last, error);
}
