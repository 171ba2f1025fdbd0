/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The RTP streams of one webrtcbin: what they are, and the objects that tell of them.
 *
 * Monitor thread only.
 */
#pragma once

#include "statssource.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsRtpStreams GstCallstatsRtpStreams;

/* Adds members to the stream's object, which is the report's last. */
typedef void (*GstCallstatsDescribeStream) (gpointer user_data,
    const GstCallstatsView *view, const GstCallstatsRtpStream *stream,
    CallstatsReport *report);

GstCallstatsRtpStreams *gst_callstats_rtp_streams_new (
    GstCallstatsFabricLink *link, GstElement *webrtcbin);
/* webrtcbin: NULL: gone */
void gst_callstats_rtp_streams_free (
    GstCallstatsRtpStreams *streams, GstElement *webrtcbin);

/* Brings view->streams up to date. */
void gst_callstats_rtp_streams_look (
    GstCallstatsRtpStreams *streams, GstCallstatsView *view);
/* Adds inbound-rtp, outbound-rtp, their remote counterparts, and codecs. */
void gst_callstats_rtp_streams_describe (GstCallstatsRtpStreams *streams,
    const GstCallstatsView *view, GstCallstatsDescribeStream describe_stream,
    gpointer user_data, CallstatsReport *report);

G_END_DECLS
