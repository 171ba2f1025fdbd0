/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "callstats-enums.h"
#include "callstats-fabric.h"
#include "callstats-report.h"

G_BEGIN_DECLS

#define CALLSTATS_TYPE_CLIENT (callstats_client_get_type ())
CALLSTATS_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (CallstatsClient, callstats_client, CALLSTATS, CLIENT, GObject)

CALLSTATS_AVAILABLE_IN_0_1
CallstatsClient *callstats_client_new (const char *app_id, const char *user_id);

CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_initialize (CallstatsClient *self);
CALLSTATS_AVAILABLE_IN_0_1
char *callstats_client_add_new_fabric (CallstatsClient *self, const char *remote_user_id,
    CallstatsFabricUsage usage, const char *conference_id, GVariant *attributes,
    GError **error);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_set_signaling_state (
    CallstatsClient *self, const char *fabric, CallstatsSignalingState state);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_set_ice_gathering_state (
    CallstatsClient *self, const char *fabric, CallstatsIceGatheringState state);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_set_ice_connection_state (
    CallstatsClient *self, const char *fabric, CallstatsIceConnectionState state);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_send_report (
    CallstatsClient *self, const char *fabric, CallstatsReport *report);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_client_flush (CallstatsClient *self, guint timeout_ms);
CALLSTATS_AVAILABLE_IN_0_1
GVariant *callstats_client_get_stats (CallstatsClient *self);

CALLSTATS_AVAILABLE_IN_0_1
char *callstats_data_to_json (GVariant *data);

/**
 * CallstatsClientObserver: (skip)
 * @fabric_event: something happened to a fabric, or with fabric %NULL to the user; time
 * in microseconds since the epoch
 * @report: a fabric was sampled
 * @wants_stats: whether anybody listens to @stats
 * @stats: how good the streams of a fabric are, with every report: what callstats'
 *   csStatsCallback is given
 * @trouble: something the user should know; nothing stops because of it
 * @initialized: the backend's answer to the credentials, as callstats' csInitCallback
 * @need_token: a token is wanted that only the application can make; force: the last one
 * was refused
 * @configured: a part of the backend's configuration, `default` or `recommended`, as JSON
 *
 * What C code on the monitor thread hears of a client; any member may be %NULL.
 */
typedef struct {
  void (*fabric_event) (const char *fabric, const char *name, gint64 time_us,
      GVariant *data, gpointer user_data);
  void (*report) (const char *fabric, CallstatsReport *report, gpointer user_data);
  gboolean (*wants_stats) (gpointer user_data);
  void (*stats) (const char *fabric, GVariant *stats, gpointer user_data);
  void (*trouble) (const GError *error, gpointer user_data);
  void (*initialized) (const char *cs_error, const char *message, gpointer user_data);
  void (*need_token) (gboolean force, gpointer user_data);
  void (*configured) (const char *name, const char *json, gpointer user_data);
} CallstatsClientObserver;

/* What a watcher of peer connections tells, with the time of g_get_monotonic_time() at
 * which it happened. */
CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_tell_event (CallstatsClient *self, const char *fabric,
    const char *name, GVariant *data, gint64 monotonic_time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_tell_failure (CallstatsClient *self, const char *fabric,
    CallstatsWebrtcFunction function, CallstatsFailureReason reason, GVariant *details,
    gint64 monotonic_time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_mark_phase (
    CallstatsClient *self, const char *fabric, const char *phase, gint64 monotonic_time);

/* On the monitor thread. */
typedef void (*CallstatsFabricFunc) (CallstatsFabric *fabric, gpointer data);

CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_update_fabric (CallstatsClient *self, const char *fabric,
    CallstatsFabricFunc func, gpointer data, GDestroyNotify notify);

CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_add_observer (CallstatsClient *self,
    const CallstatsClientObserver *observer, gpointer user_data, GDestroyNotify notify);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_client_remove_observer (CallstatsClient *self, gpointer user_data);

G_END_DECLS
