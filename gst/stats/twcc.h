/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What transport-wide congestion control tells of a transport: the feedback that rtpbin's
 * session sums up, and an estimator of bandwidth where the application has one.
 *
 * Monitor thread only, but for its handlers.
 */
#pragma once

#include "statssource.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsTwcc GstCallstatsTwcc;

GstCallstatsTwcc *gst_callstats_twcc_new (GstElement *webrtcbin);
/* webrtcbin: NULL: gone */
void gst_callstats_twcc_free (GstCallstatsTwcc *twcc, GstElement *webrtcbin);

/* Adds members to the transport object of one of rtpbin's sessions, which is the report's
 * last. Nothing where TWCC was not negotiated. */
void gst_callstats_twcc_tell (GstElement *rtpbin, guint session, CallstatsReport *report);

/* Returns: FALSE: there is no estimator, or there are several */
gboolean gst_callstats_twcc_get_estimate (GstCallstatsTwcc *twcc, double *bitrate);

G_END_DECLS
