// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The table of conferences. Rows that change are changed in place, so that what has the focus or
// is selected stays.

import {h, told} from '../lib/dom.js';
import {count, delay, duration, score} from '../lib/format.js';
import {hashOf} from '../lib/router.js';
import {NO_PAGE} from '../models/filters.js';
import {keyOf, sortChange, sortOf, SORTS} from '../models/list.js';
import {bandOf} from '../models/score.js';
import {moment} from './time.js';

function link(row, {app}) {
  return h('a', {class: 'row-link', title: row.conference, href: hashOf({app, view: 'conference',
    id: row.conference, query: {occurrence: row.occurrence}})}, told(row.conference));
}

function length(row) {
  return [duration(row.lastSeen - row.start),
    row.ended ? null : h('span', {class: 'soft'}, ' so far')];
}

function failures({failed, dropped}) {
  if (failed + dropped === 0)
    return h('span', {class: 'soft'}, 'none');
  const parts = [[failed, 'failed'], [dropped, 'dropped']].filter(([many]) => many > 0);
  return parts.map(([many, word]) =>
    h('span', {class: `badge ${word}`}, `${count(many)} ${word}`));
}

/**
 * @param {?number} value a score
 * @returns {HTMLElement} its number, its word and its colour
 */
export function scoreBadge(value) {
  const band = bandOf(value);
  return band === null ? h('span', {class: 'unknown', title: 'No score yet'}, '–') :
    h('span', {class: `band band-${band.id}`}, `${score(value)} ${band.title.toLowerCase()}`);
}

function site(row, place) {
  if (row.site === undefined)
    return told(null);
  const query = {...Object.fromEntries(place.query), ...NO_PAGE, site: row.site};
  return h('a', {href: hashOf({...place, query}), class: 'cut', title: row.site}, told(row.site));
}

function state({ended}) {
  return ended ? h('span', {class: 'soft'}, 'Ended') : h('span', {class: 'running'}, 'Live');
}

const COLUMNS = [
  {title: 'Conference', content: link, class: 'name'},
  {title: 'Start', sort: 'start', content: (row) => moment(row.start), class: 'start'},
  {title: 'Length', sort: 'duration', content: length, class: 'number'},
  {title: 'People', sort: 'participants', content: (row) => count(row.participants),
    class: 'number'},
  {title: 'Setup (median)', short: 'Setup', content: (row) => delay(row.setupDelay),
    class: 'number'},
  {title: 'Failures', sort: 'failures', content: failures},
  {title: 'Score (1–5)', short: 'Score', sort: 'score', content: (row) => scoreBadge(row.score)},
  {title: 'Site', content: site},
  {title: 'State', content: state, class: 'state'},
];

const ARROWS = {asc: '▲', desc: '▼'};
const ARIA = {asc: 'ascending', desc: 'descending'};

function heading(column, query, change) {
  const {sort, order} = sortOf(query);
  const is = column.sort === sort;
  const content = column.sort === undefined ? column.title :
    h('button', {type: 'button', class: 'sort', id: `sort-${column.sort}`,
      onclick: () => change(sortChange(query, column.sort))},
    column.title, h('span', {'aria-hidden': 'true', class: 'arrow'},
      is ? ARROWS[order] : ARROWS[SORTS[column.sort]]));
  return h('th', {scope: 'col', role: 'columnheader', class: column.class,
    'aria-sort': is ? ARIA[order] : column.sort === undefined ? null : 'none'}, content);
}

// The whole row is a target, but for links in it, and for text that is being selected.
function openRow(event) {
  const row = event.target.closest('tr');
  if (event.target.closest('a, button') !== null || row === null ||
      !getSelection().isCollapsed)
    return;
  row.querySelector('.row-link').click();
}

/** The rows and their table. */
export class ConferenceRows {
  /**
   * @param {Object} place of router.js
   * @param {function(Object)} change takes the change of the query
   */
  constructor(place, change) {
    this.place = place;
    this.nodes = new Map();
    this.body = h('tbody', {role: 'rowgroup', onclick: openRow});
    this.node = h('div', {class: 'scroll'},
      h('table', {class: 'conferences', role: 'table'},
        h('caption', {class: 'visually-hidden'}, 'Conferences'),
        h('thead', {role: 'rowgroup'}, h('tr', {role: 'row'},
          COLUMNS.map((column) => heading(column, place.query, change)))), this.body));
  }

  /** @param {Array<Object>} rows of the API, in their order */
  show(rows) {
    const kept = new Map();
    for (const row of rows)
      kept.set(keyOf(row), this.nodeOf(row));
    for (const [key, node] of this.nodes)
      if (!kept.has(key))
        node.remove();
    [...kept.values()].forEach((node, index) => {
      if (this.body.children[index] !== node)
        this.body.insertBefore(node, this.body.children[index] ?? null);
    });
    this.nodes = kept;
  }

  nodeOf(row) {
    const fresh = h('tr', {role: 'row'}, COLUMNS.map((column) =>
      h('td', {role: 'cell', class: column.class,
        dataset: {title: column.short ?? column.title}}, column.content(row, this.place))));
    const known = this.nodes.get(keyOf(row));
    if (known === undefined)
      return fresh;
    [...known.cells].forEach((cell, index) => {
      if (!cell.isEqualNode(fresh.cells[index]))
        cell.replaceChildren(...fresh.cells[index].childNodes);
    });
    return known;
  }
}
