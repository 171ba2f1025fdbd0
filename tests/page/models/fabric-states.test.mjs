// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/fabric-states.js: the states of a fabric by its events.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {statesOf} from '../../../src/collector/web/models/fabric-states.js';
import {event, fabricRow, ice, T} from './calls.mjs';

const gathering = (at, state) => ice(at, 'a', 'f', state, 'iceGatheringState');
const connection = (at, state) => ice(at, 'a', 'f', state);
const told = (at, name, data) => event(at, 'a', 'f', name, data);
const row = (more) => fabricRow('f', 'a', 'b', more);

/** As "state from-to", times since T. */
function spans(events, {open = null, of = row()} = {}) {
  return statesOf(of, events, open).map(({from, to, state}) => `${state} ${from - T}-${to - T}`);
}

const setUp = [told(0, 'addNewFabric'), gathering(100, 'gathering'), connection(300, 'checking'),
  gathering(350, 'complete'), connection(500, 'connected'), told(500, 'fabricSetup')];

test('a call is negotiated, gathers, checks, is connected and ends', () => {
  assert.deepEqual(spans([...setUp, connection(501, 'completed'), told(9000, 'fabricTerminated')]),
    ['new 0-100', 'gathering 100-300', 'checking 300-500', 'connected 500-9000']);
});

test('gathering that is complete waits for the other end', () => {
  assert.deepEqual(spans([told(0, 'addNewFabric'), gathering(100, 'gathering'),
    gathering(150, 'complete'), told(8000, 'fabricSetupFailed')]),
  ['new 0-100', 'gathering 100-150', 'new 150-8000']);
});

test('what goes on is open to now, and what nobody ended to its last report', () => {
  assert.equal(spans(setUp, {open: T + 7000}).at(-1), 'connected 500-7000');
  assert.equal(spans(setUp, {of: row({lastReport: T + 4000})}).at(-1), 'connected 500-4000');
});

test('held, and resumed', () => {
  assert.deepEqual(spans([...setUp, told(1000, 'fabricHold'), told(3000, 'fabricResume'),
    told(5000, 'fabricTerminated')]).slice(-3),
  ['connected 500-1000', 'held 1000-3000', 'connected 3000-5000']);
});

test('disrupted by ICE, back, disrupted again and dropped', () => {
  assert.deepEqual(spans([...setUp,
    connection(1000, 'disconnected'), told(1000, 'iceDisruptionStart', {cause: 'ice'}),
    connection(2000, 'connected'), told(2000, 'iceDisruptionEnd', {cause: 'ice',
      currIceConnectionState: 'connected'}),
    connection(3000, 'disconnected'), told(3000, 'iceDisruptionStart', {cause: 'ice'}),
    connection(4000, 'failed'), told(4000, 'fabricDropped', {cause: 'ice'}),
    told(6000, 'fabricTerminated')]).slice(-5),
  ['connected 500-1000', 'disrupted 1000-2000', 'connected 2000-3000', 'disrupted 3000-4000',
    'dropped 4000-6000']);
});

test('silence disrupts and drops while ICE stays connected, until a packet comes', () => {
  assert.deepEqual(spans([...setUp, told(1000, 'iceDisruptionStart', {cause: 'silence'}),
    told(31_000, 'fabricDropped', {cause: 'silence'}), connection(32_000, 'completed'),
    told(40_000, 'iceDisruptionEnd', {cause: 'silence', currIceConnectionState: 'completed'}),
    told(50_000, 'fabricTerminated')]).slice(-4),
  ['connected 500-1000', 'disrupted 1000-31000', 'dropped 31000-40000',
    'connected 40000-50000']);
});

test('after a drop, a restart of ICE checks again', () => {
  assert.deepEqual(spans([...setUp, connection(1000, 'failed'), told(1000, 'fabricDropped'),
    connection(2000, 'new'), told(2000, 'iceRestarted'), connection(2500, 'checking'),
    connection(3000, 'connected'), told(4000, 'fabricTerminated')]).slice(-4),
  ['dropped 1000-2000', 'new 2000-2500', 'checking 2500-3000', 'connected 3000-4000']);
});

test('a setup that fails is failed to its end, unless it succeeds after all', () => {
  const events = [told(0, 'addNewFabric'), gathering(10, 'gathering'),
    told(8000, 'fabricSetupFailed')];
  assert.deepEqual(spans([...events, told(9000, 'fabricTerminated')]).slice(-2),
    ['gathering 10-8000', 'failed 8000-9000']);
  assert.equal(spans([...events, connection(8500, 'connected'), told(8500, 'fabricSetup')],
    {open: T + 9000}).at(-1), 'connected 8500-9000');
});

test('without addNewFabric it begins as long before its setup as that took', () => {
  assert.deepEqual(spans([told(500, 'fabricSetup', {delay: 300})],
    {of: row({added: null}), open: T + 900}), ['new 200-500', 'connected 500-900']);
});

test('what nobody knows, and events without data, change nothing', () => {
  const strange = [told(600, '<img onerror>'), told(610, '__proto__'),
    {...told(620, 'fabricStateChange'), data: null}, told(630, 'constructor', undefined)];
  assert.deepEqual(spans([...setUp, ...strange], {open: T + 1000}),
    spans(setUp, {open: T + 1000}));
});

test('clocks that jump make no bar of negative length', () => {
  const found = statesOf(row({added: T + 5000}), [connection(-9000, 'checking'), told(100,
    'fabricSetup'), connection(4000, 'disconnected'), told(50, 'fabricTerminated')], null);
  assert.ok(found.every(({from, to}) => to > from));
  assert.deepEqual(statesOf(row({added: null}), [], null), []);
});
