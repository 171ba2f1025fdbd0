// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which charts a fabric has.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {chartsOf, medianOf, reasonsOf, sourcesOf, spansOf, stripsOf}
  from '../../../src/collector/web/models/fabric-charts.js';

function stream(ssrc, direction, metrics, kind = 'video') {
  return {direction, ssrc, kind, mid: null, track: null, codec: null, metrics};
}

function series(streams, connection = {}, more = {}) {
  const time = [1000, 2000, 3000];
  return {step: null, time, gap: [null, null, null], gaps: [], connection: {metrics: connection},
    streams, truncated: false, ...more};
}

test('a chart has a line for each stream that has its metric, always in the same colour', () => {
  const whole = series([
    stream(1, 'outbound', {bitrate: {unit: 'bit/s', value: [1, 2, 3]}}),
    stream(2, 'inbound', {bitrate: {unit: 'bit/s', value: [null, null, null]},
      jitter: {unit: 's', value: [0.1, 0.2, null]}})]);
  const {charts} = chartsOf(whole);
  assert.deepEqual(charts.map(({id, unit}) => [id, unit]), [['bitrate', 'bit/s'], ['jitter', 's']]);
  assert.deepEqual(charts[0].lines.map(({label, colour}) => [label, colour]), [['Video sent', 1]]);
  assert.deepEqual(charts[1].lines.map(({label, colour}) => [label, colour]),
    [['Video received', 2]]);
});

test('streams that are not wanted have no lines', () => {
  const whole = series([stream(1, 'outbound', {bitrate: {unit: 'bit/s', value: [1, 2, 3]}})]);
  assert.deepEqual(chartsOf(whole, ({direction}) => direction === 'inbound').charts, []);
});

test('no two of many streams look alike', () => {
  const many = Array.from({length: 20}, (_, at) => stream(at, 'inbound', {}));
  const colours = sourcesOf(series(many)).slice(0, 20).map(({colour}) => colour);
  assert.equal(new Set(colours).size, 20);
  assert.ok(colours.every((colour) => (colour - 1) % 8 !== 7), 'the last one is the connection’s');
});

test('what never happened is named, not drawn', () => {
  const freezes = (sum) => series([stream(1, 'inbound', {freezeCount: {unit: '1', sum}})]);
  assert.deepEqual(chartsOf(freezes([null, 0, 0])), {charts: [], quiet: ['Freezes']});
  assert.equal(chartsOf(freezes([null, 0, 2])).charts[0].lines[0].kind, 'bars');
});

test('what RTCP tells is a line, what is counted here breaks', () => {
  const value = [0.1, null, 0.2];
  const {charts} = chartsOf(series([
    stream(1, 'outbound', {fractionLost: {unit: '1', value}}),
    stream(2, 'inbound', {fractionLost: {unit: '1', value}})]));
  assert.deepEqual(charts[0].lines.map((line) => line.values),
    [[0.1, undefined, 0.2], [0.1, null, 0.2]]);
});

test('points that stand for several reports have a band, unless there are too many lines', () => {
  const columns = {unit: 'bit/s', mean: [1, 2, 3], min: [0, 1, 2], max: [2, 3, 4]};
  const of = (count) => chartsOf(series(Array.from({length: count}, (_, at) =>
    stream(at, 'inbound', {bitrate: columns})), {}, {step: 1000})).charts[0].lines;
  assert.deepEqual(of(1)[0].max, [2, 3, 4]);
  assert.equal(of(9)[0].max, undefined);
});

test('words are stretches of time', () => {
  const times = [1000, 2000, 3000, 4000];
  assert.deepEqual(spansOf([['loss'], ['loss', 'delay'], null, ['loss']], times, null), [
    {word: 'loss', spans: [{from: 0, to: 2000}, {from: 3000, to: 4000}]},
    {word: 'delay', spans: [{from: 1000, to: 2000}]}]);
  assert.deepEqual(spansOf([['cpu', 'cpu'], ['none'], [], null], times, 1000),
    [{word: 'cpu', spans: [{from: 1000, to: 2000}]}]);
});

test('a word may be called anything', () => {
  const words = [['__proto__'], ['__proto__'], ['<b>']];
  const [strip] = stripsOf(series([], {reasons: {unit: 'word', words}}));
  assert.deepEqual(strip.rows.map(({label}) => label), ['__proto__', '<b>']);
  assert.deepEqual(reasonsOf(series([], {reasons: {unit: 'word', words}})), ['__proto__', '<b>']);
});

test('the score is the middle one of those that are known', () => {
  assert.equal(medianOf(series([], {score: {unit: '1', value: [3, null, 1]}})), 1);
  assert.equal(medianOf(series([], {score: {unit: '1', mean: [3, 5, 1]}})), 3);
  assert.equal(medianOf(series([])), null);
});
