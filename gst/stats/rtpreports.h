/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What RTCP tells of the streams of one webrtcbin, in both directions, as it passes.
 *
 * Monitor thread only; the packets are read on streaming threads.
 */
#pragma once

#include <gst/gst.h>

#include "rtcpledger.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsRtcpReports GstCallstatsRtcpReports;

GstCallstatsRtcpReports *gst_callstats_rtcp_reports_new (GstElement *rtpbin);
/* rtpbin: NULL: gone */
void gst_callstats_rtcp_reports_free (
    GstCallstatsRtcpReports *reports, GstElement *rtpbin);

/* All 0 where nothing was told. */
void gst_callstats_rtcp_reports_get_sent (GstCallstatsRtcpReports *reports, guint session,
    guint32 ssrc, GstCallstatsSentReports *sent);
void gst_callstats_rtcp_reports_get_received (GstCallstatsRtcpReports *reports,
    guint session, guint32 ssrc, GstCallstatsReceivedReports *received);

G_END_DECLS
