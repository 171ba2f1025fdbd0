/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds the webrtcbins of a pipeline, those that are there and those that come later, at
 * any depth.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstCallstatsDiscovery GstCallstatsDiscovery;

typedef struct {
  /* Both on the monitor thread. An element may be told as found more than once. */
  void (*found) (GstElement *webrtcbin, gpointer user_data);
  /* It left the pipeline: only the pointer's value is of use. */
  void (*removed) (gpointer webrtcbin, gpointer user_data);
} GstCallstatsDiscoveryCallbacks;

/* Looks through the top-level bin that element is in; one that is in none finds nothing.
 * Not on the monitor thread. notify frees user_data on the monitor thread. */
GstCallstatsDiscovery *gst_callstats_discovery_new (GstElement *element,
    const GstCallstatsDiscoveryCallbacks *callbacks, gpointer user_data,
    GDestroyNotify notify);
/* Tells of one webrtcbin, wherever it is. */
GstCallstatsDiscovery *gst_callstats_discovery_new_for (GstElement *webrtcbin,
    const GstCallstatsDiscoveryCallbacks *callbacks, gpointer user_data,
    GDestroyNotify notify);
/* No callback is made any more once what is posted by now has run. Any thread. */
void gst_callstats_discovery_free (GstCallstatsDiscovery *discovery);

/* Returns: (transfer full) (nullable): the outermost bin that element is in. */
GstBin *gst_callstats_find_top_level (GstElement *element);

G_END_DECLS
