// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What axes, legends and screen readers are told of a chart.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {axisRange, axisScale, axisValues, describe, figures, lonePoints, nearest, stepFrom,
  valueNear} from '../../../src/collector/web/charts/axis.js';
import {gapsText} from '../../../src/collector/web/charts/gaps.js';

test('an axis has a unit that fits its values', () => {
  assert.deepEqual(axisScale({unit: 'bit/s'}, 2.5e6), {divisor: 1e6, label: 'Mbit/s'});
  assert.deepEqual(axisScale({unit: 'bit/s'}, 900), {divisor: 1, label: 'bit/s'});
  assert.deepEqual(axisScale({unit: 's'}, 0.2), {divisor: 0.001, label: 'ms'});
  assert.deepEqual(axisScale({unit: 's'}, 12), {divisor: 1, label: 's'});
  assert.deepEqual(axisScale({unit: '1', share: true}, 0.5), {divisor: 0.01, label: '%'});
  assert.deepEqual(axisScale({unit: '1', unitLabel: 'QP'}, 50), {divisor: 1, label: 'QP'});
});

test('an axis begins at zero, and is not of noise alone', () => {
  const [bottom, top] = axisRange({unit: '1', share: true}, 0.5);
  assert.equal(bottom, 0);
  assert.ok(top > 0.5 && top < 0.6);
  assert.deepEqual(axisRange({unit: '1', share: true}, 0.0001), [0, 0.01]);
  assert.deepEqual(axisRange({unit: 'bit/s'}, null), [0, 1000]);
  assert.deepEqual(axisRange({unit: '1', range: [1, 5]}, 9), [1, 5]);
});

test('values of an axis have as many digits as tell them apart', () => {
  assert.deepEqual(axisValues([0, 500_000, 1_000_000], 1e6), ['0.0', '0.5', '1.0']);
  assert.deepEqual(axisValues([0, 0.02], 0.001), ['0', '20']);
  assert.deepEqual(axisValues([0, 2.5, 5], 1), ['0.0', '2.5', '5.0']);
  assert.deepEqual(axisValues([0, 0.25, 0.5], 1), ['0.00', '0.25', '0.50']);
});

test('a chart is told in a sentence, with what is known only', () => {
  assert.equal(describe('Bitrate', {unit: 'bit/s'},
    [{label: '<b>', values: [1000, null, 3000]}, {label: 'audio', values: [null]}]),
  'Bitrate, chart over time with 2 lines. <b>: last 3 kbit/s, from 1 kbit/s to 3 kbit/s. ' +
    'audio: nothing');
  assert.equal(figures([null, undefined]), null);
});

test('the cursor finds the nearest time, and the next one of a line that has not all', () => {
  assert.equal(nearest([], 5), -1);
  assert.equal(nearest([10, 20, 30], 16), 1);
  assert.equal(nearest([10, 20, 30], 99), 2);
  assert.equal(valueNear([1, undefined, undefined, 4], 1), 1);
  assert.equal(valueNear([1, null, 3], 1), null);
  assert.equal(valueNear([undefined], 0), null);
});

test('keys lead from point to point, and stop at the ends', () => {
  const times = [10, 20, 30, 40];
  assert.equal(stepFrom(times, 5, 1), 10);
  assert.equal(stepFrom(times, 10, 1), 20);
  assert.equal(stepFrom(times, 15, -1), 10);
  assert.equal(stepFrom(times, 10, 10), 40);
  assert.equal(stepFrom(times, 40, 1), 40);
  assert.equal(stepFrom(times, 10, -1), 10);
  assert.equal(stepFrom([], 10, 1), null);
});

test('points without neighbours are found', () => {
  assert.deepEqual(lonePoints([null, 1, null, 2, 3, null, undefined, 4]), [1, 7]);
  assert.deepEqual(lonePoints([1, undefined, 2]), []);
  assert.deepEqual(lonePoints([1]), [0]);
});

test('gaps are told by their reasons, whatever these are', () => {
  assert.equal(gapsText([]), '');
  assert.equal(gapsText([{reason: 'hold'}, {reason: 'silent'}, {reason: 'hold'}]),
    'on hold (2 times); no reports came');
  assert.equal(gapsText([{reason: '__proto__', of: 'bob'}]), 'bob: __proto__');
});
