/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One stream of a loopback call: what has gone in, what has come out, and the pads.
 *
 * Threads: upstream's streaming thread at sink_N, a jitter buffer's at src_N, the
 * signalling thread for an EOS that is overdue, the application's for pads and
 * states. What they share is under `lock`, which is never held across a call out.
 */
#include <gst/webrtc/webrtc.h>

#include "loopback-stream-private.h"

#define RTP_HEADER_SIZE 12

gboolean
loopback_read_rtp_header (GstBuffer *buffer, guint16 *seqnum, guint32 *ssrc)
{
  guint8 header[RTP_HEADER_SIZE];

  if (gst_buffer_extract (buffer, 0, header, sizeof header) != sizeof header)
    return FALSE;
  *seqnum = GST_READ_UINT16_BE (header + 2);
  *ssrc = GST_READ_UINT32_BE (header + 8);
  return TRUE;
}

static gboolean
is_at_or_after (guint16 seqnum, guint16 other)
{
  return (gint16)(seqnum - other) >= 0;
}

void
loopback_stream_note_in (LoopbackStream *self, guint16 seqnum)
{
  if (!self->packets_in || is_at_or_after (seqnum, self->last_in))
    self->last_in = seqnum;
  self->packets_in++;
}

void
loopback_stream_note_out (LoopbackStream *self, guint16 seqnum)
{
  if (!self->packets_out || is_at_or_after (seqnum, self->last_out))
    self->last_out = seqnum;
  self->packets_out++;
}

static void
note_buffer (LoopbackStream *self, GstBuffer *buffer, LoopbackNotePacket note)
{
  guint16 seqnum;
  guint32 ssrc;

  if (loopback_read_rtp_header (buffer, &seqnum, &ssrc))
    note (self, seqnum);
}

void
loopback_stream_note_data (
    LoopbackStream *self, GstPadProbeInfo *info, LoopbackNotePacket note)
{
  GstBufferList *list;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    note_buffer (self, GST_PAD_PROBE_INFO_BUFFER (info), note);
    return;
  }
  list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
  for (guint i = 0; i < gst_buffer_list_length (list); i++)
    note_buffer (self, gst_buffer_list_get (list, i), note);
}

/* Whether nothing that went in is still to come out */
gboolean
loopback_stream_is_drained (LoopbackStream *self)
{
  if (self->pushing)
    return FALSE;
  if (self->dropping || !self->packets_in)
    return TRUE;
  return self->packets_out && is_at_or_after (self->last_out, self->last_in);
}

/* The stream lives as long as its sink pad or this reference. */
LoopbackStream *
loopback_stream_new (GstElement *element, guint index, GstPadTemplate *templ,
    const LoopbackStreamEvents *events, gpointer owner)
{
  LoopbackStream *self = g_atomic_rc_box_new0 (LoopbackStream);

  self->element = element;
  self->events = events;
  self->owner = owner;
  self->index = index;
  g_mutex_init (&self->lock);
  self->sink = loopback_sink_new (self, templ);
  return self;
}

LoopbackStream *
loopback_stream_ref (LoopbackStream *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  LoopbackStream *self = data;

  gst_clear_object (&self->src);
  gst_clear_object (&self->send);
  g_clear_object (&self->transceiver);
  gst_clear_caps (&self->caps);
  g_mutex_clear (&self->lock);
}

void
loopback_stream_unref (LoopbackStream *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

static void
request_send_pad (LoopbackStream *self, GstElement *caller)
{
  GstPadTemplate *templ = gst_element_get_pad_template (caller, "sink_%u");
  g_autoptr (GstPad) send = gst_element_request_pad (caller, templ, NULL, NULL);
  g_autoptr (GObject) transceiver = NULL;

  g_object_get (send, "transceiver", &transceiver, NULL);
  g_object_set (
      transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, NULL);
  gst_ghost_pad_set_target (GST_GHOST_PAD (self->sink), send);

  g_mutex_lock (&self->lock);
  self->send = g_steal_pointer (&send);
  self->transceiver = g_steal_pointer (&transceiver);
  g_mutex_unlock (&self->lock);
}

/* Gives the stream a pad of @caller, which only sends.
 *
 * Not before its caps are known, and those are made the transceiver's preference:
 * webrtcbin (1.22) leaves a transceiver without caps out of an offer, then takes it for
 * the one that was offered, and aborts. So each must have caps, even if its pad is
 * released before the offer. The pad is not asked for by name, as that would bind it to
 * the m-line of that number, nor by caps, for which webrtcbin may hand out the
 * transceiver of a released pad. */
void
loopback_stream_attach (LoopbackStream *self, GstElement *caller, GstCaps *caps)
{
  g_autoptr (GObject) transceiver = NULL;

  g_mutex_lock (&self->lock);
  g_set_object (&transceiver, self->transceiver);
  g_mutex_unlock (&self->lock);
  if (!transceiver) {
    request_send_pad (self, caller);
    transceiver = g_object_ref (self->transceiver);
  }
  g_object_set (transceiver, "codec-preferences", caps, NULL);
}

void
loopback_stream_detach (LoopbackStream *self, GstElement *caller)
{
  g_autoptr (GstPad) send = NULL;
  g_autoptr (GObject) transceiver = NULL;

  g_mutex_lock (&self->lock);
  send = g_steal_pointer (&self->send);
  transceiver = g_steal_pointer (&self->transceiver);
  g_mutex_unlock (&self->lock);

  if (!send)
    return;
  gst_ghost_pad_set_target (GST_GHOST_PAD (self->sink), NULL);
  gst_element_release_request_pad (caller, send);
}

/* The m-line stays in the call without media, as after a browser's removeTrack(). */
void
loopback_stream_release (LoopbackStream *self, GstElement *caller)
{
  g_mutex_lock (&self->lock);
  self->released = TRUE;
  self->dropping = TRUE;
  g_mutex_unlock (&self->lock);
  loopback_sink_let_go (self);
  loopback_stream_detach (self, caller);
}

/* Ready for another call; nothing streams. */
void
loopback_stream_reset (LoopbackStream *self)
{
  g_mutex_lock (&self->lock);
  gst_clear_caps (&self->caps);
  self->call++;
  self->opened_at = 0;
  self->received = self->offered = self->refused = self->dropping = self->eos_in =
      self->eos_out = self->eos_sent = FALSE;
  self->packets_in = self->packets_out = self->packets_checked = 0;
  g_mutex_unlock (&self->lock);
  loopback_sink_hold (self);
}

/* Whether a new offer may be made at @now, a monotonic time, as far as this stream goes.
 * webrtcbin (1.22) warns if a jitter buffer is made while an offer is being answered,
 * so a stream whose first packet is under way is given time to arrive. */
gboolean
loopback_stream_has_settled (LoopbackStream *self, gint64 now)
{
  gboolean settled;

  g_mutex_lock (&self->lock);
  settled = !self->opened_at || self->received || self->dropping || self->eos_in ||
            now >= self->opened_at + LOOPBACK_STREAM_SETTLING * G_TIME_SPAN_MILLISECOND;
  g_mutex_unlock (&self->lock);
  return settled;
}

guint
loopback_stream_get_index (LoopbackStream *self)
{
  return self->index;
}

GstCaps *
loopback_stream_get_caps (LoopbackStream *self)
{
  GstCaps *caps;

  g_mutex_lock (&self->lock);
  caps = self->caps ? gst_caps_ref (self->caps) : NULL;
  g_mutex_unlock (&self->lock);
  return caps;
}

/* G_MAXUINT while no description names the stream */
guint
loopback_stream_get_mline (LoopbackStream *self)
{
  g_autoptr (GObject) transceiver = NULL;
  guint mline = G_MAXUINT;

  g_mutex_lock (&self->lock);
  g_set_object (&transceiver, self->transceiver);
  g_mutex_unlock (&self->lock);
  if (transceiver)
    g_object_get (transceiver, "mlineindex", &mline, NULL);
  return mline;
}

gboolean
loopback_stream_has_ended (LoopbackStream *self, guint32 *seqnum)
{
  gboolean ended;

  g_mutex_lock (&self->lock);
  ended = self->eos_sent;
  *seqnum = self->eos_seqnum;
  g_mutex_unlock (&self->lock);
  return ended;
}
