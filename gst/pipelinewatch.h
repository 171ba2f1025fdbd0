/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a pipeline tells by itself while it is in calls: mute and pause, hold, screens,
 * devices, who speaks, errors and warnings. It becomes events of the fabrics.
 *
 * Any thread but the pipeline thread: the functions post.
 */
#pragma once

#include <callstats/callstats.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstCallstatsPipelineWatch GstCallstatsPipelineWatch;

/* Of the pipeline that element is in. */
GstCallstatsPipelineWatch *gst_callstats_pipeline_watch_new (
    GstElement *element, CallstatsClient *client, gboolean collect_devices);
/* Nothing is told any more; what is on its way comes before what the caller tells. */
void gst_callstats_pipeline_watch_close (GstCallstatsPipelineWatch *watch);
void gst_callstats_pipeline_watch_free (GstCallstatsPipelineWatch *watch);

void gst_callstats_pipeline_watch_add_fabric (
    GstCallstatsPipelineWatch *watch, const char *fabric, GstElement *webrtcbin);
void gst_callstats_pipeline_watch_remove_fabric (
    GstCallstatsPipelineWatch *watch, const char *fabric);
/* fabricSetup: what holds already is told now. */
void gst_callstats_pipeline_watch_set_up (
    GstCallstatsPipelineWatch *watch, const char *fabric);
/* The pipeline is PAUSED, not on its way down; or it plays. */
void gst_callstats_pipeline_watch_hold (GstCallstatsPipelineWatch *watch, gboolean held);

G_END_DECLS
