// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Keeps a fabric that is not over up to date.

import {appPath, getJson} from '../lib/api.js';
import {follow} from '../lib/live.js';

const EVERY = 1000; // ms, at most so often

/**
 * @param {Object} view of fabric.js
 * @param {{signal: AbortSignal, setLive: function(?string)}} options
 */
export function followFabric(view, {signal, setLive}) {
  const {place, fabric} = view;
  const mine = new Set([fabric.fabric, fabric.paired?.fabric]);
  const refresher = new Refresher(view, signal, () => end());
  const path = appPath(place.app, ['conferences', fabric.conference, 'live'],
    {occurrence: fabric.occurrence, reports: false});
  const end = follow(path, {
    after: null,
    signal,
    onState: (state) => {
      setLive(state);
      if (state === 'live')
        refresher.ask();
    },
    handlers: {
      fabric: (row) => mine.has(row.fabric) && refresher.ask(),
      events: ({events}) => events.some((event) => mine.has(event.fabric)) && refresher.ask(),
    },
  });
}

// Asks once for all that was told of in a second.
class Refresher {
  constructor(view, signal, onOver) {
    Object.assign(this, {view, signal, onOver});
    Object.assign(this, {timer: null, wanted: false, busy: false, last: 0});
    signal.addEventListener('abort', () => clearTimeout(this.timer), {once: true});
  }

  ask() {
    this.wanted = true;
    if (!this.busy && this.timer === null && !this.signal.aborted)
      this.timer = setTimeout(() => this.run(), Math.max(0, this.last + EVERY - Date.now()));
  }

  async run() {
    Object.assign(this, {timer: null, wanted: false, busy: true, last: Date.now()});
    try {
      await this.refresh();
    } finally {
      this.busy = false;
    }
    if (this.wanted)
      this.ask();
  }

  // What does not come now comes with the next report.
  async refresh() {
    const {view, signal} = this;
    try {
      const [fabric] = await Promise.all([
        getJson(appPath(view.place.app, ['fabrics', view.place.id]), {signal}),
        view.charts.more(),
      ]);
      view.showFabric(fabric);
    } catch (error) {
      if (error.name !== 'AbortError' && error.status === undefined)
        throw error;
    }
    if (view.fabric.terminated !== null && !signal.aborted) {
      view.learnSummary();
      this.onOver();
    }
  }
}
