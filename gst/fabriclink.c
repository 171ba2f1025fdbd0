/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What callbacks on foreign threads hold of a watched webrtcbin. Any thread.
 */
#include "fabriclink.h"

GstCallstatsFabricLink *
gst_callstats_fabric_link_new (
    CallstatsClient *client, const char *fabric, gpointer owner)
{
  GstCallstatsFabricLink *link = g_new0 (GstCallstatsFabricLink, 1);

  g_atomic_ref_count_init (&link->ref_count);
  link->client = g_object_ref (client);
  link->fabric = g_strdup (fabric);
  link->owner = owner;
  return link;
}

GstCallstatsFabricLink *
gst_callstats_fabric_link_ref (GstCallstatsFabricLink *link)
{
  g_atomic_ref_count_inc (&link->ref_count);
  return link;
}

void
gst_callstats_fabric_link_unref (gpointer data)
{
  GstCallstatsFabricLink *link = data;

  if (!g_atomic_ref_count_dec (&link->ref_count))
    return;
  g_object_unref (link->client);
  g_free (link->fabric);
  g_free (link);
}

gulong
gst_callstats_fabric_link_connect (GstCallstatsFabricLink *link, gpointer instance,
    const char *signal, GCallback handler, GConnectFlags flags)
{
  return g_signal_connect_data (instance, signal, handler,
      gst_callstats_fabric_link_ref (link),
      (GClosureNotify)(void (*) (void))gst_callstats_fabric_link_unref, flags);
}
