/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats' fabricUsage from what was negotiated.
 *
 * Pure.
 */
#pragma once

#include <callstats/callstats.h>
#include <gst/sdp/sdp.h>

G_BEGIN_DECLS

/* Of an answer, the description in which both ends agree: several transports are
 * unbundled, several kinds of media on one are multiplex, and one kind is itself, video
 * of a screen screen. Returns: AUTO: nothing is carried */
CallstatsFabricUsage gst_callstats_usage_from_sdp (
    const GstSDPMessage *answer, gboolean screen);

G_END_DECLS
