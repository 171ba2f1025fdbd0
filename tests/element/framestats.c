/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is told of frames, codecs and audio, against what passes through a pipeline.
 */
#include <math.h>

#include "media-fixture.h"
#include "stats/encoderbitrate.h"

#define WAY " ! identity name=sender ! identity name=lossy ! identity name=receiver ! "
#define VIDEO(n) \
  "videotestsrc num-buffers=" #n " pattern=snow ! capsfilter name=filter " \
  "caps=video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! "
#define VP8 "vp8enc name=enc deadline=1 keyframe-max-dist=20 ! rtpvp8pay ssrc=7"
#define AUDIO(n) \
  "audiotestsrc num-buffers=" #n " samplesperbuffer=480 volume=0.5 freq=440 ! " \
  "audio/x-raw,format=S16LE,rate=48000,channels=2 ! "
#define OPUS "opusenc name=enc ! rtpopuspay ssrc=7"

/* Video */

static void
test_video_is_counted (void)
{
  Media media;
  Count in = { .buffers = 0 }, out = { .buffers = 0 }, decoded = { .buffers = 0 };

  media_begin (&media, "video", GST_CALLSTATS_DETAIL_ALL,
      VIDEO (60) VP8 WAY "rtpvp8depay ! vp8dec name=dec ! fakesink name=sink");
  count_at (&in, &media, "enc", "sink");
  count_at (&out, &media, "enc", "src");
  count_at (&decoded, &media, "dec", "src");
  media_run (&media);
  g_assert_cmpuint (in.buffers, ==, 60);
  media_assert_number (&media, "out", "framesEncoded", out.buffers);
  media_assert_number (&media, "out", "keyFramesEncoded", out.keys);
  media_assert_number (&media, "out", "framesSent", out.buffers);
  media_assert_number (&media, "out", "frameWidth", 320);
  media_assert_number (&media, "out", "frameHeight", 240);
  media_assert_text (&media, "out", "encoderImplementation", "vp8enc");
  media_assert_number (&media, "out", "powerEfficientEncoder", FALSE);
  g_assert_cmpfloat (media_number (&media, "out", "totalEncodeTime"), >, 0);
  media_assert_text (&media, "out", "mediaSourceId", "media-source-7");
  media_assert_text (&media, "media-source-7", "kind", "video");
  media_assert_number (&media, "media-source-7", "frames", in.buffers);
  media_assert_number (&media, "media-source-7", "width", 320);
  media_assert_number (&media, "media-source-7", "height", 240);
  media_assert_number (&media, "in", "framesReceived", out.buffers);
  media_assert_number (&media, "in", "framesDecoded", decoded.buffers);
  media_assert_number (&media, "in", "keyFramesDecoded", out.keys);
  media_assert_number (&media, "in", "framesRendered", decoded.buffers);
  media_assert_number (&media, "in", "framesDropped", 0);
  media_assert_number (&media, "in", "frameWidth", 320);
  media_assert_number (&media, "in", "frameHeight", 240);
  media_assert_text (&media, "in", "decoderImplementation", "vp8dec");
  media_assert_number (&media, "in", "powerEfficientDecoder", FALSE);
  g_assert_cmpfloat (media_number (&media, "in", "totalDecodeTime"), >, 0);
  media_end (&media);
  count_clear (&in);
  count_clear (&out);
  count_clear (&decoded);
}

/* Frames of several packets: those which lose one are not received. */
static void
lose_each (guint nth)
{
  Media media;
  Count packets = { .drop_each = nth }, decoded = { .buffers = 0 };

  media_begin (&media, "video", GST_CALLSTATS_DETAIL_ALL,
      VIDEO (60) "vp8enc name=enc deadline=1 target-bitrate=400000 ! "
                 "rtpvp8pay ssrc=7 mtu=400" WAY
                 "rtpvp8depay ! vp8dec name=dec ! fakesink name=sink");
  count_at (&packets, &media, "lossy", "src");
  count_at (&decoded, &media, "dec", "src");
  media_run (&media);
  g_assert_cmpuint (g_hash_table_size (packets.cut), >, 5);
  media_assert_number (&media, "out", "framesSent", 60);
  media_assert_number (
      &media, "in", "framesReceived", 60 - g_hash_table_size (packets.cut));
  g_assert_cmpfloat (media_number (&media, "in", "framesAssembledFromMultiplePackets"),
      ==, media_number (&media, "in", "framesReceived"));
  g_assert_cmpfloat (media_number (&media, "in", "framesReceived"), >, 30);
  media_assert_absent (&media, "in", "totalAssemblyTime"); /* no jitter buffer tells it */
  media_assert_absent (&media, "in", "totalProcessingDelay");
  media_assert_number (&media, "in", "framesDecoded", decoded.buffers);
  media_end (&media);
  count_clear (&packets);
  count_clear (&decoded);
}

static void
test_frames_that_lose_packets (void)
{
  guint nth;

  for (nth = 97; nth <= 103; nth++)
    lose_each (nth);
}

static void
test_size_follows_caps (void)
{
  Media media;
  Count in = { .pause_at = 30 }, decoded = { .pause_at = 20 };
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "video/x-raw,format=I420,width=160,height=120,framerate=30/1");
  g_autoptr (GstElement) filter = NULL;

  media_begin (&media, "video", GST_CALLSTATS_DETAIL_ALL,
      VIDEO (60) VP8 WAY "rtpvp8depay ! vp8dec name=dec ! fakesink name=sink");
  count_at (&in, &media, "filter", "sink");
  count_at (&decoded, &media, "dec", "src");
  media_play (&media);
  count_wait_for_pause (&decoded);
  media_report (&media);
  media_assert_number (&media, "in", "frameWidth", 320);
  media_assert_number (&media, "out", "frameHeight", 240);
  media_assert_number (&media, "in", "framesDecoded", 20);
  count_go_on (&decoded, 0);
  count_wait_for_pause (&in);
  filter = gst_bin_get_by_name (GST_BIN (media.pipeline), "filter");
  g_object_set (filter, "caps", caps, NULL);
  count_go_on (&in, 0);
  media_wait_eos (&media);
  media_report (&media);
  media_assert_number (&media, "media-source-7", "width", 160);
  media_assert_number (&media, "media-source-7", "height", 120);
  media_assert_number (&media, "out", "frameWidth", 160);
  media_assert_number (&media, "out", "frameHeight", 120);
  media_assert_number (&media, "in", "frameWidth", 160);
  media_assert_number (&media, "in", "frameHeight", 120);
  media_end (&media);
  count_clear (&in);
  count_clear (&decoded);
}

static GstPadProbeReturn
delay_second_half (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer *buffer = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));

  if (GST_BUFFER_PTS (buffer) >= GST_SECOND)
    GST_BUFFER_PTS (buffer) += 700 * GST_MSECOND;
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

/* By another reckoning than the plugin's: of the times that the test saw. */
static guint
count_freezes (const Count *shown, double *seconds)
{
  guint i, n, freezes = 0;

  *seconds = 0;
  for (i = 6; i < shown->buffers; i++) {
    guint past = MIN (i - 1, 30);
    double mean = 0, gap = (double)(shown->times[i] - shown->times[i - 1]) / 1e6;

    for (n = i - past; n < i; n++)
      mean += (double)(shown->times[n] - shown->times[n - 1]) / 1e6 / past;
    if (gap >= MAX (3 * mean, mean + 0.15)) {
      freezes++;
      *seconds += gap;
    }
  }
  return freezes;
}

static double
sum_squares (const Count *shown)
{
  double sum = 0;
  guint i;

  for (i = 1; i < shown->buffers; i++) {
    double gap = (double)(shown->times[i] - shown->times[i - 1]) / 1e6;

    sum += gap * gap;
  }
  return sum;
}

/* A sink that keeps time shows nothing for 700 ms. A machine that is late may freeze
 * more than once, or show all frames so late that the gap is none among them; then the
 * test has seen that, too. */
static void
test_gap_is_a_freeze (void)
{
  Media media;
  Count shown = { .buffers = 0 };
  g_autoptr (GstPad) pad = NULL;
  double seconds, total;
  guint freezes;

  media_begin (&media, "video", GST_CALLSTATS_DETAIL_ALL,
      VIDEO (60) VP8 WAY "rtpvp8depay ! vp8dec ! fakesink name=sink sync=true");
  pad = media_get_pad (&media, "filter", "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, delay_second_half, NULL, NULL);
  count_at (&shown, &media, "sink", "sink");
  media_run (&media);
  freezes = count_freezes (&shown, &seconds);
  total = (double)(shown.times[59] - shown.times[0]) / 1e6;
  media_assert_number (&media, "in", "freezeCount", freezes);
  if (freezes == 0)
    g_test_skip ("frames were so late that the gap was none among them");
  g_assert_cmpfloat_with_epsilon (
      media_number (&media, "in", "totalFreezesDuration"), seconds, 0.05);
  media_assert_number (&media, "in", "pauseCount", 0);
  media_assert_number (&media, "in", "totalPausesDuration", 0);
  g_assert_cmpfloat_with_epsilon (
      media_number (&media, "in", "totalInterFrameDelay"), total, 0.05);
  g_assert_cmpfloat_with_epsilon (
      media_number (&media, "in", "totalSquaredInterFrameDelay"), sum_squares (&shown),
      0.05);
  media_end (&media);
  count_clear (&shown);
}

/* A sink that comes too late for the clock drops, and says so. */
static void
test_sink_drops_late_frames (void)
{
  Media media;
  Count decoded = { .buffers = 0 };
  double dropped, rendered;

  media_begin (&media, "video", GST_CALLSTATS_DETAIL_ALL,
      VIDEO (60) VP8 WAY "rtpvp8depay ! vp8dec name=dec ! identity name=late ! "
                         "fakesink name=sink sync=true max-lateness=0 qos=false "
                         "ts-offset=-10000000000");
  count_at (&decoded, &media, "dec", "src");
  media_run (&media);
  dropped = media_number (&media, "in", "framesDropped");
  rendered = media_number (&media, "in", "framesRendered");
  g_assert_cmpfloat (dropped, >, 0);
  g_assert_cmpfloat (dropped + rendered, ==, 60);
  media_assert_number (&media, "in", "framesDecoded", decoded.buffers);
  media_end (&media);
  count_clear (&decoded);
}

/* RTP that is passed on undecoded: what packets alone tell. */
static void
test_forwarded_packets_tell_frames (void)
{
  Media media;

  media_begin (
      &media, "video", GST_CALLSTATS_DETAIL_ALL, VIDEO (60) VP8 WAY "fakesink name=sink");
  media_run (&media);
  media_assert_number (&media, "in", "framesReceived", 60);
  media_assert_number (&media, "in", "frameWidth", 320);
  media_assert_number (&media, "in", "frameHeight", 240);
  media_assert_absent (&media, "in", "framesDecoded");
  media_assert_absent (&media, "in", "framesDropped");
  media_assert_absent (&media, "in", "framesRendered");
  media_assert_absent (&media, "in", "framesPerSecond");
  media_assert_absent (&media, "in", "freezeCount");
  media_assert_absent (&media, "in", "totalDecodeTime");
  media_assert_absent (&media, "in", "decoderImplementation");
  media_end (&media);
}

/* Decoders that are plugged when media is there are found, behind tees and queues. */
static void
test_decodebin_is_followed (void)
{
  Media media;
  double decoded;

  media_begin (&media, "video", GST_CALLSTATS_DETAIL_ALL,
      VIDEO (60) VP8 WAY "tee ! queue ! decodebin ! videoconvert ! fakesink name=sink");
  media_run (&media);
  media_assert_number (&media, "in", "framesReceived", 60);
  decoded = media_number (&media, "in", "framesDecoded");
  g_assert_cmpfloat (decoded, >, 0);
  g_assert_cmpfloat (decoded, <=, 60);
  media_assert_number (&media, "in", "framesRendered", 60);
  media_assert_text (&media, "in", "decoderImplementation", "vp8dec");
  media_end (&media);
}

static void
test_groups_are_switched_off (void)
{
  static const struct {
    GstCallstatsDetail detail;
    const char *present, *absent[3];
  } groups[] = {
    { GST_CALLSTATS_DETAIL_FRAMES, "framesDecoded",
        { "totalDecodeTime", "decoderImplementation", "audioLevel" } },
    { GST_CALLSTATS_DETAIL_CODECS, "totalDecodeTime",
        { "framesDecoded", "freezeCount", "framesReceived" } },
  };
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (groups); i++) {
    Media media;

    media_begin (&media, "video", groups[i].detail,
        VIDEO (10) VP8 WAY "rtpvp8depay ! vp8dec ! fakesink name=sink");
    media_run (&media);
    g_assert_cmpfloat (media_number (&media, "in", groups[i].present), >, 0);
    for (n = 0; n < 3; n++)
      media_assert_absent (&media, "in", groups[i].absent[n]);
    media_end (&media);
  }
}

/* The same stream at another pad goes on counting. */
static void
test_counts_survive_a_new_pad (void)
{
  Media media;
  GstPad *first;

  media_begin (&media, "video", GST_CALLSTATS_DETAIL_ALL,
      VIDEO (30) VP8 WAY "identity name=other ! rtpvp8depay ! vp8dec ! "
                         "fakesink name=sink");
  media_run (&media);
  media_assert_number (&media, "in", "framesReceived", 30);
  first = media.received.pad;
  media.received.pad = media_get_pad (&media, "other", "src");
  gst_object_unref (first);
  media_report (&media);
  media_assert_number (&media, "in", "framesReceived", 30);
  media_assert_number (&media, "in", "framesDecoded", 30);
  gst_element_set_state (media.pipeline, GST_STATE_READY);
  media_run (&media);
  media_assert_number (&media, "in", "framesReceived", 60);
  media_assert_number (&media, "in", "framesDecoded", 60);
  media_end (&media);
}

/* Codecs */

/* A congestion controller lowers the target, and raises it again. */
static void
test_target_bitrate_follows (void)
{
  static const struct {
    gint target;
    const char *reason;
  } steps[] = { { 500000, "none" }, { 250000, "bandwidth" }, { 500000, "none" },
    { 900000, "none" } };
  Media media;
  g_autoptr (GstElement) encoder = NULL;
  guint i;

  media_begin (&media, "video", GST_CALLSTATS_DETAIL_ALL,
      VIDEO (30) VP8 WAY "rtpvp8depay ! vp8dec ! fakesink name=sink");
  encoder = gst_bin_get_by_name (GST_BIN (media.pipeline), "enc");
  media_run (&media);
  for (i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_object_set (encoder, "target-bitrate", steps[i].target, NULL);
    media_report (&media);
    media_drain_pipeline_thread ();
    media_report (&media);
    media_assert_number (&media, "out", "targetBitrate", steps[i].target);
    media_assert_text (&media, "out", "qualityLimitationReason", steps[i].reason);
  }
  g_assert_cmpfloat (
      media_number (&media, "out", "qualityLimitationDurations.bandwidth"), >, 0);
  g_assert_cmpfloat (
      media_number (&media, "out", "qualityLimitationDurations.none"), >, 0);
  media_assert_number (&media, "out", "qualityLimitationDurations.cpu", 0);
  media_end (&media);
}

/* Elements that are not installed are passed over; one of them is always there. */
static void
test_bitrates_have_units (void)
{
  static const struct {
    const char *factory, *property;
    gint64 set;
    guint64 expected;
  } encoders[] = {
    { "vp8enc", "target-bitrate", 300000, 300000 },
    { "vp9enc", "target-bitrate", 300000, 300000 },
    { "av1enc", "target-bitrate", 300, 300000 },
    { "x264enc", "bitrate", 300, 300000 },
    { "x265enc", "bitrate", 300, 300000 },
    { "openh264enc", "bitrate", 300000, 300000 },
    { "opusenc", "bitrate", 30000, 30000 },
    { "identity", "datarate", 300, 0 },
  };
  guint i, found = 0;

  for (i = 0; i < G_N_ELEMENTS (encoders); i++) {
    g_autoptr (GstElement) encoder = gst_element_factory_make (encoders[i].factory, NULL);
    g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, encoders[i].set);

    if (encoder == NULL)
      continue;
    gst_object_ref_sink (encoder);
    gst_util_set_object_arg (G_OBJECT (encoder), encoders[i].property, text);
    g_assert_cmpuint (
        gst_callstats_encoder_read_bitrate (encoder), ==, encoders[i].expected);
    found++;
  }
  g_assert_cmpuint (found, >=, 3);
}

/* What another clock of the test's saw around the codecs. */
static void
test_codec_times (void)
{
  Media media;
  Count in = { .buffers = 0 }, out = { .buffers = 0 };
  double seen = 0, told;
  guint i;

  media_begin (&media, "video", GST_CALLSTATS_DETAIL_ALL,
      VIDEO (60) VP8 WAY "rtpvp8depay ! vp8dec ! fakesink name=sink");
  count_at (&in, &media, "enc", "sink");
  count_at (&out, &media, "enc", "src");
  media_run (&media);
  for (i = 0; i < 60; i++)
    seen += (double)(out.times[i] - in.times[i]) / 1e6;
  told = media_number (&media, "out", "totalEncodeTime");
  g_assert_cmpfloat (told, >, 0);
  g_assert_cmpfloat (told, <=, seen + 0.01);
  media_assert_number (&media, "out", "qualityLimitationResolutionChanges", 0);
  media_end (&media);
  count_clear (&in);
  count_clear (&out);
}

/* Audio */

static void
test_sine_has_its_level (void)
{
  const double rms = 0.5 / sqrt (2);
  Media media;
  Count decoded = { .buffers = 0 };
  double samples;

  media_begin (&media, "audio", GST_CALLSTATS_DETAIL_ALL,
      AUDIO (200) OPUS WAY "rtpopusdepay ! opusdec name=dec ! "
                           "audio/x-raw,format=S16LE,channels=2 ! fakesink name=sink");
  count_at (&decoded, &media, "dec", "src");
  media_run (&media);
  media_assert_text (&media, "media-source-7", "kind", "audio");
  media_assert_text (&media, "out", "mediaSourceId", "media-source-7");
  g_assert_cmpfloat_with_epsilon (
      media_number (&media, "media-source-7", "audioLevel"), rms, 0.01 * rms);
  g_assert_cmpfloat_with_epsilon (
      media_number (&media, "media-source-7", "totalSamplesDuration"), 2, 1e-6);
  g_assert_cmpfloat_with_epsilon (
      media_number (&media, "media-source-7", "totalAudioEnergy"), 2 * rms * rms, 0.005);
  samples = media_number (&media, "in", "totalSamplesReceived");
  g_assert_cmpfloat (samples, ==, (double)decoded.bytes / 4);
  g_assert_cmpfloat_with_epsilon (
      media_number (&media, "in", "totalSamplesDuration"), samples / 48000, 1e-6);
  g_assert_cmpfloat_with_epsilon (
      media_number (&media, "in", "audioLevel"), rms, 0.01 * rms);
  g_assert_cmpfloat_with_epsilon (media_number (&media, "in", "totalAudioEnergy"),
      samples / 48000 * rms * rms, 0.02 * samples / 48000 * rms * rms);
  media_assert_number (&media, "out", "targetBitrate", 64000);
  media_assert_absent (&media, "in", "concealedSamples"); /* plc is off */
  media_assert_absent (&media, "in", "playoutId");
  media_end (&media);
  count_clear (&decoded);
}

static GstPadProbeReturn
make_gap (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  guint *n = user_data;
  GstEvent *gap;

  (*n)++;
  if (*n != 20 && *n != 21 && *n != 40)
    return GST_PAD_PROBE_OK;
  gap = gst_event_new_gap (GST_BUFFER_PTS (buffer), 20 * GST_MSECOND);
  gst_pad_push_event (pad, gap);
  return GST_PAD_PROBE_DROP;
}

/* Two packets in a row, and one: two events, of 20 ms of 48 kHz each. */
static void
test_loss_is_concealed (void)
{
  Media media;
  g_autoptr (GstPad) pad = NULL;
  guint n = 0;

  media_begin (&media, "audio", GST_CALLSTATS_DETAIL_ALL,
      AUDIO (200) OPUS WAY "rtpopusdepay name=depay ! opusdec plc=true name=dec ! "
                           "fakesink name=sink");
  pad = media_get_pad (&media, "depay", "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, make_gap, &n, NULL);
  media_run (&media);
  media_assert_number (&media, "in", "concealedSamples", 3 * 960);
  media_assert_number (&media, "in", "concealmentEvents", 2);
  media_end (&media);
}

static void
test_audio_sink_is_a_playout (void)
{
  Media media;

  media_begin (&media, "audio", GST_CALLSTATS_DETAIL_ALL,
      AUDIO (100) OPUS WAY "rtpopusdepay ! opusdec ! queue ! audioconvert ! "
                           "fakeaudiosink name=sink");
  media_run (&media);
  media_assert_text (&media, "in", "playoutId", "media-playout-0");
  media_assert_text (&media, "media-playout-0", "kind", "audio");
  g_assert_cmpfloat (media_number (&media, "media-playout-0", "totalSamplesCount"), ==,
      media_number (&media, "in", "totalSamplesReceived"));
  g_assert_cmpfloat_with_epsilon (
      media_number (&media, "media-playout-0", "totalSamplesDuration"),
      media_number (&media, "in", "totalSamplesDuration"), 1e-6);
  media_end (&media);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/framestats/video/is-counted", test_video_is_counted);
  g_test_add_func ("/framestats/video/lose-packets", test_frames_that_lose_packets);
  g_test_add_func ("/framestats/video/size-follows-caps", test_size_follows_caps);
  g_test_add_func ("/framestats/video/gap-is-a-freeze", test_gap_is_a_freeze);
  g_test_add_func ("/framestats/video/sink-drops", test_sink_drops_late_frames);
  g_test_add_func ("/framestats/video/forwarded", test_forwarded_packets_tell_frames);
  g_test_add_func ("/framestats/video/decodebin", test_decodebin_is_followed);
  g_test_add_func ("/framestats/video/groups-are-off", test_groups_are_switched_off);
  g_test_add_func ("/framestats/video/new-pad", test_counts_survive_a_new_pad);
  g_test_add_func ("/framestats/codec/target-bitrate", test_target_bitrate_follows);
  g_test_add_func ("/framestats/codec/bitrates-have-units", test_bitrates_have_units);
  g_test_add_func ("/framestats/codec/times", test_codec_times);
  g_test_add_func ("/framestats/audio/sine-has-its-level", test_sine_has_its_level);
  g_test_add_func ("/framestats/audio/loss-is-concealed", test_loss_is_concealed);
  g_test_add_func ("/framestats/audio/playout", test_audio_sink_is_a_playout);
  return g_test_run ();
}
