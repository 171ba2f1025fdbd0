// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/list.js: how the list is asked for, and what live updates do to it.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {belongs, growsAtTop, keyOf, limitOf, listQuery, put, sortChange,
  sortOf} from '../../../src/collector/web/models/list.js';

const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;
const of = (text) => new URLSearchParams(text);

function row(start, more = {}) {
  return {conference: 'standup', occurrence: String(start), start, failed: 0, dropped: 0, ...more};
}

test('by itself the list has all times, newest first', () => {
  const {from, to, sort, order, limit} = listQuery(of(''), NOW);
  assert.deepEqual({from, to, sort, order, limit},
    {from: null, to: null, sort: 'start', order: 'desc', limit: 50});
});

test('a relative range ends now, one with bounds has these', () => {
  assert.equal(listQuery(of('range=1h'), NOW).from, NOW - HOUR);
  assert.equal(listQuery(of('range=1h'), NOW).to, null);
  const {from, to} = listQuery(of('from=5&to=9&range=1h'), NOW);
  assert.deepEqual([from, to], [5, 9]);
});

test('a page has one cursor', () => {
  const {before, after} = listQuery(of('before=1.2&after=3.4'), NOW);
  assert.deepEqual([before, after], ['1.2', null]);
  assert.equal(listQuery(of('after=3.4'), NOW).after, '3.4');
});

test('what cannot be sorted by or paged by is left out', () => {
  assert.deepEqual(sortOf(of('sort=constructor&order=up')), {sort: 'start', order: 'desc'});
  assert.deepEqual(sortOf(of('sort=score')), {sort: 'score', order: 'asc'});
  for (const limit of ['0', '7', '5000', 'x'])
    assert.equal(limitOf(of(`limit=${limit}`)), 50, limit);
  assert.equal(limitOf(of('limit=100')), 100);
});

test('a heading sorts by its column, worst or most first, and then the other way', () => {
  const change = (query, column) => {
    const {sort, order} = sortChange(of(query), column);
    return [sort, order];
  };
  assert.deepEqual(change('', 'score'), ['score', 'asc']);
  assert.deepEqual(change('sort=score', 'score'), ['score', 'desc']);
  assert.deepEqual(change('', 'failures'), ['failures', 'desc']);
  assert.deepEqual(change('', 'start'), ['start', 'asc']);
  assert.deepEqual(change('sort=start&order=asc', 'start'), [null, null]);
  assert.equal(sortChange(of('before=1.2'), 'score').before, null);
});

test('calls that used one id are told apart', () => {
  const [one, two] = [row(1), row(2)].map(keyOf);
  assert.notEqual(one, two);
  assert.equal(keyOf(row(1, {failed: 2})), one);
});

test('a row belongs to a list if all that it tells is looked for', () => {
  const table = [
    ['', {}, true],
    ['range=1h', {start: NOW - 2 * HOUR}, false],
    ['range=1h', {start: NOW - 1}, true],
    [`to=${NOW}`, {start: NOW}, false],
    ['failed=true', {}, false],
    ['failed=true', {failed: 1}, true],
    ['dropped=true', {failed: 1}, false],
    ['lowScore=3', {}, false],
    ['lowScore=3', {score: 3}, false],
    ['lowScore=3', {score: 2.9}, true],
    ['q=stand', {}, true],
    ['reason=x', {}, false],
    ['reason=x', {failed: 1}, null],
  ];
  for (const [query, more, expected] of table)
    assert.equal(belongs(row(NOW, more), of(query), NOW), expected, `${query} ${more}`);
});

test('whether it has a user or another site, a row does not tell', () => {
  assert.equal(belongs(row(NOW), of('user=alice'), NOW), null);
  assert.equal(belongs(row(NOW), of('q=ali'), NOW), null);
  assert.equal(belongs(row(NOW, {site: 'paris'}), of('site=berlin'), NOW), null);
  assert.equal(belongs(row(NOW, {site: 'berlin'}), of('site=berlin'), NOW), true);
  assert.equal(belongs(row(NOW), of('user=alice&failed=true'), NOW), false);
});

test('only the first page of the newest grows by itself', () => {
  assert.ok(growsAtTop(of('failed=true')));
  for (const query of ['sort=score', 'order=asc', 'before=1.2', 'after=1.2'])
    assert.ok(!growsAtTop(of(query)), query);
});

test('a row is put where it belongs, once, and pushes the last one out', () => {
  const rows = [row(30), row(20), row(10)];
  const starts = (list) => list.map(({start}) => start);
  assert.deepEqual(starts(put(rows, row(25), 3)), [30, 25, 20]);
  assert.deepEqual(starts(put(rows, row(40), 10)), [40, 30, 20, 10]);
  assert.deepEqual(starts(put(rows, row(5), 3)), [30, 20, 10]);
  const changed = put(rows, row(20, {failed: 1}), 3);
  assert.deepEqual(changed.map(({failed}) => failed), [0, 1, 0]);
  assert.deepEqual(starts(rows), [30, 20, 10], 'the list that was given stays');
});
