/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pad probes at the edges of a webrtcbin. Streaming threads, sometimes with webrtcbin's
 * locks held: nothing here calls webrtcbin.
 */
#include "edges.h"

/* Loss among the first packets would have the receiver begin to count after it, with
 * those before as received. */
#define PROBATION 10

typedef void (*TakeBuffer) (Edges *edges, GHashTable *counts, GstBuffer *buffer);

/* Calls `take` for each buffer, with the lock held. */
static void
take_buffers (Edges *edges, GstPadProbeInfo *info, TakeBuffer take, GHashTable *counts)
{
  GstBufferList *list;
  guint i;

  g_mutex_lock (&edges->lock->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    take (edges, counts, GST_PAD_PROBE_INFO_BUFFER (info));
  } else {
    list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    for (i = 0; i < gst_buffer_list_length (list); i++)
      take (edges, counts, gst_buffer_list_get (list, i));
  }
  g_cond_broadcast (&edges->lock->changed);
  g_mutex_unlock (&edges->lock->lock);
}

static void
take_rtp (Edges *edges, GHashTable *counts, GstBuffer *buffer)
{
  Packet packet;

  g_assert_true (packet_parse (buffer, &packet));
  packet_counts_add (counts, &packet);
  edges->lock->rtp_packets++;
}

static void
take_rtcp (Edges *edges, GHashTable *counts, GstBuffer *buffer)
{
  rtcp_counts_add (counts, buffer);
  edges->rtcp_packets++;
}

static void
take_sent (Edges *edges, GHashTable *counts, GstBuffer *buffer)
{
  edges->packets_sent++;
  edges->bytes_sent += gst_buffer_get_size (buffer);
}

static void
take_received (Edges *edges, GHashTable *counts, GstBuffer *buffer)
{
  edges->packets_received++;
  edges->bytes_received += gst_buffer_get_size (buffer);
}

static GstPadProbeReturn
on_offered (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  take_buffers (data, info, take_rtp, ((Edges *)data)->offered);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_delivered (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  take_buffers (data, info, take_rtp, ((Edges *)data)->delivered);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_sent (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  take_buffers (data, info, take_rtp, ((Edges *)data)->sent);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_received (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  take_buffers (data, info, take_rtp, ((Edges *)data)->received);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_rtcp (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  take_buffers (data, info, take_rtcp, ((Edges *)data)->rtcp);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_transport_sent (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  take_buffers (data, info, take_sent, NULL);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_transport_received (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  take_buffers (data, info, take_received, NULL);
  return GST_PAD_PROBE_OK;
}

/* Losing */

static gboolean
must_drop (Edges *edges, GstBuffer *buffer)
{
  PacketCount *sent;
  Packet packet;

  if (!packet_parse (buffer, &packet) || !edges->may_drop (packet.payload_type))
    return FALSE;
  sent = g_hash_table_lookup (edges->sent, GUINT_TO_POINTER (packet.ssrc));
  if (sent == NULL || sent->packets < PROBATION)
    return FALSE;
  return packet.seqnum % edges->drop_interval == edges->drop_interval / 2;
}

static gboolean
drop_of_list (GstBuffer **buffer, guint index, gpointer data)
{
  Edges *edges = data;

  if (must_drop (edges, *buffer)) {
    edges->dropped++;
    gst_clear_buffer (buffer);
  }
  return TRUE;
}

static GstPadProbeReturn
on_way_out (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Edges *edges = data;
  GstPadProbeReturn result = GST_PAD_PROBE_OK;

  g_mutex_lock (&edges->lock->lock);
  if (edges->drop_interval > 0 && info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    if (must_drop (edges, GST_PAD_PROBE_INFO_BUFFER (info))) {
      edges->dropped++;
      result = GST_PAD_PROBE_DROP;
    }
  } else if (edges->drop_interval > 0) {
    info->data = gst_buffer_list_make_writable (info->data);
    gst_buffer_list_foreach (info->data, drop_of_list, edges);
  }
  g_mutex_unlock (&edges->lock->lock);
  return result;
}

/* Finding the edges */

static void
probe (GstPad *pad, GstPadProbeCallback callback, Edges *edges)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
      callback, edges, NULL);
}

static void
on_pad_added (GstElement *webrtcbin, GstPad *pad, Edges *edges)
{
  probe (pad, GST_PAD_IS_SINK (pad) ? on_offered : on_delivered, edges);
}

static void
on_rtpbin_pad_added (GstElement *rtpbin, GstPad *pad, Edges *edges)
{
  static const struct {
    const char *prefix;
    GstPadProbeCallback callback;
  } wanted[] = {
    { "send_rtp_src_", on_sent },
    { "recv_rtp_sink_", on_received },
    { "recv_rtcp_sink_", on_rtcp },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (wanted); i++) {
    if (g_str_has_prefix (GST_PAD_NAME (pad), wanted[i].prefix))
      probe (pad, wanted[i].callback, edges);
  }
}

static void
on_sender_timeout (GstElement *rtpbin, guint session, guint ssrc, Edges *edges)
{
  g_mutex_lock (&edges->lock->lock);
  if (g_hash_table_contains (edges->received, GUINT_TO_POINTER (ssrc)))
    edges->sender_timeouts++;
  g_cond_broadcast (&edges->lock->changed);
  g_mutex_unlock (&edges->lock->lock);
}

static void
on_element_added (GstBin *webrtcbin, GstBin *bin, GstElement *element, Edges *edges)
{
  static const struct {
    const char *factory, *pad;
    GstPadProbeCallback callback;
  } wanted[] = {
    { "nicesink", "sink", on_transport_sent },
    { "nicesrc", "src", on_transport_received },
    { "dtlssrtpenc", "src", on_way_out },
  };
  GstElementFactory *factory = gst_element_get_factory (element);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (wanted); i++) {
    if (factory != NULL &&
        g_strcmp0 (GST_OBJECT_NAME (factory), wanted[i].factory) == 0) {
      g_autoptr (GstPad) pad = gst_element_get_static_pad (element, wanted[i].pad);

      g_assert_nonnull (pad);
      probe (pad, wanted[i].callback, edges);
    }
  }
}

void
edges_init (Edges *edges, EdgeLock *lock, GstElement *webrtcbin)
{
  edges->lock = lock;
  edges->webrtcbin = webrtcbin;
  edges->rtpbin = gst_bin_get_by_name (GST_BIN (webrtcbin), "rtpbin");
  g_assert_nonnull (edges->rtpbin);
  edges->offered = packet_counts_new ();
  edges->sent = packet_counts_new ();
  edges->received = packet_counts_new ();
  edges->delivered = packet_counts_new ();
  edges->rtcp = packet_counts_new ();
  g_signal_connect (webrtcbin, "pad-added", G_CALLBACK (on_pad_added), edges);
  g_signal_connect (
      webrtcbin, "deep-element-added", G_CALLBACK (on_element_added), edges);
  g_signal_connect (edges->rtpbin, "pad-added", G_CALLBACK (on_rtpbin_pad_added), edges);
  g_signal_connect (
      edges->rtpbin, "on-sender-timeout", G_CALLBACK (on_sender_timeout), edges);
}

/* After the webrtcbin has stopped */
void
edges_clear (Edges *edges)
{
  g_signal_handlers_disconnect_by_data (edges->webrtcbin, edges);
  g_signal_handlers_disconnect_by_data (edges->rtpbin, edges);
  gst_clear_object (&edges->rtpbin);
  g_hash_table_unref (edges->offered);
  g_hash_table_unref (edges->sent);
  g_hash_table_unref (edges->received);
  g_hash_table_unref (edges->delivered);
  g_hash_table_unref (edges->rtcp);
}
