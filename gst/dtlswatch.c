/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The DTLS transports of one webrtcbin.
 *
 * on_state() runs on a streaming thread: it reads the one property it is about and posts.
 * The objects are floating up to GStreamer 1.28: they are referenced, never sunk.
 */
#include "dtlswatch.h"

/* What handlers hold. */
typedef struct {
  gatomicrefcount ref_count;
  GstCallstatsFence *fence;
  GstCallstatsDtlsChanged changed;
} Hook;

typedef struct {
  GWeakRef transport;
  gulong handler;
} Transport;

struct _GstCallstatsDtlsWatch {
  Hook *hook;
  GPtrArray *transports; /* Transport */
};

static Hook *
hook_ref (Hook *hook)
{
  g_atomic_ref_count_inc (&hook->ref_count);
  return hook;
}

static void
hook_unref (gpointer data)
{
  Hook *hook = data;

  if (!g_atomic_ref_count_dec (&hook->ref_count))
    return;
  gst_callstats_fence_unref (hook->fence);
  g_free (hook);
}

static void
transport_free (gpointer data)
{
  Transport *self = data;
  g_autoptr (GObject) transport = g_weak_ref_get (&self->transport);

  if (transport != NULL)
    g_signal_handler_disconnect (transport, self->handler);
  g_weak_ref_clear (&self->transport);
  g_free (self);
}

/* A change on its way to the monitor thread. */
typedef struct {
  Hook *hook;
  GWeakRef transport;
  GstCallstatsDtlsProgress progress;
  gint64 time;
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_weak_ref_clear (&change->transport);
  hook_unref (change->hook);
  g_free (change);
}

static void
tell_change (gpointer owner, gpointer data)
{
  Change *change = data;
  g_autoptr (GObject) transport = g_weak_ref_get (&change->transport);
  g_autofree char *certificate = NULL;

  if (transport != NULL && change->progress == GST_CALLSTATS_DTLS_CONNECTED)
    g_object_get (transport, "remote-certificate", &certificate, NULL);
  change->hook->changed (owner, change->progress, certificate, change->time);
}

static gboolean
get_progress (GObject *transport, GstCallstatsDtlsProgress *progress)
{
  GstWebRTCDTLSTransportState state;

  g_object_get (transport, "state", &state, NULL);
  switch (state) {
  case GST_WEBRTC_DTLS_TRANSPORT_STATE_CONNECTING:
    *progress = GST_CALLSTATS_DTLS_CONNECTING;
    return TRUE;
  case GST_WEBRTC_DTLS_TRANSPORT_STATE_CONNECTED:
    *progress = GST_CALLSTATS_DTLS_CONNECTED;
    return TRUE;
  case GST_WEBRTC_DTLS_TRANSPORT_STATE_FAILED:
    *progress = GST_CALLSTATS_DTLS_FAILED;
    return TRUE;
  default:
    return FALSE;
  }
}

static void
on_state (GObject *transport, GParamSpec *pspec, gpointer user_data)
{
  Hook *hook = user_data;
  GstCallstatsDtlsProgress progress;
  Change *change;

  if (!get_progress (transport, &progress))
    return;
  change = g_new0 (Change, 1);
  change->hook = hook_ref (hook);
  g_weak_ref_init (&change->transport, transport);
  change->progress = progress;
  change->time = g_get_monotonic_time ();
  gst_callstats_fence_post (hook->fence, tell_change, change, change_free);
}

GstCallstatsDtlsWatch *
gst_callstats_dtls_watch_new (GstCallstatsFence *fence, GstCallstatsDtlsChanged changed)
{
  GstCallstatsDtlsWatch *self = g_new0 (GstCallstatsDtlsWatch, 1);

  self->hook = g_new0 (Hook, 1);
  g_atomic_ref_count_init (&self->hook->ref_count);
  self->hook->fence = gst_callstats_fence_ref (fence);
  self->hook->changed = changed;
  self->transports = g_ptr_array_new_with_free_func (transport_free);
  return self;
}

void
gst_callstats_dtls_watch_free (GstCallstatsDtlsWatch *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->transports);
  hook_unref (self->hook);
  g_free (self);
}

static gboolean
is_watched (GstCallstatsDtlsWatch *self, GObject *transport)
{
  guint i;

  for (i = 0; i < self->transports->len; i++) {
    Transport *known = g_ptr_array_index (self->transports, i);
    g_autoptr (GObject) object = g_weak_ref_get (&known->transport);

    if (object == transport)
      return TRUE;
  }
  return FALSE;
}

/* What it is already is told behind what it becomes meanwhile, if anything: the owner
 * only ever goes forward. */
static void
add (GstCallstatsDtlsWatch *self, GObject *object)
{
  Transport *transport = g_new0 (Transport, 1);

  g_weak_ref_init (&transport->transport, object);
  transport->handler =
      g_signal_connect_data (object, "notify::state", G_CALLBACK (on_state),
          hook_ref (self->hook), (GClosureNotify)(void (*) (void))hook_unref, 0);
  g_ptr_array_add (self->transports, transport);
  on_state (object, NULL, self->hook);
}

void
gst_callstats_dtls_watch_add (GstCallstatsDtlsWatch *self, const GPtrArray *transports)
{
  guint i;

  for (i = 0; i < transports->len; i++) {
    GObject *transport = g_ptr_array_index (transports, i);

    if (!is_watched (self, transport))
      add (self, transport);
  }
}

guint
gst_callstats_dtls_watch_get_n (GstCallstatsDtlsWatch *self)
{
  return self->transports->len;
}
