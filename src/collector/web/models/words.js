// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sentences that hold names which clients chose, and words for what the protocol calls otherwise.

/**
 * @typedef {Array<(string|{name: string})>} Parts a sentence; what clients told stands apart
 */

/**
 * @param {?string} text of a client
 * @returns {{name: string}}
 */
export function name(text) {
  return {name: text ?? 'someone'};
}

/**
 * A template of a sentence: strings are our own words, the rest is name() or Parts.
 *
 * @returns {Parts}
 */
export function say(strings, ...values) {
  return strings.flatMap((text, index) =>
    index < values.length ? [text, values[index]].flat() : [text])
    .map((part) => typeof part === 'number' ? String(part) : part)
    .filter((part) => part !== '' && part !== null && part !== undefined);
}

/**
 * @param {Parts} parts
 * @returns {string}
 */
export function plain(parts) {
  return parts.map((part) => typeof part === 'string' ? part : part.name).join('');
}

/**
 * @param {Array<Parts>} list
 * @param {string} last between the last two
 * @returns {Parts} "a, b and c"
 */
export function listed(list, last = ' and ') {
  return list.flatMap((parts, index) => index === 0 ? parts :
    [index === list.length - 1 ? last : ', ', ...parts]);
}

/** "1 connection", "3 connections" */
export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

const REASONS = new Map(Object.entries({
  IceConnectionFailure: 'ICE found no way between the two',
  NegotiationFailure: 'the two ends did not agree on a session',
  SDPGenerationError: 'a session description or candidate could not be used',
  TransportFailure: 'DTLS failed',
  SignalingError: 'signalling failed',
  MediaConfigError: 'the media source cannot do what was asked of it',
  MediaPermissionError: 'access to camera or microphone was denied',
  MediaDeviceError: 'camera or microphone failed',
  ApplicationError: 'the application failed',
}));

const DROPS = new Map(Object.entries({
  ice: 'ICE lost the way between the two',
  silence: 'nothing was heard of the other end for 30 s',
  dtls: 'DTLS failed or was closed',
}));

const BREAKERS = new Map(Object.entries({
  mediaTimeout: 'what was sent did not arrive',
  RTCPTimeout: 'no RTCP reports came',
  mediaUsability: 'media was unusable: all lost, or far too late',
  congestion: 'it sent ten times what the network carried',
}));

const SCORE_REASONS = new Map(Object.entries({
  loss: 'packet loss', 'one-way': 'media in one direction only', delay: 'delay',
  jitter: 'jitter', freezes: 'freezes', 'frame-rate': 'a low frame rate',
  bitrate: 'a low bit rate',
}));

const ENDS = new Map(Object.entries({
  application: 'ended by the application',
  pipeline: 'ended with its pipeline',
  'remote closed': 'the other end closed it',
  'remote left': 'the other end left',
  'signaling closed': 'signalling was closed',
}));

// A word that nobody knows is told as it is.
const wordIn = (words, fallback) => (word) => words.has(word) ? words.get(word) :
  typeof word === 'string' && word !== '' ? name(word) : fallback;

/** Each takes a word of the protocol, or nothing, and gives our words, or name() of it. */
export const failureWords = wordIn(REASONS, 'nobody said why');
export const dropWords = wordIn(DROPS, 'nobody said why');
export const breakerWords = wordIn(BREAKERS, 'media was too bad to go on');
export const scoreWords = wordIn(SCORE_REASONS, 'reasons that nobody told');
export const endWords = wordIn(ENDS, null);
