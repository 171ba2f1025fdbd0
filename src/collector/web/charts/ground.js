// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What stands behind the lines of a chart: gaps, hatched and named, and marks of events.

import {gapText} from './gaps.js';
import {hatch, ink} from './palette.js';

const FONT = '11px system-ui, sans-serif';

/** Colours of marks, by kind. */
export const MARK_TOKENS = {
  good: '--good', warn: '--warn', bad: '--bad', info: '--link', picked: '--text',
};

const scaled = (font) => font.replace(/^\d+/, (size) => Math.round(size * devicePixelRatio));

function edges(plot, from, to) {
  const {left, width} = plot.bbox;
  const clamp = (x) => Math.max(left, Math.min(left + width, x));
  return [clamp(plot.valToPos(from, 'x', true)), clamp(plot.valToPos(to, 'x', true))];
}

/**
 * @param {Object} plot of uPlot
 * @param {Array<import('./gaps.js').Gap>} gaps
 */
export function drawGaps(plot, gaps) {
  const {ctx, bbox} = plot;
  ctx.save();
  ctx.font = scaled(FONT);
  ctx.textAlign = 'center';
  const shown = gaps.map(({from, to, reason}) => [...edges(plot, from, to), reason])
    .filter(([left, right]) => right - left >= 1);
  ctx.fillStyle = hatch(ctx);
  for (const [left, right] of shown)
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
  // Gaps of two ends may lie over each other; their names must not.
  let taken = -Infinity;
  for (const [left, right, reason] of shown)
    taken = nameGap(ctx, gapText(reason).short,
      {left: Math.max(left, taken), right, bottom: bbox.top + bbox.height}) ?? taken;
  ctx.restore();
}

// Returns where the name ends; null: there is no room for it.
function nameGap(ctx, text, {left, right, bottom}) {
  const width = ctx.measureText(text).width;
  const height = 15 * devicePixelRatio;
  if (width + 8 > right - left)
    return null;
  const middle = (left + right) / 2;
  ctx.fillStyle = ink('--ground');
  ctx.fillRect(middle - width / 2 - 3, bottom - height - 4, width + 6, height);
  ctx.fillStyle = ink('--soft');
  ctx.fillText(text, middle, bottom - height + 7 * devicePixelRatio);
  return middle + width / 2 + 3;
}

/**
 * @param {Object} plot of uPlot
 * @param {Array<{time: number, kind: string, sign?: string}>} marks
 */
export function drawMarks(plot, marks) {
  const {ctx, bbox, scales: {x}} = plot;
  ctx.save();
  ctx.font = scaled(FONT);
  ctx.textAlign = 'center';
  let taken = -Infinity;
  for (const {time, kind, sign} of marks) {
    if (time < x.min || time > x.max)
      continue;
    const at = Math.round(plot.valToPos(time, 'x', true)) + 0.5;
    ctx.strokeStyle = ctx.fillStyle = ink(MARK_TOKENS[kind] ?? '--soft');
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(kind === 'picked' ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    // A sign that would stand on the one before is left out; the list below has all.
    if (sign !== undefined && at - taken > 12 * devicePixelRatio) {
      ctx.fillText(sign, at, bbox.top - 3 * devicePixelRatio);
      taken = at;
    }
  }
  ctx.restore();
}
