// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is looked for: the filters of an address, as the API and as people want them.

import {dateTime} from '../lib/format.js';
import {RANGES, rangeOf} from '../lib/time-range.js';

/** What a change of the filters takes away: a place in a list that is another one then. */
export const NO_PAGE = {before: null, after: null};

const text = (query, key) => query.get(key) || null;
const flag = (query, key) => ['true', '1'].includes(query.get(key)) || null;

/**
 * @param {URLSearchParams} query
 * @returns {?number} below which score a conference must be, 1 to 5
 */
export function lowScoreOf(query) {
  const least = Number(query.get('lowScore') || NaN);
  return least >= 1 && least <= 5 ? least : null;
}

/**
 * @param {URLSearchParams} query of the address
 * @returns {{q: ?string, user: ?string, site: ?string, failed: ?boolean, reason: ?string,
 *   dropped: ?boolean, lowScore: ?number}} null: not looked for; what makes no sense is not
 *   looked for either
 */
export function filtersOf(query) {
  return {
    q: text(query, 'q'),
    user: text(query, 'user'),
    site: text(query, 'site'),
    failed: flag(query, 'failed'),
    reason: text(query, 'reason'),
    dropped: flag(query, 'dropped'),
    lowScore: lowScoreOf(query),
  };
}

const WORDS = {
  q: (value) => ['Begins with', value],
  user: (value) => ['User', value],
  site: (value) => ['Site', value],
  failed: () => ['Failed setups', null],
  reason: (value) => ['Failed by', value],
  dropped: () => ['Dropped', null],
  lowScore: (value) => ['Score below', String(value)],
};

/**
 * @param {{from: ?number, to: ?number, relative: ?string}} range of rangeOf()
 * @returns {?string} in words; null: any time
 */
export function rangeTitle({from, to, relative}) {
  if (relative !== null)
    return RANGES.find(({id}) => id === relative).title;
  if (from === null && to === null)
    return null;
  if (to === null)
    return `From ${dateTime(from)}`;
  return from === null ? `Until ${dateTime(to)}` : `${dateTime(from)} to ${dateTime(to)}`;
}

/**
 * @param {URLSearchParams} query of the address
 * @param {{withRange?: boolean}=} options withRange: by time, too
 * @returns {Array<{title: string, value: ?string, without: Object}>} what is looked for, one by
 *   one; `without`: the change of the query that takes it away
 */
export function chipsOf(query, {withRange = true} = {}) {
  const range = withRange ? rangeTitle(rangeOf(query)) : null;
  const chips = Object.entries(filtersOf(query)).filter(([, value]) => value !== null)
    .map(([key, value]) => {
      const [title, shown] = WORDS[key](value);
      return {title, value: shown, without: {...NO_PAGE, [key]: null}};
    });
  if (range !== null)
    chips.push({title: range, value: null,
      without: {...NO_PAGE, range: null, from: null, to: null}});
  return chips;
}

/**
 * @param {?number} ms since the epoch
 * @returns {string} for an input of type datetime-local, in the reader's time zone; '' for null
 */
export function toLocalInput(ms) {
  if (ms === null)
    return '';
  const date = new Date(ms);
  const two = (value) => String(value).padStart(2, '0');
  const seconds = date.getSeconds() > 0 ? `:${two(date.getSeconds())}` : '';
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-` +
    `${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}${seconds}`;
}

/**
 * @param {string} value of an input of type datetime-local
 * @returns {?number} ms since the epoch; null where it is empty or no time
 */
export function fromLocalInput(value) {
  const ms = value === '' ? NaN : new Date(value).getTime();
  return Number.isNaN(ms) ? null : ms;
}
