/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The steps of a negotiation. Pure, any thread.
 */
#include "setupsteps.h"

#include "sessiondescription.h"

static const GstCallstatsStepPhases step_phases[] = {
  { CALLSTATS_WEBRTC_FUNCTION_CREATE_OFFER, "createOfferStart", "createOffer" },
  { CALLSTATS_WEBRTC_FUNCTION_CREATE_ANSWER, "createAnswerStart", "createAnswer" },
  { CALLSTATS_WEBRTC_FUNCTION_SET_LOCAL_DESCRIPTION, NULL, "localDescription" },
  { CALLSTATS_WEBRTC_FUNCTION_SET_REMOTE_DESCRIPTION, NULL, "remoteDescription" },
};

const GstCallstatsStepPhases *
gst_callstats_step_find_phases (CallstatsWebrtcFunction function)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (step_phases); i++) {
    if (step_phases[i].function == function)
      return &step_phases[i];
  }
  return NULL;
}

static const GstWebRTCSessionDescription *
find_set (const GstCallstatsSnapshot *snapshot, CallstatsWebrtcFunction function)
{
  return function == CALLSTATS_WEBRTC_FUNCTION_SET_LOCAL_DESCRIPTION ? snapshot->local
                                                                     : snapshot->remote;
}

/* Without a promise there is no answer: what was to be set is looked for. */
gboolean
gst_callstats_step_had_no_effect (
    const GstCallstatsSnapshot *snapshot, const GstCallstatsNegotiationStep *step)
{
  const GstWebRTCSessionDescription *set = find_set (snapshot, step->function);

  if (step->has_promise || !snapshot->open || snapshot->webrtcbin == NULL ||
      step->given == NULL || step->given->type == GST_WEBRTC_SDP_TYPE_ROLLBACK)
    return FALSE;
  return set == NULL || !gst_callstats_sdp_is_same (set->sdp, step->given->sdp);
}

const char *
gst_callstats_get_signaling_nick (GstWebRTCSignalingState state)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (GST_TYPE_WEBRTC_SIGNALING_STATE);
  GEnumValue *value = g_enum_get_value (klass, state);

  return value != NULL ? value->value_nick : "unknown";
}

/* The description that the given one answers, or that it replaces the answer of. */
static const GstWebRTCSessionDescription *
find_peer (const GstCallstatsSnapshot *snapshot, const GstCallstatsNegotiationStep *step)
{
  if (step->given->type == GST_WEBRTC_SDP_TYPE_OFFER)
    return NULL;
  return step->function == CALLSTATS_WEBRTC_FUNCTION_SET_LOCAL_DESCRIPTION
             ? snapshot->remote
             : snapshot->local;
}

char *
gst_callstats_step_diagnose (
    const GstCallstatsSnapshot *snapshot, const GstCallstatsNegotiationStep *step)
{
  const char *state = snapshot->open && snapshot->webrtcbin != NULL
                          ? gst_callstats_get_signaling_nick (snapshot->signaling)
                          : "closed";
  const GstWebRTCSessionDescription *peer;
  g_autofree char *odd = NULL;

  if (step->given == NULL)
    return g_strdup_printf ("the signaling state was %s", state);
  peer = find_peer (snapshot, step);
  odd = gst_callstats_sdp_find_odd (step->given->sdp, peer != NULL ? peer->sdp : NULL);
  return g_strdup_printf ("%s was to be set while the signaling state was %s%s%s",
      gst_webrtc_sdp_type_to_string (step->given->type), state, odd != NULL ? "; " : "",
      odd != NULL ? odd : "");
}
