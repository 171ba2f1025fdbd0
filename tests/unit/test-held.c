/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records that wait for the id of their conference.
 */
#include "callstats-held-private.h"

#define BOUND (64 * 1024)

typedef struct {
  guint reports, events;
} Lost;

static void
lose (CallstatsRecord *record, gpointer user_data)
{
  Lost *lost = user_data;

  if (record->kind == CALLSTATS_RECORD_REPORT)
    lost->reports++;
  else
    lost->events++;
}

static void
hold_report (CallstatsHeld *held, const char *fabric, guint number, Lost *lost)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (number * G_TIME_SPAN_SECOND);
  g_autoptr (CallstatsRecord) record = callstats_record_new_report (report);

  record->fabric = g_strdup (fabric);
  callstats_held_push (held, record, BOUND, lose, lost);
}

static void
hold_event (CallstatsHeld *held, const char *name, Lost *lost)
{
  g_autoptr (CallstatsRecord) record = callstats_record_new_event (name, 1, NULL);

  record->fabric = g_strdup ("a");
  callstats_held_push (held, record, BOUND, lose, lost);
}

/* Of each fabric alike, whatever others tell in between. */
static void
test_reports_are_thinned_evenly (void)
{
  g_autoptr (CallstatsHeld) held = callstats_held_new ();
  g_autoptr (GPtrArray) records = NULL;
  guint i, kept[2] = { 0, 0 }, last[2] = { 0, 0 };
  Lost lost = { 0 };

  hold_event (held, "fabricSetup", &lost);
  for (i = 1; i <= 100; i++) {
    hold_report (held, "a", i, &lost);
    hold_report (held, "b", i, &lost);
  }
  g_assert_cmpuint (lost.reports, >, 0);
  g_assert_cmpuint (lost.events, ==, 0);
  g_assert_cmpuint (callstats_held_length (held) + lost.reports, ==, 201);

  records = callstats_held_take (held, NULL);
  g_assert_cmpuint (callstats_held_length (held), ==, 0);
  for (i = 1; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];
    guint which = record->fabric[0] == 'a' ? 0 : 1;
    guint number = (guint)(record->time / G_TIME_SPAN_SECOND);

    g_assert_cmpuint (number, >, last[which]);
    g_assert_cmpuint (number - last[which], <=, 32);
    last[which] = number;
    kept[which]++;
  }
  g_assert_cmpuint (kept[0], >, 2);
  g_assert_cmpuint (ABS ((int)kept[0] - (int)kept[1]), <=, 1);
}

static void
test_lifecycle_events_go_last (void)
{
  g_autoptr (CallstatsHeld) held = callstats_held_new ();
  g_autoptr (GPtrArray) records = NULL;
  Lost lost = { 0 };
  guint i;

  for (i = 0; i < 20; i++)
    hold_event (held, "fabricSetup", &lost);
  for (i = 0; i < 1000; i++)
    hold_event (held, "userAlive", &lost);
  g_assert_cmpuint (lost.events, >, 0);
  g_assert_cmpuint (callstats_held_length (held) + lost.events, ==, 1020);
  records = callstats_held_take (held, "a");
  for (i = 0; i < 20; i++)
    g_assert_cmpstr (((CallstatsRecord *)records->pdata[i])->name, ==, "fabricSetup");
}

/* What is stamped is longer than what was held; it is room for others again all the same.
 */
static void
test_the_room_of_what_is_taken_is_free (void)
{
  g_autoptr (CallstatsHeld) held = callstats_held_new ();
  g_autofree char *user = g_strnfill (100, 'u');
  Lost lost = { 0 };
  guint i, round;

  for (round = 0; round < 20; round++) {
    g_autoptr (GPtrArray) records = NULL;

    for (i = 0; i < 40; i++)
      hold_event (held, "fabricSetup", &lost);
    hold_event (held, "userJoined", &lost);
    callstats_held_stamp_remote_user (held, "a", user);
    callstats_held_forget_join (held);
    records = callstats_held_take (held, "a");
    g_assert_cmpuint (records->len, ==, 40);
    g_assert_cmpstr (((CallstatsRecord *)records->pdata[0])->remote_user, ==, user);
  }
  g_assert_cmpuint (lost.events, ==, 0);
}

static void
test_fabrics_are_taken_one_by_one (void)
{
  g_autoptr (CallstatsHeld) held = callstats_held_new ();
  g_autoptr (GPtrArray) records = NULL;
  Lost lost = { 0 };

  hold_report (held, "a", 1, &lost);
  hold_report (held, "b", 2, &lost);
  hold_report (held, "a", 3, &lost);
  records = callstats_held_take (held, "a");
  g_assert_cmpuint (records->len, ==, 2);
  g_assert_cmpint (
      ((CallstatsRecord *)records->pdata[1])->time, ==, 3 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (callstats_held_length (held), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/held/reports-are-thinned-evenly", test_reports_are_thinned_evenly);
  g_test_add_func ("/held/lifecycle-events-go-last", test_lifecycle_events_go_last);
  g_test_add_func (
      "/held/the-room-of-what-is-taken-is-free", test_the_room_of_what_is_taken_is_free);
  g_test_add_func (
      "/held/fabrics-are-taken-one-by-one", test_fabrics_are_taken_one_by_one);
  return g_test_run ();
}
