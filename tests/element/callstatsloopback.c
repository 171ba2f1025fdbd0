/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What callstatsloopback promises: streams, EOS, pads, errors, states.
 */
#include "call-fixture.h"

#include <gst/webrtc/webrtc.h>
#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#define FINITE_AUDIO \
  "audiotestsrc is-live=true num-buffers=40 ! opusenc ! rtpopuspay pt=96"
#define FINITE_VIDEO \
  "videotestsrc is-live=true num-buffers=12 ! " \
  "video/x-raw,width=160,height=120,framerate=15/1 ! vp8enc deadline=1 ! " \
  "rtpvp8pay pt=97"

/* Streams */

static void
test_streams_keep_index_and_payload (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();

  call_fixture_play (call);
  call_fixture_wait_connected (call);
  call_fixture_wait_packets (call, 0, 20);
  call_fixture_wait_packets (call, 1, 10);
  call_fixture_stop (call);
  g_assert_cmpint (call_fixture_peek_payload (call, 0), ==, 96);
  g_assert_cmpint (call_fixture_peek_payload (call, 1), ==, 97);
  g_assert_cmpuint (
      call_fixture_peek_received (call, 0), <=, call_fixture_peek_sent (call, 0));
}

/* Neither the order of requests nor gaps between indices may matter. */
static void
test_streams_keep_index_when_out_of_order (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();

  call_fixture_add_video (call, 7);
  call_fixture_add_audio (call, 3);
  call_fixture_play (call);
  call_fixture_wait_packets (call, 7, 5);
  call_fixture_wait_packets (call, 3, 5);
  g_assert_cmpint (call_fixture_peek_payload (call, 7), ==, 97);
  g_assert_cmpint (call_fixture_peek_payload (call, 3), ==, 96);
}

static void
test_many_streams_share_a_call (gconstpointer bundle_policy)
{
  g_autoptr (CallFixture) call = call_fixture_new ();

  gst_util_set_object_arg (
      G_OBJECT (call_fixture_get_loopback (call)), "bundle-policy", bundle_policy);
  for (guint i = 0; i < 6; i++)
    call_fixture_add_audio (call, i);
  call_fixture_play (call);
  for (guint i = 0; i < 6; i++)
    call_fixture_wait_packets (call, i, 10);
}

static void
test_codec_goes_through (gconstpointer data)
{
  const gchar *const *codec = data;
  g_autoptr (GstElementFactory) encoder = gst_element_factory_find (codec[1]);
  g_autoptr (CallFixture) call = NULL;

  if (!encoder) {
    g_test_skip ("the encoder is not installed");
    return;
  }
  call = call_fixture_new ();
  call_fixture_add_stream (call, 0, codec[2]);
  call_fixture_play (call);
  call_fixture_wait_packets (call, 0, 10);
}

static void
test_caps_without_ssrc_are_completed (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();

  call_fixture_add_stream (call, 0,
      "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 ! capssetter replace=true "
      "caps=application/"
      "x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=96");
  call_fixture_add_stream (call, 1,
      "audiotestsrc is-live=true ! alawenc ! rtppcmapay pt=8 ! capssetter replace=true "
      "caps=application/x-rtp,media=audio,encoding-name=PCMA,clock-rate=8000,payload=8");
  call_fixture_play (call);
  call_fixture_wait_packets (call, 0, 10);
  call_fixture_wait_packets (call, 1, 10);
  g_assert_cmpint (call_fixture_peek_payload (call, 0), ==, 96);
  g_assert_cmpint (call_fixture_peek_payload (call, 1), ==, 8);
}

static void
test_unlinked_src_is_harmless (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();

  call_fixture_add_stream (call, 0, FINITE_AUDIO);
  call_fixture_add_stream (call, 1, FINITE_VIDEO);
  call_fixture_leave_unlinked (call, 1);
  call_fixture_play (call);
  call_fixture_wait_packets (call, 0, 30);
  call_fixture_wait_eos (call);
  g_assert_true (call_fixture_peek_has_src (call, 1));
  g_assert_cmpuint (call_fixture_peek_received (call, 1), ==, 0);
}

static void
stop_consumer (GstPad *src)
{
  g_autoptr (GstPad) sink = gst_pad_get_peer (src);
  g_autoptr (GstElement) consumer = gst_pad_get_parent_element (sink);

  gst_element_set_locked_state (consumer, TRUE);
  gst_element_set_state (consumer, GST_STATE_NULL);
}

static void
test_stopped_consumer_is_harmless (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();
  g_autoptr (GstPad) src = NULL;
  guint before;

  call_fixture_play (call);
  call_fixture_wait_packets (call, 0, 5);
  call_fixture_wait_packets (call, 1, 5);
  src = gst_element_get_static_pad (call_fixture_get_loopback (call), "src_1");
  stop_consumer (src);
  before = call_fixture_peek_received (call, 0);
  call_fixture_wait_packets (call, 0, before + 30);
  call_fixture_wait_packets (call, 1, call_fixture_peek_received (call, 1) + 10);
}

/* EOS */

static void
test_eos_follows_the_last_packet (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();

  call_fixture_add_stream (call, 0, FINITE_AUDIO);
  call_fixture_add_stream (call, 1, FINITE_VIDEO);
  call_fixture_play (call);
  call_fixture_wait_eos (call);
  for (guint i = 0; i < 2; i++) {
    g_assert_true (call_fixture_peek_stream_eos (call, i));
    g_assert_cmpuint (call_fixture_peek_received (call, i), >, 0);
    g_assert_cmpint (call_fixture_peek_last_received_seqnum (call, i), ==,
        call_fixture_peek_last_sent_seqnum (call, i));
    g_assert_cmpuint (
        call_fixture_peek_received (call, i), ==, call_fixture_peek_sent (call, i));
  }
}

static void
test_eos_sent_to_the_pipeline_ends_it (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();

  call_fixture_play (call);
  call_fixture_wait_packets (call, 0, 5);
  call_fixture_send_eos (call);
  call_fixture_wait_eos (call);
  g_assert_cmpint (call_fixture_peek_last_received_seqnum (call, 0), ==,
      call_fixture_peek_last_sent_seqnum (call, 0));
}

static void
test_eos_before_the_call_is_up_ends_it (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();

  call_fixture_play (call);
  call_fixture_send_eos (call);
  call_fixture_wait_eos (call);
}

static void
test_eos_without_packets_makes_an_empty_src (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();

  call_fixture_add_stream (call, 0, FINITE_AUDIO);
  call_fixture_add_stream (call, 1, "fakesrc num-buffers=0");
  call_fixture_play (call);
  call_fixture_wait_eos (call);
  g_assert_true (call_fixture_peek_stream_eos (call, 1));
  g_assert_cmpuint (call_fixture_peek_received (call, 1), ==, 0);
  g_assert_cmpuint (call_fixture_peek_received (call, 0), >, 0);
}

static void
link_waiting_sink (GstElement *loopback, GstPad *src, gpointer pipeline)
{
  g_autoptr (GstElement) fakesink = gst_bin_get_by_name (pipeline, GST_PAD_NAME (src));
  g_autoptr (GstPad) sink =
      fakesink ? gst_element_get_static_pad (fakesink, "sink") : NULL;

  if (sink)
    gst_pad_link (src, sink);
}

/* gst-launch-1.0's sinks preroll together: EOS that is early waits for the other stream,
 * which must not wait for it. */
static void
test_early_eos_does_not_hold_up_the_call (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  GstElement *pipeline = call_fixture_get_pipeline (call);

  for (guint i = 0; i < 2; i++) {
    g_autofree gchar *name = g_strdup_printf ("src_%u", i);

    gst_bin_add (GST_BIN (pipeline), gst_element_factory_make ("fakesink", name));
    call_fixture_leave_unlinked (call, i);
  }
  g_signal_connect (call_fixture_get_loopback (call), "pad-added",
      G_CALLBACK (link_waiting_sink), pipeline);
  call_fixture_add_stream (call, 0, "fakesrc num-buffers=0");
  call_fixture_add_stream (call, 1, FINITE_AUDIO);
  call_fixture_play (call);
  call_fixture_wait_eos (call);
  g_assert_cmpuint (call_fixture_peek_received (call, 1), >, 0);
}

static GstPadProbeReturn
lose_after_ten (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  gint *passed = user_data;

  return (*passed)++ < 10 ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

static void
on_caller_pad (GstElement *caller, GstPad *pad, gpointer user_data)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, lose_after_ten, user_data, NULL);
}

static void
test_eos_comes_though_the_last_packet_was_lost (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (GstElement) caller = call_fixture_dup_webrtcbin (call, "caller");
  gint passed = 0;

  g_signal_connect (caller, "pad-added", G_CALLBACK (on_caller_pad), &passed);
  call_fixture_add_stream (call, 0, FINITE_AUDIO);
  call_fixture_play (call);
  call_fixture_wait_eos (call);
  g_assert_cmpuint (call_fixture_peek_received (call, 0), ==, 10);
  g_assert_cmpint (passed, >, 10);
}

/* Pads */

static gboolean
has_no_src_one (CallFixture *call, gpointer data)
{
  return !call_fixture_peek_has_src (call, 1);
}

static void
test_pad_added_later_joins_the_call (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();

  call_fixture_add_audio (call, 0);
  call_fixture_play (call);
  call_fixture_wait_packets (call, 0, 5);
  call_fixture_add_video (call, 1);
  call_fixture_wait_packets (call, 1, 5);
  g_assert_cmpint (call_fixture_peek_payload (call, 1), ==, 97);
  call_fixture_wait_packets (call, 0, call_fixture_peek_received (call, 0) + 20);
}

static void
release_stream (CallFixture *call, const gchar *name, GstElement *source)
{
  GstElement *loopback = call_fixture_get_loopback (call);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (loopback, name);

  gst_element_set_locked_state (source, TRUE);
  gst_element_set_state (source, GST_STATE_NULL);
  gst_element_release_request_pad (loopback, sink);
  gst_bin_remove (GST_BIN (call_fixture_get_pipeline (call)), source);
}

static void
test_released_pad_ends_its_stream_only (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  GstElement *video;

  call_fixture_add_audio (call, 0);
  video = call_fixture_add_video (call, 1);
  call_fixture_play (call);
  call_fixture_wait_packets (call, 1, 5);
  release_stream (call, "sink_1", video);
  call_fixture_wait (call, "src_1 to be removed", has_no_src_one, NULL);
  g_assert_true (call_fixture_peek_stream_eos (call, 1));
  call_fixture_wait_packets (call, 0, call_fixture_peek_received (call, 0) + 20);
}

static void
test_pad_added_after_a_release_joins_the_call (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  GstElement *audio;

  audio = call_fixture_add_audio (call, 0);
  call_fixture_add_video (call, 1);
  call_fixture_play (call);
  call_fixture_wait_packets (call, 0, 5);
  release_stream (call, "sink_0", audio);
  call_fixture_add_audio (call, 2);
  call_fixture_wait_packets (call, 2, 5);
  g_assert_cmpint (call_fixture_peek_payload (call, 2), ==, 96);
  call_fixture_wait_packets (call, 1, call_fixture_peek_received (call, 1) + 5);
}

static void
test_releasing_the_pad_that_holds_up_the_offer_starts_the_call (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  GstElement *loopback = call_fixture_get_loopback (call);
  GstPad *idle = gst_element_request_pad_simple (loopback, "sink_5");

  call_fixture_add_audio (call, 0);
  call_fixture_play (call);
  gst_element_release_request_pad (loopback, idle);
  gst_object_unref (idle);
  call_fixture_wait_packets (call, 0, 5);
}

static void
test_pads_can_be_requested_in_any_state (void)
{
  static const GstState STATES[] = { GST_STATE_NULL, GST_STATE_READY, GST_STATE_PLAYING };
  g_autoptr (CallFixture) call = call_fixture_new ();
  GstElement *loopback = call_fixture_get_loopback (call);

  for (guint i = 0; i < G_N_ELEMENTS (STATES); i++) {
    g_autoptr (GstPad) any = NULL, named = NULL, next = NULL;

    call_fixture_set_state (call, STATES[i]);
    any = gst_element_request_pad_simple (loopback, "sink_%u");
    named = gst_element_request_pad_simple (loopback, "sink_4");
    next = gst_element_request_pad_simple (loopback, "sink_%u");
    g_assert_cmpstr (GST_PAD_NAME (any), ==, "sink_0");
    g_assert_cmpstr (GST_PAD_NAME (named), ==, "sink_4");
    g_assert_cmpstr (GST_PAD_NAME (next), ==, "sink_1");
    gst_element_release_request_pad (loopback, any);
    gst_element_release_request_pad (loopback, named);
    gst_element_release_request_pad (loopback, next);
    g_assert_cmpuint (loopback->numsinkpads, ==, 0);
  }
}

static void
test_pads_left_over_are_no_leak (void)
{
  g_autoptr (GstElement) loopback =
      gst_object_ref_sink (gst_element_factory_make ("callstatsloopback", NULL));
  GstPad *pad = gst_element_request_pad_simple (loopback, "sink_%u");

  g_object_add_weak_pointer (G_OBJECT (pad), (gpointer *)&pad);
  gst_object_unref (pad);
  gst_clear_object (&loopback);
  g_assert_null (pad);
}

/* Errors */

typedef struct {
  const gchar *caps;
  const gchar *names;
} WrongCaps;

static const WrongCaps WRONG_CAPS[] = {
  { "application/x-rtp", "media" },
  { "application/x-rtp,media=audio,clock-rate=8000,payload=8", "encoding-name" },
  { "application/x-rtp,media=audio,encoding-name=PCMA,payload=8", "clock-rate" },
  { "application/x-rtp,media=audio,encoding-name=PCMA,clock-rate=8000", "payload" },
  { "application/x-rtp,media=text,encoding-name=T140,clock-rate=1000,payload=98",
      "text" },
};

static void
test_wrong_caps_are_named (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (WRONG_CAPS); i++) {
    g_autoptr (CallFixture) call = call_fixture_new ();
    g_autofree gchar *source = g_strdup_printf (
        "fakesrc num-buffers=5 ! capsfilter caps=\"%s\"", WRONG_CAPS[i].caps);
    g_autoptr (GError) error = NULL;

    call_fixture_expect_error (call);
    call_fixture_add_stream (call, 0, source);
    call_fixture_play (call);
    error = call_fixture_wait_error (call);
    g_assert_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT);
    g_assert_nonnull (strstr (error->message, "sink_0"));
    g_assert_nonnull (strstr (error->message, WRONG_CAPS[i].names));
  }
}

static void
test_payload_type_with_two_meanings_is_named (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (GError) error = NULL;

  call_fixture_expect_error (call);
  call_fixture_add_stream (
      call, 0, "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96");
  call_fixture_add_stream (
      call, 1, "audiotestsrc is-live=true ! alawenc ! rtppcmapay pt=96");
  call_fixture_play (call);
  error = call_fixture_wait_error (call);
  g_assert_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "payload type 96"));
}

/* Two streams cannot have one mid. */
static void
fail_negotiation (void)
{
  static const gchar *const SOURCE =
      "audiotestsrc is-live=true num-buffers=20 ! alawenc ! rtppcmapay ! "
      "capssetter caps=application/x-rtp,a-mid=(string)same";
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (GError) error = NULL;

  call_fixture_expect_error (call);
  call_fixture_add_stream (call, 0, SOURCE);
  call_fixture_add_stream (call, 1, SOURCE);
  call_fixture_play (call);
  error = call_fixture_wait_error (call);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "create-offer on caller"));
  g_assert_nonnull (strstr (error->message, "'same'"));
  call_fixture_wait_eos (call);
  g_assert_cmpuint (call_fixture_peek_errors (call), ==, 1);
  g_assert_true (call_fixture_peek_stream_eos (call, 0));
}

/* In a process of its own, as webrtcbin leaks the mid it refuses. */
static void
test_failed_negotiation_is_one_error_and_still_ends (void)
{
  g_autofree gchar *options = g_strdup (g_getenv ("ASAN_OPTIONS"));

  if (g_test_subprocess ()) {
    fail_negotiation ();
    return;
  }
  g_setenv ("ASAN_OPTIONS", "detect_leaks=0", TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_setenv ("ASAN_OPTIONS", options ? options : "", TRUE);
  g_test_trap_assert_passed ();
}

/* States */

static void
test_element_is_used_again_after_null (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();
  g_autoptr (GstElement) first = NULL, second = NULL;

  call_fixture_play (call);
  first = call_fixture_dup_webrtcbin (call, "caller");
  g_object_set (first, "stun-server", "stun://127.0.0.1:9", NULL);
  call_fixture_wait_packets (call, 1, 5);
  call_fixture_stop (call);
  g_assert_false (call_fixture_peek_has_src (call, 0));
  call_fixture_play (call);
  second = call_fixture_dup_webrtcbin (call, "caller");
  g_assert_true (first != second);
  call_fixture_wait_connected (call);
  call_fixture_wait_packets (call, 0, 5);
  call_fixture_wait_packets (call, 1, 5);
}

static void
test_settings_of_a_webrtcbin_outlive_it (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (GstElement) callee = call_fixture_dup_webrtcbin (call, "callee");
  g_autoptr (GstElement) renewed = NULL;
  g_autofree gchar *server = NULL;

  g_object_set (callee, "stun-server", "stun://127.0.0.1:9", NULL);
  call_fixture_set_state (call, GST_STATE_PAUSED);
  call_fixture_stop (call);
  call_fixture_set_state (call, GST_STATE_READY);
  renewed = call_fixture_dup_webrtcbin (call, "callee");
  g_assert_true (renewed != callee);
  g_object_get (renewed, "stun-server", &server, NULL);
  g_assert_cmpstr (server, ==, "stun://127.0.0.1:9");
}

static void
test_call_goes_on_after_a_pause (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();

  call_fixture_play (call);
  call_fixture_wait_packets (call, 1, 5);
  call_fixture_set_state (call, GST_STATE_PAUSED);
  call_fixture_set_state (call, GST_STATE_PLAYING);
  call_fixture_wait_packets (call, 0, call_fixture_peek_received (call, 0) + 20);
  call_fixture_wait_packets (call, 1, call_fixture_peek_received (call, 1) + 10);
}

static void
test_new_call_after_ready (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();

  call_fixture_play (call);
  call_fixture_wait_packets (call, 1, 5);
  call_fixture_set_state (call, GST_STATE_READY);
  call_fixture_play (call);
  call_fixture_wait_packets (call, 1, 5);
}

static const gchar *const STAGE_SIGNALS[] = { "notify::signaling-state",
  "notify::ice-gathering-state", "notify::ice-connection-state",
  "notify::connection-state" };

typedef struct {
  CallFixture *call;
  gint passed; /* atomic */
  gint wanted;
} Stages;

static void
on_stage (GstElement *webrtcbin, gpointer unused, gpointer user_data)
{
  Stages *stages = user_data;

  g_atomic_int_inc (&stages->passed);
  call_fixture_wake (stages->call);
}

static void
watch_stages (Stages *stages, const gchar *name)
{
  g_autoptr (GstElement) webrtcbin = call_fixture_dup_webrtcbin (stages->call, name);

  for (guint i = 0; i < G_N_ELEMENTS (STAGE_SIGNALS); i++)
    g_signal_connect (webrtcbin, STAGE_SIGNALS[i], G_CALLBACK (on_stage), stages);
}

static gboolean
stage_passed_or_media (CallFixture *call, gpointer data)
{
  Stages *stages = data;

  return g_atomic_int_get (&stages->passed) >= stages->wanted ||
         call_fixture_peek_received (call, 0) > 0;
}

typedef void (*AtStage) (CallFixture *call, GstElement *video);

/* TRUE if the call came through before that many stages had passed */
static gboolean
act_after_stages (gint wanted, AtStage act)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  Stages stages = { call, 0, wanted };
  GstElement *video;

  call_fixture_add_audio (call, 0);
  video = call_fixture_add_video (call, 1);
  watch_stages (&stages, "caller");
  watch_stages (&stages, "callee");
  call_fixture_play (call);
  call_fixture_wait (call, "a stage of negotiation", stage_passed_or_media, &stages);
  act (call, video);
  call_fixture_stop (call);
  return g_atomic_int_get (&stages.passed) < wanted;
}

static void
stop (CallFixture *call, GstElement *video)
{
  call_fixture_stop (call);
}

static void
release_video (CallFixture *call, GstElement *video)
{
  release_stream (call, "sink_1", video);
  call_fixture_wait_packets (call, 0, 5);
  call_fixture_wait (call, "src_1 to be removed", has_no_src_one, NULL);
}

static void
release_and_add (CallFixture *call, GstElement *video)
{
  release_stream (call, "sink_1", video);
  call_fixture_add_audio (call, 2);
  call_fixture_wait_packets (call, 0, 5);
  call_fixture_wait_packets (call, 2, 5);
}

static void
test_at_every_stage (gconstpointer act)
{
  gint stage = 0;

  while (!act_after_stages (stage, (AtStage)act))
    stage++;
  g_test_message ("%d stages", stage);
  g_assert_cmpint (stage, >, 8);
}

static void
test_stop_before_anything (void)
{
  static const GstState STATES[] = { GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED,
    GST_STATE_PLAYING };

  for (guint i = 0; i < G_N_ELEMENTS (STATES); i++) {
    g_autoptr (CallFixture) empty = call_fixture_new ();
    g_autoptr (CallFixture) call = call_fixture_new_audio_video ();

    call_fixture_set_state (empty, STATES[i]);
    call_fixture_set_state (call, STATES[i]);
  }
}

/* Properties */

static void
test_properties_reach_both_webrtcbins (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (GstElement) caller = call_fixture_dup_webrtcbin (call, "caller");
  g_autoptr (GstElement) callee = call_fixture_dup_webrtcbin (call, "callee");
  guint latency[2];
  GstWebRTCBundlePolicy policy[2];

  g_object_set (call_fixture_get_loopback (call), "latency", 77, "bundle-policy",
      GST_WEBRTC_BUNDLE_POLICY_MAX_COMPAT, NULL);
  call_fixture_set_state (call, GST_STATE_READY);
  g_object_get (caller, "latency", &latency[0], "bundle-policy", &policy[0], NULL);
  g_object_get (callee, "latency", &latency[1], "bundle-policy", &policy[1], NULL);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpuint (latency[i], ==, 77);
    g_assert_cmpint (policy[i], ==, GST_WEBRTC_BUNDLE_POLICY_MAX_COMPAT);
  }
}

static void
test_every_property_says_what_it_is (void)
{
  g_autoptr (GstElement) loopback =
      gst_object_ref_sink (gst_element_factory_make ("callstatsloopback", NULL));
  static const gchar *const NAMES[] = { "latency", "bundle-policy" };

  for (guint i = 0; i < G_N_ELEMENTS (NAMES); i++) {
    GParamSpec *pspec =
        g_object_class_find_property (G_OBJECT_GET_CLASS (loopback), NAMES[i]);
    g_assert_nonnull (pspec);
    g_assert_cmpuint (strlen (g_param_spec_get_blurb (pspec)), >, 20);
    g_assert_true (pspec->flags & (GST_PARAM_MUTABLE_PLAYING | GST_PARAM_MUTABLE_READY));
  }
}

/* gst-launch-1.0 */

/* The launch line of the element's documentation, word for word */
static GStrv
read_example (void)
{
  g_autofree gchar *source = NULL;
  g_autoptr (GString) joined = NULL;
  g_autoptr (GError) error = NULL;
  gchar *begin, *end;
  GStrv arguments;

  g_file_get_contents (g_getenv ("CALLSTATS_LOOPBACK_SOURCE"), &source, NULL, &error);
  g_assert_no_error (error);
  begin = strstr (source, "gst-launch-1.0 -e");
  end = strstr (source, "]|");
  g_assert_true (begin && begin < end);
  joined = g_string_new_len (begin, end - begin);
  g_string_replace (joined, "\\\n *", "", 0);
  g_string_replace (joined, "\n *", "", 0);
  g_assert_true (g_shell_parse_argv (joined->str, NULL, &arguments, &error));
  return arguments;
}

/* Reads until @text, which gst-launch-1.0 says once packets come out of the call. */
static void
read_until (GInputStream *output, const gchar *text)
{
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (output);
  gchar *line;
  gboolean found = FALSE;

  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (lines), FALSE);
  while (!found && (line = g_data_input_stream_read_line (lines, NULL, NULL, NULL))) {
    found = strstr (line, text) != NULL;
    g_test_message ("%s", line);
    g_free (line);
  }
  g_assert_true (found);
}

static void
die_with_parent (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/* gst-launch-1.0 itself is not built with a sanitizer. What the plugin leaks is looked
 * for in this process, not there. */
static GSubprocess *
spawn (const gchar *const *arguments)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  const gchar *runtime = g_getenv ("CALLSTATS_SANITIZER_RUNTIME");
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  if (runtime) {
    g_subprocess_launcher_setenv (launcher, "LD_PRELOAD", runtime, TRUE);
    g_subprocess_launcher_setenv (launcher, "ASAN_OPTIONS", "detect_leaks=0", TRUE);
  }
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  process = g_subprocess_launcher_spawnv (launcher, arguments, &error);
  g_assert_no_error (error);
  return process;
}

static void
test_example_runs_and_ends_on_interrupt (void)
{
  g_auto (GStrv) arguments = read_example ();
  g_autoptr (GSubprocess) launch = spawn ((const gchar *const *)arguments);
  g_autoptr (GError) error = NULL;

  call_fixture_begin_deadline (30);
  read_until (g_subprocess_get_stdout_pipe (launch), "Redistribute latency");
  g_subprocess_send_signal (launch, SIGINT);
  read_until (g_subprocess_get_stdout_pipe (launch), "EOS received");
  g_assert_true (g_subprocess_wait_check (launch, NULL, &error));
  g_assert_no_error (error);
  call_fixture_end_deadline ();
}

static const gchar *const CODECS[][3] = {
  { "vp8", "vp8enc",
      "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! "
      "vp8enc deadline=1 ! rtpvp8pay" },
  { "h264", "openh264enc",
      "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! "
      "openh264enc ! h264parse ! rtph264pay config-interval=-1" },
  { "opus", "opusenc", "audiotestsrc is-live=true ! opusenc ! rtpopuspay" },
  { "pcma", "alawenc", "audiotestsrc is-live=true ! alawenc ! rtppcmapay" },
};

static const gchar *const BUNDLE_POLICIES[] = { "none", "max-compat", "max-bundle" };

static void
add_stream_tests (void)
{
  g_test_add_func (
      "/loopback/streams/keep-index-and-payload", test_streams_keep_index_and_payload);
  g_test_add_func ("/loopback/streams/keep-index-when-out-of-order",
      test_streams_keep_index_when_out_of_order);
  g_test_add_func (
      "/loopback/streams/unlinked-src-is-harmless", test_unlinked_src_is_harmless);
  g_test_add_func ("/loopback/streams/stopped-consumer-is-harmless",
      test_stopped_consumer_is_harmless);
  g_test_add_func ("/loopback/streams/caps-without-ssrc-are-completed",
      test_caps_without_ssrc_are_completed);
  for (guint i = 0; i < G_N_ELEMENTS (CODECS); i++) {
    g_autofree gchar *path = g_strdup_printf ("/loopback/codec/%s", CODECS[i][0]);
    g_test_add_data_func (path, CODECS[i], test_codec_goes_through);
  }
  for (guint i = 0; i < G_N_ELEMENTS (BUNDLE_POLICIES); i++) {
    g_autofree gchar *path = g_strdup_printf ("/loopback/bundle/%s", BUNDLE_POLICIES[i]);
    g_test_add_data_func (path, BUNDLE_POLICIES[i], test_many_streams_share_a_call);
  }
}

static void
add_eos_tests (void)
{
  g_test_add_func (
      "/loopback/eos/follows-the-last-packet", test_eos_follows_the_last_packet);
  g_test_add_func ("/loopback/eos/sent-to-the-pipeline-ends-it",
      test_eos_sent_to_the_pipeline_ends_it);
  g_test_add_func ("/loopback/eos/before-the-call-is-up-ends-it",
      test_eos_before_the_call_is_up_ends_it);
  g_test_add_func ("/loopback/eos/without-packets-makes-an-empty-src",
      test_eos_without_packets_makes_an_empty_src);
  g_test_add_func ("/loopback/eos/early-does-not-hold-up-the-call",
      test_early_eos_does_not_hold_up_the_call);
  g_test_add_func ("/loopback/eos/comes-though-the-last-packet-was-lost",
      test_eos_comes_though_the_last_packet_was_lost);
}

static void
add_pad_tests (void)
{
  g_test_add_func (
      "/loopback/pads/added-later-joins-the-call", test_pad_added_later_joins_the_call);
  g_test_add_func ("/loopback/pads/released-ends-its-stream-only",
      test_released_pad_ends_its_stream_only);
  g_test_add_func ("/loopback/pads/added-after-a-release-joins-the-call",
      test_pad_added_after_a_release_joins_the_call);
  g_test_add_func ("/loopback/pads/releasing-the-one-that-holds-up-starts-the-call",
      test_releasing_the_pad_that_holds_up_the_offer_starts_the_call);
  g_test_add_func (
      "/loopback/pads/requested-in-any-state", test_pads_can_be_requested_in_any_state);
  g_test_add_func (
      "/loopback/pads/left-over-are-no-leak", test_pads_left_over_are_no_leak);
}

static void
add_error_tests (void)
{
  g_test_add_func ("/loopback/errors/wrong-caps-are-named", test_wrong_caps_are_named);
  g_test_add_func ("/loopback/errors/payload-type-with-two-meanings-is-named",
      test_payload_type_with_two_meanings_is_named);
  g_test_add_func ("/loopback/errors/failed-negotiation-is-one-error-and-still-ends",
      test_failed_negotiation_is_one_error_and_still_ends);
}

static void
add_state_tests (void)
{
  g_test_add_func (
      "/loopback/states/used-again-after-null", test_element_is_used_again_after_null);
  g_test_add_func ("/loopback/states/settings-of-a-webrtcbin-outlive-it",
      test_settings_of_a_webrtcbin_outlive_it);
  g_test_add_func (
      "/loopback/states/call-goes-on-after-a-pause", test_call_goes_on_after_a_pause);
  g_test_add_func ("/loopback/states/new-call-after-ready", test_new_call_after_ready);
  g_test_add_func ("/loopback/states/stop-before-anything", test_stop_before_anything);
  g_test_add_data_func (
      "/loopback/stages/stop-at-any", (gconstpointer)stop, test_at_every_stage);
  g_test_add_data_func ("/loopback/stages/release-at-any", (gconstpointer)release_video,
      test_at_every_stage);
  g_test_add_data_func ("/loopback/stages/release-and-add-at-any",
      (gconstpointer)release_and_add, test_at_every_stage);
  g_test_add_func ("/loopback/properties/reach-both-webrtcbins",
      test_properties_reach_both_webrtcbins);
  g_test_add_func (
      "/loopback/properties/say-what-they-are", test_every_property_says_what_it_is);
  g_test_add_func ("/loopback/launch/example-runs-and-ends-on-interrupt",
      test_example_runs_and_ends_on_interrupt);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  add_stream_tests ();
  add_eos_tests ();
  add_pad_tests ();
  add_error_tests ();
  add_state_tests ();
  return g_test_run ();
}
