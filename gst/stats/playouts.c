/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The audio sinks that play what is received. Monitor thread only.
 */
#include <string.h>

#include "../upstream.h"
#include "playouts.h"

typedef struct {
  char *id;
  GWeakRef sink;
  gboolean seen; /* in this report */
  guint64 samples;
  double seconds;
} Playout;

struct _GstCallstatsPlayouts {
  GPtrArray *playouts; /* Playout */
  guint made;
};

static void
playout_free (gpointer data)
{
  Playout *playout = data;

  g_weak_ref_clear (&playout->sink);
  g_free (playout->id);
  g_free (playout);
}

static gboolean
is_audio_sink (GstElement *element)
{
  const char *klass = gst_callstats_get_metadata (element, GST_ELEMENT_METADATA_KLASS);

  return strstr (klass, "Audio") != NULL && strstr (klass, "Sink") != NULL;
}

/* Sinks may be bins around others that do not say what they are for. */
static gboolean
plays_audio (GstElement *sink)
{
  g_autoptr (GstObject) object = gst_object_ref (GST_OBJECT (sink));

  while (object != NULL && GST_IS_ELEMENT (object)) {
    GstObject *parent;

    if (is_audio_sink (GST_ELEMENT (object)))
      return TRUE;
    parent = gst_object_get_parent (object);
    gst_object_unref (object);
    object = parent;
  }
  return FALSE;
}

/* Sinks that are gone are forgotten. */
static Playout *
find (GstCallstatsPlayouts *self, GstElement *sink)
{
  Playout *found = NULL;
  guint i = 0;

  while (i < self->playouts->len) {
    Playout *playout = g_ptr_array_index (self->playouts, i);
    g_autoptr (GstElement) other = g_weak_ref_get (&playout->sink);

    if (other == sink)
      found = playout;
    if (other == NULL)
      g_ptr_array_remove_index (self->playouts, i);
    else
      i++;
  }
  return found;
}

static Playout *
add (GstCallstatsPlayouts *self, GstElement *sink)
{
  Playout *playout = g_new0 (Playout, 1);

  playout->id = g_strdup_printf ("media-playout-%u", self->made++);
  g_weak_ref_init (&playout->sink, sink);
  g_ptr_array_add (self->playouts, playout);
  return playout;
}

void
gst_callstats_playouts_begin (GstCallstatsPlayouts *self)
{
  guint i;

  for (i = 0; i < self->playouts->len; i++)
    ((Playout *)g_ptr_array_index (self->playouts, i))->seen = FALSE;
}

const char *
gst_callstats_playouts_take (
    GstCallstatsPlayouts *self, GstElement *sink, guint64 samples, double seconds)
{
  Playout *playout;

  if (sink == NULL || samples == 0 || !plays_audio (sink))
    return NULL;
  playout = find (self, sink);
  if (playout == NULL)
    playout = add (self, sink);
  playout->samples = MAX (playout->samples, samples);
  playout->seconds = MAX (playout->seconds, seconds);
  playout->seen = TRUE;
  return playout->id;
}

void
gst_callstats_playouts_describe (GstCallstatsPlayouts *self, CallstatsReport *report)
{
  guint i;

  for (i = 0; i < self->playouts->len; i++) {
    Playout *playout = g_ptr_array_index (self->playouts, i);

    if (!playout->seen)
      continue;
    callstats_report_add_stats (report, "media-playout", playout->id);
    callstats_report_set_string (report, "kind", "audio");
    callstats_report_set_uint (report, "totalSamplesCount", playout->samples);
    callstats_report_set_double (report, "totalSamplesDuration", playout->seconds);
  }
}

GstCallstatsPlayouts *
gst_callstats_playouts_new (void)
{
  GstCallstatsPlayouts *self = g_new0 (GstCallstatsPlayouts, 1);

  self->playouts = g_ptr_array_new_with_free_func (playout_free);
  return self;
}

void
gst_callstats_playouts_free (GstCallstatsPlayouts *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->playouts);
  g_free (self);
}
