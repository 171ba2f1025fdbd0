// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where the lanes of a timeline are, in px. Pure.

/** Above the bars names have a line of their own where there is less room than this. */
const NARROW = 640;
const GUTTER = 190;
const MARKS = 24;
const BAR = 10;
const NAME = 20;
const INSET = 12; // so that marks at the ends are seen

/** How high the axis is. */
export const AXIS = 24;
/** Marks that are nearer than this are one. */
export const APART = 22;

/**
 * @typedef {Object} Row
 * @property {import('../models/lanes.js').Lane} lane
 * @property {number} y its top
 * @property {number} marksY the middle of its marks
 * @property {number} barY the top of its bar
 * @property {number} barHeight
 * @property {number} height
 *
 * @typedef {Object} Layout
 * @property {boolean} narrow
 * @property {number} left where times begin
 * @property {number} width from there on
 * @property {number} inset of that on either side, where no time is
 * @property {number} height of all rows
 * @property {Array<Row>} rows
 */

/**
 * @param {Array<import('../models/lanes.js').Lane>} lanes
 * @param {number} width of all
 * @returns {Layout}
 */
export function layOut(lanes, width) {
  const narrow = width < NARROW;
  const left = narrow ? 0 : GUTTER;
  const rows = [];
  let y = 0;
  for (const lane of lanes) {
    const top = y + (lane.type === 'participant' && rows.length > 0 ? 8 : 0);
    const content = top + (narrow ? NAME : 0);
    const barHeight = lane.type === 'participant' ? 4 : BAR;
    rows.push({lane, y: top, marksY: content + MARKS / 2, barY: content + MARKS,
      barHeight, height: (narrow ? NAME : 0) + MARKS + barHeight + 4});
    y = top + rows.at(-1).height;
  }
  return {narrow, left, width: Math.max(width - left, 50), inset: INSET, height: y + 4, rows};
}
