// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The bar above a group of charts: which times they show, where the cursor is, and zooming for
// those who do not drag.

import {h} from '../lib/dom.js';
import {clock, dateTime, duration} from '../lib/format.js';

function spanText(span) {
  return span === null ? '' :
    `${dateTime(span.from)} – ${clock(span.to)} (${duration(span.to - span.from)})`;
}

/**
 * @param {import('./group.js').ChartGroup} group
 * @param {...Node} more at the end of the bar
 * @returns {HTMLElement}
 */
export function chartBar(group, ...more) {
  const button = (text, title, onclick) => h('button', {type: 'button', title, onclick}, text);
  const span = h('span', {class: 'span'});
  const cursor = h('span', {class: 'cursor-time'});
  const reset = button('Reset zoom', 'Show all (Escape, or a double click)',
    () => group.setZoom(null));
  const earlier = button('◀ Earlier', 'Earlier times', () => group.moveBy(-0.5));
  const later = button('Later ▶', 'Later times', () => group.moveBy(0.5));
  const show = () => {
    span.textContent = spanText(group.span());
    for (const node of [reset, earlier, later])
      node.disabled = group.zoom === null;
  };
  group.listen({span: show, cursor: (time) => {
    cursor.textContent = time === null ? '' : `Cursor ${clock(time)}`;
  }});
  show();
  return h('div', {class: 'chart-bar', role: 'group', 'aria-label': 'Times of the charts'},
    h('div', {class: 'buttons'},
      button('Zoom in', 'Half the time (+), or drag over a chart', () => group.zoomBy(0.5)),
      button('Zoom out', 'Twice the time (-)', () => group.zoomBy(2)), earlier, later, reset),
    span, cursor, ...more);
}

/**
 * @param {Array<{sign: string, title: string, kind: string, count: number}>} kinds of marks
 * @returns {HTMLElement} what the signs above the charts mean
 */
export function markLegend(kinds) {
  return h('ul', {class: 'mark-legend', 'aria-label': 'Events marked in the charts',
    hidden: kinds.length === 0}, kinds.map(({sign, title, kind, count}) =>
    h('li', {dataset: {kind}}, h('b', null, sign), ' ', title, count > 1 ? ` (${count})` : '')));
}
