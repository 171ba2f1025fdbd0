/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One RTP stream's media as reports tell of it. Monitor thread only.
 */
#include <string.h>

#include "../upstream.h"
#include "streammedia.h"

void
gst_callstats_tally_take (GstCallstatsTally *self, guint64 value)
{
  self->total += value < self->last ? value : value - self->last;
  self->last = value;
  self->known = TRUE;
}

gboolean
gst_callstats_stream_media_is (const GstCallstatsStreamMedia *self, const char *kind)
{
  return g_strcmp0 (self->kind, kind) == 0;
}

void
gst_callstats_stream_media_set_tap (
    GstCallstatsStreamMedia *self, GstCallstatsMediaTap *tap)
{
  if (self->tap != NULL) {
    gst_callstats_media_tap_carry (tap, self->tap);
    gst_callstats_media_tap_free (self->tap);
  }
  self->tap = tap;
}

/* As descriptions of webrtcbin name it in their msid. */
static void
read_track (GstCallstatsStreamMedia *self, GstPad *pad)
{
  g_autoptr (GstObject) transceiver = NULL;

  if (self->track != NULL || self->received || pad == NULL ||
      !gst_callstats_has_property (pad, "transceiver", GST_TYPE_OBJECT))
    return;
  g_object_get (pad, "transceiver", &transceiver, NULL);
  if (transceiver != NULL)
    self->track = gst_object_get_name (transceiver);
}

void
gst_callstats_stream_media_read (GstCallstatsStreamMedia *self)
{
  if (self->tap != NULL)
    gst_callstats_media_tap_read (self->tap, self->figures);
  else
    memset (self->figures, 0, sizeof *self->figures);
}

void
gst_callstats_stream_media_look (
    GstCallstatsStreamMedia *self, const GstCallstatsRtpStream *stream, gint64 now)
{
  self->seen = TRUE;
  if (stream->kind != NULL)
    self->kind = g_intern_string (stream->kind);
  if (self->tap == NULL)
    return;
  gst_callstats_media_tap_look (self->tap);
  gst_callstats_stream_media_read (self);
  gst_callstats_media_tap_begin_look (self->tap);
  gst_clear_object (&self->codec);
  gst_clear_object (&self->sink);
  self->codec = gst_callstats_media_tap_ref_codec (self->tap);
  self->sink = gst_callstats_media_tap_ref_sink (self->tap, &self->mixed);
  read_track (self, stream->pad);
  if (!self->received && self->codec != NULL)
    gst_callstats_encoder_watch_look (
        &self->encoder, self->codec, self->detail, self->figures, now);
}

GstCallstatsStreamMedia *
gst_callstats_stream_media_new (const GstCallstatsRtpStream *stream,
    GstCallstatsDetail detail, GstCallstatsMediaFigures *figures)
{
  GstCallstatsStreamMedia *self = g_new0 (GstCallstatsStreamMedia, 1);

  self->id = g_strdup (stream->id);
  self->ssrc = stream->ssrc;
  self->received = stream->received;
  self->detail = detail;
  self->figures = figures;
  if (!self->received)
    self->media_source = g_strdup_printf ("media-source-%u", self->ssrc);
  gst_callstats_encoder_watch_init (&self->encoder);
  return self;
}

void
gst_callstats_stream_media_free (GstCallstatsStreamMedia *self)
{
  if (self == NULL)
    return;
  gst_callstats_media_tap_free (self->tap);
  gst_callstats_encoder_watch_clear (&self->encoder);
  gst_clear_object (&self->codec);
  gst_clear_object (&self->sink);
  g_free (self->id);
  g_free (self->media_source);
  g_free (self->track);
  g_free (self);
}

/* Telling */

void
gst_callstats_media_members_tell (const GstCallstatsMediaMember *members, guint n,
    const GstCallstatsStreamMedia *media, CallstatsReport *report)
{
  guint i;

  for (i = 0; i < n; i++) {
    const GstCallstatsMediaMember *member = &members[i];

    if (!(member->detail & media->detail) || !member->is_known (media))
      continue;
    if (member->real)
      callstats_report_set_double (
          report, member->name, G_STRUCT_MEMBER (double, media->figures, member->offset));
    else
      callstats_report_set_uint (report, member->name,
          G_STRUCT_MEMBER (guint64, media->figures, member->offset));
  }
}

void
gst_callstats_codec_tell (GstElement *codec, const char *implementation,
    const char *power_efficient, CallstatsReport *report)
{
  GstElementFactory *factory = gst_element_get_factory (codec);
  const char *klass = gst_callstats_get_metadata (codec, GST_ELEMENT_METADATA_KLASS);

  if (factory != NULL)
    callstats_report_set_string (report, implementation, GST_OBJECT_NAME (factory));
  callstats_report_set_boolean (
      report, power_efficient, strstr (klass, "Hardware") != NULL);
}

void
gst_callstats_frame_size_tell (const GstCallstatsFrameSize *size, const char *width,
    const char *height, CallstatsReport *report)
{
  if (size->width == 0 || size->height == 0)
    return;
  callstats_report_set_uint (report, width, size->width);
  callstats_report_set_uint (report, height, size->height);
}

void
gst_callstats_audio_level_tell (
    const GstCallstatsStreamMedia *media, gint64 now, CallstatsReport *report)
{
  double level;

  if (gst_callstats_audio_meter_get_level (&media->figures->meter, now, &level))
    callstats_report_set_double (report, "audioLevel", level);
}

gboolean
gst_callstats_stream_media_has_packets (const GstCallstatsStreamMedia *media)
{
  return media->figures->rtp.any || media->figures->rtp.ended > 0;
}

gboolean
gst_callstats_stream_media_has_codec (const GstCallstatsStreamMedia *media)
{
  return media->codec != NULL || media->figures->times.left > 0;
}

gboolean
gst_callstats_stream_media_knows_times (const GstCallstatsStreamMedia *media)
{
  return gst_callstats_codec_times_are_known (&media->figures->times);
}

gboolean
gst_callstats_stream_media_is_measured (const GstCallstatsStreamMedia *media)
{
  return media->figures->meter.frames > 0 && !media->figures->meter.unmeasured;
}
