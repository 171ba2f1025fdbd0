// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What axes and texts of charts say: units, scales, times, and a chart in a sentence.

import {withUnit} from '../lib/format.js';

/**
 * @typedef {Object} Measure how values are told
 * @property {'bit/s'|'1/s'|'1'|'s'|'px'} unit
 * @property {boolean} [share] the unit 1 is a part of a whole: told in per cent
 * @property {string} [unitLabel] what the axis says, where the unit says too little
 * @property {boolean} [whole] there are no fractions
 * @property {[number, number]} [range] where it is known
 */

const MINUTE = 60_000;
const DAY = 86_400_000;

const LEAST_TOP = {'bit/s': 1000, '1/s': 1, 's': 0.01, 'px': 100, '1': 1};

const STEPS = {
  'bit/s': [[1e9, 'Gbit/s'], [1e6, 'Mbit/s'], [1e3, 'kbit/s'], [1, 'bit/s']],
  's': [[10, 's'], [0, 'ms']],
};

/**
 * @param {Measure} measure
 * @param {number} top the greatest value in view
 * @returns {{divisor: number, label: string}} by what to divide for the axis, and its unit then
 */
export function axisScale({unit, share = false, unitLabel}, top) {
  if (unit === 's') {
    const label = STEPS.s.find(([least]) => top >= least)[1];
    return {divisor: label === 's' ? 1 : 0.001, label};
  }
  if (unit === 'bit/s') {
    const [divisor, label] = STEPS[unit].find(([least]) => top >= least) ?? [1, 'bit/s'];
    return {divisor, label};
  }
  return share ? {divisor: 0.01, label: '%'} :
    {divisor: 1, label: unitLabel ?? (unit === '1' ? '' : unit)};
}

/**
 * @param {Measure} measure
 * @param {?number} top the greatest value in view; null: there is none
 * @returns {[number, number]} what the axis shows
 */
export function axisRange({unit, share = false, range}, top) {
  if (range !== undefined)
    return range;
  const least = share ? 0.01 : LEAST_TOP[unit] ?? 1;
  return [0, Math.max((top ?? 0) * 1.08, least)];
}

const formats = new Map();

// Making one takes much longer than using it.
function formatOf(Format, options) {
  const key = `${Format.name} ${JSON.stringify(options)}`;
  if (!formats.has(key))
    formats.set(key, new Format(undefined, options));
  return formats.get(key);
}

/**
 * @param {Array<number>} splits where the axis has values
 * @param {number} divisor
 * @returns {Array<string>} as many digits for each as the least step needs
 */
export function axisValues(splits, divisor) {
  const step = splits.length > 1 ? (splits[1] - splits[0]) / divisor : 1;
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
  const most = Number.isInteger(Number((step * 10 ** digits).toFixed(6))) ? digits : digits + 1;
  const format = formatOf(Intl.NumberFormat,
    {minimumFractionDigits: most, maximumFractionDigits: most});
  return splits.map((value) => format.format(value / divisor));
}

/**
 * @param {Array<number>} splits ms since the epoch
 * @param {number} step between them
 * @returns {Array<string>} local times: of a day, or days
 */
export function timeValues(splits, step) {
  const day = formatOf(Intl.DateTimeFormat, {month: 'short', day: 'numeric'});
  const clock = formatOf(Intl.DateTimeFormat, step >= MINUTE ?
    {hour: '2-digit', minute: '2-digit'} : {hour: '2-digit', minute: '2-digit', second: '2-digit',
      fractionalSecondDigits: step < 1000 ? step < 100 ? 2 : 1 : undefined});
  return splits.map((split) => {
    const time = new Date(split);
    const midnight = time.getHours() === 0 && time.getMinutes() === 0 && time.getSeconds() === 0;
    return step >= DAY || (midnight && step >= MINUTE) ? day.format(time) : clock.format(time);
  });
}

/**
 * @param {Array<?number|undefined>} values
 * @returns {?{min: number, max: number, last: number}} null: there is none
 */
export function figures(values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length === 0 ? null : {
    min: known.reduce((least, value) => Math.min(least, value)),
    max: known.reduce((most, value) => Math.max(most, value)),
    last: known.at(-1),
  };
}

/**
 * @param {number} value
 * @param {Measure} measure
 * @returns {string} with its unit
 */
export function valueText(value, {unit, share = false, unitLabel}) {
  const text = withUnit(value, unit, {share});
  return unit === '1' && !share && unitLabel !== undefined && text !== '–' &&
    unitLabel.length < 8 ? `${text} ${unitLabel}` : text;
}

/**
 * @param {string} title
 * @param {Measure} measure
 * @param {Array<{label: string, values: Array<?number>}>} series
 * @returns {string} what a chart shows, for those who do not see it
 */
export function describe(title, measure, series) {
  const parts = series.map(({label, values}) => {
    const found = figures(values);
    return found === null ? `${label}: nothing` :
      `${label}: last ${valueText(found.last, measure)}, from ${valueText(found.min, measure)} ` +
      `to ${valueText(found.max, measure)}`;
  });
  return `${title}, chart over time with ${series.length} ` +
    `${series.length === 1 ? 'line' : 'lines'}. ${parts.join('. ')}`;
}

/**
 * The place of a time.
 *
 * @param {Array<number>} times ascending
 * @param {number} time
 * @returns {number} of the nearest; -1: there is none
 */
export function nearest(times, time) {
  if (times.length === 0)
    return -1;
  let low = 0;
  let high = times.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time)
      low = middle;
    else
      high = middle;
  }
  return time - times[low] <= times[high] - time ? low : high;
}

/**
 * @param {Array<number>} times ascending
 * @param {number} time
 * @param {number} steps negative: to earlier ones
 * @returns {?number} the time so many steps from there, or the last one on the way; null: there
 *   are none
 */
export function stepFrom(times, time, steps) {
  if (times.length === 0)
    return null;
  const beyond = steps > 0 ? times.findIndex((one) => one > time) :
    times.findLastIndex((one) => one < time);
  if (beyond < 0)
    return steps > 0 ? times.at(-1) : times[0];
  const at = beyond + steps - Math.sign(steps);
  return times[Math.max(0, Math.min(times.length - 1, at))];
}

/**
 * @param {Array<?number|undefined>} values undefined: this line has no such time
 * @param {number} index
 * @returns {?number} the value there, or of the line's nearest time
 */
export function valueNear(values, index) {
  for (let away = 0; away < values.length; away++) {
    for (const at of [index - away, index + away]) {
      if (values[at] !== undefined)
        return values[at];
    }
  }
  return null;
}

/**
 * Points with nothing on either side, which no line would show.
 *
 * @param {Array<?number|undefined>} values
 * @returns {Array<number>} their places
 */
export function lonePoints(values) {
  const defined = [];
  values.forEach((value, at) => value !== undefined && defined.push(at));
  return defined.filter((at, place) => values[at] !== null &&
    (values[defined[place - 1]] ?? null) === null && (values[defined[place + 1]] ?? null) === null);
}
