// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Downloads of a conference and of what a fabric reported.

import {appPath} from '../lib/api.js';
import {h} from '../lib/dom.js';

const FORMATS = [
  ['json', 'JSON', 'one document with everything'],
  ['jsonl', 'JSON lines', 'for callstats-collector import'],
  ['csv', 'CSV', 'the series of all streams'],
  ['rtcstats', 'rtcstats', 'a dump for rtcstats’ tools'],
];

/**
 * @param {import('../lib/router.js').Place} place
 * @param {{conference: string, occurrence: string, fabric: string}} fabric
 * @returns {HTMLElement}
 */
export function exports({app}, {conference, occurrence, fabric}) {
  const link = (href, title, what) => h('li', null,
    h('a', {href, download: ''}, title), h('span', {class: 'soft'}, ` – ${what}`));
  return h('section', {class: 'part', dataset: {part: 'export'}},
    h('h2', null, 'Export'),
    h('p', null, 'All of the conference:'),
    h('ul', null, FORMATS.map(([format, title, what]) =>
      link(appPath(app, ['conferences', conference, 'export'], {occurrence, format}), title,
        what))),
    h('p', null, 'Of this fabric:'),
    h('ul', null,
      link(appPath(app, ['fabrics', fabric, 'series'], {step: 'auto', points: 5000}),
        'Series as JSON', 'what the charts show'),
      link(appPath(app, ['fabrics', fabric, 'reports'], {limit: 10_000}),
        'Reports as JSON', 'the first 10 000')));
}
