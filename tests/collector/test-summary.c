/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What becomes of a fabric's events and reports, against values computed by hand.
 */
#include <math.h>

#include "summary-fixture.h"

/* ---- Ends ---- */

typedef struct {
  const char *name;
  Happening events[8];
  gboolean ended;
  double left;
  const char *how; /* nullable */
  double end;      /* NAN: it goes on */
} End;

static const End ends[] = {
  { "terminated", { { 1, "fabricSetup", NULL }, { 9, "fabricTerminated", NULL } }, TRUE,
      NAN, "terminated", 9 },
  { "goes on", { { 1, "fabricSetup", NULL } }, FALSE, NAN, NULL, NAN },
  { "silent", { { 1, "fabricSetup", NULL } }, TRUE, NAN, "timeout", 1 },
  { "left without a word", { { 1, "fabricSetup", NULL } }, TRUE, 5, "terminated", 5 },
  { "dropped", { { 1, "fabricSetup", NULL }, { 5, "fabricDropped", NULL } }, TRUE, NAN,
      "dropped", 5 },
  { "dropped, then closed",
      { { 1, "fabricSetup", NULL }, { 5, "fabricDropped", NULL },
          { 9, "fabricTerminated", NULL } },
      TRUE, NAN, "dropped", 5 },
  { "dropped, then back",
      { { 1, "fabricSetup", NULL }, { 3, "iceDisruptionStart", NULL },
          { 5, "fabricDropped", NULL }, { 7, "iceDisruptionEnd", NULL },
          { 9, "fabricTerminated", NULL } },
      TRUE, NAN, "terminated", 9 },
  { "failed",
      { { 2, "fabricSetupFailed", "{\"reason\":\"NegotiationFailure\"}" },
          { 3, "fabricTerminated", NULL } },
      TRUE, NAN, "failed", 2 },
  { "failed by ICE alone", { { 4, "iceFailed", NULL } }, TRUE, NAN, "failed", 4 },
  { "failed, then set up",
      { { 2, "fabricSetupFailed", NULL }, { 3, "fabricSetup", NULL },
          { 9, "fabricTerminated", NULL } },
      TRUE, NAN, "terminated", 9 },
  { "closed before it was set up", { { 2, "fabricTerminated", NULL } }, TRUE, NAN,
      "aborted", 2 },
  { "aborted", { { 2, "iceAborted", NULL }, { 3, "fabricTerminated", NULL } }, TRUE, NAN,
      "aborted", 2 },
  { "never heard of again", { { 0, "addNewFabric", NULL } }, TRUE, NAN, "timeout", 0 },
};

static void
test_a_fabric_ends_in_one_way (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    StoreFabric row = summary_row ("f", "alice", "bob");
    FabricReader *reader = fabric_reader_new (&row);
    SummaryFabric *fabric;

    g_test_message ("%s", ends[i].name);
    for (guint k = 0; ends[i].events[k].name != NULL; k++)
      summary_take (reader, &ends[i].events[k]);
    fabric = summary_finish (reader, ends[i].ended, ends[i].left);
    g_assert_cmpstr (termination_to_string (fabric->termination), ==, ends[i].how);
    g_assert_cmpint (
        fabric->end, ==, isnan (ends[i].end) ? STORE_UNKNOWN_TIME : AT (ends[i].end));
    summary_fabric_free (fabric);
  }
}

static void
test_disruptions_and_holds_add_up (void)
{
  static const Happening events[] = {
    { 1, "fabricSetup", NULL },
    { 10, "iceDisruptionStart", NULL },
    { 10.5, "iceDisruptionStart", NULL }, /* told twice */
    { 12, "iceDisruptionEnd", NULL },
    { 13, "iceDisruptionEnd", NULL },
    { 20, "fabricHold", NULL },
    { 25, "fabricResume", NULL },
    { 30, "fabricHold", NULL },
    { 40, "iceDisruptionStart", NULL }, /* these last until the end */
    { 50, "fabricTerminated", "{\"cause\":\"application\"}" },
  };
  StoreFabric row = summary_row ("f", "alice", "bob");
  FabricReader *reader = fabric_reader_new (&row);
  SummaryFabric *fabric;

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    summary_take (reader, &events[i]);
  fabric = summary_finish (reader, TRUE, NAN);
  g_assert_cmpuint (fabric->disruptions, ==, 2);
  g_assert_cmpint (fabric->disrupted, ==, (2 + 10) * G_USEC_PER_SEC);
  g_assert_cmpint (fabric->held, ==, (5 + 20) * G_USEC_PER_SEC);
  g_assert_cmpstr (fabric->cause, ==, "application");
  summary_fabric_free (fabric);
}

static void
test_failures_have_their_reasons (void)
{
  static const Happening events[] = {
    { 0, "iceFailed", NULL }, /* beside the next one, likewise */
    { 1, "fabricSetupFailed", "{\"reason\":\"MediaConfigError\"}" },
    { 2, "iceFailed", NULL }, /* beside the other one: none of its own */
    { 3, "fabricSetup", NULL },
    { 4, "fabricSetupFailed", "{\"reason\":\"TransportFailure\"}" }, /* too late */
  };
  StoreFabric row = summary_row ("f", "alice", "bob");
  FabricReader *reader = fabric_reader_new (&row);
  SummaryFabric *fabric;

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    summary_take (reader, &events[i]);
  fabric = summary_finish (reader, TRUE, NAN);
  g_assert_cmpuint (fabric->failures->len, ==, 1);
  g_assert_cmpstr (
      ((SummaryFailure *)fabric->failures->pdata[0])->reason, ==, "MediaConfigError");
  summary_fabric_free (fabric);
}

/* ---- Streams ---- */

static void
receive (FabricReader *reader, double at, guint packets, guint bytes, guint lost,
    double jitter)
{
  summary_report (reader, at,
      "{" STREAM ",\"codecId\":\"c\",\"packetsLost\":%u,\"jitter\":%g},"
      "\"c\":{\"type\":\"codec\",\"id\":\"c\",\"mimeType\":\"audio/opus\"},"
      "\"p\":{\"type\":\"candidate-pair\",\"id\":\"p\",\"currentRoundTripTime\":0.05}}",
      "i", "inbound-rtp", "i", 7u, "audio", "audio0", "Received", packets, "Received",
      bytes, lost, jitter);
}

static const SummaryStream *
only_stream (const SummaryFabric *fabric)
{
  g_assert_cmpuint (fabric->streams->len, ==, 1);
  return fabric->streams->pdata[0];
}

/* Growth by the second: 1000 B = 8 kbit/s, 2000 B = 16, 4000 B = 32; lost 0 of 100, 50 of
 * 100, 20 of 100. */
static void
test_a_received_stream_is_measured_by_its_growth (void)
{
  StoreFabric row = summary_row ("f", "alice", "bob");
  FabricReader *reader = fabric_reader_new (&row);
  SummaryFabric *fabric;
  const SummaryStream *stream;

  receive (reader, 1, 100, 1000, 10, 0.001);
  receive (reader, 2, 200, 2000, 10, 0.002);
  receive (reader, 3, 250, 4000, 60, 0.003);
  receive (reader, 4, 330, 8000, 80, 0.004);
  fabric = summary_finish (reader, TRUE, NAN);
  stream = only_stream (fabric);
  g_assert_true (stream->received);
  g_assert_cmpstr (stream->mid, ==, "audio0");
  g_assert_cmpstr (stream->codec, ==, "audio/opus");
  g_assert_cmpfloat (stream->bitrate.min, ==, 8);
  g_assert_cmpfloat (stream->bitrate.p50, ==, 16);
  g_assert_cmpfloat (stream->bitrate.p95, ==, 32);
  g_assert_cmpfloat_with_epsilon (stream->bitrate.mean, 56 / 3.0, 1e-9);
  g_assert_cmpfloat (stream->fraction_lost.min, ==, 0);
  g_assert_cmpfloat (stream->fraction_lost.p50, ==, 0.2);
  g_assert_cmpfloat (stream->fraction_lost.max, ==, 0.5);
  g_assert_cmpfloat (stream->jitter.p50, ==, 3);
  g_assert_cmpfloat (stream->jitter.max, ==, 4);
  g_assert_cmpfloat (stream->round_trip.p50, ==, 50);
  g_assert_cmpfloat (stream->packets, ==, 330);
  g_assert_cmpfloat (stream->packets_lost, ==, 80);
  g_assert_cmpfloat (stream->bytes, ==, 8000);
  /* Reports without scores were given some: the worst has a half of its packets lost. */
  g_assert_cmpuint (stream->score.count, ==, 3);
  g_assert_cmpfloat (stream->score.min, <, 2);
  g_assert_cmpfloat (stream->score.max, >, 4);
  g_assert_cmpfloat (fabric->score.min, ==, stream->score.min);
  summary_fabric_free (fabric);
}

/* Reports every 100 ms weigh no more than those every second. */
static void
test_short_intervals_make_periods_of_a_second (void)
{
  StoreFabric row = summary_row ("f", "alice", "bob");
  FabricReader *reader = fabric_reader_new (&row);
  SummaryFabric *fabric;

  for (guint i = 0; i <= 100; i++)
    receive (reader, i / 10.0, 10 * i, 100 * i, 0, 0.001);
  fabric = summary_finish (reader, TRUE, NAN);
  g_assert_cmpuint (only_stream (fabric)->bitrate.count, >=, 10);
  g_assert_cmpuint (only_stream (fabric)->bitrate.count, <=, 11);
  g_assert_cmpfloat (only_stream (fabric)->bitrate.p50, ==, 8);
  summary_fabric_free (fabric);
}

/* As after a handover that made the stream anew. */
static void
test_a_counter_that_went_back_begins_anew (void)
{
  StoreFabric row = summary_row ("f", "alice", "bob");
  FabricReader *reader = fabric_reader_new (&row);
  SummaryFabric *fabric;
  const SummaryStream *stream;

  receive (reader, 1, 100, 1000, 5, 0);
  receive (reader, 2, 200, 2000, 5, 0);
  receive (reader, 3, 30, 300, 1, 0);
  receive (reader, 4, 130, 1300, 1, 0);
  fabric = summary_finish (reader, TRUE, NAN);
  stream = only_stream (fabric);
  g_assert_cmpuint (stream->bitrate.count, ==, 2);
  g_assert_cmpfloat (stream->bitrate.max, ==, 8);
  g_assert_cmpfloat (stream->packets, ==, 200 + 130);
  g_assert_cmpfloat (stream->bytes, ==, 2000 + 1300);
  g_assert_cmpfloat (stream->packets_lost, ==, 5 + 1);
  summary_fabric_free (fabric);
}

/* What the other end reports by RTCP lasts for several reports, and counts once. */
static void
test_a_sent_stream_is_measured_by_the_other_end (void)
{
  StoreFabric row = summary_row ("f", "alice", "bob");
  FabricReader *reader = fabric_reader_new (&row);
  SummaryFabric *fabric;
  const SummaryStream *stream;

  for (guint i = 1; i <= 10; i++)
    summary_report (reader, i,
        "{" STREAM "},\"r\":{\"type\":\"remote-inbound-rtp\",\"id\":\"r\",\"ssrc\":8,"
        "\"kind\":\"video\",\"timestamp\":%" G_GINT64_FORMAT ",\"fractionLost\":%g,"
        "\"jitter\":%g,\"roundTripTime\":0.1,\"packetsLost\":%u}}",
        "o", "outbound-rtp", "o", 8u, "video", "video1", "Sent", 100 * i, "Sent",
        125000 * i, AT (i <= 5 ? 1 : 6) / 1000, i <= 5 ? 0.1 : 0.3, i <= 5 ? 0.01 : 0.02,
        i <= 5 ? 10u : 40u);
  fabric = summary_finish (reader, TRUE, NAN);
  stream = only_stream (fabric);
  g_assert_false (stream->received);
  g_assert_true (stream->video);
  g_assert_cmpuint (stream->fraction_lost.count, ==, 2);
  g_assert_cmpfloat (stream->fraction_lost.mean, ==, 0.2);
  g_assert_cmpfloat (stream->jitter.max, ==, 20);
  g_assert_cmpfloat (stream->round_trip.p95, ==, 100);
  g_assert_cmpfloat (stream->bitrate.p50, ==, 1000);
  g_assert_cmpfloat (stream->packets_lost, ==, 40);
  summary_fabric_free (fabric);
}

static void
test_times_without_reports_are_gaps (void)
{
  StoreFabric row = summary_row ("f", "alice", "bob");
  FabricReader *reader = fabric_reader_new (&row);
  static const Happening hold = { 100, "fabricHold", NULL },
                         resume = { 160, "fabricResume", NULL };
  SummaryFabric *fabric;

  summary_take (reader, &hold);
  summary_take (reader, &resume);
  for (guint i = 0; i < 200; i++)
    if (!(i > 20 && i < 31) && !(i > 50 && i < 54) && !(i > 100 && i < 160))
      summary_report (reader, i, "{}");
  fabric = summary_finish (reader, TRUE, NAN);
  /* 11 s is one, 4 s is none, and while it is held nothing is due. */
  g_assert_cmpuint (fabric->gaps, ==, 1);
  g_assert_cmpint (fabric->gap_time, ==, 11 * G_USEC_PER_SEC);
  summary_fabric_free (fabric);
  reader = fabric_reader_new (&row);
  for (guint i = 0; i < 20; i++)
    summary_report (reader, 60 * i, "{}");
  fabric = summary_finish (reader, TRUE, NAN);
  g_assert_cmpuint (fabric->gaps, ==, 0);
  summary_fabric_free (fabric);
}

static void
test_what_is_no_report_harms_nothing (void)
{
  StoreFabric row = summary_row ("f", "alice", "bob");
  FabricReader *reader = fabric_reader_new (&row);
  static const Happening odd[] = { { 1, "fabricSetupFailed", "[]" },
    { 2, "oneWayMediaStart", "{\"ssrc\":\"x\"}" }, { 3, "fabricTerminated", "{" } };
  SummaryFabric *fabric;

  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    summary_take (reader, &odd[i]);
  summary_report (reader, 1, "[]");
  summary_report (reader, 2, "{\"a\":1}");
  summary_report (
      reader, 3, "{\"i\":{\"type\":\"inbound-rtp\",\"id\":\"i\",\"ssrc\":-4}}");
  summary_report (
      reader, 4, "{\"i\":{\"type\":\"inbound-rtp\",\"id\":\"i\",\"ssrc\":\"9\"}}");
  fabric = summary_finish (reader, TRUE, NAN);
  g_assert_cmpuint (fabric->reports, ==, 4);
  g_assert_cmpuint (fabric->streams->len, ==, 0);
  summary_fabric_free (fabric);
}

/* ---- One-way media ---- */

static void
test_what_never_comes_flows_one_way (void)
{
  static const Happening setup = { 1, "fabricSetup", NULL }, told = { 30,
    "oneWayMediaStart", "{\"ssrc\":9,\"mediaType\":\"video\"}" };
  StoreFabric row = summary_row ("f", "alice", "bob");
  FabricReader *reader = fabric_reader_new (&row);
  SummaryFabric *fabric;
  const SummaryOneWay *one;

  summary_take (reader, &setup);
  summary_take (reader, &told);
  for (guint i = 2; i < 20; i++)
    receive (reader, i, 0, 0, 0, 0);
  fabric = summary_finish (reader, TRUE, NAN);
  g_assert_cmpuint (fabric->one_way->len, ==, 2);
  one = &g_array_index (fabric->one_way, SummaryOneWay, 0);
  g_assert_cmpuint (one->ssrc, ==, 9);
  g_assert_false (one->received);
  g_assert_cmpint (one->by, ==, ONE_WAY_BY_EVENT);
  one = &g_array_index (fabric->one_way, SummaryOneWay, 1);
  g_assert_cmpuint (one->ssrc, ==, 7);
  g_assert_true (one->received);
  g_assert_cmpint (one->by, ==, ONE_WAY_BY_INBOUND);
  summary_fabric_free (fabric);
}

/* Not before ICE is connected, and not for a few seconds. */
static void
test_what_comes_late_does_not_flow_one_way (void)
{
  static const Happening setup = { 12, "fabricSetup", NULL };
  StoreFabric row = summary_row ("f", "alice", "bob");
  FabricReader *reader = fabric_reader_new (&row);
  SummaryFabric *fabric;

  summary_take (reader, &setup);
  for (guint i = 1; i < 20; i++)
    receive (reader, i, 0, 0, 0, 0);
  receive (reader, 20, 50, 5000, 0, 0);
  fabric = summary_finish (reader, TRUE, NAN);
  g_assert_cmpuint (fabric->one_way->len, ==, 0);
  summary_fabric_free (fabric);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (void);
  } tests[] = {
    { "a-fabric-ends-in-one-way", test_a_fabric_ends_in_one_way },
    { "disruptions-and-holds-add-up", test_disruptions_and_holds_add_up },
    { "failures-have-their-reasons", test_failures_have_their_reasons },
    { "a-received-stream-is-measured-by-its-growth",
        test_a_received_stream_is_measured_by_its_growth },
    { "short-intervals-make-periods-of-a-second",
        test_short_intervals_make_periods_of_a_second },
    { "a-counter-that-went-back-begins-anew", test_a_counter_that_went_back_begins_anew },
    { "a-sent-stream-is-measured-by-the-other-end",
        test_a_sent_stream_is_measured_by_the_other_end },
    { "times-without-reports-are-gaps", test_times_without_reports_are_gaps },
    { "what-is-no-report-harms-nothing", test_what_is_no_report_harms_nothing },
    { "what-never-comes-flows-one-way", test_what_never_comes_flows_one_way },
    { "what-comes-late-does-not-flow-one-way",
        test_what_comes_late_does_not_flow_one_way },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/summary/", tests[i].path, NULL);

    g_test_add_func (path, tests[i].test);
  }
  return g_test_run ();
}
