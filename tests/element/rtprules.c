/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rules by which RTP and RTCP are counted: tables of packets, without a pipeline.
 */
#include <string.h>

#include "stats/rtcpledger.h"
#include "stats/rtpemission.h"
#include "stats/rtpflow.h"

#define SECOND G_TIME_SPAN_SECOND
#define MS G_TIME_SPAN_MILLISECOND
#define SSRC 0x01020304
#define EPSILON 1e-9

static GstCallstatsPayload payloads[GST_CALLSTATS_N_PAYLOADS] = {
  [96] = { GST_CALLSTATS_PAYLOAD_MEDIA, 0, 90000 },
  [97] = { GST_CALLSTATS_PAYLOAD_RTX, 96, 90000 },
  [98] = { GST_CALLSTATS_PAYLOAD_RED, 0, 90000 },
  [99] = { GST_CALLSTATS_PAYLOAD_ULPFEC, 0, 90000 },
  [111] = { GST_CALLSTATS_PAYLOAD_MEDIA, 0, 48000 },
};

/* Packets */

static GstBuffer *
new_packet (const guint8 *data, gsize size)
{
  return gst_buffer_new_memdup (data, size);
}

static void
test_a_header_has_all_but_the_payload (void)
{
  /* One CSRC, an extension of two words, payload 1 2 3, padding of two */
  static const guint8 data[] = { 0xb1, 0x80 | 96, 0x12, 0x34, 0, 0, 0, 9, 1, 2, 3, 4, 5,
    6, 7, 8, 0xbe, 0xde, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 2 };
  g_autoptr (GstBuffer) buffer = new_packet (data, sizeof data);
  GstCallstatsRtpPacket packet;

  g_assert_true (gst_callstats_rtp_packet_read (&packet, buffer));
  g_assert_cmpuint (packet.ssrc, ==, SSRC);
  g_assert_cmpuint (packet.seqnum, ==, 0x1234);
  g_assert_cmpuint (packet.timestamp, ==, 9);
  g_assert_cmpuint (packet.payload_type, ==, 96);
  g_assert_true (packet.marker);
  g_assert_cmpuint (packet.payload, ==, 3);
  g_assert_cmpuint (packet.header, ==, sizeof data - 3);
  g_assert_cmpuint (packet.start[0], ==, 1);
  g_assert_cmpuint (packet.start[1], ==, 2);
}

/* As payloaders make them: the header and the payload each in a memory of its own; and
 * an extension longer than what is looked at at once. */
static void
test_a_packet_may_lie_in_pieces (void)
{
  guint8 header[12 + 4 + 80] = { 0x90, 96, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 0xbe, 0xde, 0,
    20 };
  guint8 payload[50] = { 7, 8 };
  g_autoptr (GstBuffer) buffer = new_packet (header, sizeof header);
  GstCallstatsRtpPacket packet;

  buffer = gst_buffer_append (
      g_steal_pointer (&buffer), gst_buffer_new_memdup (payload, sizeof payload));
  g_assert_cmpuint (gst_buffer_n_memory (buffer), ==, 2);
  g_assert_true (gst_callstats_rtp_packet_read (&packet, buffer));
  g_assert_cmpuint (packet.header, ==, sizeof header);
  g_assert_cmpuint (packet.payload, ==, sizeof payload);
  g_assert_cmpuint (packet.start[0], ==, 7);
}

static void
test_what_is_no_rtp_is_left_alone (void)
{
  static const struct {
    guint8 data[16];
    gsize size;
  } rows[] = {
    { { 0x80, 96, 0, 0 }, 11 },              /* short */
    { { 0x40, 96 }, 16 },                    /* version 1 */
    { { 0x80, 200 }, 16 },                   /* RTCP */
    { { 0x8f, 96 }, 16 },                    /* CSRCs that are not there */
    { { 0x90, 96, [12] = 0, 0, 0xff }, 16 }, /* an extension that is not there */
    { { 0xa0, 96 }, 16 },                    /* no padding, though it says so */
    { { 0xa0, 96, [15] = 5 }, 16 },          /* more padding than there is payload */
    { { 0xa0, 96, [15] = 255 }, 16 },
  };
  GstCallstatsRtpPacket packet;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GstBuffer) buffer = new_packet (rows[i].data, rows[i].size);

    if (gst_callstats_rtp_packet_read (&packet, buffer))
      g_error ("row %u was read", i);
  }
}

static void
test_no_octets_harm (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint8 data[120];
  guint n, i;

  for (n = 0; n < 20000; n++) {
    gsize size = g_rand_int_range (random, 1, sizeof data);
    g_autoptr (GstBuffer) buffer = NULL;
    GstCallstatsRtpPacket packet;

    for (i = 0; i < sizeof data; i++)
      data[i] = g_rand_int_range (random, 0, 256);
    data[0] = 0x80 | (data[0] & 0x3f);
    buffer = new_packet (data, size);
    if (gst_callstats_rtp_packet_read (&packet, buffer))
      g_assert_cmpuint (packet.header + packet.payload, ==, size);
  }
}

/* Flows */

typedef struct {
  guint16 seqnum;
  guint8 payload_type;
  guint32 timestamp;
  gint64 time;
} Row;

static void
take_row (GstCallstatsFlow *flow, const Row *row)
{
  GstCallstatsRtpPacket packet = { .ssrc = SSRC,
    .seqnum = row->seqnum,
    .payload_type = row->payload_type,
    .timestamp = row->timestamp,
    .header = 12,
    .payload = 100 };

  gst_callstats_flow_take (flow, &packet, payloads, row->time);
}

/* From first to last, 3000 of the clock apart each 33 ms, but for those that step leaves
 * out. */
static void
take_run (GstCallstatsFlow *flow, guint first, guint last, guint step)
{
  guint i;

  for (i = first; i <= last; i += step) {
    Row row = { i, 96, i * 3000, 1 + (gint64)i * 100 * MS / 3 };

    take_row (flow, &row);
  }
}

static void
test_loss_is_what_is_missing_between (void)
{
  GstCallstatsFlow flow = { 0 };

  take_run (&flow, 100, 200, 1);
  g_assert_cmpint (gst_callstats_flow_get_lost (&flow), ==, 0);
  g_assert_cmpuint (flow.packets, ==, 101);
  g_assert_cmpuint (flow.payload_bytes, ==, 10100);
  g_assert_cmpuint (flow.header_bytes, ==, 1212);
  take_run (&flow, 202, 300, 2);
  g_assert_cmpint (gst_callstats_flow_get_lost (&flow), ==, 50);
  g_assert_cmpuint (flow.first_seqnum, ==, 100);
}

static void
test_sequence_numbers_wrap (void)
{
  GstCallstatsFlow flow = { 0 };

  take_run (&flow, 65500, 65536 * 3 + 10, 1);
  g_assert_cmpint (gst_callstats_flow_get_lost (&flow), ==, 0);
  take_run (&flow, 65536 * 3 + 12, 65536 * 3 + 20, 1);
  g_assert_cmpint (gst_callstats_flow_get_lost (&flow), ==, 1);
}

/* RFC 3550: duplicates count as received, so loss may be less than nothing. */
static void
test_what_comes_late_or_twice_was_not_lost (void)
{
  static const Row rows[] = { { 10, 96, 0, 1 }, { 12, 96, 6000, 2 }, { 11, 96, 3000, 3 },
    { 12, 96, 6000, 4 }, { 13, 96, 9000, 5 } };
  GstCallstatsFlow flow = { 0 };
  static const gint64 lost[] = { 0, 1, 0, -1, -1 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    take_row (&flow, &rows[i]);
    g_assert_cmpint (gst_callstats_flow_get_lost (&flow), ==, lost[i]);
  }
}

static void
test_a_sequence_that_starts_anew_loses_nothing (void)
{
  static const Row rows[] = { { 10, 96, 0, 1 }, { 30000, 96, 777777777, 2 },
    { 30001, 96, 777780777, 3 }, { 30003, 96, 777786777, 4 } };
  GstCallstatsFlow flow = { 0 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    take_row (&flow, &rows[i]);
  g_assert_cmpint (gst_callstats_flow_get_lost (&flow), ==, 1);
  g_assert_cmpuint (flow.packets, ==, 4);
}

/* Thirty seconds at 300 packets a second: the timestamps go on with the time. */
static void
test_an_outage_is_loss (void)
{
  Row before = { 10, 96, 0, 1 };
  Row after = { 9010, 96, 30 * 90000, 1 + 30 * SECOND };
  Row further = { (guint16)(9010 + 40000), 96, 160 * 90000, 1 + 160 * SECOND };
  GstCallstatsFlow flow = { 0 };

  take_row (&flow, &before);
  take_row (&flow, &after);
  g_assert_cmpint (gst_callstats_flow_get_lost (&flow), ==, 8999);
  take_row (&flow, &further);
  g_assert_cmpint (gst_callstats_flow_get_lost (&flow), ==, 8999 + 39999);
}

/* Packets that come with 5 ms more or less, in turn: each differs by 10 ms. */
static void
test_jitter_follows_the_packets (void)
{
  GstCallstatsFlow even = { 0 }, uneven = { 0 };
  guint i;

  for (i = 0; i < 500; i++) {
    Row row = { i, 111, i * 960, 1 + i * 20 * MS };

    take_row (&even, &row);
    row.time += i % 2 == 0 ? 5 * MS : -5 * MS;
    take_row (&uneven, &row);
  }
  g_assert_cmpfloat_with_epsilon (even.jitter, 0, EPSILON);
  g_assert_cmpfloat_with_epsilon (uneven.jitter, 0.010, 0.0001);
}

static void
test_without_a_clock_there_is_no_jitter (void)
{
  GstCallstatsFlow flow = { 0 };
  guint i;

  for (i = 0; i < 100; i++) {
    Row row = { i, 50, i * 960, 1 + i * i * MS };

    take_row (&flow, &row);
  }
  g_assert_cmpuint (flow.n_jitter, ==, 0);
  g_assert_cmpint (flow.role, ==, GST_CALLSTATS_PAYLOAD_UNKNOWN);
}

static void
test_red_is_what_is_in_it (void)
{
  GstCallstatsFlow flow = { 0 };
  GstCallstatsRtpPacket packet = { .ssrc = SSRC, .payload_type = 98, .payload = 40 };

  packet.start[0] = 96;
  gst_callstats_flow_take (&flow, &packet, payloads, 1);
  packet.start[0] = 99;
  packet.seqnum++;
  gst_callstats_flow_take (&flow, &packet, payloads, 2);
  g_assert_cmpint (flow.role, ==, GST_CALLSTATS_PAYLOAD_MEDIA);
  g_assert_cmpuint (flow.payload_type, ==, 96);
  g_assert_cmpuint (flow.packets, ==, 2);
  g_assert_cmpuint (flow.fec_packets, ==, 1);
  g_assert_cmpuint (flow.fec_bytes, ==, 40);
}

/* RTCP */

#define U32(n) (guint8) ((n) >> 24), (guint8)((n) >> 16), (guint8)((n) >> 8), (guint8)(n)
#define REPORTER 0x0a0b0c0d

static void
take_sender_report (GstCallstatsRtcpLedger *ledger, gboolean received, guint32 ssrc,
    guint32 ntp_seconds, guint32 packets, guint32 octets, gint64 time)
{
  const guint8 data[] = { 0x80, 200, 0, 6, U32 (ssrc), U32 (ntp_seconds),
    U32 (0x80000000u), U32 (4711), U32 (packets), U32 (octets) };

  gst_callstats_rtcp_ledger_take (ledger, received, data, sizeof data, time);
}

static void
take_block (GstCallstatsRtcpLedger *ledger, guint32 lost, guint32 last_sr, guint32 delay,
    gint64 time)
{
  const guint8 data[] = { 0x81, 201, 0, 7, U32 (REPORTER), U32 (SSRC),
    U32 (0x40000000u | (lost & 0xffffff)), U32 (70000), U32 (480), U32 (last_sr),
    U32 (delay) };

  gst_callstats_rtcp_ledger_take (ledger, TRUE, data, sizeof data, time);
}

static void
test_a_block_tells_of_what_is_sent (void)
{
  GstCallstatsRtcpLedger *ledger = gst_callstats_rtcp_ledger_new ();
  const GstCallstatsSentReports *sent;

  g_assert_null (gst_callstats_rtcp_ledger_get_sent (ledger, SSRC));
  take_block (ledger, 17, 0, 0, 5 * SECOND);
  sent = gst_callstats_rtcp_ledger_get_sent (ledger, SSRC);
  g_assert_cmpint (sent->lost, ==, 17);
  g_assert_cmpfloat (sent->fraction_lost, ==, 0.25);
  g_assert_cmpuint (sent->highest, ==, 70000);
  g_assert_cmpuint (sent->jitter, ==, 480);
  g_assert_cmpint (sent->time, ==, 5 * SECOND);
  g_assert_cmpuint (sent->round_trips, ==, 0);
  take_block (ledger, (guint32)-3, 0, 0, 6 * SECOND);
  g_assert_cmpint (gst_callstats_rtcp_ledger_get_sent (ledger, SSRC)->lost, ==, -3);
  gst_callstats_rtcp_ledger_free (ledger);
}

static void
take_empty_block (GstCallstatsRtcpLedger *ledger, guint32 highest, gint64 time)
{
  const guint8 data[] = { 0x81, 201, 0, 7, U32 (REPORTER), U32 (SSRC), U32 (0),
    U32 (highest), U32 (0), U32 (0), U32 (0) };

  gst_callstats_rtcp_ledger_take (ledger, TRUE, data, sizeof data, time);
}

/* As GStreamer sends it after a rest, before and since 1.26. */
static void
test_a_block_without_packets_takes_nothing_back (void)
{
  GstCallstatsRtcpLedger *ledger = gst_callstats_rtcp_ledger_new ();
  const GstCallstatsSentReports *sent;

  take_block (ledger, 17, 0, 0, 5 * SECOND);
  take_empty_block (ledger, 0, 6 * SECOND);
  take_empty_block (ledger, G_MAXUINT32, 7 * SECOND);
  sent = gst_callstats_rtcp_ledger_get_sent (ledger, SSRC);
  g_assert_cmpint (sent->lost, ==, 17);
  g_assert_cmpuint (sent->highest, ==, 70000);
  g_assert_cmpint (sent->time, ==, 5 * SECOND);
  gst_callstats_rtcp_ledger_free (ledger);
}

static void
test_round_trips_are_measured_by_our_own_reports (void)
{
  GstCallstatsRtcpLedger *ledger = gst_callstats_rtcp_ledger_new ();
  const GstCallstatsSentReports *sent;

  take_sender_report (ledger, FALSE, SSRC, 1000, 0, 0, 10 * SECOND);
  take_sender_report (ledger, FALSE, SSRC, 1005, 0, 0, 15 * SECOND);
  /* The first is answered, after half a second; then the second; then none of ours. */
  take_block (ledger, 0, 1000u << 16 | 0x8000, 32768, 10 * SECOND + 580 * MS);
  sent = gst_callstats_rtcp_ledger_get_sent (ledger, SSRC);
  g_assert_cmpfloat_with_epsilon (sent->round_trip, 0.080, EPSILON);
  take_block (ledger, 0, 1005u << 16 | 0x8000, 0, 15 * SECOND + 20 * MS);
  take_block (ledger, 0, 1006u << 16 | 0x8000, 0, 16 * SECOND);
  g_assert_cmpfloat_with_epsilon (sent->round_trip, 0.020, EPSILON);
  g_assert_cmpfloat_with_epsilon (sent->total_round_trip, 0.100, EPSILON);
  g_assert_cmpuint (sent->round_trips, ==, 2);
  gst_callstats_rtcp_ledger_free (ledger);
}

static void
test_counters_of_reports_wrap_and_restart (void)
{
  GstCallstatsRtcpLedger *ledger = gst_callstats_rtcp_ledger_new ();
  const GstCallstatsReceivedReports *received;

  take_sender_report (ledger, TRUE, SSRC, 1000, 100, 0xfffffff0u, SECOND);
  take_sender_report (ledger, TRUE, SSRC, 1001, 150, 0x10, 2 * SECOND);
  received = gst_callstats_rtcp_ledger_get_received (ledger, SSRC);
  g_assert_cmpuint (received->packets, ==, 150);
  g_assert_cmpuint (received->octets, ==, G_GUINT64_CONSTANT (0x100000010));
  g_assert_cmpuint (received->count, ==, 2);
  g_assert_cmpuint (received->ntp, ==, (guint64)1001 << 32 | 0x80000000u);
  take_sender_report (ledger, TRUE, SSRC, 1002, 7, 0x17, 3 * SECOND);
  g_assert_cmpuint (received->packets, ==, 157);
  g_assert_cmpint (received->time, ==, 3 * SECOND);
  gst_callstats_rtcp_ledger_free (ledger);
}

/* Two NACKs, one of which asks for many packets; a PLI; a FIR for two streams. */
static void
test_feedback_is_counted_by_packets (void)
{
  static const guint8 data[] = { 0x81, 205, 0, 3, U32 (REPORTER), U32 (SSRC), 0, 1, 0, 0,
    0x81, 205, 0, 4, U32 (REPORTER), U32 (SSRC), 0, 1, 0xff, 0xff, 0, 9, 0, 0, 0x81, 206,
    0, 2, U32 (REPORTER), U32 (SSRC), 0x84, 206, 0, 6, U32 (REPORTER), U32 (0),
    U32 (SSRC), 1, 0, 0, 0, U32 (SSRC + 1), 1, 0, 0, 0 };
  GstCallstatsRtcpLedger *ledger = gst_callstats_rtcp_ledger_new ();
  const GstCallstatsReceivedReports *received;
  const GstCallstatsSentReports *sent;

  gst_callstats_rtcp_ledger_take (ledger, TRUE, data, sizeof data, SECOND);
  sent = gst_callstats_rtcp_ledger_get_sent (ledger, SSRC);
  g_assert_cmpuint (sent->nack, ==, 2);
  g_assert_cmpuint (sent->pli, ==, 1);
  g_assert_cmpuint (sent->fir, ==, 1);
  g_assert_cmpint (sent->time, ==, 0);
  g_assert_cmpuint (gst_callstats_rtcp_ledger_get_sent (ledger, SSRC + 1)->fir, ==, 1);
  gst_callstats_rtcp_ledger_take (ledger, FALSE, data, sizeof data, SECOND);
  received = gst_callstats_rtcp_ledger_get_received (ledger, SSRC);
  g_assert_cmpuint (received->nack, ==, 2);
  g_assert_cmpuint (received->pli, ==, 1);
  g_assert_cmpuint (received->fir, ==, 1);
  gst_callstats_rtcp_ledger_free (ledger);
}

static void
test_bye_is_remembered (void)
{
  static const guint8 data[] = { 0x81, 203, 0, 1, U32 (SSRC) };
  GstCallstatsRtcpLedger *ledger = gst_callstats_rtcp_ledger_new ();

  gst_callstats_rtcp_ledger_take (ledger, TRUE, data, sizeof data, 9 * SECOND);
  g_assert_cmpint (
      gst_callstats_rtcp_ledger_get_received (ledger, SSRC)->left, ==, 9 * SECOND);
  gst_callstats_rtcp_ledger_free (ledger);
}

/* Jitter buffers */

static void
pass (GstCallstatsEmission *emission, guint16 seqnum, guint32 timestamp, gboolean marker,
    gint64 in, gint64 out)
{
  GstCallstatsRtpPacket packet = {
    .seqnum = seqnum, .timestamp = timestamp, .marker = marker
  };

  if (in != 0)
    gst_callstats_emission_enter (emission, &packet, in);
  if (out != 0)
    gst_callstats_emission_leave (emission, &packet, out);
}

static void
test_each_sample_stays_as_long_as_its_packet (void)
{
  GstCallstatsEmission emission = { 0 };
  guint i;

  for (i = 0; i < 50; i++)
    pass (
        &emission, 65530 + i, i * 960, FALSE, 1 + i * 20 * MS, 1 + i * 20 * MS + 60 * MS);
  g_assert_cmpuint (emission.samples, ==, 50 * 960);
  g_assert_cmpfloat_with_epsilon (emission.sample_delay, 50 * 960 * 0.060, 1e-6);
}

/* A loss, and silence without packets, are no samples. */
static void
test_no_sample_is_counted_that_did_not_come (void)
{
  GstCallstatsEmission emission = { 0 };
  static const struct {
    guint16 seqnum;
    guint32 timestamp;
  } rows[] = { { 1, 0 }, { 2, 960 }, { 4, 2880 }, { 5, 48000 }, { 6, 48960 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    pass (&emission, rows[i].seqnum, rows[i].timestamp, FALSE, 1 + i, 1 + i + 100 * MS);
  g_assert_cmpuint (emission.samples, ==, 5 * 960);
}

/* The first packet in to the last out: 5 packets, of which the second came first. */
static void
test_a_frame_stays_from_its_first_packet_to_its_last (void)
{
  GstCallstatsEmission emission = { 0 };
  guint i;

  pass (&emission, 2, 3000, FALSE, 100 * MS, 0);
  for (i = 1; i <= 5; i++)
    pass (&emission, i, 3000, i == 5, (110 + i) * MS, (200 + i) * MS);
  g_assert_cmpuint (emission.frames, ==, 1);
  g_assert_cmpfloat_with_epsilon (emission.frame_delay, 0.105, EPSILON);
  /* Without a marker the next frame ends it; padding after a marker is no frame. */
  pass (&emission, 6, 3000, FALSE, 299 * MS, 299 * MS);
  pass (&emission, 7, 6000, FALSE, 300 * MS, 310 * MS);
  pass (&emission, 8, 9000, TRUE, 320 * MS, 350 * MS);
  g_assert_cmpuint (emission.frames, ==, 3);
  g_assert_cmpfloat_with_epsilon (emission.frame_delay, 0.145, EPSILON);
}

/* What was in the buffer before the watch has no time of entry, and is not counted. */
static void
test_what_was_in_before_is_not_counted (void)
{
  GstCallstatsEmission emission = { 0 };

  pass (&emission, 1, 0, TRUE, 0, 100 * MS);
  pass (&emission, 2, 960, TRUE, 90 * MS, 120 * MS);
  pass (&emission, 3, 1920, TRUE, 110 * MS, 140 * MS);
  g_assert_cmpuint (emission.frames, ==, 2);
  g_assert_cmpuint (emission.samples, ==, 2 * 960);
  g_assert_cmpfloat_with_epsilon (emission.frame_delay, 0.060, EPSILON);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(path, name) g_test_add_func ("/rtprules/" path, test_##name)
  ADD ("packet/header", a_header_has_all_but_the_payload);
  ADD ("packet/pieces", a_packet_may_lie_in_pieces);
  ADD ("packet/no-rtp", what_is_no_rtp_is_left_alone);
  ADD ("packet/random", no_octets_harm);
  ADD ("flow/loss", loss_is_what_is_missing_between);
  ADD ("flow/wrap", sequence_numbers_wrap);
  ADD ("flow/late", what_comes_late_or_twice_was_not_lost);
  ADD ("flow/restart", a_sequence_that_starts_anew_loses_nothing);
  ADD ("flow/outage", an_outage_is_loss);
  ADD ("flow/jitter", jitter_follows_the_packets);
  ADD ("flow/no-clock", without_a_clock_there_is_no_jitter);
  ADD ("flow/red", red_is_what_is_in_it);
  ADD ("rtcp/block", a_block_tells_of_what_is_sent);
  ADD ("rtcp/empty-block", a_block_without_packets_takes_nothing_back);
  ADD ("rtcp/round-trip", round_trips_are_measured_by_our_own_reports);
  ADD ("rtcp/wrap", counters_of_reports_wrap_and_restart);
  ADD ("rtcp/feedback", feedback_is_counted_by_packets);
  ADD ("rtcp/bye", bye_is_remembered);
  ADD ("jitter-buffer/samples", each_sample_stays_as_long_as_its_packet);
  ADD ("jitter-buffer/silence", no_sample_is_counted_that_did_not_come);
  ADD ("jitter-buffer/frames", a_frame_stays_from_its_first_packet_to_its_last);
  ADD ("jitter-buffer/before", what_was_in_before_is_not_counted);
  return g_test_run ();
}
