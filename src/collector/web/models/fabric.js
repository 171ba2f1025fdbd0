// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A fabric in words: its state, its setup, its way through the network, and what its events mark
// in charts.

import {delay, duration} from '../lib/format.js';

/**
 * @typedef {Object} Mark of an event in the charts
 * @property {number} time ms since the epoch
 * @property {string} sign one letter
 * @property {string} title
 * @property {'good'|'warn'|'bad'|'info'} kind
 */

const MARKS = new Map(Object.entries({
  fabricSetup: ['S', 'good', 'set up'],
  fabricSetupFailed: ['F', 'bad', 'setup failed'],
  iceFailed: ['F', 'bad', 'ICE failed'],
  iceAborted: ['A', 'warn', 'setup aborted'],
  iceDisruptionStart: ['D', 'bad', 'disruption began'],
  iceConnectionDisruptionStart: ['D', 'bad', 'disruption began'],
  iceDisruptionEnd: ['E', 'good', 'disruption ended'],
  iceConnectionDisruptionEnd: ['E', 'good', 'disruption ended'],
  fabricDropped: ['X', 'bad', 'dropped'],
  fabricTerminated: ['T', 'info', 'terminated'],
  fabricTransportSwitch: ['P', 'info', 'another candidate pair'],
  iceRestarted: ['I', 'info', 'ICE restarted'],
  fabricHold: ['H', 'info', 'put on hold'],
  fabricResume: ['R', 'info', 'resumed'],
  audioMute: ['M', 'info', 'muted'],
  audioUnmute: ['U', 'info', 'unmuted'],
  videoPause: ['V', 'info', 'video paused'],
  videoResume: ['W', 'info', 'video resumed'],
  screenShareStart: ['B', 'info', 'screen share began'],
  screenShareStop: ['C', 'info', 'screen share ended'],
  mediaPlaybackSuspended: ['Z', 'warn', 'packets of a stream stopped'],
  mediaPlaybackStalled: ['Z', 'warn', 'frames of a stream stopped'],
  oneWayMediaStart: ['1', 'bad', 'sent media does not arrive'],
  oneWayMediaStop: ['2', 'good', 'sent media arrives again'],
  circuitBreaker: ['!', 'bad', 'media too bad to go on'],
  applicationErrorLog: ['?', 'warn', 'error of the application'],
}));

/**
 * @param {Array<{time: number, name: string}>} events of a fabric
 * @returns {Array<Mark>} in order of time
 */
export function marksOf(events) {
  return events.filter(({name}) => MARKS.has(name)).map(({time, name}) => {
    const [sign, kind, title] = MARKS.get(name);
    return {time, sign, kind, title};
  }).sort((a, b) => a.time - b.time);
}

/**
 * @param {Array<Mark>} marks
 * @returns {Array<Mark & {count: number}>} each kind once, in the order in which they first come
 */
export function markKinds(marks) {
  const kinds = new Map();
  for (const mark of marks) {
    const key = `${mark.sign} ${mark.title}`;
    kinds.set(key, {...mark, count: (kinds.get(key)?.count ?? 0) + 1});
  }
  return [...kinds.values()];
}

/**
 * @param {string} name of an event
 * @returns {string} what it says, for people; those that are not known go by their name
 */
export function eventTitle(name) {
  return MARKS.get(name)?.[2] ?? name;
}

/**
 * @param {Object} fabric as GET …/fabrics/{fabric} answers it
 * @returns {{text: string, level: 'good'|'warn'|'bad'|'none'}}
 */
export function stateOf(fabric) {
  if (fabric.failed !== null)
    return {text: 'setup failed', level: 'bad'};
  if (fabric.dropped !== null)
    return {text: fabric.state === 'terminated' ? 'dropped' : `dropped, ${fabric.state ?? ''}`,
      level: 'bad'};
  if (fabric.state === 'established')
    return {text: 'established', level: 'good'};
  return {text: fabric.state ?? 'unknown', level: 'none'};
}

/**
 * @param {Object} fabric
 * @returns {Array<{title: string, text: string}>} the parts of its setup delay that are known
 */
export function setupParts({iceGatheringDelay, iceConnectivityDelay}) {
  return [
    {title: 'candidates gathered', value: iceGatheringDelay},
    {title: 'connectivity checked', value: iceConnectivityDelay},
  ].filter(({value}) => value !== null).map(({title, value}) => ({title, text: delay(value)}));
}

/**
 * @param {Object} fabric
 * @returns {{from: ?number, to: ?number}} when it was there; to: null while it is
 */
export function lifeOf({added, firstReport, terminated}) {
  return {from: added ?? firstReport, to: terminated};
}

const last = (events, name) => events.findLast((event) => event.name === name);

function disruptions(events, end) {
  const result = {count: 0, total: 0};
  let since = null;
  for (const {name, time} of events) {
    if (name === 'iceDisruptionStart' && since === null) {
      since = time;
      result.count++;
    } else if (name === 'iceDisruptionEnd' && since !== null) {
      result.total += time - since;
      since = null;
    }
  }
  if (since !== null)
    result.total += Math.max(0, (end ?? since) - since);
  return result;
}

const CAUSES = new Map([['ice', 'ICE failed'], ['silence', 'nothing came from the other end'],
  ['dtls', 'DTLS was closed']]);

/**
 * @param {Object} fabric with its events
 * @returns {Array<{level: 'bad'|'warn', text: string}>} what went wrong, the worst first; text of
 *   clients may be part of it
 */
export function verdicts(fabric) {
  const {events} = fabric;
  const found = [];
  const failed = last(events, 'fabricSetupFailed');
  if (fabric.failed !== null || failed !== undefined && fabric.setupDelay === null) {
    const why = failed?.data.diagnosis ?? failed?.data.reason;
    found.push({level: 'bad', text: `It was never set up${why === undefined ? '' : `: ${why}`}`});
  }
  const dropped = last(events, 'fabricDropped');
  if (fabric.dropped !== null) {
    const cause = CAUSES.get(dropped?.data.cause) ?? dropped?.data.cause;
    found.push({level: 'bad', text: `It dropped${cause === undefined ? '' : `: ${cause}`}`});
  }
  const {count, total} = disruptions(events, fabric.terminated ?? fabric.lastReport);
  const times = count === 1 ? 'One disruption' : `${count} disruptions`;
  if (count > 0)
    found.push({level: 'warn', text: `${times}, ${duration(total)} in all`});
  for (const [name, text] of [['oneWayMediaStart', 'What it sent did not arrive for a while'],
    ['circuitBreaker', 'Media was too bad to go on']]) {
    if (last(events, name) !== undefined)
      found.push({level: 'bad', text});
  }
  return found;
}

/**
 * @param {Array<{name: string, data: Object}>} events
 * @returns {?string} why it ended, as its client told
 */
export function terminationCause(events) {
  return last(events, 'fabricTerminated')?.data.cause ?? null;
}
