// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which streams of a fabric are shown; kept in the address.

import {h} from '../lib/dom.js';
import {noteQuery} from '../lib/router.js';

const DIRECTIONS = [['', 'Both directions'], ['outbound', 'Sent'], ['inbound', 'Received']];

function hiddenOf(query) {
  const list = query.get('hide');
  return new Set(list === null || list === '' ? [] : list.split(' '));
}

/**
 * @param {import('../lib/router.js').Place} place
 * @param {function()} onChange
 * @returns {{root: HTMLElement, isShown: function(Object): boolean, setSources: function(Array)}}
 */
export function streamPicker(place, onChange) {
  const change = (changes) => {
    noteQuery(place, changes);
    onChange();
  };
  const direction = h('select', {'aria-label': 'Direction',
    onchange: () => change({direction: direction.value})},
  DIRECTIONS.map(([value, title]) => h('option', {value}, title)));
  direction.value = DIRECTIONS.some(([value]) => value === place.query.get('direction')) ?
    place.query.get('direction') : '';
  const boxes = h('span', {class: 'streams'});
  const toggle = (name, shown) => {
    const hidden = hiddenOf(place.query);
    if (shown)
      hidden.delete(name);
    else
      hidden.add(name);
    change({hide: [...hidden].join(' ')});
  };
  let listed = '';
  return {
    root: h('fieldset', {class: 'stream-picker'},
      h('legend', {class: 'visually-hidden'}, 'Streams'), direction, boxes),
    isShown: (source) => !hiddenOf(place.query).has(nameOf(source)) &&
      (direction.value === '' || source.direction === null ||
        source.direction === direction.value),
    setSources(sources) {
      const list = JSON.stringify(sources.map(({key, label}) => [key, label]));
      if (list === listed)
        return;
      listed = list;
      boxes.replaceChildren(...sources.map((source) => box(source,
        !hiddenOf(place.query).has(nameOf(source)), toggle)));
    },
  };
}

function nameOf({key}) {
  return encodeURIComponent(key);
}

function box(source, checked, toggle) {
  const input = h('input', {type: 'checkbox', checked,
    onchange: () => toggle(nameOf(source), input.checked)});
  return h('label', null, input, ' ', h('bdi', null, source.label));
}
