/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Addresses as collect-ip lets them out. Pure, any thread.
 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_COLLECT_IP_FULL,
  GST_CALLSTATS_COLLECT_IP_MASKED,
  GST_CALLSTATS_COLLECT_IP_NONE,
} GstCallstatsCollectIp;

#define GST_TYPE_CALLSTATS_COLLECT_IP (gst_callstats_collect_ip_get_type ())
GType gst_callstats_collect_ip_get_type (void) G_GNUC_CONST;

/* The /24 of IPv4, the /48 of IPv6, nothing of a name.
 * Returns: (transfer full) (nullable): NULL: not at all */
char *gst_callstats_filter_address (
    const char *address, GstCallstatsCollectIp collect_ip);

G_END_DECLS
