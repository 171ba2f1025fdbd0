/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the RTP sessions of an rtpbin had counted before the watch of it began: a call may
 * be watched when it has long been running.
 *
 * Monitor thread only.
 */
#pragma once

#include "rtptraffic.h"

G_BEGIN_DECLS

/* Of one SSRC. */
typedef struct {
  guint session;
  gboolean received;
  guint32 ssrc;
  guint64 packets, payload_bytes;
  gint64 lost;
  guint nack, pli, fir;
} GstCallstatsBaseline;

/* Returns: (transfer full): GstCallstatsBaseline */
GArray *gst_callstats_baselines_new (GstElement *rtpbin, GstCallstatsTraffic *traffic);
/* Returns: (nullable): NULL: the whole of it has been watched */
const GstCallstatsBaseline *gst_callstats_baselines_find (
    GArray *baselines, guint session, gboolean received, guint32 ssrc);

G_END_DECLS
