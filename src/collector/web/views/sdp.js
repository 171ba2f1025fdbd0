// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Session descriptions of each negotiation, with what changed since the one before.

import {h} from '../lib/dom.js';
import {clock} from '../lib/format.js';
import {compareSdp, negotiationsOf} from '../models/sdp.js';

const SIGNS = {same: '  ', added: '+ ', removed: '− '};

function description(title, pair) {
  const lines = pair === null ? [] : compareSdp(pair.before, pair.after);
  return h('div', {class: 'sdp'}, h('h3', null, title),
    pair === null ? h('p', {class: 'soft'}, 'As before') :
      h('pre', {tabindex: 0, 'aria-label': title, dir: 'ltr'}, lines.map(({text, change}) =>
        h(change === 'added' ? 'ins' : change === 'removed' ? 'del' : 'span', {class: change},
          `${SIGNS[change]}${text}\n`))));
}

function negotiation({time, local, remote}, at) {
  const body = h('div', {class: 'sdp-sides'});
  const details = h('details', {ontoggle: () => {
    if (details.open && body.childNodes.length === 0)
      body.append(description('Local description', local),
        description('Remote description', remote));
  }}, h('summary', null, `Negotiation ${at + 1}, ${clock(time)}`), body);
  return details;
}

/**
 * @param {Array<Object>} events of a fabric
 * @returns {?HTMLElement} null: none were collected
 */
export function sdp(events) {
  const list = negotiationsOf(events);
  return list.length === 0 ? null : h('section', {class: 'part', dataset: {part: 'sdp'}},
    h('h2', null, 'Session descriptions'), list.map(negotiation));
}
