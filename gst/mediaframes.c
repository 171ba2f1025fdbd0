/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When received streams were last seen decoded. The probes run on streaming threads: they
 * store. Everything else runs on the monitor thread only.
 */
#include "mediaframes.h"
#include "mediapath.h"

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
  g_auto (GstCallstatsMediaPath) path = { 0 };
  Tap *tap;
  guint ssrc;

  if (caps == NULL || gst_caps_get_size (caps) == 0 ||
      !gst_structure_get_uint (gst_caps_get_structure (caps, 0), "ssrc", &ssrc) ||
      is_tapped (self, ssrc))
    return TRUE;
  gst_callstats_media_path_follow_down (&path, pad);
  if (path.raw == NULL)
    return TRUE;
  tap = g_new0 (Tap, 1);
  tap->pad = gst_object_ref (path.raw);
  tap->time = g_atomic_rc_box_new0 (FrameTime);
  tap->probe = gst_pad_add_probe (tap->pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_frame,
      g_atomic_rc_box_acquire (tap->time), g_atomic_rc_box_release);
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
