// SPDX-License-Identifier: LGPL-2.1-or-later
//
// lib/router.js: addresses and the places they name.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {hashOf, parsePlace} from '../../../src/collector/web/lib/router.js';

const strange = ['a/b', '../x', '%2F', '?q=1', '#', '<img onerror=1>', '\u202eabc', '__proto__',
  '💥', 'ä ö+&=', '.'];

function placeOf(hash) {
  const {app, view, id, query} = parsePlace(hash);
  return {app, view, id, query: Object.fromEntries(query)};
}

test('an address names application, view and id', () => {
  assert.deepEqual(placeOf(''), {app: null, view: 'overview', id: null, query: {}});
  assert.deepEqual(placeOf('#/demo'), {app: 'demo', view: 'overview', id: null, query: {}});
  assert.deepEqual(placeOf('#/demo/conferences?sort=score&q='),
    {app: 'demo', view: 'list', id: null, query: {sort: 'score', q: ''}});
  assert.deepEqual(placeOf('#/demo/fabrics/f1?both=1'),
    {app: 'demo', view: 'fabric', id: 'f1', query: {both: '1'}});
});

test('what is no place is unknown', () => {
  for (const hash of ['#/demo/nothing', '#/demo/fabrics', '#/demo/conferences/a/b'])
    assert.equal(parsePlace(hash).view, 'unknown', hash);
});

test('ids of all kinds come back from their address', () => {
  for (const app of strange)
    for (const id of strange) {
      const hash = hashOf({app, view: 'conference', id, query: {occurrence: id}});
      assert.deepEqual(placeOf(hash), {app, view: 'conference', id, query: {occurrence: id}});
    }
});

test('bad percent-encoding is taken as it is', () => {
  assert.equal(parsePlace('#/demo/conferences/100%').id, '100%');
});

test('members without a value are left out of an address', () => {
  assert.equal(hashOf({app: 'demo', view: 'list', query: {user: null, site: '', q: 'x'}}),
    '#/demo/conferences?q=x');
});
