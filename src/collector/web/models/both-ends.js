// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Both ends of a connection laid over each other: what one sent over what the other received.

import {bridged, metricsOf} from './series.js';

/**
 * @typedef {Object} End
 * @property {string} user
 * @property {import('./series.js').Series} series
 * @property {number} shift ms that are added to its times
 */

/**
 * @typedef {Object} Way
 * @property {End} sender
 * @property {End} receiver
 * @property {import('./series.js').Stream} sent
 * @property {import('./series.js').Stream} received
 */

const LONGEST_BRIDGE = 15_000; // ms, as of RTCP's reports
const KINDS = new Map([['audio', 'Audio'], ['video', 'Video']]);

/** What is laid over what: metric of the sender, of the receiver, and what each of them is. */
const OVERLAYS = [
  {id: 'bitrate', title: 'bitrate', name: 'bitrate', sent: 'sent by', received: 'received by',
    between: true},
  {id: 'loss', title: 'packet loss', name: 'fractionLost', share: true, rtcp: true,
    sent: 'as told to', received: 'as counted by'},
  {id: 'jitter', title: 'jitter', name: 'jitter', rtcp: true, sent: 'as told to',
    received: 'as measured by'},
  {id: 'frame-rate', title: 'frame rate', name: 'frameRate', unitLabel: 'frames/s',
    sent: 'sent by', received: 'received by', between: true},
  {id: 'frame-height', title: 'frame height', name: 'frameHeight', kind: 'step',
    sent: 'sent by', received: 'received by'},
  {id: 'score', title: 'score', name: 'score', unitLabel: 'MOS (1 to 5)', range: [1, 5],
    sent: 'as judged by', received: 'as judged by'},
];

/**
 * @param {End} sender
 * @param {End} receiver
 * @returns {Array<Way>} of each stream that one sends and the other receives, by its SSRC
 */
export function waysBetween(sender, receiver) {
  const arriving = new Map(receiver.series.streams
    .filter(({direction, ssrc}) => direction === 'inbound' && ssrc !== null)
    .map((stream) => [stream.ssrc, stream]));
  return sender.series.streams
    .filter(({direction, ssrc}) => direction === 'outbound' && arriving.has(ssrc))
    .map((sent) => ({sender, receiver, sent, received: arriving.get(sent.ssrc)}));
}

/**
 * @param {Array<number>} a ascending
 * @param {Array<number>} b ascending
 * @returns {{times: Array<number>, ofA: Array<number>, ofB: Array<number>}} all times, and for
 *   each its place in a and in b; -1: not there
 */
export function unionOf(a, b) {
  const result = {times: [], ofA: [], ofB: []};
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const time = Math.min(a[i] ?? Infinity, b[j] ?? Infinity);
    result.times.push(time);
    result.ofA.push(a[i] === time ? i++ : -1);
    result.ofB.push(b[j] === time ? j++ : -1);
  }
  return result;
}

// Of the union's times undefined are those that this end does not have. A line that breaks
// stays broken until this end knows something again.
function spread(values, places) {
  const result = places.map((at) => at < 0 ? undefined : values[at]);
  let broken = false;
  for (let at = 0; at < result.length; at++) {
    if (result[at] === undefined && broken)
      result[at] = null;
    broken = result[at] === null;
  }
  broken = false;
  for (let at = result.length - 1; at >= 0; at--) {
    if (result[at] === undefined && broken)
      result[at] = null;
    broken = result[at] === null;
  }
  return result;
}

function valuesOf({metrics}, name, rtcp, {series}) {
  const columns = metricsOf({metrics}).get(name);
  const values = columns?.value ?? columns?.mean ?? columns?.sum;
  if (values === undefined || values.every((value) => value === null))
    return null;
  return rtcp ? bridged(values, series.time, series.gap,
    Math.max(LONGEST_BRIDGE, (series.step ?? 0) * 2.5)) : values;
}

const shifted = ({series, shift}) => series.time.map((time) => time + shift);

function gapsOf(ends) {
  return ends.flatMap(({series, shift, user}) => series.gaps.map(({from, to, reason}) =>
    ({from: from + shift, to: to + shift, reason, of: user})));
}

function overlay({sender, receiver, sent, received}, one, union) {
  const values = [valuesOf(sent, one.name, one.rtcp, sender),
    valuesOf(received, one.name, false, receiver)];
  const lines = [
    {label: `${one.sent} ${sender.user}`, colour: 1, values: values[0], kind: one.kind},
    {label: `${one.received} ${receiver.user}`, colour: 2, dash: [7, 3], values: values[1],
      kind: one.kind},
  ].map((line, at) => line.values === null ? null :
    {...line, values: spread(line.values, at === 0 ? union.ofA : union.ofB)});
  const unit = (metricsOf(sent).get(one.name) ?? metricsOf(received).get(one.name))?.unit;
  const {id, title, share, unitLabel, range} = one;
  return {id, title, share, unitLabel, range, unit,
    lines: lines.filter((line) => line !== null),
    between: one.between && !lines.includes(null) ? [[0, 1]] : []};
}

function streamTitle({sent: {kind, ssrc}}, several) {
  const name = KINDS.get(kind) ?? kind ?? 'Stream';
  return several ? `${name} (SSRC ${ssrc})` : name;
}

/**
 * @param {End} sender
 * @param {End} receiver
 * @returns {Array<import('./fabric-charts.js').ChartPlan & {times: Array<number>, gaps: Array,
 *   between: Array}>} one for each stream and metric that at least one of them knows
 */
export function overlaysOf(sender, receiver) {
  const ways = waysBetween(sender, receiver);
  const union = unionOf(shifted(sender), shifted(receiver));
  const gaps = gapsOf([sender, receiver]);
  return ways.flatMap((way) => {
    const several = ways.filter(({sent}) => sent.kind === way.sent.kind).length > 1;
    return OVERLAYS.map((one) => overlay(way, one, union))
      .filter(({lines}) => lines.length > 0)
      .map((plan) => ({...plan, id: `${way.sent.ssrc} ${plan.id}`, times: union.times, gaps,
        title: `${streamTitle(way, several)}: ${plan.title}`}));
  });
}

/**
 * @param {End} one
 * @param {End} other
 * @returns {?Object} a plan of the round-trip times that both measured; null: neither did
 */
export function roundTripsOf(one, other) {
  const union = unionOf(shifted(one), shifted(other));
  const lines = [[one, union.ofA, 1], [other, union.ofB, 2]].flatMap(([end, places, colour]) => {
    const sources = [['connection', end.series.connection],
      ...end.series.streams.filter(({direction}) => direction === 'outbound')
        .map((stream) => [stream.kind ?? 'stream', stream])];
    return sources.map(([name, source], at) => ({name, at, colour, end,
      values: valuesOf(source, 'roundTripTime', true, end)}))
      .filter(({values}) => values !== null)
      .map((line) => ({label: `${line.end.user}, ${line.name}`, colour: colour + 2 * line.at,
        values: spread(line.values, places), dash: colour === 2 ? [7, 3] : undefined}));
  });
  return lines.length === 0 ? null : {id: 'rtt', title: 'Round-trip time, as both ends measure it',
    unit: 's', lines, times: union.times, gaps: gapsOf([one, other]), between: []};
}
