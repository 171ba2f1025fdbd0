/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an application can say of its calls, in callstats' words.
 */
#pragma once

#include <gio/gio.h>

#include "callstats-client.h"

G_BEGIN_DECLS

CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_send_fabric_event (CallstatsClient *self, const char *fabric,
    const char *event, GVariant *event_data, GError **error);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_report_error (CallstatsClient *self, const char *fabric,
    CallstatsWebrtcFunction function, GVariant *details, GError **error);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_associate_mst_with_user_id (CallstatsClient *self,
    const char *fabric, const char *user_id, guint32 ssrc, const char *usage_label,
    const char *associated_video_tag, GError **error);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_send_user_feedback (CallstatsClient *self,
    const char *conference_id, GVariant *feedback, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_send_user_feedback_finish (
    CallstatsClient *self, GAsyncResult *result, GError **error);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_set_identifiers (CallstatsClient *self, const char *fabric,
    const char *conference_id, const char *remote_user_id, GError **error);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_send_custom_event (
    CallstatsClient *self, const char *fabric, const char *json, GError **error);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_send_custom_stats (
    CallstatsClient *self, const char *fabric, const char *json, GError **error);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_send_call_details (
    CallstatsClient *self, const char *fabric, GVariant *details, GError **error);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_log (CallstatsClient *self, const char *fabric,
    CallstatsLogLevel level, const char *message, CallstatsLogType type, GError **error);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_report_user_id_change (CallstatsClient *self,
    const char *fabric, const char *new_user_id, CallstatsUserIdType type,
    GError **error);

G_END_DECLS
