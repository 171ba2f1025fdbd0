/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a loopback stream ends: when EOS is due at src_N, and sending it.
 *
 * Decided on the signalling thread, or on a jitter buffer's after the last packet. EOS
 * can block in a sink that waits for other sinks to preroll, and those for the call: so
 * it never goes out on the signalling thread, but on one of GStreamer's pool.
 */
#include "loopback-stream-private.h"

GST_DEBUG_CATEGORY_EXTERN (gst_callstats_loopback_debug);
#define GST_CAT_DEFAULT gst_callstats_loopback_debug

/* Outlives the stop of the element if downstream holds it up: then it does nothing. */
typedef struct {
  LoopbackStream *stream;
  guint call; /* the stream's, when it was decided */
  gboolean eos, remove;
} Ending;

static void
ending_free (gpointer data)
{
  Ending *ending = data;

  loopback_stream_unref (ending->stream);
  g_free (ending);
}

/* A stream of which no packet came out still ends downstream: src_N appears with
 * stream-start, caps, segment, and then EOS. */
static GstPad *
add_empty_src (LoopbackStream *self, guint call)
{
  g_autofree gchar *id = g_uuid_string_random ();
  g_autoptr (GstCaps) caps = loopback_stream_get_caps (self);
  GstPad *src = loopback_src_add (self, call, NULL);
  GstSegment segment;

  if (!src)
    return NULL;
  gst_pad_push_event (src, gst_event_new_stream_start (id));
  if (caps)
    gst_pad_push_event (src, gst_event_new_caps (caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (src, gst_event_new_segment (&segment));
  return src;
}

static void
send_eos (LoopbackStream *self, guint call)
{
  g_autoptr (GstPad) src = loopback_src_dup (self);
  GstEvent *eos;

  if (!src)
    src = add_empty_src (self, call);
  if (!src) /* the first packet was faster, or the call is over */
    src = loopback_src_dup (self);
  if (src) {
    GST_DEBUG_OBJECT (src, "EOS");
    eos = gst_event_new_eos ();
    if (self->eos_in)
      gst_event_set_seqnum (eos, self->eos_seqnum);
    gst_pad_push_event (src, eos);
  }
  g_mutex_lock (&self->lock);
  if (self->call == call)
    self->eos_sent = TRUE;
  g_mutex_unlock (&self->lock);
  self->events->changed (self->owner);
}

static void
carry_out (GstElement *element, gpointer user_data)
{
  Ending *ending = user_data;

  if (ending->eos)
    send_eos (ending->stream, ending->call);
  if (ending->remove)
    loopback_stream_remove_src (ending->stream);
}

static void
carry_out_elsewhere (LoopbackStream *self, guint call, gboolean eos, gboolean remove)
{
  Ending *ending = g_new (Ending, 1);

  *ending = (Ending){ loopback_stream_ref (self), call, eos, remove };
  gst_element_call_async (self->element, carry_out, ending, ending_free);
}

/* With the lock held: whether it is now up to the caller to send EOS, which comes once
 * and not beside a packet */
static gboolean
claim_eos (LoopbackStream *self)
{
  if (self->eos_out || self->pushing)
    return FALSE;
  self->eos_out = TRUE;
  return TRUE;
}

/* A jitter buffer's thread, after a packet is through */
void
loopback_stream_end_if_drained (LoopbackStream *self)
{
  gboolean mine;
  guint call;

  g_mutex_lock (&self->lock);
  mine = self->eos_in && loopback_stream_is_drained (self) && claim_eos (self);
  call = self->call;
  g_mutex_unlock (&self->lock);
  if (mine)
    send_eos (self, call);
}

/* The EOS that came in is due if all packets are out, or if none came out since the last
 * call of this. FALSE if it is still worth waiting. */
gboolean
loopback_stream_check_eos (LoopbackStream *self)
{
  gboolean silent, mine, over;
  guint call;

  g_mutex_lock (&self->lock);
  silent = self->packets_out == self->packets_checked;
  mine =
      self->eos_in && (silent || loopback_stream_is_drained (self)) && claim_eos (self);
  over = self->eos_out || !self->eos_in;
  self->packets_checked = self->packets_out;
  call = self->call;
  g_mutex_unlock (&self->lock);

  if (mine)
    carry_out_elsewhere (self, call, TRUE, FALSE);
  return over;
}

/* Ends a released stream and removes src_N; FALSE if a packet is on its way downstream:
 * later then. */
gboolean
loopback_stream_leave (LoopbackStream *self)
{
  gboolean mine, busy;
  guint call;

  g_mutex_lock (&self->lock);
  busy = self->pushing;
  mine = claim_eos (self);
  call = self->call;
  g_mutex_unlock (&self->lock);

  if (!busy)
    carry_out_elsewhere (self, call, mine, TRUE);
  return !busy;
}
