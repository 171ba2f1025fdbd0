/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is told of media that is received. Monitor thread only.
 */
#include "../upstream.h"
#include "fields.h"
#include "streammedia.h"

#define FRAMES GST_CALLSTATS_DETAIL_FRAMES
#define CODECS GST_CALLSTATS_DETAIL_CODECS
#define AUDIO GST_CALLSTATS_DETAIL_AUDIO
#define FIGURE(name) G_STRUCT_OFFSET (GstCallstatsMediaFigures, name)

static gboolean
is_assembly_known (const GstCallstatsStreamMedia *media)
{
  const GstCallstatsRtpFrames *frames = &media->figures->rtp;

  return frames->multiple == 0
             ? gst_callstats_stream_media_has_packets (media)
             : frames->assembled > 0 && frames->unassembled <= frames->assembled / 100;
}

static gboolean
is_processing_known (const GstCallstatsStreamMedia *media)
{
  return gst_callstats_codec_times_is_processing_known (&media->figures->times);
}

static gboolean
is_shown (const GstCallstatsStreamMedia *media)
{
  return media->figures->gaps.any || media->figures->gaps.delay > 0;
}

static const GstCallstatsMediaMember video_members[] = {
  { "framesReceived", FALSE, FIGURE (rtp.complete), FRAMES,
      gst_callstats_stream_media_has_packets },
  { "framesAssembledFromMultiplePackets", FALSE, FIGURE (rtp.multiple), FRAMES,
      gst_callstats_stream_media_has_packets },
  { "totalAssemblyTime", TRUE, FIGURE (rtp.assembly), FRAMES, is_assembly_known },
  { "framesDecoded", FALSE, FIGURE (times.left), FRAMES,
      gst_callstats_stream_media_has_codec },
  { "keyFramesDecoded", FALSE, FIGURE (times.keys), FRAMES,
      gst_callstats_stream_media_has_codec },
  { "freezeCount", FALSE, FIGURE (gaps.freezes), FRAMES, is_shown },
  { "totalFreezesDuration", TRUE, FIGURE (gaps.frozen), FRAMES, is_shown },
  { "pauseCount", FALSE, FIGURE (gaps.pauses), FRAMES, is_shown },
  { "totalPausesDuration", TRUE, FIGURE (gaps.paused), FRAMES, is_shown },
  { "totalInterFrameDelay", TRUE, FIGURE (gaps.delay), FRAMES, is_shown },
  { "totalSquaredInterFrameDelay", TRUE, FIGURE (gaps.squared_delay), FRAMES, is_shown },
  { "totalDecodeTime", TRUE, FIGURE (times.seconds), CODECS,
      gst_callstats_stream_media_knows_times },
  { "totalProcessingDelay", TRUE, FIGURE (times.processing), CODECS,
      is_processing_known },
};

static const GstCallstatsMediaMember audio_members[] = {
  { "totalSamplesReceived", FALSE, FIGURE (meter.frames), AUDIO,
      gst_callstats_stream_media_is_measured },
  { "totalSamplesDuration", TRUE, FIGURE (meter.seconds), AUDIO,
      gst_callstats_stream_media_is_measured },
  { "totalAudioEnergy", TRUE, FIGURE (meter.energy), AUDIO,
      gst_callstats_stream_media_is_measured },
};

/* Video */

/* A sink's own statistics, which it keeps under no lock but its object's. */
static void
read_sink (GstCallstatsStreamMedia *media)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 count;

  if (media->sink == NULL || media->mixed ||
      !gst_callstats_has_property (media->sink, "stats", GST_TYPE_STRUCTURE))
    return;
  g_object_get (media->sink, "stats", &stats, NULL);
  if (stats != NULL && gst_callstats_get_count (stats, "rendered", &count))
    gst_callstats_tally_take (&media->rendered, count);
  if (stats != NULL && gst_callstats_get_count (stats, "dropped", &count))
    gst_callstats_tally_take (&media->dropped, count);
}

static void
tell_frame_size (GstCallstatsStreamMedia *media, CallstatsReport *report)
{
  const GstCallstatsFrameSize *size = &media->figures->size;

  if (size->width == 0)
    size = &media->figures->rtp_size;
  gst_callstats_frame_size_tell (size, "frameWidth", "frameHeight", report);
}

static void
tell_frames (GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  tell_frame_size (media, report);
  if (!gst_callstats_stream_media_has_codec (media))
    return;
  callstats_report_set_uint (report, "framesPerSecond",
      gst_callstats_frame_rate_get (&media->figures->rate, now));
  read_sink (media);
  callstats_report_set_uint (
      report, "framesDropped", media->figures->times.lost + media->dropped.total);
  if (media->rendered.known)
    callstats_report_set_uint (report, "framesRendered", media->rendered.total);
}

static void
describe_video (GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  gst_callstats_media_members_tell (
      video_members, G_N_ELEMENTS (video_members), media, report);
  if (media->detail & FRAMES)
    tell_frames (media, now, report);
  if (media->detail & CODECS && media->codec != NULL)
    gst_callstats_codec_tell (
        media->codec, "decoderImplementation", "powerEfficientDecoder", report);
}

/* Audio */

/* Whether what opusdec fills in is made up, and not redundancy that was sent along. */
static gboolean
is_concealing (GstElement *decoder)
{
  gboolean plc = FALSE, fec = FALSE;

  if (!gst_callstats_is_factory (decoder, "opusdec") ||
      !gst_callstats_has_property (decoder, "plc", G_TYPE_BOOLEAN))
    return FALSE;
  g_object_get (decoder, "plc", &plc, "use-inband-fec", &fec, NULL);
  return plc && !fec;
}

static void
tell_concealment (GstCallstatsStreamMedia *media, CallstatsReport *report)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 samples;

  if (media->codec == NULL || !is_concealing (media->codec))
    return;
  g_object_get (media->codec, "stats", &stats, NULL);
  if (stats == NULL || !gst_callstats_get_count (stats, "plc-num-samples", &samples))
    return;
  gst_callstats_tally_take (&media->concealed, samples);
  callstats_report_set_uint (report, "concealedSamples", media->concealed.total);
  callstats_report_set_uint (report, "concealmentEvents", media->figures->gaps_of_audio);
}

static void
describe_audio (GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  if (!(media->detail & AUDIO))
    return;
  gst_callstats_media_members_tell (
      audio_members, G_N_ELEMENTS (audio_members), media, report);
  gst_callstats_audio_level_tell (media, now, report);
  tell_concealment (media, report);
  if (media->playout != NULL)
    callstats_report_set_string (report, "playoutId", media->playout);
}

void
gst_callstats_received_media_describe (
    GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  if (gst_callstats_stream_media_is (media, "video"))
    describe_video (media, now, report);
  else if (gst_callstats_stream_media_is (media, "audio"))
    describe_audio (media, now, report);
}
