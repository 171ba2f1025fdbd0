// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Charts over time: lines, steps or bars, with gaps, a legend, a cursor and a zoom that charts
// of a group share, and the same for keyboards and screen readers.

import {h} from '../lib/dom.js';
import {clock} from '../lib/format.js';
import {theme} from '../lib/theme.js';
import {describe, nearest, stepFrom, valueNear, valueText} from './axis.js';
import {gapText} from './gaps.js';
import {groupOf} from './group.js';
import {Legend} from './legend.js';
import {dataOf, makePlot} from './plot.js';

/**
 * @typedef {Object} Line
 * @property {string} label text of clients may be part of it
 * @property {Array<?number|undefined>} values null: nothing is known, the line breaks;
 *   undefined: this line has no such time, it goes on
 * @property {Array<?number>} [min] with max: least and greatest values, shown as a band
 * @property {Array<?number>} [max]
 * @property {number} [colour] 1 to 8; past these with another dash. By default the next one
 * @property {Array<number>} [dash] px; by default as the colour needs it
 * @property {'line'|'step'|'bars'} [kind]
 * @property {boolean} [ends] a bar ends at its time; by default it begins there
 */

const STEP = new Map([['ArrowLeft', -1], ['ArrowRight', 1], ['PageUp', -10], ['PageDown', 10]]);

/** One chart; made by lineChart(). */
export class LineChart {
  constructor(container, options) {
    const {title, times, series, gaps = [], group, height = 170, between = []} = options;
    this.title = title;
    this.measure = {unit: options.unit, share: options.share, range: options.range,
      unitLabel: options.unitLabel, whole: options.whole};
    Object.assign(this, {height, between, gaps, plot: null, hasFocus: false});
    this.group = groupOf(group);
    this.take(times, series);
    this.legend = new Legend(this.measure);
    this.legend.setLines(this.lines, gaps);
    this.place = h('div', {class: 'chart-plot', tabindex: 0, role: 'slider',
      'aria-roledescription': 'chart', onkeydown: (event) => this.key(event),
      onfocus: () => this.focused(), onblur: () => this.blurred()});
    this.place.style.height = `${height}px`;
    this.root = h('figure', {class: 'chart', dataset: {chart: title}},
      h('figcaption', null, h('h3', null, title)), this.legend.root, this.place);
    container.append(this.root);
    this.group.add(this);
    this.describe();
    this.showCursor(this.group.time);
    this.watch();
  }

  watch() {
    this.resizes = new ResizeObserver(([entry]) => this.fit(Math.floor(entry.contentRect.width)));
    this.resizes.observe(this.place);
    this.themed = () => this.plot?.redraw(false, true);
    theme.addEventListener('change', this.themed);
  }

  take(times, series) {
    this.times = times;
    this.lines = series.map((line, at) => ({...line, colour: line.colour ?? at + 1}));
  }

  // The plot is made when its width is known, so that nothing has to be laid out twice.
  fit(width) {
    if (width < 40)
      return;
    if (this.plot !== null) {
      if (this.plot.width !== width)
        this.plot.setSize({width, height: this.height});
      return;
    }
    this.plot = makePlot(this, width, this.place);
    const {over} = this.plot;
    over.addEventListener('mousemove', (event) => this.group.setCursor(this.timeAt(event)));
    over.addEventListener('mouseleave', () => this.group.setCursor(null));
    over.addEventListener('click', (event) => this.group.pick(this.timeAt(event)));
    this.plot.root.setAttribute('aria-hidden', 'true');
    this.placeCursor();
  }

  timeAt({clientX}) {
    return Math.round(this.plot.posToVal(clientX - this.plot.over.getBoundingClientRect().left,
      'x'));
  }

  /** @returns {?{from: number, to: number}} of its own data */
  own() {
    const last = this.times.at(-1);
    if (last === undefined)
      return null;
    const step = this.times.length > 1 ? last - this.times.at(-2) : 0;
    return {from: this.times[0], to: last + (this.lines[0]?.kind === 'bars' ? step : 0)};
  }

  xRange() {
    const span = this.group.span() ?? {from: Date.now() - 60_000, to: Date.now()};
    return [span.from, Math.max(span.to, span.from + 1000)];
  }

  marks() {
    const {marks, picked} = this.group;
    return picked === null ? marks : [...marks, {time: picked, kind: 'picked'}];
  }

  selected(plot) {
    const {left, width} = plot.select;
    if (width <= 0)
      return;
    const zoom = {from: Math.round(plot.posToVal(left, 'x')),
      to: Math.round(plot.posToVal(left + width, 'x'))};
    plot.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
    this.group.setZoom(zoom);
  }

  /** The group shows other times. */
  showSpan() {
    if (this.plot === null)
      return;
    const [min, max] = this.xRange();
    this.plot.setScale('x', {min, max});
    this.placeCursor();
  }

  redraw() {
    this.plot?.redraw(false);
  }

  placeCursor() {
    const {time} = this.group;
    const left = time === null ? -10 : this.plot.valToPos(time, 'x');
    this.plot.setCursor({left: left >= 0 && left <= this.plot.over.clientWidth ? left : -10,
      top: 0}, false);
  }

  /** @param {?number} time of the group's cursor; null: nowhere */
  showCursor(time) {
    if (this.plot !== null)
      this.placeCursor();
    const values = this.valuesAt(time);
    this.legend.show(values, time === null);
    if (this.hasFocus || time === null)
      this.say(time, values);
  }

  // A bar stands for the time from where it begins to the next.
  placeOf(time) {
    const at = nearest(this.times, time);
    return this.lines[0]?.kind === 'bars' && at > 0 && this.times[at] > time ? at - 1 : at;
  }

  valuesAt(time) {
    if (time === null)
      return this.lines.map((line) => line.values.findLast((value) =>
        value !== null && value !== undefined) ?? null);
    const at = this.placeOf(time);
    return this.lines.map((line) => at < 0 ? null : valueNear(line.values, at) ?? null);
  }

  // A slider tells its value by itself whenever that is another one.
  say(time, values) {
    const [from, to] = this.xRange();
    this.place.setAttribute('aria-valuemin', Math.round(from));
    this.place.setAttribute('aria-valuemax', Math.round(to));
    this.place.setAttribute('aria-valuenow', Math.round(time ?? to));
    this.place.setAttribute('aria-valuetext', time === null ? 'no time chosen' :
      this.sentence(time, values));
  }

  describe() {
    this.place.setAttribute('aria-label', describe(this.title, this.measure, this.lines));
  }

  sentence(time, values) {
    const gap = this.gaps.find(({from, to}) => time > from && time < to);
    const why = gap === undefined ? '' : `, ${gapText(gap.reason).long}`;
    return `${clock(time)}${why}: ${this.lines.map(({label}, at) =>
      `${label} ${valueText(values[at], this.measure)}`).join(', ')}`;
  }

  focused() {
    this.hasFocus = true;
  }

  blurred() {
    this.hasFocus = false;
    this.group.setCursor(null);
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey)
      return;
    const handled = STEP.has(event.key) ? this.move(STEP.get(event.key)) : this.command(event.key);
    if (handled !== false)
      event.preventDefault();
  }

  command(name) {
    const [from, to] = this.xRange();
    switch (name) {
      case 'Home': return this.cursorTo(from);
      case 'End': return this.cursorTo(to);
      case '+': return this.group.zoomBy(0.5);
      case '-': return this.group.zoomBy(2);
      case 'Escape': return this.group.setZoom(null);
      case 'Enter': return this.group.time === null ? false : this.group.pick(this.group.time);
      default: return false;
    }
  }

  move(steps) {
    const [from, to] = this.xRange();
    const time = this.group.time ?? (steps > 0 ? from - 1 : to + 1);
    const next = stepFrom(this.times, time, steps);
    if (next !== null)
      this.cursorTo(Math.max(from, Math.min(to, next)));
  }

  // This chart tells its values at once, the others with the next frame.
  cursorTo(time) {
    this.group.setCursor(time);
    this.showCursor(time);
  }

  /**
   * Shows other data. Lines that are as many as before, in the same order, stay what they are.
   *
   * @param {{times: Array<number>, series: Array<Line>, gaps?: Array}} data
   */
  setData({times, series, gaps = []}) {
    const same = series.length === this.lines.length && series.every((line, at) =>
      line.label === this.lines[at].label && (line.min === undefined) ===
        (this.lines[at].min === undefined) && (line.colour ?? at + 1) === this.lines[at].colour);
    this.take(times, series);
    this.gaps = gaps;
    if (same)
      this.legend.setGaps(gaps);
    else
      this.legend.setLines(this.lines, gaps);
    this.refill(same);
    this.describe();
    this.showCursor(this.group.time);
  }

  refill(same) {
    if (this.plot === null)
      return;
    if (same) {
      const [min, max] = this.xRange();
      this.plot.batch(() => {
        this.plot.setData(dataOf(this.times, this.lines), false);
        this.plot.setScale('x', {min, max});
      });
    } else {
      const {width} = this.plot;
      this.plot.destroy();
      this.plot = null;
      this.fit(width);
    }
  }

  /** Takes the chart away, with all that it listens to. */
  destroy() {
    this.resizes.disconnect();
    theme.removeEventListener('change', this.themed);
    this.group.remove(this);
    this.plot?.destroy();
    this.plot = null;
    this.root.remove();
  }
}

/**
 * @param {HTMLElement} container the chart is appended
 * @param {Object} options
 * @param {string} options.title
 * @param {'bit/s'|'1/s'|'1'|'s'|'px'} options.unit of the values; the axis scales it
 * @param {boolean} [options.share] the unit 1 is a part of a whole: told in per cent
 * @param {string} [options.unitLabel] what the axis says, where the unit 1 says too little
 * @param {boolean} [options.whole] the axis has whole numbers only
 * @param {[number, number]} [options.range] of the axis; by default from 0 to the greatest value
 * @param {Array<number>} options.times ms since the epoch, ascending
 * @param {Array<Line>} options.series
 * @param {Array<import('./gaps.js').Gap>} [options.gaps] hatched and named
 * @param {Array<[number, number]>} [options.between] pairs of lines, by their places: what lies
 *   between them is filled
 * @param {import('./group.js').ChartGroup|string} [options.group] with which it shares cursor and
 *   zoom; a string: with those that name the same
 * @param {number} [options.height] px of the plot
 * @returns {{setData: function(Object), destroy: function()}}
 */
export function lineChart(container, options) {
  return new LineChart(container, options);
}
