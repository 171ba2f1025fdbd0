/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rules of what is told of media, on made-up input: RTCP, streams that are sent,
 * SSRCs of a negotiation, selected candidate pairs.
 */
#include <gst/webrtc/webrtc.h>
#include <string.h>

#include "outboundstream.h"
#include "rtcpreader.h"
#include "selectedpair.h"
#include "ssrcmap.h"

#define SECOND G_TIME_SPAN_SECOND

/* A sender report with one block, feedback of its receiver, and a BYE. */
static const guint8 compound[] = {
  0x81, 200, 0, 12, 0, 0, 0, 7,                               /* SR of 7 */
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* its own figures */
  0, 0, 0, 9, 64, 0, 0, 1, 0, 1, 0, 5,                 /* of 9: a quarter lost, 65541 */
  0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 1, 0, 0,      /* SR 12345678, a second ago */
  0x81, 205, 0, 3, 0, 0, 0, 7, 0, 0, 0, 9, 0, 1, 0, 0, /* NACK */
  0x82, 203, 0, 2, 0, 0, 0, 7, 0, 0, 0, 8,             /* BYE of 7 and 8 */
};

static void
test_rtcp_is_read (void)
{
  GstCallstatsRtcp rtcp;
  GstCallstatsReportBlock *block;

  gst_callstats_rtcp_init (&rtcp, compound, sizeof compound);
  g_assert_cmpuint (rtcp.senders->len, ==, 1);
  g_assert_cmpuint (g_array_index (rtcp.senders, guint32, 0), ==, 7);
  g_assert_cmpuint (rtcp.leavers->len, ==, 2);
  g_assert_cmpuint (g_array_index (rtcp.leavers, guint32, 1), ==, 8);
  g_assert_true (rtcp.has_feedback);
  g_assert_cmpuint (rtcp.blocks->len, ==, 1);
  block = &g_array_index (rtcp.blocks, GstCallstatsReportBlock, 0);
  g_assert_cmpuint (block->ssrc, ==, 9);
  g_assert_cmpuint (block->fraction_lost, ==, 64);
  g_assert_cmpuint (block->highest, ==, 65541);
  g_assert_cmphex (block->last_sr, ==, 0x12345678);
  g_assert_cmpuint (block->delay, ==, 65536);
  gst_callstats_rtcp_clear (&rtcp);
}

/* From the heap, so that a sanitizer sees what is read beyond the end. */
static void
test_rtcp_may_be_cut_and_broken (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  gsize size, i, n;

  for (size = 0; size <= sizeof compound; size++) {
    for (n = 0; n < 200; n++) {
      g_autofree guint8 *data = g_memdup2 (compound, size);
      GstCallstatsRtcp rtcp;

      for (i = 0; n > 0 && size > 0 && i < 3; i++)
        data[g_rand_int_range (random, 0, size)] = g_rand_int_range (random, 0, 256);
      gst_callstats_rtcp_init (&rtcp, data, size);
      g_assert_cmpuint (rtcp.blocks->len, <=, 31 * sizeof compound / 4);
      gst_callstats_rtcp_clear (&rtcp);
    }
  }
}

/* A second of a stream with fifty packets of a hundred bytes. */
static void
send (GstCallstatsOutboundStream *stream, guint second)
{
  gst_callstats_outbound_set_sent (
      stream, 50 * (second + 1), 5000 * (second + 1), second * SECOND);
}

static guint
report (GstCallstatsOutboundStream *stream, guint highest, guint lost, guint rtt_ms,
    guint second)
{
  GstCallstatsReportBlock block = {
    .highest = highest, .fraction_lost = lost, .last_sr = 1000000, .delay = 65536
  };

  return gst_callstats_outbound_take_block (
      stream, &block, 1000000 + 65536 + rtt_ms * 65536 / 1000, second * SECOND);
}

static void
test_what_does_not_arrive_is_one_way (void)
{
  GstCallstatsOutboundStream stream = { 0 };
  guint second, start = 0;

  for (second = 0; second <= 20; second++) {
    send (&stream, second);
    if (second % 5 == 0)
      g_assert_cmpuint (report (&stream, second < 5 ? 50 : 300, 0, 50, second), ==, 0);
    if (gst_callstats_outbound_look (&stream, second * SECOND, second * SECOND) != 0 &&
        start == 0)
      start = second;
  }
  g_assert_cmpuint (start, ==, 15);
  g_assert_cmpint (stream.progress, ==, 5 * SECOND);
  g_assert_cmpuint (
      report (&stream, 1000, 0, 50, 21), ==, GST_CALLSTATS_OUTBOUND_ONE_WAY_STOP);
}

static void
test_what_reports_leave_out_is_one_way (void)
{
  GstCallstatsOutboundStream stream = { 0 };
  guint second, starts = 0;

  send (&stream, 0);
  report (&stream, 50, 0, 50, 0);
  for (second = 1; second <= 20; second++) {
    send (&stream, second);
    if (second % 5 == 0)
      gst_callstats_outbound_take_none (&stream);
    starts +=
        gst_callstats_outbound_look (&stream, second * SECOND, second * SECOND) != 0;
    g_assert_cmpuint (starts, ==, second >= 15);
  }
}

static void
test_a_stream_that_is_not_sent_is_not_one_way (void)
{
  GstCallstatsOutboundStream stream = { 0 };
  guint second;

  send (&stream, 0);
  for (second = 0; second <= 60; second += 5) {
    g_assert_cmpuint (report (&stream, 50, 0, 50, second), ==, 0);
    g_assert_cmpuint (
        gst_callstats_outbound_look (&stream, second * SECOND, second * SECOND), ==, 0);
  }
}

static void
test_loss_and_delay_make_a_stream_unusable (void)
{
  GstCallstatsOutboundStream lost = { 0 }, late = { .is_video = TRUE };
  guint second, lost_at = 0, late_at = 0;

  for (second = 1; second <= 40; second++) {
    send (&lost, second);
    send (&late, second);
    if (report (&lost, second, 255, 10, second) & GST_CALLSTATS_OUTBOUND_UNUSABLE)
      lost_at = second;
    if (report (&late, second, 0, 2100, second) & GST_CALLSTATS_OUTBOUND_UNUSABLE)
      late_at = second;
  }
  /* Each once */
  g_assert_cmpuint (lost_at, ==, 6);
  g_assert_cmpuint (late_at, ==, 16);
}

static void
test_a_rate_far_beyond_the_fair_one_is_congestion (void)
{
  GstCallstatsOutboundStream fair = { 0 }, greedy = { 0 };
  guint second, congestions = 0;

  for (second = 1; second <= 20; second++) {
    send (&fair, second);
    send (&greedy, second);
    g_assert_cmpuint (report (&fair, second, 3, 50, second), ==, 0);
    /* 40 % lost at 500 ms: less than a packet a second would be fair */
    if (report (&greedy, second, 102, 500, second) & GST_CALLSTATS_OUTBOUND_CONGESTED)
      congestions++;
  }
  g_assert_cmpuint (congestions, ==, 1);
}

static void
check_text (GVariant *data, gsize index, const char *key, const char *expected)
{
  g_autoptr (GVariant) entry = g_variant_get_child_value (data, index);
  const char *text = NULL;

  g_variant_lookup (entry, key, "&s", &text);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_ssrcs_are_mapped_without_host_names (void)
{
  static const char sdp[] = "v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
                            "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"
                            "a=ssrc:12 cname:user1@secret-host\r\n"
                            "a=ssrc:12 msid:user1@secret-host webrtctransceiver0\r\n"
                            "a=ssrc:4294967296 cname:no\r\na=ssrc:x\r\n"
                            "m=video 9 UDP/TLS/RTP/SAVPF 97\r\na=ssrc:4294967295\r\n";
  g_autoptr (GVariant) map = NULL;
  g_autoptr (GVariant) data = NULL;
  GstSDPMessage *message;

  gst_sdp_message_new (&message);
  g_assert_cmpint (
      gst_sdp_message_parse_buffer ((const guint8 *)sdp, strlen (sdp), message), ==,
      GST_SDP_OK);
  map = g_variant_ref_sink (gst_callstats_get_ssrc_map (message, NULL));
  data = g_variant_lookup_value (map, "ssrcData", G_VARIANT_TYPE ("aa{sv}"));
  g_assert_cmpuint (g_variant_n_children (data), ==, 2);
  check_text (data, 0, "ssrc", "12");
  check_text (data, 0, "mediaType", "audio");
  check_text (data, 0, "streamType", "outbound");
  check_text (data, 0, "reportType", "local");
  check_text (data, 0, "cname", "user1@***");
  check_text (data, 0, "msid", "user1@*** webrtctransceiver0");
  check_text (data, 1, "ssrc", "4294967295");
  check_text (data, 1, "mediaType", "video");
  check_text (data, 1, "cname", NULL);
  g_assert_null (gst_callstats_get_ssrc_map (NULL, NULL));
  gst_sdp_message_free (message);
}

static GstStructure *
make_candidate (const char *type, const char *address, guint preference)
{
  return gst_structure_new ("candidate", "candidate-type", G_TYPE_STRING, type, "address",
      G_TYPE_STRING, address, "port", G_TYPE_UINT, 4000, "protocol", G_TYPE_STRING, "udp",
      "priority", G_TYPE_UINT, preference << 24, NULL);
}

static GVariant *
select_pair (GstCallstatsSelectedPairs *pairs, const char *local)
{
  g_autoptr (GstStructure) host = make_candidate ("host", "192.0.2.77", 126);
  g_autoptr (GstStructure) relay = make_candidate ("relay", "198.51.100.88", 20);
  g_autoptr (GstStructure) remote = make_candidate ("host", "203.0.113.99", 126);
  g_autoptr (GstStructure) pair = gst_structure_new ("candidate-pair", "id",
      G_TYPE_STRING, "ice-candidate-pair_1", "local-candidate-id", G_TYPE_STRING, local,
      "remote-candidate-id", G_TYPE_STRING, "remote", NULL);
  g_autoptr (GstStructure) stats = gst_structure_new ("stats", "ice-candidate-pair_1",
      GST_TYPE_STRUCTURE, pair, "host", GST_TYPE_STRUCTURE, host, "relay",
      GST_TYPE_STRUCTURE, relay, "remote", GST_TYPE_STRUCTURE, remote, NULL);

  return gst_callstats_selected_pairs_take (pairs, stats);
}

static void
test_another_pair_is_a_switch (void)
{
  GstCallstatsSelectedPairs *pairs =
      gst_callstats_selected_pairs_new (GST_CALLSTATS_COLLECT_IP_MASKED);
  g_autoptr (GVariant) change = NULL;
  g_autoptr (GVariant) before = NULL;
  g_autofree char *text = NULL;
  const char *relay_type;

  g_assert_null (select_pair (pairs, "host"));
  g_assert_null (select_pair (pairs, "host"));
  change = select_pair (pairs, "relay");
  g_assert_nonnull (change);
  g_assert_true (g_variant_lookup (change, "relayType", "&s", &relay_type));
  g_assert_cmpstr (relay_type, ==, "turn/tcp");
  before =
      g_variant_lookup_value (change, "prevIceCandidatePair", G_VARIANT_TYPE_VARDICT);
  g_assert_nonnull (before);
  text = g_variant_print (change, FALSE);
  g_assert_nonnull (strstr (text, "198.51.100.0"));
  g_assert_null (strstr (text, "198.51.100.88"));
  g_assert_null (select_pair (pairs, "relay"));
  gst_callstats_selected_pairs_free (pairs);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/media/rtcp-is-read", test_rtcp_is_read);
  g_test_add_func ("/media/rtcp-may-be-cut-and-broken", test_rtcp_may_be_cut_and_broken);
  g_test_add_func (
      "/media/what-does-not-arrive-is-one-way", test_what_does_not_arrive_is_one_way);
  g_test_add_func (
      "/media/what-reports-leave-out-is-one-way", test_what_reports_leave_out_is_one_way);
  g_test_add_func ("/media/a-stream-that-is-not-sent-is-not-one-way",
      test_a_stream_that_is_not_sent_is_not_one_way);
  g_test_add_func ("/media/loss-and-delay-make-a-stream-unusable",
      test_loss_and_delay_make_a_stream_unusable);
  g_test_add_func ("/media/a-rate-far-beyond-the-fair-one-is-congestion",
      test_a_rate_far_beyond_the_fair_one_is_congestion);
  g_test_add_func ("/media/ssrcs-are-mapped-without-host-names",
      test_ssrcs_are_mapped_without_host_names);
  g_test_add_func ("/media/another-pair-is-a-switch", test_another_pair_is_a_switch);
  return g_test_run ();
}
