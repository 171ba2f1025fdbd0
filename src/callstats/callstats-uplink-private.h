/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A client's way to its backend: records wait here until their conference is known, then
 * go to the delivery that it shares with its like, which is joined when it is first
 * needed.
 *
 * Monitor thread only.
 */
#pragma once

#include "callstats-configuration-private.h"
#include "callstats-delivery-private.h"

typedef struct _CallstatsUplink CallstatsUplink;

typedef struct {
  void (*trouble) (const GError *error, gpointer user_data);
  void (*initialized) (const char *cs_error, const char *message, gpointer user_data);
  void (*need_token) (gboolean force, gpointer user_data);
  /* The backend's configuration: a JSON object's text. */
  void (*configured) (const char *name, const char *json, gpointer user_data);
  /* The counters changed. */
  void (*progressed) (gpointer user_data);
} CallstatsUplinkCallbacks;

CallstatsUplink *callstats_uplink_new (
    const CallstatsUplinkCallbacks *callbacks, gpointer user_data);
void callstats_uplink_free (CallstatsUplink *uplink);

void callstats_uplink_configure (
    CallstatsUplink *uplink, const CallstatsConfiguration *configuration);
/* Connects, where there is a backend and there is no connection yet. */
void callstats_uplink_initialize (CallstatsUplink *uplink);

/* conference: (nullable): NULL: the record is held until release(). */
void callstats_uplink_push (
    CallstatsUplink *uplink, const char *conference, CallstatsRecord *record);
/* Stamps and sends what is held of a fabric; fabric NULL: everything. */
void callstats_uplink_release (
    CallstatsUplink *uplink, const char *fabric, const char *conference);
/* Stamps what is held of a fabric, and names no other user yet; fabric NULL: of all. */
void callstats_uplink_stamp_remote_user (
    CallstatsUplink *uplink, const char *fabric, const char *remote_user);
/* The newest userJoined that is held goes: its user is in the conference already. */
void callstats_uplink_forget_held_join (CallstatsUplink *uplink);

/* Calls back once, when everything is stored at the backend or cannot be sent now. */
void callstats_uplink_flush (
    CallstatsUplink *uplink, GDestroyNotify done, gpointer user_data);

gboolean callstats_uplink_has_backend (CallstatsUplink *uplink);
guint callstats_uplink_n_held (CallstatsUplink *uplink);
void callstats_uplink_get_stats (CallstatsUplink *uplink, CallstatsDeliveryStats *stats);
