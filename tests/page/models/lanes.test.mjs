// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/lanes.js: the lanes of a timeline and their marks.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {marksOf, nextMark} from '../../../src/collector/web/models/lanes.js';
import {detail, event, fabricRow, picture, T} from './calls.mjs';

const nothing = new Set();
const whole = {from: T - 1000, to: T + 100_000};
const joined = (at, user) => event(at, user, null, 'userJoined');
const left = (at, user) => event(at, user, null, 'userLeft');

test('a lane for each participant, and below it one for each fabric', () => {
  const {lanes} = picture(detail({people: ['alice', 'bob'],
    fabrics: [fabricRow('f1', 'bob', 'alice'), fabricRow('f2', 'alice', 'bob')]}));
  assert.deepEqual(lanes.map(({type, user, fabric}) => [type, user, fabric]),
    [['participant', 'alice', null], ['fabric', 'alice', 'f2'], ['participant', 'bob', null],
      ['fabric', 'bob', 'f1']]);
});

test('who left and came back was away in between', () => {
  const {lanes: [lane]} = picture(detail({people: ['a'], events: [joined(0, 'a'),
    left(10_000, 'a'), joined(20_000, 'a')]}));
  assert.deepEqual(lane.spans.map(({from, to}) => [from - T, to - T]),
    [[0, 10_000], [20_000, 60_000]]);
});

test('users and fabrics that only events tell of have lanes too', () => {
  const {lanes} = picture(detail({events: [event(5, '__proto__', 'constructor', 'audioMute'),
    event(6, 'late', null, 'customEvent')]}));
  assert.deepEqual(lanes.map(({key}) => key),
    ['user __proto__', 'fabric constructor', 'user late']);
});

test('gaps are of their user', () => {
  const gap = {user: 'b', from: T + 1, to: T + 9, reason: 'disk'};
  const {lanes} = picture(detail({people: ['a', 'b']}), {gaps: [gap]});
  assert.deepEqual(lanes.map(({gaps}) => gaps), [[], [gap]]);
});

test('marks that fall together are one, which looks like its gravest', () => {
  const lane = {key: 'l', events: [event(0, 'a', 'f', 'audioMute'),
    event(50, 'a', 'f', 'fabricDropped'), event(90, 'a', 'f', 'audioUnmute'),
    event(500, 'a', 'f', 'videoPause')]};
  const marks = marksOf(lane, whole, 100, nothing);
  assert.deepEqual(marks.map(({kind, events}) => [kind, events.length]),
    [['failure', 3], ['video', 1]]);
  assert.equal(marksOf(lane, whole, 10, nothing).length, 4);
  assert.deepEqual(marksOf(lane, whole, 10, new Set(['mute'])).map(({kind}) => kind),
    ['failure', 'video']);
  assert.deepEqual(marksOf(lane, {from: T + 60, to: T + 200}, 10, nothing).length, 1);
});

test('all events are in one mark each, however many there are', () => {
  const events = Array.from({length: 10_000}, (_, i) => event(i * 7, 'a', 'f', 'customEvent', {i}));
  const marks = marksOf({key: 'l', events}, whole, 2000, nothing);
  assert.equal(marks.reduce((sum, mark) => sum + mark.events.length, 0), 10_000);
  assert.ok(marks.every((mark, i) => i === 0 || mark.time - marks[i - 1].time >= 2000));
  assert.equal(new Set(marks.map(({key}) => key)).size, marks.length);
});

test('arrow keys go along a lane, and to the nearest mark of the next that has any', () => {
  const row = (...times) => times.map((time) => ({time}));
  const rows = [row(0, 50, 100), [], row(40, 90)];
  const from = (at, key) => nextMark(rows, at, key);
  assert.deepEqual(from({row: 0, index: 0}, 'ArrowRight'), {row: 0, index: 1});
  assert.equal(from({row: 0, index: 0}, 'ArrowLeft'), null);
  assert.deepEqual(from({row: 0, index: 1}, 'ArrowDown'), {row: 2, index: 0});
  assert.deepEqual(from({row: 2, index: 1}, 'ArrowUp'), {row: 0, index: 2});
  assert.equal(from({row: 2, index: 1}, 'ArrowDown'), null);
  assert.deepEqual(from({row: 0, index: 1}, 'End'), {row: 0, index: 2});
  assert.deepEqual(from({row: 0, index: 1}, 'Home'), {row: 0, index: 0});
  assert.equal(from({row: 0, index: 1}, 'x'), null);
});
