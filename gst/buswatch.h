/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Listens on the bus of a pipeline, beside whoever reads it.
 *
 * An application's sync handler that drops a message keeps it from us too.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstCallstatsBusWatch GstCallstatsBusWatch;

/* Both on the pipeline thread, until the watch is freed there. */
typedef struct {
  /* An error or warning, but none of a callstatsmon. */
  void (*problem) (GstMessage *message, gpointer owner);
  /* An element `level` has measured: the loudest channel's RMS in dB. */
  void (*level) (GstElement *element, double decibel, gpointer owner);
} GstCallstatsBusCallbacks;

/* Not on the pipeline thread. */
GstCallstatsBusWatch *gst_callstats_bus_watch_new (
    GstElement *pipeline, const GstCallstatsBusCallbacks *callbacks, gpointer owner);
/* On the pipeline thread. */
void gst_callstats_bus_watch_free (GstCallstatsBusWatch *watch);

G_END_DECLS
