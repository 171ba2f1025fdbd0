/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds the webrtcbins of a pipeline.
 *
 * The handlers run on any thread, also on webrtcbin's own with its locks held: they look
 * at an element's factory and post, nothing else.
 */
#include <callstats/callstats.h>

#include "discovery.h"

/* What handlers hold. */
typedef struct {
  gatomicrefcount ref_count;
  GstCallstatsDiscoveryCallbacks callbacks;
  gpointer user_data;
  GDestroyNotify notify;
} Link;

struct _GstCallstatsDiscovery {
  Link *link;
  GWeakRef top_level;
  gulong added, removed;
};

static gboolean
link_free (gpointer data)
{
  Link *link = data;

  if (link->notify != NULL)
    link->notify (link->user_data);
  g_free (link);
  return G_SOURCE_REMOVE;
}

static void
link_unref (gpointer data)
{
  Link *link = data;

  if (g_atomic_ref_count_dec (&link->ref_count))
    callstats_monitor_invoke (link_free, link, NULL);
}

static Link *
link_ref (Link *link)
{
  g_atomic_ref_count_inc (&link->ref_count);
  return link;
}

/* A webrtcbin on its way to the monitor thread. */
typedef struct {
  Link *link;
  GWeakRef weak;
  gpointer pointer;
} Sighting;

static void
sighting_free (gpointer data)
{
  Sighting *sighting = data;

  g_weak_ref_clear (&sighting->weak);
  link_unref (sighting->link);
  g_free (sighting);
}

static gboolean
tell_found (gpointer data)
{
  Sighting *sighting = data;
  g_autoptr (GstElement) webrtcbin = g_weak_ref_get (&sighting->weak);

  if (webrtcbin != NULL)
    sighting->link->callbacks.found (webrtcbin, sighting->link->user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
tell_removed (gpointer data)
{
  Sighting *sighting = data;

  sighting->link->callbacks.removed (sighting->pointer, sighting->link->user_data);
  return G_SOURCE_REMOVE;
}

static void
post (Link *link, GstElement *webrtcbin, GSourceFunc func)
{
  Sighting *sighting = g_new0 (Sighting, 1);

  sighting->link = link_ref (link);
  sighting->pointer = webrtcbin;
  g_weak_ref_init (&sighting->weak, webrtcbin);
  callstats_monitor_invoke (func, sighting, sighting_free);
}

static gboolean
is_webrtcbin (GstElement *element)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory != NULL && g_strcmp0 (GST_OBJECT_NAME (factory), "webrtcbin") == 0;
}

static void
on_element_added (GstBin *top, GstBin *parent, GstElement *element, gpointer user_data)
{
  if (is_webrtcbin (element))
    post (user_data, element, tell_found);
}

static void
on_element_removed (GstBin *top, GstBin *parent, GstElement *element, gpointer user_data)
{
  if (is_webrtcbin (element))
    post (user_data, element, tell_removed);
}

static void
look_at_item (const GValue *item, gpointer user_data)
{
  GstElement *element = g_value_get_object (item);

  if (is_webrtcbin (element))
    post (user_data, element, tell_found);
}

/* A bin that changes meanwhile is looked through again: twice found does no harm. */
static void
look_through (GstBin *top, Link *link)
{
  GstIterator *elements = gst_bin_iterate_recurse (top);

  while (gst_iterator_foreach (elements, look_at_item, link) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (elements);
  gst_iterator_free (elements);
}

GstBin *
gst_callstats_find_top_level (GstElement *element)
{
  GstObject *top = gst_object_ref (GST_OBJECT (element));
  GstObject *parent;

  while ((parent = gst_object_get_parent (top)) != NULL) {
    gst_object_unref (top);
    top = parent;
  }
  if (GST_IS_BIN (top))
    return GST_BIN (top);
  gst_object_unref (top);
  return NULL;
}

static gulong
connect (GstCallstatsDiscovery *self, GstBin *top, const char *signal, GCallback handler)
{
  return g_signal_connect_data (top, signal, handler, link_ref (self->link),
      (GClosureNotify)(void (*) (void))link_unref, 0);
}

static GstCallstatsDiscovery *
discovery_new (const GstCallstatsDiscoveryCallbacks *callbacks, gpointer user_data,
    GDestroyNotify notify)
{
  GstCallstatsDiscovery *self = g_new0 (GstCallstatsDiscovery, 1);

  self->link = g_new0 (Link, 1);
  g_atomic_ref_count_init (&self->link->ref_count);
  self->link->callbacks = *callbacks;
  self->link->user_data = user_data;
  self->link->notify = notify;
  g_weak_ref_init (&self->top_level, NULL);
  return self;
}

GstCallstatsDiscovery *
gst_callstats_discovery_new_for (GstElement *webrtcbin,
    const GstCallstatsDiscoveryCallbacks *callbacks, gpointer user_data,
    GDestroyNotify notify)
{
  GstCallstatsDiscovery *self = discovery_new (callbacks, user_data, notify);

  post (self->link, webrtcbin, tell_found);
  return self;
}

GstCallstatsDiscovery *
gst_callstats_discovery_new (GstElement *element,
    const GstCallstatsDiscoveryCallbacks *callbacks, gpointer user_data,
    GDestroyNotify notify)
{
  GstCallstatsDiscovery *self = discovery_new (callbacks, user_data, notify);
  g_autoptr (GstBin) top = gst_callstats_find_top_level (element);

  g_weak_ref_set (&self->top_level, top);
  if (top != NULL) {
    self->added =
        connect (self, top, "deep-element-added", G_CALLBACK (on_element_added));
    self->removed =
        connect (self, top, "deep-element-removed", G_CALLBACK (on_element_removed));
    look_through (top, self->link);
  }
  return self;
}

void
gst_callstats_discovery_free (GstCallstatsDiscovery *self)
{
  g_autoptr (GstBin) top = NULL;

  if (self == NULL)
    return;
  top = g_weak_ref_get (&self->top_level);
  if (top != NULL) {
    g_signal_handler_disconnect (top, self->added);
    g_signal_handler_disconnect (top, self->removed);
  }
  link_unref (self->link);
  g_weak_ref_clear (&self->top_level);
  g_free (self);
}
