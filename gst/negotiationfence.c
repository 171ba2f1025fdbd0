/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looks at a webrtcbin behind what was asked of it before.
 *
 * on_answer() runs on webrtcbin's own thread with no lock held; a closed webrtcbin calls
 * it in the thread that asks, and is not looked at there.
 */
#include "negotiationfence.h"

struct _GstCallstatsFence {
  gatomicrefcount ref_count;
  GstCallstatsFabricLink *link;
  GWeakRef webrtcbin;
  gpointer owner; /* monitor thread only; NULL: closed */

  GMutex lock;
  gboolean closed;
  GPtrArray *in_flight; /* GstPromise: a webrtcbin that closes drops its own silently */
};

GstCallstatsFence *
gst_callstats_fence_new (
    GstCallstatsFabricLink *link, GstElement *webrtcbin, gpointer owner)
{
  GstCallstatsFence *self = g_new0 (GstCallstatsFence, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_weak_ref_init (&self->webrtcbin, webrtcbin);
  self->link = gst_callstats_fabric_link_ref (link);
  self->owner = owner;
  self->in_flight = g_ptr_array_new_with_free_func ((GDestroyNotify)gst_promise_unref);
  return self;
}

GstCallstatsFence *
gst_callstats_fence_ref (GstCallstatsFence *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
gst_callstats_fence_unref (gpointer data)
{
  GstCallstatsFence *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->in_flight);
  g_weak_ref_clear (&self->webrtcbin);
  gst_callstats_fabric_link_unref (self->link);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* A reply that comes after the interruption is dropped by the promise. */
void
gst_callstats_fence_close (GstCallstatsFence *self)
{
  g_autoptr (GPtrArray) in_flight = NULL;

  self->owner = NULL;
  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  in_flight = g_steal_pointer (&self->in_flight);
  self->in_flight = g_ptr_array_new_with_free_func ((GDestroyNotify)gst_promise_unref);
  g_mutex_unlock (&self->lock);
  g_ptr_array_foreach (in_flight, (GFunc)(void (*) (void))gst_promise_interrupt, NULL);
}

GstCallstatsFabricLink *
gst_callstats_fence_get_link (GstCallstatsFence *self)
{
  return self->link;
}

GstElement *
gst_callstats_fence_ref_webrtcbin (GstCallstatsFence *self)
{
  return g_weak_ref_get (&self->webrtcbin);
}

/* Posting */

typedef struct {
  GstCallstatsFence *fence;
  GstCallstatsPosted func;
  gpointer data;
  GDestroyNotify notify;
} Post;

static void
post_free (gpointer data)
{
  Post *post = data;

  if (post->notify != NULL)
    post->notify (post->data);
  gst_callstats_fence_unref (post->fence);
  g_free (post);
}

static gboolean
deliver (gpointer data)
{
  Post *post = data;

  if (post->fence->owner != NULL)
    post->func (post->fence->owner, post->data);
  return G_SOURCE_REMOVE;
}

void
gst_callstats_fence_post (GstCallstatsFence *self, GstCallstatsPosted func, gpointer data,
    GDestroyNotify notify)
{
  Post *post = g_new0 (Post, 1);

  post->fence = gst_callstats_fence_ref (self);
  post->func = func;
  post->data = data;
  post->notify = notify;
  callstats_monitor_invoke (deliver, post, post_free);
}

/* Passing */

/* One question, until its answer has been told. */
typedef struct {
  gatomicrefcount ref_count; /* the promise's and the answer's */
  GstCallstatsFence *fence;
  GstPromise *promise; /* nullable: one that the application gave */
  GstCallstatsFenced func;
  gpointer data;
  GDestroyNotify notify;
  GstCallstatsSnapshot snapshot;
} Question;

static void
snapshot_clear (GstCallstatsSnapshot *snapshot)
{
  g_clear_error (&snapshot->error);
  g_clear_pointer (&snapshot->local, gst_webrtc_session_description_free);
  g_clear_pointer (&snapshot->remote, gst_webrtc_session_description_free);
  g_clear_pointer (&snapshot->current_local, gst_webrtc_session_description_free);
  g_clear_pointer (&snapshot->current_remote, gst_webrtc_session_description_free);
  g_clear_pointer (&snapshot->transports, g_ptr_array_unref);
  gst_clear_object (&snapshot->webrtcbin);
}

static gboolean
question_free (gpointer data)
{
  Question *question = data;

  if (question->notify != NULL)
    question->notify (question->data);
  if (question->promise != NULL)
    gst_promise_unref (question->promise);
  snapshot_clear (&question->snapshot);
  gst_callstats_fence_unref (question->fence);
  g_free (question);
  return G_SOURCE_REMOVE;
}

/* What it holds may be a webrtcbin's last reference: not to be dropped on its thread. */
static void
question_unref (gpointer data)
{
  Question *question = data;

  if (g_atomic_ref_count_dec (&question->ref_count))
    callstats_monitor_invoke (question_free, question, NULL);
}

static gboolean
tell_answer (gpointer data)
{
  Question *question = data;

  if (question->fence->owner != NULL)
    question->func (question->fence->owner, &question->snapshot, question->data);
  return G_SOURCE_REMOVE;
}

static void
add_transport (GPtrArray *transports, GObject *end)
{
  GObject *transport = NULL;

  if (end == NULL)
    return;
  g_object_get (end, "transport", &transport, NULL);
  if (transport == NULL)
    return;
  if (g_ptr_array_find (transports, transport, NULL))
    g_object_unref (transport);
  else
    g_ptr_array_add (transports, transport);
}

/* A transceiver's ends usually share their transport. */
static void
add_transports_of (GPtrArray *transports, GObject *transceiver)
{
  static const char *const ends[] = { "sender", "receiver" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ends); i++) {
    g_autoptr (GObject) end = NULL;

    g_object_get (transceiver, ends[i], &end, NULL);
    add_transport (transports, end);
  }
}

static GPtrArray *
find_transports (GstElement *webrtcbin)
{
  GPtrArray *transports = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GArray) transceivers = NULL;
  g_autoptr (GObject) sctp = NULL;
  guint i;

  g_signal_emit_by_name (webrtcbin, "get-transceivers", &transceivers);
  for (i = 0; transceivers != NULL && i < transceivers->len; i++)
    add_transports_of (transports, g_array_index (transceivers, GObject *, i));
  g_object_get (webrtcbin, "sctp-transport", &sctp, NULL);
  add_transport (transports, sctp);
  return transports;
}

static void
look_at (GstElement *webrtcbin, GstCallstatsSnapshot *snapshot)
{
  g_autofree char *stun = NULL;
  g_autofree char *turn = NULL;
  GstWebRTCICETransportPolicy policy;

  g_object_get (webrtcbin, "signaling-state", &snapshot->signaling, "ice-gathering-state",
      &snapshot->gathering, "ice-connection-state", &snapshot->ice, "local-description",
      &snapshot->local, "remote-description", &snapshot->remote,
      "current-local-description", &snapshot->current_local, "current-remote-description",
      &snapshot->current_remote, "stun-server", &stun, "turn-server", &turn,
      "ice-transport-policy", &policy, NULL);
  snapshot->stun = stun != NULL;
  snapshot->turn = turn != NULL;
  snapshot->relay_only = policy == GST_WEBRTC_ICE_TRANSPORT_POLICY_RELAY;
  snapshot->transports = find_transports (webrtcbin);
}

static GError *
copy_error (const GstStructure *reply)
{
  GError *error = NULL;

  if (reply != NULL && gst_structure_has_field_typed (reply, "error", G_TYPE_ERROR))
    gst_structure_get (reply, "error", G_TYPE_ERROR, &error, NULL);
  return error;
}

static void
forget_in_flight (GstCallstatsFence *self, GstPromise *promise)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_remove_fast (self->in_flight, promise);
  g_mutex_unlock (&self->lock);
}

/* The application's promise is answered by now, unless webrtcbin closed in between: it is
 * only looked at, never waited for. */
static void
on_answer (GstPromise *promise, gpointer user_data)
{
  Question *question = user_data;
  GstCallstatsSnapshot *snapshot = &question->snapshot;
  g_autoptr (GError) closed = NULL;

  if (gst_promise_wait (promise) != GST_PROMISE_RESULT_REPLIED)
    return;
  snapshot->time = g_get_monotonic_time ();
  closed = copy_error (gst_promise_get_reply (promise));
  snapshot->open = closed == NULL;
  if (question->promise != NULL)
    snapshot->error = copy_error (gst_promise_get_reply (question->promise));
  if (snapshot->open) {
    snapshot->webrtcbin = g_weak_ref_get (&question->fence->webrtcbin);
    if (snapshot->webrtcbin != NULL)
      look_at (snapshot->webrtcbin, snapshot);
  }
  g_atomic_ref_count_inc (&question->ref_count);
  callstats_monitor_invoke (tell_answer, question, question_unref);
  forget_in_flight (question->fence, promise);
}

static gboolean
remember_in_flight (GstCallstatsFence *self, GstPromise *promise)
{
  gboolean open;

  g_mutex_lock (&self->lock);
  open = !self->closed;
  if (open)
    g_ptr_array_add (self->in_flight, gst_promise_ref (promise));
  g_mutex_unlock (&self->lock);
  return open;
}

static void
ask (GstCallstatsFence *self, GstElement *webrtcbin, GstPromise *promise)
{
  if (remember_in_flight (self, promise))
    g_signal_emit_by_name (webrtcbin, "get-stats", NULL, promise);
  else
    gst_promise_interrupt (promise);
  gst_promise_unref (promise);
}

void
gst_callstats_fence_pass (GstCallstatsFence *self, GstElement *webrtcbin,
    GstPromise *promise, GstCallstatsFenced func, gpointer data, GDestroyNotify notify)
{
  g_autoptr (GstElement) own =
      webrtcbin == NULL ? g_weak_ref_get (&self->webrtcbin) : NULL;
  Question *question = g_new0 (Question, 1);

  g_atomic_ref_count_init (&question->ref_count);
  question->fence = gst_callstats_fence_ref (self);
  question->promise = promise != NULL ? gst_promise_ref (promise) : NULL;
  question->func = func;
  question->data = data;
  question->notify = notify;
  if (webrtcbin == NULL)
    webrtcbin = own;
  if (webrtcbin == NULL) {
    question_unref (question);
    return;
  }
  ask (self, webrtcbin,
      gst_promise_new_with_change_func (on_answer, question, question_unref));
}
