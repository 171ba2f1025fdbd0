/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How one webrtcbin's call is set up. Handlers of notifications run on webrtcbin's
 * threads, read the property they are about and post; everything else runs on the monitor
 * thread.
 */
#include "certificate.h"
#include "dtlswatch.h"
#include "firstmedia.h"
#include "neededplugins.h"
#include "negotiationwatch.h"
#include "sessiondescription.h"
#include "setupdiagnosis.h"
#include "setupsteps.h"
#include "setupwatch.h"
#include "usage.h"

#define ANSWER_MS \
  2000 /* after the time-out, until webrtcbin's answer is not waited for */

typedef struct {
  GstCallstatsFabricLink *link;
  GstCallstatsFence *fence;
  GArray *handlers; /* gulong */
  GstCallstatsNegotiationWatch *negotiation;
  GstCallstatsDtlsWatch *dtls;
  GstCallstatsFirstMedia *first_media; /* NULL: media flowed already */

  GstCallstatsSetupFacts facts;
  guint dtls_connected;    /* transports */
  GPtrArray *fingerprints; /* char: what the remote description promises */
  guint remote_mlines;     /* 0: no remote description */
  gboolean mismatch_told;

  guint timeout_ms;
  GSource *timeout;    /* NULL: the call is up, or has failed */
  gboolean has_failed; /* a failure of the setup was told */
  gboolean transport_failed;
  gboolean up; /* it was, once */

  CallstatsFabricUsage usage; /* AUTO: none told */
  gboolean follows_usage;
  gboolean screen;
} Setup;

static void
stop_timeout (Setup *self)
{
  if (self->timeout == NULL)
    return;
  g_source_destroy (self->timeout);
  g_clear_pointer (&self->timeout, g_source_unref);
}

static void
mark (Setup *self, const char *phase, gint64 time)
{
  callstats_client_mark_phase (self->link->client, self->link->fabric, phase, time);
}

/* Failures */

static void
fail (Setup *self, CallstatsWebrtcFunction function, CallstatsFailureReason reason,
    GVariantDict *details, gint64 time)
{
  self->has_failed = TRUE;
  stop_timeout (self);
  callstats_client_tell_failure (self->link->client, self->link->fabric, function, reason,
      g_variant_dict_end (details), time);
}

static void
describe (
    GVariantDict *dict, const char *name, const char *message, const char *diagnosis)
{
  g_variant_dict_init (dict, NULL);
  g_variant_dict_insert (dict, "name", "s", name);
  g_variant_dict_insert (dict, "message", "s", message);
  if (diagnosis != NULL)
    g_variant_dict_insert (dict, "diagnosis", "s", diagnosis);
}

static void
fail_with_diagnosis (Setup *self, const char *name, const char *message, gint64 time)
{
  GstCallstatsDiagnosis diagnosis;
  GVariantDict dict;

  gst_callstats_diagnose (&self->facts, &diagnosis);
  describe (&dict, name, message, diagnosis.text);
  g_free (diagnosis.text);
  fail (self, diagnosis.function, diagnosis.reason, &dict, time);
}

/* What a snapshot tells */

static void
take_description (Setup *self, const GstWebRTCSessionDescription *description,
    gboolean *known, guint *candidates)
{
  if (description == NULL)
    return;
  *known = TRUE;
  *candidates |= gst_callstats_sdp_get_candidate_types (description->sdp);
}

static void
take_odd (Setup *self, const GstCallstatsSnapshot *snapshot)
{
  g_clear_pointer (&self->facts.odd, g_free);
  if (snapshot->remote != NULL)
    self->facts.odd = gst_callstats_sdp_find_odd (
        snapshot->remote->sdp, snapshot->local != NULL ? snapshot->local->sdp : NULL);
}

static void
take_remote (Setup *self, const GstCallstatsSnapshot *snapshot)
{
  if (snapshot->remote == NULL)
    return;
  self->remote_mlines = gst_sdp_message_medias_len (snapshot->remote->sdp);
  g_clear_pointer (&self->fingerprints, g_ptr_array_unref);
  self->fingerprints = gst_callstats_sdp_get_fingerprints (snapshot->remote->sdp);
  if (self->facts.remote_candidates != 0)
    mark (self, "firstRemoteCandidate", snapshot->time);
}

/* Both ends agree in the answer. */
static void
update_usage (Setup *self, const GstCallstatsSnapshot *snapshot)
{
  const GstWebRTCSessionDescription *answer = snapshot->current_remote;
  CallstatsFabricUsage usage;
  GVariantDict dict;

  if (!self->follows_usage || snapshot->current_local == NULL || answer == NULL ||
      snapshot->signaling != GST_WEBRTC_SIGNALING_STATE_STABLE)
    return;
  if (answer->type != GST_WEBRTC_SDP_TYPE_ANSWER)
    answer = snapshot->current_local;
  usage = gst_callstats_usage_from_sdp (answer->sdp, self->screen);
  if (usage == CALLSTATS_FABRIC_USAGE_AUTO || usage == self->usage)
    return;
  self->usage = usage;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "fabricUsage", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_FABRIC_USAGE, usage));
  callstats_client_tell_event (self->link->client, self->link->fabric, "fabricUsageEvent",
      g_variant_dict_end (&dict), snapshot->time);
}

static void
take_snapshot (Setup *self, const GstCallstatsSnapshot *snapshot)
{
  GstCallstatsSetupFacts *facts = &self->facts;

  if (!snapshot->open || snapshot->webrtcbin == NULL)
    return;
  take_description (
      self, snapshot->local, &facts->local_description, &facts->local_candidates);
  take_description (
      self, snapshot->remote, &facts->remote_description, &facts->remote_candidates);
  take_remote (self, snapshot);
  take_odd (self, snapshot);
  facts->stun |= snapshot->stun;
  facts->turn |= snapshot->turn;
  facts->relay_only = snapshot->relay_only;
  facts->gathered = snapshot->gathering == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE;
  gst_callstats_dtls_watch_add (self->dtls, snapshot->transports);
  facts->has_dtls = gst_callstats_dtls_watch_get_n (self->dtls) > 0;
  if (self->first_media != NULL)
    gst_callstats_first_media_look (self->first_media, snapshot->webrtcbin);
  update_usage (self, snapshot);
}

/* The call is up */

static void
check_up (Setup *self)
{
  if (!gst_callstats_setup_is_up (&self->facts))
    return;
  self->up = TRUE;
  stop_timeout (self);
}

/* It ended without a connection */

static void
fail_if_hopeless (gpointer owner, const GstCallstatsSnapshot *snapshot, gpointer data)
{
  Setup *self = owner;

  take_snapshot (self, snapshot);
  if (!self->has_failed && !self->up && gst_callstats_setup_is_hopeless (&self->facts))
    fail_with_diagnosis (self, "gathering-complete",
        "ICE gathering is complete, without any local candidate", snapshot->time);
}

static void
fail_for_ice (gpointer owner, const GstCallstatsSnapshot *snapshot, gpointer data)
{
  Setup *self = owner;

  take_snapshot (self, snapshot);
  self->facts.failed = TRUE;
  if (!self->has_failed && !self->facts.connected)
    fail_with_diagnosis (self, "ice-connection-failed",
        "ICE found no way to the other end", snapshot->time);
}

static void
fail_for_time (Setup *self)
{
  g_autofree char *message = NULL;

  if (self->has_failed || self->up)
    return;
  if (self->facts.connected && !self->facts.has_dtls)
    return;
  message = g_strdup_printf ("There was no connection within %u ms", self->timeout_ms);
  fail_with_diagnosis (self, "setup-timeout", message, g_get_monotonic_time ());
}

static void
on_timeout_answer (gpointer owner, const GstCallstatsSnapshot *snapshot, gpointer data)
{
  take_snapshot (owner, snapshot);
  fail_for_time (owner);
}

static gboolean
on_no_answer (gpointer data)
{
  Setup *self = data;

  stop_timeout (self);
  fail_for_time (self);
  return G_SOURCE_REMOVE;
}

/* A webrtcbin that is stuck does not answer; what was seen of it must do then. */
static gboolean
on_timeout (gpointer data)
{
  Setup *self = data;

  stop_timeout (self);
  self->timeout = callstats_monitor_add_timeout (ANSWER_MS, on_no_answer, self, NULL);
  gst_callstats_fence_pass (self->fence, NULL, NULL, on_timeout_answer, NULL, NULL);
  return G_SOURCE_REMOVE;
}

/* Steps of the negotiation */

static void
fail_step (Setup *self, const GstCallstatsSnapshot *snapshot,
    const GstCallstatsNegotiationStep *step)
{
  const GError *error = snapshot->error;
  g_autofree char *diagnosis = gst_callstats_step_diagnose (snapshot, step);
  GVariantDict dict;

  describe (&dict, error != NULL ? g_quark_to_string (error->domain) : "no-effect",
      error != NULL ? error->message : "webrtcbin did not take the description",
      diagnosis);
  if (snapshot->open && snapshot->webrtcbin != NULL)
    g_variant_dict_insert (&dict, "signalingState", "s",
        gst_callstats_get_signaling_nick (snapshot->signaling));
  fail (self, step->function, callstats_webrtc_function_get_reason (step->function),
      &dict, snapshot->time);
}

static void
on_step (gpointer owner, const GstCallstatsSnapshot *snapshot,
    const GstCallstatsNegotiationStep *step)
{
  Setup *self = owner;
  const GstCallstatsStepPhases *phases = gst_callstats_step_find_phases (step->function);

  if (phases->asked != NULL)
    mark (self, phases->asked, step->asked);
  take_snapshot (self, snapshot);
  if (snapshot->error != NULL || gst_callstats_step_had_no_effect (snapshot, step))
    fail_step (self, snapshot, step);
  else if (snapshot->open)
    mark (self, phases->done, snapshot->time);
}

/* Candidates */

/* webrtcbin only logs what it cannot use. */
static void
fail_candidate (Setup *self, const char *message, const char *diagnosis, gint64 time)
{
  CallstatsWebrtcFunction function = CALLSTATS_WEBRTC_FUNCTION_ADD_ICE_CANDIDATE;
  GVariantDict dict;

  describe (&dict, "ice-candidate", message, diagnosis);
  fail (self, function, callstats_webrtc_function_get_reason (function), &dict, time);
}

/* The remote description may have been set just before: it is looked at again. */
static void
check_mline (gpointer owner, const GstCallstatsSnapshot *snapshot, gpointer data)
{
  Setup *self = owner;
  guint mline = GPOINTER_TO_UINT (data);
  g_autofree char *diagnosis = NULL;

  take_snapshot (self, snapshot);
  if (self->remote_mlines == 0 || mline < self->remote_mlines)
    return;
  diagnosis =
      g_strdup_printf ("a candidate for m-line %u, but the remote description has %u",
          mline, self->remote_mlines);
  fail_candidate (self, "The candidate is for an m-line that there is not", diagnosis,
      snapshot->time);
}

static void
take_remote_candidate (Setup *self, const GstCallstatsCandidate *candidate, guint type)
{
  if (type == 0) {
    fail_candidate (self, "The candidate is malformed",
        "a remote candidate that webrtcbin cannot read and ignores", candidate->time);
    return;
  }
  self->facts.remote_candidates |= type;
  mark (self, "firstRemoteCandidate", candidate->time);
  if (self->remote_mlines > 0 && candidate->mline >= self->remote_mlines)
    gst_callstats_fence_pass (
        self->fence, NULL, NULL, check_mline, GUINT_TO_POINTER (candidate->mline), NULL);
}

/* An empty one ends the candidates. */
static void
on_candidate (gpointer owner, const GstCallstatsCandidate *candidate)
{
  Setup *self = owner;
  guint type;

  if (*candidate->text == '\0' || g_str_has_suffix (candidate->text, "end-of-candidates"))
    return;
  type = gst_callstats_candidate_get_type (candidate->text);
  if (candidate->remote) {
    take_remote_candidate (self, candidate, type);
    return;
  }
  self->facts.local_candidates |= type;
  mark (self, "firstLocalCandidate", candidate->time);
}

static void
on_turn_server (gpointer owner)
{
  Setup *self = owner;

  self->facts.turn = TRUE;
}

static const GstCallstatsNegotiationCallbacks negotiation_callbacks = {
  .step = on_step,
  .candidate = on_candidate,
  .turn_server = on_turn_server,
};

/* ICE */

static void
take_gathering (gpointer owner, gpointer data)
{
  Setup *self = owner;

  if (GPOINTER_TO_INT (data) == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
    gst_callstats_fence_pass (self->fence, NULL, NULL, fail_if_hopeless, NULL, NULL);
}

static void
take_connection (gpointer owner, gpointer data)
{
  Setup *self = owner;

  switch (GPOINTER_TO_INT (data)) {
  case GST_WEBRTC_ICE_CONNECTION_STATE_CHECKING:
    self->facts.checked = TRUE;
    break;
  case GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED:
  case GST_WEBRTC_ICE_CONNECTION_STATE_COMPLETED:
    self->facts.connected = TRUE;
    check_up (self);
    break;
  case GST_WEBRTC_ICE_CONNECTION_STATE_FAILED:
    gst_callstats_fence_pass (self->fence, NULL, NULL, fail_for_ice, NULL, NULL);
    break;
  default:
    break;
  }
}

static const char *const gathering_phases[] = {
  [GST_WEBRTC_ICE_GATHERING_STATE_GATHERING] = "gatheringStart",
  [GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE] = "gatheringComplete",
};

static const char *const connection_phases[] = {
  [GST_WEBRTC_ICE_CONNECTION_STATE_CHECKING] = "checking",
  [GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED] = "connected",
  [GST_WEBRTC_ICE_CONNECTION_STATE_COMPLETED] = "connected",
};

/* The phase at once: it belongs before what the state leads to. */
static void
tell_state (GstCallstatsFence *fence, const char *const *phases, guint n_phases,
    guint state, GstCallstatsPosted func)
{
  GstCallstatsFabricLink *link = gst_callstats_fence_get_link (fence);

  if (state < n_phases && phases[state] != NULL)
    callstats_client_mark_phase (
        link->client, link->fabric, phases[state], g_get_monotonic_time ());
  gst_callstats_fence_post (fence, func, GINT_TO_POINTER (state), NULL);
}

static void
on_gathering_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  GstWebRTCICEGatheringState state;

  g_object_get (webrtcbin, "ice-gathering-state", &state, NULL);
  tell_state (user_data, gathering_phases, G_N_ELEMENTS (gathering_phases), state,
      take_gathering);
}

static void
on_connection_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  GstWebRTCICEConnectionState state;

  g_object_get (webrtcbin, "ice-connection-state", &state, NULL);
  tell_state (user_data, connection_phases, G_N_ELEMENTS (connection_phases), state,
      take_connection);
}

/* Up to 1.26 the ICE connection state is that of the media alone: with nothing but data
 * channels it stays new, and only the connection state tells. */
static void
on_peer_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  GstCallstatsFabricLink *link = gst_callstats_fence_get_link (user_data);
  GstWebRTCPeerConnectionState state;
  GstWebRTCICEConnectionState ice;

  g_object_get (
      webrtcbin, "connection-state", &state, "ice-connection-state", &ice, NULL);
  if (state != GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED ||
      ice != GST_WEBRTC_ICE_CONNECTION_STATE_NEW)
    return;
  tell_state (user_data, connection_phases, G_N_ELEMENTS (connection_phases),
      GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED, take_connection);
  callstats_client_set_ice_connection_state (
      link->client, link->fabric, CALLSTATS_ICE_CONNECTION_STATE_CONNECTED);
}

/* DTLS */

/* webrtcbin up to 1.28 does not look whose certificate it is. */
static void
check_certificate (Setup *self, const char *certificate, gint64 time)
{
  g_autofree char *own = NULL;
  g_autofree char *diagnosis = NULL;
  GVariantDict dict;

  if (self->mismatch_told || certificate == NULL || self->fingerprints == NULL ||
      gst_callstats_certificate_compare (certificate, self->fingerprints, &own) !=
          GST_CALLSTATS_CERTIFICATE_DIFFERS)
    return;
  self->mismatch_told = TRUE;
  diagnosis = g_strdup_printf ("the other end's certificate does not match a=fingerprint "
                               "of the remote description: "
                               "it is %s, promised was %s",
      own, (const char *)g_ptr_array_index (self->fingerprints, 0));
  describe (&dict, "fingerprint-mismatch",
      "The other end is not the one that the remote description describes", diagnosis);
  fail (self, CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
      CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE, &dict, time);
}

static void
fail_dtls (Setup *self, gint64 time)
{
  if (self->transport_failed || self->up)
    return;
  self->transport_failed = TRUE;
  fail_with_diagnosis (self, "dtls-failed", "The DTLS transport failed", time);
}

static void
on_dtls_changed (gpointer owner, GstCallstatsDtlsProgress progress,
    const char *certificate, gint64 time)
{
  Setup *self = owner;

  if (progress == GST_CALLSTATS_DTLS_CONNECTED)
    check_certificate (self, certificate, time);
  if (progress <= self->facts.dtls)
    return;
  self->facts.dtls = progress;
  if (progress == GST_CALLSTATS_DTLS_CONNECTING)
    mark (self, "dtlsConnecting", time);
  else if (progress == GST_CALLSTATS_DTLS_CONNECTED)
    mark (self, "dtlsConnected", time);
  else
    fail_dtls (self, time);
  check_up (self);
}

/* The part */

static void
take_first_snapshot (gpointer owner, const GstCallstatsSnapshot *snapshot, gpointer data)
{
  Setup *self = owner;

  take_snapshot (self, snapshot);
  if (!snapshot->open || (snapshot->ice != GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED &&
                             snapshot->ice != GST_WEBRTC_ICE_CONNECTION_STATE_COMPLETED))
    return;
  self->facts.connected = TRUE;
  gst_callstats_first_media_free (
      g_steal_pointer (&self->first_media), snapshot->webrtcbin);
  check_up (self);
}

static const struct {
  const char *name;
  GCallback handler;
} notifications[] = {
  { "notify::ice-gathering-state", G_CALLBACK (on_gathering_state) },
  { "notify::ice-connection-state", G_CALLBACK (on_connection_state) },
  { "notify::connection-state", G_CALLBACK (on_peer_state) },
};

static void
connect_notifications (Setup *self, GstElement *webrtcbin)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (notifications); i++) {
    gulong id = g_signal_connect_data (webrtcbin, notifications[i].name,
        notifications[i].handler, gst_callstats_fence_ref (self->fence),
        (GClosureNotify)(void (*) (void))gst_callstats_fence_unref, 0);

    g_array_append_val (self->handlers, id);
  }
}

static void
check_plugins (Setup *self)
{
  const char *plugin, *factory;
  g_autofree char *diagnosis = NULL;
  GVariantDict dict;

  if (!gst_callstats_find_missing_plugin (&plugin, &factory))
    return;
  diagnosis = g_strdup_printf (
      "the plugin %s is missing: webrtcbin has no element %s", plugin, factory);
  describe (&dict, "missing-plugin", "webrtcbin lacks elements that it needs", diagnosis);
  self->transport_failed = TRUE;
  fail (self, CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
      CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE, &dict, g_get_monotonic_time ());
}

static gpointer
setup_attach (GstCallstatsFabricLink *link, GstElement *webrtcbin,
    const GstCallstatsWatchOptions *options)
{
  Setup *self = g_new0 (Setup, 1);

  self->link = gst_callstats_fabric_link_ref (link);
  self->fence = gst_callstats_fence_new (link, webrtcbin, self);
  self->handlers = g_array_new (FALSE, FALSE, sizeof (gulong));
  self->timeout_ms = options->setup_timeout_ms;
  self->follows_usage = options->usage == CALLSTATS_FABRIC_USAGE_AUTO;
  self->dtls = gst_callstats_dtls_watch_new (self->fence, on_dtls_changed);
  self->first_media = gst_callstats_first_media_new (self->fence, webrtcbin);
  connect_notifications (self, webrtcbin);
  self->negotiation = gst_callstats_negotiation_watch_new (
      self->fence, webrtcbin, &negotiation_callbacks);
  self->timeout =
      callstats_monitor_add_timeout (self->timeout_ms, on_timeout, self, NULL);
  gst_callstats_fence_pass (
      self->fence, webrtcbin, NULL, take_first_snapshot, NULL, NULL);
  check_plugins (self);
  return self;
}

static void
setup_detach (gpointer part, GstElement *webrtcbin)
{
  Setup *self = part;
  guint i;

  stop_timeout (self);
  for (i = 0; webrtcbin != NULL && i < self->handlers->len; i++)
    g_signal_handler_disconnect (webrtcbin, g_array_index (self->handlers, gulong, i));
  g_array_unref (self->handlers);
  gst_callstats_negotiation_watch_free (self->negotiation, webrtcbin);
  gst_callstats_first_media_free (self->first_media, webrtcbin);
  gst_callstats_dtls_watch_free (self->dtls);
  gst_callstats_fence_close (self->fence);
  gst_callstats_fence_unref (self->fence);
  g_clear_pointer (&self->fingerprints, g_ptr_array_unref);
  g_free (self->facts.odd);
  gst_callstats_fabric_link_unref (self->link);
  g_free (self);
}

/* Whether it is this call that the error hinders. */
static gboolean
concerns (Setup *self, const GstCallstatsBusError *error)
{
  g_autoptr (GstElement) webrtcbin = gst_callstats_fence_ref_webrtcbin (self->fence);

  if (error->webrtcbin != NULL)
    return error->webrtcbin == webrtcbin && !self->transport_failed;
  return TRUE;
}

static void
setup_bus_error (gpointer part, const GstCallstatsBusError *error)
{
  Setup *self = part;
  GVariantDict dict;
  g_autoptr (GVariant) details = NULL;

  if (!concerns (self, error))
    return;
  if (error->webrtcbin != NULL)
    self->transport_failed = TRUE;
  details = g_variant_ref_sink (gst_callstats_bus_error_describe (error));
  g_variant_dict_init (&dict, details);
  fail (self, gst_callstats_bus_error_get_function (error->kind),
      gst_callstats_bus_error_get_reason (error->kind), &dict, error->time);
}

static void
update_usage_behind (gpointer owner, const GstCallstatsSnapshot *snapshot, gpointer data)
{
  take_snapshot (owner, snapshot);
}

static void
setup_screen (gpointer part, gboolean shared)
{
  Setup *self = part;

  self->screen = shared;
  gst_callstats_fence_pass (self->fence, NULL, NULL, update_usage_behind, NULL, NULL);
}

const GstCallstatsWatchPart gst_callstats_setup_part = {
  .attach = setup_attach,
  .detach = setup_detach,
  .bus_error = setup_bus_error,
  .screen = setup_screen,
};
