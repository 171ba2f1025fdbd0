// SPDX-License-Identifier: LGPL-2.1-or-later
//
// All that is known of a conference: the API's answer, and what live updates bring after it.

/**
 * @typedef {Object} Call
 * @property {string} id of the conference
 * @property {string} occurrence
 * @property {boolean} ended
 * @property {number} start ms since the epoch
 * @property {number} lastSeen ms since the epoch
 * @property {?number} score the lowest of its fabrics' medians
 * @property {?string} site
 * @property {boolean} truncated there is more than is here
 * @property {Map<string, Object>} participants by user: Participant of the API
 * @property {Map<string, Object>} fabrics by id: FabricRow of the API
 * @property {Array<Object>} events of the API, oldest first
 */

/**
 * @param {Object} detail Conference of the API
 * @returns {Call}
 */
export function callOf(detail) {
  const call = {participants: new Map(), fabrics: new Map(), events: [],
    truncated: detail.truncated === true};
  takeRow(call, detail);
  detail.participants.forEach((row) => takeParticipant(call, row));
  detail.fabrics.forEach((row) => takeFabric(call, row));
  takeEvents(call, detail.events);
  return call;
}

/**
 * @param {Call} call
 * @param {Object} row ConferenceRow, or Conference, of the API
 */
export function takeRow(call, row) {
  Object.assign(call, {id: row.conference, occurrence: row.occurrence, ended: row.ended,
    start: row.start, lastSeen: row.lastSeen, score: row.score ?? null, site: row.site ?? null});
}

/**
 * @param {Call} call
 * @param {Object} row Participant of the API
 */
export function takeParticipant(call, row) {
  call.participants.set(row.user, row);
}

/**
 * @param {Call} call
 * @param {Object} row FabricRow of the API
 */
export function takeFabric(call, row) {
  call.fabrics.set(row.fabric, row);
}

/**
 * @param {Call} call
 * @param {Array<Object>} events of the API in any order
 */
export function takeEvents(call, events) {
  const timed = events.filter((event) => Number.isFinite(event.time));
  call.events = call.events.concat(timed).sort((a, b) => a.time - b.time);
}

function keyOf(event) {
  return JSON.stringify([event.time, event.user, event.fabric, event.name, event.data]);
}

/**
 * As takeEvents(), for events some of which may be there already.
 *
 * @param {Call} call
 * @param {Array<Object>} events
 * @returns {number} how many were new
 */
export function takeMissingEvents(call, events) {
  const known = new Set(call.events.map(keyOf));
  const missing = events.filter((event) => !known.has(keyOf(event)));
  takeEvents(call, missing);
  return missing.length;
}

/**
 * @param {Call} call
 * @returns {Map<string, Array<Object>>} events by fabric, oldest first; also of fabrics that
 *   have no row
 */
export function eventsByFabric(call) {
  const found = new Map();
  for (const event of call.events) {
    if (event.fabric === null || event.fabric === undefined)
      continue;
    if (!found.has(event.fabric))
      found.set(event.fabric, []);
    found.get(event.fabric).push(event);
  }
  return found;
}

const SLACK = 3_600_000;

/**
 * The times that the axis has. A clock that is hours off does not stretch it.
 *
 * @param {Call} call
 * @param {number} now where it goes on
 * @returns {{from: number, to: number}} at least a second long
 */
export function wholeOf(call, now) {
  const bounds = {from: call.start - SLACK, to: Math.max(call.lastSeen, now) + SLACK};
  const told = [...call.participants.values()].flatMap((row) => [row.joined, row.left])
    .concat([...call.fabrics.values()].flatMap((row) =>
      [row.added, row.terminated, row.lastReport]));
  const times = told.concat(call.events.map((event) => event.time))
    .filter((time) => Number.isFinite(time) && time >= bounds.from && time <= bounds.to);
  const from = times.reduce((least, time) => Math.min(least, time), call.start);
  const to = times.reduce((most, time) => Math.max(most, time), call.ended ? call.lastSeen : now);
  return {from, to: Math.max(to, from + 1000)};
}
