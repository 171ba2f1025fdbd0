// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The charts of one fabric.

import {h} from '../lib/dom.js';
import {chartsOf, sourcesOf, stripsOf} from '../models/fabric-charts.js';
import {ChartBoard} from './chart-board.js';
import {followZoom, SeriesSource} from './series-source.js';
import {streamPicker} from './stream-picker.js';

const BELOW = {bitrate: ['limitation'], score: ['reasons']}; // strips below their charts

/** Charts of a fabric, and which streams they show. */
export class FabricCharts {
  constructor({place, signal, fabric, series, group}) {
    this.source = new SeriesSource({app: place.app, fabric: fabric.fabric, signal, series});
    this.group = group;
    this.board = new ChartBoard(group, signal);
    this.streams = streamPicker(place, () => this.draw());
    this.picker = this.streams.root;
    this.note = h('p', {class: 'soft'});
    this.root = h('div', null, this.board.root, this.note);
  }

  /** Draws, and asks for what the zoom in the address needs. */
  start() {
    this.draw();
    followZoom(this.group, [this.source], () => this.draw());
  }

  /** @returns {import('../models/series.js').Series} of the fabric */
  get series() {
    return this.source.series;
  }

  lastTime() {
    return this.source.lastTime();
  }

  draw() {
    const series = this.source.shown();
    const {isShown} = this.streams;
    this.streams.setSources(sourcesOf(this.series));
    const {charts, quiet} = chartsOf(series, isShown);
    const strips = new Map(stripsOf(series, isShown).map((plan) => [plan.id, plan]));
    const common = {times: series.time, gaps: series.gaps};
    this.board.show(charts.flatMap((chart) => [{...chart, ...common},
      ...(BELOW[chart.id] ?? []).filter((id) => strips.has(id)).map((id) => strips.get(id))]));
    this.note.textContent = this.noteOf(charts, quiet);
  }

  noteOf(charts, quiet) {
    const parts = [
      charts.length === 0 ? 'No reports with anything to draw.' : '',
      quiet.length > 0 ? `Nothing at all, and so no chart: ${quiet.join(', ').toLowerCase()}.` : '',
      this.series.truncated ? 'There are more streams or points than the charts show.' : '',
    ];
    return parts.filter((part) => part !== '').join(' ');
  }

  /** Asks for what was reported since, and shows it. */
  async more() {
    await this.source.more();
    if (!this.source.signal.aborted)
      this.draw();
  }
}
