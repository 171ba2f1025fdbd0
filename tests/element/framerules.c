/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rules of what is told of frames and samples, on made-up input.
 */
#include <math.h>
#include <string.h>

#include "stats/audiometer.h"
#include "stats/codectimes.h"
#include "stats/frametimes.h"
#include "stats/qualitylimitation.h"
#include "stats/rtpframes.h"

#define MS G_TIME_SPAN_MILLISECOND
#define SECOND G_TIME_SPAN_SECOND

/* Gaps */

/* After frames at an even distance, one gap. */
static const struct {
  guint frames;
  gint64 distance;
  gint64 gap;
  guint freezes;
  guint pauses;
} gaps[] = {
  { 31, 40 * MS, 40 * MS, 0, 0 },
  { 31, 40 * MS, 189 * MS, 0, 0 }, /* 40 + 150 is more than 3 * 40 */
  { 31, 40 * MS, 190 * MS, 1, 0 },
  { 31, 40 * MS, 700 * MS, 1, 0 },
  { 31, 100 * MS, 299 * MS, 0, 0 }, /* 3 * 100 is more than 100 + 150 */
  { 31, 100 * MS, 300 * MS, 1, 0 },
  { 6, 40 * MS, 700 * MS, 1, 0 },
  { 5, 40 * MS, 700 * MS, 0, 0 }, /* too few to say */
  { 31, 40 * MS, 5000 * MS, 1, 0 },
  { 31, 40 * MS, 5001 * MS, 1, 1 },
  { 31, 2000 * MS, 5001 * MS, 0, 1 },
};

static void
test_gaps_are_freezes_and_pauses (void)
{
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (gaps); i++) {
    GstCallstatsFrameGaps told = { 0 };
    gint64 now = 12345;
    double regular = (double)(gaps[i].frames - 1) * gaps[i].distance / SECOND;
    double gap = (double)gaps[i].gap / SECOND;

    for (n = 0; n < gaps[i].frames; n++)
      gst_callstats_frame_gaps_add (&told, now += gaps[i].distance);
    g_assert_cmpuint (told.freezes + told.pauses, ==, 0);
    gst_callstats_frame_gaps_add (&told, now + gaps[i].gap);
    g_assert_cmpuint (told.freezes, ==, gaps[i].freezes);
    g_assert_cmpuint (told.pauses, ==, gaps[i].pauses);
    g_assert_cmpfloat_with_epsilon (told.frozen, gaps[i].freezes * gap, 1e-9);
    g_assert_cmpfloat_with_epsilon (told.paused, gaps[i].pauses * gap, 1e-9);
    g_assert_cmpfloat_with_epsilon (told.delay, regular + gap, 1e-6);
    g_assert_cmpfloat_with_epsilon (
        told.squared_delay, regular * gaps[i].distance / SECOND + gap * gap, 1e-6);
  }
}

/* The mean is that of the last 30: after a change of rate it is the new one. */
static void
test_mean_follows_rate (void)
{
  GstCallstatsFrameGaps told = { 0 };
  gint64 now = 0;
  guint n;

  for (n = 0; n < 100; n++)
    gst_callstats_frame_gaps_add (&told, now += 500 * MS);
  for (n = 0; n < 30; n++)
    gst_callstats_frame_gaps_add (&told, now += 20 * MS);
  g_assert_cmpuint (told.freezes, ==, 0);
  gst_callstats_frame_gaps_add (&told, now += 170 * MS);
  g_assert_cmpuint (told.freezes, ==, 1);
}

static void
test_rate_is_of_last_second (void)
{
  GstCallstatsFrameRate rate = { .n = 0 };
  gint64 now = G_GINT64_CONSTANT (4294967296) * MS - 500 * MS; /* wraps in a moment */
  guint n;

  g_assert_cmpuint (gst_callstats_frame_rate_get (&rate, now), ==, 0);
  for (n = 0; n < 300; n++)
    gst_callstats_frame_rate_add (&rate, now += 20 * MS);
  g_assert_cmpuint (gst_callstats_frame_rate_get (&rate, now), ==, 50);
  g_assert_cmpuint (gst_callstats_frame_rate_get (&rate, now + 500 * MS), ==, 25);
  g_assert_cmpuint (gst_callstats_frame_rate_get (&rate, now + 2000 * MS), ==, 0);
}

/* RTP */

#define VP8 GST_CALLSTATS_VIDEO_CODEC_VP8
#define VP9 GST_CALLSTATS_VIDEO_CODEC_VP9
#define H264 GST_CALLSTATS_VIDEO_CODEC_H264
#define YES GST_CALLSTATS_START_YES
#define NO GST_CALLSTATS_START_NO
#define UNKNOWN GST_CALLSTATS_START_UNKNOWN

static const struct {
  GstCallstatsVideoCodec codec;
  guint8 data[GST_CALLSTATS_VIDEO_PAYLOAD_BYTES];
  gsize size;
  GstCallstatsVideoPayload payload;
} payloads[] = {
  { VP8, { 0x10, 0x50, 0x2d, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01 }, 11,
      { YES, 640, 480 } },
  { VP8, { 0x10, 0x50, 0x2d, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0 }, 10, { YES, 0, 0 } },
  { VP8, { 0x10, 0x51, 0x2d, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01 }, 11,
      { YES, 0, 0 } }, /* no key frame */
  { VP8,
      { 0x90, 0x80, 0x85, 0x12, 0x50, 0x2d, 0, 0x9d, 0x01, 0x2a, 0x40, 0x41, 0xf0, 0x80 },
      14, { YES, 320, 240 } }, /* a picture id of 15 bits; scaling bits */
  { VP8,
      { 0x90, 0xf0, 0x05, 0x12, 0x33, 0x50, 0x2d, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0,
          0x00 },
      15, { YES, 320, 240 } }, /* all extensions */
  { VP8, { 0x00, 0x50 }, 2, { NO, 0, 0 } },
  { VP8, { 0x11, 0x50 }, 2, { NO, 0, 0 } }, /* another partition */
  { VP8, { 0x90 }, 1, { YES, 0, 0 } },
  { VP9, { 0x08 }, 1, { YES, 0, 0 } },
  { VP9, { 0x04 }, 1, { NO, 0, 0 } },
  { H264, { 0x67, 0x42 }, 2, { YES, 0, 0 } },             /* SPS */
  { H264, { 0x41, 0x9a }, 2, { YES, 0, 0 } },             /* the first slice */
  { H264, { 0x41, 0x4a }, 2, { NO, 0, 0 } },              /* another */
  { H264, { 0x7c, 0x85, 0x88 }, 3, { YES, 0, 0 } },       /* FU-A: begins an IDR slice */
  { H264, { 0x7c, 0x05, 0x88 }, 3, { NO, 0, 0 } },        /* goes on with it */
  { H264, { 0x78, 0, 2, 0x67, 0x42 }, 5, { YES, 0, 0 } }, /* STAP-A */
  { H264, { 0x7c }, 1, { UNKNOWN, 0, 0 } },
  { GST_CALLSTATS_VIDEO_CODEC_OTHER, { 0x10 }, 1, { UNKNOWN, 0, 0 } },
  { VP8, { 0 }, 0, { UNKNOWN, 0, 0 } },
};

static void
test_payloads_are_read (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (payloads); i++) {
    /* From the heap, so that a sanitizer sees what is read beyond the end. */
    g_autofree guint8 *data = g_memdup2 (payloads[i].data, payloads[i].size);
    GstCallstatsVideoPayload told =
        gst_callstats_video_payload_read (payloads[i].codec, data, payloads[i].size);

    g_test_message ("payload %u", i);
    g_assert_cmpint (told.start, ==, payloads[i].payload.start);
    g_assert_cmpuint (told.width, ==, payloads[i].payload.width);
    g_assert_cmpuint (told.height, ==, payloads[i].payload.height);
  }
}

static void
test_payloads_may_be_anything (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  guint i, n;

  for (n = 0; n < 20000; n++) {
    gsize size =
        (gsize)g_rand_int_range (random, 0, GST_CALLSTATS_VIDEO_PAYLOAD_BYTES + 1);
    g_autofree guint8 *data = g_malloc (MAX (size, 1));

    for (i = 0; i < size; i++)
      data[i] = (guint8)g_rand_int (random);
    if (size > 0 && n % 2 == 0)
      data[0] |= 0x90;
    gst_callstats_video_payload_read ((GstCallstatsVideoCodec)(n % 4), data, size);
  }
}

/* Packets of a stream: what comes of them all. */
typedef struct {
  guint16 seqnum;
  guint32 timestamp;
  gboolean marker;
  guint size;
  GstCallstatsStart start;
} Packet;

static const struct {
  const char *name;
  Packet packets[12];
  guint ended, complete, multiple;
} streams[] = {
  { "one packet a frame", { { 65535, 0, TRUE, 9, UNKNOWN }, { 0, 9, TRUE, 9, UNKNOWN } },
      2, 2, 0 },
  { "several", { { 1, 1, FALSE, 9, YES }, { 2, 1, FALSE, 9, NO }, { 3, 1, TRUE, 9, NO } },
      1, 1, 1 },
  { "an open end", { { 1, 1, FALSE, 9, YES }, { 2, 1, FALSE, 9, NO } }, 0, 0, 0 },
  { "no markers", { { 1, 1, FALSE, 9, YES }, { 2, 2, FALSE, 9, YES } }, 1, 1, 0 },
  { "a gap inside", { { 1, 1, FALSE, 9, YES }, { 3, 1, TRUE, 9, NO } }, 1, 0, 0 },
  { "a lost start",
      { { 1, 1, TRUE, 9, YES }, { 3, 2, TRUE, 9, NO }, { 4, 3, TRUE, 9, YES } }, 3, 2,
      0 },
  { "a lost end", { { 1, 1, FALSE, 9, YES }, { 3, 2, TRUE, 9, YES } }, 2, 1, 0 },
  { "a lost frame", { { 1, 1, TRUE, 9, YES }, { 3, 3, TRUE, 9, YES } }, 2, 2, 0 },
  { "a lost start that nothing tells of",
      { { 1, 1, TRUE, 9, UNKNOWN }, { 3, 2, TRUE, 9, UNKNOWN } }, 2, 1, 0 },
  { "padding after the end",
      { { 1, 1, TRUE, 9, YES }, { 2, 1, FALSE, 0, UNKNOWN }, { 3, 2, TRUE, 9, UNKNOWN } },
      2, 2, 0 },
  { "repeated", { { 1, 1, TRUE, 9, YES }, { 1, 1, TRUE, 9, YES } }, 1, 1, 0 },
  { "late", { { 5, 1, TRUE, 9, YES }, { 4, 0, TRUE, 9, YES } }, 1, 1, 0 },
  { "begun anew", { { 9000, 1, TRUE, 9, YES }, { 4, 7, TRUE, 9, YES } }, 2, 2, 0 },
  { "joined in the middle", { { 1, 1, TRUE, 9, NO }, { 2, 2, TRUE, 9, YES } }, 2, 1, 0 },
};

static void
test_frames_of_packets (void)
{
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (streams); i++) {
    GstCallstatsRtpFrames frames = { 0 };

    g_test_message ("%s", streams[i].name);
    for (n = 0; n < 12 && streams[i].packets[n].seqnum + streams[i].packets[n].size > 0;
         n++) {
      const Packet *packet = &streams[i].packets[n];
      GstCallstatsRtpPacket rtp = { packet->seqnum, packet->timestamp, packet->marker,
        packet->size, packet->start, 1000, 1000 + n };

      gst_callstats_rtp_frames_add (&frames, &rtp);
    }
    g_assert_cmpuint (frames.ended, ==, streams[i].ended);
    g_assert_cmpuint (frames.complete, ==, streams[i].complete);
    g_assert_cmpuint (frames.multiple, ==, streams[i].multiple);
  }
}

static void
add_frame (GstCallstatsRtpFrames *frames, guint16 n, guint size, gint64 spread)
{
  GstCallstatsRtpPacket first = { 2 * n, n, FALSE, size / 2, YES, 1000, 1000 };
  GstCallstatsRtpPacket last = { 2 * n + 1, n, TRUE, size - size / 2, NO, 1000,
    1000 + spread };

  gst_callstats_rtp_frames_add (frames, &first);
  gst_callstats_rtp_frames_add (frames, &last);
}

static void
test_huge_frames_and_assembly (void)
{
  GstCallstatsRtpFrames frames = { 0 };
  guint16 n;

  for (n = 0; n < 10; n++)
    add_frame (&frames, n, 1000, 2000);
  add_frame (&frames, 10, 2500, 0);
  g_assert_cmpuint (frames.huge, ==, 0);
  add_frame (&frames, 11, 3000, 0);
  g_assert_cmpuint (frames.huge, ==, 1);
  g_assert_cmpfloat_with_epsilon (frames.assembly, 0.02, 1e-9);
  g_assert_cmpuint (frames.assembled, ==, 12);
  g_assert_cmpuint (frames.unassembled, ==, 0);
}

/* Codecs */

static void
enter (GstCallstatsCodecTimes *times, guint64 pts, gint64 now)
{
  GstCallstatsCodecFrame frame = { pts, now, now - 5 * MS, pts == 0 };

  gst_callstats_codec_times_enter (times, &frame);
}

static void
test_codec_times (void)
{
  GstCallstatsCodecTimes times = { .n = 0 };
  guint n;

  for (n = 0; n < 10; n++) {
    enter (&times, n * 40, SECOND + n * 40 * MS);
    gst_callstats_codec_times_leave (&times, n * 40, TRUE, SECOND + n * 40 * MS + 3 * MS);
  }
  g_assert_true (gst_callstats_codec_times_are_known (&times));
  g_assert_cmpfloat_with_epsilon (times.seconds, 0.03, 1e-9);
  g_assert_cmpfloat_with_epsilon (times.processing, 0.08, 1e-9);
  g_assert_cmpuint (times.left, ==, 10);
  g_assert_cmpuint (times.keys, ==, 1);
  g_assert_cmpuint (times.lost, ==, 0);
  g_assert_cmpuint (times.most, ==, 1);
}

static void
test_decoder_loses_frames (void)
{
  GstCallstatsCodecTimes times = { .n = 0 };

  enter (&times, 0, 0);
  enter (&times, 40, 1);
  enter (&times, 80, 2);
  gst_callstats_codec_times_leave (&times, 80, TRUE, 10);
  g_assert_cmpuint (times.lost, ==, 2);
  g_assert_cmpuint (times.n, ==, 0);
  enter (&times, 120, SECOND); /* which it holds back, with all that follow */
  enter (&times, 160, 2 * SECOND);
  g_assert_cmpuint (times.lost, ==, 2);
  enter (&times, 200, 5 * SECOND);
  g_assert_cmpuint (times.lost, ==, 3);
}

/* An encoder that shows later what it encodes first, 1000 hours on. */
static void
test_encoder_reorders_and_shifts (void)
{
  guint64 shift = G_GUINT64_CONSTANT (3600000000000000);
  GstCallstatsCodecTimes times = { .n = 0 };

  enter (&times, 0, 0);
  enter (&times, 40, 40 * MS);
  enter (&times, 80, 80 * MS);
  gst_callstats_codec_times_leave (&times, shift, FALSE, 100 * MS);
  gst_callstats_codec_times_leave (&times, shift + 80, FALSE, 100 * MS);
  gst_callstats_codec_times_leave (&times, shift + 40, FALSE, 100 * MS);
  g_assert_cmpuint (times.matched, ==, 3);
  g_assert_cmpuint (times.lost, ==, 0);
  g_assert_cmpfloat_with_epsilon (times.seconds, 0.18, 1e-9);
}

static void
test_codec_that_cannot_be_followed (void)
{
  GstCallstatsCodecTimes times = { .n = 0 };
  guint n;

  gst_callstats_codec_times_leave (&times, 7, TRUE, 1); /* it was at work before */
  for (n = 0; n < 200; n++) {
    enter (&times, 1000 + n, 10 * n);
    gst_callstats_codec_times_leave (
        &times, n == 100 || n == 101 || n == 102 ? 5 : 1000 + n, TRUE, 10 * n + 1);
  }
  g_assert_cmpuint (times.left, ==, 201);
  g_assert_cmpuint (times.unmatched, ==, 3);
  g_assert_false (gst_callstats_codec_times_are_known (&times));
}

/* Audio */

static const struct {
  const char *format;
  guint size;
  guint channels;
  double amplitude;
  double frequency;
} tones[] = {
  { "S16LE", 2, 1, 0.5, 440 },
  { "S16LE", 2, 2, 1, 1000 },
  { "S32LE", 4, 1, 0.25, 440 },
  { "F32LE", 4, 2, 0.8, 300 },
  { "F64LE", 8, 1, 0.1, 440 },
  { "S16LE", 2, 1, 0.5, 4800 }, /* its half periods are five samples long */
  { "S16LE", 2, 1, 0.5, 9600 }, /* its periods are */
  { "S16LE", 2, 1, 0, 440 },
};

static void
write_sample (guint8 *to, const char *format, double value)
{
  gint16 s16 = (gint16)(value * 32767);
  gint32 s32 = (gint32)(value * 2147483647);
  float f32 = (float)value;

  if (g_str_equal (format, "S16LE"))
    memcpy (to, &s16, sizeof s16);
  else if (g_str_equal (format, "S32LE"))
    memcpy (to, &s32, sizeof s32);
  else if (g_str_equal (format, "F32LE"))
    memcpy (to, &f32, sizeof f32);
  else
    memcpy (to, &value, sizeof value);
}

/* A second in buffers of 10 ms, at an odd address. */
static void
measure_tone (GstCallstatsAudioMeter *meter, guint row)
{
  guint channels = tones[row].channels, size = tones[row].size;
  g_autofree guint8 *data = g_malloc (480 * channels * size + 1);
  guint n, i, c;

  g_assert_true (gst_callstats_audio_format_set (
      &meter->format, tones[row].format, 48000, (gint)channels));
  for (n = 0; n < 100; n++) {
    for (i = 0; i < 480; i++) {
      double value = tones[row].amplitude *
                     sin (2 * G_PI * tones[row].frequency * (n * 480 + i) / 48000 + 0.3);

      for (c = 0; c < channels; c++)
        write_sample (data + 1 + (i * channels + c) * size, tones[row].format, value);
    }
    gst_callstats_audio_meter_add (meter, data + 1, 480 * channels * size, n * 10 * MS);
  }
}

static void
test_tones_are_measured (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (tones); i++) {
    GstCallstatsAudioMeter meter = { .start = 0 };
    double level, rms = tones[i].amplitude / sqrt (2);

    measure_tone (&meter, i);
    g_test_message ("tone %u", i);
    g_assert_cmpuint (meter.frames, ==, 48000);
    g_assert_cmpfloat_with_epsilon (meter.seconds, 1, 1e-9);
    g_assert_cmpfloat_with_epsilon (meter.energy, rms * rms, 0.01 * rms * rms + 1e-9);
    g_assert_true (gst_callstats_audio_meter_get_level (&meter, SECOND, &level));
    g_assert_cmpfloat_with_epsilon (level, rms, 0.01 * rms + 1e-9);
    g_assert_false (gst_callstats_audio_meter_get_level (&meter, 4 * SECOND, &level));
  }
}

static void
test_unknown_samples_are_not_measured (void)
{
  GstCallstatsAudioMeter meter = { .start = 0 };
  double level;

  g_assert_false (gst_callstats_audio_format_set (&meter.format, "S24_32BE", 48000, 1));
  gst_callstats_audio_meter_add (&meter, "1234", 4, 0);
  g_assert_true (meter.unmeasured);
  g_assert_false (gst_callstats_audio_meter_get_level (&meter, 0, &level));
}

/* What limits quality */

static const struct {
  GstCallstatsEncoderLoad load;
  GstCallstatsLimitation reason;
} loads[] = {
  { { SECOND, 30, 0.3, 1, 1, 1, 1e6 }, GST_CALLSTATS_LIMITATION_NONE },
  { { SECOND, 12, 0.95, 1, 1, 1, 1e6 }, GST_CALLSTATS_LIMITATION_CPU },
  { { SECOND, 12, 0.85, 1, 1, 1, 1e6 }, GST_CALLSTATS_LIMITATION_NONE },
  { { SECOND, 30, 5.0, 20, 1, 1, 1e6 }, GST_CALLSTATS_LIMITATION_NONE }, /* looks ahead */
  { { SECOND, 12, 5.0, 20, 0.5, 1, 1e6 }, GST_CALLSTATS_LIMITATION_CPU },
  { { SECOND, 12, 0.3, 1, 0.5, 1, 1e6 }, GST_CALLSTATS_LIMITATION_OTHER },
  { { SECOND, 2, 0.3, 1, 0.01, 1, 1e6 }, GST_CALLSTATS_LIMITATION_NONE }, /* too few */
  { { SECOND, 30, 0.3, 1, 1, 1, 0.94e6 }, GST_CALLSTATS_LIMITATION_BANDWIDTH },
  { { SECOND, 30, 0.3, 1, 1, 1, 0.96e6 }, GST_CALLSTATS_LIMITATION_NONE },
  { { SECOND, 30, 0.95, 1, 1, 1, 0.5e6 }, GST_CALLSTATS_LIMITATION_CPU },
  { { SECOND, 30, 0.3, 1, 1, 1, 0 }, GST_CALLSTATS_LIMITATION_NONE }, /* unknown */
  { { SECOND, 0, 0, 0, 0, 0, 1e6 }, GST_CALLSTATS_LIMITATION_NONE },  /* muted */
};

static void
test_reasons_of_limitation (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (loads); i++) {
    GstCallstatsQualityLimitation limitation = { .highest_target = 1e6 };

    g_test_message ("load %u", i);
    gst_callstats_quality_limitation_look (&limitation, &loads[i].load);
    g_assert_cmpint (limitation.reason, ==, loads[i].reason);
    g_assert_cmpfloat_with_epsilon (limitation.durations[loads[i].reason], 1, 1e-9);
  }
}

static void
test_target_that_rises_again_limits_no_more (void)
{
  GstCallstatsQualityLimitation limitation = { 0 };
  GstCallstatsEncoderLoad load = loads[0].load;
  static const double targets[] = { 1e6, 2e6, 1.5e6, 2e6 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (targets); i++) {
    load.target = targets[i];
    gst_callstats_quality_limitation_look (&limitation, &load);
    g_assert_cmpint (limitation.reason, ==,
        i == 2 ? GST_CALLSTATS_LIMITATION_BANDWIDTH : GST_CALLSTATS_LIMITATION_NONE);
  }
  g_assert_cmpfloat_with_epsilon (limitation.durations[0], 3, 1e-9);
  g_assert_cmpfloat_with_epsilon (
      limitation.durations[GST_CALLSTATS_LIMITATION_BANDWIDTH], 1, 1e-9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/framerules/gaps/are-freezes-and-pauses", test_gaps_are_freezes_and_pauses);
  g_test_add_func ("/framerules/gaps/mean-follows-rate", test_mean_follows_rate);
  g_test_add_func ("/framerules/rate/is-of-last-second", test_rate_is_of_last_second);
  g_test_add_func ("/framerules/rtp/payloads-are-read", test_payloads_are_read);
  g_test_add_func (
      "/framerules/rtp/payloads-may-be-anything", test_payloads_may_be_anything);
  g_test_add_func ("/framerules/rtp/frames-of-packets", test_frames_of_packets);
  g_test_add_func (
      "/framerules/rtp/huge-frames-and-assembly", test_huge_frames_and_assembly);
  g_test_add_func ("/framerules/codec/times", test_codec_times);
  g_test_add_func ("/framerules/codec/loses-frames", test_decoder_loses_frames);
  g_test_add_func (
      "/framerules/codec/reorders-and-shifts", test_encoder_reorders_and_shifts);
  g_test_add_func (
      "/framerules/codec/cannot-be-followed", test_codec_that_cannot_be_followed);
  g_test_add_func ("/framerules/audio/tones-are-measured", test_tones_are_measured);
  g_test_add_func (
      "/framerules/audio/unknown-samples", test_unknown_samples_are_not_measured);
  g_test_add_func ("/framerules/limitation/reasons", test_reasons_of_limitation);
  g_test_add_func ("/framerules/limitation/target-that-rises-again",
      test_target_that_rises_again_limits_no_more);
  return g_test_run ();
}
