/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The frames in a stream of RTP packets of video.
 *
 * Pure, any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_VIDEO_CODEC_OTHER,
  GST_CALLSTATS_VIDEO_CODEC_VP8,  /* RFC 7741 */
  GST_CALLSTATS_VIDEO_CODEC_VP9,  /* RFC 9628 */
  GST_CALLSTATS_VIDEO_CODEC_H264, /* RFC 6184 */
} GstCallstatsVideoCodec;

typedef enum {
  GST_CALLSTATS_START_UNKNOWN,
  GST_CALLSTATS_START_YES, /* a frame starts with this payload */
  GST_CALLSTATS_START_NO,
} GstCallstatsStart;

#define GST_CALLSTATS_VIDEO_PAYLOAD_BYTES 24 /* of a payload that are looked at */

typedef struct {
  GstCallstatsStart start;
  guint width; /* 0: it does not tell */
  guint height;
} GstCallstatsVideoPayload;

typedef struct {
  guint16 seqnum;
  guint32 timestamp;
  gboolean marker;
  guint size; /* of the payload */
  GstCallstatsStart start;
  gint64 first_arrival; /* of its frame's packets, in microseconds; -1: unknown */
  gint64 last_arrival;
} GstCallstatsRtpPacket;

typedef struct {
  gboolean any;    /* packet */
  gboolean open;   /* a frame whose end has not come */
  gboolean intact; /* nothing of it is missing */
  guint16 seqnum;  /* of the last packet */
  guint32 timestamp;
  guint packets; /* of the frame */
  guint64 size;
  gint64 first_arrival;
  gint64 last_arrival;

  guint64 ended;       /* frames, whole or not */
  guint64 complete;    /* frames */
  guint64 multiple;    /* complete ones of several packets */
  double assembly;     /* seconds from first to last packet of those where it is known */
  guint64 assembled;   /* of those */
  guint64 unassembled; /* where it is not, but for those at the start */
  guint64 bytes;       /* of all that ended */
  guint64 huge;        /* frames of more than 2.5 times the mean size of those before */
} GstCallstatsRtpFrames;

/* name: RTP's encoding-name; NULL: unknown */
GstCallstatsVideoCodec gst_callstats_video_codec_from_name (const char *name);
/* data: what the payload begins with, up to GST_CALLSTATS_VIDEO_PAYLOAD_BYTES */
GstCallstatsVideoPayload gst_callstats_video_payload_read (
    GstCallstatsVideoCodec codec, const guint8 *data, gsize size);

/* Returns: whether the packet ended a frame, or the one before */
gboolean gst_callstats_rtp_frames_add (
    GstCallstatsRtpFrames *frames, const GstCallstatsRtpPacket *packet);
void gst_callstats_rtp_frames_carry (
    GstCallstatsRtpFrames *frames, const GstCallstatsRtpFrames *earlier);

G_END_DECLS
