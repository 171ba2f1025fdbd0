/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an element that captures or plays is to callstats: an entry of a device list.
 *
 * Reads properties of foreign elements, which may take its time: not on the monitor
 * thread, nor in a callback.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Returns: (transfer full) (nullable): the device that element uses, `default` where it
 * leaves that open; NULL: it uses none */
char *gst_callstats_device_get_id (GstElement *element);

/* Adds {"deviceId","kind","label","groupId"} to list, an aa{sv}, if it is one; what is
 * not known is left out. klass: what it does, such as Audio/Source. label: (nullable):
 * the name for people, read from element if NULL. group: (nullable) */
void gst_callstats_device_add (GVariantBuilder *list, GstElement *element,
    const char *klass, const char *label, const char *group);

/* Returns: (transfer full): an aa{sv}: the devices that the elements of top use now */
GVariant *gst_callstats_devices_in_use (GstBin *top);

G_END_DECLS
