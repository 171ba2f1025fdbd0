/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Transactions for which a thread waits. Threads as in the header.
 */
#include "store-sqlite-alone.h"

#include "store-sqlite-statements.h"

struct _SqliteAloneJob {
  SqliteTask task;
  gpointer user_data;
  SqliteAlone how;
  GMutex lock;
  GCond finished;
  gboolean is_finished; /* under the lock */
  GError *error;
};

SqliteAloneJob *
sqlite_alone_new (SqliteTask task, gpointer user_data, SqliteAlone how)
{
  SqliteAloneJob *alone = g_new0 (SqliteAloneJob, 1);

  alone->task = task;
  alone->user_data = user_data;
  alone->how = how;
  g_mutex_init (&alone->lock);
  g_cond_init (&alone->finished);
  return alone;
}

gboolean
sqlite_alone_wait (SqliteAloneJob *alone, GError **error)
{
  GError *failure;

  g_mutex_lock (&alone->lock);
  while (!alone->is_finished)
    g_cond_wait (&alone->finished, &alone->lock);
  g_mutex_unlock (&alone->lock);
  failure = alone->error;
  g_mutex_clear (&alone->lock);
  g_cond_clear (&alone->finished);
  g_free (alone);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

/* What is lost of it by a power cut is only that it was done: nobody was told. */
void
sqlite_alone_run (SqliteAloneJob *alone, sqlite3 *db, SqliteRows *rows)
{
  gboolean deletes = alone->how == SQLITE_ALONE_DELETES;
  const char *begin = deletes ? "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=OFF"
                              : "PRAGMA synchronous=NORMAL";

  if (!sqlite_execute (db, begin, &alone->error) ||
      !sqlite_rows_begin (rows, &alone->error) ||
      !alone->task (db, alone->user_data, &alone->error) ||
      !sqlite_rows_commit (rows, &alone->error))
    sqlite_rows_roll_back (rows);
  sqlite_execute (db, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", NULL);
  if (deletes)
    sqlite_conferences_forget (rows);
  g_mutex_lock (&alone->lock);
  alone->is_finished = TRUE;
  g_cond_signal (&alone->finished);
  g_mutex_unlock (&alone->lock);
}
