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

/* interval: microseconds from report to report */
GstCallstatsCollector *gst_callstats_collector_new (GstCallstatsFabricLink *link,
    GstElement *webrtcbin, gint64 interval, GstCallstatsCollectIp collect_ip,
    GstCallstatsDetail detail);
/* webrtcbin: NULL: gone */
void gst_callstats_collector_free (
    GstCallstatsCollector *collector, GstElement *webrtcbin);

/* Keeps a reply to get-stats that came at a monotonic time, and took cost microseconds.
 */
void gst_callstats_collector_take_reply (
    GstCallstatsCollector *collector, GstPromise *promise, gint64 time, gint64 cost);
/* Whether the last reply is too old, or something has changed since; but not before
 * webrtcbin has had some rest from the last. */
gboolean gst_callstats_collector_wants_reply (
    GstCallstatsCollector *collector, gint64 now);
/* Returns: microseconds from report to report: interval, or more where a report costs too
 * much */
gint64 gst_callstats_collector_get_interval (GstCallstatsCollector *collector);

/* Returns: (transfer full) (nullable): NULL: the webrtcbin has no rtpbin any more */
CallstatsReport *gst_callstats_collector_collect (
    GstCallstatsCollector *collector, GstElement *webrtcbin, gint64 now);

G_END_DECLS
