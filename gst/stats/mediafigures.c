/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is counted of one stream's media. Any thread, one at a time.
 */
#include <string.h>

#include "mediafigures.h"

#define RTP_HEADER 12

/* Packets */

/* Returns: 0: it is no RTP packet */
static gsize
get_header_size (const guint8 *data, gsize size, GstBuffer *packet)
{
  gsize header = RTP_HEADER + (gsize)(data[0] & 0x0f) * 4;
  guint8 extension[4];

  if (size < RTP_HEADER || data[0] >> 6 != 2)
    return 0;
  if (!(data[0] & 0x10))
    return header;
  if (gst_buffer_extract (packet, header, extension, sizeof extension) < sizeof extension)
    return 0;
  return header + 4 + (gsize)GST_READ_UINT16_BE (extension + 2) * 4;
}

static gsize
get_padding (const guint8 *data, GstBuffer *packet, gsize size)
{
  guint8 padding = 0;

  if (data[0] & 0x20)
    gst_buffer_extract (packet, size - 1, &padding, 1);
  return padding;
}

static void
read_payload (GstCallstatsPacket *self, GstBuffer *buffer, gsize header,
    GstCallstatsVideoCodec codec)
{
  guint8 data[GST_CALLSTATS_VIDEO_PAYLOAD_BYTES];
  gsize size = gst_buffer_extract (buffer, header, data, sizeof data);
  GstCallstatsVideoPayload payload =
      gst_callstats_video_payload_read (codec, data, MIN (size, self->rtp.size));

  self->rtp.start = payload.start;
  self->size = (GstCallstatsFrameSize){ payload.width, payload.height };
}

gboolean
gst_callstats_packet_read (
    GstCallstatsPacket *self, GstBuffer *buffer, GstCallstatsVideoCodec codec)
{
  guint8 data[RTP_HEADER] = { 0 };
  gsize got = gst_buffer_extract (buffer, 0, data, sizeof data);
  gsize header = get_header_size (data, got, buffer);
  gsize size = gst_buffer_get_size (buffer);
  gsize padding;

  if (header == 0 || header > size)
    return FALSE;
  padding = get_padding (data, buffer, size);
  self->ssrc = GST_READ_UINT32_BE (data + 8);
  self->pts = GST_BUFFER_PTS (buffer);
  self->rtp.seqnum = GST_READ_UINT16_BE (data + 2);
  self->rtp.timestamp = GST_READ_UINT32_BE (data + 4);
  self->rtp.marker = (data[1] & 0x80) != 0;
  self->rtp.size = padding <= size - header ? (guint)(size - header - padding) : 0;
  self->rtp.first_arrival = self->rtp.last_arrival = -1;
  read_payload (self, buffer, header, codec);
  return TRUE;
}

static GstCallstatsArrival *
find_timestamp (GstCallstatsMediaFigures *self, guint32 timestamp)
{
  guint i;

  for (i = 0; i < GST_CALLSTATS_ARRIVALS; i++) {
    GstCallstatsArrival *arrival =
        &self->arrivals[(self->next_arrival + GST_CALLSTATS_ARRIVALS - 1 - i) %
                        GST_CALLSTATS_ARRIVALS];

    if (arrival->used && arrival->timestamp == timestamp)
      return arrival;
  }
  return NULL;
}

void
gst_callstats_media_figures_take_arrival (
    GstCallstatsMediaFigures *self, guint32 timestamp, gint64 now)
{
  GstCallstatsArrival *arrival = find_timestamp (self, timestamp);

  if (arrival != NULL) {
    arrival->last = now;
    return;
  }
  self->arrivals[self->next_arrival] =
      (GstCallstatsArrival){ TRUE, timestamp, GST_CLOCK_TIME_NONE, now, now };
  self->next_arrival = (self->next_arrival + 1) % GST_CALLSTATS_ARRIVALS;
}

void
gst_callstats_media_figures_take_packet (
    GstCallstatsMediaFigures *self, const GstCallstatsPacket *packet)
{
  GstCallstatsRtpPacket rtp = packet->rtp;
  GstCallstatsArrival *arrival;

  if (self->ssrc != 0 && packet->ssrc != self->ssrc)
    return;
  arrival = self->received ? find_timestamp (self, rtp.timestamp) : NULL;
  if (arrival != NULL) {
    arrival->pts = packet->pts;
    rtp.first_arrival = arrival->first;
    rtp.last_arrival = arrival->last;
  }
  gst_callstats_rtp_frames_add (&self->rtp, &rtp);
  if (packet->size.width > 0 && packet->size.height > 0)
    self->rtp_size = packet->size;
}

/* Codecs */

static gint64
find_arrival (const GstCallstatsMediaFigures *self, GstClockTime pts)
{
  guint i;

  for (i = 0; GST_CLOCK_TIME_IS_VALID (pts) && i < GST_CALLSTATS_ARRIVALS; i++) {
    if (self->arrivals[i].used && self->arrivals[i].pts == pts)
      return self->arrivals[i].first;
  }
  return -1;
}

void
gst_callstats_media_figures_take_frame_in (
    GstCallstatsMediaFigures *self, GstBuffer *buffer, gint64 now)
{
  GstCallstatsCodecFrame frame = {
    .pts = GST_BUFFER_PTS (buffer),
    .entered = now,
    .received = find_arrival (self, GST_BUFFER_PTS (buffer)),
    .key = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT),
  };

  gst_callstats_codec_times_enter (&self->times, &frame);
  if (!self->received)
    gst_callstats_frame_rate_add (&self->raw_rate, now);
}

static void
note_progress (GstCallstatsMediaFigures *self, GstClockTime pts, gint64 now)
{
  if (!GST_CLOCK_TIME_IS_VALID (pts))
    return;
  if (!GST_CLOCK_TIME_IS_VALID (self->first_pts) || self->first_time == 0) {
    self->first_pts = pts;
    self->first_time = now;
  }
  self->last_pts = pts;
  self->last_time = now;
}

void
gst_callstats_media_figures_take_frame_out (
    GstCallstatsMediaFigures *self, GstBuffer *buffer, gint64 now)
{
  gst_callstats_codec_times_leave (
      &self->times, GST_BUFFER_PTS (buffer), self->received, now);
  gst_callstats_frame_rate_add (&self->rate, now);
  self->keys += !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  note_progress (self, GST_BUFFER_PTS (buffer), now);
}

static void
take_size (GstCallstatsMediaFigures *self, const GstStructure *caps, gboolean out)
{
  GstCallstatsFrameSize *size = out ? &self->size : &self->raw_size;
  gint width = 0, height = 0;

  gst_structure_get_int (caps, "width", &width);
  gst_structure_get_int (caps, "height", &height);
  if (width <= 0 || height <= 0)
    return;
  if (out && size->width != 0 &&
      (size->width != (guint)width || size->height != (guint)height))
    self->size_changes++;
  *size = (GstCallstatsFrameSize){ (guint)width, (guint)height };
}

static void
take_format (GstCallstatsAudioFormat *format, const GstStructure *caps)
{
  gint rate = 0, channels = 0;

  gst_structure_get_int (caps, "rate", &rate);
  gst_structure_get_int (caps, "channels", &channels);
  gst_callstats_audio_format_set (
      format, gst_structure_get_string (caps, "format"), rate, channels);
}

void
gst_callstats_media_figures_take_caps (
    GstCallstatsMediaFigures *self, GstCaps *caps, gboolean out)
{
  const GstStructure *first =
      gst_caps_get_size (caps) > 0 ? gst_caps_get_structure (caps, 0) : NULL;

  if (first == NULL)
    return;
  if (gst_structure_has_name (first, "audio/x-raw"))
    take_format (&self->meter.format, first);
  else
    take_size (self, first, out);
}

void
gst_callstats_media_figures_take_gap (GstCallstatsMediaFigures *self, gboolean gap)
{
  self->gaps_of_audio += gap && !self->in_gap;
  self->in_gap = gap;
}

void
gst_callstats_media_figures_take_played_caps (
    GstCallstatsMediaFigures *self, GstCaps *caps)
{
  if (gst_caps_get_size (caps) > 0)
    take_format (&self->played_format, gst_caps_get_structure (caps, 0));
}

void
gst_callstats_media_figures_take_played (GstCallstatsMediaFigures *self, gsize size)
{
  gsize frames;

  if (self->played_format.frame_size == 0)
    return;
  frames = size / self->played_format.frame_size;
  self->played += frames;
  self->played_seconds += (double)frames / self->played_format.rate;
}

void
gst_callstats_media_figures_carry (
    GstCallstatsMediaFigures *self, const GstCallstatsMediaFigures *earlier)
{
  gst_callstats_rtp_frames_carry (&self->rtp, &earlier->rtp);
  gst_callstats_codec_times_carry (&self->times, &earlier->times);
  gst_callstats_frame_gaps_carry (&self->gaps, &earlier->gaps);
  gst_callstats_audio_meter_carry (&self->meter, &earlier->meter);
  self->size_changes += earlier->size_changes;
  self->keys += earlier->keys;
  self->gaps_of_audio += earlier->gaps_of_audio;
  self->played += earlier->played;
  self->played_seconds += earlier->played_seconds;
}
