// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers and times for people, in the reader's language and time zone. null is a dash.

const NONE = '–';

const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);

const dayFormat = new Intl.DateTimeFormat(undefined,
  {year: 'numeric', month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit',
    second: '2-digit'});
const clockFormat = new Intl.DateTimeFormat(undefined,
  {hour: '2-digit', minute: '2-digit', second: '2-digit'});

// Making one takes much longer than using it.
const numberFormats = [0, 1, 2, 3].map((most) =>
  new Intl.NumberFormat(undefined, {maximumFractionDigits: most}));

function digits(value, most) {
  return numberFormats[most].format(value);
}

// Three significant digits, so that columns can be compared.
function short(value) {
  return digits(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

/** @param {?number} ms since the epoch */
export function dateTime(ms) {
  return known(ms) ? dayFormat.format(ms) : NONE;
}

/** @param {?number} ms since the epoch; the time of day */
export function clock(ms) {
  return known(ms) ? clockFormat.format(ms) : NONE;
}

/**
 * @param {?number} ms since the epoch
 * @param {number=} now
 * @returns {string} how long ago that was, in its largest unit
 */
export function ago(ms, now = Date.now()) {
  if (!known(ms))
    return NONE;
  const seconds = Math.round((now - ms) / 1000);
  if (Math.abs(seconds) < 5)
    return 'now';
  const steps = [[86_400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const [scale, unit] = steps.find(([least]) => Math.abs(seconds) >= least);
  const length = `${Math.floor(Math.abs(seconds) / scale)} ${unit}`;
  return seconds < 0 ? `in ${length}` : `${length} ago`;
}

/** @param {?number} ms how long something took, in hours, minutes and seconds */
export function duration(ms) {
  if (!known(ms))
    return NONE;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60)
    return `${seconds} s`;
  if (seconds < 3600)
    return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}

/** @param {?number} ms a delay */
export function delay(ms) {
  if (!known(ms))
    return NONE;
  return Math.abs(ms) < 10_000 ? `${digits(ms, Math.abs(ms) < 10 ? 1 : 0)} ms` :
    `${digits(ms / 1000, 1)} s`;
}

/** @param {?number} value bit/s */
export function bitrate(value) {
  if (!known(value))
    return NONE;
  const steps = [[1e9, 'Gbit/s'], [1e6, 'Mbit/s'], [1e3, 'kbit/s']];
  const [scale, unit] = steps.find(([least]) => Math.abs(value) >= least) ?? [1, 'bit/s'];
  return `${short(value / scale)} ${unit}`;
}

/** @param {?number} share 0 to 1 */
export function percent(share) {
  return known(share) ? `${short(share * 100)} %` : NONE;
}

/** @param {?number} value a plain number */
export function number(value) {
  return known(value) ? short(value) : NONE;
}

/** @param {?number} value how many */
export function count(value) {
  return known(value) ? digits(value, 0) : NONE;
}

/** @param {?number} value 1 to 5, a mean opinion score */
export function score(value) {
  return known(value) ? value.toLocaleString(undefined,
    {minimumFractionDigits: 1, maximumFractionDigits: 1}) : NONE;
}

/**
 * @param {?number} value
 * @param {string} unit of a series: bit/s, s, 1/s, px, 1 or word
 * @param {{share?: boolean}=} options share: the unit 1 is a part of a whole
 */
export function withUnit(value, unit, {share = false} = {}) {
  if (!known(value))
    return NONE;
  switch (unit) {
    case 'bit/s': return bitrate(value);
    case 's': return delay(value * 1000);
    case '1/s': return `${short(value)} /s`;
    case 'px': return `${digits(value, 0)} px`;
    default: return share ? percent(value) : number(value);
  }
}
