/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What callstatsmon tells, by signal and on the bus. Monitor thread only.
 */
#pragma once

#include "gstcallstatsmon.h"

G_BEGIN_DECLS

void gst_callstats_tell_fabric_added (
    GstCallstatsMon *mon, const char *fabric, GstElement *webrtcbin);
void gst_callstats_tell_fabric_event (GstCallstatsMon *mon, const char *fabric,
    GstElement *webrtcbin, const char *name, gint64 time_us, GVariant *data,
    gboolean post);
/* unread: (nullable): an atomic reference-counted flag, set while a message with a report
 * of this fabric lies on the bus; NULL: no message. */
void gst_callstats_tell_report (GstCallstatsMon *mon, const char *fabric,
    GstElement *webrtcbin, CallstatsReport *report, gint *unread);
void gst_callstats_tell_initialized (
    GstCallstatsMon *mon, const char *cs_error, const char *message);
void gst_callstats_warn (GstCallstatsMon *mon, const GError *error);

void gst_callstats_tell_need_token (GstCallstatsMon *mon, gboolean force);

G_END_DECLS
