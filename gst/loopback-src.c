/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * src_N of a loopback stream: hands on what callee receives, drops what nobody takes,
 * so that one missing or stopped consumer never breaks the call.
 *
 * _receive() and data: a jitter buffer's streaming thread. See loopback-stream.c for what
 * they share.
 */
#include "loopback-caps.h"
#include "loopback-stream-private.h"

GST_DEBUG_CATEGORY_EXTERN (gst_callstats_loopback_debug);
#define GST_CAT_DEFAULT gst_callstats_loopback_debug

static gboolean
copy_sticky_event (GstPad *pad, GstEvent **event, gpointer user_data)
{
  if (GST_EVENT_TYPE (*event) != GST_EVENT_EOS)
    gst_pad_store_sticky_event (user_data, *event);
  return TRUE;
}

static GstPad *
make_src (LoopbackStream *self, GstPad *target)
{
  g_autofree gchar *name = g_strdup_printf ("src_%u", self->index);
  GstPadTemplate *templ = gst_element_get_pad_template (self->element, "src_%u");
  GstPad *src;

  if (target)
    src = gst_ghost_pad_new_from_template (name, target, templ);
  else
    src = gst_ghost_pad_new_no_target_from_template (name, templ);
  gst_object_ref_sink (src);
  gst_pad_set_active (src, TRUE);
  if (target)
    gst_pad_sticky_events_foreach (target, copy_sticky_event, src);
  return src;
}

GstPad *
loopback_src_dup (LoopbackStream *self)
{
  GstPad *src;

  g_mutex_lock (&self->lock);
  src = self->src ? gst_object_ref (self->src) : NULL;
  g_mutex_unlock (&self->lock);
  return src;
}

/* NULL if src_N is there already, or must not appear any more: the pad was released, or
 * the call it was for is over */
GstPad *
loopback_src_add (LoopbackStream *self, guint call, GstPad *target)
{
  g_autoptr (GstPad) src = make_src (self, target);
  gboolean wanted;

  g_mutex_lock (&self->lock);
  wanted = !self->src && !self->released && self->call == call;
  if (wanted)
    self->src = gst_object_ref (src);
  g_mutex_unlock (&self->lock);

  if (!wanted) {
    gst_ghost_pad_set_target (GST_GHOST_PAD (src), NULL);
    gst_pad_set_active (src, FALSE);
    return NULL;
  }
  gst_element_add_pad (self->element, src);
  gst_element_post_message (
      self->element, gst_message_new_latency (GST_OBJECT (self->element)));
  return g_steal_pointer (&src);
}

void
loopback_stream_remove_src (LoopbackStream *self)
{
  g_autoptr (GstPad) src = NULL;

  g_mutex_lock (&self->lock);
  src = g_steal_pointer (&self->src);
  g_mutex_unlock (&self->lock);
  if (!src)
    return;
  gst_pad_set_active (src, FALSE);
  gst_element_remove_pad (self->element, src);
}

/* The pad to push to, if anybody wants the packet */
static GstPad *
begin_push (LoopbackStream *self, GstPadProbeInfo *info)
{
  GstPad *src = NULL;

  g_mutex_lock (&self->lock);
  self->pushing = TRUE;
  loopback_stream_note_data (self, info, loopback_stream_note_out);
  if (self->src && !self->dropping && !self->eos_out && gst_pad_is_linked (self->src))
    src = gst_object_ref (self->src);
  g_mutex_unlock (&self->lock);
  return src;
}

static void
finish_push (LoopbackStream *self)
{
  g_mutex_lock (&self->lock);
  self->pushing = FALSE;
  g_mutex_unlock (&self->lock);
  loopback_stream_end_if_drained (self);
}

/* Whatever downstream answers, the call goes on: an error or not-linked that reached
 * the transport would end every stream that shares it. */
static void
push (GstPad *src, GstPadProbeInfo *info)
{
  GstFlowReturn flow;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    flow = gst_pad_push (src, GST_PAD_PROBE_INFO_BUFFER (info));
  else
    flow = gst_pad_push_list (src, GST_PAD_PROBE_INFO_BUFFER_LIST (info));
  if (flow != GST_FLOW_OK)
    GST_LOG_OBJECT (src, "consumer returned %s", gst_flow_get_name (flow));
}

/* On callee's pad, before it looks at its peer: pushes by itself, so that src_N can go
 * away at any time without an error on the transport's thread. */
static GstPadProbeReturn
on_data (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  LoopbackStream *self = user_data;
  g_autoptr (GstPad) src = begin_push (self, info);

  if (src)
    push (src, info);
  finish_push (self);
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = GST_FLOW_OK;
  return src ? GST_PAD_PROBE_HANDLED : GST_PAD_PROBE_DROP;
}

static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  gboolean eos = GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS;

  return eos ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static guint
get_mline (GstPad *callee_pad)
{
  g_autoptr (GObject) transceiver = NULL;
  guint mline = G_MAXUINT;

  g_object_get (callee_pad, "transceiver", &transceiver, NULL);
  if (transceiver)
    g_object_get (transceiver, "mlineindex", &mline, NULL);
  return mline;
}

static gboolean
sends_ssrc (LoopbackStream *self, guint ssrc)
{
  g_autoptr (GstCaps) caps = loopback_stream_get_caps (self);
  guint own;

  return loopback_caps_get_ssrc (caps, &own) && own == ssrc;
}

/* Which of @streams comes out at @callee_pad. callee numbers its pads as they come; the
 * SSRC says whose they are, or the m-line if a collision changed the SSRC. */
LoopbackStream *
loopback_stream_find (GPtrArray *streams, GstPad *callee_pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (callee_pad);
  guint mline = get_mline (callee_pad), ssrc;

  if (loopback_caps_get_ssrc (caps, &ssrc)) {
    for (guint i = 0; i < streams->len; i++) {
      if (sends_ssrc (g_ptr_array_index (streams, i), ssrc))
        return g_ptr_array_index (streams, i);
    }
  }
  for (guint i = 0; i < streams->len && mline != G_MAXUINT; i++) {
    if (loopback_stream_get_mline (g_ptr_array_index (streams, i)) == mline)
      return g_ptr_array_index (streams, i);
  }
  return NULL;
}

#define DATA (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST)

/* callee has a new pad for this stream: the first one, or one for a new SSRC. */
void
loopback_stream_receive (LoopbackStream *self, GstPad *callee_pad)
{
  g_autoptr (GstPad) src = loopback_src_dup (self);
  guint call;

  gst_pad_add_probe (callee_pad, DATA, on_data, loopback_stream_ref (self),
      (GDestroyNotify)loopback_stream_unref);
  gst_pad_add_probe (
      callee_pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, NULL, NULL);
  g_mutex_lock (&self->lock);
  call = self->call;
  self->received = TRUE;
  g_mutex_unlock (&self->lock);

  if (src)
    gst_ghost_pad_set_target (GST_GHOST_PAD (src), callee_pad);
  else
    src = loopback_src_add (self, call, callee_pad);
  self->events->changed (self->owner);
}

static GstPadProbeReturn
on_unwanted (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_DROP;
}

/* A pad that belongs to no stream, such as one whose sink pad is gone meanwhile */
void
loopback_discard (GstPad *callee_pad)
{
  gst_pad_add_probe (callee_pad, DATA, on_unwanted, NULL, NULL);
}
