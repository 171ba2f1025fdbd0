// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Draws a timeline: axis, lanes, bars and marks. Marks keep their nodes while they stay.

import {h, svg} from '../lib/dom.js';
import {clock, duration} from '../lib/format.js';
import {titleOf} from '../models/event-kinds.js';
import {STATES} from '../models/fabric-states.js';
import {marksOf} from '../models/lanes.js';
import {placeOf, ticksOf} from '../models/time-axis.js';
import {glyph} from './glyphs.js';
import {APART, AXIS} from './timeline-layout.js';
import {tickLabel, zoneName, zoneOffset} from './times.js';

const BETWEEN_TICKS = 90;
const LEAST_BAR = 2;
const DAY = 86_400_000; // ms
const BEYOND = 300; // px drawn above and below what is seen

const STATE_TITLES = new Map([...STATES.map(({id, title}) => [id, title]),
  ['present', 'In the conference']]);

/** @returns {string} of a mark, for people */
export function markLabel(mark) {
  const [first] = mark.events;
  if (mark.events.length === 1)
    return `${titleOf(first)}, ${clock(first.time)}`;
  const titles = [...new Set(mark.events.map(titleOf))];
  const more = titles.length > 4 ? `, and ${titles.length - 4} kinds more` : '';
  return `${mark.events.length} events from ${clock(first.time)}: ` +
    `${titles.slice(0, 4).join(', ')}${more}`;
}

/** @returns {string} of a bar, for people */
export function spanLabel({from, to, state, reason}) {
  const what = reason === undefined ? STATE_TITLES.get(state) ?? state :
    `Reports given up (${reason})`;
  return `${what}, ${clock(from)} to ${clock(to)} (${duration(to - from)})`;
}

export class TimelineChart {
  constructor() {
    this.axis = svg('svg', {class: 'axis', height: AXIS, 'aria-hidden': 'true'});
    this.axisName = h('span', {class: 'axis-name soft'});
    this.names = h('ol', {class: 'lanes'});
    this.bars = svg('g');
    this.marks = svg('g');
    this.svg = svg('svg', {class: 'lanes', role: 'group', 'aria-label': 'Events'},
      svg('defs', null, svg('pattern', {id: 'hatch', width: 6, height: 6,
        patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)'},
      svg('rect', {class: 'hatch', width: 2, height: 6}))), this.bars, this.marks);
    this.body = h('div', {class: 'body'}, this.names, this.svg);
    this.nodes = new Map();
    this.rows = [];
    this.named = null;
  }

  /**
   * @param {Object} scene
   * @param {import('./timeline-layout.js').Layout} scene.layout
   * @param {{from: number, to: number}} scene.seen
   * @param {Set<string>} scene.hidden kinds
   * @param {number} scene.top px that are scrolled away
   * @param {number} scene.room px that are seen of the lanes
   * @param {function(Object): Node} scene.nameOf a lane
   * @param {?string} scene.opened key of the mark that is open
   */
  draw(scene) {
    this.scene = scene;
    const {layout} = scene;
    this.body.style.height = `${layout.height}px`;
    this.svg.style.left = this.axis.style.marginLeft = `${layout.left}px`;
    for (const node of [this.svg, this.axis])
      node.setAttribute('width', layout.width);
    this.svg.setAttribute('height', layout.height);
    this.drawNames();
    const ticks = ticksOf(scene.seen, layout.width / BETWEEN_TICKS, zoneOffset(scene.seen.from));
    this.drawAxis(ticks);
    const shown = layout.rows.filter(({y, height}) =>
      y + height >= scene.top - BEYOND && y <= scene.top + scene.room + BEYOND);
    this.drawBars(shown, ticks);
    this.drawMarks(shown);
  }

  x(time) {
    const {layout: {width, inset}, seen} = this.scene;
    return inset + placeOf(seen, time) * (width - 2 * inset);
  }

  drawNames() {
    const {layout, nameOf} = this.scene;
    const key = JSON.stringify([layout.left, layout.rows.map(({lane, y}) => [lane.key, y])]);
    if (key === this.named)
      return;
    this.named = key;
    this.names.replaceChildren(...layout.rows.map((row) => {
      const name = h('li', {class: row.lane.type}, nameOf(row.lane));
      name.style.top = `${row.y}px`;
      name.style.width = layout.narrow ? '100%' : `${layout.left - 8}px`;
      return name;
    }));
  }

  drawAxis({step, times}) {
    this.axisName.textContent =
      `${step >= DAY ? 'Date' : 'Time of day'} (${zoneName(this.scene.seen.from)})`;
    this.axis.replaceChildren(...times.map((time) => {
      const x = this.x(time);
      const {width} = this.scene.layout;
      const anchor = x < 30 ? 'start' : x > width - 30 ? 'end' : 'middle';
      return svg('g', null, svg('line', {x1: x, x2: x, y1: AXIS - 5, y2: AXIS}),
        svg('text', {x, y: AXIS - 9, 'text-anchor': anchor}, tickLabel(time, step)));
    }));
  }

  drawBars(rows, {times}) {
    const {layout} = this.scene;
    const grid = times.map((time) => svg('line', {class: 'grid', x1: this.x(time),
      x2: this.x(time), y1: 0, y2: layout.height}));
    this.bars.replaceChildren(...grid, ...rows.flatMap((row) => [
      ...row.lane.spans.map((span) => this.bar(row, span, `bar state-${span.state}`)),
      ...row.lane.gaps.map((gap) => this.bar(row, gap, 'gap'))]));
  }

  bar(row, span, cssClass) {
    const {seen, layout} = this.scene;
    if (span.to < seen.from || span.from > seen.to)
      return '';
    const x = Math.max(this.x(span.from), -2);
    const end = Math.min(this.x(span.to), layout.width + 2);
    const node = svg('rect', {class: cssClass, x, y: row.barY, height: row.barHeight,
      width: Math.max(end - x, LEAST_BAR)});
    node.told = spanLabel(span);
    return node;
  }

  drawMarks(rows) {
    const {seen, layout, hidden} = this.scene;
    const apart = APART * (seen.to - seen.from) / layout.width;
    this.rows = rows.map((row) => ({row, marks: marksOf(row.lane, seen, apart, hidden)}));
    const wanted = new Map(this.rows.flatMap(({row, marks}) =>
      marks.map((mark) => [mark.key, {row, mark}])));
    for (const [key, node] of this.nodes) {
      if (wanted.has(key))
        continue;
      if (node === document.activeElement)
        this.lost = node;
      node.remove();
      this.nodes.delete(key);
    }
    wanted.forEach(({row, mark}, key) => this.placeMark(key, row, mark));
    this.keepTabStop();
  }

  placeMark(key, row, mark) {
    if (!this.nodes.has(key)) {
      this.nodes.set(key, this.markNode(key, mark));
      this.marks.append(this.nodes.get(key));
    }
    const node = this.nodes.get(key);
    node.setAttribute('transform', `translate(${this.x(mark.time)} ${row.marksY})`);
    node.setAttribute('aria-expanded', String(key === this.scene.opened));
    node.mark = mark;
    node.lane = row.lane;
  }

  markNode(key, mark) {
    const many = mark.events.length;
    const width = many === 1 ? 18 : Math.max(String(many).length * 7 + 8, 18);
    return svg('g', {class: `mark kind-${mark.kind}`, role: 'button', tabindex: -1,
      dataset: {key}, 'aria-label': markLabel(mark), 'aria-expanded': 'false'},
    svg('rect', {class: 'target', x: -12, y: -12, width: 24, height: 24}),
    svg('rect', {class: 'ground', x: -width / 2, y: -9, width, height: 18, rx: 9}),
    many === 1 ? glyph(mark.kind) :
      svg('text', {class: 'count', y: 4, 'text-anchor': 'middle'}, many));
  }

  // One stop for the tabulator key; arrow keys do the rest.
  keepTabStop() {
    const nodes = [...this.nodes.values()];
    const stop = nodes.find((node) => node === document.activeElement) ??
      nodes.find((node) => node.getAttribute('tabindex') === '0') ??
      this.nodes.get(this.rows.find(({marks}) => marks.length > 0)?.marks[0].key);
    nodes.forEach((node) => node.setAttribute('tabindex', node === stop ? 0 : -1));
  }

  /** @returns {?{row: number, index: number}} where a mark stands in rows */
  find(key) {
    const row = this.rows.findIndex(({marks}) => marks.some((mark) => mark.key === key));
    return row < 0 ? null :
      {row, index: this.rows[row].marks.findIndex((mark) => mark.key === key)};
  }

  /** Focuses what is nearest to the mark that had the focus and is no more; null: nothing is. */
  focusNearest() {
    const {mark, lane} = this.lost;
    const found = this.rows.find(({row}) => row.lane.key === lane.key)?.marks ?? [];
    const nearest = found.reduce((best, one) => best === null ||
      Math.abs(one.time - mark.time) < Math.abs(best.time - mark.time) ? one : best, null);
    return nearest === null ? null : this.focus(nearest.key);
  }

  /** @param {string} key of a mark */
  focus(key) {
    const node = this.nodes.get(key);
    node?.focus();
    this.keepTabStop();
    return node ?? null;
  }
}
