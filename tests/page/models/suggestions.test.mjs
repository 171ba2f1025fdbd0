// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/suggestions.js: what a search may mean.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {placeOf, suggestionsOf} from '../../../src/collector/web/models/suggestions.js';

const conference = (id) => ({conference: id, occurrence: '1'});
const user = (id, userName, conferences) => ({user: id, userName, conferences});

test('conferences whose own id begins so come once each, then users', () => {
  const found = suggestionsOf('al', [user('alice', 'Alice A', 2), user('al', null, 1)],
    [conference('alpha'), conference('standup'), conference('alpha'), conference('ALL')]);
  assert.deepEqual(found, [
    {kind: 'conference', id: 'alpha', name: null, note: ''},
    {kind: 'user', id: 'alice', name: 'Alice A', note: '2 conferences'},
    {kind: 'user', id: 'al', name: null, note: '1 conference'},
  ]);
});

test('there are at most five of a kind', () => {
  const many = Array.from({length: 9}, (_, at) => `a${at}`);
  const found = suggestionsOf('a', many.map((id) => user(id, null, 1)), many.map(conference));
  assert.deepEqual(found.map(({id}) => id), [...many.slice(0, 5), ...many.slice(0, 5)]);
});

test('a conference is opened, of a user all conferences are listed', () => {
  assert.deepEqual(placeOf('app', {kind: 'conference', id: '__proto__'}),
    {app: 'app', view: 'conference', id: '__proto__'});
  assert.deepEqual(placeOf('app', {kind: 'user', id: 'a&b'}),
    {app: 'app', view: 'list', query: {user: 'a&b'}});
});
