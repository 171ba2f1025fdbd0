// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The data of events as text: all of it, and what matters of it in a line.

const LONGEST_LINE = 160;

// What a line tells, in this order; the name stands in front where it says something.
const TOLD = [
  ['message', null], ['reason', null], ['diagnosis', null], ['comment', null],
  ['changedState', null], ['newState', 'to'], ['phase', null], ['cause', 'cause:'],
  ['disruptionType', null], ['mediaType', null], ['ssrc', 'SSRC'], ['overall', 'rated'],
  ['relayType', 'relay:'], ['userName', null],
];

const isScalar = (value) => value === null || typeof value !== 'object';

/**
 * @param {*} value of an event's data
 * @returns {string} JSON where it is nested
 */
export function textOf(value) {
  if (isScalar(value))
    return value === null ? '–' : String(value);
  return JSON.stringify(value, null, 2);
}

/**
 * @param {?Object} data of an event; null, or anything that is no object, has nothing
 * @returns {Array<{name: string, text: string, nested: boolean}>} one for each member
 */
export function membersOf(data) {
  if (data === null || typeof data !== 'object')
    return [];
  return Object.entries(data).map(([name, value]) =>
    ({name, text: textOf(value), nested: !isScalar(value)}));
}

function cut(text) {
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE - 1)}…` : text;
}

function knownParts(data) {
  const parts = TOLD
    .filter(([name]) => Object.hasOwn(data, name) && isScalar(data[name]) &&
      data[name] !== '' && data[name] !== null)
    .map(([name, word]) => word === null ? String(data[name]) : `${word} ${data[name]}`);
  if (typeof data.delay === 'number')
    parts.push(`after ${Math.round(data.delay)} ms`);
  return parts;
}

function deviceLabels(list) {
  return list.map((device) => device?.label ?? device?.kind).filter((label) =>
    typeof label === 'string');
}

/**
 * @param {{name: string, data: ?Object}} event
 * @returns {string} what matters of its data, in a line; '' where there is nothing
 */
export function lineOf(event) {
  const data = event.data;
  if (data === null || typeof data !== 'object')
    return '';
  if (Array.isArray(data.deviceList))
    return cut(deviceLabels(data.deviceList).join(', '));
  const parts = knownParts(data);
  if (parts.length > 0)
    return cut(parts.join(' · '));
  return cut(membersOf(data).filter(({nested}) => !nested).slice(0, 3)
    .map(({name, text}) => `${name}: ${text}`).join(' · '));
}
