/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is told of media that is sent, and of its source. Monitor thread only.
 */
#include "streammedia.h"

#define FRAMES GST_CALLSTATS_DETAIL_FRAMES
#define CODECS GST_CALLSTATS_DETAIL_CODECS
#define AUDIO GST_CALLSTATS_DETAIL_AUDIO
#define FIGURE(name) G_STRUCT_OFFSET (GstCallstatsMediaFigures, name)

static const GstCallstatsMediaMember video_members[] = {
  { "framesSent", FALSE, FIGURE (rtp.ended), FRAMES,
      gst_callstats_stream_media_has_packets },
  { "hugeFramesSent", FALSE, FIGURE (rtp.huge), FRAMES,
      gst_callstats_stream_media_has_packets },
  { "framesEncoded", FALSE, FIGURE (times.left), FRAMES,
      gst_callstats_stream_media_has_codec },
  { "keyFramesEncoded", FALSE, FIGURE (keys), FRAMES,
      gst_callstats_stream_media_has_codec },
  { "totalEncodeTime", TRUE, FIGURE (times.seconds), CODECS,
      gst_callstats_stream_media_knows_times },
};

static const GstCallstatsMediaMember audio_source_members[] = {
  { "totalSamplesDuration", TRUE, FIGURE (meter.seconds), AUDIO,
      gst_callstats_stream_media_is_measured },
  { "totalAudioEnergy", TRUE, FIGURE (meter.energy), AUDIO,
      gst_callstats_stream_media_is_measured },
};

static const GstCallstatsMediaMember video_source_members[] = {
  { "frames", FALSE, FIGURE (times.entered), FRAMES,
      gst_callstats_stream_media_has_codec },
};

static void
tell_frames (GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  const GstCallstatsFrameSize *size = &media->figures->size;

  if (size->width == 0)
    size = &media->figures->rtp_size;
  gst_callstats_frame_size_tell (size, "frameWidth", "frameHeight", report);
  if (gst_callstats_stream_media_has_codec (media))
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

  return media->kind != NULL && gst_callstats_stream_media_has_codec (media) &&
         media->detail & group;
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
