// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An axis of time: the part of it that is seen, how that moves, and where its ticks are.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND,
  15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY];

/** The least that can be seen, in ms. */
export const LEAST = 20;

/**
 * @typedef {Object} Span
 * @property {number} from ms since the epoch
 * @property {number} to ms since the epoch, later than from
 */

/**
 * @param {Span} span
 * @param {Span} whole
 * @returns {Span} of the same length where that fits, within the whole
 */
export function within(span, whole) {
  const length = Math.min(Math.max(span.to - span.from, LEAST), whole.to - whole.from);
  const from = Math.min(Math.max(span.from, whole.from), whole.to - length);
  return {from, to: from + length};
}

/**
 * @param {Span} seen
 * @param {Span} whole
 * @param {number} factor below 1: nearer
 * @param {number} at 0 to 1: what of the seen part stays where it is
 * @returns {Span}
 */
export function zoom(seen, whole, factor, at = 0.5) {
  const length = seen.to - seen.from;
  const wanted = Math.max(length * factor, LEAST);
  const from = seen.from + (length - wanted) * at;
  return within({from, to: from + wanted}, whole);
}

/**
 * @param {Span} seen
 * @param {Span} whole
 * @param {number} share of the seen part; positive: later
 * @returns {Span}
 */
export function pan(seen, whole, share) {
  const by = (seen.to - seen.from) * share;
  return within({from: seen.from + by, to: seen.to + by}, whole);
}

/**
 * @param {Span} seen
 * @param {number} time
 * @returns {number} 0 at its begin, 1 at its end
 */
export function placeOf(seen, time) {
  return (time - seen.from) / (seen.to - seen.from);
}

/**
 * Round times. Those of an hour and more are round in the reader's zone.
 *
 * @param {Span} seen
 * @param {number} most how many there is room for
 * @param {number} zone ms that the reader's clock is ahead of UTC
 * @returns {{step: number, times: Array<number>}}
 */
export function ticksOf(seen, most, zone = 0) {
  const least = (seen.to - seen.from) / Math.max(most, 1);
  const step = STEPS.find((one) => one >= least) ?? Math.ceil(least / DAY) * DAY;
  const times = [];
  for (let time = Math.ceil((seen.from + zone) / step) * step - zone; time <= seen.to; time += step)
    times.push(time);
  return {step, times};
}

/**
 * Ticks of an axis that begins at 0.
 *
 * @param {number} length
 * @param {number} most
 * @returns {Array<number>} multiples of 1, 2 or 5 times a power of ten
 */
export function roundTicks(length, most) {
  if (!(length > 0))
    return [0];
  const least = length / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= least);
  return Array.from({length: Math.floor(length / step) + 1}, (_, index) => index * step);
}
