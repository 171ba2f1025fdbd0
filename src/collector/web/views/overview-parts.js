// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The parts of the overview that are no charts.

import {h, told} from '../lib/dom.js';
import {count, dateTime, delay, percent, score} from '../lib/format.js';
import {hashOf} from '../lib/router.js';
import {chipsOf, NO_PAGE, rangeTitle} from '../models/filters.js';
import {bandsOf, cardsOf, listLink, longerRanges, reasonsOf} from '../models/overview.js';
import {noConference} from './no-conference.js';
import {proportions} from './proportions.js';
import {table} from './table.js';
import {moment} from './time.js';

function listHref({app, query}, more) {
  return hashOf({app, view: 'list', query: listLink(query, more)});
}

function card(place, {id, title, value, note, link, change}) {
  const content = [h('span', {class: 'title'}, title), h('span', {class: 'value'}, value),
    h('span', {class: 'note'}, note),
    h('span', {class: `change ${change?.is ?? ''}`, title: change === null ? null :
      'Compared with as long a time before'}, change?.text ?? ' ')];
  return link === null ? h('li', {class: 'card figure-card', dataset: {card: id}}, content) :
    h('li', {class: 'card figure-card', dataset: {card: id}},
      h('a', {id: `card-${id}`, href: listHref(place, link)}, content));
}

/**
 * @param {Object} place of router.js
 * @param {Object} totals of the API
 * @param {?Object} before those of the time before
 * @returns {HTMLElement}
 */
export function cards(place, totals, before) {
  return h('ul', {class: 'cards figures', 'aria-label': 'In numbers'},
    cardsOf(totals, before).map((one) => card(place, one)));
}

function reasons(place, totals) {
  const parts = reasonsOf(totals);
  return h('section', {class: 'card'}, h('h2', null, 'Why setups failed'),
    parts.length === 0 ? h('p', {class: 'soft'}, 'None failed.') :
      proportions(parts.map((part) => ({...part, kind: 'failed',
        href: listHref(place, part.link)}))));
}

function bands(place, totals) {
  return h('section', {class: 'card'}, h('h2', null, 'Conferences by score'),
    totals.score === null ? h('p', {class: 'soft'}, 'None has a score yet.') :
      proportions(bandsOf(totals).map((part) => ({...part, kind: part.band,
        href: listHref(place, part.link)}))));
}

function sites(place, {sites: rows}) {
  const columns = [
    {title: 'Site', content: ({site}) =>
      h('a', {href: listHref(place, {site}), class: 'cut', title: site}, told(site))},
    {title: 'Conferences', class: 'number', content: ({conferences}) => count(conferences)},
    {title: 'Failed', class: 'number', content: (row) =>
      `${percent(row.setupFailureRate)} (${count(row.setupFailed)})`},
    {title: 'Dropped', class: 'number', content: ({dropped}) => count(dropped)},
  ];
  return h('section', {class: 'card'}, h('h2', null, 'Sites'),
    rows.length === 0 ? h('p', {class: 'soft'}, 'Nobody has told a site.') :
      table('Sites', columns, rows));
}

/**
 * @param {Object} place of router.js
 * @param {Object} totals of the API
 * @returns {HTMLElement} what the numbers are made of
 */
export function breakdown(place, totals) {
  return h('div', {class: 'breakdown'}, reasons(place, totals), bands(place, totals),
    sites(place, totals));
}

let open = false;

/**
 * @param {Object} overview of the API
 * @returns {HTMLElement} what the charts show, to be read
 */
export function numbers(overview) {
  const {time, setupDelay, score: scores} = overview;
  const column = (title, values, text) => ({title, class: 'number',
    content: (at) => text(values[at])});
  const details = h('details', {class: 'numbers', open, ontoggle: () => {
    open = details.open;
    if (open && details.children.length === 1)
      details.append(table('Over time', [
        {title: 'From', content: (at) => dateTime(time[at])},
        column('Conferences', overview.conferences, count),
        column('People', overview.participants, count),
        column('Setups', overview.setUp, count),
        column('Failed setups', overview.setupFailed, count),
        column('Dropped', overview.dropped, count),
        column('Setup, median', setupDelay.p50, delay),
        column('Setup, 95 %', setupDelay.p95, delay),
        column('Score, median', scores.p50, score), column('Score, 5 %', scores.p5, score),
      ], time.map((_, at) => at)));
  }}, h('summary', {id: 'numbers'}, 'The charts as a table'));
  return details;
}

function latestOf(place, latest) {
  return h('p', null, 'The latest of all began ', moment(latest.start), ': ',
    h('a', {href: hashOf({app: place.app, view: 'conference', id: latest.conference,
      query: {occurrence: latest.occurrence}})}, told(latest.conference)), '.');
}

/**
 * @param {Object} place of router.js
 * @param {{from: number, to: number}} shown
 * @param {?Object} latest conference of the application; null: there is none at all
 * @returns {HTMLElement} why there is nothing, and what to do about it
 */
export function nothing(place, shown, latest) {
  if (latest === null)
    return noConference(place.app);
  const query = (range) => ({...Object.fromEntries(place.query), ...NO_PAGE, from: null, to: null,
    range});
  const filtered = chipsOf(place.query, {withRange: false}).length > 0;
  return h('section', {class: 'notice'},
    h('h2', null, filtered ? 'No conference matches' : 'No conference in this time'),
    filtered ? h('p', null, 'Take something away of what is looked for, above.') : null,
    latestOf(place, latest),
    h('p', null, 'A longer time:'), h('ul', null, longerRanges(shown).map(({id}) => h('li', null,
      h('a', {href: hashOf({...place, query: query(id)})},
        rangeTitle({from: null, to: null, relative: id}))))));
}
