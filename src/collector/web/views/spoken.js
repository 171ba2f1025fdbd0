// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sentences of models/words.js, and names of ends, in the document.

import {h, told} from '../lib/dom.js';

/**
 * @param {import('../models/words.js').Parts} parts
 * @returns {Array<Node|string>} what clients told is kept apart
 */
export function spoken(parts) {
  return parts.map((part) => typeof part === 'string' ? part : told(part.name));
}

/**
 * @param {{user: string, remoteUser: ?string}} row
 * @returns {Array<Node|string>} "alice → bob"
 */
export function ends({user, remoteUser}) {
  return [told(user), h('span', {'aria-hidden': 'true'}, ' → '),
    h('span', {class: 'visually-hidden'}, ' to '),
    remoteUser === null ? h('span', {class: 'unknown'}, 'other end') : told(remoteUser)];
}

/**
 * @param {Array<{name: string, text: string, nested?: boolean}>} members of event-data.js
 * @returns {HTMLElement} a list of names and what they are
 */
export function memberList(members) {
  return h('dl', {class: 'members'}, members.map(({name, text, nested}) => [
    h('dt', null, h('bdi', null, name)),
    h('dd', null, nested ? h('pre', null, text) : told(text))]));
}
