// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What happened to a fabric: the events that matter, put together.

import {statesOf} from './fabric-states.js';

/**
 * @typedef {Object} Story
 * @property {Object} row FabricRow of the API
 * @property {Array<Object>} events its own, oldest first
 * @property {Array<{from: number, to: number, state: string}>} spans of fabric-states.js
 * @property {boolean} setUp whether it ever was
 * @property {?Object} failure the event that says most about why it was never set up
 * @property {?Object} firstFailure the event of a setup that failed, whatever came of it later
 * @property {Array<{event: Object, restored: boolean}>} drops
 * @property {Array<{from: number, to: ?number}>} disruptions to: null where it never ended
 * @property {Array<{ssrc: ?string, kind: ?string, from: number, to: ?number}>} oneWay
 * @property {Array<Object>} breakers events circuitBreaker
 * @property {Array<Object>} stalls events mediaPlaybackStalled
 * @property {?string} cause of its end
 * @property {?string} relay 'turn/udp', …; '' for none; null where nobody said
 */

/** A row for a fabric that only events tell of. */
function rowOf(fabric, events) {
  return {fabric, user: events[0].user, remoteUser: null, usage: null, added: null,
    setupDelay: null, iceGatheringDelay: null, iceConnectivityDelay: null, state: null,
    failed: null, dropped: null, terminated: null, reports: 0, firstReport: null,
    lastReport: null};
}

function failureOf(events) {
  const failures = events.filter(({name}) => name === 'fabricSetupFailed' || name === 'iceFailed');
  return failures.find(({data}) => typeof data?.diagnosis === 'string') ??
    failures.find(({name}) => name === 'fabricSetupFailed') ?? failures[0] ?? null;
}

/**
 * Pairs of events; a begin that comes twice counts once, an end without one does not.
 *
 * @param {Array<Object>} events
 * @param {string} begin name
 * @param {string} end name
 * @param {function(Object): *} key which begin belongs to which end
 */
function intervalsOf(events, begin, end, key = () => null) {
  const open = new Map();
  const found = [];
  for (const event of events) {
    if (event.name === begin && !open.has(key(event))) {
      const interval = {from: event.time, to: null, event};
      open.set(key(event), interval);
      found.push(interval);
    } else if (event.name === end && open.has(key(event))) {
      open.get(key(event)).to = event.time;
      open.delete(key(event));
    }
  }
  return found;
}

const ssrcOf = (event) => event.data?.ssrc === undefined ? null : String(event.data.ssrc);

function oneWayOf(events) {
  return intervalsOf(events, 'oneWayMediaStart', 'oneWayMediaStop', ssrcOf)
    .map(({from, to, event}) =>
      ({ssrc: ssrcOf(event), kind: event.data?.mediaType ?? null, from, to}));
}

function dropsOf(events, spans) {
  return events.filter(({name}) => name === 'fabricDropped').map((event) => ({event,
    restored: spans.some(({from, state}) => from >= event.time &&
      (state === 'connected' || state === 'held'))}));
}

function relayOf(events) {
  const type = events.findLast(({name}) => name === 'fabricTransportSwitch')?.data?.relayType;
  return typeof type === 'string' ? type : null;
}

function named(events, name) {
  return events.filter((event) => event.name === name);
}

/**
 * @param {?Object} row FabricRow; null where only events tell of the fabric
 * @param {Array<Object>} events its own, oldest first
 * @param {?number} open until when it goes on; null: the call is over
 * @param {string=} fabric its id, where there is no row
 * @returns {Story}
 */
export function storyOf(row, events, open, fabric = row?.fabric) {
  const known = row ?? rowOf(fabric, events);
  const spans = statesOf(known, events, open);
  const setUp = known.setupDelay !== null || named(events, 'fabricSetup').length > 0;
  const firstFailure = failureOf(events);
  return {
    row: known, events, spans, setUp, firstFailure,
    failure: setUp ? null : firstFailure,
    failed: !setUp && (firstFailure !== null || known.failed !== null),
    drops: dropsOf(events, spans),
    disruptions: intervalsOf(events, 'iceDisruptionStart', 'iceDisruptionEnd')
      .map(({from, to}) => ({from, to})),
    oneWay: oneWayOf(events),
    breakers: named(events, 'circuitBreaker'),
    stalls: named(events, 'mediaPlaybackStalled'),
    cause: named(events, 'fabricTerminated')[0]?.data?.cause ?? null,
    relay: relayOf(events),
  };
}
