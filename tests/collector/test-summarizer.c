/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When listeners are told of a call's end and of changes, over restarts too.
 */
#include "summarizer.h"

#include "callstats/callstats-json-private.h"
#include "store-fixture.h"

#define DEADLINE_MS 30000
#define AT(seconds) (STORE_FIXTURE_START + (gint64)(seconds)*G_USEC_PER_SEC)

typedef struct {
  guint ends;
  guint changes;
  guint changes_after; /* of a call that is over */
  /* In the last summary */
  guint feedback;
  gint64 reports;
  gboolean over, truncated;
} Told;

static gint64
count_reports (JsonObject *summary)
{
  JsonArray *fabrics = json_object_get_array_member (summary, "fabricSummaries");
  gint64 reports = 0;

  for (guint i = 0; i < json_array_get_length (fabrics); i++)
    reports += json_object_get_int_member (
        json_array_get_object_element (fabrics, i), "reportCount");
  return reports;
}

static void
on_summary (const char *app, const char *conference, gboolean ended_now,
    JsonObject *summary, gpointer user_data)
{
  Told *told = user_data;

  g_assert_cmpstr (app, ==, STORE_FIXTURE_APP);
  g_assert_cmpstr (conference, ==, "c1");
  g_assert_cmpstr (json_object_get_string_member (summary, "confID"), ==, "c1");
  told->ends += ended_now;
  told->changes += !ended_now;
  told->feedback =
      json_array_get_length (json_object_get_array_member (summary, "feedback"));
  told->reports = count_reports (summary);
  told->over = !json_object_get_null_member (summary, "endTime");
  told->changes_after += !ended_now && told->over;
  told->truncated = json_object_get_boolean_member (summary, "truncated");
}

static gboolean
give_up (gpointer user_data)
{
  g_error ("not told within %d s", DEADLINE_MS / 1000);
  return G_SOURCE_REMOVE;
}

static void
wait_until_told (const guint *count, guint wanted)
{
  guint deadline = g_timeout_add (DEADLINE_MS, give_up, NULL);

  while (*count < wanted)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

static void
wait_until_read (StoreFixture *fixture, const char *sql, gint64 wanted)
{
  guint deadline = g_timeout_add (DEADLINE_MS, give_up, NULL);

  while (store_fixture_read (fixture, sql) != wanted)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

/* What comes between two steps of the summarizer, once. */
static StoreFixture *before_write;

void __real_store_write_summary (
    Store *store, StoreSummary *summary, StoreSummaryWritten written, gpointer user_data);
void __wrap_store_write_summary (
    Store *store, StoreSummary *summary, StoreSummaryWritten written, gpointer user_data);

void
__wrap_store_write_summary (
    Store *store, StoreSummary *summary, StoreSummaryWritten written, gpointer user_data)
{
  StoreFixture *fixture = before_write;

  if (fixture != NULL && summary->over) {
    before_write = NULL;
    store_fixture_append_event (fixture, "userFeedback", "c1", NULL, AT (22));
    store_fixture_flush (fixture);
  }
  __real_store_write_summary (store, summary, written, user_data);
}

typedef struct {
  StoreFixture *fixture;
  GMutex lock;
  GCond cond;
  gboolean done;
} Rejoining;

static Rejoining *before_read; /* atomic */

StoreDetail *__real_store_read_call (
    Store *store, gint64 id, gint64 *changes, gboolean *expired, GError **error);
StoreDetail *__wrap_store_read_call (
    Store *store, gint64 id, gint64 *changes, gboolean *expired, GError **error);

/* On the main thread. */
static gboolean
rejoin (gpointer user_data)
{
  Rejoining *rejoining = user_data;

  store_fixture_append_event (rejoining->fixture, "userJoined", "c1", NULL, AT (23));
  store_fixture_flush (rejoining->fixture);
  g_mutex_lock (&rejoining->lock);
  rejoining->done = TRUE;
  g_cond_signal (&rejoining->cond);
  g_mutex_unlock (&rejoining->lock);
  return G_SOURCE_REMOVE;
}

StoreDetail *
__wrap_store_read_call (
    Store *store, gint64 id, gint64 *changes, gboolean *expired, GError **error)
{
  Rejoining *rejoining = g_atomic_pointer_get (&before_read);

  if (rejoining != NULL) {
    g_atomic_pointer_set (&before_read, NULL);
    g_idle_add (rejoin, rejoining);
    g_mutex_lock (&rejoining->lock);
    while (!rejoining->done)
      g_cond_wait (&rejoining->cond, &rejoining->lock);
    g_mutex_unlock (&rejoining->lock);
  }
  return __real_store_read_call (store, id, changes, expired, error);
}

static void
append_call (StoreFixture *fixture)
{
  store_fixture_append_event (fixture, "userJoined", "c1", NULL, AT (0));
  store_fixture_append_event (fixture, "addNewFabric", "c1", "f1", AT (0));
  store_fixture_append_event (fixture, "fabricSetup", "c1", "f1", AT (1));
  store_fixture_append (fixture, "f1", 1, 1, 20);
  store_fixture_append_event (fixture, "fabricTerminated", "c1", "f1", AT (21));
  store_fixture_append_event (fixture, "userLeft", "c1", NULL, AT (21));
  store_fixture_flush (fixture);
}

static void
test_an_end_is_told_once (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (Summarizer) summarizer = summarizer_new (fixture->store);
  Told told = { 0 };

  summarizer_listen (summarizer, on_summary, &told);
  append_call (fixture);
  wait_until_told (&told.ends, 1);
  store_fixture_flush (fixture);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT told FROM conferences"), ==, 1);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT count(ended) FROM conferences"), ==, 1);
  told.changes = 0;
  store_fixture_append_event (fixture, "userFeedback", "c1", NULL, AT (22));
  wait_until_told (&told.changes, 1);
  g_assert_cmpuint (told.feedback, ==, 1);
  g_assert_cmpuint (told.ends, ==, 1);
}

/* As if the collector had gone down between the commit and its listeners. */
static void
test_an_end_that_nobody_heard_of_is_told_at_the_next_start (
    StoreFixture *fixture, gconstpointer data)
{
  Told told = { 0 };

  for (guint run = 1; run <= 3; run++) {
    Summarizer *summarizer = summarizer_new (fixture->store);

    summarizer_listen (summarizer, on_summary, &told);
    if (run == 1)
      append_call (fixture);
    /* After the second run, all is told. */
    if (run < 3)
      wait_until_told (&told.ends, run);
    store_fixture_flush (fixture);
    summarizer_free (summarizer);
    store_fixture_close (fixture);
    store_fixture_open (fixture);
    if (run == 1)
      store_fixture_write (fixture, "UPDATE conferences SET told = 0");
  }
  g_assert_cmpuint (told.ends, ==, 2);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT count(*) FROM conferences WHERE told = 0"), ==,
      0);
}

static void
test_what_is_outdated_is_not_told (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (Summarizer) summarizer = summarizer_new (fixture->store);
  Told told = { 0 };

  summarizer_listen (summarizer, on_summary, &told);
  before_write = fixture;
  append_call (fixture);
  wait_until_told (&told.ends, 1);
  g_assert_null (before_write);
  g_assert_cmpuint (told.feedback, ==, 1);
  g_assert_cmpuint (told.changes_after, ==, 0);
}

static void
test_who_comes_back_in_time_keeps_the_call_going (
    StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (Summarizer) summarizer = summarizer_new (fixture->store);
  Rejoining rejoining = { .fixture = fixture };
  Told told = { 0 };

  g_mutex_init (&rejoining.lock);
  g_cond_init (&rejoining.cond);
  summarizer_listen (summarizer, on_summary, &told);
  store_fixture_append_event (fixture, "userJoined", "c1", NULL, AT (0));
  wait_until_told (&told.changes, 1);
  g_atomic_pointer_set (&before_read, &rejoining);
  store_fixture_append_event (fixture, "userLeft", "c1", NULL, AT (21));
  wait_until_told (&told.changes, 2);
  g_assert_true (rejoining.done);
  g_assert_cmpuint (told.ends, ==, 0);
  g_assert_false (told.over);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT count(ended) FROM conferences"), ==, 0);
  g_cond_clear (&rejoining.cond);
  g_mutex_clear (&rejoining.lock);
}

static void
test_damaged_reports_cost_no_summary (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (Summarizer) summarizer = summarizer_new (fixture->store);
  g_autofree char *sql = g_strdup_printf (
      "INSERT INTO blocks (fabric, first_time, last_time, reports, written, checksum,"
      " data) SELECT id, %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ", 1, 0, 0, x'00'"
      " FROM fabrics WHERE name = 'f1'",
      AT (10) - 1, AT (11));
  Told told = { 0 };

  summarizer_listen (summarizer, on_summary, &told);
  store_fixture_append_event (fixture, "userJoined", "c1", NULL, AT (0));
  store_fixture_append (fixture, "f1", 1, 1, 20);
  store_fixture_append (fixture, "f2", 1, 1, 20);
  store_fixture_write (fixture, sql);
  store_fixture_append_event (fixture, "userLeft", "c1", NULL, AT (21));
  wait_until_told (&told.ends, 1);
  g_assert_true (told.truncated);
  g_assert_cmpint (told.reports, ==, 9 + 20);
}

/* As of a call that is longer than reports are kept. */
static void
test_what_is_left_is_summed_up_at_the_end (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (Summarizer) summarizer = summarizer_new (fixture->store);
  Told told = { 0 };

  summarizer_listen (summarizer, on_summary, &told);
  store_fixture_append_event (fixture, "userJoined", "c1", NULL, AT (0));
  store_fixture_append_event (fixture, "fabricSetup", "c1", "f1", AT (1));
  store_fixture_append (fixture, "f1", 1, 1, 20);
  wait_until_told (&told.changes, 1);
  g_assert_false (told.over);
  store_fixture_write (fixture, "UPDATE fabrics SET expired = 5");
  store_fixture_append_event (fixture, "userLeft", "c1", NULL, AT (21));
  wait_until_told (&told.ends, 1);
  g_assert_true (told.over);
  g_assert_true (told.truncated);
  g_assert_cmpint (told.reports, ==, 20);
}

static void
test_what_was_summed_up_outlives_reports (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (Summarizer) summarizer = summarizer_new (fixture->store);
  Told told = { 0 };

  summarizer_listen (summarizer, on_summary, &told);
  append_call (fixture);
  wait_until_told (&told.ends, 1);
  store_fixture_write (fixture,
      "DELETE FROM reports; DELETE FROM blocks; UPDATE fabrics SET expired = 20");
  store_fixture_append_event (fixture, "userJoined", "c1", NULL, AT (25));
  wait_until_read (
      fixture, "SELECT stale = 1 AND ended IS NULL AND present = 1 FROM conferences", 1);
  store_fixture_append_event (fixture, "userLeft", "c1", NULL, AT (26));
  wait_until_told (&told.ends, 2);
  g_assert_true (told.over);
  g_assert_cmpint (told.reports, ==, 20);
}

#define N_CALLS 20

static void
append_calls (StoreFixture *fixture, guint first, guint n)
{
  for (guint i = first; i < first + n; i++) {
    store_fixture_append_event (fixture, "userJoined", "c1", NULL, AT (100 * i));
    store_fixture_append_event (fixture, "userLeft", "c1", NULL, AT (100 * i + 1));
  }
}

static void
test_a_damaged_summary_holds_up_no_others (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (Summarizer) summarizer = summarizer_new (fixture->store);
  Told told = { 0 };

  summarizer_listen (summarizer, on_summary, &told);
  append_calls (fixture, 0, N_CALLS);
  wait_until_told (&told.ends, N_CALLS);
  store_fixture_flush (fixture);
  g_clear_pointer (&summarizer, summarizer_free);
  store_fixture_write (fixture, "UPDATE conferences SET told = 0;"
                                "UPDATE summaries SET summary = x'00' WHERE conference ="
                                " (SELECT min (id) FROM conferences)");
  summarizer = summarizer_new (fixture->store);
  summarizer_listen (summarizer, on_summary, &told);
  wait_until_told (&told.ends, 2 * N_CALLS - 1);
  append_calls (fixture, N_CALLS, 1);
  wait_until_read (fixture,
      "SELECT count(*) FROM conferences WHERE ended IS NOT NULL AND told = 1",
      N_CALLS + 1);
  g_assert_cmpuint (told.ends, ==, 2 * N_CALLS);
}

/* Whatever it is at: reading, or waiting for the writer. */
static void
test_it_may_be_freed_at_any_time (StoreFixture *fixture, gconstpointer data)
{
  append_call (fixture);
  for (guint i = 0; i < 10; i++) {
    Summarizer *summarizer = summarizer_new (fixture->store);
    Told told = { 0 };

    summarizer_listen (summarizer, on_summary, &told);
    for (guint k = 0; k < i / 2; k++)
      g_main_context_iteration (NULL, TRUE);
    summarizer_free (summarizer);
    while (g_main_context_iteration (NULL, FALSE))
      ;
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/summarizer/an-end-is-told-once", StoreFixture, NULL, store_fixture_set_up,
      test_an_end_is_told_once, store_fixture_tear_down);
  g_test_add ("/summarizer/an-end-that-nobody-heard-of-is-told-at-the-next-start",
      StoreFixture, NULL, store_fixture_set_up,
      test_an_end_that_nobody_heard_of_is_told_at_the_next_start,
      store_fixture_tear_down);
  g_test_add ("/summarizer/what-is-outdated-is-not-told", StoreFixture, NULL,
      store_fixture_set_up, test_what_is_outdated_is_not_told, store_fixture_tear_down);
  g_test_add ("/summarizer/who-comes-back-in-time-keeps-the-call-going", StoreFixture,
      NULL, store_fixture_set_up, test_who_comes_back_in_time_keeps_the_call_going,
      store_fixture_tear_down);
  g_test_add ("/summarizer/a-damaged-summary-holds-up-no-others", StoreFixture, NULL,
      store_fixture_set_up, test_a_damaged_summary_holds_up_no_others,
      store_fixture_tear_down);
  g_test_add ("/summarizer/damaged-reports-cost-no-summary", StoreFixture, NULL,
      store_fixture_set_up, test_damaged_reports_cost_no_summary,
      store_fixture_tear_down);
  g_test_add ("/summarizer/what-is-left-is-summed-up-at-the-end", StoreFixture, NULL,
      store_fixture_set_up, test_what_is_left_is_summed_up_at_the_end,
      store_fixture_tear_down);
  g_test_add ("/summarizer/what-was-summed-up-outlives-reports", StoreFixture, NULL,
      store_fixture_set_up, test_what_was_summed_up_outlives_reports,
      store_fixture_tear_down);
  g_test_add ("/summarizer/it-may-be-freed-at-any-time", StoreFixture, NULL,
      store_fixture_set_up, test_it_may_be_freed_at_any_time, store_fixture_tear_down);
  return g_test_run ();
}
