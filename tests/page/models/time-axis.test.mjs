// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/time-axis.js: what is seen of an axis, and its ticks.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {LEAST, pan, placeOf, roundTicks, ticksOf, within, zoom}
  from '../../../src/collector/web/models/time-axis.js';

const whole = {from: 0, to: 100_000};

test('zooming keeps what is under the pointer where it is', () => {
  const seen = zoom(whole, whole, 0.5, 0.25);
  assert.deepEqual(seen, {from: 12_500, to: 62_500});
  assert.equal(placeOf(seen, 25_000), 0.25);
});

test('nobody zooms or moves out of what there is', () => {
  assert.deepEqual(zoom({from: 10, to: 90_000}, whole, 5), whole);
  assert.deepEqual(pan({from: 80_000, to: 90_000}, whole, 5), {from: 90_000, to: 100_000});
  assert.deepEqual(pan({from: 5000, to: 10_000}, whole, -9), {from: 0, to: 5000});
  assert.deepEqual(within({from: -5, to: 200_000}, whole), whole);
  const near = zoom({from: 50, to: 50 + LEAST}, whole, 0.001);
  assert.equal(near.to - near.from, LEAST);
});

test('ticks are round, and no more than there is room for', () => {
  assert.deepEqual(ticksOf({from: 1, to: 60_001}, 6),
    {step: 10_000, times: [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]});
  for (const length of [30, 900, 61_000, 3_600_000, 86_400_000 * 3, 86_400_000 * 4000])
    assert.ok(ticksOf({from: 7, to: 7 + length}, 8).times.length <= 9, String(length));
});

test('ticks of hours are round in the reader’s zone', () => {
  const half = 30 * 60_000;
  const {step, times} = ticksOf({from: 0, to: 8 * 3_600_000}, 8, half);
  assert.equal(step, 3_600_000);
  assert.equal((times[0] + half) % 3_600_000, 0);
});

test('an axis of delays has round ticks from 0', () => {
  assert.deepEqual(roundTicks(3508, 5), [0, 1000, 2000, 3000]);
  assert.deepEqual(roundTicks(0, 5), [0]);
  assert.deepEqual(roundTicks(NaN, 5), [0]);
});
