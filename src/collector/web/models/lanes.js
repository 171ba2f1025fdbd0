// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The lanes of a timeline: one for each participant, with one for each of their fabrics below.

import {findKind, kindOf} from './event-kinds.js';

/**
 * @typedef {Object} Lane
 * @property {string} key that stays the same while a call goes on
 * @property {'participant'|'fabric'} type
 * @property {string} user
 * @property {?string} fabric
 * @property {?string} remoteUser
 * @property {Array<{from: number, to: number, state: string}>} spans
 * @property {Array<{from: number, to: number, reason: string}>} gaps in what was reported
 * @property {Array<Object>} events oldest first
 */

function groupBy(list, key) {
  const found = new Map();
  for (const one of list) {
    if (!found.has(key(one)))
      found.set(key(one), []);
    found.get(key(one)).push(one);
  }
  return found;
}

// Who left and came back was away in between.
function presence(row, events, end) {
  const spans = [];
  let since = null;
  for (const event of events) {
    if (event.name === 'userJoined' && since === null)
      since = event.time;
    if (event.name === 'userLeft' && since !== null && event.time > since) {
      spans.push({from: since, to: event.time, state: 'present'});
      since = null;
    }
  }
  if (since !== null && Math.max(row.left ?? end, since) > since)
    spans.push({from: since, to: row.left !== null && row.left > since ? row.left : end,
      state: 'present'});
  if (spans.length === 0 && row.joined !== null && (row.left ?? end) > row.joined)
    spans.push({from: row.joined, to: row.left ?? end, state: 'present'});
  return spans;
}

function fabricLane(story) {
  const {row} = story;
  return {key: `fabric ${row.fabric}`, type: 'fabric', user: row.user, fabric: row.fabric,
    remoteUser: row.remoteUser, spans: story.spans, gaps: [], events: story.events};
}

// Events may name a user who never joined.
function usersOf(call, stories) {
  const users = new Map([...call.participants].map(([user, row]) => [user, row]));
  [...call.events, ...stories.map(({row}) => row)].forEach(({user}) => users.has(user) ||
    users.set(user, {user, userName: null, joined: null, left: null, endpointInfo: null}));
  return users;
}

/**
 * @param {import('./call.js').Call} call
 * @param {Array<import('./fabric-story.js').Story>} stories
 * @param {number} end of the call, or now
 * @param {Array<{user: string, from: number, to: number, reason: string}>} gaps of gap records
 * @returns {Array<Lane>} in the order in which people joined
 */
export function lanesOf(call, stories, end, gaps = []) {
  const own = groupBy(call.events.filter(({fabric}) => fabric === null || fabric === undefined),
    ({user}) => user);
  const fabrics = groupBy(stories, ({row}) => row.user);
  const users = [...usersOf(call, stories).values()];
  users.sort((a, b) => (a.joined ?? Infinity) - (b.joined ?? Infinity) || 0);
  return users.flatMap((row) => [
    {key: `user ${row.user}`, type: 'participant', user: row.user, fabric: null,
      remoteUser: null, spans: presence(row, own.get(row.user) ?? [], end),
      gaps: gaps.filter(({user}) => user === row.user), events: own.get(row.user) ?? []},
    ...(fabrics.get(row.user) ?? []).map(fabricLane)]);
}

/**
 * @typedef {Object} Mark
 * @property {string} key that stays the same while its events do
 * @property {number} time of its first event
 * @property {string} kind of the gravest event
 * @property {Array<Object>} events
 */

function markOf(lane, events) {
  const kinds = events.map((event) => findKind(kindOf(event)));
  const worst = kinds.reduce((most, kind) => kind.grave > most.grave ? kind : most);
  return {key: JSON.stringify([lane.key, events[0].time, events[0].name, events.length]),
    time: events[0].time, kind: worst.id, events};
}

/**
 * Marks of what is seen of a lane; those that would lie on each other are one.
 *
 * @param {Lane} lane
 * @param {{from: number, to: number}} seen
 * @param {number} apart ms that marks must be apart
 * @param {Set<string>} hidden kinds that are not shown
 * @returns {Array<Mark>} in order
 */
export function marksOf(lane, seen, apart, hidden) {
  const marks = [];
  let group = [];
  for (const event of lane.events) {
    if (event.time < seen.from || event.time > seen.to || hidden.has(kindOf(event)))
      continue;
    if (group.length > 0 && event.time - group[0].time >= apart) {
      marks.push(markOf(lane, group));
      group = [];
    }
    group.push(event);
  }
  if (group.length > 0)
    marks.push(markOf(lane, group));
  return marks;
}

/**
 * The mark to go to from one, by arrow keys.
 *
 * @param {Array<Array<Mark>>} rows marks by lane
 * @param {{row: number, index: number}} at
 * @param {string} key ArrowLeft, ArrowRight, ArrowUp, ArrowDown, Home or End
 * @returns {?{row: number, index: number}} null: there is none that way
 */
export function nextMark(rows, at, key) {
  const index = {ArrowLeft: at.index - 1, ArrowRight: at.index + 1, Home: 0,
    End: rows[at.row].length - 1}[key];
  if (index !== undefined)
    return rows[at.row][index] === undefined ? null : {row: at.row, index};
  const step = key === 'ArrowUp' ? -1 : key === 'ArrowDown' ? 1 : 0;
  if (step === 0)
    return null;
  let row = at.row + step;
  while (rows[row] !== undefined && rows[row].length === 0)
    row += step;
  if (rows[row] === undefined)
    return null;
  const {time} = rows[at.row][at.index];
  const nearest = rows[row].reduce((best, mark, i) =>
    Math.abs(mark.time - time) < Math.abs(rows[row][best].time - time) ? i : best, 0);
  return {row, index: nearest};
}
