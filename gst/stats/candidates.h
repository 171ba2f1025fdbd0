/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ICE candidates and the pairs of them that were selected, as a report tells them.
 *
 * Pure, for one thread at a time.
 */
#pragma once

#include "statssource.h"
#include "transportwire.h"

G_BEGIN_DECLS

typedef struct {
  gboolean remote;
  char *id;      /* as it is told: without an address in it */
  char *address; /* as ICE has it */
  guint port;    /* 0: none */
  guint priority;
  const char *protocol;       /* "udp" or "tcp" */
  const char *candidate_type; /* "host", "srflx", "prflx" or "relay" */
  const char *tcp_type;       /* nullable: "active", "passive" or "so" */
  const char *relay_protocol; /* nullable: "udp", "tcp" or "tls" */
  char *stun_server;          /* nullable */
  guint stun_port;
  char *related_address; /* nullable */
  guint related_port;
  char *foundation;
  char *username_fragment; /* nullable */
} GstCallstatsIceCandidate;

GstCallstatsIceCandidate *gst_callstats_ice_candidate_copy (
    const GstCallstatsIceCandidate *candidate);
void gst_callstats_ice_candidate_free (gpointer candidate);

/* A candidate's id from what tells it from others, which may be its address: a hash with
 * a key that no one but this process knows. Any thread. Returns: (transfer full) */
char *gst_callstats_ice_candidate_make_id (gboolean remote, const char *identity);

/* The pairs that a transport has had selected. */
typedef struct _GstCallstatsIcePairs GstCallstatsIcePairs;

GstCallstatsIcePairs *gst_callstats_ice_pairs_new (void);
void gst_callstats_ice_pairs_free (GstCallstatsIcePairs *pairs);

/* traffic: the transport's when the pair was selected.
 * Returns: FALSE: it was selected already */
gboolean gst_callstats_ice_pairs_select (GstCallstatsIcePairs *pairs,
    const GstCallstatsIceCandidate *local, const GstCallstatsIceCandidate *remote,
    const GstCallstatsTraffic *traffic);
/* Returns: (nullable): the selected one's id; NULL: none */
const char *gst_callstats_ice_pairs_get_selected (GstCallstatsIcePairs *pairs);
guint gst_callstats_ice_pairs_get_changes (GstCallstatsIcePairs *pairs);

typedef struct {
  const char *transport_id;
  const GstCallstatsTraffic *traffic; /* nullable: the transport's now */
  GPtrArray *candidates;              /* GstCallstatsIceCandidate */
  gboolean all;                       /* FALSE: the selected pair and its ends only */
  gboolean has_estimate;
  double available_outgoing_bitrate;
  GstCallstatsCollectIp collect_ip;
} GstCallstatsIceView;

/* Adds candidate-pair, local-candidate and remote-candidate objects. */
void gst_callstats_ice_pairs_tell (GstCallstatsIcePairs *pairs,
    const GstCallstatsIceView *view, CallstatsReport *report);

G_END_DECLS
