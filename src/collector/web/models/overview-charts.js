// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The charts of an overview.

const ALL = 1;
const DROPPED = 2;
const FAILED = 7;
const WORSE = 4;

const seconds = (values) => values.map((value) => value === null ? null : value / 1000);

function rates({setUp, setupFailed}) {
  return setupFailed.map((failed, at) =>
    failed + setUp[at] > 0 ? failed / (failed + setUp[at]) : null);
}

/**
 * @param {Object} overview of the API
 * @returns {Array<{title: string, unit: string, times: Array<number>, series: Array<Object>}>}
 *   for lineChart(): bars begin at a step's time, points stand in its middle
 */
export function chartsOf(overview) {
  const {time, step, setupDelay, score} = overview;
  // Where a step begins, its own middle is the nearest.
  const middles = time.map((begin) => begin + step / 2 - 1);
  const bars = (label, values, colour) => ({label, values, colour, kind: 'bars'});
  return [
    {title: 'Conferences', unit: '1', unitLabel: 'conferences', whole: true, times: time, series: [
      bars('All', overview.conferences, ALL),
      bars('With failed setups', overview.failedConferences, FAILED),
      {label: 'With drops', values: overview.droppedConferences, colour: DROPPED, kind: 'step'}]},
    {title: 'People', unit: '1', unitLabel: 'people', whole: true, times: time,
      series: [bars('In each conference anew', overview.participants, 3)]},
    {title: 'Failed setups', unit: '1', share: true, times: time,
      series: [bars('Of all setups', rates(overview), FAILED)]},
    {title: 'Dropped connections', unit: '1', unitLabel: 'connections', whole: true, times: time,
      series: [bars('Dropped', overview.dropped, DROPPED)]},
    {title: 'Setup delay', unit: 's', times: middles, series: [
      {label: '95 % within', values: seconds(setupDelay.p95), colour: WORSE},
      {label: 'Median', values: seconds(setupDelay.p50), colour: ALL}]},
    {title: 'Score', unit: '1', unitLabel: 'score, 1 to 5', range: [1, 5], times: middles, series: [
      {label: 'Median', values: score.p50, colour: ALL},
      {label: '5 % below', values: score.p5, colour: WORSE}]},
  ];
}

/**
 * @param {Object} overview of the API
 * @returns {{from: number, to: number}} what its charts show: whole steps
 */
export function extentOf({time, step}) {
  return {from: time[0], to: time.at(-1) + step};
}

/**
 * What a part of the charts is about.
 *
 * @param {Object} overview of the API
 * @param {{from: number, to: number}} span
 * @returns {{from: number, to: number}} of that, what the overview is about
 */
export function within({from, to}, span) {
  return {from: Math.max(from, Math.round(span.from)), to: Math.min(to, Math.round(span.to))};
}

/**
 * The step that a time lies in.
 *
 * @param {Object} overview of the API
 * @param {number} time
 * @returns {?{from: number, to: number}} null: there is only one step
 */
export function stepAt({time, step}, at) {
  const begin = Math.floor(at / step) * step;
  return time.length < 2 ? null : {from: begin, to: begin + step};
}
