/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What webrtcbin's get-stats tells, with W3C names and units, and without its defects.
 *
 * It is read for what no source of ours tells better. Pure, any thread.
 */
#pragma once

#include <callstats/callstats.h>
#include <gst/gst.h>

#include "addresses.h"

G_BEGIN_DECLS

/* reply: to get-stats; told: bits, numbered by GstWebRTCStatsType, of the types that the
 * report's sources tell themselves: what is of one of them is left out. */
void gst_callstats_get_stats_tell (const GstStructure *reply, guint told,
    GstCallstatsCollectIp collect_ip, CallstatsReport *report);

/* What follows adds to the report's last object, from the only object of a type, a
 * GstWebRTCStatsType, that there is in the reply; nothing where there are several. */

/* The members that no table here knows, in camel case. */
void gst_callstats_get_stats_tell_unknown (
    const GstStructure *reply, guint type, CallstatsReport *report);
/* The member that GStreamer calls name. */
void gst_callstats_get_stats_tell_known (const GstStructure *reply, guint type,
    const char *name, GstCallstatsCollectIp collect_ip, CallstatsReport *report);

G_END_DECLS
