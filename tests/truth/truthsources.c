/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an end of a call sends: sources that can be held back, change their SSRC or leave.
 *
 * Probes run on streaming threads, under the call's lock; the rest is for the test's
 * thread.
 */
#include "truthcall-private.h"

#define DEADLINE (30 * G_TIME_SPAN_SECOND)

void
truth_source_free (gpointer data)
{
  TruthSource *source = data;

  gst_object_unref (source->pad);
  gst_object_unref (source->bin);
  g_free (source);
}

/* Nothing enters the encoder of a source that is held back, so sequence numbers go on
 * later as if nothing had been; EOS would make webrtcbin say BYE. */
static GstPadProbeReturn
on_raw_data (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  TruthCall *self = data;
  gboolean held;

  g_mutex_lock (&self->lock.lock);
  held = self->held;
  g_mutex_unlock (&self->lock.lock);
  return held ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_source_data (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  TruthSource *source = data;
  GstBuffer *buffer =
      info->type & GST_PAD_PROBE_TYPE_BUFFER
          ? GST_PAD_PROBE_INFO_BUFFER (info)
          : gst_buffer_list_get (GST_PAD_PROBE_INFO_BUFFER_LIST (info), 0);
  Packet packet;

  g_assert_true (packet_parse (buffer, &packet));
  g_mutex_lock (&source->call->lock.lock);
  source->ssrc = packet.ssrc;
  g_cond_broadcast (&source->call->lock.changed);
  g_mutex_unlock (&source->call->lock.lock);
  return GST_PAD_PROBE_OK;
}

static void
probe_raw (TruthCall *self, GstElement *bin)
{
  g_autoptr (GstElement) raw = gst_bin_get_by_name (GST_BIN (bin), "raw");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (raw, "src");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_raw_data, self, NULL);
}

static GstPadProbeReturn
on_caps_with_ssrc (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  g_autoptr (GstCaps) without = NULL;
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &caps);
  without = gst_caps_copy (caps);
  gst_structure_remove_field (gst_caps_get_structure (without, 0), "ssrc");
  GST_PAD_PROBE_INFO_DATA (info) = gst_event_new_caps (without);
  gst_event_unref (event);
  return GST_PAD_PROBE_OK;
}

static TruthSource *
add_source (TruthCall *self, TruthEnd end, const TruthFormat *format, gboolean tell_ssrc)
{
  GstPadTemplate *templ = gst_element_get_pad_template (self->ends[end], "sink_%u");
  TruthSource *source = g_new0 (TruthSource, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstPad) src = NULL;

  source->call = self;
  source->end = end;
  source->format = format;
  source->bin =
      gst_object_ref_sink (gst_parse_bin_from_description (format->launch, TRUE, &error));
  g_assert_no_error (error);
  probe_raw (self, source->bin);
  src = gst_element_get_static_pad (source->bin, "src");
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
      on_source_data, source, NULL);
  if (!tell_ssrc)
    gst_pad_add_probe (
        src, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_caps_with_ssrc, NULL, NULL);
  gst_bin_add (GST_BIN (self->pipeline), source->bin);
  source->pad = gst_element_request_pad (self->ends[end], templ, NULL, NULL);
  g_assert_nonnull (source->pad);
  g_assert_cmpint (gst_pad_link (src, source->pad), ==, GST_PAD_LINK_OK);
  gst_element_sync_state_with_parent (source->bin);
  g_ptr_array_add (self->sources, source);
  return source;
}

TruthSource *
truth_call_add_source (TruthCall *self, TruthEnd end, const TruthFormat *format)
{
  return add_source (self, end, format, TRUE);
}

TruthSource *
truth_call_add_source_without_ssrc (
    TruthCall *self, TruthEnd end, const TruthFormat *format)
{
  return add_source (self, end, format, FALSE);
}

static void
mark_gone (TruthCall *self, TruthSource *source)
{
  g_mutex_lock (&self->lock.lock);
  g_assert_cmpuint (source->ssrc, !=, 0);
  g_hash_table_add (self->gone, GUINT_TO_POINTER (source->ssrc));
  g_mutex_unlock (&self->lock.lock);
}

void
truth_call_change_ssrc (TruthCall *self, TruthSource *source)
{
  g_autoptr (GstPad) src = gst_element_get_static_pad (source->bin, "src");
  guint32 before = source->ssrc;
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  mark_gone (self, source);
  gst_pad_send_event (
      src, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
               gst_structure_new ("GstRTPCollision", "ssrc", G_TYPE_UINT, before, NULL)));
  g_mutex_lock (&self->lock.lock);
  while (source->ssrc == before)
    truth_call_wait (self, deadline, "another SSRC");
  g_mutex_unlock (&self->lock.lock);
}

void
truth_call_remove_source (TruthCall *self, TruthSource *source)
{
  g_autoptr (GstPad) src = gst_element_get_static_pad (source->bin, "src");
  g_autoptr (GObject) transceiver = NULL;

  mark_gone (self, source);
  source->removed = TRUE;
  g_object_get (source->pad, "transceiver", &transceiver, NULL);
  gst_element_set_state (source->bin, GST_STATE_NULL);
  gst_pad_unlink (src, source->pad);
  gst_element_release_request_pad (self->ends[source->end], source->pad);
  gst_bin_remove (GST_BIN (self->pipeline), source->bin);
  g_object_set (
      transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_INACTIVE, NULL);
}
