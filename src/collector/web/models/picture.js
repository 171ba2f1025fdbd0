// SPDX-License-Identifier: LGPL-2.1-or-later
//
// All that the view of a conference shows, made of what is known of it.

import {eventsByFabric, wholeOf} from './call.js';
import {diagnose} from './diagnosis.js';
import {storyOf} from './fabric-story.js';
import {lanesOf} from './lanes.js';

/**
 * @typedef {Object} Picture
 * @property {import('./call.js').Call} call
 * @property {?Object} summary ConferenceSummary of the API
 * @property {number} end of the call, or now
 * @property {{from: number, to: number}} whole times of the axis
 * @property {Array<import('./fabric-story.js').Story>} stories
 * @property {import('./diagnosis.js').Verdict} verdict
 * @property {Array<import('./lanes.js').Lane>} lanes
 * @property {Map<string, string>} pairs fabric to the fabric at its other end
 */

function storiesOf(call, open) {
  const events = eventsByFabric(call);
  const told = [...events.keys()].filter((fabric) => !call.fabrics.has(fabric));
  return [...[...call.fabrics.values()].map((row) =>
    storyOf(row, events.get(row.fabric) ?? [], open)),
  ...told.map((fabric) => storyOf(null, events.get(fabric), open, fabric))];
}

function otherEnds(connections) {
  return new Map(connections.filter(({ends}) => ends.length === 2).flatMap(({ends: [a, b]}) =>
    [[a.row.fabric, b.row.fabric], [b.row.fabric, a.row.fabric]]));
}

/**
 * @param {import('./call.js').Call} call
 * @param {Object} more
 * @param {?Object} more.summary
 * @param {Map<string, Array<string>>} more.reasons of low scores by fabric
 * @param {Array<{user: string, from: number, to: number, reason: string}>} more.gaps
 * @param {number} more.now by the clock of the call
 * @returns {Picture}
 */
export function pictureOf(call, {summary, reasons, gaps, now}) {
  const end = call.ended ? call.lastSeen : now;
  const stories = storiesOf(call, call.ended ? null : now);
  const verdict = diagnose({call, stories, summary, reasons, end});
  return {call, summary, end, whole: wholeOf(call, end), stories, verdict,
    lanes: lanesOf(call, stories, end, gaps), pairs: otherEnds(verdict.connections)};
}
