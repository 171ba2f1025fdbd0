// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One conference.

import {appPath, getJson} from '../lib/api.js';
import {h, told} from '../lib/dom.js';
import {clock, delay} from '../lib/format.js';
import {hashOf} from '../lib/router.js';
import {table} from './table.js';

/** Shows the conference; as all views do. */
export async function show({root, place, signal, setTitle}) {
  const detail = await getJson(appPath(place.app, ['conferences', place.id],
    {occurrence: place.query.get('occurrence')}), {signal});
  setTitle(detail.conference);
  root.replaceChildren(h('div', {dataset: {view: 'conference'}},
    h('h1', null, told(detail.conference)),
    table('Fabrics', [
      {title: 'Fabric', content: (row) => h('a', {href: hashOf({app: place.app, view: 'fabric',
        id: row.fabric})}, told(row.fabric))},
      {title: 'User', content: (row) => told(row.user)},
      {title: 'Setup', content: (row) => delay(row.setupDelay), class: 'number'},
      {title: 'Last report', content: (row) => clock(row.lastReport)},
    ], detail.fabrics)));
}
