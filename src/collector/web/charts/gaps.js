// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Times of which nothing is known, and why.

/**
 * @typedef {{from: number, to: number, reason: string, of?: string}} Gap ms since the epoch; of:
 *   whose it is, where a chart has several
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
 * @returns {string} why there are any, and how many; '': there are none
 */
export function gapsText(gaps) {
  const counts = new Map();
  for (const {reason, of} of gaps) {
    const text = of === undefined ? gapText(reason).long : `${of}: ${gapText(reason).long}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => count > 1 ? `${text} (${count} times)` : text)
    .join('; ');
}
