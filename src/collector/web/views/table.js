// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tables.

import {h} from '../lib/dom.js';

/**
 * @template Row
 * @param {string} caption what the rows are, for screen readers
 * @param {Array<{title: (string|Node), content: function(Row): (Node|string|number|null),
 *   class?: string, sort?: ('ascending'|'descending'|null)}>} columns
 * @param {Array<Row>} rows
 * @returns {HTMLElement} scrolls sideways by itself where the screen is small
 */
export function table(caption, columns, rows) {
  const head = h('tr', null, columns.map((column) =>
    h('th', {scope: 'col', class: column.class, 'aria-sort': column.sort}, column.title)));
  const body = rows.map((row) => h('tr', null, columns.map((column) =>
    h('td', {class: column.class}, column.content(row)))));
  return h('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
    h('table', null, h('caption', {class: 'visually-hidden'}, caption),
      h('thead', null, head), h('tbody', null, body)));
}
