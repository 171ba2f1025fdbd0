/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The call inside callstatsloopback: its two webrtcbins, its streams, when to negotiate,
 * and when it has ended.
 *
 * Streams call back from streaming threads, the signalling from its own; the rest is
 * for the threads that change states and pads. `lock` guards the list of streams and
 * what stands below it. It is never held across a call out; the locks of the streams
 * come after it. The webrtcbins change only while the element is below PAUSED.
 */
#include <stdio.h>

#include "loopback-call.h"
#include "loopback-caps.h"
#include "loopback-peer.h"
#include "loopback-signalling.h"

GST_DEBUG_CATEGORY_EXTERN (gst_callstats_loopback_debug);
#define GST_CAT_DEFAULT gst_callstats_loopback_debug

#define EOS_GRACE 1000   /* ms on top of the latency */
#define REMOVAL_RETRY 20 /* ms */

struct _LoopbackCall {
  GstBin *bin;                 /* not a reference: it owns us */
  GstElement *caller, *callee; /* NULL if there is no webrtcbin */
  gboolean used;               /* they have been in a call */

  GMutex lock;
  GPtrArray *streams; /* LoopbackStream */
  GPtrArray *leaving; /* LoopbackStream: released, src_N still to be removed */
  LoopbackSignalling *signalling;
  gboolean eos_posted;
  guint latency;
  GstWebRTCBundlePolicy bundle_policy;
};

/* For the signalling thread, which ends before the call does */
typedef struct {
  LoopbackCall *self;
  LoopbackStream *stream;
  gboolean due;
} StreamTask;

static GPtrArray *
new_streams (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)loopback_stream_unref);
}

static gpointer
copy_stream (gconstpointer stream, gpointer unused)
{
  return loopback_stream_ref ((LoopbackStream *)stream);
}

static GPtrArray *
copy_streams (LoopbackCall *self)
{
  GPtrArray *copy;

  g_mutex_lock (&self->lock);
  copy = g_ptr_array_copy (self->streams, copy_stream, NULL);
  g_mutex_unlock (&self->lock);
  return copy;
}

static LoopbackSignalling *
ref_signalling (LoopbackCall *self)
{
  LoopbackSignalling *signalling;

  g_mutex_lock (&self->lock);
  signalling = self->signalling ? loopback_signalling_ref (self->signalling) : NULL;
  g_mutex_unlock (&self->lock);
  return signalling;
}

/* Negotiation */

/* With the lock held: one offer for all, once none has to be waited for */
static gboolean
must_offer (LoopbackCall *self)
{
  gint64 now = g_get_monotonic_time ();
  gboolean must = FALSE;

  for (guint i = 0; i < self->streams->len; i++) {
    LoopbackStream *stream = g_ptr_array_index (self->streams, i);

    if (!loopback_stream_may_offer (stream) || !loopback_stream_has_settled (stream, now))
      return FALSE;
  }
  for (guint i = 0; i < self->streams->len; i++)
    must |= loopback_stream_take_offer (g_ptr_array_index (self->streams, i));
  return must;
}

static void
negotiate_if_needed (LoopbackCall *self)
{
  g_autoptr (LoopbackSignalling) signalling = ref_signalling (self);
  gboolean must;

  if (!signalling)
    return;
  g_mutex_lock (&self->lock);
  must = must_offer (self);
  g_mutex_unlock (&self->lock);
  if (must)
    loopback_signalling_negotiate (signalling);
}

static gboolean
on_settled (gpointer user_data)
{
  negotiate_if_needed (user_data);
  return G_SOURCE_REMOVE;
}

static void
on_ready (gpointer owner)
{
  LoopbackCall *self = owner;
  g_autoptr (GPtrArray) streams = copy_streams (self);
  g_autoptr (LoopbackSignalling) signalling = ref_signalling (self);

  for (guint i = 0; i < streams->len; i++)
    loopback_stream_open (g_ptr_array_index (streams, i));
  if (signalling)
    loopback_signalling_invoke_later (
        signalling, LOOPBACK_STREAM_SETTLING, on_settled, self, NULL);
}

static void
on_failed (gpointer owner, const gchar *reason)
{
  LoopbackCall *self = owner;
  g_autoptr (GPtrArray) streams = copy_streams (self);

  GST_ELEMENT_ERROR (
      self->bin, RESOURCE, FAILED, ("The call failed at %s.", reason), (NULL));
  for (guint i = 0; i < streams->len; i++)
    loopback_stream_fail (g_ptr_array_index (streams, i));
}

static const LoopbackSignallingEvents signalling_events = { on_ready, on_failed };

/* The end of streams */

static void
post_eos_if_ended (LoopbackCall *self)
{
  guint32 seqnum = GST_SEQNUM_INVALID;
  gboolean ended;
  GstMessage *eos;

  g_mutex_lock (&self->lock);
  ended = self->streams->len > 0 && !self->eos_posted;
  for (guint i = 0; i < self->streams->len && ended; i++)
    ended = loopback_stream_has_ended (g_ptr_array_index (self->streams, i), &seqnum);
  self->eos_posted |= ended;
  g_mutex_unlock (&self->lock);
  if (!ended)
    return;
  eos = gst_message_new_eos (GST_OBJECT (self->bin));
  if (seqnum != GST_SEQNUM_INVALID)
    gst_message_set_seqnum (eos, seqnum);
  gst_element_post_message (GST_ELEMENT (self->bin), eos);
}

static void
stream_task_free (gpointer data)
{
  StreamTask *task = data;

  loopback_stream_unref (task->stream);
  g_free (task);
}

static void
schedule (LoopbackCall *self, LoopbackStream *stream, gboolean due, guint milliseconds,
    GSourceFunc function)
{
  g_autoptr (LoopbackSignalling) signalling = ref_signalling (self);
  StreamTask *task;

  if (!signalling)
    return;
  task = g_new (StreamTask, 1);
  *task = (StreamTask){ self, loopback_stream_ref (stream), due };
  loopback_signalling_invoke_later (
      signalling, milliseconds, function, task, stream_task_free);
}

/* Jitter buffers rest while paused, so nothing is late then. */
static gboolean
check_eos (gpointer user_data)
{
  StreamTask *task = user_data;
  gboolean may = task->due || GST_STATE (task->self->bin) == GST_STATE_PLAYING;

  if (!may || !loopback_stream_check_eos (task->stream))
    schedule (task->self, task->stream, FALSE,
        loopback_call_get_latency (task->self) + EOS_GRACE, check_eos);
  return G_SOURCE_REMOVE;
}

/* What streams ask */

static gchar *
refuse (gpointer owner, LoopbackStream *stream, const GstCaps *caps)
{
  LoopbackCall *self = owner;
  g_autoptr (GPtrArray) streams = copy_streams (self);
  gchar *conflict = NULL;

  if (loopback_call_get_bundle_policy (self) == GST_WEBRTC_BUNDLE_POLICY_NONE)
    return NULL;
  for (guint i = 0; i < streams->len && !conflict; i++) {
    LoopbackStream *other = g_ptr_array_index (streams, i);
    g_autoptr (GstCaps) others = loopback_stream_get_caps (other);

    if (others && other != stream)
      conflict =
          loopback_caps_find_conflict (caps, others, loopback_stream_get_index (other));
  }
  return conflict;
}

static void
attach (gpointer owner, LoopbackStream *stream, GstCaps *caps)
{
  LoopbackCall *self = owner;

  loopback_stream_attach (stream, self->caller, caps);
}

static void
on_stream_changed (gpointer owner)
{
  negotiate_if_needed (owner);
  post_eos_if_ended (owner);
}

static void
on_stream_eos (gpointer owner, LoopbackStream *stream, gboolean due)
{
  guint wait = due ? 0 : loopback_call_get_latency (owner) + EOS_GRACE;

  schedule (owner, stream, due, wait, check_eos);
}

static const LoopbackStreamEvents stream_events = { refuse, attach, on_stream_changed,
  on_stream_eos };

/* A jitter buffer's streaming thread, before the first packet */
static void
on_callee_pad (GstElement *callee, GstPad *pad, gpointer user_data)
{
  g_autoptr (GPtrArray) streams = copy_streams (user_data);
  LoopbackStream *stream;

  if (!GST_PAD_IS_SRC (pad))
    return;
  stream = loopback_stream_find (streams, pad);
  GST_DEBUG_OBJECT (pad, "belongs to stream %d",
      stream ? (gint)loopback_stream_get_index (stream) : -1);
  if (stream)
    loopback_stream_receive (stream, pad);
  else
    loopback_discard (pad);
}

/* The webrtcbins */

static void
make_peers (LoopbackCall *self)
{
  self->caller = loopback_peer_new ("caller");
  self->callee = loopback_peer_new ("callee");
  if (!self->caller || !self->callee)
    return;
  g_signal_connect (self->callee, "pad-added", G_CALLBACK (on_callee_pad), self);
  gst_bin_add_many (self->bin, self->caller, self->callee, NULL);
}

static void
set_on_peers (LoopbackCall *self, const gchar *property, gint value)
{
  if (self->caller)
    g_object_set (self->caller, property, value, NULL);
  if (self->callee)
    g_object_set (self->callee, property, value, NULL);
}

static void
retire (LoopbackCall *self, GstElement *peer)
{
  g_signal_handlers_disconnect_by_data (peer, self);
  gst_element_set_state (peer, GST_STATE_NULL);
  gst_bin_remove (self->bin, peer);
}

static void
renew_peers (LoopbackCall *self)
{
  g_autoptr (GstElement) caller = g_steal_pointer (&self->caller);
  g_autoptr (GstElement) callee = g_steal_pointer (&self->callee);
  g_autoptr (GPtrArray) streams = copy_streams (self);

  for (guint i = 0; i < streams->len; i++)
    loopback_stream_detach (g_ptr_array_index (streams, i), caller);
  retire (self, caller);
  retire (self, callee);
  make_peers (self);
  loopback_peer_copy_settings (caller, self->caller);
  loopback_peer_copy_settings (callee, self->callee);
  self->used = FALSE;
}

/* Below PAUSED: webrtcbins for a call that is to come. FALSE if there are none. */
gboolean
loopback_call_prepare (LoopbackCall *self)
{
  if (!self->caller || !self->callee) {
    GST_ELEMENT_ERROR (self->bin, CORE, MISSING_PLUGIN,
        ("There is no webrtcbin: install GStreamer's webrtc plugin."), (NULL));
    return FALSE;
  }
  if (self->used)
    renew_peers (self);
  set_on_peers (self, "latency", loopback_call_get_latency (self));
  set_on_peers (self, "bundle-policy", loopback_call_get_bundle_policy (self));
  return TRUE;
}

void
loopback_call_start (LoopbackCall *self)
{
  LoopbackSignalling *signalling =
      loopback_signalling_start (self->caller, self->callee, &signalling_events, self);

  g_mutex_lock (&self->lock);
  self->signalling = signalling;
  self->eos_posted = FALSE;
  g_mutex_unlock (&self->lock);
  self->used = TRUE;
}

/* Before the webrtcbins are stopped, which is no failure of the call */
void
loopback_call_silence (LoopbackCall *self)
{
  g_autoptr (LoopbackSignalling) signalling = ref_signalling (self);

  if (signalling)
    loopback_signalling_silence (signalling);
}

/* After the webrtcbins are stopped */
void
loopback_call_end (LoopbackCall *self)
{
  g_autoptr (GPtrArray) streams = copy_streams (self);
  g_autoptr (GPtrArray) leaving = NULL;
  g_autoptr (LoopbackSignalling) signalling = NULL;

  g_mutex_lock (&self->lock);
  signalling = g_steal_pointer (&self->signalling);
  leaving = g_steal_pointer (&self->leaving);
  self->leaving = new_streams ();
  g_mutex_unlock (&self->lock);
  if (!signalling)
    return;
  loopback_signalling_stop (signalling);
  for (guint i = 0; i < leaving->len; i++)
    loopback_stream_remove_src (g_ptr_array_index (leaving, i));
  for (guint i = 0; i < streams->len; i++) {
    loopback_stream_remove_src (g_ptr_array_index (streams, i));
    loopback_stream_reset (g_ptr_array_index (streams, i));
  }
}

/* Streams */

/* With the lock held */
static gboolean
has_index (LoopbackCall *self, guint index)
{
  for (guint i = 0; i < self->streams->len; i++) {
    if (loopback_stream_get_index (g_ptr_array_index (self->streams, i)) == index)
      return TRUE;
  }
  return FALSE;
}

/* With the index that @name asks for, or the lowest that is free; NULL if it is taken */
LoopbackStream *
loopback_call_add_stream (LoopbackCall *self, GstPadTemplate *templ, const gchar *name)
{
  LoopbackStream *stream = NULL;
  guint index = 0;
  gboolean named = name && sscanf (name, "sink_%u", &index) == 1;

  g_mutex_lock (&self->lock);
  while (!named && has_index (self, index))
    index++;
  if (!has_index (self, index)) {
    stream =
        loopback_stream_new (GST_ELEMENT (self->bin), index, templ, &stream_events, self);
    g_ptr_array_add (self->streams, loopback_stream_ref (stream));
    self->eos_posted = FALSE;
  }
  g_mutex_unlock (&self->lock);
  return stream;
}

static gboolean
finish_removal (gpointer user_data)
{
  StreamTask *task = user_data;

  if (!loopback_stream_leave (task->stream)) {
    schedule (task->self, task->stream, FALSE, REMOVAL_RETRY, finish_removal);
    return G_SOURCE_REMOVE;
  }
  g_mutex_lock (&task->self->lock);
  g_ptr_array_remove (task->self->leaving, task->stream);
  g_mutex_unlock (&task->self->lock);
  return G_SOURCE_REMOVE;
}

/* EOS at src_N and its removal are left to other threads: a consumer that is
 * paused would hold up whoever releases the pad. */
void
loopback_call_remove_stream (LoopbackCall *self, LoopbackStream *stream)
{
  loopback_stream_release (stream, self->caller);
  g_mutex_lock (&self->lock);
  if (self->signalling)
    g_ptr_array_add (self->leaving, loopback_stream_ref (stream));
  g_ptr_array_remove (self->streams, stream);
  g_mutex_unlock (&self->lock);
  schedule (self, stream, FALSE, 0, finish_removal);
  on_stream_changed (self);
}

gboolean
loopback_call_has_streams (LoopbackCall *self)
{
  gboolean has;

  g_mutex_lock (&self->lock);
  has = self->streams->len > 0;
  g_mutex_unlock (&self->lock);
  return has;
}

/* Settings */

void
loopback_call_set_latency (LoopbackCall *self, guint milliseconds)
{
  g_mutex_lock (&self->lock);
  self->latency = milliseconds;
  g_mutex_unlock (&self->lock);
  set_on_peers (self, "latency", milliseconds);
}

guint
loopback_call_get_latency (LoopbackCall *self)
{
  guint latency;

  g_mutex_lock (&self->lock);
  latency = self->latency;
  g_mutex_unlock (&self->lock);
  return latency;
}

/* For the next call */
void
loopback_call_set_bundle_policy (LoopbackCall *self, GstWebRTCBundlePolicy policy)
{
  g_mutex_lock (&self->lock);
  self->bundle_policy = policy;
  g_mutex_unlock (&self->lock);
}

GstWebRTCBundlePolicy
loopback_call_get_bundle_policy (LoopbackCall *self)
{
  GstWebRTCBundlePolicy policy;

  g_mutex_lock (&self->lock);
  policy = self->bundle_policy;
  g_mutex_unlock (&self->lock);
  return policy;
}

/* Adds the webrtcbins to @bin, which must outlive the call. */
LoopbackCall *
loopback_call_new (GstBin *bin)
{
  LoopbackCall *self = g_new0 (LoopbackCall, 1);

  self->bin = bin;
  g_mutex_init (&self->lock);
  self->streams = new_streams ();
  self->leaving = new_streams ();
  make_peers (self);
  return self;
}

void
loopback_call_free (LoopbackCall *self)
{
  if (!self)
    return;
  gst_clear_object (&self->caller);
  gst_clear_object (&self->callee);
  g_ptr_array_unref (self->streams);
  g_ptr_array_unref (self->leaving);
  g_mutex_clear (&self->lock);
  g_free (self);
}
