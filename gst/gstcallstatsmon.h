/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <callstats/callstats.h>
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_CALLSTATS_MON (gst_callstats_mon_get_type ())
G_DECLARE_FINAL_TYPE (GstCallstatsMon, gst_callstats_mon, GST, CALLSTATS_MON, GstElement)

GST_ELEMENT_REGISTER_DECLARE (callstatsmon)

/* For the element's actions; any thread. */

/* The client in use; before READY the one that would be. Returns: (transfer full) */
CallstatsClient *gst_callstats_mon_ref_client (GstCallstatsMon *self);
/* The promise is answered later with the fabric's id; an error is for the caller to tell.
 */
gboolean gst_callstats_mon_add_new_fabric (GstCallstatsMon *self, GstElement *webrtcbin,
    const char *remote_user_id, CallstatsFabricUsage usage, const char *conference_id,
    GVariant *attributes, GstPromise *promise, GError **error);

G_END_DECLS
