/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the members of a report come from: each source knows one side of a webrtcbin.
 *
 * All functions are called on the monitor thread. Probes and handlers that a source
 * connects run on GStreamer's threads: they count, or copy and post.
 */
#pragma once

#include <gst/webrtc/webrtc.h>

#include "../fabriclink.h"
#include "addresses.h"

G_BEGIN_DECLS

/* The `detail` property: the groups of members that can be switched off. What a call is
 * scored by (RTP, RTCP, jitter buffers) is always there. */
typedef enum {
  GST_CALLSTATS_DETAIL_NONE = 0,
  GST_CALLSTATS_DETAIL_FRAMES = 1 << 0,        /* frames, freezes, key frames, sizes */
  GST_CALLSTATS_DETAIL_CODECS = 1 << 1,        /* what encoders and decoders do */
  GST_CALLSTATS_DETAIL_AUDIO = 1 << 2,         /* levels, concealment */
  GST_CALLSTATS_DETAIL_CANDIDATES = 1 << 3,    /* every candidate and pair */
  GST_CALLSTATS_DETAIL_CERTIFICATES = 1 << 4,  /* of both ends */
  GST_CALLSTATS_DETAIL_DATA_CHANNELS = 1 << 5, /* messages and bytes */
  GST_CALLSTATS_DETAIL_ALL = (1 << 6) - 1,
} GstCallstatsDetail;

#define GST_TYPE_CALLSTATS_DETAIL (gst_callstats_detail_get_type ())
GType gst_callstats_detail_get_type (void) G_GNUC_CONST;

/* A stream of media: one SSRC in one direction. Its retransmissions and its forward error
 * correction are no streams of their own. */
typedef struct {
  guint32 ssrc;
  gboolean received;
  guint session;    /* of rtpbin */
  const char *id;   /* of its inbound-rtp or outbound-rtp object */
  const char *kind; /* "audio" or "video"; NULL: unknown */
  const char *mid;  /* NULL: unknown */
  guint clock_rate; /* 0: unknown */
  GstPad *pad;      /* of webrtcbin; NULL: unknown */
} GstCallstatsRtpStream;

/* A webrtcbin at the time of a report. */
typedef struct {
  GstElement *webrtcbin;
  GstElement *rtpbin;
  gint64 now;                /* monotonic */
  const GstStructure *stats; /* the last reply to get-stats; NULL: none yet */
  gint64 stats_time;         /* when it came */
  guint told; /* bits, numbered by GstWebRTCStatsType, that looks set: the types that
                 sources tell, and get-stats need not */
  gboolean want_stats; /* set by a look: what get-stats told has changed */
  GPtrArray *streams;  /* GstCallstatsRtpStream, valid until the next look */
  GstCallstatsCollectIp collect_ip;
} GstCallstatsView;

typedef struct {
  guint detail; /* GstCallstatsDetail: made only with one of these; 0: always */
  /* Begins. May keep link, to post to the monitor thread; it has no owner of use. */
  gpointer (*attach) (
      GstCallstatsFabricLink *link, GstElement *webrtcbin, GstCallstatsDetail detail);
  /* Ends and frees it; webrtcbin is NULL when it is gone. */
  void (*detach) (gpointer source, GstElement *webrtcbin);
  /* Nullable. Before the objects: finds new pads, elements and sessions. */
  void (*look) (gpointer source, GstCallstatsView *view);
  /* Nullable. Adds members to the stream's object, which is the report's last. */
  void (*describe_stream) (gpointer source, const GstCallstatsView *view,
      const GstCallstatsRtpStream *stream, CallstatsReport *report);
  /* Nullable. Adds objects of its own. */
  void (*describe) (
      gpointer source, const GstCallstatsView *view, CallstatsReport *report);
} GstCallstatsStatsSource;

G_END_DECLS
