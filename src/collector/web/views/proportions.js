// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Parts of a whole as labelled bars.

import {h, told} from '../lib/dom.js';
import {count, percent} from '../lib/format.js';

function bar(share, kind) {
  const node = h('span', {class: `bar bar-${kind}`});
  node.style.width = `${share * 100}%`;
  return h('span', {class: 'track', 'aria-hidden': 'true'}, node);
}

/**
 * @param {Array<{label: string, count: number, share: number, href: string, kind: string}>} parts
 *   label may be text of clients; kind: what style/overview.css colours
 * @returns {HTMLElement}
 */
export function proportions(parts) {
  return h('ul', {class: 'proportions'}, parts.map((part) => h('li', null,
    h('a', {href: part.href}, told(part.label)),
    h('span', {class: 'figure'}, `${count(part.count)} (${percent(part.share)})`),
    bar(part.share, part.kind))));
}
