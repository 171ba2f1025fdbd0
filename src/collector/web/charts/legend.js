// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the lines of a chart are, and their values at the cursor.

import {h, svg} from '../lib/dom.js';
import {valueText} from './axis.js';
import {gapsText} from './gaps.js';
import {dashOf, tokenOf} from './plot.js';

function swatch(line) {
  if (line.kind === 'bars')
    return svg('svg', {class: 'swatch', viewBox: '0 0 28 10', 'aria-hidden': 'true'},
      svg('rect', {x: 8, y: 0, width: 12, height: 10, fill: `var(${tokenOf(line.colour)})`}));
  return svg('svg', {class: 'swatch', viewBox: '0 0 28 10', 'aria-hidden': 'true'},
    line.min === undefined ? null : svg('rect', {x: 0, y: 1, width: 28, height: 8,
      fill: `var(${tokenOf(line.colour)})`, 'fill-opacity': 0.25}),
    svg('line', {x1: 0, x2: 28, y1: 5, y2: 5, stroke: `var(${tokenOf(line.colour)})`,
      'stroke-width': 2.5, 'stroke-dasharray': dashOf(line).join(' ') || null}));
}

export class Legend {
  /** @param {import('./axis.js').Measure} measure */
  constructor(measure) {
    this.measure = measure;
    this.root = h('ul', {class: 'chart-legend'});
    this.values = [];
  }

  /**
   * @param {Array<Object>} lines
   * @param {Array<import('./gaps.js').Gap>} gaps
   */
  setLines(lines, gaps) {
    this.values = lines.map(() => h('span', {class: 'value'}));
    this.gaps = h('li', {class: 'gaps', hidden: true});
    this.root.replaceChildren(...lines.map((line, at) =>
      h('li', null, swatch(line), h('bdi', {class: 'label'}, line.label), this.values[at])),
    this.gaps);
    this.setGaps(gaps);
  }

  /** @param {Array<import('./gaps.js').Gap>} gaps */
  setGaps(gaps) {
    const text = gapsText(gaps);
    this.gaps.hidden = text === '';
    if (this.gapText !== text || this.gaps.childNodes.length === 0)
      this.gaps.replaceChildren(h('span', {class: 'hatched', 'aria-hidden': 'true'}),
        h('bdi', null, text));
    this.gapText = text;
  }

  /**
   * @param {Array<?number>} values of each line
   * @param {boolean} last no cursor: they are the last that are known
   */
  show(values, last) {
    this.root.dataset.values = last ? 'last' : 'cursor';
    values.forEach((value, at) => {
      this.values[at].textContent = valueText(value, this.measure);
    });
  }
}
