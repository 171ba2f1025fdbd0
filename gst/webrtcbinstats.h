/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From webrtcbin's get-stats reply to a report with W3C names, units and epoch time.
 *
 * Pure, any thread; a reader belongs to one webrtcbin and one thread at a time.
 */
#pragma once

#include <callstats/callstats.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_COLLECT_IP_FULL,
  GST_CALLSTATS_COLLECT_IP_MASKED,
  GST_CALLSTATS_COLLECT_IP_NONE,
} GstCallstatsCollectIp;

#define GST_TYPE_CALLSTATS_COLLECT_IP (gst_callstats_collect_ip_get_type ())
GType gst_callstats_collect_ip_get_type (void) G_GNUC_CONST;

/* time_us: when the reply was made, in microseconds since the epoch. */
CallstatsReport *gst_callstats_read_stats (
    const GstStructure *reply, gint64 time_us, GstCallstatsCollectIp collect_ip);

/* An address as collect-ip lets it out: /24 of IPv4, /48 of IPv6, nothing of a name.
 * Returns: (transfer full) (nullable): NULL: not at all */
char *gst_callstats_filter_address (
    const char *address, GstCallstatsCollectIp collect_ip);

G_END_DECLS
