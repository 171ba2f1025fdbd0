/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats' enumerations. The nick of every value is callstats' own string, and GIR
 * shows it: callstats_fabric_usage_to_string() and its sisters give it.
 */
#pragma once

#include <glib-object.h>

#include "callstats-version.h"

G_BEGIN_DECLS

/**
 * CallstatsFabricUsage:
 * @CALLSTATS_FABRIC_USAGE_AUTO: found from what was negotiated
 * @CALLSTATS_FABRIC_USAGE_MULTIPLEX: several streams on one transport
 * @CALLSTATS_FABRIC_USAGE_AUDIO: audio only
 * @CALLSTATS_FABRIC_USAGE_VIDEO: video only
 * @CALLSTATS_FABRIC_USAGE_SCREEN: a screen only
 * @CALLSTATS_FABRIC_USAGE_DATA: data channels only
 * @CALLSTATS_FABRIC_USAGE_UNBUNDLED: several streams, each on its own transport
 *
 * What a peer connection carries.
 */
typedef enum {
  CALLSTATS_FABRIC_USAGE_AUTO,
  CALLSTATS_FABRIC_USAGE_MULTIPLEX,
  CALLSTATS_FABRIC_USAGE_AUDIO,
  CALLSTATS_FABRIC_USAGE_VIDEO,
  CALLSTATS_FABRIC_USAGE_SCREEN,
  CALLSTATS_FABRIC_USAGE_DATA,
  CALLSTATS_FABRIC_USAGE_UNBUNDLED,
} CallstatsFabricUsage;

/**
 * CallstatsFabricState:
 * @CALLSTATS_FABRIC_STATE_INITIALIZING: not connected yet
 * @CALLSTATS_FABRIC_STATE_ESTABLISHED: connected
 * @CALLSTATS_FABRIC_STATE_DISRUPTED: was connected, is disconnected
 * @CALLSTATS_FABRIC_STATE_CHECKING_DISRUPTED: disconnected before it ever was connected
 * @CALLSTATS_FABRIC_STATE_FAILED: could not connect, or was dropped
 * @CALLSTATS_FABRIC_STATE_HOLD: on hold by its user
 * @CALLSTATS_FABRIC_STATE_TERMINATED: ended
 *
 * Where a fabric is in its life.
 */
typedef enum {
  CALLSTATS_FABRIC_STATE_INITIALIZING,
  CALLSTATS_FABRIC_STATE_ESTABLISHED,
  CALLSTATS_FABRIC_STATE_DISRUPTED,
  CALLSTATS_FABRIC_STATE_CHECKING_DISRUPTED, /*< nick=checkingDisrupted >*/
  CALLSTATS_FABRIC_STATE_FAILED,
  CALLSTATS_FABRIC_STATE_HOLD,
  CALLSTATS_FABRIC_STATE_TERMINATED,
} CallstatsFabricState;

/**
 * CallstatsSignalingState:
 * @CALLSTATS_SIGNALING_STATE_STABLE: stable
 * @CALLSTATS_SIGNALING_STATE_CLOSED: closed
 * @CALLSTATS_SIGNALING_STATE_HAVE_LOCAL_OFFER: have-local-offer
 * @CALLSTATS_SIGNALING_STATE_HAVE_REMOTE_OFFER: have-remote-offer
 * @CALLSTATS_SIGNALING_STATE_HAVE_LOCAL_PRANSWER: have-local-pranswer
 * @CALLSTATS_SIGNALING_STATE_HAVE_REMOTE_PRANSWER: have-remote-pranswer
 *
 * W3C RTCSignalingState.
 */
typedef enum {
  CALLSTATS_SIGNALING_STATE_STABLE,
  CALLSTATS_SIGNALING_STATE_CLOSED,
  CALLSTATS_SIGNALING_STATE_HAVE_LOCAL_OFFER,
  CALLSTATS_SIGNALING_STATE_HAVE_REMOTE_OFFER,
  CALLSTATS_SIGNALING_STATE_HAVE_LOCAL_PRANSWER,
  CALLSTATS_SIGNALING_STATE_HAVE_REMOTE_PRANSWER,
} CallstatsSignalingState;

/**
 * CallstatsIceGatheringState:
 * @CALLSTATS_ICE_GATHERING_STATE_NEW: new
 * @CALLSTATS_ICE_GATHERING_STATE_GATHERING: gathering
 * @CALLSTATS_ICE_GATHERING_STATE_COMPLETE: complete
 *
 * W3C RTCIceGatheringState.
 */
typedef enum {
  CALLSTATS_ICE_GATHERING_STATE_NEW,
  CALLSTATS_ICE_GATHERING_STATE_GATHERING,
  CALLSTATS_ICE_GATHERING_STATE_COMPLETE,
} CallstatsIceGatheringState;

/**
 * CallstatsIceConnectionState:
 * @CALLSTATS_ICE_CONNECTION_STATE_NEW: new
 * @CALLSTATS_ICE_CONNECTION_STATE_CHECKING: checking
 * @CALLSTATS_ICE_CONNECTION_STATE_CONNECTED: connected
 * @CALLSTATS_ICE_CONNECTION_STATE_COMPLETED: completed
 * @CALLSTATS_ICE_CONNECTION_STATE_FAILED: failed
 * @CALLSTATS_ICE_CONNECTION_STATE_DISCONNECTED: disconnected
 * @CALLSTATS_ICE_CONNECTION_STATE_CLOSED: closed
 *
 * W3C RTCIceConnectionState.
 */
typedef enum {
  CALLSTATS_ICE_CONNECTION_STATE_NEW,
  CALLSTATS_ICE_CONNECTION_STATE_CHECKING,
  CALLSTATS_ICE_CONNECTION_STATE_CONNECTED,
  CALLSTATS_ICE_CONNECTION_STATE_COMPLETED,
  CALLSTATS_ICE_CONNECTION_STATE_FAILED,
  CALLSTATS_ICE_CONNECTION_STATE_DISCONNECTED,
  CALLSTATS_ICE_CONNECTION_STATE_CLOSED,
} CallstatsIceConnectionState;

CALLSTATS_AVAILABLE_IN_0_1
const char *callstats_fabric_usage_to_string (CallstatsFabricUsage usage);
CALLSTATS_AVAILABLE_IN_0_1
const char *callstats_fabric_state_to_string (CallstatsFabricState state);
CALLSTATS_AVAILABLE_IN_0_1
const char *callstats_signaling_state_to_string (CallstatsSignalingState state);
CALLSTATS_AVAILABLE_IN_0_1
const char *callstats_ice_gathering_state_to_string (CallstatsIceGatheringState state);
CALLSTATS_AVAILABLE_IN_0_1
const char *callstats_ice_connection_state_to_string (CallstatsIceConnectionState state);

G_END_DECLS
