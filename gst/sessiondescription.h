/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What session descriptions tell of a setup: candidates, fingerprints, what is odd.
 *
 * Pure.
 */
#pragma once

#include <gst/sdp/sdp.h>

G_BEGIN_DECLS

/* Returns: GstCallstatsCandidateTypes of its a=candidate lines */
guint gst_callstats_sdp_get_candidate_types (const GstSDPMessage *sdp);

/* Returns: (transfer full): char: "sha-256 AB:CD…", the hash in lower, the digits in
 * upper case; of the session and of all its media */
GPtrArray *gst_callstats_sdp_get_fingerprints (const GstSDPMessage *sdp);

/* The first m-line that lacks what WebRTC needs, or that does not fit the one of the
 * other end's description. peer: (nullable): that description Returns: (transfer full)
 * (nullable): words; NULL: nothing is odd */
char *gst_callstats_sdp_find_odd (const GstSDPMessage *sdp, const GstSDPMessage *peer);

/* Whether both are of the same session and version. */
gboolean gst_callstats_sdp_is_same (const GstSDPMessage *one, const GstSDPMessage *other);

G_END_DECLS
