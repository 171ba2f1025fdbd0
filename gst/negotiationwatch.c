/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an application asks of its webrtcbin. The handlers of action signals run on the
 * application's threads, that of on-ice-candidate on webrtcbin's: they copy and post.
 */
#include "negotiationwatch.h"

/* What a handler holds. */
typedef struct {
  GstCallstatsFence *fence;
  const GstCallstatsNegotiationCallbacks *callbacks;
  CallstatsWebrtcFunction function;
} Hook;

struct _GstCallstatsNegotiationWatch {
  GArray *handlers; /* gulong */
};

static void
hook_free (gpointer data, GClosure *closure)
{
  Hook *hook = data;

  gst_callstats_fence_unref (hook->fence);
  g_free (hook);
}

/* Steps */

typedef struct {
  GstCallstatsNegotiationStep step;
  const GstCallstatsNegotiationCallbacks *callbacks;
} Asked;

static void
asked_free (gpointer data)
{
  Asked *asked = data;

  g_clear_pointer (&asked->step.given, gst_webrtc_session_description_free);
  g_free (asked);
}

static void
on_answered (gpointer owner, const GstCallstatsSnapshot *snapshot, gpointer data)
{
  Asked *asked = data;

  asked->callbacks->step (owner, snapshot, &asked->step);
}

static void
ask (Hook *hook, GstElement *webrtcbin, GstWebRTCSessionDescription *given,
    GstPromise *promise)
{
  Asked *asked = g_new0 (Asked, 1);

  asked->callbacks = hook->callbacks;
  asked->step.function = hook->function;
  /* Python makes it easy to pass one whose SDP is gone. */
  if (given != NULL && given->sdp != NULL)
    asked->step.given = gst_webrtc_session_description_copy (given);
  asked->step.has_promise = promise != NULL;
  asked->step.asked = g_get_monotonic_time ();
  gst_callstats_fence_pass (
      hook->fence, webrtcbin, promise, on_answered, asked, asked_free);
}

static void
on_create (
    GstElement *webrtcbin, GstStructure *options, GstPromise *promise, gpointer data)
{
  ask (data, webrtcbin, NULL, promise);
}

static void
on_set (GstElement *webrtcbin, GstWebRTCSessionDescription *description,
    GstPromise *promise, gpointer data)
{
  ask (data, webrtcbin, description, promise);
}

/* Candidates */

typedef struct {
  GstCallstatsCandidate candidate;
  const GstCallstatsNegotiationCallbacks *callbacks;
} Seen;

static void
seen_free (gpointer data)
{
  Seen *seen = data;

  g_free (seen->candidate.text);
  g_free (seen);
}

static void
tell_candidate (gpointer owner, gpointer data)
{
  Seen *seen = data;

  seen->callbacks->candidate (owner, &seen->candidate);
}

static void
see (Hook *hook, guint mline, const char *text, gboolean remote)
{
  Seen *seen = g_new0 (Seen, 1);

  seen->callbacks = hook->callbacks;
  seen->candidate.mline = mline;
  seen->candidate.text = g_strdup (text != NULL ? text : "");
  seen->candidate.remote = remote;
  seen->candidate.time = g_get_monotonic_time ();
  gst_callstats_fence_post (hook->fence, tell_candidate, seen, seen_free);
}

static void
on_local_candidate (GstElement *webrtcbin, guint mline, const char *text, gpointer data)
{
  see (data, mline, text, FALSE);
}

static void
on_remote_candidate (GstElement *webrtcbin, guint mline, const char *text, gpointer data)
{
  see (data, mline, text, TRUE);
}

static void
tell_turn_server (gpointer owner, gpointer data)
{
  const GstCallstatsNegotiationCallbacks *callbacks = data;

  callbacks->turn_server (owner);
}

/* Runs before webrtcbin's own, whose result counts. */
static gboolean
on_add_turn_server (GstElement *webrtcbin, const char *uri, gpointer data)
{
  Hook *hook = data;

  gst_callstats_fence_post (
      hook->fence, tell_turn_server, (gpointer)hook->callbacks, NULL);
  return FALSE;
}

/* What asks goes behind webrtcbin's own handler, so that the fence does too. */
static const struct {
  const char *signal;
  GCallback handler;
  GConnectFlags flags;
  CallstatsWebrtcFunction function;
} signals[] = {
  { "create-offer", G_CALLBACK (on_create), G_CONNECT_AFTER,
      CALLSTATS_WEBRTC_FUNCTION_CREATE_OFFER },
  { "create-answer", G_CALLBACK (on_create), G_CONNECT_AFTER,
      CALLSTATS_WEBRTC_FUNCTION_CREATE_ANSWER },
  { "set-local-description", G_CALLBACK (on_set), G_CONNECT_AFTER,
      CALLSTATS_WEBRTC_FUNCTION_SET_LOCAL_DESCRIPTION },
  { "set-remote-description", G_CALLBACK (on_set), G_CONNECT_AFTER,
      CALLSTATS_WEBRTC_FUNCTION_SET_REMOTE_DESCRIPTION },
  { "add-ice-candidate", G_CALLBACK (on_remote_candidate), G_CONNECT_AFTER,
      CALLSTATS_WEBRTC_FUNCTION_ADD_ICE_CANDIDATE },
  { "on-ice-candidate", G_CALLBACK (on_local_candidate), 0,
      CALLSTATS_WEBRTC_FUNCTION_ADD_ICE_CANDIDATE },
  { "add-turn-server", G_CALLBACK (on_add_turn_server), 0,
      CALLSTATS_WEBRTC_FUNCTION_ADD_ICE_CANDIDATE },
};

GstCallstatsNegotiationWatch *
gst_callstats_negotiation_watch_new (GstCallstatsFence *fence, GstElement *webrtcbin,
    const GstCallstatsNegotiationCallbacks *callbacks)
{
  GstCallstatsNegotiationWatch *self = g_new0 (GstCallstatsNegotiationWatch, 1);
  guint i;

  self->handlers = g_array_new (FALSE, FALSE, sizeof (gulong));
  for (i = 0; i < G_N_ELEMENTS (signals); i++) {
    Hook *hook = g_new0 (Hook, 1);
    gulong id;

    hook->fence = gst_callstats_fence_ref (fence);
    hook->callbacks = callbacks;
    hook->function = signals[i].function;
    id = g_signal_connect_data (webrtcbin, signals[i].signal, signals[i].handler, hook,
        hook_free, signals[i].flags);
    g_array_append_val (self->handlers, id);
  }
  return self;
}

void
gst_callstats_negotiation_watch_free (
    GstCallstatsNegotiationWatch *self, GstElement *webrtcbin)
{
  guint i;

  if (self == NULL)
    return;
  for (i = 0; webrtcbin != NULL && i < self->handlers->len; i++)
    g_signal_handler_disconnect (webrtcbin, g_array_index (self->handlers, gulong, i));
  g_array_unref (self->handlers);
  g_free (self);
}
