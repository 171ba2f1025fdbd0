/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One run of a callstatsmon, from READY to NULL: the webrtcbins it watches, and what it
 * tells of them on the bus and by its signals.
 */
#pragma once

#include "stats/statssource.h"

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_POST_NONE = 0,
  GST_CALLSTATS_POST_EVENTS = 1 << 0,
  GST_CALLSTATS_POST_STATS = 1 << 1,
  GST_CALLSTATS_POST_AUTO = 1 << 2, /* events; stats too where there is no backend */
} GstCallstatsPostMessages;

typedef struct {
  CallstatsClient *client;
  GstElement *webrtcbin;      /* nullable: the only one to watch */
  const char *webrtcbin_name; /* nullable: the names of those to watch; neither: all */
  const char *remote_user_id; /* nullable */
  const char *conference_id;  /* nullable */
  guint interval_ms;
  guint setup_timeout_ms;
  CallstatsFabricUsage usage;
  GstCallstatsCollectIp collect_ip;
  GstCallstatsDetail detail;
  gboolean collect_sdp;
  gboolean collect_devices;
  GstCallstatsPostMessages post_messages;
} GstCallstatsCallMonitorOptions;

typedef struct _GstCallstatsCallMonitor GstCallstatsCallMonitor;

/* The functions are for any thread but the monitor's: they post. */

GstCallstatsCallMonitor *gst_callstats_call_monitor_new (
    GstElement *element, const GstCallstatsCallMonitorOptions *options);
/* Ends what finish() did not. */
void gst_callstats_call_monitor_free (GstCallstatsCallMonitor *monitor);

/* Watches a webrtcbin, wherever it is; the promise (nullable) is answered with its
 * fabric's id. One that is watched already keeps its fabric, and gets the ids. */
void gst_callstats_call_monitor_add (GstCallstatsCallMonitor *monitor,
    GstElement *webrtcbin, const char *remote_user_id, CallstatsFabricUsage usage,
    const char *conference_id, GVariant *attributes, GstPromise *promise);
/* PLAYING is reached: a webrtcbin that was named and is not there is missed from now on.
 */
void gst_callstats_call_monitor_playing (GstCallstatsCallMonitor *monitor);
/* The pipeline is PAUSED and not on its way down; playing() ends it. */
void gst_callstats_call_monitor_held (GstCallstatsCallMonitor *monitor);
/* Takes the last reports and ends all fabrics; returns when that is done, or at deadline,
 * a time of g_get_monotonic_time(). */
void gst_callstats_call_monitor_finish (
    GstCallstatsCallMonitor *monitor, gint64 deadline);

G_END_DECLS
