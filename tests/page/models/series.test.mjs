// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Series: names of streams, more behind what is there, lines over what is told rarely.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {bridged, joinSeries, metricsOf, moreFrom, streamKey, streamNames}
  from '../../../src/collector/web/models/series.js';

function stream(ssrc, metrics = {}, more = {}) {
  return {direction: 'inbound', ssrc, kind: 'video', mid: null, track: null, codec: null, metrics,
    ...more};
}

function series(time, streams = [], more = {}) {
  return {from: time[0], to: time.at(-1), step: null, time, gap: time.map(() => null), gaps: [],
    connection: {}, streams, truncated: false, ...more};
}

const values = (list) => ({bitrate: {unit: 'bit/s', value: list}});

test('streams are called by what they are, and by no more than tells them apart', () => {
  assert.deepEqual(streamNames([stream(1), stream(2, {}, {direction: 'outbound'}),
    stream(3, {}, {kind: 'audio'})]), ['Video received', 'Video sent', 'Audio received']);
  assert.deepEqual(streamNames([stream(1, {}, {mid: 'a'}), stream(2, {}, {mid: 'b'})]),
    ['Video received, a', 'Video received, b']);
  assert.deepEqual(streamNames([stream(1, {}, {mid: 'a'}), stream(2, {}, {mid: 'a'})]),
    ['Video received, a, SSRC 1', 'Video received, a, SSRC 2']);
  assert.deepEqual(streamNames([stream(1, {}, {kind: '__proto__'})]), ['__proto__ received']);
});

test('streams without SSRC have a key by kind and mid', () => {
  assert.notEqual(streamKey(stream(null, {}, {mid: 'a'})), streamKey(stream(null, {}, {mid: 'b'})));
  assert.notEqual(streamKey(stream(7)), streamKey(stream(7, {}, {direction: 'outbound'})));
});

test('what is new is put behind, and what was not whole is replaced', () => {
  const old = series([1000, 2000, 3000], [stream(1, values([10, 20, 5]))]);
  assert.equal(moreFrom(old), 3000);
  const joined = joinSeries(old, series([3000, 4000], [stream(1, values([30, 40]))]));
  assert.deepEqual(joined.time, [1000, 2000, 3000, 4000]);
  assert.deepEqual(joined.streams[0].metrics.bitrate.value, [10, 20, 30, 40]);
  assert.equal(joined.from, 1000);
  assert.equal(joined.to, 4000);
});

test('columns stay as long as the times where streams and metrics come and go', () => {
  const old = series([1000, 2000], [stream(1, values([1, 2])), stream(2, values([3, 4]))]);
  const fresh = series([2000, 3000], [
    stream(2, {...values([4, 5]), jitter: {unit: 's', value: [0.1, 0.2]}}),
    stream(3, values([6, 7]))], {connection: {metrics: {score: {unit: '1', value: [4, 5]}}}});
  const joined = joinSeries(old, fresh);
  assert.deepEqual(joined.streams.map(({ssrc}) => ssrc), [1, 2, 3]);
  assert.deepEqual(joined.streams[0].metrics.bitrate.value, [1, null, null]);
  assert.deepEqual(joined.streams[1].metrics.jitter.value, [null, 0.1, 0.2]);
  assert.deepEqual(joined.streams[2].metrics.bitrate.value, [null, 6, 7]);
  assert.deepEqual(joined.connection.metrics.score.value, [null, 4, 5]);
});

test('an answer with nothing new changes nothing', () => {
  const old = series([1000, 2000], [stream(1, values([1, 2]))]);
  const joined = joinSeries(old, series([], []));
  assert.deepEqual(joined.time, old.time);
  assert.deepEqual(joined.streams, old.streams);
});

test('points of another length do not fit', () => {
  assert.equal(joinSeries(series([1000]), series([2000], [], {step: 2000})), null);
});

test('a gap that grew is told once', () => {
  const gap = (from, to, reason = 'silent') => ({from, to, reason});
  const old = series([1000], [], {gaps: [gap(100, 200), gap(500, 700)]});
  const fresh = series([1000, 2000], [], {gaps: [gap(500, 900), gap(950, 990, 'hold')]});
  assert.deepEqual(joinSeries(old, fresh).gaps,
    [gap(100, 200), gap(500, 900), gap(950, 990, 'hold')]);
});

test('a metric may be called anything', () => {
  const metrics = JSON.parse('{"__proto__": {"unit": "1", "value": [1]}, ' +
    '"constructor": {"unit": "1", "value": [2]}}');
  assert.deepEqual([...metricsOf({metrics}).keys()], ['__proto__', 'constructor']);
  assert.deepEqual([...metricsOf({})], []);
});

test('a line goes on between points that are told rarely, not over gaps, and not for long', () => {
  const times = [0, 1000, 2000, 3000, 4000, 5000, 60_000];
  const none = times.map(() => null);
  assert.deepEqual(bridged([1, null, null, 2, null, 3, null], times, none, 15_000),
    [1, undefined, undefined, 2, undefined, 3, null]);
  assert.deepEqual(bridged([1, null, null, 2, null, null, 3], times,
    [null, 'silent', null, null, null, null, null], 15_000), [1, null, null, 2, null, null, 3]);
});
