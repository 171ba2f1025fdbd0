/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which SSRCs a negotiation named, for callstats' ssrcMap.
 *
 * Pure, any thread.
 */
#pragma once

#include <gst/sdp/sdp.h>

G_BEGIN_DECLS

/* local, remote: (nullable): the session descriptions
 * Returns: (transfer floating) (nullable): an a{sv} with ssrcData, an aa{sv}; NULL: none
 */
GVariant *gst_callstats_get_ssrc_map (
    const GstSDPMessage *local, const GstSDPMessage *remote);

G_END_DECLS
