/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames and samples of a real call, in the reports of callstatsmon, against what probes
 * of the test's own saw. The sources give so much and no more; once all of it has been
 * shown, the reports of both ends tell just that.
 */
#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include "rtpsession-race.h"

#define DEADLINE (30 * G_TIME_SPAN_SECOND)
#define FRAMES 60
#define AUDIO_BUFFERS 100
#define SSRC_AUDIO "11"
#define SSRC_VIDEO "12"
#define CALL \
  "callstatsloopback name=call callstatsmon interval=100 post-messages=stats " \
  "audiotestsrc is-live=true volume=0.5 samplesperbuffer=960 name=audio ! " \
  "audio/x-raw,format=S16LE,rate=48000,channels=1 ! opusenc ! " \
  "rtpopuspay pt=96 ssrc=" SSRC_AUDIO " ! call.sink_0 " \
  "videotestsrc is-live=true pattern=snow name=video ! " \
  "video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! " \
  "vp8enc name=enc deadline=1 keyframe-max-dist=20 target-bitrate=400000 ! " \
  "rtpvp8pay pt=97 ssrc=" SSRC_VIDEO " ! call.sink_1"

typedef struct {
  gint buffers; /* atomic, as all of these */
  gint keys;
  gint bytes;
  gint limit; /* buffers that are let through; 0: all */
} Seen;

typedef struct {
  GstElement *pipeline;
  Seen audio, video, encoded, markers, decoded, shown, samples, played;
  JsonNode *caller, *callee; /* the last reports; NULL: none yet */
} Call;

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  Seen *seen = user_data;

  if (seen->limit > 0 && g_atomic_int_get (&seen->buffers) >= seen->limit)
    return GST_PAD_PROBE_DROP;
  g_atomic_int_inc (&seen->buffers);
  g_atomic_int_add (&seen->bytes, (gint)gst_buffer_get_size (buffer));
  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    g_atomic_int_inc (&seen->keys);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_packet (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  guint8 header[2] = { 0 };
  Seen *seen = user_data;

  gst_buffer_extract (GST_PAD_PROBE_INFO_BUFFER (info), 0, header, sizeof header);
  if (header[1] & 0x80)
    g_atomic_int_inc (&seen->buffers);
  return GST_PAD_PROBE_OK;
}

static void
see (GstElement *bin, const char *element, const char *name, GstPadProbeCallback probe,
    Seen *seen)
{
  g_autoptr (GstElement) found = gst_bin_get_by_name (GST_BIN (bin), element);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (found, name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, probe, seen, NULL);
}

static void
on_pad_added (GstElement *loopback, GstPad *pad, gpointer user_data)
{
  Call *call = user_data;
  gboolean audio = g_str_equal (GST_PAD_NAME (pad), "src_0");
  g_autoptr (GstPad) sink = NULL;
  GstElement *bin;

  if (!GST_PAD_IS_SRC (pad))
    return;
  bin = gst_parse_bin_from_description (
      audio ? "rtpopusdepay ! opusdec name=dec plc=true ! "
              "audio/x-raw,format=S16LE,channels=1 ! queue ! fakeaudiosink"
            : "rtpvp8depay ! vp8dec name=dec ! queue ! fakesink name=sink sync=false",
      TRUE, NULL);
  see (bin, "dec", "src", on_buffer, audio ? &call->samples : &call->decoded);
  if (!audio) {
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_packet, &call->markers, NULL);
    see (bin, "sink", "sink", on_buffer, &call->shown);
  }
  gst_bin_add (GST_BIN (call->pipeline), bin);
  gst_element_sync_state_with_parent (bin);
  sink = gst_element_get_static_pad (bin, "sink");
  g_assert_cmpint (gst_pad_link (pad, sink), ==, GST_PAD_LINK_OK);
}

static JsonObject *
get_object (JsonNode *report, const char *id)
{
  JsonObject *all = report != NULL ? json_node_get_object (report) : NULL;

  return all != NULL && json_object_has_member (all, id)
             ? json_object_get_object_member (all, id)
             : NULL;
}

static void
take_report (Call *call, GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  JsonNode *report, **last;

  if (!gst_structure_has_name (structure, "callstats-stats"))
    return;
  report = json_from_string (gst_structure_get_string (structure, "report"), NULL);
  g_assert_nonnull (report);
  last = get_object (report, "rtp-outbound-stream-stats_" SSRC_VIDEO) != NULL
             ? &call->caller
             : &call->callee;
  g_clear_pointer (last, json_node_unref);
  *last = report;
}

static double
number (JsonNode *report, const char *id, const char *member)
{
  JsonObject *object = get_object (report, id);

  return object != NULL && json_object_has_member (object, member)
             ? json_object_get_double_member (object, member)
             : -1;
}

static gboolean
is_told (Call *call)
{
  return g_atomic_int_get (&call->decoded.buffers) == FRAMES &&
         number (call->caller, "media-source-" SSRC_VIDEO, "frames") == FRAMES &&
         number (call->caller, "rtp-outbound-stream-stats_" SSRC_VIDEO, "framesSent") ==
             FRAMES &&
         number (call->callee, "rtp-inbound-stream-stats_" SSRC_VIDEO,
             "framesRendered") == FRAMES &&
         number (call->callee, "rtp-inbound-stream-stats_" SSRC_AUDIO,
             "totalSamplesReceived") == call->samples.bytes / 2 &&
         g_atomic_int_get (&call->samples.buffers) == AUDIO_BUFFERS;
}

static void
wait_until_told (Call *call)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (call->pipeline);
  gint64 end = g_get_monotonic_time () + DEADLINE;

  while (!is_told (call)) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        bus, GST_SECOND, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);

    if (g_get_monotonic_time () > end)
      g_error ("%d decoded; told %s and %s", call->decoded.buffers,
          call->caller != NULL ? json_to_string (call->caller, FALSE) : "nothing",
          call->callee != NULL ? json_to_string (call->callee, FALSE) : "nothing");
    if (message == NULL)
      continue;
    g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_ELEMENT);
    take_report (call, message);
  }
}

static void
call_begin (Call *call)
{
  g_autoptr (GstElement) loopback = NULL;
  g_autoptr (GError) error = NULL;

  rtpsession_race_tolerate ();
  *call = (Call){ .audio.limit = AUDIO_BUFFERS, .video.limit = FRAMES };
  call->pipeline = gst_object_ref_sink (gst_parse_launch (CALL, &error));
  g_assert_no_error (error);
  loopback = gst_bin_get_by_name (GST_BIN (call->pipeline), "call");
  g_signal_connect (loopback, "pad-added", G_CALLBACK (on_pad_added), call);
  see (call->pipeline, "audio", "src", on_buffer, &call->audio);
  see (call->pipeline, "video", "src", on_buffer, &call->video);
  see (call->pipeline, "enc", "src", on_buffer, &call->encoded);
  gst_element_set_state (call->pipeline, GST_STATE_PLAYING);
}

static void
call_end (Call *call)
{
  gst_element_set_state (call->pipeline, GST_STATE_NULL);
  gst_object_unref (call->pipeline);
  g_clear_pointer (&call->caller, json_node_unref);
  g_clear_pointer (&call->callee, json_node_unref);
}

static void
check_sent (Call *call)
{
  const char *stream = "rtp-outbound-stream-stats_" SSRC_VIDEO;
  double duration;

  g_assert_cmpfloat (number (call->caller, stream, "framesEncoded"), ==, FRAMES);
  g_assert_cmpfloat (number (call->caller, stream, "framesSent"), ==, FRAMES);
  g_assert_cmpfloat (
      number (call->caller, stream, "keyFramesEncoded"), ==, call->encoded.keys);
  g_assert_cmpfloat (number (call->caller, stream, "frameWidth"), ==, 320);
  g_assert_cmpfloat (number (call->caller, stream, "targetBitrate"), ==, 400000);
  g_assert_cmpfloat (number (call->caller, stream, "totalEncodeTime"), >, 0);
  stream = "media-source-" SSRC_VIDEO;
  g_assert_cmpfloat (number (call->caller, stream, "width"), ==, 320);
  g_assert_cmpfloat (number (call->caller, stream, "height"), ==, 240);
  stream = "media-source-" SSRC_AUDIO;
  duration = number (call->caller, stream, "totalSamplesDuration");
  /* The loopback has no webrtcbin's pad before the encoder's first packet. */
  g_assert_cmpfloat_with_epsilon (duration, AUDIO_BUFFERS * 0.02, 0.02 + 1e-6);
  g_assert_cmpfloat_with_epsilon (number (call->caller, stream, "totalAudioEnergy"),
      duration * 0.125, 0.01 * duration * 0.125);
}

static void
check_received (Call *call)
{
  const char *stream = "rtp-inbound-stream-stats_" SSRC_VIDEO;

  g_assert_cmpfloat (
      number (call->callee, stream, "framesReceived"), ==, call->markers.buffers);
  g_assert_cmpfloat (number (call->callee, stream, "framesDecoded"), ==, FRAMES);
  g_assert_cmpfloat (
      number (call->callee, stream, "keyFramesDecoded"), ==, call->encoded.keys);
  g_assert_cmpfloat (number (call->callee, stream, "framesDropped"), ==, 0);
  g_assert_cmpfloat (number (call->callee, stream, "frameHeight"), ==, 240);
  g_assert_cmpfloat (
      number (call->callee, stream, "framesAssembledFromMultiplePackets"), >, 0);
  g_assert_cmpfloat (number (call->callee, stream, "totalAssemblyTime"), >, 0);
  g_assert_cmpfloat (number (call->callee, stream, "totalDecodeTime"), >, 0);
  g_assert_cmpfloat (number (call->callee, stream, "totalProcessingDelay"), >, 0);
  stream = "rtp-inbound-stream-stats_" SSRC_AUDIO;
  g_assert_cmpfloat (number (call->callee, stream, "concealedSamples"), >=, 0);
  g_assert_cmpfloat (number (call->callee, "media-playout-0", "totalSamplesCount"), >, 0);
}

static void
test_call_is_told_to_the_frame (void)
{
  Call call;

  call_begin (&call);
  wait_until_told (&call);
  check_sent (&call);
  check_received (&call);
  call_end (&call);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/framecall/is-told-to-the-frame", test_call_is_told_to_the_frame);
  return g_test_run ();
}
