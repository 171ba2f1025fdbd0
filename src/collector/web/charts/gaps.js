// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Times of which nothing is known, and why.

/**
 * @typedef {{from: number, to: number, reason: string}} Gap ms since the epoch
 */

const REASONS = new Map([
  ['silent', {short: 'no reports', long: 'no reports came'}],
  ['hold', {short: 'on hold', long: 'on hold'}],
  ['memory', {short: 'no memory', long: 'given up by the client: no memory left'}],
  ['disk', {short: 'no disk', long: 'given up by the client: no room on its disk'}],
  ['age', {short: 'too old', long: 'given up by the client: too old'}],
  ['size', {short: 'too large', long: 'given up by the client: too large'}],
  ['dropped', {short: 'given up', long: 'given up by the client'}],
]);

/**
 * @param {string} reason
 * @returns {{short: string, long: string}} a reason that is not known is told as it is
 */
export function gapText(reason) {
  return REASONS.get(reason) ?? {short: reason, long: reason};
}

/**
 * @param {Array<Gap>} gaps
 * @returns {Array<{reason: string, count: number}>} in the order in which they first come
 */
export function countGaps(gaps) {
  const counts = new Map();
  for (const {reason} of gaps)
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => ({reason, count}));
}
