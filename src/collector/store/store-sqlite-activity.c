/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What goes on right now. Any thread, a connection for each.
 */
#include <glib/gstdio.h>

#include "store-sqlite-private.h"

#include "conference.h"

/* A conference is over when all have left or nothing is heard any more, even before that
 * was noticed. */
static const char activity_sql[] =
    "SELECT a.name, count(*), sum(c.present),"
    " sum((SELECT count(*) FROM fabrics f WHERE f.conference = c.id AND f.state IN"
    "   ('connecting', 'established', 'disrupted', 'held')))"
    " FROM conferences c JOIN apps a ON a.id = c.app"
    " WHERE c.ended IS NULL AND c.present > 0 AND c.last_heard >= ?1 GROUP BY a.id";

static void
activity_free (gpointer data)
{
  StoreActivity *activity = data;

  g_free (activity->app);
  g_free (activity);
}

static void
add_row (GPtrArray *list, sqlite3_stmt *row)
{
  StoreActivity *activity = g_new0 (StoreActivity, 1);

  activity->app = g_strdup ((const char *)sqlite3_column_text (row, 0));
  activity->conferences = (guint)sqlite3_column_int (row, 1);
  activity->participants = (guint)sqlite3_column_int (row, 2);
  activity->fabrics = (guint)sqlite3_column_int (row, 3);
  g_ptr_array_add (list, activity);
}

GPtrArray *
sqlite_list_activity (sqlite3 *db, gint64 now, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = NULL;
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (activity_free);
  int status = sqlite3_prepare_v2 (db, activity_sql, -1, &rows, NULL);

  if (status == SQLITE_OK) {
    sqlite3_bind_int64 (rows, 1, now - CONFERENCE_SILENCE_SECONDS * G_USEC_PER_SEC);
    while ((status = sqlite3_step (rows)) == SQLITE_ROW)
      add_row (list, rows);
  }
  if (status != SQLITE_DONE) {
    sqlite_set_error (db, "The database cannot be read", error);
    return NULL;
  }
  return g_steal_pointer (&list);
}

/* With the write-ahead log, which may be as large as the rest. */
guint64
sqlite_get_size (const char *path)
{
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  const char *const files[] = { path, log };
  guint64 size = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++) {
    GStatBuf info;

    if (g_stat (files[i], &info) == 0)
      size += (guint64)info.st_size;
  }
  return size;
}
