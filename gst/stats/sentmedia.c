/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is told of media that is sent, and of its source. Monitor thread only.
 */
#include "streammedia.h"

#define FRAMES GST_CALLSTATS_DETAIL_FRAMES
#define CODECS GST_CALLSTATS_DETAIL_CODECS
#define AUDIO GST_CALLSTATS_DETAIL_AUDIO
#define FIGURE(name) G_STRUCT_OFFSET (GstCallstatsMediaFigures, name)

static gboolean
has_packets (const GstCallstatsStreamMedia *media)
{
  return media->figures->rtp.any || media->figures->rtp.ended > 0;
}

static gboolean
has_encoder (const GstCallstatsStreamMedia *media)
{
  return media->codec != NULL || media->figures->times.left > 0;
}

static gboolean
are_times_known (const GstCallstatsStreamMedia *media)
{
  return gst_callstats_codec_times_are_known (&media->figures->times);
}

static gboolean
is_measured (const GstCallstatsStreamMedia *media)
{
  return media->figures->meter.frames > 0 && !media->figures->meter.unmeasured;
}

static const GstCallstatsMediaMember video_members[] = {
  { "framesSent", FALSE, FIGURE (rtp.ended), FRAMES, has_packets },
  { "hugeFramesSent", FALSE, FIGURE (rtp.huge), FRAMES, has_packets },
  { "framesEncoded", FALSE, FIGURE (times.left), FRAMES, has_encoder },
  { "keyFramesEncoded", FALSE, FIGURE (keys), FRAMES, has_encoder },
  { "totalEncodeTime", TRUE, FIGURE (times.seconds), CODECS, are_times_known },
};

static const GstCallstatsMediaMember audio_source_members[] = {
  { "totalSamplesDuration", TRUE, FIGURE (meter.seconds), AUDIO, is_measured },
  { "totalAudioEnergy", TRUE, FIGURE (meter.energy), AUDIO, is_measured },
};

static const GstCallstatsMediaMember video_source_members[] = {
  { "frames", FALSE, FIGURE (times.entered), FRAMES, has_encoder },
};

static void
tell_frames (GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  const GstCallstatsFrameSize *size = &media->figures->size;

  if (size->width == 0)
    size = &media->figures->rtp_size;
  gst_callstats_frame_size_tell (size, "frameWidth", "frameHeight", report);
  if (has_encoder (media))
    callstats_report_set_uint (report, "framesPerSecond",
        gst_callstats_frame_rate_get (&media->figures->rate, now));
}

static void
describe_video (GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  gst_callstats_media_members_tell (
      video_members, G_N_ELEMENTS (video_members), media, report);
  if (media->detail & FRAMES)
    tell_frames (media, now, report);
  if (!(media->detail & CODECS) || media->codec == NULL)
    return;
  gst_callstats_codec_tell (
      media->codec, "encoderImplementation", "powerEfficientEncoder", report);
  gst_callstats_encoder_watch_tell_limitation (&media->encoder, report);
}

/* Whether raw media is seen that has a group to be told in. */
static gboolean
has_source (const GstCallstatsStreamMedia *media)
{
  guint group = gst_callstats_stream_media_is (media, "audio") ? AUDIO : FRAMES;

  return media->kind != NULL && has_encoder (media) && media->detail & group;
}

void
gst_callstats_sent_media_describe (
    GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  if (gst_callstats_stream_media_is (media, "video"))
    describe_video (media, now, report);
  if (media->detail & CODECS)
    gst_callstats_encoder_watch_tell_bitrate (&media->encoder, report);
  if (has_source (media))
    callstats_report_set_string (report, "mediaSourceId", media->media_source);
}

static void
describe_audio_source (
    GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  gst_callstats_media_members_tell (
      audio_source_members, G_N_ELEMENTS (audio_source_members), media, report);
  gst_callstats_audio_level_tell (media, now, report);
}

static void
describe_video_source (
    GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  gst_callstats_media_members_tell (
      video_source_members, G_N_ELEMENTS (video_source_members), media, report);
  gst_callstats_frame_size_tell (&media->figures->raw_size, "width", "height", report);
  callstats_report_set_uint (report, "framesPerSecond",
      gst_callstats_frame_rate_get (&media->figures->raw_rate, now));
}

void
gst_callstats_media_source_describe (
    GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  if (!has_source (media))
    return;
  callstats_report_add_stats (report, "media-source", media->media_source);
  callstats_report_set_string (report, "kind", media->kind);
  if (media->track != NULL)
    callstats_report_set_string (report, "trackIdentifier", media->track);
  if (gst_callstats_stream_media_is (media, "audio"))
    describe_audio_source (media, now, report);
  else
    describe_video_source (media, now, report);
}
