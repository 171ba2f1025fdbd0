// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The glyph of each kind of event: a shape of its own, since colours alone tell nobody enough.

import {svg} from '../lib/dom.js';

// Lines in a box from -5 to 5.
const PATHS = new Map(Object.entries({
  'failure': 'M-4 -4 L4 4 M4 -4 L-4 4',
  'one-way': 'M-5 0 H4 M1 -3 L4 0 L1 3 M-5 -4 V4',
  'error': 'M0 -5 V1 M0 4 V5',
  'disruption': 'M-5 0 L-2 0 L0 -5 L1 5 L3 0 L5 0',
  'stall': 'M-4 -4 H4 V4 H-4 Z',
  'connection': 'M-4 1 L-1 4 L4 -4',
  'begun': 'M-3 5 V-5 M-3 -5 L4 -2 L-3 1',
  'transport': 'M-5 -2 H4 L2 -4 M5 2 H-4 L-2 4',
  'people': 'M0 -5 A2 2 0 1 1 0 -1 A2 2 0 1 1 0 -5 M-4 5 A4 5 0 0 1 4 5',
  'mute': 'M-2 -5 H2 V1 H-2 Z M0 1 V5 M-5 5 L5 -5',
  'video': 'M-5 -3 H1 V3 H-5 Z M1 0 L5 -3 V3 Z',
  'hold': 'M-2 -4 V4 M2 -4 V4',
  'screen': 'M-5 -4 H5 V2 H-5 Z M-2 5 H2',
  'speaker': 'M-4 -2 H-2 L1 -4 V4 L-2 2 H-4 Z M3 -2 A3 3 0 0 1 3 2',
  'devices': 'M-4 1 A4 5 0 0 1 4 1 M-4 1 V4 M4 1 V4',
  'playback': 'M-3 -4 L4 0 L-3 4 Z',
  'feedback': 'M0 -5 L1.5 -1.5 L5 -1.5 L2 1 L3 5 L0 2.5 L-3 5 L-2 1 L-5 -1.5 L-1.5 -1.5 Z',
  'log': 'M-4 -4 H4 M-4 0 H4 M-4 4 H1',
  'custom': 'M0 -5 L5 0 L0 5 L-5 0 Z',
  'other': 'M-3 0 A3 3 0 1 1 3 0 A3 3 0 1 1 -3 0',
  'technical': 'M-5 3 H-1 V-3 H5',
}));

/**
 * @param {string} kind an id of models/event-kinds.js
 * @returns {SVGElement} around the origin, 10 px wide
 */
export function glyph(kind) {
  return svg('path', {class: 'glyph', d: PATHS.get(kind) ?? PATHS.get('other')});
}

/**
 * @param {string} kind
 * @returns {SVGElement} for text
 */
export function icon(kind) {
  return svg('svg', {class: `icon kind-${kind}`, viewBox: '-7 -7 14 14', width: 16, height: 16,
    'aria-hidden': 'true'}, glyph(kind));
}
