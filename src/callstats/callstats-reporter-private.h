/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The part of a client that lives on the monitor thread: its fabrics and conferences, and
 * the records made of what happens to them.
 *
 * Monitor thread only, but for what says otherwise.
 */
#pragma once

#include "callstats-client.h"
#include "callstats-configuration-private.h"
#include "callstats-delivery-private.h"
#include "callstats-stream-stats-private.h"

typedef struct _CallstatsReporter CallstatsReporter;

/* Any thread; the last reference is dropped on the monitor thread. */
CallstatsReporter *callstats_reporter_new (void);
CallstatsReporter *callstats_reporter_ref (CallstatsReporter *reporter);
void callstats_reporter_unref (CallstatsReporter *reporter);

/* user_data names the observer for removal. Neither is called from within an observer. */
void callstats_reporter_add_observer (CallstatsReporter *reporter,
    const CallstatsClientObserver *observer, gpointer user_data, GDestroyNotify notify);
void callstats_reporter_remove_observer (CallstatsReporter *reporter, gpointer user_data);
void callstats_reporter_tell_trouble (CallstatsReporter *reporter, const GError *error);

void callstats_reporter_configure (
    CallstatsReporter *reporter, const CallstatsConfiguration *configuration);
/* Connects to the backend, where there is one and there is no connection yet. */
void callstats_reporter_initialize (CallstatsReporter *reporter);

/* Any thread: a fabric is known from the call that adds it until its end. */
void callstats_reporter_announce_fabric (CallstatsReporter *reporter, const char *fabric);
gboolean callstats_reporter_has_fabric (CallstatsReporter *reporter, const char *fabric);

typedef struct {
  const char *remote_user; /* nullable */
  const char *conference;  /* nullable: the configuration's */
  CallstatsFabricUsage usage;
  CallstatsEndpointType remote_endpoint_type;
  CallstatsTransmissionDirection direction;
} CallstatsFabricOptions;

/* Times are of g_get_monotonic_time(). */
void callstats_reporter_add_fabric (CallstatsReporter *reporter, const char *fabric,
    const CallstatsFabricOptions *options, gint64 time);
void callstats_reporter_set_signaling_state (CallstatsReporter *reporter,
    const char *fabric, CallstatsSignalingState state, gint64 time);
void callstats_reporter_set_ice_gathering_state (CallstatsReporter *reporter,
    const char *fabric, CallstatsIceGatheringState state, gint64 time);
void callstats_reporter_set_ice_connection_state (CallstatsReporter *reporter,
    const char *fabric, CallstatsIceConnectionState state, gint64 time);
void callstats_reporter_send_event (CallstatsReporter *reporter, const char *fabric,
    const char *name, GVariant *data, gint64 time);
/* func tells the fabric's machine something. */
void callstats_reporter_update (CallstatsReporter *reporter, const char *fabric,
    CallstatsFabricFunc func, gpointer data, gint64 time);
void callstats_reporter_mark (
    CallstatsReporter *reporter, const char *fabric, const char *phase, gint64 time);
/* The fabric's machine says what becomes of it: callstats_fabric_fail(). */
void callstats_reporter_fail (
    CallstatsReporter *reporter, const char *fabric, GVariant *failure, gint64 time);
void callstats_reporter_send_report (
    CallstatsReporter *reporter, const char *fabric, CallstatsReport *report);

/* What an application says. */
typedef enum {
  CALLSTATS_SCOPE_FABRIC, /* of the fabric; without one, of all, or of the first that
                             comes */
  CALLSTATS_SCOPE_USER,   /* of the user's part in the conference */
} CallstatsScope;

typedef struct {
  CallstatsScope scope;
  char *fabric;     /* nullable */
  char *conference; /* nullable; of scope user only */
  char *name;
  GVariant *data;
  gint64 time;
  /* Called once, if it is set: whether the backend has stored it. Scope user only. */
  void (*settled) (gboolean stored, gpointer user_data);
  gpointer settled_data;
} CallstatsTelling;

/* Of now. */
CallstatsTelling *callstats_telling_new (
    CallstatsScope scope, const char *fabric, const char *name, GVariant *data);
void callstats_telling_free (CallstatsTelling *telling);
void callstats_reporter_tell (CallstatsReporter *reporter, CallstatsTelling *telling);

void callstats_reporter_associate (CallstatsReporter *reporter, const char *fabric,
    const CallstatsAssociation *association);
void callstats_reporter_set_identifiers (CallstatsReporter *reporter, const char *fabric,
    const char *conference, const char *remote_user);

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
