/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All RTP of one webrtcbin, counted where its RTP sessions meet its transports: what is
 * sent is there with its retransmissions, what is received before the jitter buffer.
 *
 * Monitor thread only; the packets are counted on streaming threads.
 */
#pragma once

#include "rtpflow.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsTraffic GstCallstatsTraffic;

/* One SSRC of a session, as it was when asked for. */
typedef struct {
  guint session;
  gboolean received;
  GstCallstatsFlow flow;
} GstCallstatsSessionFlow;

GstCallstatsTraffic *gst_callstats_traffic_new (GstElement *rtpbin);
/* rtpbin: NULL: gone */
void gst_callstats_traffic_free (GstCallstatsTraffic *traffic, GstElement *rtpbin);

/* What the payload types of a session were negotiated for; GST_CALLSTATS_N_PAYLOADS */
void gst_callstats_traffic_set_payloads (GstCallstatsTraffic *traffic, guint session,
    gboolean received, const GstCallstatsPayload *payloads);
/* Fills flows, an array of GstCallstatsSessionFlow. */
void gst_callstats_traffic_get (GstCallstatsTraffic *traffic, GArray *flows);

G_END_DECLS
