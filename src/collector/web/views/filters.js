// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is looked for: the form that chooses it, and what of it is chosen.

import {appPath, getJson} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {hashOf} from '../lib/router.js';
import {chipsOf, filtersOf, NO_PAGE} from '../models/filters.js';
import {BANDS} from '../models/score.js';

const MOST = 256; // bytes of an id
const SUGGESTED = 8;

// Open where there is room, or as the reader left it.
let open = null;

function isOpen() {
  return open ?? matchMedia('(min-width: 60rem)').matches;
}

function flagField(name, title, value, apply) {
  return h('label', {class: 'flag'},
    h('input', {type: 'checkbox', id: `filter-${name}`, name, checked: value === true,
      onchange: apply}), ` ${title}`);
}

function scoreField(value, apply) {
  const usual = BANDS.slice(0, -1).map(({least}) => least);
  const steps = value === null || usual.includes(value) ? usual : [...usual, value];
  const select = h('select', {id: 'filter-lowScore', name: 'lowScore', onchange: apply},
    h('option', {value: ''}, 'any'),
    steps.map((least) => h('option', {value: least}, `below ${least.toFixed(1)}`)));
  select.value = value ?? '';
  return h('label', null, 'Score ', select);
}

// Ids that begin with what is typed; what was asked before is of no use any more.
function suggestUsers(input, list, app, signal) {
  let asking = new AbortController();
  signal.addEventListener('abort', () => asking.abort(), {once: true});
  input.addEventListener('input', async () => {
    asking.abort();
    asking = new AbortController();
    if (input.value === '' || signal.aborted)
      return;
    try {
      const {users} = await getJson(
        appPath(app, ['users'], {q: input.value, limit: SUGGESTED}), {signal: asking.signal});
      list.replaceChildren(...users.map(({user, userName}) =>
        h('option', {value: user}, userName ?? '')));
    } catch {
      list.replaceChildren(); // the form works without
    }
  });
}

function textField(name, title, value, list) {
  return h('label', null, `${title} `, h('input', {type: 'text', id: `filter-${name}`, name,
    value: value ?? '', maxlength: MOST, autocomplete: 'off', spellcheck: 'false',
    list: list?.id}), list);
}

function changeOf(form) {
  const given = new FormData(form);
  const word = (name) => given.get(name).trim() || null;
  return {...NO_PAGE, q: word('q'), user: word('user'), site: word('site'),
    failed: given.has('failed') || null, dropped: given.has('dropped') || null,
    lowScore: word('lowScore')};
}

/**
 * @param {Object} options
 * @param {string} options.app
 * @param {URLSearchParams} options.query of the address
 * @param {Array<string>} options.sites that are known, to choose from
 * @param {function(Object)} options.change takes the change of the query
 * @param {AbortSignal} options.signal
 * @returns {HTMLElement}
 */
export function filterForm({app, query, sites, change, signal}) {
  const {q, user, site, failed, dropped, lowScore} = filtersOf(query);
  const users = h('datalist', {id: 'known-users'});
  const known = h('datalist', {id: 'known-sites'}, sites.map((value) => h('option', {value})));
  const apply = () => form.requestSubmit();
  const form = h('form', {class: 'filters', 'aria-label': 'Filters', onsubmit: (event) => {
    event.preventDefault();
    change(changeOf(form));
  }},
  textField('q', 'Conference or user begins with', q, null),
  textField('user', 'User', user, users), textField('site', 'Site', site, known),
  scoreField(lowScore, apply), flagField('failed', 'Failed setups', failed, apply),
  flagField('dropped', 'Dropped', dropped, apply),
  h('button', {type: 'submit', id: 'filter-apply'}, 'Apply'));
  suggestUsers(form.elements.user, users, app, signal);
  return h('details', {class: 'filter-box', open: isOpen(),
    ontoggle: (event) => { open = event.target.open; }},
  h('summary', {id: 'filter-summary'}, 'Filters'), form);
}

function hrefWithout(place, without) {
  const query = new URLSearchParams(place.query);
  for (const name of Object.keys(without))
    query.delete(name);
  return hashOf({...place, query});
}

function chip(place, {title, value, without}) {
  return h('li', null, h('a', {class: 'chip', href: hrefWithout(place, without)},
    h('span', {class: 'visually-hidden'}, 'Remove '), title,
    value === null ? null : [': ', h('bdi', {class: 'cut', title: value}, value)],
    h('span', {'aria-hidden': 'true', class: 'cross'}, '×')));
}

/**
 * @param {Object} place of router.js
 * @param {{withRange?: boolean}=} options withRange: by time, too
 * @returns {?HTMLElement} what is looked for, each with a way to take it away; null: nothing is
 */
export function filterChips(place, options) {
  const chips = chipsOf(place.query, options);
  if (chips.length === 0)
    return null;
  const all = Object.assign({}, ...chips.map(({without}) => without));
  return h('ul', {class: 'chips', 'aria-label': 'What is looked for'},
    chips.map((one) => chip(place, one)),
    chips.length > 1 ? h('li', null, h('a', {href: hrefWithout(place, all)}, 'Remove all')) : null);
}
