/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is old goes, and nothing else.
 */
#include <glib/gstdio.h>

#include "store-fixture.h"

#define DAY G_TIME_SPAN_DAY
#define AGED_BY(days) \
  "UPDATE conferences SET stored = stored - " #days " * 86400000000;" \
  "UPDATE sessions SET last_heard = last_heard - " #days " * 86400000000;" \
  "UPDATE blocks SET written = written - " #days " * 86400000000;"

/* Two fabrics with 300 reports each, an event of each, and one of the user's. */
static void
add_conference (StoreFixture *fixture, const char *name, const char *one, const char *two)
{
  gint64 start = STORE_FIXTURE_START;

  store_fixture_append_event (fixture, "userJoined", name, NULL, start);
  store_fixture_append_event (fixture, "fabricSetup", name, one, start);
  store_fixture_append_event (fixture, "fabricSetup", name, two, start);
  for (guint i = 0; i < 300; i++) {
    store_fixture_append_report (fixture, name, one, i, start + i * G_USEC_PER_SEC);
    store_fixture_append_report (fixture, name, two, i, start + i * G_USEC_PER_SEC);
  }
  store_fixture_flush (fixture);
}

static void
compact (StoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  store_compact (fixture->store, NULL, NULL, &error);
  g_assert_no_error (error);
}

static StoreRemoved
retain (StoreFixture *fixture, guint raw, guint summaries)
{
  const StoreDays days = { raw, summaries };
  g_autoptr (StoreRetention) retention = store_retention_new (&days);
  g_autoptr (GError) error = NULL;
  StoreRemoved removed;

  store_retain (
      fixture->store, retention, g_get_real_time (), &removed, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT count(*) FROM pragma_foreign_key_check"), ==,
      0);
  return removed;
}

#define COUNT(table) store_fixture_read (fixture, "SELECT count(*) FROM " table)

/* Every fabric's reports are there or told to be gone. */
static void
assert_counts_agree (StoreFixture *fixture)
{
  g_assert_cmpint (
      store_fixture_read (fixture,
          "SELECT count(*) FROM fabrics f WHERE reports <> expired +"
          " (SELECT count(*) FROM reports r WHERE r.fabric = f.id) +"
          " (SELECT coalesce (sum(b.reports), 0) FROM blocks b WHERE b.fabric = f.id)"),
      ==, 0);
}

static void
test_reports_go_before_their_conference (StoreFixture *fixture, gconstpointer data)
{
  StoreRemoved removed;

  add_conference (fixture, "old", "f1", "f2");
  compact (fixture);
  store_fixture_append_report (fixture, "old", "f1", 400, STORE_FIXTURE_START);
  store_fixture_flush (fixture);
  store_fixture_write (fixture, AGED_BY (10));
  add_conference (fixture, "new", "f3", "f4");
  compact (fixture);

  removed = retain (fixture, 11, 11);
  g_assert_cmpuint (removed.reports + removed.conferences, ==, 0);
  removed = retain (fixture, 9, 11);
  g_assert_cmpuint (removed.reports, ==, 601);
  g_assert_cmpuint (removed.conferences, ==, 0);
  g_assert_cmpuint (removed.bytes, >, 0);
  g_assert_cmpint (COUNT ("reports"), ==, 0);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT sum(reports) FROM blocks"), ==, 600);
  g_assert_cmpint (COUNT ("conferences"), ==, 2);
  g_assert_cmpint (COUNT ("events"), ==, 6);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT sum(reports) FROM fabrics"), ==, 1201);
  assert_counts_agree (fixture);
}

static void
test_conference_goes_as_a_whole (StoreFixture *fixture, gconstpointer data)
{
  StoreRemoved removed;

  add_conference (fixture, "old", "f1", "f2");
  compact (fixture);
  store_fixture_append_report (fixture, "old", "f1", 400, STORE_FIXTURE_START);
  store_fixture_flush (fixture);
  store_fixture_write (fixture, AGED_BY (10));
  add_conference (fixture, "new", "f3", "f4");

  removed = retain (fixture, 0, 9);
  g_assert_cmpuint (removed.conferences, ==, 1);
  g_assert_cmpint (COUNT ("conferences"), ==, 1);
  g_assert_cmpint (COUNT ("fabrics"), ==, 2);
  g_assert_cmpint (COUNT ("participants"), ==, 1);
  g_assert_cmpint (COUNT ("events"), ==, 3);
  g_assert_cmpint (COUNT ("blocks"), ==, 0);
  g_assert_cmpint (COUNT ("reports"), ==, 600);
  g_assert_cmpint (COUNT ("sessions"), ==, 1);
  assert_counts_agree (fixture);

  store_fixture_write (fixture, AGED_BY (10));
  retain (fixture, 0, 9);
  g_assert_cmpint (COUNT ("conferences"), ==, 0);
  g_assert_cmpint (COUNT ("users"), ==, 0);
  g_assert_cmpint (COUNT ("sessions"), ==, 0);
}

/* A session that is open knows rows which are gone then. */
static void
test_client_goes_on_after_its_conference_went (StoreFixture *fixture, gconstpointer data)
{
  add_conference (fixture, "c1", "f1", "f2");
  store_fixture_write (fixture, "UPDATE conferences SET stored = 0");
  retain (fixture, 0, 9);
  g_assert_cmpint (COUNT ("conferences"), ==, 0);
  add_conference (fixture, "c1", "f1", "f2");
  g_assert_cmpint (COUNT ("conferences"), ==, 1);
  g_assert_cmpint (COUNT ("reports"), ==, 600);
  g_assert_cmpint (COUNT ("pragma_foreign_key_check"), ==, 0);
}

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

/* Another one's session has the row that was an open one's before. */
static void
test_session_is_not_taken_for_another (StoreFixture *fixture, gconstpointer data)
{
  static const StoreSessionEvents events = { on_opened, on_committed, on_failed };
  StoreSession *alice = fixture->session;

  add_conference (fixture, "c1", "f1", "f2");
  store_fixture_write (fixture, AGED_BY (10));
  retain (fixture, 0, 9);
  g_assert_cmpint (COUNT ("sessions"), ==, 0);
  g_assert_cmpint (COUNT ("users"), ==, 0);

  fixture->session = store_session_open (
      fixture->store, STORE_FIXTURE_APP, "bob", NULL, "s1", &events, NULL, NULL);
  add_conference (fixture, "c2", "f1", "f2");
  store_session_close (fixture->session);
  fixture->session = alice;
  add_conference (fixture, "c3", "f1", "f2");
  g_assert_cmpint (COUNT ("sessions"), ==, 2);
  g_assert_cmpint (COUNT ("participants p JOIN users u ON u.id = p.user JOIN"
                          " conferences c ON c.id = p.conference"
                          " WHERE (u.name, c.name) IN (('bob', 'c2'), ('alice', 'c3'))"),
      ==, 2);
  g_assert_cmpint (COUNT ("reports"), ==, 1200);
}

static void
test_each_application_has_its_own_days (StoreFixture *fixture, gconstpointer data)
{
  const StoreDays never = { 0, 0 }, some = { 5, 9 };
  g_autoptr (StoreRetention) retention = store_retention_new (&some);
  g_autoptr (GError) error = NULL;
  StoreRemoved removed;

  add_conference (fixture, "old", "f1", "f2");
  store_fixture_write (fixture, AGED_BY (10));
  store_retention_set (retention, STORE_FIXTURE_APP, &never);
  store_retain (
      fixture->store, retention, g_get_real_time (), &removed, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (COUNT ("conferences"), ==, 1);
  store_retention_set (retention, STORE_FIXTURE_APP, &some);
  store_retain (
      fixture->store, retention, g_get_real_time (), &removed, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (COUNT ("conferences"), ==, 0);
}

static gint64
file_bytes (StoreFixture *fixture)
{
  GStatBuf info;

  store_fixture_write (fixture, "PRAGMA wal_checkpoint(TRUNCATE)");
  g_assert_cmpint (g_stat (fixture->path, &info), ==, 0);
  return info.st_size;
}

static void
test_room_is_given_back (StoreFixture *fixture, gconstpointer data)
{
  gint64 before;
  StoreRemoved removed;

  add_conference (fixture, "old", "f1", "f2");
  before = file_bytes (fixture);
  store_fixture_write (fixture, AGED_BY (10));
  removed = retain (fixture, 0, 9);
  g_assert_cmpint (file_bytes (fixture), <=, before - (gint64)removed.bytes);
  g_assert_cmpint (file_bytes (fixture), <, before / 2);
}

static gboolean
stop (const char *what, guint64 done, guint64 total, gpointer user_data)
{
  return FALSE;
}

static void
test_interruption_does_no_harm (StoreFixture *fixture, gconstpointer data)
{
  const StoreDays days = { 5, 9 };
  g_autoptr (StoreRetention) retention = store_retention_new (&days);
  g_autoptr (GError) error = NULL;
  StoreRemoved removed;

  add_conference (fixture, "old", "f1", "f2");
  store_fixture_write (fixture, AGED_BY (10));
  g_assert_false (store_retain (
      fixture->store, retention, g_get_real_time (), &removed, stop, NULL, &error));
  g_assert_error (error, STORE_ERROR, STORE_ERROR_INTERRUPTED);
  assert_counts_agree (fixture);
  retain (fixture, 5, 9);
  g_assert_cmpint (COUNT ("conferences"), ==, 0);
}

static gboolean
on_poll (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
test_store_removes_by_itself (StoreFixture *fixture, gconstpointer data)
{
  const StoreDays days = { 5, 9 };
  g_autoptr (StoreRetention) retention = store_retention_new (&days);
  guint poll = g_timeout_add (50, on_poll, NULL);

  add_conference (fixture, "old", "f1", "f2");
  store_fixture_write (fixture, AGED_BY (10));
  add_conference (fixture, "new", "f3", "f4");
  store_set_retention (fixture->store, retention);
  while (COUNT ("conferences") > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (COUNT ("conferences WHERE name = 'new'"), ==, 1);
  g_source_remove (poll);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) \
  g_test_add ("/store/retention/" name, StoreFixture, NULL, store_fixture_set_up, \
      function, store_fixture_tear_down)
  ADD ("reports", test_reports_go_before_their_conference);
  ADD ("conference", test_conference_goes_as_a_whole);
  ADD ("client-goes-on", test_client_goes_on_after_its_conference_went);
  ADD ("session-is-another", test_session_is_not_taken_for_another);
  ADD ("applications", test_each_application_has_its_own_days);
  ADD ("room", test_room_is_given_back);
  ADD ("interruption", test_interruption_does_no_harm);
  ADD ("by-itself", test_store_removes_by_itself);
  return g_test_run ();
}
