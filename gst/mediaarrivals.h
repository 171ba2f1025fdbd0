/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When packets of the other end arrive at a webrtcbin, and the RTCP reports among them.
 *
 * Monitor thread only. Probes at the sink pads of its rtpbin, behind the decryption,
 * store the time and post references to reports; they call nothing of webrtcbin's.
 */
#pragma once

#include "fabriclink.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsArrivals GstCallstatsArrivals;

/* A compound RTCP packet with a report or a BYE arrived at a monotonic time. Monitor
 * thread; owner is the link's. */
typedef void (*GstCallstatsRtcpArrived) (gpointer owner, GstBuffer *rtcp, gint64 time);

typedef struct {
  gint64 first; /* of the packets that came without a pause of a second */
  gint64 last;
} GstCallstatsArrival;

GstCallstatsArrivals *gst_callstats_arrivals_new (
    GstCallstatsFabricLink *link, GstCallstatsRtcpArrived arrived);
void gst_callstats_arrivals_free (GstCallstatsArrivals *arrivals);

/* Looks for pads that are new. */
void gst_callstats_arrivals_look (GstCallstatsArrivals *arrivals, GstElement *rtpbin);
/* FALSE: none has arrived. */
gboolean gst_callstats_arrivals_get (GstCallstatsArrivals *arrivals, gboolean rtp,
    gint64 now, GstCallstatsArrival *arrival);

G_END_DECLS
