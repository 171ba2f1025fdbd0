/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The RTP streams of one webrtcbin: when they start, stop and go on, and whether what is
 * sent arrives.
 *
 * Monitor thread only. Reads the sessions of webrtcbin's rtpbin, which takes none of
 * webrtcbin's own locks.
 */
#pragma once

#include "fabriclink.h"
#include "rtcpreader.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsStreams GstCallstatsStreams;

GstCallstatsStreams *gst_callstats_streams_new (GstCallstatsFabricLink *link);
void gst_callstats_streams_free (GstCallstatsStreams *streams);

/* rtcp is what came at a monotonic time. */
void gst_callstats_streams_take_rtcp (
    GstCallstatsStreams *streams, const GstCallstatsRtcp *rtcp, gint64 time);
/* heard: when the other end's last packet came; 0: none did. */
void gst_callstats_streams_look (GstCallstatsStreams *streams, GstElement *webrtcbin,
    GstElement *rtpbin, gint64 heard, gint64 now);

G_END_DECLS
