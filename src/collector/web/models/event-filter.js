// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which events a table shows.

import {kindOf, titleOf} from './event-kinds.js';

/**
 * @typedef {Object} Filter each is null where it does not matter
 * @property {?string} user
 * @property {?string} kind an id of event-kinds.js
 * @property {?string} fabric
 * @property {?string} text in the event's name, its title or its data, whatever the case
 */

function hasText(event, text) {
  const whole = `${event.name} ${titleOf(event)} ${JSON.stringify(event.data ?? {})}`;
  return whole.toLowerCase().includes(text.toLowerCase());
}

/**
 * @param {Array<Object>} events of the API
 * @param {Filter} filter
 * @returns {Array<Object>} in the same order
 */
export function filterEvents(events, {user, kind, fabric, text}) {
  return events.filter((event) => (user === null || event.user === user) &&
    (fabric === null || event.fabric === fabric) && (kind === null || kindOf(event) === kind) &&
    (text === null || hasText(event, text)));
}
