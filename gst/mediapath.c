/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way of one stream's media between a webrtcbin's pad and its codec. Any thread.
 */
#include "mediapath.h"
#include "upstream.h"

#define MAX_PADS 256 /* ways that part and meet again would take for ever */
#define MAX_INSIDE 8 /* elements between webrtcbin's pad and the jitter buffer */

typedef struct {
  GstCallstatsMediaPath *path;
  guint32 ssrc;
  guint pads;                                       /* that may still be looked at */
  gboolean (*follow) (gpointer walk, GstPad *from); /* TRUE: all is found */
} Walk;

/* Pads and elements */

/* Returns: (transfer full) (nullable): the first structure's caps, if fixed enough */
static GstCaps *
get_caps (GstPad *pad)
{
  GstCaps *caps = gst_pad_get_current_caps (pad);

  if (caps != NULL && gst_caps_get_size (caps) == 0)
    gst_clear_caps (&caps);
  return caps;
}

gboolean
gst_callstats_is_raw (GstPad *pad)
{
  g_autoptr (GstCaps) caps = get_caps (pad);
  const GstStructure *first = caps != NULL ? gst_caps_get_structure (caps, 0) : NULL;

  return first != NULL && (gst_structure_has_name (first, "audio/x-raw") ||
                              gst_structure_has_name (first, "video/x-raw"));
}

static gboolean
has_size (GstPad *pad)
{
  g_autoptr (GstCaps) caps = get_caps (pad);

  return caps != NULL && gst_structure_has_field_typed (
                             gst_caps_get_structure (caps, 0), "width", G_TYPE_INT);
}

static gboolean
is_of_other_ssrc (GstPad *pad, guint32 ssrc)
{
  g_autoptr (GstCaps) caps = ssrc != 0 ? get_caps (pad) : NULL;
  guint found;

  return caps != NULL &&
         gst_structure_get_uint (gst_caps_get_structure (caps, 0), "ssrc", &found) &&
         found != ssrc;
}

static gboolean
is_codec (GstElement *element, GstElementFactoryListType type)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory != NULL && !GST_IS_BIN (element) &&
         gst_element_factory_list_is_type (factory, type);
}

/* Returns: (transfer full) (nullable): the element's only pad of that direction, or first
 */
static GstPad *
get_pad (GstElement *element, const char *name, GstPadDirection direction)
{
  GstPad *pad = gst_element_get_static_pad (element, name);
  GList *pads;

  if (pad != NULL)
    return pad;
  GST_OBJECT_LOCK (element);
  pads = direction == GST_PAD_SRC ? element->srcpads : element->sinkpads;
  if (pads != NULL)
    pad = gst_object_ref (pads->data);
  GST_OBJECT_UNLOCK (element);
  return pad;
}

static guint
count_pads (GstElement *element, GstPadDirection direction)
{
  guint n;

  GST_OBJECT_LOCK (element);
  n = direction == GST_PAD_SRC ? element->numsrcpads : element->numsinkpads;
  GST_OBJECT_UNLOCK (element);
  return n;
}

static void
keep (GstPad **place, GstPad *pad)
{
  if (*place == NULL)
    *place = gst_object_ref (pad);
}

/* Walking */

static gboolean
follow_links (Walk *walk, GstPad *pad)
{
  GstIterator *links = gst_pad_iterate_internal_links (pad);
  GValue item = G_VALUE_INIT;
  gboolean found = FALSE;

  while (links != NULL && !found && walk->pads > 0 &&
         gst_iterator_next (links, &item) == GST_ITERATOR_OK) {
    walk->pads--;
    found = walk->follow (walk, g_value_get_object (&item));
    g_value_reset (&item);
  }
  g_value_unset (&item);
  g_clear_pointer (&links, gst_iterator_free);
  return found;
}

static void
take_codec (GstCallstatsMediaPath *path, GstElement *codec)
{
  path->codec = gst_object_ref (codec);
  path->codec_sink = get_pad (codec, "sink", GST_PAD_SINK);
  path->codec_src = get_pad (codec, "src", GST_PAD_SRC);
}

/* Downstream */

static gboolean follow_down (gpointer data, GstPad *src);

static gboolean
go_through (Walk *walk, GstElement *element, GstPad *sink)
{
  GstCallstatsMediaPath *path = walk->path;

  if (gst_callstats_is_webrtcbin (element) ||
      is_codec (element, GST_ELEMENT_FACTORY_TYPE_ENCODER))
    return FALSE;
  if (count_pads (element, GST_PAD_SRC) == 0) {
    if (path->raw == NULL || path->sink != NULL || GST_IS_BIN (element))
      return follow_links (walk, sink);
    path->sink = gst_object_ref (element);
    path->sink_pad = gst_object_ref (sink);
    return TRUE;
  }
  if (path->codec == NULL && path->raw == NULL &&
      is_codec (element, GST_ELEMENT_FACTORY_TYPE_DECODER)) {
    take_codec (path, element);
    if (path->codec_src == NULL)
      return FALSE;
    keep (&path->raw, path->codec_src);
    return follow_down (walk, path->codec_src);
  }
  if (path->raw != NULL && !GST_IS_BIN (element) &&
      count_pads (element, GST_PAD_SINK) > 1)
    path->mixed = TRUE;
  return follow_links (walk, sink);
}

static gboolean
follow_down (gpointer data, GstPad *src)
{
  Walk *walk = data;
  g_autoptr (GstPad) sink = gst_pad_get_peer (src);
  g_autoptr (GstElement) element = NULL;

  if (walk->path->raw == NULL && gst_callstats_is_raw (src))
    keep (&walk->path->raw, src);
  else if (walk->path->raw == NULL && has_size (src))
    keep (&walk->path->coded, src);
  if (sink == NULL)
    return FALSE;
  element = gst_pad_get_parent_element (sink);
  return element != NULL ? go_through (walk, element, sink) : follow_links (walk, sink);
}

void
gst_callstats_media_path_follow_down (GstCallstatsMediaPath *path, GstPad *src)
{
  Walk walk = { path, 0, MAX_PADS, follow_down };

  *path = (GstCallstatsMediaPath){ 0 };
  follow_down (&walk, src);
}

/* Upstream */

static gboolean
follow_up (gpointer data, GstPad *sink)
{
  Walk *walk = data;
  g_autoptr (GstPad) src = gst_pad_get_peer (sink);
  g_autoptr (GstElement) element = src != NULL ? gst_pad_get_parent_element (src) : NULL;

  if (src == NULL || is_of_other_ssrc (src, walk->ssrc) ||
      (element != NULL && gst_callstats_is_webrtcbin (element)))
    return FALSE;
  if (gst_callstats_is_raw (src)) {
    keep (&walk->path->raw, src);
    return TRUE;
  }
  if (has_size (src))
    keep (&walk->path->coded, src);
  if (element != NULL && is_codec (element, GST_ELEMENT_FACTORY_TYPE_ENCODER)) {
    take_codec (walk->path, element);
    return TRUE;
  }
  return follow_links (walk, src);
}

void
gst_callstats_media_path_follow_up (
    GstCallstatsMediaPath *path, GstPad *sink, guint32 ssrc)
{
  Walk walk = { path, ssrc, MAX_PADS, follow_up };

  *path = (GstCallstatsMediaPath){ 0 };
  follow_up (&walk, sink);
}

/* Inside webrtcbin */

/* Returns: (transfer full) (nullable): the first pad that leads to src inside its element
 */
static GstPad *
get_linked_inside (GstPad *src)
{
  GstIterator *links = gst_pad_iterate_internal_links (src);
  GValue item = G_VALUE_INIT;
  GstPad *pad = NULL;

  if (links != NULL && gst_iterator_next (links, &item) == GST_ITERATOR_OK)
    pad = g_value_dup_object (&item);
  g_value_unset (&item);
  g_clear_pointer (&links, gst_iterator_free);
  return pad;
}

/* Returns: (transfer full) (nullable): what a ghost pad stands for, or src itself */
static GstPad *
get_inmost (GstPad *src)
{
  GstPad *pad = gst_object_ref (src);

  while (pad != NULL && GST_IS_GHOST_PAD (pad)) {
    GstPad *target = gst_ghost_pad_get_target (GST_GHOST_PAD (pad));

    gst_object_unref (pad);
    pad = target;
  }
  return pad;
}

GstPad *
gst_callstats_find_jitterbuffer (GstPad *src)
{
  g_autoptr (GstPad) pad = get_inmost (src);
  guint i;

  for (i = 0; i < MAX_INSIDE && pad != NULL; i++) {
    g_autoptr (GstElement) element = gst_pad_get_parent_element (pad);
    g_autoptr (GstPad) sink = get_linked_inside (pad);

    if (element != NULL && gst_callstats_is_factory (element, "rtpjitterbuffer"))
      return gst_element_get_static_pad (element, "sink");
    gst_clear_object (&pad);
    if (sink != NULL)
      pad = gst_pad_get_peer (sink);
  }
  return NULL;
}

void
gst_callstats_media_path_clear (GstCallstatsMediaPath *path)
{
  gst_clear_object (&path->codec);
  gst_clear_object (&path->codec_sink);
  gst_clear_object (&path->codec_src);
  gst_clear_object (&path->raw);
  gst_clear_object (&path->coded);
  gst_clear_object (&path->sink);
  gst_clear_object (&path->sink_pad);
}
