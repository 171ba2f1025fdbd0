/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Why a call does not come up, in words, from what was seen of it. Pure.
 */
#include <string.h>

#include "setupdiagnosis.h"

typedef GstCallstatsSetupFacts Facts;

static const struct {
  const char *name;
  GstCallstatsCandidateTypes type;
} candidate_types[] = {
  { "host", GST_CALLSTATS_CANDIDATE_HOST },
  { "srflx", GST_CALLSTATS_CANDIDATE_SRFLX },
  { "prflx", GST_CALLSTATS_CANDIDATE_PRFLX },
  { "relay", GST_CALLSTATS_CANDIDATE_RELAY },
};

/* foundation component transport priority address port "typ" type */
GstCallstatsCandidateTypes
gst_callstats_candidate_get_type (const char *candidate)
{
  g_auto (GStrv) words = NULL;
  guint i;

  if (g_str_has_prefix (candidate, "a="))
    candidate += 2;
  if (!g_str_has_prefix (candidate, "candidate:"))
    return 0;
  words = g_strsplit_set (candidate, " \r\n", 9);
  if (g_strv_length (words) < 8 || strcmp (words[6], "typ") != 0)
    return 0;
  for (i = 0; i < G_N_ELEMENTS (candidate_types); i++) {
    if (strcmp (words[7], candidate_types[i].name) == 0)
      return candidate_types[i].type;
  }
  return 0;
}

/* The clauses, in the order in which they are told. The first whose row has a reason
 * gives the failure its reason. */

static gboolean
nothing_negotiated (const Facts *facts)
{
  return !facts->local_description && !facts->remote_description;
}

static gboolean
no_local_description (const Facts *facts)
{
  return !facts->local_description && facts->remote_description;
}

static gboolean
dtls_failed (const Facts *facts)
{
  return facts->has_dtls && facts->dtls == GST_CALLSTATS_DTLS_FAILED;
}

static gboolean
dtls_not_started (const Facts *facts)
{
  return facts->connected && facts->has_dtls && facts->dtls == GST_CALLSTATS_DTLS_NEW;
}

static gboolean
dtls_not_finished (const Facts *facts)
{
  return facts->connected && facts->has_dtls &&
         facts->dtls == GST_CALLSTATS_DTLS_CONNECTING;
}

static gboolean
is_negotiated (const Facts *facts)
{
  return facts->local_description && facts->remote_description;
}

static gboolean
wants_turn (const Facts *facts)
{
  return facts->turn || facts->relay_only;
}

static gboolean
no_relay (const Facts *facts)
{
  return !facts->connected && facts->local_description && wants_turn (facts) &&
         !(facts->local_candidates & GST_CALLSTATS_CANDIDATE_RELAY);
}

static gboolean
no_relay_gathered (const Facts *facts)
{
  return no_relay (facts) && facts->gathered;
}

static gboolean
no_relay_yet (const Facts *facts)
{
  return no_relay (facts) && !facts->gathered;
}

static gboolean
no_local_candidates (const Facts *facts)
{
  return !facts->connected && facts->gathered && facts->local_candidates == 0;
}

/* Where nothing was gathered an answer would not help. */
static gboolean
no_remote_description (const Facts *facts)
{
  return facts->local_description && !facts->remote_description &&
         !no_local_candidates (facts);
}

static gboolean
no_remote_candidates (const Facts *facts)
{
  return !facts->connected && facts->remote_description && facts->remote_candidates == 0;
}

static gboolean
only_host_candidates (const Facts *facts)
{
  return !facts->connected && facts->local_candidates == GST_CALLSTATS_CANDIDATE_HOST &&
         facts->remote_candidates == GST_CALLSTATS_CANDIDATE_HOST;
}

static gboolean
gathering_goes_on (const Facts *facts)
{
  return !facts->connected && facts->local_description && !facts->gathered &&
         !no_relay (facts);
}

static gboolean
checks_failed (const Facts *facts)
{
  return !facts->connected && facts->failed;
}

static gboolean
checks_go_on (const Facts *facts)
{
  return !facts->connected && !facts->failed && facts->checked;
}

static gboolean
never_checked (const Facts *facts)
{
  return !facts->connected && !facts->failed && !facts->checked &&
         is_negotiated (facts) && facts->local_candidates != 0 &&
         facts->remote_candidates != 0;
}

static gboolean
dtls_waits_for_ice (const Facts *facts)
{
  return !facts->connected && is_negotiated (facts);
}

#define NONE (-1)
#define NEGOTIATION CALLSTATS_FAILURE_REASON_NEGOTIATION_FAILURE
#define ICE CALLSTATS_FAILURE_REASON_ICE_CONNECTION_FAILURE
#define TRANSPORT CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE

#define CONNECTION CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE
#define OFFER CALLSTATS_WEBRTC_FUNCTION_CREATE_OFFER
#define ANSWER CALLSTATS_WEBRTC_FUNCTION_CREATE_ANSWER
#define REMOTE CALLSTATS_WEBRTC_FUNCTION_SET_REMOTE_DESCRIPTION

static const struct {
  gboolean (*holds) (const Facts *facts);
  int reason; /* NONE: only evidence */
  CallstatsWebrtcFunction function;
  const char *text;
} clauses[] = {
  { dtls_failed, TRANSPORT, CONNECTION,
      "the DTLS handshake failed; the peer may have refused our certificate" },
  { dtls_not_started, TRANSPORT, CONNECTION, "ICE connected, but DTLS never started" },
  { dtls_not_finished, TRANSPORT, CONNECTION,
      "ICE connected and DTLS started, but its handshake never ended" },
  { nothing_negotiated, NEGOTIATION, OFFER,
      "nothing was ever negotiated: no local and no remote description" },
  { no_remote_description, NEGOTIATION, REMOTE,
      "no remote description: the offer was never answered" },
  { no_local_description, NEGOTIATION, ANSWER,
      "no local description: the remote offer was never answered here" },
  { no_relay_gathered, ICE, CONNECTION,
      "TURN configured but no relay candidate: gathering ended with none, so the server "
      "is unreachable or refuses the credentials" },
  { no_relay_yet, ICE, CONNECTION,
      "TURN configured but no relay candidate: gathering has not ended" },
  { no_local_candidates, ICE, CONNECTION,
      "no local candidates: gathering ended with none" },
  { no_remote_candidates, ICE, CONNECTION, "no remote candidates" },
  { only_host_candidates, ICE, CONNECTION, "only host candidates on both sides" },
  { gathering_goes_on, NONE, CONNECTION, "gathering has not ended" },
  { checks_failed, ICE, CONNECTION, "no candidate pair works" },
  { checks_go_on, ICE, CONNECTION, "connectivity checks have had no answer" },
  { never_checked, ICE, CONNECTION, "connectivity checks never started" },
  { dtls_waits_for_ice, NONE, CONNECTION, "DTLS never started" },
};

static void
append_clause (GString *text, const char *clause)
{
  if (text->len > 0)
    g_string_append (text, "; ");
  g_string_append (text, clause);
}

/* "host–host, host–relay": local before remote. */
static void
append_pairs (GString *text, const Facts *facts)
{
  guint i, k, n = 0;

  if (facts->connected || facts->local_candidates == 0 || facts->remote_candidates == 0)
    return;
  append_clause (text, "candidate pair types tried: ");
  for (i = 0; i < G_N_ELEMENTS (candidate_types); i++) {
    for (k = 0; k < G_N_ELEMENTS (candidate_types); k++) {
      if (!(facts->local_candidates & candidate_types[i].type) ||
          !(facts->remote_candidates & candidate_types[k].type))
        continue;
      g_string_append_printf (text, "%s%s-%s", n++ > 0 ? ", " : "",
          candidate_types[i].name, candidate_types[k].name);
    }
  }
}

gboolean
gst_callstats_setup_is_up (const Facts *facts)
{
  return facts->connected &&
         (!facts->has_dtls || facts->dtls == GST_CALLSTATS_DTLS_CONNECTED);
}

gboolean
gst_callstats_setup_is_hopeless (const Facts *facts)
{
  return no_local_candidates (facts);
}

void
gst_callstats_diagnose (const Facts *facts, GstCallstatsDiagnosis *diagnosis)
{
  GString *text = g_string_new (NULL);
  gboolean found = FALSE;
  guint i;

  diagnosis->reason = ICE;
  diagnosis->function = CONNECTION;
  for (i = 0; i < G_N_ELEMENTS (clauses); i++) {
    if (!clauses[i].holds (facts))
      continue;
    append_clause (text, clauses[i].text);
    if (found || clauses[i].reason == NONE)
      continue;
    found = TRUE;
    diagnosis->reason = (CallstatsFailureReason)clauses[i].reason;
    diagnosis->function = clauses[i].function;
  }
  append_pairs (text, facts);
  if (facts->odd != NULL)
    append_clause (text, facts->odd);
  if (text->len == 0)
    g_string_append (text, "nothing of what was seen tells why");
  diagnosis->text = g_string_free (text, FALSE);
}
