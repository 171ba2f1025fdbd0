/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sink_N of a loopback stream: checks the caps, holds the data back until the call is
 * negotiated, notes the last sequence number, and keeps EOS to itself.
 *
 * Events and data: upstream's streaming thread. _open() and _fail(): the signalling
 * thread. See loopback-stream.c for what they share.
 */
#include "loopback-stream-private.h"

GST_DEBUG_CATEGORY_EXTERN (gst_callstats_loopback_debug);
#define GST_CAT_DEFAULT gst_callstats_loopback_debug

#define STREAM_DATA "callstats-loopback-stream"
#define DATA (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST)

static const gchar *
find_missing_field (const GstStructure *rtp)
{
  static const gchar *const FIELDS[] = { "media", "encoding-name", "clock-rate",
    "payload" };

  for (guint i = 0; i < G_N_ELEMENTS (FIELDS); i++) {
    if (!gst_structure_has_field (rtp, FIELDS[i]))
      return FIELDS[i];
  }
  return NULL;
}

static gchar *
find_caps_problem (const GstCaps *caps)
{
  const GstStructure *rtp = gst_caps_get_structure (caps, 0);
  const gchar *missing, *media;

  if ((missing = find_missing_field (rtp)))
    return g_strdup_printf ("its caps have no %s; add it with a capsfilter", missing);
  media = gst_structure_get_string (rtp, "media");
  if (g_strcmp0 (media, "audio") && g_strcmp0 (media, "video"))
    return g_strdup_printf ("its media is %s, not audio or video", media);
  return NULL;
}

static gboolean
take_caps (LoopbackStream *self, GstEvent *event)
{
  g_autofree gchar *problem = NULL;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  problem = find_caps_problem (caps);
  if (!problem)
    problem = self->events->refuse (self->element, self, caps);
  if (problem) {
    GST_ELEMENT_ERROR (self->element, STREAM, FORMAT,
        ("sink_%u cannot be part of the call: %s.", self->index, problem),
        ("caps: %" GST_PTR_FORMAT, caps));
    gst_event_unref (event);
    return FALSE;
  }

  g_mutex_lock (&self->lock);
  gst_caps_replace (&self->caps, caps);
  g_mutex_unlock (&self->lock);
  if (!gst_pad_event_default (self->sink, GST_OBJECT (self->element), event))
    return FALSE;
  self->events->changed (self->element);
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
  self->events->got_eos (self->element, self, due);
  self->events->changed (self->element);
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

static gboolean
names_ssrc (const GstCaps *caps)
{
  return caps && gst_structure_has_field (gst_caps_get_structure (caps, 0), "ssrc");
}

/* webrtcbin tells streams apart by the SSRC in their caps. Where the caps have none
 * the first packet does. */
static void
learn_ssrc (LoopbackStream *self, GstBuffer *buffer)
{
  g_autoptr (GstCaps) caps = loopback_stream_get_caps (self);
  guint16 seqnum;
  guint32 ssrc;

  if (!caps || names_ssrc (caps) || !loopback_read_rtp_header (buffer, &seqnum, &ssrc))
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

  g_mutex_lock (&self->lock);
  may = names_ssrc (self->caps) || self->eos_in;
  g_mutex_unlock (&self->lock);
  return may;
}

/* TRUE once: from now on the stream counts as offered */
gboolean
loopback_stream_take_offer (LoopbackStream *self)
{
  gboolean taken;

  g_mutex_lock (&self->lock);
  taken = !self->offered && names_ssrc (self->caps);
  self->offered |= taken;
  g_mutex_unlock (&self->lock);
  return taken;
}

/* A negotiation is through: lets the data go if the stream was part of it. */
void
loopback_stream_open (LoopbackStream *self)
{
  if (loopback_stream_get_mline (self) != G_MAXUINT)
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
