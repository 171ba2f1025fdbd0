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

/**
 * CallstatsFabricEvent:
 * @CALLSTATS_FABRIC_EVENT_FABRIC_HOLD: the user put the call on hold
 * @CALLSTATS_FABRIC_EVENT_FABRIC_RESUME: and took it off hold
 * @CALLSTATS_FABRIC_EVENT_AUDIO_MUTE: a microphone was muted
 * @CALLSTATS_FABRIC_EVENT_AUDIO_UNMUTE: and unmuted
 * @CALLSTATS_FABRIC_EVENT_VIDEO_PAUSE: a camera was paused
 * @CALLSTATS_FABRIC_EVENT_VIDEO_RESUME: and resumed
 * @CALLSTATS_FABRIC_EVENT_FABRIC_TERMINATED: the call ended
 * @CALLSTATS_FABRIC_EVENT_SCREEN_SHARE_START: a screen is shared
 * @CALLSTATS_FABRIC_EVENT_SCREEN_SHARE_STOP: and no longer
 * @CALLSTATS_FABRIC_EVENT_DOMINANT_SPEAKER: the user is the dominant speaker
 * @CALLSTATS_FABRIC_EVENT_ACTIVE_DEVICE_LIST: the devices in use; needs `deviceList`
 * @CALLSTATS_FABRIC_EVENT_FABRIC_SETUP: found by the fabric itself
 * @CALLSTATS_FABRIC_EVENT_FABRIC_SETUP_FAILED: found by the fabric itself
 * @CALLSTATS_FABRIC_EVENT_FABRIC_USAGE_EVENT: what the fabric carries changed
 * @CALLSTATS_FABRIC_EVENT_FABRIC_STATE_CHANGE: one of its states changed
 * @CALLSTATS_FABRIC_EVENT_FABRIC_TRANSPORT_SWITCH: another candidate pair was selected
 * @CALLSTATS_FABRIC_EVENT_FABRIC_DROPPED: the connection was lost for good
 * @CALLSTATS_FABRIC_EVENT_APPLICATION_ERROR_LOG: a log of the application
 * @CALLSTATS_FABRIC_EVENT_CALL_DETAILS: details of a contact-centre call
 * @CALLSTATS_FABRIC_EVENT_CALL_UN_ANSWERED: nobody answered
 * @CALLSTATS_FABRIC_EVENT_USER_JOINED: the user joined the conference
 * @CALLSTATS_FABRIC_EVENT_USER_LEFT: the user left it
 * @CALLSTATS_FABRIC_EVENT_USER_ALIVE: the user is still there
 * @CALLSTATS_FABRIC_EVENT_USER_DETAILS: more about the user
 * @CALLSTATS_FABRIC_EVENT_USER_IDCHANGED_EVENT: a user id changed
 * @CALLSTATS_FABRIC_EVENT_SSRC_MAP: which stream is whose
 * @CALLSTATS_FABRIC_EVENT_MEDIA_PLAYBACK_START: media of a stream arrived for the first time
 * @CALLSTATS_FABRIC_EVENT_MEDIA_PLAYBACK_SUSPENDED: a stream is not played
 * @CALLSTATS_FABRIC_EVENT_MEDIA_PLAYBACK_STALLED: a stream stopped arriving
 * @CALLSTATS_FABRIC_EVENT_ONE_WAY_MEDIA: media flows one way only
 * @CALLSTATS_FABRIC_EVENT_ONE_WAY_MEDIA_START: media flows one way only from now on
 * @CALLSTATS_FABRIC_EVENT_ONE_WAY_MEDIA_STOP: and no longer
 * @CALLSTATS_FABRIC_EVENT_ICE_DISRUPTION_START: an established connection is disrupted
 * @CALLSTATS_FABRIC_EVENT_ICE_DISRUPTION_END: and no longer
 * @CALLSTATS_FABRIC_EVENT_ICE_CONNECTION_DISRUPTION_START: checking was disrupted
 * @CALLSTATS_FABRIC_EVENT_ICE_CONNECTION_DISRUPTION_END: and no longer
 * @CALLSTATS_FABRIC_EVENT_ICE_ABORTED: closed before it was connected
 * @CALLSTATS_FABRIC_EVENT_ICE_TERMINATED: closed after it was connected
 * @CALLSTATS_FABRIC_EVENT_ICE_FAILED: no candidate pair works
 * @CALLSTATS_FABRIC_EVENT_ICE_RESTARTED: ICE starts anew
 * @CALLSTATS_FABRIC_EVENT_CONNECTED_DEVICE_LIST: the devices that are there
 * @CALLSTATS_FABRIC_EVENT_SDP_SUBMISSION_EVENT: the session descriptions
 * @CALLSTATS_FABRIC_EVENT_SENDING_THROUGHPUT_OBSERVATIONS: an observation of the sending rate
 * @CALLSTATS_FABRIC_EVENT_LIMITATION_OBSERVATIONS: an observation of a limit
 * @CALLSTATS_FABRIC_EVENT_CIRCUIT_BREAKER: media is so bad that it should stop
 * @CALLSTATS_FABRIC_EVENT_ADD_NEW_FABRIC: a peer connection was made
 * @CALLSTATS_FABRIC_EVENT_USER_FEEDBACK: the user rated the call
 * @CALLSTATS_FABRIC_EVENT_CUSTOM_EVENT: an event of the application
 * @CALLSTATS_FABRIC_EVENT_CUSTOM_STATS: statistics of the application
 * @CALLSTATS_FABRIC_EVENT_CONFERENCE_SUMMARY: a summary by the application
 *
 * callstats' events. An application may send any but `fabricSetup` and
 * `fabricSetupFailed`, which the fabric finds by itself.
 */
typedef enum {
  CALLSTATS_FABRIC_EVENT_FABRIC_HOLD, /*< nick=fabricHold >*/
  CALLSTATS_FABRIC_EVENT_FABRIC_RESUME, /*< nick=fabricResume >*/
  CALLSTATS_FABRIC_EVENT_AUDIO_MUTE, /*< nick=audioMute >*/
  CALLSTATS_FABRIC_EVENT_AUDIO_UNMUTE, /*< nick=audioUnmute >*/
  CALLSTATS_FABRIC_EVENT_VIDEO_PAUSE, /*< nick=videoPause >*/
  CALLSTATS_FABRIC_EVENT_VIDEO_RESUME, /*< nick=videoResume >*/
  CALLSTATS_FABRIC_EVENT_FABRIC_TERMINATED, /*< nick=fabricTerminated >*/
  CALLSTATS_FABRIC_EVENT_SCREEN_SHARE_START, /*< nick=screenShareStart >*/
  CALLSTATS_FABRIC_EVENT_SCREEN_SHARE_STOP, /*< nick=screenShareStop >*/
  CALLSTATS_FABRIC_EVENT_DOMINANT_SPEAKER, /*< nick=dominantSpeaker >*/
  CALLSTATS_FABRIC_EVENT_ACTIVE_DEVICE_LIST, /*< nick=activeDeviceList >*/
  CALLSTATS_FABRIC_EVENT_FABRIC_SETUP, /*< nick=fabricSetup >*/
  CALLSTATS_FABRIC_EVENT_FABRIC_SETUP_FAILED, /*< nick=fabricSetupFailed >*/
  CALLSTATS_FABRIC_EVENT_FABRIC_USAGE_EVENT, /*< nick=fabricUsageEvent >*/
  CALLSTATS_FABRIC_EVENT_FABRIC_STATE_CHANGE, /*< nick=fabricStateChange >*/
  CALLSTATS_FABRIC_EVENT_FABRIC_TRANSPORT_SWITCH, /*< nick=fabricTransportSwitch >*/
  CALLSTATS_FABRIC_EVENT_FABRIC_DROPPED, /*< nick=fabricDropped >*/
  CALLSTATS_FABRIC_EVENT_APPLICATION_ERROR_LOG, /*< nick=applicationErrorLog >*/
  CALLSTATS_FABRIC_EVENT_CALL_DETAILS, /*< nick=callDetails >*/
  CALLSTATS_FABRIC_EVENT_CALL_UN_ANSWERED, /*< nick=callUnAnswered >*/
  CALLSTATS_FABRIC_EVENT_USER_JOINED, /*< nick=userJoined >*/
  CALLSTATS_FABRIC_EVENT_USER_LEFT, /*< nick=userLeft >*/
  CALLSTATS_FABRIC_EVENT_USER_ALIVE, /*< nick=userAlive >*/
  CALLSTATS_FABRIC_EVENT_USER_DETAILS, /*< nick=userDetails >*/
  CALLSTATS_FABRIC_EVENT_USER_IDCHANGED_EVENT, /*< nick=userIDChangedEvent >*/
  CALLSTATS_FABRIC_EVENT_SSRC_MAP, /*< nick=ssrcMap >*/
  CALLSTATS_FABRIC_EVENT_MEDIA_PLAYBACK_START, /*< nick=mediaPlaybackStart >*/
  CALLSTATS_FABRIC_EVENT_MEDIA_PLAYBACK_SUSPENDED, /*< nick=mediaPlaybackSuspended >*/
  CALLSTATS_FABRIC_EVENT_MEDIA_PLAYBACK_STALLED, /*< nick=mediaPlaybackStalled >*/
  CALLSTATS_FABRIC_EVENT_ONE_WAY_MEDIA, /*< nick=oneWayMedia >*/
  CALLSTATS_FABRIC_EVENT_ONE_WAY_MEDIA_START, /*< nick=oneWayMediaStart >*/
  CALLSTATS_FABRIC_EVENT_ONE_WAY_MEDIA_STOP, /*< nick=oneWayMediaStop >*/
  CALLSTATS_FABRIC_EVENT_ICE_DISRUPTION_START, /*< nick=iceDisruptionStart >*/
  CALLSTATS_FABRIC_EVENT_ICE_DISRUPTION_END, /*< nick=iceDisruptionEnd >*/
  CALLSTATS_FABRIC_EVENT_ICE_CONNECTION_DISRUPTION_START, /*< nick=iceConnectionDisruptionStart >*/
  CALLSTATS_FABRIC_EVENT_ICE_CONNECTION_DISRUPTION_END, /*< nick=iceConnectionDisruptionEnd >*/
  CALLSTATS_FABRIC_EVENT_ICE_ABORTED, /*< nick=iceAborted >*/
  CALLSTATS_FABRIC_EVENT_ICE_TERMINATED, /*< nick=iceTerminated >*/
  CALLSTATS_FABRIC_EVENT_ICE_FAILED, /*< nick=iceFailed >*/
  CALLSTATS_FABRIC_EVENT_ICE_RESTARTED, /*< nick=iceRestarted >*/
  CALLSTATS_FABRIC_EVENT_CONNECTED_DEVICE_LIST, /*< nick=connectedDeviceList >*/
  CALLSTATS_FABRIC_EVENT_SDP_SUBMISSION_EVENT, /*< nick=sdpSubmissionEvent >*/
  CALLSTATS_FABRIC_EVENT_SENDING_THROUGHPUT_OBSERVATIONS, /*< nick=sendingThroughputObservations >*/
  CALLSTATS_FABRIC_EVENT_LIMITATION_OBSERVATIONS, /*< nick=limitationObservations >*/
  CALLSTATS_FABRIC_EVENT_CIRCUIT_BREAKER, /*< nick=circuitBreaker >*/
  CALLSTATS_FABRIC_EVENT_ADD_NEW_FABRIC, /*< nick=addNewFabric >*/
  CALLSTATS_FABRIC_EVENT_USER_FEEDBACK, /*< nick=userFeedback >*/
  CALLSTATS_FABRIC_EVENT_CUSTOM_EVENT, /*< nick=customEvent >*/
  CALLSTATS_FABRIC_EVENT_CUSTOM_STATS, /*< nick=customStats >*/
  CALLSTATS_FABRIC_EVENT_CONFERENCE_SUMMARY, /*< nick=conferenceSummary >*/
} CallstatsFabricEvent;

/**
 * CallstatsWebrtcFunction:
 * @CALLSTATS_WEBRTC_FUNCTION_GET_USER_MEDIA: a source of media
 * @CALLSTATS_WEBRTC_FUNCTION_CREATE_OFFER: create-offer
 * @CALLSTATS_WEBRTC_FUNCTION_CREATE_ANSWER: create-answer
 * @CALLSTATS_WEBRTC_FUNCTION_SET_LOCAL_DESCRIPTION: set-local-description
 * @CALLSTATS_WEBRTC_FUNCTION_SET_REMOTE_DESCRIPTION: set-remote-description
 * @CALLSTATS_WEBRTC_FUNCTION_ADD_ICE_CANDIDATE: add-ice-candidate
 * @CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE: the connection
 * @CALLSTATS_WEBRTC_FUNCTION_SIGNALING_ERROR: the application's signalling
 * @CALLSTATS_WEBRTC_FUNCTION_APPLICATION_LOG: nothing: a log of the application
 * @CALLSTATS_WEBRTC_FUNCTION_APPLICATION_ERROR: the application
 *
 * callstats' webRTCFunctions: what failed.
 */
typedef enum {
  CALLSTATS_WEBRTC_FUNCTION_GET_USER_MEDIA, /*< nick=getUserMedia >*/
  CALLSTATS_WEBRTC_FUNCTION_CREATE_OFFER, /*< nick=createOffer >*/
  CALLSTATS_WEBRTC_FUNCTION_CREATE_ANSWER, /*< nick=createAnswer >*/
  CALLSTATS_WEBRTC_FUNCTION_SET_LOCAL_DESCRIPTION, /*< nick=setLocalDescription >*/
  CALLSTATS_WEBRTC_FUNCTION_SET_REMOTE_DESCRIPTION, /*< nick=setRemoteDescription >*/
  CALLSTATS_WEBRTC_FUNCTION_ADD_ICE_CANDIDATE, /*< nick=addIceCandidate >*/
  CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE, /*< nick=iceConnectionFailure >*/
  CALLSTATS_WEBRTC_FUNCTION_SIGNALING_ERROR, /*< nick=signalingError >*/
  CALLSTATS_WEBRTC_FUNCTION_APPLICATION_LOG, /*< nick=applicationLog >*/
  CALLSTATS_WEBRTC_FUNCTION_APPLICATION_ERROR, /*< nick=applicationError >*/
} CallstatsWebrtcFunction;

/**
 * CallstatsFailureReason:
 * @CALLSTATS_FAILURE_REASON_MEDIA_CONFIG_ERROR: the media source cannot do what was asked
 * @CALLSTATS_FAILURE_REASON_MEDIA_PERMISSION_ERROR: access to the media source was denied
 * @CALLSTATS_FAILURE_REASON_MEDIA_DEVICE_ERROR: the media source failed
 * @CALLSTATS_FAILURE_REASON_NEGOTIATION_FAILURE: the ends did not agree
 * @CALLSTATS_FAILURE_REASON_SDP_GENERATION_ERROR: a description could not be made or set
 * @CALLSTATS_FAILURE_REASON_ICE_CONNECTION_FAILURE: no way between the ends was found
 * @CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE: DTLS or SRTP failed
 * @CALLSTATS_FAILURE_REASON_SIGNALING_ERROR: signalling failed
 * @CALLSTATS_FAILURE_REASON_APPLICATION_ERROR: the application failed
 * @CALLSTATS_FAILURE_REASON_APPLICATION_LOG: none: a log
 *
 * callstats' failure reasons.
 */
typedef enum {
  CALLSTATS_FAILURE_REASON_MEDIA_CONFIG_ERROR, /*< nick=MediaConfigError >*/
  CALLSTATS_FAILURE_REASON_MEDIA_PERMISSION_ERROR, /*< nick=MediaPermissionError >*/
  CALLSTATS_FAILURE_REASON_MEDIA_DEVICE_ERROR, /*< nick=MediaDeviceError >*/
  CALLSTATS_FAILURE_REASON_NEGOTIATION_FAILURE, /*< nick=NegotiationFailure >*/
  CALLSTATS_FAILURE_REASON_SDP_GENERATION_ERROR, /*< nick=SDPGenerationError >*/
  CALLSTATS_FAILURE_REASON_ICE_CONNECTION_FAILURE, /*< nick=IceConnectionFailure >*/
  CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE, /*< nick=TransportFailure >*/
  CALLSTATS_FAILURE_REASON_SIGNALING_ERROR, /*< nick=SignalingError >*/
  CALLSTATS_FAILURE_REASON_APPLICATION_ERROR, /*< nick=ApplicationError >*/
  CALLSTATS_FAILURE_REASON_APPLICATION_LOG, /*< nick=ApplicationLog >*/
} CallstatsFailureReason;

/**
 * CallstatsEndpointType:
 * @CALLSTATS_ENDPOINT_TYPE_PEER: another participant
 * @CALLSTATS_ENDPOINT_TYPE_SERVER: a conference server
 *
 * What is at the other end.
 */
typedef enum {
  CALLSTATS_ENDPOINT_TYPE_PEER,
  CALLSTATS_ENDPOINT_TYPE_SERVER,
} CallstatsEndpointType;

/**
 * CallstatsTransmissionDirection:
 * @CALLSTATS_TRANSMISSION_DIRECTION_SENDONLY: out
 * @CALLSTATS_TRANSMISSION_DIRECTION_RECEIVEONLY: in
 * @CALLSTATS_TRANSMISSION_DIRECTION_SENDRECV: both ways
 * @CALLSTATS_TRANSMISSION_DIRECTION_INACTIVE: not at all
 *
 * Which way media flows.
 */
typedef enum {
  CALLSTATS_TRANSMISSION_DIRECTION_SENDONLY,
  CALLSTATS_TRANSMISSION_DIRECTION_RECEIVEONLY,
  CALLSTATS_TRANSMISSION_DIRECTION_SENDRECV,
  CALLSTATS_TRANSMISSION_DIRECTION_INACTIVE,
} CallstatsTransmissionDirection;

/**
 * CallstatsCsError:
 * @CALLSTATS_CS_ERROR_SUCCESS: the backend took the credentials
 * @CALLSTATS_CS_ERROR_OK: fine
 * @CALLSTATS_CS_ERROR_AUTH_ONGOING: not known yet
 * @CALLSTATS_CS_ERROR_AUTH_ERROR: the backend refused the credentials
 * @CALLSTATS_CS_ERROR_TOKEN_GENERATION_ERROR: no token could be made
 * @CALLSTATS_CS_ERROR_HTTP_ERROR: the backend cannot be reached
 * @CALLSTATS_CS_ERROR_WS_CHANNEL_FAILURE: the WebSocket could not be opened
 * @CALLSTATS_CS_ERROR_CS_PROTO_ERROR: the backend does not speak the protocol
 * @CALLSTATS_CS_ERROR_APP_CONNECTIVITY_ERROR: a peer connection is disconnected
 *
 * callstats' csError, as [signal@Callstats.Client::initialized] tells it.
 */
typedef enum {
  CALLSTATS_CS_ERROR_SUCCESS,
  CALLSTATS_CS_ERROR_OK, /*< nick=OK >*/
  CALLSTATS_CS_ERROR_AUTH_ONGOING, /*< nick=authOngoing >*/
  CALLSTATS_CS_ERROR_AUTH_ERROR, /*< nick=authError >*/
  CALLSTATS_CS_ERROR_TOKEN_GENERATION_ERROR, /*< nick=tokenGenerationError >*/
  CALLSTATS_CS_ERROR_HTTP_ERROR, /*< nick=httpError >*/
  CALLSTATS_CS_ERROR_WS_CHANNEL_FAILURE, /*< nick=wsChannelFailure >*/
  CALLSTATS_CS_ERROR_CS_PROTO_ERROR, /*< nick=csProtoError >*/
  CALLSTATS_CS_ERROR_APP_CONNECTIVITY_ERROR, /*< nick=appConnectivityError >*/
} CallstatsCsError;

/**
 * CallstatsUserIdType:
 * @CALLSTATS_USER_ID_TYPE_LOCAL: of this end
 * @CALLSTATS_USER_ID_TYPE_REMOTE: of the other end
 *
 * Whose user id.
 */
typedef enum {
  CALLSTATS_USER_ID_TYPE_LOCAL,
  CALLSTATS_USER_ID_TYPE_REMOTE,
} CallstatsUserIdType;

/**
 * CallstatsQualityRating:
 * @CALLSTATS_QUALITY_RATING_BAD: 1
 * @CALLSTATS_QUALITY_RATING_POOR: 2
 * @CALLSTATS_QUALITY_RATING_FAIR: 3
 * @CALLSTATS_QUALITY_RATING_GOOD: 4
 * @CALLSTATS_QUALITY_RATING_EXCELLENT: 5
 *
 * Ratings of a call by its users.
 */
typedef enum {
  CALLSTATS_QUALITY_RATING_BAD = 1,
  CALLSTATS_QUALITY_RATING_POOR = 2,
  CALLSTATS_QUALITY_RATING_FAIR = 3,
  CALLSTATS_QUALITY_RATING_GOOD = 4,
  CALLSTATS_QUALITY_RATING_EXCELLENT = 5,
} CallstatsQualityRating;

/**
 * CallstatsStreamQuality:
 * @CALLSTATS_STREAM_QUALITY_UNKNOWN: not known
 * @CALLSTATS_STREAM_QUALITY_BAD: bad
 * @CALLSTATS_STREAM_QUALITY_FAIR: fair
 * @CALLSTATS_STREAM_QUALITY_EXCELLENT: excellent
 *
 * callstats' words for the quality of a stream.
 */
typedef enum {
  CALLSTATS_STREAM_QUALITY_UNKNOWN,
  CALLSTATS_STREAM_QUALITY_BAD,
  CALLSTATS_STREAM_QUALITY_FAIR,
  CALLSTATS_STREAM_QUALITY_EXCELLENT,
} CallstatsStreamQuality;

/**
 * CallstatsCallType:
 * @CALLSTATS_CALL_TYPE_UNKNOWN: not known
 * @CALLSTATS_CALL_TYPE_INBOUND: a customer calls
 * @CALLSTATS_CALL_TYPE_OUTBOUND: a customer is called
 * @CALLSTATS_CALL_TYPE_MONITORING: a call is listened to
 *
 * The kind of a contact-centre call.
 */
typedef enum {
  CALLSTATS_CALL_TYPE_UNKNOWN,
  CALLSTATS_CALL_TYPE_INBOUND,
  CALLSTATS_CALL_TYPE_OUTBOUND,
  CALLSTATS_CALL_TYPE_MONITORING,
} CallstatsCallType;

/**
 * CallstatsRole:
 * @CALLSTATS_ROLE_AGENT: an agent
 * @CALLSTATS_ROLE_PARTICIPANT: anybody else
 *
 * The part of a user in a contact-centre call.
 */
typedef enum {
  CALLSTATS_ROLE_AGENT,
  CALLSTATS_ROLE_PARTICIPANT,
} CallstatsRole;

/**
 * CallstatsLogLevel:
 * @CALLSTATS_LOG_LEVEL_DEBUG: debug
 * @CALLSTATS_LOG_LEVEL_INFO: info
 * @CALLSTATS_LOG_LEVEL_WARN: warn
 * @CALLSTATS_LOG_LEVEL_ERROR: error
 * @CALLSTATS_LOG_LEVEL_FATAL: fatal
 *
 * How grave a log of the application is.
 */
typedef enum {
  CALLSTATS_LOG_LEVEL_DEBUG,
  CALLSTATS_LOG_LEVEL_INFO,
  CALLSTATS_LOG_LEVEL_WARN,
  CALLSTATS_LOG_LEVEL_ERROR,
  CALLSTATS_LOG_LEVEL_FATAL,
} CallstatsLogLevel;

/**
 * CallstatsLogType:
 * @CALLSTATS_LOG_TYPE_TEXT: text
 * @CALLSTATS_LOG_TYPE_JSON: JSON
 * @CALLSTATS_LOG_TYPE_DOM_ERROR: the text of an error
 *
 * What the text of a log is.
 */
typedef enum {
  CALLSTATS_LOG_TYPE_TEXT,
  CALLSTATS_LOG_TYPE_JSON,
  CALLSTATS_LOG_TYPE_DOM_ERROR, /*< nick=domError >*/
} CallstatsLogType;

CALLSTATS_AVAILABLE_IN_0_1
const char *callstats_enum_to_string (GType type, int value);
CALLSTATS_AVAILABLE_IN_0_1
gboolean callstats_enum_from_string (
    GType type, const char *string, int *value, GError **error);
CALLSTATS_AVAILABLE_IN_0_1
CallstatsFailureReason callstats_webrtc_function_get_reason (
    CallstatsWebrtcFunction function);

G_END_DECLS
