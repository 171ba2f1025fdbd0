/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The outbox: order, numbers, acks, and what it gives up when memory is short.
 */
#include <string.h>

#include "callstats-json-private.h"
#include "callstats-outbox-private.h"

#define PLENTY (16 * 1024 * 1024)

static void
push_event (CallstatsOutbox *outbox, guint number)
{
  g_autofree char *name = g_strdup_printf ("event%u", number);
  g_autoptr (CallstatsRecord) record =
      callstats_record_new_event (name, number * G_TIME_SPAN_SECOND, NULL);

  callstats_outbox_push (outbox, record);
}

static void
push_report (CallstatsOutbox *outbox, guint number)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (number * G_TIME_SPAN_SECOND);
  g_autoptr (CallstatsRecord) record = callstats_record_new_report (report);

  callstats_outbox_push (outbox, record);
}

/* Sends the next record. Returns: its time in seconds, which is its number; 0: none. */
static guint
send_next (CallstatsOutbox *outbox, guint64 expected_sequence)
{
  guint64 sequence = 0;
  CallstatsRecord *record = callstats_outbox_peek (outbox, &sequence);
  gint64 time;

  if (record == NULL)
    return 0;
  g_assert_cmpuint (sequence, ==, expected_sequence);
  time = record->time;
  callstats_outbox_advance (outbox);
  return (guint)(time / G_TIME_SPAN_SECOND);
}

static void
test_records_go_in_order_with_consecutive_numbers (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (PLENTY);
  guint64 sequence;
  guint i;

  g_assert_null (callstats_outbox_peek (outbox, &sequence));
  for (i = 1; i <= 100; i++) {
    if (i % 3 == 0)
      push_event (outbox, i);
    else
      push_report (outbox, i);
  }
  for (i = 1; i <= 100; i++)
    g_assert_cmpuint (send_next (outbox, i), ==, i);
  g_assert_null (callstats_outbox_peek (outbox, &sequence));
  g_assert_cmpuint (callstats_outbox_in_flight (outbox), ==, 100);
}

static void
test_peeking_twice_gives_the_same (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (PLENTY);
  guint64 first, second;
  CallstatsRecord *record;

  push_event (outbox, 1);
  push_event (outbox, 2);
  record = callstats_outbox_peek (outbox, &first);
  g_assert_true (callstats_outbox_peek (outbox, &second) == record);
  g_assert_cmpuint (first, ==, 1);
  g_assert_cmpuint (second, ==, 1);
}

static void
test_an_ack_frees_everything_up_to_it (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (PLENTY);
  guint i;

  for (i = 1; i <= 10; i++)
    push_event (outbox, i);
  for (i = 1; i <= 6; i++)
    send_next (outbox, i);

  g_assert_true (callstats_outbox_acknowledge (outbox, 4));
  g_assert_cmpuint (callstats_outbox_length (outbox), ==, 6);
  g_assert_cmpuint (callstats_outbox_in_flight (outbox), ==, 2);
  g_assert_cmpuint (callstats_outbox_acknowledged (outbox), ==, 4);
  /* Again, and an older one: nothing changes. */
  g_assert_true (callstats_outbox_acknowledge (outbox, 4));
  g_assert_true (callstats_outbox_acknowledge (outbox, 2));
  g_assert_cmpuint (callstats_outbox_length (outbox), ==, 6);
  g_assert_cmpuint (callstats_outbox_acknowledged (outbox), ==, 4);

  for (i = 7; i <= 10; i++)
    g_assert_cmpuint (send_next (outbox, i), ==, i);
  g_assert_true (callstats_outbox_acknowledge (outbox, 10));
  g_assert_cmpuint (callstats_outbox_length (outbox), ==, 0);
  g_assert_cmpuint (callstats_outbox_bytes (outbox), ==, 0);
}

static void
test_an_ack_of_what_was_not_sent_is_refused (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (PLENTY);
  guint64 sequence;

  g_assert_true (callstats_outbox_acknowledge (outbox, 0));
  g_assert_false (callstats_outbox_acknowledge (outbox, 1));
  push_event (outbox, 1);
  push_event (outbox, 2);
  g_assert_false (callstats_outbox_acknowledge (outbox, 1));
  send_next (outbox, 1);
  callstats_outbox_peek (outbox, &sequence); /* numbered, but not gone */
  g_assert_cmpuint (sequence, ==, 2);
  g_assert_false (callstats_outbox_acknowledge (outbox, 2));
  g_assert_false (callstats_outbox_acknowledge (outbox, G_MAXUINT64));
  g_assert_cmpuint (callstats_outbox_length (outbox), ==, 2);
  g_assert_true (callstats_outbox_acknowledge (outbox, 1));
}

static void
test_rewinding_sends_the_unacknowledged_under_their_numbers (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (PLENTY);
  guint i;

  for (i = 1; i <= 8; i++)
    push_event (outbox, i);
  for (i = 1; i <= 5; i++)
    send_next (outbox, i);
  callstats_outbox_acknowledge (outbox, 2);

  callstats_outbox_rewind (outbox);
  /* The other end may have stored more than it acknowledged. */
  g_assert_true (callstats_outbox_acknowledge (outbox, 3));
  for (i = 4; i <= 8; i++)
    g_assert_cmpuint (send_next (outbox, i), ==, i);
  g_assert_cmpuint (send_next (outbox, 9), ==, 0);
}

static void
test_restarting_numbers_from_one_again (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (PLENTY);
  guint i;

  for (i = 1; i <= 6; i++)
    push_event (outbox, i);
  for (i = 1; i <= 4; i++)
    send_next (outbox, i);
  callstats_outbox_acknowledge (outbox, 2);

  callstats_outbox_restart (outbox);
  g_assert_cmpuint (callstats_outbox_acknowledged (outbox), ==, 0);
  g_assert_false (callstats_outbox_acknowledge (outbox, 1));
  for (i = 1; i <= 4; i++)
    g_assert_cmpuint (send_next (outbox, i), ==, i + 2);
}

static void
assert_gap_of (
    CallstatsRecord *record, const char *reason, guint64 dropped, guint from, guint to)
{
  g_autoptr (JsonObject) gap =
      callstats_json_parse_object (record->data, strlen (record->data), NULL);

  g_assert_cmpint (record->kind, ==, CALLSTATS_RECORD_OTHER);
  g_assert_cmpstr (record->name, ==, "gap");
  g_assert_cmpstr (callstats_json_get_string (gap, "type", NULL), ==, "gap");
  g_assert_cmpstr (callstats_json_get_string (gap, "reason", NULL), ==, reason);
  g_assert_cmpint (callstats_json_get_int (gap, "dropped", -1), ==, dropped);
  g_assert_cmpint (callstats_json_get_int (gap, "from", -1), ==, from * 1000);
  g_assert_cmpint (callstats_json_get_int (gap, "to", -1), ==, to * 1000);
}

static void
assert_gap (CallstatsRecord *record, guint64 dropped, guint from, guint to)
{
  assert_gap_of (record, "memory", dropped, from, to);
}

/* How many records like these fit. */
static gsize
bytes_of (void (*push) (CallstatsOutbox *, guint), guint n)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (PLENTY);
  guint i;

  for (i = 0; i < n; i++)
    push (outbox, 1000 + i);
  return callstats_outbox_bytes (outbox);
}

static guint64
given_up (CallstatsOutbox *outbox)
{
  return callstats_outbox_thinned (outbox) + callstats_outbox_dropped (outbox);
}

static void
test_every_second_report_goes_first_and_a_gap_tells_how_many (void)
{
  gsize bound = bytes_of (push_report, 10) + bytes_of (push_event, 10);
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (bound);
  guint64 sequence;
  guint i;

  for (i = 1; i <= 10; i++) {
    push_event (outbox, 1000 + 2 * i);
    push_report (outbox, 1001 + 2 * i);
  }
  g_assert_cmpuint (given_up (outbox), ==, 0);
  for (i = 1; i <= 3; i++)
    push_report (outbox, 2000 + i);
  g_assert_cmpuint (callstats_outbox_thinned (outbox), ==, 6);
  g_assert_cmpuint (callstats_outbox_dropped (outbox), ==, 0);
  g_assert_cmpuint (callstats_outbox_bytes (outbox), <=, bound);

  assert_gap (callstats_outbox_peek (outbox, &sequence), 6, 1003, 2001);
  g_assert_cmpuint (sequence, ==, 1);
  callstats_outbox_advance (outbox);
  /* Every event is still there, and every second report. */
  g_assert_cmpuint (send_next (outbox, 2), ==, 1002);
  g_assert_cmpuint (send_next (outbox, 3), ==, 1004);
  g_assert_cmpuint (send_next (outbox, 4), ==, 1005);
  g_assert_cmpuint (send_next (outbox, 5), ==, 1006);
  g_assert_cmpuint (send_next (outbox, 6), ==, 1008);
  g_assert_cmpuint (send_next (outbox, 7), ==, 1009);
}

static void
push_fabric_report (CallstatsOutbox *outbox, const char *fabric, guint number)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (number * G_TIME_SPAN_SECOND);
  g_autoptr (CallstatsRecord) record = callstats_record_new_report (report);

  record->fabric = g_strdup (fabric);
  callstats_outbox_push (outbox, record);
}

/* What is left of long outages is spread over them, not their end. */
static void
test_thinned_reports_are_even_for_every_fabric (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (bytes_of (push_report, 256));
  guint last[2] = { 0, 0 }, kept[2] = { 0, 0 }, widest = 0;
  CallstatsRecord *record;
  guint64 sequence;
  guint i;

  for (i = 1; i <= 8000; i++) {
    push_fabric_report (outbox, "a", i);
    push_fabric_report (outbox, "b", i);
  }
  g_assert_cmpuint (callstats_outbox_dropped (outbox), ==, 0);
  while ((record = callstats_outbox_peek (outbox, &sequence)) != NULL) {
    guint number = (guint)(record->time / G_TIME_SPAN_SECOND);
    guint which = g_strcmp0 (record->fabric, "a") == 0 ? 0 : 1;

    if (record->kind == CALLSTATS_RECORD_REPORT) {
      widest = MAX (widest, number - last[which]);
      last[which] = number;
      kept[which]++;
    }
    callstats_outbox_advance (outbox);
    g_assert_true (callstats_outbox_acknowledge (outbox, sequence));
  }
  g_assert_cmpint (ABS ((int)kept[0] - (int)kept[1]), <=, 1);
  g_assert_cmpuint (kept[0], >, 40);
  g_assert_cmpuint (widest, <=, 2 * 8000 / kept[0] + 64);
}

static void
push_named (CallstatsOutbox *outbox, const char *name, guint number)
{
  g_autoptr (CallstatsRecord) record =
      callstats_record_new_event (name, number * G_TIME_SPAN_SECOND, NULL);

  callstats_outbox_push (outbox, record);
}

static void
test_lifecycle_and_feedback_go_last (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (bytes_of (push_event, 40));
  guint joined = 0, feedback = 0, passing = 0, reports = 0;
  CallstatsRecord *record;
  guint64 sequence;
  guint i;

  push_named (outbox, "userJoined", 1);
  push_named (outbox, "userFeedback", 2);
  for (i = 3; i < 500; i++) {
    push_report (outbox, i);
    push_named (outbox, "userAlive", i);
  }
  for (i = 500; i < 520; i++)
    push_named (outbox, "fabricSetup", i);
  while ((record = callstats_outbox_peek (outbox, &sequence)) != NULL) {
    joined += g_strcmp0 (record->name, "userJoined") == 0;
    feedback += g_strcmp0 (record->name, "userFeedback") == 0;
    passing += g_strcmp0 (record->name, "userAlive") == 0;
    reports += record->kind == CALLSTATS_RECORD_REPORT;
    callstats_outbox_advance (outbox);
    g_assert_true (callstats_outbox_acknowledge (outbox, sequence));
  }
  g_assert_cmpuint (joined, ==, 1);
  g_assert_cmpuint (feedback, ==, 1);
  g_assert_cmpuint (reports, ==, 0);
  g_assert_cmpuint (passing, <, 40);
  g_assert_cmpuint (passing, >, 0);
}

static void
test_events_go_when_no_report_is_left (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (bytes_of (push_event, 5));
  guint64 sequence;
  guint i, n;

  for (i = 1; i <= 12; i++)
    push_event (outbox, 1000 + i);
  n = (guint)callstats_outbox_dropped (outbox);
  g_assert_cmpuint (callstats_outbox_length (outbox), ==, 12 - n + 1); /* and the gap */
  g_assert_cmpuint (n, >=, 7);
  g_assert_cmpuint (n, <, 10);
  assert_gap (callstats_outbox_peek (outbox, &sequence), n, 1001, 1000 + n);
  callstats_outbox_advance (outbox);
  for (i = n + 1; i <= 12; i++) {
    g_assert_true (callstats_outbox_acknowledge (outbox, i - n));
    g_assert_cmpuint (send_next (outbox, i - n + 1), ==, 1000 + i);
  }
}

static void
test_what_was_sent_is_never_given_up (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (bytes_of (push_report, 8));
  guint64 sequence;
  guint i;

  for (i = 1; i <= 5; i++)
    push_report (outbox, 1000 + i);
  for (i = 1; i <= 3; i++)
    send_next (outbox, i);
  for (i = 6; i <= 20; i++)
    push_report (outbox, 1000 + i);
  g_assert_cmpuint (given_up (outbox), ==, 21 - callstats_outbox_length (outbox));
  g_assert_cmpuint (given_up (outbox), >=, 12);

  callstats_outbox_rewind (outbox);
  for (i = 1; i <= 3; i++)
    g_assert_cmpuint (send_next (outbox, i), ==, 1000 + i);
  g_assert_cmpstr (callstats_outbox_peek (outbox, &sequence)->name, ==, "gap");
  g_assert_cmpuint (sequence, ==, 4);
}

static void
test_what_is_under_way_leaves_room (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (bytes_of (push_report, 40));
  guint64 sequence;
  guint i, n = 0;

  for (i = 1; i <= 30; i++)
    push_report (outbox, 1000 + i);
  while (send_next (outbox, n + 1) != 0)
    n++;
  g_assert_cmpuint (n, >=, 18);
  g_assert_cmpuint (n, <=, 20);
  for (i = 1; i <= 200; i++)
    push_report (outbox, 2000 + i);
  for (i = 1; i <= 10; i++)
    push_named (outbox, "fabricSetup", 3000 + i);
  g_assert_cmpuint (callstats_outbox_dropped (outbox), ==, 0);

  g_assert_true (callstats_outbox_acknowledge (outbox, n));
  assert_gap (callstats_outbox_peek (outbox, &sequence),
      callstats_outbox_thinned (outbox), 1000 + n + 1, 2199);
}

/* Even where it takes more than half of the room. */
static void
test_one_record_is_always_sent (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (bytes_of (push_report, 1));

  push_report (outbox, 1001);
  g_assert_cmpuint (send_next (outbox, 1), ==, 1001);
}

static void
test_a_gap_of_a_gap_counts_them_all (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (bytes_of (push_event, 5));
  guint64 sequence;
  guint i, n;

  for (i = 1; i <= 12; i++)
    push_event (outbox, 1000 + i);
  n = (guint)callstats_outbox_dropped (outbox);
  assert_gap (callstats_outbox_peek (outbox, &sequence), n, 1001, 1000 + n);
  callstats_outbox_advance (outbox);
  /* The backend forgets: the gap record has no number any more, and may grow. */
  callstats_outbox_restart (outbox);
  for (i = 13; i <= 30; i++)
    push_event (outbox, 1000 + i);
  n = (guint)callstats_outbox_dropped (outbox);
  g_assert_cmpuint (n, >=, 25);
  assert_gap (callstats_outbox_peek (outbox, &sequence), n, 1001, 1000 + n);
  g_assert_cmpuint (sequence, ==, 1);
}

static void
test_what_was_lost_before_is_part_of_the_gap (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (PLENTY);
  g_autoptr (CallstatsRecord) lost =
      callstats_record_new_event ("x", 1001 * G_TIME_SPAN_SECOND, NULL);
  guint64 sequence;

  callstats_outbox_lose (outbox, lost);
  g_assert_cmpuint (callstats_outbox_dropped (outbox), ==, 1);
  push_event (outbox, 1002);
  assert_gap (callstats_outbox_peek (outbox, &sequence), 1, 1001, 1001);
  callstats_outbox_advance (outbox);
  g_assert_cmpuint (send_next (outbox, 2), ==, 1002);
}

static void
push_owned (CallstatsOutbox *outbox, guint number, guint owner)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (number * G_TIME_SPAN_SECOND);
  g_autoptr (CallstatsRecord) record = callstats_record_new_report (report);

  record->owner = owner;
  callstats_outbox_push (outbox, record);
}

static void
test_owners_are_counted_apart (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (bytes_of (push_report, 40));
  guint64 queued = 0, lost = 0;
  CallstatsTally tally;
  guint i, owner;

  for (i = 1; i <= 12; i++)
    push_owned (outbox, i, i % 4);
  for (i = 1; i <= 6; i++)
    send_next (outbox, i);
  g_assert_true (callstats_outbox_acknowledge (outbox, 5));
  callstats_outbox_get_tally (outbox, 1, &tally);
  g_assert_cmpuint (tally.sent, ==, 2);
  g_assert_cmpuint (tally.acked, ==, 2);
  g_assert_cmpuint (tally.queued, ==, 1);
  callstats_outbox_get_tally (outbox, 3, &tally);
  g_assert_cmpuint (tally.acked, ==, 1);
  g_assert_cmpuint (tally.queued, ==, 2);
  callstats_outbox_get_tally (outbox, 0, &tally);
  g_assert_cmpuint (tally.sent, ==, 0);

  callstats_outbox_forget_owner (outbox, 2);
  for (i = 13; i <= 400; i++)
    push_owned (outbox, i, i % 2 == 0 ? 3 : 1);
  for (owner = 1; owner <= 3; owner++) {
    callstats_outbox_get_tally (outbox, owner, &tally);
    queued += tally.queued;
    lost += tally.thinned + tally.dropped;
    g_assert_true (owner == 2 || tally.thinned > 0);
  }
  callstats_outbox_get_tally (outbox, 2, &tally);
  g_assert_cmpuint (tally.queued + tally.acked, ==, 0);
  g_assert_cmpuint (queued, <=, callstats_outbox_length (outbox));
  g_assert_cmpuint (lost, <=, given_up (outbox));
  /* But for the few of owner 2 and of nobody, they are all. */
  g_assert_cmpuint (queued + 7, >=, callstats_outbox_length (outbox));
  g_assert_cmpuint (lost + 6, >=, given_up (outbox));
}

static void
test_a_discarded_record_leaves_its_number_to_the_gap (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (PLENTY);
  guint64 sequence;

  push_event (outbox, 1001);
  push_event (outbox, 1002);
  push_event (outbox, 1003);
  send_next (outbox, 1);
  callstats_outbox_peek (outbox, &sequence);
  g_assert_cmpuint (sequence, ==, 2);
  callstats_outbox_discard (outbox);
  assert_gap_of (callstats_outbox_peek (outbox, &sequence), "size", 1, 1002, 1002);
  g_assert_cmpuint (sequence, ==, 2);
  callstats_outbox_advance (outbox);
  g_assert_cmpuint (send_next (outbox, 3), ==, 1003);
  g_assert_cmpuint (callstats_outbox_dropped (outbox), ==, 1);
}

static void
test_a_discarded_last_record_is_told_too (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (PLENTY);
  guint64 sequence;

  push_event (outbox, 1001);
  callstats_outbox_peek (outbox, &sequence);
  callstats_outbox_discard (outbox);
  assert_gap_of (callstats_outbox_peek (outbox, &sequence), "size", 1, 1001, 1001);
  callstats_outbox_advance (outbox);
  g_assert_null (callstats_outbox_peek (outbox, &sequence));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/outbox/records-go-in-order-with-consecutive-numbers",
      test_records_go_in_order_with_consecutive_numbers);
  g_test_add_func (
      "/outbox/peeking-twice-gives-the-same", test_peeking_twice_gives_the_same);
  g_test_add_func (
      "/outbox/an-ack-frees-everything-up-to-it", test_an_ack_frees_everything_up_to_it);
  g_test_add_func ("/outbox/an-ack-of-what-was-not-sent-is-refused",
      test_an_ack_of_what_was_not_sent_is_refused);
  g_test_add_func ("/outbox/rewinding-sends-the-unacknowledged-under-their-numbers",
      test_rewinding_sends_the_unacknowledged_under_their_numbers);
  g_test_add_func ("/outbox/restarting-numbers-from-one-again",
      test_restarting_numbers_from_one_again);
  g_test_add_func ("/outbox/every-second-report-goes-first-and-a-gap-tells-how-many",
      test_every_second_report_goes_first_and_a_gap_tells_how_many);
  g_test_add_func ("/outbox/thinned-reports-are-even-for-every-fabric",
      test_thinned_reports_are_even_for_every_fabric);
  g_test_add_func (
      "/outbox/lifecycle-and-feedback-go-last", test_lifecycle_and_feedback_go_last);
  g_test_add_func (
      "/outbox/events-go-when-no-report-is-left", test_events_go_when_no_report_is_left);
  g_test_add_func (
      "/outbox/what-was-sent-is-never-given-up", test_what_was_sent_is_never_given_up);
  g_test_add_func (
      "/outbox/what-is-under-way-leaves-room", test_what_is_under_way_leaves_room);
  g_test_add_func ("/outbox/one-record-is-always-sent", test_one_record_is_always_sent);
  g_test_add_func (
      "/outbox/a-gap-of-a-gap-counts-them-all", test_a_gap_of_a_gap_counts_them_all);
  g_test_add_func ("/outbox/what-was-lost-before-is-part-of-the-gap",
      test_what_was_lost_before_is_part_of_the_gap);
  g_test_add_func ("/outbox/owners-are-counted-apart", test_owners_are_counted_apart);
  g_test_add_func ("/outbox/a-discarded-record-leaves-its-number-to-the-gap",
      test_a_discarded_record_leaves_its_number_to_the_gap);
  g_test_add_func ("/outbox/a-discarded-last-record-is-told-too",
      test_a_discarded_last_record_is_told_too);
  return g_test_run ();
}
