/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What callbacks on foreign threads hold of a watched webrtcbin: whom to tell, and as
 * which fabric. It outlives the watch for as long as one of them may still run.
 *
 * Any thread, but for owner.
 */
#pragma once

#include <callstats/callstats.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  gatomicrefcount ref_count;
  CallstatsClient *client;
  char *fabric;
  gpointer owner; /* monitor thread only; NULL once it is freed */
} GstCallstatsFabricLink;

GstCallstatsFabricLink *gst_callstats_fabric_link_new (
    CallstatsClient *client, const char *fabric, gpointer owner);
GstCallstatsFabricLink *gst_callstats_fabric_link_ref (GstCallstatsFabricLink *link);
void gst_callstats_fabric_link_unref (gpointer link);

/* Connects handler with the link as its data; the link stays until the handler is gone.
 * g_signal_connect_object() is not thread-safe, this is. */
gulong gst_callstats_fabric_link_connect (GstCallstatsFabricLink *link, gpointer instance,
    const char *signal, GCallback handler, GConnectFlags flags);

G_END_DECLS
