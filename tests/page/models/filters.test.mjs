// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/filters.js: the filters of an address.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {chipsOf, filtersOf, fromLocalInput, rangeTitle,
  toLocalInput} from '../../../src/collector/web/models/filters.js';

const of = (text) => new URLSearchParams(text);
const none = {q: null, user: null, site: null, failed: null, reason: null,
  dropped: null, lowScore: null};

test('an address without filters looks for nothing', () => {
  assert.deepEqual(filtersOf(of('')), none);
  assert.deepEqual(chipsOf(of('sort=score&order=asc&before=1.2&limit=25')), []);
});

test('filters are what the API takes', () => {
  assert.deepEqual(
    filtersOf(of('q=%3Cimg&user=__proto__&site=a%26b&failed=true&reason=x&dropped=1&lowScore=3.1')),
    {q: '<img', user: '__proto__', site: 'a&b', failed: true, reason: 'x',
      dropped: true, lowScore: 3.1});
});

test('what makes no sense is not looked for', () => {
  assert.deepEqual(filtersOf(of('q=&failed=false&dropped=maybe&lowScore=9')), none);
  for (const score of ['abc', '0.5', '5.1', '', 'NaN', '-1'])
    assert.equal(filtersOf(of(`lowScore=${score}`)).lowScore, null, score);
});

test('each chip takes away what it names, and the place in the list', () => {
  const query = 'user=alice&failed=true&range=7d&before=1.2';
  const chips = chipsOf(of(query));
  assert.deepEqual(chips.map(({title, value}) => [title, value]),
    [['User', 'alice'], ['Failed setups', null], ['Last 7 days', null]]);
  assert.deepEqual(chips[0].without, {before: null, after: null, user: null});
  assert.deepEqual(Object.keys(chips[2].without).sort(),
    ['after', 'before', 'from', 'range', 'to']);
  assert.equal(chipsOf(of(query), {withRange: false}).length, 2);
});

test('ranges are told in words', () => {
  const told = (from, to, relative = null) => rangeTitle({from, to, relative});
  assert.equal(told(null, null), null);
  assert.equal(told(1, null, '24h'), 'Last 24 hours');
  assert.match(told(0, null), /^From .*1970|^From .*1969/);
  assert.match(told(null, 0), /^Until /);
  assert.match(told(0, 86_400_000), / to /);
});

test('a time goes through an input and back', () => {
  for (const ms of [0, 1_700_000_040_000, 1_700_000_041_000])
    assert.equal(fromLocalInput(toLocalInput(ms)), ms);
  assert.match(toLocalInput(1_700_000_040_000), /^2023-11-1\dT\d\d:\d\d$/);
  assert.match(toLocalInput(1_700_000_041_000), /:\d\d:\d\d$/);
  assert.equal(toLocalInput(null), '');
  assert.equal(fromLocalInput(''), null);
  assert.equal(fromLocalInput('yesterday'), null);
});
