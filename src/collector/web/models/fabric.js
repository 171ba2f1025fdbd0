// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A fabric in words: its state, its setup, its way through the network, and what its events mark
// in charts.

import {delay} from '../lib/format.js';
import {storyOf} from './fabric-story.js';
import {findingsOf} from './findings.js';

/**
 * @typedef {Object} Mark of an event in the charts
 * @property {number} time ms since the epoch
 * @property {string} sign one letter
 * @property {string} title
 * @property {'good'|'warn'|'bad'|'info'} kind
 */

const LEVELS = ['bad', 'warn', 'note'];

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
    {title: 'gathering of candidates', value: iceGatheringDelay},
    {title: 'connectivity checks', value: iceConnectivityDelay},
  ].filter(({value}) => value !== null).map(({title, value}) => ({title, text: delay(value)}));
}

/**
 * @param {Object} fabric
 * @returns {{from: ?number, to: ?number}} when it was there; to: null while it is
 */
export function lifeOf({added, firstReport, terminated}) {
  return {from: added ?? firstReport, to: terminated};
}

/**
 * @param {Object} fabric with its events
 * @param {?Object} summary FabricSummary of the API; null: not known yet
 * @param {Array<string>} reasons of its scores
 * @returns {{story: import('./fabric-story.js').Story, end: number,
 *   findings: Array<import('./findings.js').Finding>}} what went wrong, the worst first; end: of
 *   the fabric, or the last that is known of it
 */
export function judge(fabric, summary, reasons) {
  const id = fabric.fabric;
  const end = fabric.terminated ?? fabric.lastReport ?? fabric.events.at(-1)?.time ?? 0;
  const story = storyOf(fabric, fabric.events, fabric.terminated === null ? end : null);
  const findings = findingsOf([{ends: [story], setUp: story.setUp, failed: story.failed}], {
    summaries: new Map(summary === null ? [] : [[id, summary]]),
    reasons: new Map([[id, reasons]]), end});
  const rank = (finding) => LEVELS.indexOf(finding.level);
  return {story, end, findings: findings.sort((a, b) => rank(a) - rank(b))};
}

const last = (events, name) => events.findLast((event) => event.name === name);

/**
 * @param {Array<{name: string, data: Object}>} events
 * @returns {?string} why it ended, as its client told
 */
export function terminationCause(events) {
  return last(events, 'fabricTerminated')?.data.cause ?? null;
}
