/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The audio sinks that play what is received.
 *
 * Monitor thread only.
 */
#pragma once

#include <callstats/callstats.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstCallstatsPlayouts GstCallstatsPlayouts;

GstCallstatsPlayouts *gst_callstats_playouts_new (void);
void gst_callstats_playouts_free (GstCallstatsPlayouts *playouts);

/* A new report begins. */
void gst_callstats_playouts_begin (GstCallstatsPlayouts *playouts);
/* A stream ends in sink, into which so many samples of one channel went. Of several
 * streams that it mixes the one that was looked at longest tells the count.
 * sink: NULL: in none
 * Returns: (nullable): the sink's id; NULL: it does not play audio */
const char *gst_callstats_playouts_take (
    GstCallstatsPlayouts *playouts, GstElement *sink, guint64 samples, double seconds);
void gst_callstats_playouts_describe (
    GstCallstatsPlayouts *playouts, CallstatsReport *report);

G_END_DECLS
