// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The series of one fabric: as a whole, finer where the reader zooms in, and growing.

import {appPath, getJson} from '../lib/api.js';
import {joinSeries, moreFrom} from '../models/series.js';

const POINTS = {least: 300, most: 1000};

/** @returns {number} how many points are worth asking for on this screen */
export function pointsWanted() {
  return Math.max(POINTS.least, Math.min(POINTS.most, Math.round(innerWidth * 0.6)));
}

/**
 * @param {string} app
 * @param {string} fabric
 * @param {Object} query of GET …/series
 * @param {AbortSignal} signal
 * @returns {Promise<import('../models/series.js').Series>}
 */
export function getSeries(app, fabric, query, signal) {
  return getJson(appPath(app, ['fabrics', fabric, 'series'], {points: pointsWanted(), ...query}),
    {signal});
}

export class SeriesSource {
  /**
   * @param {Object} options
   * @param {string} options.app
   * @param {string} options.fabric
   * @param {AbortSignal} options.signal
   * @param {import('../models/series.js').Series} options.series as a whole
   */
  constructor({app, fabric, signal, series}) {
    Object.assign(this, {app, fabric, signal, series, detail: null});
  }

  /** @returns {import('../models/series.js').Series} what is to be drawn */
  shown() {
    return this.detail ?? this.series;
  }

  /** @returns {?number} the last time there is */
  lastTime() {
    return this.series.time.at(-1) ?? null;
  }

  // What is missing now is asked for again with the next report, or at the next zoom.
  async fetch(query) {
    try {
      return await getSeries(this.app, this.fabric, query, this.signal);
    } catch (error) {
      if (error.name !== 'AbortError' && error.status === undefined)
        throw error;
      return null;
    }
  }

  /** Asks for what was reported since. */
  async more() {
    const {step} = this.series;
    const from = moreFrom(this.series);
    const grown = this.series.time.length > 2 * pointsWanted();
    const fresh = from === null || grown ? null : await this.fetch({from, step: step ?? 'raw'});
    const joined = fresh === null ? null : joinSeries(this.series, fresh);
    this.series = joined ?? await this.fetch({}) ?? this.series;
  }

  /** @returns {boolean} whether a zoom would show more than is there; a report is all there is */
  canBeFiner() {
    return this.series.step !== null;
  }

  /**
   * Asks for the part that the reader zoomed to.
   *
   * @param {{from: number, to: number}} zoom
   */
  async zoomTo(zoom) {
    const margin = Math.round((zoom.to - zoom.from) / 10);
    this.detail = await this.fetch({from: Math.max(0, Math.floor(zoom.from) - margin),
      to: Math.ceil(zoom.to) + margin}) ?? this.detail;
  }
}

/**
 * Follows a group's zoom with sources.
 *
 * @param {import('../charts/group.js').ChartGroup} group
 * @param {Array<SeriesSource>} sources
 * @param {function()} draw
 */
export function followZoom(group, sources, draw) {
  const SETTLED = 200; // ms after the last zoom until more is asked for
  let timer = null;
  const refine = async () => {
    const {zoom} = group;
    await Promise.all(sources.filter((one) => one.canBeFiner()).map((one) => one.zoomTo(zoom)));
    if (zoom === group.zoom)
      draw();
  };
  const zoomed = (zoom) => {
    clearTimeout(timer);
    if (zoom !== null && sources.some((one) => one.canBeFiner())) {
      timer = setTimeout(refine, SETTLED);
    } else if (sources.some(({detail}) => detail !== null)) {
      sources.forEach((one) => { one.detail = null; });
      draw();
    }
  };
  group.listen({zoom: zoomed});
  zoomed(group.zoom);
}
