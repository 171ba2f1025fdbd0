/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When received streams were last seen decoded. The probes run on streaming threads: they
 * store. Everything else runs on the monitor thread only.
 */
#include "mediaframes.h"

#define MAX_DEPTH 24

/* In milliseconds without the upper half. */
typedef struct {
  gint any;
  gint last;
} FrameTime;

typedef struct {
  GstPad *pad; /* behind the decoder */
  gulong probe;
  FrameTime *time; /* an atomic box, the probe's too */
} Tap;

struct _GstCallstatsFrames {
  GHashTable *taps; /* SSRC → Tap */
};

static void
tap_free (gpointer data)
{
  Tap *tap = data;

  gst_pad_remove_probe (tap->pad, tap->probe);
  gst_object_unref (tap->pad);
  g_atomic_rc_box_release (tap->time);
  g_free (tap);
}

static GstPadProbeReturn
on_frame (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  FrameTime *time = user_data;

  g_atomic_int_set (&time->last, (gint)(guint)(g_get_monotonic_time () / 1000));
  g_atomic_int_set (&time->any, TRUE);
  return GST_PAD_PROBE_OK;
}

static gboolean
is_raw (GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const GstStructure *first = caps != NULL && gst_caps_get_size (caps) > 0
                                  ? gst_caps_get_structure (caps, 0)
                                  : NULL;

  return first != NULL && (gst_structure_has_name (first, "audio/x-raw") ||
                              gst_structure_has_name (first, "video/x-raw"));
}

/* Returns: (transfer full) (nullable): the first pad behind src where media is raw */
static GstPad *
find_raw (GstPad *src, guint depth)
{
  g_autoptr (GstPad) sink = NULL;
  GstIterator *behind;
  GValue item = G_VALUE_INIT;
  GstPad *found = NULL;

  if (is_raw (src))
    return gst_object_ref (src);
  sink = gst_pad_get_peer (src);
  if (sink == NULL || depth >= MAX_DEPTH)
    return NULL;
  behind = gst_pad_iterate_internal_links (sink);
  while (behind != NULL && found == NULL &&
         gst_iterator_next (behind, &item) == GST_ITERATOR_OK) {
    found = find_raw (g_value_get_object (&item), depth + 1);
    g_value_reset (&item);
  }
  g_value_unset (&item);
  g_clear_pointer (&behind, gst_iterator_free);
  return found;
}

/* A decoder that was taken out is looked for anew. */
static gboolean
is_tapped (GstCallstatsFrames *self, guint ssrc)
{
  Tap *tap = g_hash_table_lookup (self->taps, GUINT_TO_POINTER (ssrc));

  if (tap == NULL)
    return FALSE;
  if (gst_pad_is_linked (tap->pad))
    return TRUE;
  g_hash_table_remove (self->taps, GUINT_TO_POINTER (ssrc));
  return FALSE;
}

static gboolean
look_at_pad (GstElement *webrtcbin, GstPad *pad, gpointer user_data)
{
  GstCallstatsFrames *self = user_data;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  GstPad *raw;
  Tap *tap;
  guint ssrc;

  if (caps == NULL || gst_caps_get_size (caps) == 0 ||
      !gst_structure_get_uint (gst_caps_get_structure (caps, 0), "ssrc", &ssrc) ||
      is_tapped (self, ssrc))
    return TRUE;
  raw = find_raw (pad, 0);
  if (raw == NULL)
    return TRUE;
  tap = g_new0 (Tap, 1);
  tap->pad = raw;
  tap->time = g_atomic_rc_box_new0 (FrameTime);
  tap->probe =
      gst_pad_add_probe (raw, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
          on_frame, g_atomic_rc_box_acquire (tap->time), g_atomic_rc_box_release);
  g_hash_table_insert (self->taps, GUINT_TO_POINTER (ssrc), tap);
  return TRUE;
}

void
gst_callstats_frames_look (GstCallstatsFrames *self, GstElement *webrtcbin)
{
  gst_element_foreach_src_pad (webrtcbin, look_at_pad, self);
}

gboolean
gst_callstats_frames_get (
    GstCallstatsFrames *self, guint32 ssrc, gint64 now, gint64 *last)
{
  Tap *tap = g_hash_table_lookup (self->taps, GUINT_TO_POINTER (ssrc));
  guint age;

  if (tap == NULL || !g_atomic_int_get (&tap->time->any))
    return FALSE;
  age = (guint)(now / 1000) - (guint)g_atomic_int_get (&tap->time->last);
  *last = (now / 1000 - (age > G_MAXINT ? 0 : age)) * 1000;
  return TRUE;
}

GstCallstatsFrames *
gst_callstats_frames_new (void)
{
  GstCallstatsFrames *self = g_new0 (GstCallstatsFrames, 1);

  self->taps = g_hash_table_new_full (NULL, NULL, NULL, tap_free);
  return self;
}

void
gst_callstats_frames_free (GstCallstatsFrames *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->taps);
  g_free (self);
}
