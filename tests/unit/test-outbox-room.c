/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an outbox keeps in its room: reports packed and thinned, and all of it counted.
 */
#include <malloc.h>
#include <string.h>

#include "call-reports.h"
#include "callstats-json-private.h"
#include "callstats-outbox-private.h"

#define PLENTY (16 * 1024 * 1024)

static void
push_event (CallstatsOutbox *outbox, guint number)
{
  g_autoptr (CallstatsRecord) record =
      callstats_record_new_event ("fabricSetup", number * G_TIME_SPAN_SECOND, NULL);

  callstats_outbox_push (outbox, record);
}

static void
push_rich_report (CallstatsOutbox *outbox, guint number)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (number * G_TIME_SPAN_SECOND);
  g_autoptr (CallstatsRecord) record = callstats_record_new_report (report);

  callstats_report_add_stats (report, "outbound-rtp", "an-object-of-statistics");
  callstats_report_set_int (report, "packetsSent", 50 * (gint64)number);
  record->fabric = g_strdup ("a");
  record->remote_user = g_strdup ("bob");
  callstats_outbox_push (outbox, record);
}

typedef struct {
  guint64 stored;
  guint arrived, counted, last;
} Backend;

static void
check_rich_report (CallstatsRecord *record, guint number)
{
  g_autofree char *json = callstats_report_to_json (record->report);
  g_autofree char *member = g_strdup_printf ("\"packetsSent\":%u}", 50 * number);

  g_assert_cmpstr (record->fabric, ==, "a");
  g_assert_cmpstr (record->remote_user, ==, "bob");
  g_assert_nonnull (strstr (json, member));
}

static void
take_record (Backend *self, CallstatsRecord *record, guint64 sequence)
{
  guint number = (guint)(record->time / G_TIME_SPAN_SECOND);

  if (sequence <= self->stored)
    return;
  g_assert_cmpuint (sequence, ==, self->stored + 1);
  self->stored = sequence;
  if (record->kind == CALLSTATS_RECORD_OTHER) {
    g_autoptr (JsonObject) gap =
        callstats_json_parse_object (record->data, strlen (record->data), NULL);

    self->counted += (guint)callstats_json_get_int (gap, "dropped", 0);
    return;
  }
  if (record->kind == CALLSTATS_RECORD_REPORT)
    check_rich_report (record, number);
  g_assert_cmpuint (number, >, self->last);
  self->last = number;
  self->arrived++;
}

/* Nothing told is lost or doubled: what arrives and what gaps count is all there was. */
static void
test_every_record_arrives_or_is_counted (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20260501);
  guint round;

  for (round = 0; round < 100; round++) {
    g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (20 * 512);
    Backend backend = { 0 };
    CallstatsRecord *record;
    guint64 sequence;
    guint pushed = 0, step;

    for (step = 0; step < 900; step++) {
      guint dice = step < 300 ? (guint)g_rand_int_range (random, 0, 10) : 6 + step % 2;

      if (dice < 5) {
        pushed++;
        (g_rand_boolean (random) ? push_event : push_rich_report) (outbox, pushed);
      } else if (dice == 5) {
        callstats_outbox_rewind (outbox);
        g_assert_true (callstats_outbox_acknowledge (outbox, backend.stored));
      } else if (dice == 6) {
        g_assert_true (callstats_outbox_acknowledge (outbox, backend.stored));
      } else if ((record = callstats_outbox_peek (outbox, &sequence)) != NULL) {
        take_record (&backend, record, sequence);
        callstats_outbox_advance (outbox);
      }
    }
    g_assert_null (callstats_outbox_peek (outbox, &sequence));
    g_assert_cmpuint (backend.arrived + backend.counted, ==, pushed);
    g_assert_cmpuint (
        callstats_outbox_thinned (outbox) + callstats_outbox_dropped (outbox), ==,
        backend.counted);
    g_assert_cmpuint (callstats_outbox_bytes (outbox), ==, 0);
  }
}

static void
push_call_report (CallstatsOutbox *outbox, guint call, guint number)
{
  g_autoptr (CallstatsReport) report =
      call_report_new (call, number, number * G_TIME_SPAN_SECOND);
  g_autoptr (CallstatsRecord) record = callstats_record_new_report (report);

  record->fabric = g_strdup_printf ("5f0c1c7e-8e0a-4a53-a1b6-0d3a4e2b9f%02u", call);
  record->conference = g_strdup ("a conference");
  record->remote_user = g_strdup ("bob");
  callstats_outbox_push (outbox, record);
}

#ifndef __SANITIZE_ADDRESS__
/* What it says it occupies against what the heap says. */
static void
test_the_bytes_are_what_it_occupies (void)
{
  static const gsize bounds[] = { PLENTY * 8, 1024 * 1024 };
  guint i, number;

  for (i = 0; i < G_N_ELEMENTS (bounds); i++) {
    g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (bounds[i]);
    gsize before = mallinfo2 ().uordblks;
    gsize occupied, counted;

    for (number = 1; number <= 900; number++)
      push_call_report (outbox, number % 3, number);
    occupied = mallinfo2 ().uordblks - before;
    counted = callstats_outbox_bytes (outbox);
    g_test_message ("%" G_GSIZE_FORMAT " bytes of heap, %" G_GSIZE_FORMAT " counted",
        occupied, counted);
    g_assert_cmpuint (counted, >, occupied * 9 / 10);
    g_assert_cmpuint (counted, <, occupied * 11 / 10);
  }
}
#endif

/* An outage of an hour fits into 4 MiB, whole. */
static void
test_packed_reports_of_an_hour_fit (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (4 * 1024 * 1024);
  CallstatsRecord *record;
  guint64 sequence, next = 1;

  while (next <= 3600)
    push_call_report (outbox, 0, (guint)next++);
  g_test_message (
      "3600 reports take %" G_GSIZE_FORMAT " bytes", callstats_outbox_bytes (outbox));
  g_assert_cmpuint (callstats_outbox_thinned (outbox), ==, 0);
  g_assert_cmpuint (callstats_outbox_dropped (outbox), ==, 0);

  next = 1;
  while ((record = callstats_outbox_peek (outbox, &sequence)) != NULL) {
    g_autoptr (CallstatsReport) report =
        call_report_new (0, next, (gint64)next * G_TIME_SPAN_SECOND);
    g_autofree char *expected = callstats_report_to_json (report);
    g_autofree char *got = callstats_report_to_json (record->report);

    g_assert_cmpstr (got, ==, expected);
    g_assert_cmpuint (sequence, ==, next);
    callstats_outbox_advance (outbox);
    g_assert_true (callstats_outbox_acknowledge (outbox, next++));
  }
  g_assert_cmpuint (next, ==, 3601);
  g_assert_cmpuint (callstats_outbox_bytes (outbox), ==, 0);
}

/* Sent, and not acknowledged: they wait as well. */
static void
test_what_is_under_way_is_packed_too (void)
{
  g_autoptr (CallstatsOutbox) outbox = callstats_outbox_new (4 * 1024 * 1024);
  CallstatsRecord *record;
  guint64 sequence;
  guint i;

  for (i = 1; i <= 2000; i++) {
    push_call_report (outbox, 0, i);
    if (i <= 50 && callstats_outbox_peek (outbox, &sequence) != NULL)
      callstats_outbox_advance (outbox);
  }
  g_assert_cmpuint (callstats_outbox_thinned (outbox), ==, 0);
  callstats_outbox_rewind (outbox);
  for (i = 1; i <= 2000; i++) {
    record = callstats_outbox_peek (outbox, &sequence);
    g_assert_nonnull (record);
    g_assert_cmpuint (call_report_get_number (record->report), ==, i);
    g_assert_cmpuint (sequence, ==, i);
    callstats_outbox_advance (outbox);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/outbox-room/every-record-arrives-or-is-counted",
      test_every_record_arrives_or_is_counted);
#ifndef __SANITIZE_ADDRESS__
  g_test_add_func (
      "/outbox-room/the-bytes-are-what-it-occupies", test_the_bytes_are_what_it_occupies);
#endif
  g_test_add_func (
      "/outbox-room/packed-reports-of-an-hour-fit", test_packed_reports_of_an_hour_fit);
  g_test_add_func ("/outbox-room/what-is-under-way-is-packed-too",
      test_what_is_under_way_is_packed_too);
  return g_test_run ();
}
