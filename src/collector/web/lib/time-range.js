// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Ranges of time in a query: the last so many hours, or from one time to another.

const HOUR = 3_600_000;

/** Ranges that end now: id, what it is called, length in ms. */
export const RANGES = [
  {id: '1h', title: 'Last hour', length: HOUR},
  {id: '6h', title: 'Last 6 hours', length: 6 * HOUR},
  {id: '24h', title: 'Last 24 hours', length: 24 * HOUR},
  {id: '7d', title: 'Last 7 days', length: 7 * 24 * HOUR},
  {id: '30d', title: 'Last 30 days', length: 30 * 24 * HOUR},
  {id: '90d', title: 'Last 90 days', length: 90 * 24 * HOUR},
];

function timeOf(text) {
  const time = text === null || text === '' ? NaN : Number(text);
  return Number.isSafeInteger(time) ? time : null;
}

/**
 * @param {URLSearchParams} query `range`, or `from` and `to` (ms since the epoch)
 * @param {{fallback?: ?string, now?: number}=} options fallback: the id of a range, where the
 *   query has none
 * @returns {{from: ?number, to: ?number, relative: ?string}} null: without a bound;
 *   relative: the id, where the range ends now
 */
export function rangeOf(query, {fallback = null, now = Date.now()} = {}) {
  const from = timeOf(query.get('from'));
  const to = timeOf(query.get('to'));
  if (from !== null || to !== null)
    return {from, to, relative: null};
  const id = RANGES.some((range) => range.id === query.get('range')) ?
    query.get('range') : fallback;
  const range = RANGES.find((one) => one.id === id);
  return range === undefined ? {from: null, to: null, relative: null} :
    {from: now - range.length, to: null, relative: id};
}
