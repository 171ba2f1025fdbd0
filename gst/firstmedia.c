/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When media first arrives at a webrtcbin.
 *
 * A decoder that decodebin and its like make is found no later than with the packet after
 * the one that made it; if it has given out a frame by then, that was while the packet
 * before went through, whose time is told.
 */
#include <string.h>

#include "firstmedia.h"
#include "mediapath.h"

#define MAX_PACKETS 500 /* that are looked behind for a decoder */
#define NEVER G_MININT64

/* What probes hold. */
typedef struct {
  gatomicrefcount ref_count;
  GstCallstatsFabricLink *link;
  gint rtp, frame; /* atomic: told */
} Marks;

/* The search for the decoder of one source pad; on its streaming thread. */
typedef struct {
  Marks *marks;
  guint packets;
  gint64 last; /* when the packet before went through */
} Search;

struct _GstCallstatsFirstMedia {
  Marks *marks;
  GPtrArray *probed; /* GstPad: of the rtpbin */
  gulong pad_added;
};

static Marks *
marks_ref (Marks *marks)
{
  g_atomic_ref_count_inc (&marks->ref_count);
  return marks;
}

static void
marks_unref (gpointer data)
{
  Marks *marks = data;

  if (!g_atomic_ref_count_dec (&marks->ref_count))
    return;
  gst_callstats_fabric_link_unref (marks->link);
  g_free (marks);
}

static void
mark (Marks *marks, gint *told, const char *phase, gint64 time)
{
  if (g_atomic_int_compare_and_exchange (told, FALSE, TRUE))
    callstats_client_mark_phase (marks->link->client, marks->link->fabric, phase, time);
}

/* Packets */

static GstPadProbeReturn
on_packet (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Marks *marks = user_data;

  mark (marks, &marks->rtp, "firstRtp", g_get_monotonic_time ());
  return GST_PAD_PROBE_REMOVE;
}

static void
probe_packets (const GValue *item, gpointer user_data)
{
  GstCallstatsFirstMedia *self = user_data;
  GstPad *pad = g_value_get_object (item);

  if (!g_str_has_prefix (GST_PAD_NAME (pad), "recv_rtp_sink_") ||
      g_ptr_array_find (self->probed, pad, NULL))
    return;
  g_ptr_array_add (self->probed, gst_object_ref (pad));
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
      on_packet, marks_ref (self->marks), marks_unref);
}

/* Frames */

static GstPadProbeReturn
on_frame (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Marks *marks = user_data;

  mark (marks, &marks->frame, "firstFrame", g_get_monotonic_time ());
  return GST_PAD_PROBE_REMOVE;
}

static void
watch_decoder (Search *search, GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  if (caps != NULL && search->last != NEVER)
    mark (search->marks, &search->marks->frame, "firstFrame", search->last);
  else
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
        on_frame, marks_ref (search->marks), marks_unref);
}

static GstPadProbeReturn
on_received (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Search *search = user_data;
  g_auto (GstCallstatsMediaPath) path = { 0 };

  if (g_atomic_int_get (&search->marks->frame) || search->packets++ >= MAX_PACKETS)
    return GST_PAD_PROBE_REMOVE;
  gst_callstats_media_path_follow_down (&path, pad);
  if (path.codec_src != NULL) {
    watch_decoder (search, path.codec_src);
    return GST_PAD_PROBE_REMOVE;
  }
  search->last = g_get_monotonic_time ();
  return GST_PAD_PROBE_OK;
}

static void
search_free (gpointer data)
{
  Search *search = data;

  marks_unref (search->marks);
  g_free (search);
}

/* On the jitter buffer's thread, unlocked. */
static void
on_pad_added (GstElement *webrtcbin, GstPad *pad, gpointer user_data)
{
  Marks *marks = user_data;
  Search *search;

  if (!GST_PAD_IS_SRC (pad) || g_atomic_int_get (&marks->frame))
    return;
  search = g_new0 (Search, 1);
  search->marks = marks_ref (marks);
  search->last = NEVER;
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
      on_received, search, search_free);
}

GstCallstatsFirstMedia *
gst_callstats_first_media_new (GstCallstatsFence *fence, GstElement *webrtcbin)
{
  GstCallstatsFirstMedia *self = g_new0 (GstCallstatsFirstMedia, 1);

  self->marks = g_new0 (Marks, 1);
  g_atomic_ref_count_init (&self->marks->ref_count);
  self->marks->link =
      gst_callstats_fabric_link_ref (gst_callstats_fence_get_link (fence));
  self->probed = g_ptr_array_new_with_free_func (gst_object_unref);
  self->pad_added =
      g_signal_connect_data (webrtcbin, "pad-added", G_CALLBACK (on_pad_added),
          marks_ref (self->marks), (GClosureNotify)(void (*) (void))marks_unref, 0);
  return self;
}

void
gst_callstats_first_media_free (GstCallstatsFirstMedia *self, GstElement *webrtcbin)
{
  if (self == NULL)
    return;
  if (webrtcbin != NULL)
    g_signal_handler_disconnect (webrtcbin, self->pad_added);
  /* The probes that still wait tell nothing any more. */
  g_atomic_int_set (&self->marks->rtp, TRUE);
  g_atomic_int_set (&self->marks->frame, TRUE);
  g_ptr_array_unref (self->probed);
  marks_unref (self->marks);
  g_free (self);
}

void
gst_callstats_first_media_look (GstCallstatsFirstMedia *self, GstElement *webrtcbin)
{
  g_autoptr (GstElement) rtpbin = gst_bin_get_by_name (GST_BIN (webrtcbin), "rtpbin");
  GstIterator *pads;

  if (rtpbin == NULL)
    return;
  pads = gst_element_iterate_sink_pads (rtpbin);
  while (gst_iterator_foreach (pads, probe_packets, self) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (pads);
  gst_iterator_free (pads);
}
