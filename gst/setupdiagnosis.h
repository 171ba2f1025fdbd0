/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Why a call does not come up, in words, from what was seen of it.
 *
 * Pure.
 */
#pragma once

#include <callstats/callstats.h>

G_BEGIN_DECLS

/* Sets of types of candidates. */
typedef enum {
  GST_CALLSTATS_CANDIDATE_HOST = 1 << 0,
  GST_CALLSTATS_CANDIDATE_SRFLX = 1 << 1,
  GST_CALLSTATS_CANDIDATE_PRFLX = 1 << 2,
  GST_CALLSTATS_CANDIDATE_RELAY = 1 << 3,
} GstCallstatsCandidateTypes;

/* A line such as "candidate:1 1 UDP 1 192.0.2.1 9 typ host". 0: it is malformed */
GstCallstatsCandidateTypes gst_callstats_candidate_get_type (const char *candidate);

typedef enum {
  GST_CALLSTATS_DTLS_NEW,
  GST_CALLSTATS_DTLS_CONNECTING,
  GST_CALLSTATS_DTLS_CONNECTED,
  GST_CALLSTATS_DTLS_FAILED,
} GstCallstatsDtlsProgress;

/* What was seen of a setup. */
typedef struct {
  gboolean local_description, remote_description;
  guint local_candidates, remote_candidates; /* GstCallstatsCandidateTypes */
  gboolean gathered;                         /* no more local candidates will come */
  gboolean stun, turn;                       /* a server is configured */
  gboolean relay_only;                       /* ice-transport-policy=relay */
  gboolean checked;                          /* ICE began to check */
  gboolean connected;                        /* ICE was connected */
  gboolean failed;                           /* ICE failed */
  gboolean has_dtls;                         /* a DTLS transport is known */
  GstCallstatsDtlsProgress dtls;
  char *odd; /* nullable: what is odd about the descriptions */
} GstCallstatsSetupFacts;

typedef struct {
  CallstatsWebrtcFunction function;
  CallstatsFailureReason reason;
  char *text;
} GstCallstatsDiagnosis;

/* Whether the call is up: the connection, and DTLS as far as it is known. */
gboolean gst_callstats_setup_is_up (const GstCallstatsSetupFacts *facts);
/* Whether nothing can come of it any more: gathering is complete without a candidate. */
gboolean gst_callstats_setup_is_hopeless (const GstCallstatsSetupFacts *facts);
void gst_callstats_diagnose (
    const GstCallstatsSetupFacts *facts, GstCallstatsDiagnosis *diagnosis);

G_END_DECLS
