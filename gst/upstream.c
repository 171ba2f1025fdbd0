/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What lies upstream of a sink pad: what cuts its media, and what captures it.
 *
 * Pipeline thread. A pipeline may change while it is looked through: every object is held
 * by a reference, and what is seen is what was there at that moment.
 */
#include <string.h>

#include "upstream.h"

#define MAX_PADS 256 /* ways that part and meet again would take for ever */

typedef struct {
  GstCallstatsUpstream *upstream;
  GstCallstatsPassed passed;
  gpointer user_data;
  guint pads; /* that may still be looked at */
} Look;

static guint look_from (Look *look, GstPad *sink);

/* Elements */

gboolean
gst_callstats_is_factory (GstElement *element, const char *name)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory != NULL && g_strcmp0 (GST_OBJECT_NAME (factory), name) == 0;
}

gboolean
gst_callstats_is_webrtcbin (gpointer object)
{
  return GST_IS_ELEMENT (object) && gst_callstats_is_factory (object, "webrtcbin");
}

const char *
gst_callstats_get_metadata (GstElement *element, const char *key)
{
  const char *value = gst_element_get_metadata (element, key);

  return value != NULL ? value : "";
}

gboolean
gst_callstats_has_property (gpointer object, const char *name, GType type)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (object), name);

  return pspec != NULL && (pspec->flags & G_PARAM_READABLE) != 0 &&
         g_type_is_a (pspec->value_type, type);
}

/* How the captures of screens are known. */
static const struct {
  const char *factory;
  const char *property; /* NULL: the element alone will do */
  GType type;
} screens[] = {
  { "ximagesrc", NULL, 0 },
  { "waylandsrc", NULL, 0 },
  { "kmssrc", NULL, 0 },
  { "d3d11screencapturesrc", NULL, 0 },
  { "d3d12screencapturesrc", NULL, 0 },
  { "dx9screencapsrc", NULL, 0 },
  { "dxgiscreencapsrc", NULL, 0 },
  { "gdiscreencapsrc", NULL, 0 },
  { "avfvideosrc", "capture-screen", G_TYPE_BOOLEAN },
  /* The connection that the desktop's portal gave: its ScreenCast, as a rule. */
  { "pipewiresrc", "fd", G_TYPE_INT },
};

static gboolean
has_value (GstElement *element, const char *property, GType type)
{
  gboolean yes = FALSE;
  int number = -1;

  if (!gst_callstats_has_property (element, property, type))
    return FALSE;
  if (type == G_TYPE_BOOLEAN)
    g_object_get (element, property, &yes, NULL);
  else
    g_object_get (element, property, &number, NULL);
  return yes || number >= 0;
}

static gboolean
captures_screen (GstElement *element)
{
  const char *klass = gst_callstats_get_metadata (element, GST_ELEMENT_METADATA_KLASS);
  const char *name = gst_callstats_get_metadata (element, GST_ELEMENT_METADATA_LONGNAME);
  g_autofree char *folded = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (screens); i++) {
    if (gst_callstats_is_factory (element, screens[i].factory))
      return screens[i].property == NULL ||
             has_value (element, screens[i].property, screens[i].type);
  }
  if (strstr (klass, "Source/Video") == NULL)
    return FALSE;
  folded = g_ascii_strdown (name, -1);
  return strstr (folded, "screen") != NULL;
}

/* What is like a volume: with a mute, or by its interface. Source elements that make a
 * tone have a volume too, which is not one to mute by. */
static gboolean
is_muted (gpointer object)
{
  GType stream_volume = g_type_from_name ("GstStreamVolume");
  gboolean like =
      stream_volume != 0 && g_type_is_a (G_OBJECT_TYPE (object), stream_volume);
  gboolean mute = FALSE;
  double volume = 1;

  if (gst_callstats_has_property (object, "mute", G_TYPE_BOOLEAN)) {
    like = TRUE;
    g_object_get (object, "mute", &mute, NULL);
  }
  if (like && !mute && gst_callstats_has_property (object, "volume", G_TYPE_DOUBLE))
    g_object_get (object, "volume", &volume, NULL);
  return mute || volume <= 0;
}

static gboolean
is_closed_valve (GstElement *element)
{
  gboolean drop = FALSE;

  if (gst_callstats_is_factory (element, "valve"))
    g_object_get (element, "drop", &drop, NULL);
  return drop;
}

static guint
get_cut (GstElement *element)
{
  return (is_muted (element) ? GST_CALLSTATS_CUT_MUTE : 0) |
         (is_closed_valve (element) ? GST_CALLSTATS_CUT_VALVE : 0);
}

static void
keep (GstElement **place, GstElement *element)
{
  if (*place == NULL)
    *place = gst_object_ref (element);
}

/* Pads */

static guint
pass (Look *look, GstElement *element)
{
  look->passed (element, look->user_data);
  if (captures_screen (element))
    keep (&look->upstream->screen, element);
  return get_cut (element);
}

/* The source pad that feeds sink: through the walls of bins, but not into a webrtcbin. A
 * bin may be muted as a whole.
 * Returns: (transfer full) (nullable) */
static GstPad *
find_feed (Look *look, GstPad *sink, guint *cut)
{
  GstPad *pad = gst_pad_get_peer (sink);

  while (pad != NULL) {
    g_autoptr (GstPad) wall = pad;
    g_autoptr (GstObject) parent = NULL;

    if (!GST_IS_PROXY_PAD (pad))
      return g_steal_pointer (&wall);
    if (!GST_IS_GHOST_PAD (pad)) {
      g_autoptr (GstProxyPad) outside = gst_proxy_pad_get_internal (GST_PROXY_PAD (pad));

      pad = outside != NULL ? gst_pad_get_peer (GST_PAD (outside)) : NULL;
      continue;
    }
    parent = gst_pad_get_parent (pad);
    if (parent == NULL || gst_callstats_is_webrtcbin (parent))
      return g_steal_pointer (&wall);
    if (GST_IS_ELEMENT (parent))
      *cut |= pass (look, GST_ELEMENT (parent));
    pad = gst_ghost_pad_get_target (GST_GHOST_PAD (pad));
  }
  return NULL;
}

/* The ways into an element that lead to one of its source pads. */
typedef struct {
  Look *look;
  guint ways;
  guint open; /* ways that nothing cuts */
  guint cut;
} Inputs;

static void
look_at_input (Inputs *inputs, GstPad *sink)
{
  guint cut;

  if (!GST_PAD_IS_LINKED (sink) || inputs->look->pads == 0)
    return;
  inputs->look->pads--;
  inputs->ways++;
  cut = look_from (inputs->look, sink);
  if (is_muted (sink))
    cut |= GST_CALLSTATS_CUT_MUTE;
  inputs->open += cut == 0;
  inputs->cut |= cut;
}

static void
collect_input (const GValue *item, gpointer user_data)
{
  g_ptr_array_add (user_data, g_value_dup_object (item));
}

/* Returns: (transfer full) (element-type GstPad) */
static GPtrArray *
list_inputs (GstPad *src)
{
  GPtrArray *inputs = g_ptr_array_new_with_free_func (gst_object_unref);
  GstIterator *links = gst_pad_iterate_internal_links (src);

  if (links == NULL)
    return inputs;
  while (gst_iterator_foreach (links, collect_input, inputs) == GST_ITERATOR_RESYNC) {
    g_ptr_array_set_size (inputs, 0);
    gst_iterator_resync (links);
  }
  gst_iterator_free (links);
  return inputs;
}

/* Returns: (transfer full) (element-type GstPad) */
static GPtrArray *
list_active_inputs (GstElement *element, GstPad *src)
{
  g_autoptr (GstPad) active = NULL;
  GPtrArray *inputs;

  if (gst_callstats_has_property (element, "active-pad", GST_TYPE_PAD))
    g_object_get (element, "active-pad", &active, NULL);
  if (active == NULL || !GST_PAD_IS_SINK (active))
    return list_inputs (src);
  inputs = g_ptr_array_new_with_free_func (gst_object_unref);
  g_ptr_array_add (inputs, g_steal_pointer (&active));
  return inputs;
}

static guint
look_through (Look *look, GstElement *element, GstPad *src)
{
  g_autoptr (GPtrArray) pads = list_active_inputs (element, src);
  Inputs inputs = { .look = look };
  guint i;

  for (i = 0; i < pads->len; i++)
    look_at_input (&inputs, g_ptr_array_index (pads, i));
  if (pads->len == 0)
    keep (&look->upstream->source, element);
  return inputs.ways > 0 && inputs.open == 0 ? inputs.cut : 0;
}

static guint
look_from (Look *look, GstPad *sink)
{
  guint cut = 0;
  g_autoptr (GstPad) src = find_feed (look, sink, &cut);
  g_autoptr (GstElement) element = src != NULL ? gst_pad_get_parent_element (src) : NULL;

  if (element == NULL)
    return 0;
  if (gst_callstats_is_webrtcbin (element)) {
    if (look->upstream->remote == NULL)
      look->upstream->remote = gst_object_ref (src);
    return 0;
  }
  cut |= pass (look, element);
  return cut | look_through (look, element, src);
}

void
gst_callstats_upstream_look (GstCallstatsUpstream *upstream, GstPad *sink,
    GstCallstatsPassed passed, gpointer user_data)
{
  Look look = { upstream, passed, user_data, MAX_PADS };

  *upstream = (GstCallstatsUpstream){ 0 };
  upstream->cut = look_from (&look, sink);
}

void
gst_callstats_upstream_clear (GstCallstatsUpstream *upstream)
{
  gst_clear_object (&upstream->source);
  gst_clear_object (&upstream->screen);
  gst_clear_object (&upstream->remote);
}
