/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The frames in a stream of RTP packets of video. Pure, any thread.
 */
#include "rtpframes.h"

#define HUGE_FRAME 2.5
#define RESTART (-3000) /* sequence numbers that far back are those of a new start */

/* Payloads */

static const struct {
  const char *name;
  GstCallstatsVideoCodec codec;
} codecs[] = {
  { "VP8", GST_CALLSTATS_VIDEO_CODEC_VP8 },
  { "VP8-DRAFT-IETF-01", GST_CALLSTATS_VIDEO_CODEC_VP8 },
  { "VP9", GST_CALLSTATS_VIDEO_CODEC_VP9 },
  { "VP9-DRAFT-IETF-01", GST_CALLSTATS_VIDEO_CODEC_VP9 },
  { "H264", GST_CALLSTATS_VIDEO_CODEC_H264 },
};

GstCallstatsVideoCodec
gst_callstats_video_codec_from_name (const char *name)
{
  guint i;

  for (i = 0; name != NULL && i < G_N_ELEMENTS (codecs); i++) {
    if (g_ascii_strcasecmp (name, codecs[i].name) == 0)
      return codecs[i].codec;
  }
  return GST_CALLSTATS_VIDEO_CODEC_OTHER;
}

static gsize
get_vp8_descriptor_size (const guint8 *data, gsize size)
{
  gsize length = 1;
  guint8 extension;

  if (!(data[0] & 0x80))
    return length;
  if (size < 3)
    return size;
  extension = data[1];
  length++;
  if (extension & 0x80) /* picture id */
    length += data[2] & 0x80 ? 2 : 1;
  if (extension & 0x40) /* TL0PICIDX */
    length++;
  if (extension & 0x30) /* TID, KEYIDX */
    length++;
  return length;
}

static void
read_vp8 (const guint8 *data, gsize size, GstCallstatsVideoPayload *payload)
{
  gsize descriptor = get_vp8_descriptor_size (data, size);
  const guint8 *frame = data + descriptor;

  payload->start = (data[0] & 0x17) == 0x10 ? GST_CALLSTATS_START_YES /* S, PID 0 */
                                            : GST_CALLSTATS_START_NO;
  if (payload->start == GST_CALLSTATS_START_NO || size < descriptor + 10 ||
      frame[0] & 1 || frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a)
    return;
  payload->width = (frame[6] | frame[7] << 8) & 0x3fff;
  payload->height = (frame[8] | frame[9] << 8) & 0x3fff;
}

static void
read_vp9 (const guint8 *data, gsize size, GstCallstatsVideoPayload *payload)
{
  payload->start = data[0] & 0x08 ? GST_CALLSTATS_START_YES : GST_CALLSTATS_START_NO;
}

/* A slice starts its picture if its first_mb_in_slice is 0, which is a bit of 1. */
static GstCallstatsStart
get_nal_start (guint8 type, const guint8 *rest, gsize size)
{
  if (type >= 6 && type <= 9)
    return GST_CALLSTATS_START_YES;
  if (size == 0 || type == 0 || type > 5)
    return GST_CALLSTATS_START_UNKNOWN;
  return rest[0] & 0x80 ? GST_CALLSTATS_START_YES : GST_CALLSTATS_START_NO;
}

static void
read_h264 (const guint8 *data, gsize size, GstCallstatsVideoPayload *payload)
{
  guint8 type = data[0] & 0x1f;

  if (type == 24 && size > 3) /* STAP-A */
    payload->start = get_nal_start (data[3] & 0x1f, data + 4, size - 4);
  else if (type == 28 && size > 1) /* FU-A */
    payload->start = data[1] & 0x80 ? get_nal_start (data[1] & 0x1f, data + 2, size - 2)
                                    : GST_CALLSTATS_START_NO;
  else
    payload->start = get_nal_start (type, data + 1, size - 1);
}

GstCallstatsVideoPayload
gst_callstats_video_payload_read (
    GstCallstatsVideoCodec codec, const guint8 *data, gsize size)
{
  GstCallstatsVideoPayload payload = { GST_CALLSTATS_START_UNKNOWN, 0, 0 };

  if (size == 0)
    return payload;
  if (codec == GST_CALLSTATS_VIDEO_CODEC_VP8)
    read_vp8 (data, size, &payload);
  else if (codec == GST_CALLSTATS_VIDEO_CODEC_VP9)
    read_vp9 (data, size, &payload);
  else if (codec == GST_CALLSTATS_VIDEO_CODEC_H264)
    read_h264 (data, size, &payload);
  return payload;
}

/* Frames */

static void
count_size (GstCallstatsRtpFrames *self)
{
  if (self->ended > 0 && self->size > HUGE_FRAME * self->bytes / self->ended)
    self->huge++;
  self->bytes += self->size;
}

static void
count_assembly (GstCallstatsRtpFrames *self)
{
  if (self->packets < 2)
    return;
  self->multiple++;
  if (self->first_arrival < 0 || self->last_arrival < self->first_arrival) {
    self->unassembled += self->assembled > 0;
    return;
  }
  self->assembled++;
  self->assembly +=
      (double)(self->last_arrival - self->first_arrival) / G_TIME_SPAN_SECOND;
}

static void
end_frame (GstCallstatsRtpFrames *self)
{
  self->open = FALSE;
  count_size (self);
  self->ended++;
  if (!self->intact)
    return;
  self->complete++;
  count_assembly (self);
}

static void
begin_frame (GstCallstatsRtpFrames *self, const GstCallstatsRtpPacket *packet,
    gboolean follows, gboolean first)
{
  self->open = TRUE;
  self->timestamp = packet->timestamp;
  self->intact = packet->start == GST_CALLSTATS_START_YES ||
                 (packet->start == GST_CALLSTATS_START_UNKNOWN && (follows || first));
  self->packets = 0;
  self->size = 0;
  self->first_arrival = packet->first_arrival;
}

static void
take_payload (GstCallstatsRtpFrames *self, const GstCallstatsRtpPacket *packet)
{
  self->packets++;
  self->size += packet->size;
  self->last_arrival = packet->last_arrival;
  if (packet->marker)
    end_frame (self);
}

/* What comes of a frame after its end is padding, or correction of errors. */
static gboolean
is_of_ended_frame (const GstCallstatsRtpFrames *self, const GstCallstatsRtpPacket *packet)
{
  return !self->open && self->ended > 0 && packet->timestamp == self->timestamp;
}

gboolean
gst_callstats_rtp_frames_add (
    GstCallstatsRtpFrames *self, const GstCallstatsRtpPacket *packet)
{
  guint64 ended = self->ended;
  gint16 step = (gint16)(guint16)(packet->seqnum - self->seqnum);
  gboolean first = !self->any;
  gboolean follows = !first && step == 1;

  if (!first && step <= 0 && step > RESTART)
    return FALSE;
  self->any = TRUE;
  self->seqnum = packet->seqnum;
  if (!follows) /* what is missing may be of the open frame */
    self->intact = FALSE;
  if (packet->size == 0 || is_of_ended_frame (self, packet))
    return FALSE;
  if (self->open && packet->timestamp != self->timestamp)
    end_frame (self);
  if (!self->open)
    begin_frame (self, packet, follows, first);
  take_payload (self, packet);
  return self->ended != ended;
}

void
gst_callstats_rtp_frames_carry (
    GstCallstatsRtpFrames *self, const GstCallstatsRtpFrames *earlier)
{
  self->ended += earlier->ended;
  self->complete += earlier->complete;
  self->multiple += earlier->multiple;
  self->assembly += earlier->assembly;
  self->assembled += earlier->assembled;
  self->unassembled += earlier->unassembled;
  self->bytes += earlier->bytes;
  self->huge += earlier->huge;
}
