// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Charts that share their time axis: one cursor, one zoom, one chosen time.

/**
 * @typedef {{from: number, to: number}} Span ms since the epoch
 */

const MIN_ZOOM = 1000; // ms
const named = new Map();

export class ChartGroup {
  /**
   * @param {Object} [options]
   * @param {?Span} [options.extent] what is shown without zoom; null: all that the charts have
   * @param {?Span} [options.zoom] at the beginning
   * @param {?number} [options.picked] a time chosen at the beginning
   * @param {function(?Span)} [options.onZoom] these three as of listen()
   * @param {function(?number)} [options.onCursor]
   * @param {function(number)} [options.onPick]
   */
  constructor({extent = null, zoom = null, picked = null, onZoom, onCursor, onPick} = {}) {
    Object.assign(this, {extent, zoom, picked});
    this.charts = new Set();
    this.listeners = new Set([{zoom: onZoom, cursor: onCursor, pick: onPick}]);
    this.marks = [];
    this.time = null;
    this.frame = null;
  }

  /**
   * @param {Object} handlers
   * @param {function(?Span)} [handlers.zoom] the reader zoomed; null: no longer
   * @param {function(?Span)} [handlers.span] the charts show other times
   * @param {function(?number)} [handlers.cursor] where the cursor is
   * @param {function(number)} [handlers.pick] the reader chose a time: a click, or Enter
   */
  listen(handlers) {
    this.listeners.add(handlers);
  }

  tell(name, value) {
    this.listeners.forEach((handlers) => handlers[name]?.(value));
  }

  /** @returns {?Span} what the charts show */
  span() {
    return this.zoom ?? this.extent ?? this.whole();
  }

  /** @returns {?Span} from the first time of all charts to the last */
  whole() {
    const spans = [...this.charts].map((chart) => chart.own()).filter((span) => span !== null);
    return spans.length === 0 ? null : {
      from: Math.min(...spans.map((span) => span.from)),
      to: Math.max(...spans.map((span) => span.to)),
    };
  }

  add(chart) {
    this.charts.add(chart);
  }

  remove(chart) {
    this.charts.delete(chart);
  }

  /** @param {?Span} extent as of the constructor */
  setExtent(extent) {
    this.extent = extent;
    this.showSpan();
  }

  /** @param {?Span} zoom null: none */
  setZoom(zoom) {
    if (zoom === null && this.zoom === null)
      return;
    this.zoom = zoom === null ? null : atLeast(zoom, MIN_ZOOM);
    this.showSpan();
    this.tell('zoom', this.zoom);
  }

  /**
   * Makes what is shown shorter (factor < 1) or longer, around the cursor.
   *
   * @param {number} factor
   */
  zoomBy(factor) {
    const span = this.span();
    if (span === null)
      return;
    const middle = this.time ?? (span.from + span.to) / 2;
    this.setWithin({
      from: middle - (middle - span.from) * factor,
      to: middle + (span.to - middle) * factor,
    });
  }

  /** @param {number} part of what is shown; negative: to earlier times */
  moveBy(part) {
    const span = this.span();
    const all = this.extent ?? this.whole();
    if (span === null || this.zoom === null)
      return;
    const length = span.to - span.from;
    const from = Math.max(all.from, Math.min(all.to - length, span.from + part * length));
    this.setWithin({from, to: from + length});
  }

  setWithin({from, to}) {
    const all = this.extent ?? this.whole();
    const zoom = {from: Math.round(Math.max(all.from, from)), to: Math.round(Math.min(all.to, to))};
    this.setZoom(zoom.from <= all.from && zoom.to >= all.to ? null : zoom);
  }

  /** @param {Array<{time: number, kind: string, sign: string}>} marks of all charts */
  setMarks(marks) {
    this.marks = marks;
    this.charts.forEach((chart) => chart.redraw());
  }

  /** @param {?number} time where the cursor is in all charts; null: nowhere */
  setCursor(time) {
    this.time = time;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.charts.forEach((chart) => chart.showCursor(this.time));
      this.tell('cursor', this.time);
    });
  }

  /** @param {number} time */
  pick(time) {
    this.picked = time;
    this.charts.forEach((chart) => chart.redraw());
    this.tell('pick', time);
  }

  showSpan() {
    this.charts.forEach((chart) => chart.showSpan());
    this.tell('span', this.span());
  }
}

function atLeast({from, to}, length) {
  const missing = Math.max(0, length - (to - from));
  return {from: from - missing / 2, to: to + missing / 2};
}

/**
 * @param {ChartGroup|string|undefined} group charts with the same name share one while any of
 *   them is there
 * @returns {ChartGroup}
 */
export function groupOf(group) {
  if (typeof group !== 'string')
    return group ?? new ChartGroup();
  if ((named.get(group)?.charts.size ?? 0) === 0)
    named.set(group, new ChartGroup());
  return named.get(group);
}
