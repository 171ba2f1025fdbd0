/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A store for tests. Threads as in the header.
 */
#include "store-fixture.h"

#include <glib/gstdio.h>

#include "../bench/synthetic-call.h"

static void
on_opened (gpointer user_data, guint64 stored)
{
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

void
store_fixture_open (StoreFixture *fixture)
{
  static const StoreSessionEvents events = { on_opened, on_committed, on_failed };
  g_autoptr (GError) error = NULL;

  fixture->store = store_open (fixture->location, &error);
  g_assert_no_error (error);
  fixture->session = store_session_open (
      fixture->store, STORE_FIXTURE_APP, "alice", NULL, "s1", &events, NULL, NULL);
}

void
store_fixture_close (StoreFixture *fixture)
{
  store_session_close (fixture->session);
  store_free (fixture->store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
store_fixture_set_up (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("callstats-store-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->folder, "calls.db", NULL);
  fixture->location = g_strdup_printf ("sqlite:%s", fixture->path);
  store_fixture_open (fixture);
}

void
store_fixture_tear_down (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_close (fixture);
  g_unlink (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->location);
}

static gboolean
on_flushed (gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
store_fixture_flush (StoreFixture *fixture)
{
  gboolean flushed = FALSE;

  store_flush (fixture->store, on_flushed, &flushed);
  while (!flushed)
    g_main_context_iteration (NULL, TRUE);
}

/* record: (transfer full) */
static void
append_record (StoreFixture *fixture, CallstatsRecord *record, const char *conference,
    const char *fabric)
{
  g_autoptr (GPtrArray) records =
      g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_record_unref);

  record->conference = g_strdup (conference);
  record->fabric = g_strdup (fabric);
  g_ptr_array_add (records, record);
  store_session_append (fixture->session, ++fixture->sequence, records, 1);
}

void
store_fixture_append_report (StoreFixture *fixture, const char *conference,
    const char *fabric, guint second, gint64 time)
{
  g_autoptr (CallstatsReport) report = synthetic_report_new (1, second, time);

  append_record (fixture, callstats_record_new_report (report), conference, fabric);
}

void
store_fixture_append (
    StoreFixture *fixture, const char *fabric, guint64 first, guint step, guint n)
{
  for (guint i = 0; i < n; i++) {
    guint64 number = first + (guint64)i * step;

    store_fixture_append_report (fixture, "c1", fabric, (guint)number,
        STORE_FIXTURE_START + (gint64)number * G_USEC_PER_SEC);
  }
  store_fixture_flush (fixture);
}

void
store_fixture_append_event (StoreFixture *fixture, const char *name,
    const char *conference, const char *fabric, gint64 time)
{
  append_record (
      fixture, callstats_record_new_event (name, time, "{}"), conference, fabric);
}

gint64
store_fixture_read (StoreFixture *fixture, const char *sql)
{
  sqlite3 *db = sqlite_store_take_reader (fixture->store, NULL);
  gint64 number;

  g_assert_true (sqlite_read_number (db, sql, &number));
  sqlite_store_give_reader_back (fixture->store, db);
  return number;
}

void
store_fixture_write (StoreFixture *fixture, const char *sql)
{
  g_autoptr (sqlite3) db = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 10000);
  sqlite_execute (db, sql, &error);
  g_assert_no_error (error);
}
