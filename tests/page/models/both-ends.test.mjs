// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Both ends of a connection over each other.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {overlaysOf, roundTripsOf, unionOf, waysBetween}
  from '../../../src/collector/web/models/both-ends.js';

function end(user, time, streams, more = {}) {
  return {user, shift: 0, series: {step: null, time, gap: time.map(() => null), gaps: [],
    connection: {}, streams, truncated: false}, ...more};
}

function stream(direction, ssrc, metrics = {}, kind = 'video') {
  return {direction, ssrc, kind, mid: null, track: null, codec: null, metrics};
}

const bitrate = (value) => ({bitrate: {unit: 'bit/s', value}});

test('a stream that is sent belongs to the one that is received, by its SSRC', () => {
  const alice = end('alice', [1], [stream('outbound', 7), stream('outbound', 8),
    stream('inbound', 9), stream('outbound', null)]);
  const bob = end('bob', [1], [stream('inbound', 8), stream('inbound', 7), stream('outbound', 9),
    stream('inbound', null)]);
  assert.deepEqual(waysBetween(alice, bob).map(({sent, received}) => [sent.ssrc, received.ssrc]),
    [[7, 7], [8, 8]]);
  assert.deepEqual(waysBetween(bob, alice).map(({sent}) => sent.ssrc), [9]);
});

test('the times of both are one axis', () => {
  assert.deepEqual(unionOf([1, 3, 5], [2, 3]),
    {times: [1, 2, 3, 5], ofA: [0, -1, 1, 2], ofB: [-1, 0, 1, -1]});
  assert.deepEqual(unionOf([], [4]), {times: [4], ofA: [-1], ofB: [0]});
});

test('what one sent lies over what the other received, each at its own times', () => {
  const alice = end('alice', [1000, 2000], [stream('outbound', 7, bitrate([10, 20]))]);
  const bob = end('bob', [1500, 2500], [stream('inbound', 7, bitrate([9, 19]))]);
  const [plan] = overlaysOf(alice, bob);
  assert.equal(plan.title, 'Video: bitrate');
  assert.equal(plan.unit, 'bit/s');
  assert.deepEqual(plan.times, [1000, 1500, 2000, 2500]);
  assert.deepEqual(plan.lines.map(({label, values}) => [label, values]), [
    ['sent by alice', [10, undefined, 20, undefined]],
    ['received by bob', [undefined, 9, undefined, 19]]]);
  assert.deepEqual(plan.between, [[0, 1]]);
});

test('a line that breaks stays broken over the times of the other end', () => {
  const alice = end('alice', [1000, 2000, 3000], [stream('outbound', 7, bitrate([10, null, 30]))]);
  const bob = end('bob', [1500, 2500], [stream('inbound', 7, bitrate([9, 19]))]);
  assert.deepEqual(overlaysOf(alice, bob)[0].lines[0].values, [10, null, null, null, 30]);
});

test('an end whose clock is off is moved, with its gaps', () => {
  const alice = end('alice', [1000], [stream('outbound', 7, bitrate([10]))]);
  const bob = end('bob', [61_000], [stream('inbound', 7, bitrate([9]))], {shift: -60_000});
  bob.series.gaps = [{from: 62_000, to: 63_000, reason: 'silent'}];
  const [plan] = overlaysOf(alice, bob);
  assert.deepEqual(plan.times, [1000]);
  assert.deepEqual(plan.lines.map(({values}) => values), [[10], [9]]);
  assert.deepEqual(plan.gaps, [{from: 2000, to: 3000, reason: 'silent', of: 'bob'}]);
});

test('where only one end knows something, its line stands alone', () => {
  const alice = end('alice', [1000], [stream('outbound', 7, {})]);
  const bob = end('bob', [1000], [stream('inbound', 7, bitrate([9]))]);
  const [plan] = overlaysOf(alice, bob);
  assert.deepEqual(plan.lines.map(({label, colour}) => [label, colour]), [['received by bob', 2]]);
  assert.deepEqual(plan.between, []);
});

test('several streams of a kind are told apart', () => {
  const alice = end('alice', [1], [stream('outbound', 7), stream('outbound', 8)]);
  const bob = end('bob', [1], [stream('inbound', 7, bitrate([1])),
    stream('inbound', 8, bitrate([2]))]);
  assert.deepEqual(overlaysOf(alice, bob).map(({title}) => title),
    ['Video (SSRC 7): bitrate', 'Video (SSRC 8): bitrate']);
});

test('both measure round trips, or nobody does', () => {
  const rtt = (value) => ({roundTripTime: {unit: 's', value}});
  const alice = end('alice', [1000], [stream('outbound', 7, rtt([0.1]))]);
  const bob = end('<i>', [1000], [stream('outbound', 9, rtt([0.2]), '__proto__')]);
  assert.deepEqual(roundTripsOf(alice, bob).lines.map(({label}) => label),
    ['alice, video', '<i>, __proto__']);
  assert.equal(roundTripsOf(end('a', [1], []), end('b', [1], [])), null);
});
