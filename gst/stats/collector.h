/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reports of one webrtcbin, made of what all sources know.
 *
 * Monitor thread only.
 */
#pragma once

#include "statssource.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsCollector GstCallstatsCollector;

GstCallstatsCollector *gst_callstats_collector_new (GstCallstatsFabricLink *link,
    GstElement *webrtcbin, GstCallstatsCollectIp collect_ip, GstCallstatsDetail detail);
/* webrtcbin: NULL: gone */
void gst_callstats_collector_free (
    GstCallstatsCollector *collector, GstElement *webrtcbin);

/* Keeps a reply to get-stats that came at a monotonic time. */
void gst_callstats_collector_take_reply (
    GstCallstatsCollector *collector, GstPromise *promise, gint64 time);
/* Whether the last reply is too old, or something has changed since. */
gboolean gst_callstats_collector_wants_reply (
    GstCallstatsCollector *collector, gint64 now);

/* Returns: (transfer full) (nullable): NULL: the webrtcbin has no rtpbin any more */
CallstatsReport *gst_callstats_collector_collect (
    GstCallstatsCollector *collector, GstElement *webrtcbin, gint64 now);

G_END_DECLS
