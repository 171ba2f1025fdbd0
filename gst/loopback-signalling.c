/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The signalling of a loopback call: carries offer, answer and candidates between
 * the two webrtcbins.
 *
 * One thread a call does all of it. webrtcbin's callbacks (promises, candidates,
 * connection state) run on its `:pc` threads; they copy and post here, and hold a
 * reference to this structure but never one to a webrtcbin, so none is disposed of
 * on its own thread. Functions in the header: any thread, except _start() and
 * _stop(), which belong to the thread that changes the element's state.
 */
#include <gst/webrtc/webrtc.h>

#include "loopback-signalling.h"

GST_DEBUG_CATEGORY_EXTERN (gst_callstats_loopback_debug);
#define GST_CAT_DEFAULT gst_callstats_loopback_debug

enum { CALLER, CALLEE, N_PEERS };

/* One step of a negotiation. A step that creates a description names the field of
 * the reply that holds it; the steps after it set that description. */
typedef struct {
  guint peer;
  const gchar *action;
  const gchar *creates;
} Step;

static const Step STEPS[] = {
  { CALLER, "create-offer", "offer" },
  { CALLER, "set-local-description", NULL },
  { CALLEE, "set-remote-description", NULL },
  { CALLEE, "create-answer", "answer" },
  { CALLEE, "set-local-description", NULL },
  { CALLER, "set-remote-description", NULL },
};

struct _LoopbackSignalling {
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  gint silent; /* atomic */

  /* set in _start(), cleared in _stop() after the thread has ended */
  GstElement *peers[N_PEERS];
  const LoopbackSignallingEvents *events;
  gpointer owner;

  /* signalling thread only; _stop() once it has ended */
  gint step; /* index in STEPS, -1 when stable */
  gboolean again;
  gboolean negotiated; /* at least once */
  gboolean failed;
  GstPromise *promise;
  GstWebRTCSessionDescription *description;
};

typedef struct {
  LoopbackSignalling *self; /* not a reference: runs on its thread only */
  guint receiver;
  guint mline;
  gchar *candidate;
} Candidate;

static void next_step (LoopbackSignalling *self);

LoopbackSignalling *
loopback_signalling_ref (LoopbackSignalling *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  LoopbackSignalling *self = data;

  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
}

void
loopback_signalling_unref (LoopbackSignalling *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

static void
unref_closure (gpointer data, GClosure *closure)
{
  loopback_signalling_unref (data);
}

/* The source holds no reference to us: it is only ever dispatched by our thread,
 * and the context, which we own, destroys what was left. */
void
loopback_signalling_invoke_later (LoopbackSignalling *self, guint milliseconds,
    GSourceFunc function, gpointer data, GDestroyNotify notify)
{
  g_autoptr (GSource) source = NULL;

  source = milliseconds ? g_timeout_source_new (milliseconds) : g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, data, notify);
  g_source_attach (source, self->context);
}

static void
post (LoopbackSignalling *self, GSourceFunc function)
{
  loopback_signalling_invoke_later (self, 0, function, self, NULL);
}

static void
fail (LoopbackSignalling *self, const gchar *reason)
{
  if (self->failed || g_atomic_int_get (&self->silent))
    return;
  self->failed = TRUE;
  self->events->failed (self->owner, reason);
}

static void
fail_step (LoopbackSignalling *self, const gchar *reason)
{
  const Step *step = &STEPS[self->step];
  g_autofree gchar *text = g_strdup_printf (
      "%s on %s: %s", step->action, step->peer == CALLER ? "caller" : "callee", reason);

  fail (self, text);
}

static gint
find_refused_media (const GstSDPMessage *answer)
{
  for (guint i = 0; i < gst_sdp_message_medias_len (answer); i++) {
    if (gst_sdp_media_get_port (gst_sdp_message_get_media (answer, i)) == 0)
      return i;
  }
  return -1;
}

static gboolean
take_description (LoopbackSignalling *self, const GstStructure *reply)
{
  const Step *step = &STEPS[self->step];
  gint refused;

  g_clear_pointer (&self->description, gst_webrtc_session_description_free);
  if (reply)
    gst_structure_get (reply, step->creates, GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
        &self->description, NULL);
  if (!self->description) {
    fail_step (self, "the reply holds no description");
    return FALSE;
  }
  if (step->peer == CALLEE &&
      (refused = find_refused_media (self->description->sdp)) >= 0) {
    g_autofree gchar *text = g_strdup_printf ("m-line %d was refused", refused);
    fail_step (self, text);
    return FALSE;
  }
  return TRUE;
}

static GstWebRTCPeerConnectionState
get_connection_state (GstElement *webrtcbin)
{
  GstWebRTCPeerConnectionState state;

  g_object_get (webrtcbin, "connection-state", &state, NULL);
  return state;
}

/* Data that is sent before both ends have the keys is lost, so ready is both negotiated
 * and connected. */
static gboolean
check_connection (gpointer user_data)
{
  LoopbackSignalling *self = user_data;
  guint connected = 0;

  for (guint i = 0; i < N_PEERS; i++) {
    GstWebRTCPeerConnectionState state = get_connection_state (self->peers[i]);

    connected += state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED;
    if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED)
      fail (self, "the connection, which could not be made or was lost");
  }
  if (self->negotiated && self->step < 0 && connected == N_PEERS)
    self->events->ready (self->owner);
  return G_SOURCE_REMOVE;
}

static void
become_stable (LoopbackSignalling *self)
{
  self->step = -1;
  self->negotiated = TRUE;
  g_clear_pointer (&self->description, gst_webrtc_session_description_free);
  if (self->again)
    next_step (self);
  else
    check_connection (self);
}

static gboolean
finish_step (gpointer user_data)
{
  LoopbackSignalling *self = user_data;
  g_autoptr (GstPromise) promise = g_steal_pointer (&self->promise);
  const GstStructure *reply = gst_promise_get_reply (promise);
  g_autoptr (GError) error = NULL;

  if (reply && gst_structure_has_field_typed (reply, "error", G_TYPE_ERROR)) {
    gst_structure_get (reply, "error", G_TYPE_ERROR, &error, NULL);
    fail_step (self, error ? error->message : "no reason given");
  } else if (!STEPS[self->step].creates || take_description (self, reply)) {
    if (self->step + 1 < (gint)G_N_ELEMENTS (STEPS))
      next_step (self);
    else
      become_stable (self);
  }
  return G_SOURCE_REMOVE;
}

/* On the peer's `:pc` thread, or at once in the emitting thread if it is closed. */
static void
on_promise_changed (GstPromise *promise, gpointer user_data)
{
  if (gst_promise_wait (promise) == GST_PROMISE_RESULT_REPLIED)
    post (user_data, finish_step);
}

static void
next_step (LoopbackSignalling *self)
{
  const Step *step = &STEPS[++self->step];

  if (self->step == 0)
    self->again = FALSE;
  GST_DEBUG_OBJECT (self->peers[step->peer], "%s", step->action);
  self->promise = gst_promise_new_with_change_func (on_promise_changed,
      loopback_signalling_ref (self), (GDestroyNotify)loopback_signalling_unref);
  g_signal_emit_by_name (self->peers[step->peer], step->action,
      step->creates ? NULL : self->description, self->promise);
}

static gboolean
negotiate (gpointer user_data)
{
  LoopbackSignalling *self = user_data;

  if (self->failed)
    return G_SOURCE_REMOVE;
  if (self->step >= 0)
    self->again = TRUE;
  else
    next_step (self);
  return G_SOURCE_REMOVE;
}

void
loopback_signalling_negotiate (LoopbackSignalling *self)
{
  post (self, negotiate);
}

static void
candidate_free (gpointer data)
{
  Candidate *candidate = data;

  g_free (candidate->candidate);
  g_free (candidate);
}

static gboolean
deliver_candidate (gpointer user_data)
{
  Candidate *candidate = user_data;

  g_signal_emit_by_name (candidate->self->peers[candidate->receiver], "add-ice-candidate",
      candidate->mline, candidate->candidate);
  return G_SOURCE_REMOVE;
}

static void
post_candidate (
    LoopbackSignalling *self, guint receiver, guint mline, const gchar *attribute)
{
  Candidate *candidate = g_new (Candidate, 1);

  *candidate = (Candidate){ self, receiver, mline, g_strdup (attribute) };
  loopback_signalling_invoke_later (
      self, 0, deliver_candidate, candidate, candidate_free);
}

static void
on_caller_candidate (
    GstElement *caller, guint mline, const gchar *attribute, gpointer user_data)
{
  post_candidate (user_data, CALLEE, mline, attribute);
}

static void
on_callee_candidate (
    GstElement *callee, guint mline, const gchar *attribute, gpointer user_data)
{
  post_candidate (user_data, CALLER, mline, attribute);
}

static void
on_connection_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  post (user_data, check_connection);
}

static void
connect_with_ref (
    LoopbackSignalling *self, guint peer, const gchar *signal, GCallback callback)
{
  g_signal_connect_data (self->peers[peer], signal, callback,
      loopback_signalling_ref (self), unref_closure, 0);
}

static gpointer
run (gpointer user_data)
{
  LoopbackSignalling *self = user_data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/* @owner and @events must stay valid until _stop() has returned. */
LoopbackSignalling *
loopback_signalling_start (GstElement *caller, GstElement *callee,
    const LoopbackSignallingEvents *events, gpointer owner)
{
  LoopbackSignalling *self = g_atomic_rc_box_new0 (LoopbackSignalling);

  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->peers[CALLER] = gst_object_ref (caller);
  self->peers[CALLEE] = gst_object_ref (callee);
  self->events = events;
  self->owner = owner;
  self->step = -1;
  connect_with_ref (self, CALLER, "on-ice-candidate", G_CALLBACK (on_caller_candidate));
  connect_with_ref (self, CALLEE, "on-ice-candidate", G_CALLBACK (on_callee_candidate));
  for (guint i = 0; i < N_PEERS; i++)
    connect_with_ref (
        self, i, "notify::connection-state", G_CALLBACK (on_connection_state));
  self->thread = g_thread_new ("loopback:signal", run, self);
  return self;
}

/* From here on nothing that goes wrong is a failure of the call: it is being ended. */
void
loopback_signalling_silence (LoopbackSignalling *self)
{
  g_atomic_int_set (&self->silent, TRUE);
}

static gboolean
quit (gpointer user_data)
{
  LoopbackSignalling *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

/* Ends the thread and lets go of the webrtcbins. A promise that is still under way
 * is interrupted, not expired: its webrtcbin may yet reply to it. */
void
loopback_signalling_stop (LoopbackSignalling *self)
{
  loopback_signalling_silence (self);
  post (self, quit);
  g_thread_join (g_steal_pointer (&self->thread));

  for (guint i = 0; i < N_PEERS; i++) {
    g_signal_handlers_disconnect_by_data (self->peers[i], self);
    gst_clear_object (&self->peers[i]);
  }
  if (self->promise)
    gst_promise_interrupt (self->promise);
  g_clear_pointer (&self->promise, gst_promise_unref);
  g_clear_pointer (&self->description, gst_webrtc_session_description_free);
}
