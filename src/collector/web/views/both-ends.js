// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Both ends of a connection: what one sent over what the other received, on one time axis.

import {h, told} from '../lib/dom.js';
import {noteQuery} from '../lib/router.js';
import {overlaysOf, roundTripsOf} from '../models/both-ends.js';
import {ChartBoard} from './chart-board.js';
import {followZoom, getSeries, SeriesSource} from './series-source.js';

const MOST_SHIFT = 86_400_000; // ms

function shiftOf(query) {
  const shift = Math.round(Number(query.get('shift') ?? 0));
  return Math.abs(shift) <= MOST_SHIFT ? shift : 0;
}

/** Charts of both ends; used as FabricCharts is. */
export class BothEnds {
  constructor({place, signal, fabric, series, group}) {
    Object.assign(this, {place, signal, fabric, group});
    this.mine = new SeriesSource({app: place.app, fabric: fabric.fabric, signal, series});
    this.theirs = null;
    this.boards = [0, 1, 2].map(() => new ChartBoard(group, signal));
    this.note = h('p', {class: 'soft', role: 'status'});
    this.picker = this.shiftInput();
    const {user, paired} = fabric;
    this.root = h('div', null, this.note,
      h('h3', {class: 'direction'}, told(user), ' → ', told(paired.user)), this.boards[0].root,
      h('h3', {class: 'direction'}, told(paired.user), ' → ', told(user)), this.boards[1].root,
      h('h3', {class: 'direction'}, 'Both'), this.boards[2].root);
  }

  // Reports have the times of their clients' clocks, which need not agree.
  shiftInput() {
    const input = h('input', {type: 'number', step: 100, id: 'shift', class: 'shift',
      value: shiftOf(this.place.query), onchange: () => {
        noteQuery(this.place, {shift: Number(input.value) || null});
        this.draw();
      }});
    return h('label', {class: 'stream-picker'}, 'Move ', told(this.fabric.paired.user), ' by ',
      input, ' ms', h('span', {class: 'soft'}, ' (each end has the times of its own clock)'));
  }

  async start() {
    const {place, signal, fabric} = this;
    const series = await getSeries(place.app, fabric.paired.fabric, {}, signal);
    this.theirs = new SeriesSource({app: place.app, fabric: fabric.paired.fabric, signal, series});
    this.draw();
    followZoom(this.group, [this.mine, this.theirs], () => this.draw());
  }

  get series() {
    return this.mine.series;
  }

  lastTime() {
    const times = [this.mine.lastTime(), this.theirs?.lastTime() ?? null]
      .filter((time) => time !== null);
    return times.length === 0 ? null : Math.max(...times);
  }

  draw() {
    if (this.theirs === null)
      return;
    const here = {user: this.fabric.user, series: this.mine.shown(), shift: 0};
    const there = {user: this.fabric.paired.user, series: this.theirs.shown(),
      shift: shiftOf(this.place.query)};
    const plans = [overlaysOf(here, there), overlaysOf(there, here)];
    const roundTrips = roundTripsOf(here, there);
    this.note.textContent = plans.flat().length > 0 ? '' :
      'Neither end reports a stream that the other one knows.';
    this.boards[0].show(plans[0]);
    this.boards[1].show(plans[1]);
    this.boards[2].show(roundTrips === null ? [] : [roundTrips]);
  }

  /** Asks for what both have reported since, and shows it. */
  async more() {
    await Promise.all([this.mine.more(), this.theirs?.more()]);
    if (!this.signal.aborted)
      this.draw();
  }
}
