// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/call.js, connections.js, event-data.js and event-filter.js: what is known of a
// conference, and how it is told.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {callOf, takeEvents, takeMissingEvents, wholeOf}
  from '../../../src/collector/web/models/call.js';
import {lineOf, membersOf} from '../../../src/collector/web/models/event-data.js';
import {filterEvents} from '../../../src/collector/web/models/event-filter.js';
import {kindOf, KINDS, titleOf} from '../../../src/collector/web/models/event-kinds.js';
import {detail, event, fabricRow, fabricSummary, picture, T} from './calls.mjs';

const DAY = 86_400_000;

test('events are in order, whatever the order they came in, and twice where they are', () => {
  const call = callOf(detail({events: [event(9, 'a', null, 'x'), event(3, 'a', null, 'y')]}));
  takeEvents(call, [event(5, 'a', null, 'z'), event(5, 'a', null, 'z'),
    {...event(1, 'a', null, 'w'), time: null}]);
  assert.deepEqual(call.events.map(({name}) => name), ['y', 'z', 'z', 'x']);
});

test('a page of events brings only those that are missing', () => {
  const call = callOf(detail({events: [event(1, 'a', 'f', 'x', {n: 1})]}));
  assert.equal(takeMissingEvents(call, [event(1, 'a', 'f', 'x', {n: 1}),
    event(1, 'a', 'f', 'x', {n: 2})]), 1);
  assert.equal(call.events.length, 2);
});

test('clocks that are days off do not stretch the axis', () => {
  const call = callOf(detail({people: ['a'], events: [event(-400 * DAY, 'a', null, 'userJoined'),
    event(30 * DAY, 'a', null, 'audioMute'), event(-2000, 'a', null, 'userJoined')]}));
  assert.deepEqual(wholeOf(call, T), {from: T - 2000, to: T + 60_000});
});

test('ends are paired by the summary, else by users that name each other', () => {
  const fabrics = [fabricRow('a1', 'a', 'b'), fabricRow('b1', 'b', 'a'),
    fabricRow('a2', 'a', 'b', {added: T + 30_000}), fabricRow('b2', 'b', 'a',
      {added: T + 30_100}), fabricRow('x', 'x', null)];
  const shape = ({pairs}) => [...pairs].map((pair) => pair.join('-')).sort();
  assert.deepEqual(shape(picture(detail({fabrics}))), ['a1-b1', 'a2-b2', 'b1-a1', 'b2-a2']);
  const summary = {affectedUsers: [], disruptions: {count: 0, total: 0}, fabricSummaries: [
    fabricSummary('a1', 'a', {pairedConnectionID: 'x'}),
    fabricSummary('x', 'x', {pairedConnectionID: 'a1'}),
    fabricSummary('b2', 'b', {pairedConnectionID: 'not here'})]};
  assert.deepEqual(shape(picture(detail({fabrics}), {summary})),
    ['a1-x', 'a2-b1', 'b1-a2', 'x-a1']);
});

test('every kind has a title, and what nobody knows is told by its name', () => {
  assert.equal(new Set(KINDS.map(({id}) => id)).size, KINDS.length);
  for (const name of ['__proto__', 'constructor', '<b>', 'toString']) {
    assert.equal(kindOf({name, data: null}), 'other');
    assert.equal(titleOf({name, data: null}), name);
  }
});

test('data is told as text, nested or not, or not at all', () => {
  assert.deepEqual(membersOf(null), []);
  assert.deepEqual(membersOf('text'), []);
  assert.deepEqual(membersOf(JSON.parse('{"__proto__": {"x": 1}, "b": "<i>", "c": null}')), [
    {name: '__proto__', text: '{\n  "x": 1\n}', nested: true},
    {name: 'b', text: '<i>', nested: false}, {name: 'c', text: '–', nested: false}]);
});

test('a line tells what matters, and never too much', () => {
  assert.equal(lineOf({name: 'x', data: {message: 'camera gone', delay: 12.4}}),
    'camera gone · after 12 ms');
  assert.equal(lineOf({name: 'x', data: {deviceList: [{label: 'Mic'}, null, {kind: 'cam'}]}}),
    'Mic, cam');
  assert.equal(lineOf({name: 'x', data: {some: 'thing'}}), 'some: thing');
  assert.equal(lineOf({name: 'x', data: null}), '');
  assert.ok(lineOf({name: 'x', data: {message: 'm'.repeat(5000)}}).length <= 160);
});

test('events are found by user, fabric, kind and text, whatever the case', () => {
  const events = [event(1, 'a', 'f', 'audioMute'), event(2, 'b', 'f', 'customEvent',
    {what: 'Printed'}), event(3, 'a', null, 'userFeedback', {comment: 'no SOUND'})];
  const found = (filter) => filterEvents(events, {user: null, kind: null, fabric: null,
    text: null, ...filter}).map(({name}) => name);
  assert.deepEqual(found({}).length, 3);
  assert.deepEqual(found({user: 'b'}), ['customEvent']);
  assert.deepEqual(found({fabric: 'f', kind: 'mute'}), ['audioMute']);
  assert.deepEqual(found({text: 'sound'}), ['userFeedback']);
  assert.deepEqual(found({text: 'muted'}), ['audioMute']);
});
