// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/overview.js and models/overview-charts.js: what an overview tells.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {chartsOf, extentOf, stepAt, within} from
  '../../../src/collector/web/models/overview-charts.js';
import {bandsOf, cardsOf, listLink, longerRanges, overviewQuery, queryBefore, reasonsOf,
  wider} from '../../../src/collector/web/models/overview.js';

const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;
const of = (text) => new URLSearchParams(text);

const totals = {
  conferences: 12, participants: 30, fabrics: 30, setUp: 18, setupFailed: 2, dropped: 9,
  failedConferences: 1, droppedConferences: 5, ongoing: 0, setupFailureRate: 0.1,
  disruptedConferences: null, oneWayConferences: null,
  failuresByReason: {IceConnectionFailure: 1}, setupDelay: {p50: 400, p95: 1200},
  score: {p5: 2, p50: 4.1}, duration: {p50: 60_000, max: 3_600_000},
  scoreBands: [{from: 1, to: 2, conferences: 1}, {from: 2, to: 3, conferences: 0},
    {from: 3, to: 4, conferences: 0}, {from: 4, to: 5, conferences: 3}],
};

const silent = {...totals, conferences: 0, participants: 0, setUp: 0, setupFailed: 0, dropped: 0,
  setupFailureRate: null, setupDelay: null, score: null, duration: null, failuresByReason: {}};

function card(id, before = null, now = totals) {
  return cardsOf(now, before).find((one) => one.id === id);
}

test('an overview is of the last day, in steps that can be told apart', () => {
  const query = overviewQuery(of(''), NOW);
  assert.deepEqual([query.from, query.to, query.step], [NOW - 24 * HOUR, null, HOUR / 2]);
  const steps = [['1h', HOUR / 12], ['6h', HOUR / 4], ['7d', 6 * HOUR], ['30d', 24 * HOUR],
    ['90d', 7 * 24 * HOUR]];
  for (const [range, step] of steps)
    assert.equal(overviewQuery(of(`range=${range}`), NOW).step, step, range);
  assert.equal(overviewQuery(of('to=5'), NOW).step, null);
  assert.equal(overviewQuery(of(`from=0&to=${NOW}`), NOW).step, null);
});

test('the time before is as long, and looks for the same', () => {
  const {from, to, user} = queryBefore(of('user=alice'), {from: 100, to: 150});
  assert.deepEqual([from, to, user], [50, 100, 'alice']);
});

test('a link to the list has the range and the filters of the overview', () => {
  const link = (query, more) => Object.fromEntries(Object.entries(listLink(of(query), more))
    .filter(([, value]) => value !== null));
  assert.deepEqual(link(''), {range: '24h'});
  assert.deepEqual(link('range=7d&site=x&sort=score', {failed: true}),
    {range: '7d', site: 'x', failed: true});
  assert.deepEqual(link('from=5&to=9'), {from: '5', to: '9'});
});

test('twice as long is around what was shown, and ends now at the latest', () => {
  assert.deepEqual(wider({from: 100, to: 200}, NOW), {range: null, from: 50, to: 250});
  const {from, to} = wider({from: NOW - 100, to: NOW}, NOW);
  assert.deepEqual([from, to], [NOW - 200, NOW]);
});

test('longer ranges are those that are', () => {
  assert.deepEqual(longerRanges({from: 0, to: 24 * HOUR}).map(({id}) => id), ['7d', '30d', '90d']);
  assert.deepEqual(longerRanges({from: 0, to: 1}).length, 6);
});

test('cards have figures with units', () => {
  assert.equal(card('failures').value, '10 %');
  assert.equal(card('failures').note, '2 of 20');
  assert.equal(card('dropped').value, '50 %');
  assert.equal(card('setup-delay').value, '400 ms');
  assert.equal(card('score').value, `${(4.1).toLocaleString()} excellent`);
  assert.equal(card('media'), undefined);
  assert.equal(card('media', null, {...totals, disruptedConferences: 2, oneWayConferences: 1})
    .value, '2');
});

test('what nobody reported is a dash, not zero', () => {
  for (const id of ['failures', 'dropped', 'setup-delay', 'score', 'duration'])
    assert.equal(card(id, null, silent).value, '–', id);
});

test('changes say which way, and whether that is good', () => {
  const before = {...totals, conferences: 10, setupFailureRate: 0.05, dropped: 9,
    setupDelay: {p50: 500}, score: {p50: 4.3}};
  assert.deepEqual(card('conferences', before).change, {text: '▲ 20 %', is: 'same'});
  assert.deepEqual(card('conferences', {...before, conferences: 3}).change,
    {text: '▲ 4 times', is: 'same'});
  assert.deepEqual(card('failures', before).change, {text: '▲ 5.0 points', is: 'worse'});
  assert.deepEqual(card('dropped', before).change, {text: 'as before', is: 'same'});
  assert.deepEqual(card('setup-delay', before).change, {text: '▼ 100 ms', is: 'better'});
  assert.deepEqual(card('score', before).change, {text: '▼ 0.2', is: 'worse'});
});

test('with nothing to compare there is no change', () => {
  for (const {id, change} of cardsOf(totals, silent))
    assert.equal(change, null, id);
  for (const {id, change} of cardsOf(totals, null))
    assert.equal(change, null, id);
});

test('reasons add up to all failed setups', () => {
  assert.deepEqual(reasonsOf(totals), [
    {label: 'IceConnectionFailure', count: 1, share: 0.5, link: {reason: 'IceConnectionFailure'}},
    {label: 'No reason told', count: 1, share: 0.5, link: {failed: true}}]);
  assert.deepEqual(reasonsOf(silent), []);
});

test('bands are named like the scores in them, and lead to them', () => {
  const bands = bandsOf(totals);
  assert.deepEqual(bands.map(({label, count, share, band}) => [label, count, share, band]), [
    ['4 to 5, excellent', 3, 0.75, 'excellent'], ['3 to 4, fair', 0, 0, 'fair'],
    ['2 to 3, bad', 0, 0, 'bad'], ['1 to 2, bad', 1, 0.25, 'bad']]);
  assert.deepEqual(bands.map(({link}) => link.lowScore), [null, 4, 3, 2]);
});

// ---- Charts ----

const overview = {
  from: 1500, to: 3500, step: 1000, time: [1000, 2000, 3000],
  conferences: [2, 0, 1], participants: [4, 0, 2], setUp: [3, 0, 2], setupFailed: [1, 0, 0],
  dropped: [1, 0, 0], failedConferences: [1, 0, 0], droppedConferences: [1, 0, 0],
  setupDelay: {p50: [400, null, 300], p95: [900, null, 300]},
  score: {p5: [2, null, 4], p50: [3, null, 4]},
};

test('charts have a value for each time, a title and a unit each', () => {
  const charts = chartsOf(overview);
  assert.equal(new Set(charts.map(({title}) => title)).size, charts.length);
  for (const {title, unit, unitLabel, share, times, series} of charts) {
    assert.ok(unit === 's' || share || unitLabel, title);
    assert.ok(series.length > 0, title);
    for (const {label, values} of series)
      assert.equal(values.length, times.length, `${title} ${label}`);
  }
});

test('delays are in seconds, a rate is of what was tried, and nothing stays nothing', () => {
  const chart = (title) => chartsOf(overview).find((one) => one.title === title);
  assert.deepEqual(chart('Setup delay').series.map(({values}) => values),
    [[0.9, null, 0.3], [0.4, null, 0.3]]);
  assert.deepEqual(chart('Failed setups').series[0].values, [0.25, null, 0]);
  assert.deepEqual(chart('Setup delay').times, [1499, 2499, 3499]);
  assert.deepEqual(chart('People').times, [1000, 2000, 3000]);
});

test('charts show whole steps, what they lead to keeps to the overview', () => {
  assert.deepEqual(extentOf(overview), {from: 1000, to: 4000});
  assert.deepEqual(stepAt(overview, 2999), {from: 2000, to: 3000});
  assert.deepEqual(within(overview, stepAt(overview, 1001)), {from: 1500, to: 2000});
  assert.deepEqual(within(overview, {from: 2000.4, to: 9999}), {from: 2000, to: 3500});
  assert.equal(stepAt({...overview, time: [1000]}, 1001), null);
});
