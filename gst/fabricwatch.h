/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a pipeline tells of one fabric: its senders, its hold, its devices, its speaker.
 * Each change is told once, and nothing before the fabric is set up.
 *
 * Pipeline thread only.
 */
#pragma once

#include "senderwatch.h"
#include "speakerwatch.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsFabricWatch GstCallstatsFabricWatch;

/* What holds for the whole pipeline, to be told of each fabric. */
typedef struct {
  gboolean held;
  gboolean dominant;     /* this user speaks */
  gboolean with_devices; /* their ids and labels may be told */
  GVariant *in_use;      /* nullable, aa{sv} */
  GVariant *present;     /* nullable, aa{sv} */
} GstCallstatsPipelineState;

/* webrtcbin: (nullable): an event that comes too late for it makes a watch that is empty
 */
GstCallstatsFabricWatch *gst_callstats_fabric_watch_new (
    CallstatsClient *client, const char *fabric, GstElement *webrtcbin);
void gst_callstats_fabric_watch_free (GstCallstatsFabricWatch *watch);
const char *gst_callstats_fabric_watch_get_fabric (GstCallstatsFabricWatch *watch);
gboolean gst_callstats_fabric_watch_is_of (
    GstCallstatsFabricWatch *watch, GstElement *webrtcbin);

void gst_callstats_fabric_watch_set_up (GstCallstatsFabricWatch *watch);
/* Looks at what is upstream of its pads. */
void gst_callstats_fabric_watch_look (GstCallstatsFabricWatch *watch,
    GstCallstatsChangeWatch *changes, GstCallstatsSpeakerWatch *speakers);
/* Looks whether buffers come. Those of a pipeline that is held are not missed. */
void gst_callstats_fabric_watch_check_flow (
    GstCallstatsFabricWatch *watch, gboolean held, gint64 now);
void gst_callstats_fabric_watch_tell (
    GstCallstatsFabricWatch *watch, const GstCallstatsPipelineState *state);

G_END_DECLS
