/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Truth by packets: calls of two webrtcbins whose reports are compared with the packets
 * themselves, counted at the edges. The contract is truthcheck.c's and truthhistory.c's.
 */
#include <gst/gst.h>

#include "channels.h"
#include "reportcheck.h"
#include "truthcheck.h"

#define PACKETS 60 /* of each stream; with loss, more */

static void
run (TruthCall *call)
{
  truth_call_play (call);
  truth_call_negotiate (call);
  truth_call_wait_packets (call, PACKETS);
}

static void
finish (TruthCall *call)
{
  truth_call_settle (call);
  truth_check_counts (call);
  truth_check_history (call);
}

static void
test_bundled (void)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);

  truth_call_add_source (call, CALLER, TRUTH_OPUS);
  truth_call_add_source (call, CALLER, TRUTH_VP8);
  run (call);
  finish (call);
}

static void
test_three_videos (void)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);

  truth_call_add_source (call, CALLER, TRUTH_VP8);
  truth_call_add_source (call, CALLER, TRUTH_OPUS);
  truth_call_add_source (call, CALLER, TRUTH_VP8_SECOND);
  truth_call_add_source (call, CALLER, TRUTH_VP8_THIRD);
  run (call);
  finish (call);
}

/* As browsers have it: only the SSRC tells streams apart. */
static void
test_one_payload_type (void)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);

  truth_call_add_source (call, CALLER, TRUTH_VP8);
  truth_call_add_source (call, CALLER, TRUTH_OPUS);
  truth_call_add_source (call, CALLER, TRUTH_VP8);
  truth_call_add_source (call, CALLER, TRUTH_VP8);
  run (call);
  finish (call);
}

static void
test_not_bundled (void)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_NONE);

  truth_call_add_source (call, CALLER, TRUTH_OPUS);
  truth_call_add_source (call, CALLER, TRUTH_VP8);
  run (call);
  finish (call);
}

static void
both_ways (GstWebRTCBundlePolicy policy)
{
  g_autoptr (TruthCall) call = truth_call_new (policy);
  guint end;

  for (end = 0; end < N_ENDS; end++) {
    truth_call_add_source (call, end, TRUTH_OPUS);
    truth_call_add_source (call, end, TRUTH_VP8);
  }
  run (call);
  finish (call);
}

static void
test_both_ways (void)
{
  both_ways (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);
}

static void
test_both_ways_not_bundled (void)
{
  both_ways (GST_WEBRTC_BUNDLE_POLICY_NONE);
}

static void
test_rtx (void)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);

  truth_call_use_rtx (call);
  truth_call_add_source (call, CALLER, TRUTH_OPUS);
  truth_call_add_source (call, CALLER, TRUTH_VP8);
  run (call);
  finish (call);
}

/* The test itself must have lost, and with RTX got back, what it is about. */
static void
check_lossy (TruthCall *call, gboolean rtx)
{
  GPtrArray *streams = truth_call_get_streams (call, CALLER);
  guint64 repaired = 0;
  guint i;

  for (i = 0; i < streams->len; i++) {
    const TruthStream *stream = g_ptr_array_index (streams, i);

    g_assert_cmpuint (stream->received.packets, <, stream->sent.packets);
    repaired += stream->received_rtx.packets;
  }
  g_assert_cmpuint (streams->len, ==, 2);
  g_assert_true (rtx == (repaired > 0));
  g_ptr_array_unref (streams);
}

static void
lossy (gboolean rtx)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);

  if (rtx)
    truth_call_use_rtx (call);
  truth_call_drop (call);
  truth_call_add_source (call, CALLER, TRUTH_OPUS);
  truth_call_add_source (call, CALLER, TRUTH_VP8);
  run (call);
  truth_call_wait_packets (call, 2 * PACKETS);
  truth_call_settle (call);
  check_lossy (call, rtx);
  truth_check_counts (call);
  truth_check_history (call);
}

static void
test_loss (void)
{
  lossy (FALSE);
}

static void
test_loss_with_rtx (void)
{
  lossy (TRUE);
}

static void
test_renegotiation (void)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);
  TruthSource *added;

  truth_call_add_source (call, CALLER, TRUTH_OPUS);
  truth_call_add_source (call, CALLER, TRUTH_VP8);
  run (call);
  added = truth_call_add_source (call, CALLER, TRUTH_VP8_SECOND);
  truth_call_negotiate (call);
  truth_call_wait_packets (call, PACKETS);
  truth_call_wait_reports (call, 2);
  truth_call_remove_source (call, added);
  truth_call_negotiate (call);
  truth_call_wait_packets (call, PACKETS);
  finish (call);
}

static void
test_ssrc_change (void)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);
  TruthSource *video;

  truth_call_add_source (call, CALLER, TRUTH_OPUS);
  video = truth_call_add_source (call, CALLER, TRUTH_VP8);
  run (call);
  truth_call_change_ssrc (call, video);
  truth_call_wait_packets (call, PACKETS);
  finish (call);
}

/* As a source is that mutes, for longer than RTP sessions wait */
static void
test_rest (void)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);

  truth_call_add_source (call, CALLER, TRUTH_OPUS);
  truth_call_add_source (call, CALLER, TRUTH_VP8);
  run (call);
  truth_call_rest (call);
  truth_call_wait_packets (call, PACKETS);
  finish (call);
}

static void
test_no_ssrc_in_caps (void)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);

  truth_call_add_source_without_ssrc (call, CALLER, TRUTH_OPUS);
  truth_call_add_source_without_ssrc (call, CALLER, TRUTH_VP8);
  run (call);
  finish (call);
}

static void
check_channel (TruthCall *call, Channels *channels, TruthEnd end)
{
  ChannelCount sent = channels_get_sent (channels, end);
  ChannelCount received = channels_get_received (channels, end);
  g_autofree char *json = truth_call_dup_report (call, end);
  g_autoptr (Report) report = report_new (end == CALLER ? "caller" : "callee", json);
  Stats channel = report_get_only (report, "data-channel");
  Stats transport = report_get_only (report, "transport");
  Stats connection = report_get_only (report, "peer-connection");

  g_test_message ("%s: %s", report->name, json);
  check_text (&channel, "label", "truth");
  check_text (&channel, "state", "open");
  check_count (&channel, "messagesSent", sent.messages);
  check_count (&channel, "bytesSent", sent.bytes);
  check_count (&channel, "messagesReceived", received.messages);
  check_count (&channel, "bytesReceived", received.bytes);
  check_text (&transport, "dtlsState", "connected");
  check_count (&connection, "dataChannelsOpened", 1);
}

/* And no stream: whatever it is, it would be a phantom. */
static void
test_data_channel (void)
{
  g_autoptr (TruthCall) call = truth_call_new (GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE);
  g_autoptr (Channels) channels = NULL;
  guint end;

  truth_call_play (call);
  channels = channels_new (call);
  truth_call_negotiate (call);
  channels_send (channels, CALLER, 7, 5);
  channels_send (channels, CALLEE, 2, 3);
  truth_call_wait_reports (call, 3);
  for (end = 0; end < N_ENDS; end++)
    check_channel (call, channels, end);
  truth_check_history (call);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/truth/bundled", test_bundled);
  g_test_add_func ("/truth/three-videos", test_three_videos);
  g_test_add_func ("/truth/one-payload-type", test_one_payload_type);
  g_test_add_func ("/truth/not-bundled", test_not_bundled);
  g_test_add_func ("/truth/both-ways", test_both_ways);
  g_test_add_func ("/truth/both-ways-not-bundled", test_both_ways_not_bundled);
  g_test_add_func ("/truth/rtx", test_rtx);
  g_test_add_func ("/truth/loss", test_loss);
  g_test_add_func ("/truth/loss-with-rtx", test_loss_with_rtx);
  g_test_add_func ("/truth/renegotiation", test_renegotiation);
  g_test_add_func ("/truth/ssrc-change", test_ssrc_change);
  g_test_add_func ("/truth/rest", test_rest);
  g_test_add_func ("/truth/no-ssrc-in-caps", test_no_ssrc_in_caps);
  g_test_add_func ("/truth/data-channel", test_data_channel);
  return g_test_run ();
}
