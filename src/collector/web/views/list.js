// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The conferences of an application.

import {appPath, getJson} from '../lib/api.js';
import {h, told} from '../lib/dom.js';
import {count, dateTime} from '../lib/format.js';
import {hashOf} from '../lib/router.js';
import {table} from './table.js';

/** Shows the list; as all views do. */
export async function show({root, place, signal, setTitle}) {
  setTitle('Conferences');
  const {conferences} = await getJson(
    appPath(place.app, ['conferences'], Object.fromEntries(place.query)), {signal});
  root.replaceChildren(h('div', {dataset: {view: 'list'}},
    h('h1', null, 'Conferences'),
    table('Conferences', [
      {title: 'Conference', content: (row) => h('a', {href: hashOf({app: place.app,
        view: 'conference', id: row.conference, query: {occurrence: row.occurrence}})},
      told(row.conference))},
      {title: 'Start', content: (row) => dateTime(row.start)},
      {title: 'People', content: (row) => count(row.participants), class: 'number'},
    ], conferences)));
}
