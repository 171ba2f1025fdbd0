/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sink_N of a loopback stream: checks the caps, holds the data back until the call is
 * up, notes the last sequence number, and keeps EOS to itself.
 *
 * Events and data: upstream's streaming thread. _open() and _fail(): the signalling
 * thread. See loopback-stream.c for what they share.
 */
#include "loopback-caps.h"
#include "loopback-stream-private.h"

GST_DEBUG_CATEGORY_EXTERN (gst_callstats_loopback_debug);
#define GST_CAT_DEFAULT gst_callstats_loopback_debug

#define STREAM_DATA "callstats-loopback-stream"
#define DATA (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST)

/* Why the stream cannot go into the call, or go on in it; NULL if it can */
static gchar *
find_problem (LoopbackStream *self, const GstCaps *caps)
{
  g_autoptr (GstCaps) before = loopback_stream_get_caps (self);
  gchar *problem = loopback_caps_find_problem (caps);

  if (problem)
    return problem;
  if (before && !loopback_caps_same_format (caps, before))
    return g_strdup ("its format changed; stop the element for a call with another one");
  return self->events->refuse (self->owner, self, caps);
}

static void
refuse_caps (LoopbackStream *self, const GstCaps *caps, const gchar *problem)
{
  gboolean said;

  g_mutex_lock (&self->lock);
  said = self->refused;
  self->refused = TRUE;
  g_mutex_unlock (&self->lock);
  if (!said)
    GST_ELEMENT_ERROR (self->element, STREAM, FORMAT,
        ("sink_%u cannot be part of the call: %s.", self->index, problem),
        ("caps: %" GST_PTR_FORMAT, caps));
}

/* Another SSRC is unknown to callee: the stream waits until it has been offered. */
static void
keep_caps (LoopbackStream *self, GstCaps *caps)
{
  guint before, after;
  gboolean changed;

  g_mutex_lock (&self->lock);
  changed = self->offered && loopback_caps_get_ssrc (self->caps, &before) &&
            (!loopback_caps_get_ssrc (caps, &after) || before != after);
  self->offered &= !changed;
  gst_caps_replace (&self->caps, caps);
  g_mutex_unlock (&self->lock);
  if (changed)
    loopback_sink_hold (self);
}

static gboolean
take_caps (LoopbackStream *self, GstEvent *event)
{
  g_autofree gchar *problem = NULL;
  GstCaps *caps;
  guint ssrc;

  gst_event_parse_caps (event, &caps);
  problem = find_problem (self, caps);
  if (problem) {
    refuse_caps (self, caps, problem);
    gst_event_unref (event);
    return FALSE;
  }
  if (loopback_caps_get_ssrc (caps, &ssrc))
    self->events->attach (self->owner, self, caps);
  keep_caps (self, caps);
  if (!gst_pad_event_default (self->sink, GST_OBJECT (self->element), event))
    return FALSE;
  self->events->changed (self->owner);
  return TRUE;
}

static void
take_eos (LoopbackStream *self, GstEvent *event)
{
  gboolean due;

  g_mutex_lock (&self->lock);
  self->eos_in = TRUE;
  self->eos_seqnum = gst_event_get_seqnum (event);
  self->packets_checked = self->packets_out;
  due = loopback_stream_is_drained (self);
  g_mutex_unlock (&self->lock);
  gst_event_unref (event);

  GST_DEBUG_OBJECT (self->sink, "EOS, %s", due ? "drained" : "packets under way");
  self->events->got_eos (self->owner, self, due);
  self->events->changed (self->owner);
}

/* EOS would be swallowed inside; a flush would run through the transport into the
 * other streams. Both stay outside. */
static gboolean
on_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  LoopbackStream *self = loopback_stream_from_sink (pad);

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    return take_caps (self, event);
  case GST_EVENT_EOS:
    take_eos (self, event);
    return TRUE;
  case GST_EVENT_FLUSH_START:
  case GST_EVENT_FLUSH_STOP:
    gst_event_unref (event);
    return TRUE;
  default:
    return gst_pad_event_default (pad, parent, event);
  }
}

static GstPadProbeReturn
on_data (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  LoopbackStream *self = user_data;
  gboolean dropping;

  g_mutex_lock (&self->lock);
  dropping = self->dropping;
  if (!dropping)
    loopback_stream_note_data (self, info, loopback_stream_note_in);
  g_mutex_unlock (&self->lock);
  return dropping ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* webrtcbin tells streams apart by the SSRC in their caps. Where the caps have none
 * the first packet does. */
static void
learn_ssrc (LoopbackStream *self, GstBuffer *buffer)
{
  g_autoptr (GstCaps) caps = loopback_stream_get_caps (self);
  guint16 seqnum;
  guint32 ssrc;

  if (!caps || loopback_caps_get_ssrc (caps, &ssrc) ||
      !loopback_read_rtp_header (buffer, &seqnum, &ssrc))
    return;
  caps = gst_caps_make_writable (caps);
  gst_caps_set_simple (caps, "ssrc", G_TYPE_UINT, ssrc, NULL);
  gst_pad_send_event (self->sink, gst_event_new_caps (caps));
}

static GstPadProbeReturn
on_held (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBufferList *list;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    learn_ssrc (user_data, GST_PAD_PROBE_INFO_BUFFER (info));
  } else {
    list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    if (gst_buffer_list_length (list) > 0)
      learn_ssrc (user_data, gst_buffer_list_get (list, 0));
  }
  return GST_PAD_PROBE_OK;
}

void
loopback_sink_hold (LoopbackStream *self)
{
  gulong probe;

  g_mutex_lock (&self->lock);
  probe = self->hold;
  g_mutex_unlock (&self->lock);
  if (probe)
    return;
  probe = gst_pad_add_probe (
      self->sink, GST_PAD_PROBE_TYPE_BLOCK | DATA, on_held, self, NULL);
  g_mutex_lock (&self->lock);
  self->hold = probe;
  g_mutex_unlock (&self->lock);
}

void
loopback_sink_let_go (LoopbackStream *self)
{
  gulong probe;

  g_mutex_lock (&self->lock);
  probe = self->hold;
  self->hold = 0;
  g_mutex_unlock (&self->lock);
  if (probe)
    gst_pad_remove_probe (self->sink, probe);
}

GstPad *
loopback_sink_new (LoopbackStream *self, GstPadTemplate *templ)
{
  g_autofree gchar *name = g_strdup_printf ("sink_%u", self->index);
  GstPad *sink = gst_ghost_pad_new_no_target_from_template (name, templ);

  g_object_set_data_full (G_OBJECT (sink), STREAM_DATA, loopback_stream_ref (self),
      (GDestroyNotify)loopback_stream_unref);
  gst_pad_set_event_function (sink, on_event);
  self->hold =
      gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BLOCK | DATA, on_held, self, NULL);
  gst_pad_add_probe (sink, DATA, on_data, self, NULL);
  return sink;
}

GstPad *
loopback_stream_get_sink (LoopbackStream *self)
{
  return self->sink;
}

LoopbackStream *
loopback_stream_from_sink (GstPad *sink)
{
  return g_object_get_data (G_OBJECT (sink), STREAM_DATA);
}

/* Whether an offer need not wait for this stream */
gboolean
loopback_stream_may_offer (LoopbackStream *self)
{
  gboolean may;
  guint ssrc;

  g_mutex_lock (&self->lock);
  may = self->eos_in || loopback_caps_get_ssrc (self->caps, &ssrc);
  g_mutex_unlock (&self->lock);
  return may;
}

/* TRUE once: from now on the stream counts as offered */
gboolean
loopback_stream_take_offer (LoopbackStream *self)
{
  gboolean taken;
  guint ssrc;

  g_mutex_lock (&self->lock);
  taken = !self->offered && loopback_caps_get_ssrc (self->caps, &ssrc);
  self->offered |= taken;
  g_mutex_unlock (&self->lock);
  return taken;
}

/* The call is up: lets the data go if the stream is part of it. */
void
loopback_stream_open (LoopbackStream *self)
{
  if (loopback_stream_get_mline (self) == G_MAXUINT)
    return;
  g_mutex_lock (&self->lock);
  if (!self->opened_at)
    self->opened_at = g_get_monotonic_time ();
  g_mutex_unlock (&self->lock);
  loopback_sink_let_go (self);
}

/* The call failed: takes the data and drops it, so that upstream can end. */
void
loopback_stream_fail (LoopbackStream *self)
{
  g_mutex_lock (&self->lock);
  self->dropping = TRUE;
  g_mutex_unlock (&self->lock);
  loopback_sink_let_go (self);
  loopback_stream_check_eos (self);
}
