// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What events are called in words, and which kind each is of.

/**
 * Kinds, in the order of a legend. quiet: not among the marks unless asked for; grave: how much
 * it matters, for a group of marks to look like its worst.
 */
export const KINDS = [
  {id: 'failure', title: 'Failure', grave: 9},
  {id: 'one-way', title: 'One-way or bad media', grave: 8},
  {id: 'error', title: 'Error', grave: 7},
  {id: 'disruption', title: 'Disruption', grave: 6},
  {id: 'stall', title: 'Playback stopped', grave: 5},
  {id: 'connection', title: 'Connected', grave: 3},
  {id: 'begun', title: 'Connection begun or ended', grave: 2},
  {id: 'transport', title: 'Transport switch', grave: 4},
  {id: 'people', title: 'Joined or left', grave: 2},
  {id: 'mute', title: 'Mute', grave: 1},
  {id: 'video', title: 'Video pause', grave: 1},
  {id: 'hold', title: 'Hold', grave: 2},
  {id: 'screen', title: 'Screen share', grave: 1},
  {id: 'speaker', title: 'Dominant speaker', grave: 1},
  {id: 'devices', title: 'Devices', grave: 1},
  {id: 'playback', title: 'Playback started', grave: 1},
  {id: 'feedback', title: 'Feedback', grave: 4},
  {id: 'log', title: 'Log', grave: 1},
  {id: 'custom', title: 'Of the application', grave: 1},
  {id: 'other', title: 'Other', grave: 1},
  {id: 'technical', title: 'States and descriptions', grave: 0, quiet: true},
];

const NAMES = new Map(Object.entries({
  addNewFabric: ['begun', 'Connection begun'],
  fabricSetup: ['connection', 'Connected'],
  fabricSetupFailed: ['failure', 'Setup failed'],
  fabricSetupPhase: ['technical', 'Step of the setup'],
  fabricStateChange: ['technical', 'State changed'],
  fabricDropped: ['failure', 'Dropped'],
  fabricTerminated: ['begun', 'Connection ended'],
  fabricTransportSwitch: ['transport', 'Another candidate pair'],
  fabricUsageEvent: ['technical', 'Usage changed'],
  fabricHold: ['hold', 'On hold'],
  fabricResume: ['hold', 'Off hold'],
  iceFailed: ['failure', 'ICE failed'],
  iceAborted: ['failure', 'Closed before it was connected'],
  iceTerminated: ['begun', 'ICE closed'],
  iceRestarted: ['begun', 'ICE restarted'],
  iceDisruptionStart: ['disruption', 'Disrupted'],
  iceDisruptionEnd: ['disruption', 'Disruption over'],
  iceConnectionDisruptionStart: ['disruption', 'Connecting disrupted'],
  iceConnectionDisruptionEnd: ['disruption', 'Connecting goes on'],
  oneWayMedia: ['one-way', 'One-way media'],
  oneWayMediaStart: ['one-way', 'One-way media began'],
  oneWayMediaStop: ['one-way', 'One-way media over'],
  circuitBreaker: ['one-way', 'Circuit breaker'],
  mediaPlaybackStart: ['playback', 'Playback started'],
  mediaPlaybackSuspended: ['stall', 'Packets stopped'],
  mediaPlaybackStalled: ['stall', 'Frames stopped'],
  audioMute: ['mute', 'Muted'],
  audioUnmute: ['mute', 'Unmuted'],
  videoPause: ['video', 'Video paused'],
  videoResume: ['video', 'Video resumed'],
  screenShareStart: ['screen', 'Screen shared'],
  screenShareStop: ['screen', 'Screen no longer shared'],
  dominantSpeaker: ['speaker', 'Dominant speaker'],
  activeDeviceList: ['devices', 'Devices in use'],
  connectedDeviceList: ['devices', 'Devices there'],
  userJoined: ['people', 'Joined'],
  userLeft: ['people', 'Left'],
  userAlive: ['technical', 'Alive'],
  userDetails: ['technical', 'About the user'],
  userIDChangedEvent: ['people', 'User id changed'],
  userFeedback: ['feedback', 'Feedback'],
  callDetails: ['custom', 'Call details'],
  callUnAnswered: ['failure', 'Not answered'],
  customEvent: ['custom', 'Custom event'],
  customStats: ['custom', 'Custom statistics'],
  conferenceSummary: ['custom', 'Summary by the application'],
  ssrcMap: ['technical', 'Streams'],
  sdpSubmissionEvent: ['technical', 'Session descriptions'],
  sendingThroughputObservations: ['technical', 'Sending rate observed'],
  limitationObservations: ['technical', 'Limit observed'],
  systemStatus: ['technical', 'State of the device'],
}));

const GRAVE_LEVELS = ['error', 'fatal'];

/**
 * @param {{name: string, data: ?Object}} event as the API has it
 * @returns {string} an id of KINDS
 */
export function kindOf(event) {
  if (event.name === 'applicationErrorLog')
    return event.data?.function !== 'applicationLog' &&
      GRAVE_LEVELS.includes(event.data?.level) ? 'error' : 'log';
  return NAMES.get(event.name)?.[0] ?? 'other';
}

/**
 * @param {{name: string, data: ?Object}} event
 * @returns {string} what it is called; its name, where nobody knows it
 */
export function titleOf(event) {
  if (event.name === 'applicationErrorLog')
    return kindOf(event) === 'error' ? 'Error' : 'Log';
  return NAMES.get(event.name)?.[1] ?? String(event.name);
}

/**
 * @param {string} id
 * @returns {{id: string, title: string, grave: number, quiet?: boolean}} of KINDS
 */
export function findKind(id) {
  return KINDS.find((kind) => kind.id === id) ?? KINDS.find((kind) => kind.id === 'other');
}
