// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rows of named stretches of time, below the charts whose axis they share.

import {h} from '../lib/dom.js';
import {clock} from '../lib/format.js';
import {groupOf} from './group.js';

const PER_CENT = 100;

class Strip {
  constructor(container, {title, rows, group}) {
    this.group = groupOf(group);
    this.rows = h('div', {class: 'strip-rows'});
    this.root = h('figure', {class: 'chart strip', dataset: {chart: title}},
      h('figcaption', null, h('h3', null, title)), this.rows);
    container.append(this.root);
    this.group.add(this);
    this.setData({rows});
  }

  own() {
    return null;
  }

  setData({rows}) {
    this.data = rows;
    this.showSpan();
  }

  // Stretches that are too short to be seen get a width that can.
  showSpan() {
    const shown = this.group.span();
    this.rows.replaceChildren(...shown === null ? [] : this.data.map(({label, spans}) =>
      h('div', {class: 'strip-row'}, h('bdi', {class: 'label'}, label),
        h('div', {class: 'strip-line'}, spans
          .filter(({from, to}) => to > shown.from && from < shown.to)
          .map((span) => stretch(label, span, shown))))));
    this.cursor = h('div', {class: 'strip-cursor', hidden: true});
    this.rows.append(h('div', {class: 'strip-over'}, this.cursor));
    this.showCursor(this.group.time);
  }

  showCursor(time) {
    const shown = this.group.span();
    this.cursor.hidden = time === null || shown === null || time < shown.from || time > shown.to;
    if (!this.cursor.hidden)
      this.cursor.style.left = `${place(time, shown)}%`;
  }

  redraw() {
    // Marks are in the charts.
  }

  destroy() {
    this.group.remove(this);
    this.root.remove();
  }
}

function place(time, {from, to}) {
  return Math.max(0, Math.min(PER_CENT, PER_CENT * (time - from) / (to - from)));
}

function stretch(label, {from, to}, shown) {
  const left = place(from, shown);
  const node = h('div', {class: 'stretch', title: `${label}, ${clock(from)} – ${clock(to)}`});
  node.style.left = `${left}%`;
  node.style.width = `max(2px, ${place(to, shown) - left}%)`;
  return node;
}

/**
 * @param {HTMLElement} container the strip is appended
 * @param {Object} options
 * @param {string} options.title
 * @param {Array<{label: string, spans: Array<{from: number, to: number}>}>} options.rows
 * @param {import('./group.js').ChartGroup|string} [options.group] of the charts
 * @returns {{setData: function({rows: Array}), destroy: function()}}
 */
export function strip(container, options) {
  return new Strip(container, options);
}
