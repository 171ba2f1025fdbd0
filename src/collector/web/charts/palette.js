// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Colours for canvases, of the theme as it is now.

import {colour, theme} from '../lib/theme.js';

const found = new Map();
theme.addEventListener('change', () => found.clear());

/** How many colours series have. */
export const COLOURS = 8;

/** Line patterns, so that nobody needs colours to tell lines apart. */
export const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

/**
 * @param {string} token of style/base.css
 * @returns {string} as rgb()
 */
export function ink(token) {
  if (!found.has(token))
    found.set(token, colour(token));
  return found.get(token);
}

/**
 * @param {string} token
 * @param {number} alpha 0 to 1
 * @returns {string} the colour, so much of it
 */
export function faint(token, alpha) {
  const [red, green, blue] = ink(token).match(/[\d.]+/g);
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @returns {CanvasPattern} slanting lines: here is nothing
 */
export function hatch(ctx) {
  if (!found.has('hatch')) {
    const tile = document.createElement('canvas');
    const size = Math.round(8 * devicePixelRatio);
    tile.width = tile.height = size;
    const pen = tile.getContext('2d');
    pen.strokeStyle = faint('--gap', 0.55);
    pen.lineWidth = devicePixelRatio;
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift, size);
      pen.lineTo(shift + size, 0);
    }
    pen.stroke();
    found.set('hatch', ctx.createPattern(tile, 'repeat'));
  }
  return found.get('hatch');
}
