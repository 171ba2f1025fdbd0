/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What libnice's agent knows of one transport, which webrtcbin does not tell.
 *
 * Monitor thread only, but for its beginning and its end.
 */
#pragma once

#include "candidates.h"

G_BEGIN_DECLS

/* Asks the dynamic linker for libnice's functions, which can take its time: before it has
 * to be done on a thread of webrtcbin's. Any thread. */
void gst_callstats_ice_agent_prepare (void);

/* Any thread. sink: what the transport's ICE sends with; found: it may have selected a
 * pair already. Holds wire.
 * Returns: (nullable): NULL: the transport's ICE is not libnice's, or this was built
 * without its headers */
GstCallstatsIceAgent *gst_callstats_ice_agent_new (
    GstCallstatsWire *wire, GstElement *sink, gboolean found);
void gst_callstats_ice_agent_free (GstCallstatsIceAgent *agent);

/* Takes what was selected since the last time. Returns: whether something was */
gboolean gst_callstats_ice_agent_take_selected (
    GstCallstatsIceAgent *agent, GstCallstatsIcePairs *pairs);

/* W3C's RTCIceTransportState and RTCIceRole. */
const char *gst_callstats_ice_agent_get_state (GstCallstatsIceAgent *agent);
const char *gst_callstats_ice_agent_get_role (GstCallstatsIceAgent *agent);
/* Returns: (transfer full) (nullable) */
char *gst_callstats_ice_agent_get_username_fragment (GstCallstatsIceAgent *agent);
/* Returns: (transfer full): GstCallstatsIceCandidate: those of both ends */
GPtrArray *gst_callstats_ice_agent_get_candidates (GstCallstatsIceAgent *agent);

G_END_DECLS
