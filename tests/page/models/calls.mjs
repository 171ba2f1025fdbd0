// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Conferences as the collector's query API gives them, made small: times count from T.

import {callOf} from '../../../src/collector/web/models/call.js';
import {pictureOf} from '../../../src/collector/web/models/picture.js';

export const T = 1_795_386_470_000;

/** An event; fabric: null for one of the user. */
export function event(at, user, fabric, name, data = {}) {
  return {time: T + at, user, fabric, name, data};
}

/** An event fabricStateChange of ICE's connection, or of its gathering. */
export function ice(at, user, fabric, newState, changedState = 'iceConnectionState') {
  return event(at, user, fabric, 'fabricStateChange', {changedState, newState});
}

/** A FabricRow. */
export function fabricRow(fabric, user, remoteUser, more = {}) {
  return {fabric, user, remoteUser, usage: 'multiplex', added: T, setupDelay: null,
    iceGatheringDelay: null, iceConnectivityDelay: null, state: null, failed: null,
    dropped: null, terminated: null, reports: 0, firstReport: null, lastReport: null, ...more};
}

/** A Conference that is over after 60 s, unless told otherwise. */
export function detail({fabrics = [], events = [], people = [], ...more}) {
  return {app: 'demo', conference: 'c', occurrence: '1', start: T, lastSeen: T + 60_000,
    ended: true, truncated: false, live: '0.0', fabrics, events,
    participants: people.map((user) => ({user, userName: null, joined: T, left: null,
      endpointInfo: null})), ...more};
}

/** A FabricSummary with nothing in it. */
export function fabricSummary(connectionID, localID, more = {}) {
  return {connectionID, localID, remoteID: null, pairedConnectionID: null,
    terminationStatus: 'terminated', terminationCause: null, disruptions: {count: 0, total: 0},
    gaps: {count: 0, total: 0}, oneWayMedia: [], score: null, streamSummary: [], ...more};
}

/** The picture of a Conference. */
export function picture(answer, {summary = null, reasons = new Map(), gaps = [],
  now = T + 60_000} = {}) {
  return pictureOf(callOf(answer), {summary, reasons, gaps, now});
}

/** What the failing end of a call without a relay told, as it came. */
export const noRelay = event(3751, 'bob', 'f1', 'fabricSetupFailed', {
  diagnosis: 'TURN configured but no relay candidate: gathering ended with none, so the server ' +
    'is unreachable or refuses the credentials; DTLS never started',
  reason: 'IceConnectionFailure',
  message: 'ICE gathering is complete, without any local candidate',
  delay: 3751.782, function: 'iceConnectionFailure', fabricState: 'initializing',
  name: 'gathering-complete', iceConnectionState: 'new',
  phases: {createOfferStart: 1295.997, createOffer: 1390.964, gatheringStart: 1447.509,
    localDescription: 1447.414, firstRemoteCandidate: 1556.083, remoteDescription: 1559.154,
    gatheringComplete: 3751.683},
});
