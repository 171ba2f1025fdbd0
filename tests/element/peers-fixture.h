/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two webrtcbins named a and b in one pipeline with a callstatsmon, and signalling
 * between them that can be made to fail. Only 127.0.0.1 is used.
 *
 * Every wait is for an event, with a deadline that fails the test. One thread uses a
 * fixture.
 */
#pragma once

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

G_BEGIN_DECLS

typedef struct _Peers Peers;

/* Returns: (transfer full): what is passed on instead of a description or candidate */
typedef char *(*PeersChange) (const char *text, gboolean offer, gpointer data);

/* description: what is in the pipeline beside them, as in gst-launch-1.0, linked to "a."
 */
Peers *peers_new (const char *description, guint setup_timeout_ms);
void peers_free (Peers *peers);

GstElement *peers_get_pipeline (Peers *peers);
GstElement *peers_get_mon (Peers *peers);
GstElement *peers_get (Peers *peers, const char *name);

/* Before negotiating. Candidates within descriptions are for change_sdp. */
void peers_change_sdp (Peers *peers, PeersChange change, gpointer data);
void peers_change_candidates (Peers *peers, PeersChange change, gpointer data);

/* PLAYING, once all of a's sink pads have caps. */
void peers_play (Peers *peers);
/* An offer of a and the answer of b; stops where a step fails. With promises or without.
 */
void peers_negotiate (Peers *peers, gboolean with_promises);

/* Returns: (transfer full): the data of the next event of that name and peer; those
 * before it stay. name "" is the fabric-less user */
GstStructure *peers_wait_event (Peers *peers, const char *peer, const char *event);
guint peers_count_events (Peers *peers, const char *peer, const char *event);
/* The phase of a setup: in fabricSetup's phases, or an event; waits for it. */
double peers_wait_phase (Peers *peers, const char *peer, const char *phase);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Peers, peers_free)

G_END_DECLS
