/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The store as the ingest uses it: sessions that one connection takes over from another.
 */
#include <glib/gstdio.h>

#include "store-sqlite-private.h"

#define APP "demo"
#define USER "alice"
#define CONFERENCE "c1"
#define ROUNDS 50
#define RECORDS 3 /* of each connection */

typedef struct {
  char *folder;
  Store *store;
  gboolean opened;
  guint64 stored; /* as the last opening told */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *location = NULL;

  fixture->folder = g_dir_make_tmp ("callstats-store-XXXXXX", &error);
  g_assert_no_error (error);
  location = g_strdup_printf ("sqlite:%s/callstats.sqlite", fixture->folder);
  fixture->store = store_open (location, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->folder, "callstats.sqlite", NULL);

  store_free (fixture->store);
  g_unlink (file);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
}

static void
on_opened (gpointer user_data, guint64 stored)
{
  Fixture *fixture = user_data;

  fixture->opened = TRUE;
  fixture->stored = stored;
}

static void
on_committed (gpointer user_data, guint64 sequence, gsize bytes, guint written)
{
}

static void
on_failed (gpointer user_data, const GError *error)
{
  g_assert_no_error (error);
}

static StoreSession *
open_session (Fixture *fixture)
{
  static const StoreSessionEvents events = { on_opened, on_committed, on_failed };

  fixture->opened = FALSE;
  return store_session_open (
      fixture->store, APP, USER, NULL, "s1", &events, fixture, NULL);
}

/* What a client does that was told how much is stored: the rest again, and more. */
static void
append_up_to (Fixture *fixture, StoreSession *session, guint64 last)
{
  g_autoptr (GPtrArray) records =
      g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_record_unref);
  guint64 n;

  for (n = fixture->stored + 1; n <= last; n++) {
    CallstatsRecord *record = callstats_record_new_event ("audioMute", (gint64)n, NULL);

    record->conference = g_strdup (CONFERENCE);
    record->fabric = g_strdup ("f1");
    g_ptr_array_add (records, record);
  }
  store_session_append (session, fixture->stored + 1, records, 1);
}

static gboolean
on_flushed (gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Often within one transaction. */
static void
test_connections_that_take_over_store_once (Fixture *fixture, gconstpointer data)
{
  StoreSession *session = open_session (fixture);
  g_autoptr (GError) error = NULL;
  StoreDetail *detail;
  gboolean flushed = FALSE;
  guint64 i;

  for (i = 1; i <= ROUNDS; i++) {
    while (!fixture->opened)
      g_main_context_iteration (NULL, TRUE);
    g_assert_cmpuint (fixture->stored, ==, (i - 1) * RECORDS);
    append_up_to (fixture, session, i * RECORDS);
    store_session_close (session);
    session = open_session (fixture);
  }
  store_session_close (session);
  store_flush (fixture->store, on_flushed, &flushed);
  while (!flushed)
    g_main_context_iteration (NULL, TRUE);

  detail = store_read_conference (fixture->store, APP, CONFERENCE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (detail->events->len, ==, ROUNDS * RECORDS);
  for (i = 0; i < detail->events->len; i++)
    g_assert_cmpint (((StoreEvent *)detail->events->pdata[i])->time, ==, (gint64)i + 1);
  store_detail_free (detail);
}

/* ---- Tasks ---- */

typedef struct {
  const char *sql;
  gint64 events; /* when it ran */
  gboolean done;
  gboolean failed;
} Task;

static gboolean
run_task (sqlite3 *db, gpointer user_data, GError **error)
{
  Task *task = user_data;

  return sqlite_read_number (db, "SELECT count(*) FROM events", &task->events) &&
         sqlite_execute (db, "INSERT INTO apps (name) VALUES ('of a task')", error) &&
         sqlite_execute (db, task->sql, error);
}

static void
on_task_done (gpointer user_data, const GError *error)
{
  Task *task = user_data;

  task->done = TRUE;
  task->failed = error != NULL;
}

static gint64
count (Fixture *fixture, const char *sql)
{
  sqlite3 *db = sqlite_store_take_reader (fixture->store, NULL);
  gint64 number;

  g_assert_true (sqlite_read_number (db, sql, &number));
  sqlite_store_give_reader_back (fixture->store, db);
  return number;
}

static void
run_task_after_records (Fixture *fixture, Task *task)
{
  StoreSession *session = open_session (fixture);

  while (!fixture->opened)
    g_main_context_iteration (NULL, TRUE);
  append_up_to (fixture, session, RECORDS);
  sqlite_store_push_task (fixture->store, run_task, task, on_task_done);
  store_session_close (session);
  while (!task->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_task_is_written_with_what_came_before (Fixture *fixture, gconstpointer data)
{
  Task task = { .sql = "SELECT 1" };

  run_task_after_records (fixture, &task);
  g_assert_false (task.failed);
  g_assert_cmpint (task.events, ==, RECORDS);
  g_assert_cmpint (
      count (fixture, "SELECT count(*) FROM apps WHERE name = 'of a task'"), ==, 1);
}

static void
test_failed_task_takes_nothing_else_along (Fixture *fixture, gconstpointer data)
{
  Task task = { .sql = "INSERT INTO no_such_table VALUES (1)" };

  run_task_after_records (fixture, &task);
  g_assert_true (task.failed);
  g_assert_cmpint (
      count (fixture, "SELECT count(*) FROM apps WHERE name = 'of a task'"), ==, 0);
  g_assert_cmpint (count (fixture, "SELECT count(*) FROM events"), ==, RECORDS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/store/connections-that-take-over-store-once", Fixture, NULL, set_up,
      test_connections_that_take_over_store_once, tear_down);
  g_test_add ("/store/task-is-written-with-what-came-before", Fixture, NULL, set_up,
      test_task_is_written_with_what_came_before, tear_down);
  g_test_add ("/store/failed-task-takes-nothing-else-along", Fixture, NULL, set_up,
      test_failed_task_takes_nothing_else_along, tear_down);
  return g_test_run ();
}
