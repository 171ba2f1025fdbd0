// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Chooses a range of time: one that ends now, or from one moment to another.

import {h} from '../lib/dom.js';
import {RANGES, rangeOf} from '../lib/time-range.js';
import {fromLocalInput, NO_PAGE, toLocalInput} from '../models/filters.js';

const OWN = 'own';

function momentInput(id, value) {
  return h('input', {type: 'datetime-local', id, value: toLocalInput(value)});
}

function chosen({relative, from, to}) {
  return relative ?? (from === null && to === null ? '' : OWN);
}

function mistake(from, to) {
  if (from === null && to === null)
    return 'Give a time to begin or to end at.';
  return from !== null && to !== null && from >= to ? 'The end must be after the beginning.' : '';
}

// From and to, shown where they are what is chosen.
function ownRange(range, change) {
  const from = momentInput('range-from', range.from);
  const to = momentInput('range-to', range.to);
  const failure = h('span', {class: 'bad', role: 'alert'});
  const apply = (event) => {
    event.preventDefault();
    const given = {from: fromLocalInput(from.value), to: fromLocalInput(to.value)};
    failure.textContent = mistake(given.from, given.to);
    if (failure.textContent === '')
      change({...NO_PAGE, range: null, ...given});
  };
  return h('form', {class: 'own-range', novalidate: true, hidden: chosen(range) !== OWN,
    onsubmit: apply},
  h('label', null, 'From ', from), h('label', null, 'to ', to),
  h('button', {type: 'submit', id: 'range-apply'}, 'Show'), failure);
}

/**
 * @param {Object} options
 * @param {URLSearchParams} options.query of the address
 * @param {?string} options.fallback the id of a range, where the query has none; null: any time
 * @param {function(Object)} options.change takes the change of the query
 * @returns {HTMLElement}
 */
export function rangePicker({query, fallback, change}) {
  const range = rangeOf(query, {fallback});
  const own = ownRange(range, change);
  const choose = () => {
    own.hidden = select.value !== OWN;
    if (own.hidden)
      change({...NO_PAGE, range: select.value === fallback ? null : select.value,
        from: null, to: null});
  };
  const select = h('select', {id: 'range', onchange: choose},
    fallback === null ? h('option', {value: ''}, 'Any time') : null,
    RANGES.map(({id, title}) => h('option', {value: id}, title)),
    h('option', {value: OWN}, 'From … to …'));
  select.value = chosen(range);
  return h('div', {class: 'range-picker'}, h('label', null, 'Time ', select), own);
}
