/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The part of a client that lives on the monitor thread: its fabrics and conferences, the
 * records made of what happens to them, and their delivery.
 *
 * Monitor thread only, but for reference counting and callstats_reporter_get_stats().
 */
#pragma once

#include "callstats-client.h"
#include "callstats-delivery-private.h"

/* What a client is told to be; strings nullable. */
typedef struct {
  char *backend_url;
  char *app_id;
  char *app_secret;
  char *app_secret_file;
  char *user_id;
  char *user_name;
  char *conference_id;
  gboolean allow_plaintext;
  guint64 memory_max_bytes;
  guint credentials_serial; /* steps when something is set that a token depends on */
} CallstatsConfiguration;

CallstatsConfiguration *callstats_configuration_copy (const CallstatsConfiguration *from);
void callstats_configuration_free (CallstatsConfiguration *configuration);

typedef struct _CallstatsReporter CallstatsReporter;

CallstatsReporter *callstats_reporter_new (void);
CallstatsReporter *callstats_reporter_ref (CallstatsReporter *reporter);
/* Any thread; the last reference is dropped on the monitor thread. */
void callstats_reporter_unref (CallstatsReporter *reporter);

/* user_data names the observer for removal. Neither is called from within an observer. */
void callstats_reporter_add_observer (CallstatsReporter *reporter,
    const CallstatsClientObserver *observer, gpointer user_data, GDestroyNotify notify);
void callstats_reporter_remove_observer (CallstatsReporter *reporter, gpointer user_data);

void callstats_reporter_configure (
    CallstatsReporter *reporter, const CallstatsConfiguration *configuration);

/* Connects to the backend, where there is one and there is no connection yet. */
void callstats_reporter_initialize (CallstatsReporter *reporter);

/* Times are of g_get_monotonic_time(). */
void callstats_reporter_add_fabric (CallstatsReporter *reporter, const char *fabric,
    const char *remote_user, CallstatsFabricUsage usage, const char *conference,
    gint64 time);
void callstats_reporter_set_signaling_state (CallstatsReporter *reporter,
    const char *fabric, CallstatsSignalingState state, gint64 time);
void callstats_reporter_set_ice_gathering_state (CallstatsReporter *reporter,
    const char *fabric, CallstatsIceGatheringState state, gint64 time);
void callstats_reporter_set_ice_connection_state (CallstatsReporter *reporter,
    const char *fabric, CallstatsIceConnectionState state, gint64 time);
void callstats_reporter_send_event (CallstatsReporter *reporter, const char *fabric,
    const char *name, GVariant *data, gint64 time);
void callstats_reporter_mark (
    CallstatsReporter *reporter, const char *fabric, const char *phase, gint64 time);
/* The fabric's machine says what becomes of it: callstats_fabric_fail(). */
void callstats_reporter_fail (
    CallstatsReporter *reporter, const char *fabric, GVariant *failure, gint64 time);
void callstats_reporter_send_report (
    CallstatsReporter *reporter, const char *fabric, CallstatsReport *report);

/* Calls back once, when everything is stored at the backend or cannot be sent now. */
void callstats_reporter_flush (
    CallstatsReporter *reporter, GDestroyNotify done, gpointer user_data);

typedef struct {
  gboolean has_backend;
  CallstatsDeliveryStats delivery;
  guint64 events, reports, fabrics, held;
} CallstatsReporterStats;

/* Any thread. */
void callstats_reporter_get_stats (
    CallstatsReporter *reporter, CallstatsReporterStats *stats);
