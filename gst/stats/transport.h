/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The transports of one webrtcbin: ICE, DTLS and what goes through them.
 *
 * Monitor thread only, but for the id.
 */
#pragma once

#include "statssource.h"

G_BEGIN_DECLS

/* The id of the transport that one of rtpbin's sessions uses. It has no object's name in
 * it: a transport that GStreamer's own statistics leave out has an id, too. Any thread.
 * Returns: (transfer full) */
char *gst_callstats_transport_id (guint session);

/* Adds transport, certificate, candidate-pair, local-candidate and remote-candidate. */
extern const GstCallstatsStatsSource gst_callstats_transport_source;

G_END_DECLS
