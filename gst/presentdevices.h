/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The devices that are present, whether used or not, through one GstDeviceMonitor a
 * process, which exists while somebody listens.
 *
 * Looking for devices may block for as long as it likes: a thread of its own does it.
 * Nothing waits for that thread. Pipeline thread.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstCallstatsPresentDevices GstCallstatsPresentDevices;

/* changed is called on the pipeline thread with the devices, an aa{sv}: once they are
 * known, and when one comes or goes. */
GstCallstatsPresentDevices *gst_callstats_present_devices_new (
    void (*changed) (GVariant *devices, gpointer owner), gpointer owner);
void gst_callstats_present_devices_free (GstCallstatsPresentDevices *present);

G_END_DECLS
