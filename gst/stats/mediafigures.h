/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is counted of one stream's media: its packets, what goes into its codec and comes
 * out, and what is shown.
 *
 * Any thread, one at a time.
 */
#pragma once

#include <gst/gst.h>

#include "audiometer.h"
#include "codectimes.h"
#include "frametimes.h"
#include "rtpframes.h"

G_BEGIN_DECLS

#define GST_CALLSTATS_ARRIVALS 32 /* frames between jitter buffer and decoder */

typedef struct {
  guint width; /* 0: unknown */
  guint height;
} GstCallstatsFrameSize;

/* When the packets of a frame came. */
typedef struct {
  gboolean used;
  guint32 timestamp; /* of RTP */
  GstClockTime pts;  /* once the frame has left the jitter buffer */
  gint64 first;
  gint64 last;
} GstCallstatsArrival;

/* A packet with what of its payload is told. */
typedef struct {
  guint32 ssrc;
  GstClockTime pts;
  GstCallstatsRtpPacket rtp;
  GstCallstatsFrameSize size;
} GstCallstatsPacket;

typedef struct {
  gboolean received;
  guint32 ssrc; /* of the packets that are counted; 0: all */

  /* packets */
  GstCallstatsRtpFrames rtp;
  GstCallstatsFrameSize rtp_size; /* as their payload tells it */
  GstCallstatsArrival arrivals[GST_CALLSTATS_ARRIVALS];
  guint next_arrival;

  /* a video codec */
  GstCallstatsCodecTimes times;
  GstCallstatsFrameRate rate; /* of what came out */
  GstCallstatsFrameSize size; /* of what came out, or the raw side */
  guint64 size_changes;       /* of what came out, but for the first */
  guint64 keys;               /* that came out */
  GstCallstatsFrameRate raw_rate;
  GstCallstatsFrameSize raw_size;
  GstClockTime first_pts, last_pts; /* that came out since the last look; may be none */
  gint64 first_time, last_time;

  /* shown */
  GstCallstatsFrameGaps gaps;

  /* raw audio */
  GstCallstatsAudioMeter meter;
  gboolean in_gap; /* what went into the decoder last was a gap */
  guint64 gaps_of_audio;
  GstCallstatsAudioFormat played_format; /* what the sink plays, of all that it mixes */
  guint64 played;                        /* samples of one channel */
  double played_seconds;
} GstCallstatsMediaFigures;

/* Returns: FALSE: it is no RTP packet */
gboolean gst_callstats_packet_read (
    GstCallstatsPacket *packet, GstBuffer *buffer, GstCallstatsVideoCodec codec);
void gst_callstats_media_figures_take_packet (
    GstCallstatsMediaFigures *figures, const GstCallstatsPacket *packet);
/* A packet comes to the jitter buffer. */
void gst_callstats_media_figures_take_arrival (
    GstCallstatsMediaFigures *figures, guint32 timestamp, gint64 now);

void gst_callstats_media_figures_take_frame_in (
    GstCallstatsMediaFigures *figures, GstBuffer *frame, gint64 now);
void gst_callstats_media_figures_take_frame_out (
    GstCallstatsMediaFigures *figures, GstBuffer *frame, gint64 now);
/* Caps of a codec's pad, on the side that raw tells. */
void gst_callstats_media_figures_take_caps (
    GstCallstatsMediaFigures *figures, GstCaps *caps, gboolean out);
/* What goes into an audio decoder: a gap, or something. */
void gst_callstats_media_figures_take_gap (
    GstCallstatsMediaFigures *figures, gboolean gap);

/* What goes into an audio sink. */
void gst_callstats_media_figures_take_played_caps (
    GstCallstatsMediaFigures *figures, GstCaps *caps);
void gst_callstats_media_figures_take_played (
    GstCallstatsMediaFigures *figures, gsize size);

/* Adds what an earlier part of the same stream came to. */
void gst_callstats_media_figures_carry (
    GstCallstatsMediaFigures *figures, const GstCallstatsMediaFigures *earlier);

G_END_DECLS
