// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The list of conferences: how it is asked for, its order, and what live updates do to it.

import {rangeOf} from '../lib/time-range.js';
import {filtersOf, NO_PAGE} from './filters.js';

/** Columns that the list can be ordered by, and the end that people want first. */
export const SORTS = {
  start: 'desc',
  duration: 'desc',
  participants: 'desc',
  failures: 'desc',
  score: 'asc',
};

/** How many conferences a page may have. */
export const LIMITS = [25, 50, 100, 200];

const USUAL_LIMIT = 50;

/**
 * @param {URLSearchParams} query of the address
 * @returns {{sort: string, order: 'asc'|'desc'}}
 */
export function sortOf(query) {
  const sort = Object.hasOwn(SORTS, query.get('sort') ?? '') ? query.get('sort') : 'start';
  const order = ['asc', 'desc'].includes(query.get('order')) ? query.get('order') : SORTS[sort];
  return {sort, order};
}

/**
 * @param {URLSearchParams} query of the address
 * @param {string} column that was pressed
 * @returns {Object} the change of the query: by this column, or the other way round
 */
export function sortChange(query, column) {
  const {sort, order} = sortOf(query);
  const turned = order === 'desc' ? 'asc' : 'desc';
  const next = column === sort ? turned : SORTS[column];
  const usual = column === 'start' && next === SORTS.start;
  return {...NO_PAGE, sort: usual ? null : column, order: usual ? null : next};
}

/** @param {URLSearchParams} query of the address */
export function limitOf(query) {
  const limit = Number(query.get('limit'));
  return LIMITS.includes(limit) ? limit : USUAL_LIMIT;
}

/**
 * @param {URLSearchParams} query of the address
 * @param {number} now
 * @returns {Object} the query of the API
 */
export function listQuery(query, now) {
  // Any time, where the address says none: the newest come first anyhow, further pages cost
  // the same, and an id from an old ticket is to be found.
  const {from, to} = rangeOf(query, {now});
  return {...filtersOf(query), from, to, ...sortOf(query), limit: limitOf(query),
    before: query.get('before'), after: query.get('before') ? null : query.get('after')};
}

/** @param {{conference: string, occurrence: string}} row */
export function keyOf({conference, occurrence}) {
  return `${occurrence} ${conference}`;
}

/**
 * Whether a conference belongs to a list.
 *
 * @param {Object} row of the API
 * @param {URLSearchParams} query of the address
 * @param {number} now
 * @returns {?boolean} null: the row does not tell, for it names no users, no reasons and one site
 */
export function belongs(row, query, now) {
  const {q, user, site, failed, reason, dropped, lowScore} = filtersOf(query);
  const {from, to} = rangeOf(query, {now});
  if ((from !== null && row.start < from) || (to !== null && row.start >= to) ||
      ((failed || reason !== null) && row.failed === 0) || (dropped && row.dropped === 0) ||
      (lowScore !== null && !(row.score < lowScore)))
    return false;
  const told = user === null && reason === null && (site === null || row.site === site) &&
    (q === null || row.conference.startsWith(q));
  return told ? true : null;
}

/**
 * Whether a list shows what is new by itself: the first page, newest first.
 *
 * @param {URLSearchParams} query of the address
 */
export function growsAtTop(query) {
  const {sort, order} = sortOf(query);
  return sort === 'start' && order === 'desc' && !query.get('before') && !query.get('after');
}

/**
 * @param {Array<Object>} rows newest first
 * @param {Object} row that is new, or another by now
 * @param {number} limit
 * @returns {Array<Object>} a new list with it in its place
 */
export function put(rows, row, limit) {
  const others = rows.filter((one) => keyOf(one) !== keyOf(row));
  const place = others.findIndex((one) => one.start < row.start);
  others.splice(place < 0 ? others.length : place, 0, row);
  return others.slice(0, limit);
}
