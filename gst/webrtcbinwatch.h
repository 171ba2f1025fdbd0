/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One webrtcbin under watch: its states become a fabric's, its statistics reports.
 *
 * Monitor thread only.
 */
#pragma once

#include "buserror.h"
#include "stats/statssource.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsWatch GstCallstatsWatch;

typedef struct {
  CallstatsClient *client;
  const char *remote_user_id; /* nullable */
  const char *conference_id;  /* nullable */
  GVariant *attributes;       /* nullable: of the fabric, an a{sv} */
  CallstatsFabricUsage usage; /* AUTO: what is negotiated */
  guint interval_ms;
  GstCallstatsCollectIp collect_ip;
  GstCallstatsDetail detail;
  gboolean collect_sdp;
  guint setup_timeout_ms;
} GstCallstatsWatchOptions;

/* Adds the fabric and begins. NULL with an error where the client refuses it. */
GstCallstatsWatch *gst_callstats_watch_new (
    GstElement *webrtcbin, const GstCallstatsWatchOptions *options, GError **error);
void gst_callstats_watch_free (GstCallstatsWatch *watch);

const char *gst_callstats_watch_get_fabric (GstCallstatsWatch *watch);
/* Returns: (transfer full) (nullable): NULL once it is gone. */
GstElement *gst_callstats_watch_get_webrtcbin (GstCallstatsWatch *watch);

/* Something on the pipeline's bus hinders calls, maybe this one. */
void gst_callstats_watch_tell_bus_error (
    GstCallstatsWatch *watch, const GstCallstatsBusError *error);
/* Its video is that of a screen, or no longer: fabricUsage says so. */
void gst_callstats_watch_set_screen (GstCallstatsWatch *watch, gboolean shared);

/* Takes the last report and ends the fabric, then calls back once; webrtcbin must still
 * run, or the report is left out. */
void gst_callstats_watch_finish (
    GstCallstatsWatch *watch, GDestroyNotify done, gpointer user_data);
/* The fabric has ended, whoever ended it: nothing is sampled any more. */
void gst_callstats_watch_fabric_ended (GstCallstatsWatch *watch);
/* Ends the fabric at once, without a last report. */
void gst_callstats_watch_stop (GstCallstatsWatch *watch);

G_END_DECLS
