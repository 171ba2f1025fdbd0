/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a query costs does not grow with what it is not about. Counted are the steps of
 * SQLite's virtual machine, on all connections.
 */
#include <math.h>

#include "store-fixture.h"
#include "store-sqlite-rollups.h"

#define MANY "3000"
#define FEW 3000 /* steps: a row takes several */

#define NUMBERS \
  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " MANY ") "

static gint steps;

static int
on_profile (unsigned type, void *data, void *statement, void *time)
{
  g_atomic_int_add (
      &steps, sqlite3_stmt_status (statement, SQLITE_STMTSTATUS_VM_STEP, TRUE));
  return 0;
}

static int
count_steps (sqlite3 *db, char **message, gconstpointer api)
{
  return sqlite3_trace_v2 (db, SQLITE_TRACE_PROFILE, on_profile, NULL);
}

static void
assert_few_steps (void)
{
  int taken = g_atomic_int_get (&steps);

  g_test_message ("%d steps", taken);
  g_assert_cmpint (taken, >, 0);
  g_assert_cmpint (taken, <, FEW);
}

/* Many calls with a fabric and a block each; none has changed since the version 1. */
static void
add_many (StoreFixture *fixture)
{
  store_fixture_append (fixture, "f1", 1, 1, 1);
  store_fixture_write (fixture,
      NUMBERS "INSERT INTO conferences (app, name, start, last_seen, last_heard,"
              " first_time, last_time, stored, version)"
              " SELECT 1, 'c' || (1000 + i), i, i, i, i, i, 1e16, 1 FROM n;"
              "INSERT INTO fabrics (user, name, conference)"
              " SELECT 1, 'f' || c.id, c.id FROM conferences c WHERE c.id > 1;"
              "INSERT INTO blocks (fabric, first_time, last_time, reports, written,"
              " checksum, data) SELECT id, 1, 1, 0, 1e16, 0, x'00' FROM fabrics"
              " WHERE id > 1;");
}

static void
test_changes (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) changed = NULL;

  add_many (fixture);
  store_fixture_write (fixture, "UPDATE conferences SET changes = 9 WHERE id = 7");
  g_atomic_int_set (&steps, 0);
  changed = store_list_changed (fixture->store, STORE_FIXTURE_APP, 1, 10, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (changed->len, ==, 1);
  assert_few_steps ();
}

static void
test_retention (StoreFixture *fixture, gconstpointer data)
{
  const StoreDays days = { 9, 0 };
  g_autoptr (StoreRetention) retention = store_retention_new (&days);
  g_autoptr (GError) error = NULL;
  StoreRemoved removed;

  add_many (fixture);
  g_atomic_int_set (&steps, 0);
  store_retain (
      fixture->store, retention, g_get_real_time (), &removed, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (removed.reports, ==, 0);
  assert_few_steps ();
}

static void
test_gaps (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) gaps = NULL;
  sqlite3 *db;

  store_fixture_append (fixture, "f1", 1, 1, 1);
  store_fixture_write (fixture,
      NUMBERS "INSERT INTO others (user, time, record)"
              " SELECT 1, i * 1000, '{\"type\":\"log\"}' FROM n;"
              "INSERT INTO others (user, time, record)"
              " VALUES (1, 5000, '{\"type\":\"gap\",\"from\":1,\"to\":4}')");
  db = sqlite_store_take_reader (fixture->store, &error);
  g_assert_no_error (error);
  g_atomic_int_set (&steps, 0);
  gaps = sqlite_read_gaps (db, 1, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gaps->len, ==, 1);
  assert_few_steps ();
  sqlite_store_give_reader_back (fixture->store, db);
}

/* Anybody may send such a record. */
static void
test_hostile_gaps (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) gaps = NULL;
  sqlite3 *db;

  store_fixture_append (fixture, "f1", 1, 1, 1);
  store_fixture_write (fixture,
      "INSERT INTO others (user, time, record) VALUES"
      " (1, 5000, '{\"type\":\"gap\",\"from\":-1e300,\"to\":4}'),"
      " (1, 5000, '{\"type\":\"gap\",\"from\":1e300,\"to\":4}'),"
      " (1, 5000, '{\"type\":\"gap\",\"from\":-2e15,\"to\":-1e300}'),"
      " (1, 5000, '{\"type\":\"gap\",\"from\":1,\"to\":-1e300}'),"
      " (1, 5000, '{\"type\":\"gap\",\"from\":1,\"to\":1e300}'),"
      " (1, 5000, '{\"type\":\"gap\",\"from\":1.8446744073709552e16,\"to\":4}'),"
      " (1, 5000, '{\"type\":\"gap\",\"from\":3,\"to\":3}')");
  db = sqlite_store_take_reader (fixture->store, &error);
  g_assert_no_error (error);
  gaps = sqlite_read_gaps (db, 1, 0, &error);
  sqlite_store_give_reader_back (fixture->store, db);
  g_assert_no_error (error);
  g_assert_cmpuint (gaps->len, ==, 1);
  g_assert_cmpint (g_array_index (gaps, SeriesGap, 0).from, ==, 3000);
}

/* Each may be a mebibyte long. */
static void
test_others_come_in_pieces (StoreFixture *fixture, gconstpointer data)
{
  const StoreConferenceId id = { STORE_FIXTURE_APP, "c1", 0 };
  g_autoptr (GError) error = NULL;
  gint64 after = 0;
  gboolean more = TRUE;
  guint n = 0, pieces = 0;

  store_fixture_append (fixture, "f1", 1, 1, 1);
  store_fixture_write (fixture,
      "INSERT INTO others (user, time, record)"
      " SELECT 1, (SELECT start FROM conferences), '{\"text\":\"' || hex (zeroblob "
      "(20000))"
      " || '\"}' FROM (VALUES (1), (2), (3), (4), (5), (6), (7))");
  while (more) {
    g_autoptr (GPtrArray) others =
        store_list_others (fixture->store, &id, after, 100, 100000, &more, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (others->len, <=, 3);
    if (others->len > 0)
      after = ((StoreOther *)others->pdata[others->len - 1])->id;
    n += others->len;
    pieces++;
  }
  g_assert_cmpuint (n, ==, 7);
  g_assert_cmpuint (pieces, ==, 3);
}

/* The last page of a time in which there are many. */
static void
test_late_pages (StoreFixture *fixture, gconstpointer data)
{
  const StoreSearch search = { .from = 1,
    .to = 2 * G_GINT64_CONSTANT (1000000),
    .low_score = NAN,
    .has_cursor = TRUE,
    .cursor = { 5, G_MAXINT64 },
    .limit = 10 };
  StoreSearch rising = search;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) falling_list = NULL, rising_list = NULL;

  add_many (fixture);
  rising.ascending = TRUE;
  rising.cursor.time = 2996;
  g_atomic_int_set (&steps, 0);
  falling_list =
      store_search_conferences (fixture->store, STORE_FIXTURE_APP, &search, &error);
  g_assert_no_error (error);
  rising_list =
      store_search_conferences (fixture->store, STORE_FIXTURE_APP, &rising, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (falling_list->len, ==, 5);
  g_assert_cmpuint (rising_list->len, ==, 4);
  assert_few_steps ();
  g_ptr_array_set_free_func (falling_list, (GDestroyNotify)store_conference_free);
  g_ptr_array_set_free_func (rising_list, (GDestroyNotify)store_conference_free);
}

/* A name that many have, all of them long ago. */
static void
test_many_far_away (StoreFixture *fixture, gconstpointer data)
{
  StoreSearch search = {
    .from = G_MININT64, .to = G_MAXINT64, .low_score = NAN, .prefix = "old", .limit = 10
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) far = NULL, near = NULL;
  gint far_steps;

  store_fixture_append (fixture, "f1", 1, 1, 1);
  store_fixture_write (fixture,
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
      "INSERT INTO conferences (app, name, start, last_seen, last_heard, first_time,"
      " last_time, stored, version)"
      " SELECT 1, CASE WHEN i < 11000 THEN 'old' ELSE 'new' END || i, i, i, i, i, i,"
      " 1e16, 1 FROM n;");
  g_atomic_int_set (&steps, 0);
  far = store_search_conferences (fixture->store, STORE_FIXTURE_APP, &search, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (far->len, ==, 10);
  g_assert_cmpstr (((StoreConference *)far->pdata[0])->conference, ==, "old10999");
  far_steps = g_atomic_int_get (&steps);
  search.prefix = "new";
  g_atomic_int_set (&steps, 0);
  near = store_search_conferences (fixture->store, STORE_FIXTURE_APP, &search, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (near->len, ==, 10);
  g_test_message ("%d and %d steps", far_steps, g_atomic_int_get (&steps));
  /* What lies between is not tested: 49 000 rows of twenty steps and more. */
  g_assert_cmpint (far_steps, <, 600000);
  g_ptr_array_set_free_func (far, (GDestroyNotify)store_conference_free);
  g_ptr_array_set_free_func (near, (GDestroyNotify)store_conference_free);
}

/* Those that failed, and a name that nobody has, among many. */
static void
test_few_of_many (StoreFixture *fixture, gconstpointer data)
{
  StoreSearch search = {
    .from = G_MININT64, .to = G_MAXINT64, .low_score = NAN, .prefix = "x", .limit = 10
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) named = NULL, failed = NULL;

  add_many (fixture);
  store_fixture_write (fixture, "UPDATE conferences SET failed = 1 WHERE id = 7");
  g_atomic_int_set (&steps, 0);
  named = store_search_conferences (fixture->store, STORE_FIXTURE_APP, &search, &error);
  g_assert_no_error (error);
  search.prefix = NULL;
  search.failed = TRUE;
  search.sort = STORE_SORT_DURATION;
  failed = store_search_conferences (fixture->store, STORE_FIXTURE_APP, &search, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (named->len, ==, 0);
  g_assert_cmpuint (failed->len, ==, 1);
  assert_few_steps ();
  g_ptr_array_set_free_func (failed, (GDestroyNotify)store_conference_free);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  sqlite3_auto_extension ((void (*) (void))count_steps);
#define ADD(name, function) \
  g_test_add ("/store/plans/" name, StoreFixture, NULL, store_fixture_set_up, function, \
      store_fixture_tear_down)
  ADD ("changes", test_changes);
  ADD ("retention", test_retention);
  ADD ("gaps", test_gaps);
  g_test_add ("/store/others-come-in-pieces", StoreFixture, NULL, store_fixture_set_up,
      test_others_come_in_pieces, store_fixture_tear_down);
  ADD ("late-pages", test_late_pages);
  ADD ("many-far-away", test_many_far_away);
  ADD ("few-of-many", test_few_of_many);
  g_test_add ("/store/hostile-gaps", StoreFixture, NULL, store_fixture_set_up,
      test_hostile_gaps, store_fixture_tear_down);
  return g_test_run ();
}
