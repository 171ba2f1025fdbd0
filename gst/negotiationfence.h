/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looks at a webrtcbin behind what was asked of it before.
 *
 * webrtcbin does what it is asked for in order. So once it answers a get-stats of ours,
 * every promise given to it before is answered too; nobody ever waits for one.
 *
 * Any thread, but where it says the monitor thread. What handlers hold: it outlives its
 * owner for as long as one of them may still run.
 */
#pragma once

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

#include "fabriclink.h"

G_BEGIN_DECLS

/* A webrtcbin as it was behind the fence. */
typedef struct {
  gboolean open; /* FALSE: it was closed, and the rest is empty but for error and time */
  GError *error; /* nullable: of the promise that was passed */
  gint64 time;   /* monotonic */
  GstWebRTCSignalingState signaling;
  GstWebRTCICEGatheringState gathering;
  GstWebRTCICEConnectionState ice;
  GstWebRTCSessionDescription *local, *remote; /* nullable: pending, else current */
  GstWebRTCSessionDescription *current_local, *current_remote; /* nullable */
  gboolean stun, turn, relay_only;
  GPtrArray *transports; /* GObject: the DTLS transports */
  GstElement *webrtcbin; /* nullable */
} GstCallstatsSnapshot;

/* On the monitor thread, while the owner lives. */
typedef void (*GstCallstatsFenced) (
    gpointer owner, const GstCallstatsSnapshot *snapshot, gpointer data);
typedef void (*GstCallstatsPosted) (gpointer owner, gpointer data);

typedef struct _GstCallstatsFence GstCallstatsFence;

GstCallstatsFence *gst_callstats_fence_new (
    GstCallstatsFabricLink *link, GstElement *webrtcbin, gpointer owner);
GstCallstatsFence *gst_callstats_fence_ref (GstCallstatsFence *fence);
void gst_callstats_fence_unref (gpointer fence);
/* Monitor thread: the owner is gone, and no answer is wanted any more. */
void gst_callstats_fence_close (GstCallstatsFence *fence);

GstCallstatsFabricLink *gst_callstats_fence_get_link (GstCallstatsFence *fence);
/* Returns: (transfer full) (nullable) */
GstElement *gst_callstats_fence_ref_webrtcbin (GstCallstatsFence *fence);

/* Behind what was asked of the webrtcbin before, func is called; promise, one of those
 * that it was given, is looked at then. webrtcbin: NULL where the caller has no
 * reference. */
void gst_callstats_fence_pass (GstCallstatsFence *fence, GstElement *webrtcbin,
    GstPromise *promise, GstCallstatsFenced func, gpointer data, GDestroyNotify notify);
void gst_callstats_fence_post (GstCallstatsFence *fence, GstCallstatsPosted func,
    gpointer data, GDestroyNotify notify);

G_END_DECLS
