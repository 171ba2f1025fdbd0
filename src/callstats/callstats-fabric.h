/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "callstats-enums.h"

G_BEGIN_DECLS

#define CALLSTATS_TYPE_FABRIC (callstats_fabric_get_type ())
CALLSTATS_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (CallstatsFabric, callstats_fabric, CALLSTATS, FABRIC, GObject)

/**
 * CallstatsDtlsState:
 * @CALLSTATS_DTLS_STATE_NEW: not begun
 * @CALLSTATS_DTLS_STATE_CONNECTING: shaking hands
 * @CALLSTATS_DTLS_STATE_CONNECTED: media can flow
 * @CALLSTATS_DTLS_STATE_CLOSED: an end said so
 * @CALLSTATS_DTLS_STATE_FAILED: an error
 *
 * W3C's RTCDtlsTransportState.
 */
typedef enum {
  CALLSTATS_DTLS_STATE_NEW,
  CALLSTATS_DTLS_STATE_CONNECTING,
  CALLSTATS_DTLS_STATE_CONNECTED,
  CALLSTATS_DTLS_STATE_CLOSED,
  CALLSTATS_DTLS_STATE_FAILED,
} CallstatsDtlsState;

CALLSTATS_AVAILABLE_IN_0_1
CallstatsFabric *callstats_fabric_new (const char *id, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
const char *callstats_fabric_get_id (CallstatsFabric *self);
CALLSTATS_AVAILABLE_IN_0_1
CallstatsFabricState callstats_fabric_get_state (CallstatsFabric *self);

CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_set_signaling_state (
    CallstatsFabric *self, CallstatsSignalingState state, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_set_ice_gathering_state (
    CallstatsFabric *self, CallstatsIceGatheringState state, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_set_ice_connection_state (
    CallstatsFabric *self, CallstatsIceConnectionState state, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_mark (CallstatsFabric *self, const char *phase, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_fail (CallstatsFabric *self, GVariant *failure, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_terminate (CallstatsFabric *self, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_end (CallstatsFabric *self, GVariant *data, gint64 time);

CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_hear (
    CallstatsFabric *self, gboolean rtp, gint64 first, gint64 last);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_set_deaf (CallstatsFabric *self, gboolean deaf, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_set_left (CallstatsFabric *self, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_set_dtls_state (
    CallstatsFabric *self, CallstatsDtlsState state, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_switch_transport (
    CallstatsFabric *self, GVariant *pairs, gint64 time);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_fabric_tick (CallstatsFabric *self, gint64 now);

G_END_DECLS
