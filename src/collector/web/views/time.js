// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Times: the moment itself, and how long ago it was, which goes on.

import {h} from '../lib/dom.js';
import {ago, dateTime} from '../lib/format.js';

const EVERY = 10_000; // ms

/**
 * @param {?number} ms since the epoch
 * @returns {HTMLElement} the moment, and how long ago that is
 */
export function moment(ms) {
  if (ms === null || ms === undefined)
    return h('span', {class: 'unknown'}, '–');
  return h('time', {datetime: new Date(ms).toISOString(), title: dateTime(ms)}, dateTime(ms), ' ',
    h('span', {class: 'soft ago', dataset: {since: ms}}, ago(ms)));
}

/**
 * Keeps all that moment() has put below root up to date.
 *
 * @param {HTMLElement} root
 * @param {AbortSignal} signal ends it
 */
export function keepTime(root, signal) {
  const timer = setInterval(() => {
    for (const node of root.querySelectorAll('.ago'))
      node.textContent = ago(Number(node.dataset.since));
  }, EVERY);
  signal.addEventListener('abort', () => clearInterval(timer), {once: true});
}
