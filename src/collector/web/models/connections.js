// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Connections: a fabric is one end of one, and often both ends report.

/**
 * @typedef {Object} Connection
 * @property {Array<import('./fabric-story.js').Story>} ends one or two; the one that failed or was
 *   dropped first stands first
 * @property {boolean} setUp at both ends, as far as they report
 * @property {boolean} failed at an end
 */

/**
 * @param {?Object} summary ConferenceSummary of the API
 * @returns {Map<string, string>} fabric to the fabric at the other end
 */
export function pairsOf(summary) {
  return new Map((summary?.fabricSummaries ?? [])
    .filter(({pairedConnectionID}) => pairedConnectionID !== null)
    .map((fabric) => [fabric.connectionID, fabric.pairedConnectionID]));
}

const beganAt = (story) => story.row.added ?? story.events[0]?.time ?? story.row.firstReport ?? 0;

const keyOf = (user, remoteUser) => JSON.stringify([user, remoteUser]);

function byUsers(stories) {
  const found = new Map();
  for (const story of stories) {
    const key = keyOf(story.row.user, story.row.remoteUser);
    found.set(key, [...found.get(key) ?? [], story]);
  }
  return found;
}

// Users that name each other may have had several connections, one after the other.
function guessOther(story, candidates, free) {
  const {user, remoteUser} = story.row;
  const fitting = (remoteUser === null ? [] : candidates.get(keyOf(remoteUser, user)) ?? [])
    .filter((other) => free.has(other));
  return fitting.reduce((best, other) => best === null ||
    Math.abs(beganAt(other) - beganAt(story)) < Math.abs(beganAt(best) - beganAt(story)) ?
    other : best, null);
}

function troubleTime(story) {
  return story.failure?.time ?? story.drops[0]?.event.time ?? story.row.failed ?? Infinity;
}

function connectionOf(ends) {
  const sorted = ends.sort((a, b) => troubleTime(a) - troubleTime(b) || beganAt(a) - beganAt(b));
  return {ends: sorted, setUp: sorted.every(({setUp}) => setUp),
    failed: sorted.some(({failed}) => failed)};
}

/**
 * @param {Array<import('./fabric-story.js').Story>} stories
 * @param {Map<string, string>} pairs of pairsOf(); others are guessed by users that name each other
 * @returns {Array<Connection>} in the order in which they began
 */
export function connectionsOf(stories, pairs) {
  const byFabric = new Map(stories.map((story) => [story.row.fabric, story]));
  const free = new Set([...stories].sort((a, b) => beganAt(a) - beganAt(b)));
  const guessable = byUsers([...free].filter((story) => !pairs.has(story.row.fabric)));
  const found = [];
  for (const story of free) {
    free.delete(story);
    const paired = byFabric.get(pairs.get(story.row.fabric));
    const other = pairs.has(story.row.fabric) ? free.has(paired) ? paired : null :
      guessOther(story, guessable, free);
    if (other !== null)
      free.delete(other);
    found.push(connectionOf(other === null ? [story] : [story, other]));
  }
  return found;
}
