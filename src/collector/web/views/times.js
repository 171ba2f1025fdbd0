// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Times of an axis in the reader's zone.

const DAY = 86_400_000;

const formats = [
  {least: DAY, format: new Intl.DateTimeFormat(undefined, {month: 'short', day: '2-digit'})},
  {least: 60_000, format: new Intl.DateTimeFormat(undefined, {hour: '2-digit',
    minute: '2-digit'})},
  {least: 1000, format: new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit',
    second: '2-digit'})},
  {least: 0, format: new Intl.DateTimeFormat(undefined, {minute: '2-digit', second: '2-digit',
    fractionalSecondDigits: 3})},
];

const exact = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit',
  second: '2-digit', fractionalSecondDigits: 3});
const zone = new Intl.DateTimeFormat('en', {timeZoneName: 'shortOffset'});

/**
 * @param {number} time ms since the epoch
 * @param {number} step ms between ticks
 * @returns {string} as exact as the step
 */
export function tickLabel(time, step) {
  return formats.find(({least}) => step >= least).format.format(time);
}

/** @returns {string} the time of day with milliseconds; a dash where there is none */
export function exactTime(time) {
  return Number.isFinite(time) ? exact.format(time) : '–';
}

/** @returns {number} ms that the reader's clock is ahead of UTC */
export function zoneOffset(time) {
  return -new Date(time).getTimezoneOffset() * 60_000;
}

/** @returns {string} "GMT+1" */
export function zoneName(time) {
  return zone.formatToParts(time).find(({type}) => type === 'timeZoneName')?.value ?? 'local';
}
