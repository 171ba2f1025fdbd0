// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Raw reports of a fabric: the one of a time that the reader chose, and those around it.

import {appPath, getJson} from '../lib/api.js';
import {h, told} from '../lib/dom.js';
import {dateTime} from '../lib/format.js';
import {objectsOf} from '../models/reports.js';
import {table} from './table.js';

// How far back the report before another one is looked for, ms, and how many may be read then.
const BACK = [5000, 60_000, 3_600_000];
const MOST = 500;

function objectDetails({id, type, title, members}) {
  const body = h('div', null);
  const details = h('details', {ontoggle: () => {
    if (details.open && body.childNodes.length === 0)
      body.append(table(id, [
        {title: 'Name', content: ({name}) => told(name)},
        {title: 'Value', content: ({value}) => told(value)},
      ], members));
  }}, h('summary', null, h('b', null, told(type)), ' ', told(title), ' ',
    h('span', {class: 'soft'}, told(id))), body);
  return details;
}

/** The part of the view with raw reports. */
export class Reports {
  /**
   * @param {Object} options
   * @param {import('../lib/router.js').Place} options.place of the fabric
   * @param {AbortSignal} options.signal
   * @param {function(): {from: ?number, to: ?number}} options.bounds first and last report
   * @param {function(?number)} options.onShow the time of the report that is shown
   */
  constructor({place, signal, bounds, onShow}) {
    Object.assign(this, {place, signal, bounds, onShow});
    this.time = null;
    this.body = h('div', {class: 'report'}, h('p', {class: 'soft'},
      'Click into a chart, or press Enter at its cursor, to see the report of that time.'));
    this.shown = h('span', {role: 'status'});
    const button = (text, act) => h('button', {type: 'button', onclick: act}, text);
    this.root = h('section', {class: 'part', dataset: {part: 'reports'}},
      h('h2', null, 'Raw reports'),
      h('div', {class: 'chart-bar'}, h('div', {class: 'buttons'},
        button('First', () => this.after(this.bounds().from)),
        button('◀ Previous', () => this.before(this.time ?? this.bounds().to)),
        button('Next ▶', () => this.after((this.time ?? (this.bounds().from ?? 1) - 1) + 1)),
        button('Last', () => this.before((this.bounds().to ?? 0) + 1)),
        button('Open all', () => this.openAll())), this.shown),
      this.body);
  }

  /** @param {number} time the report nearest to it is shown */
  async near(time) {
    const [before, after] = await Promise.all([this.lastBefore(time), this.firstFrom(time)]);
    const best = before === null || after !== null && after.time - time < time - before.time ?
      after : before;
    this.show(best);
  }

  async after(time) {
    this.show(time === null ? null : await this.firstFrom(time));
  }

  async before(time) {
    this.show(time === null ? null : await this.lastBefore(time));
  }

  async fetch(query) {
    try {
      const {reports} = await getJson(
        appPath(this.place.app, ['fabrics', this.place.id, 'reports'], query),
        {signal: this.signal});
      return reports;
    } catch (error) {
      if (error.name !== 'AbortError')
        this.shown.textContent = error.message;
      return [];
    }
  }

  async firstFrom(time) {
    const [report = null] = await this.fetch({from: Math.max(0, Math.floor(time)), limit: 1});
    return report;
  }

  async lastBefore(time) {
    const to = Math.ceil(time);
    for (const back of BACK) {
      const from = Math.max(0, to - back);
      const reports = await this.fetch({from, to, limit: MOST});
      if (reports.length > 0)
        return reports.at(-1);
    }
    return null;
  }

  openAll() {
    this.body.querySelectorAll('details').forEach((details) => { details.open = true; });
  }

  // Objects that were open stay open in the next report.
  show(report) {
    if (this.signal.aborted)
      return;
    if (report === null) {
      this.shown.textContent = 'There is none.';
      return;
    }
    const open = new Set([...this.body.querySelectorAll('details[open]')]
      .map((details) => details.dataset.object));
    this.time = report.time;
    this.shown.textContent = dateTime(report.time);
    this.body.replaceChildren(...objectsOf(report.stats).map((object) => {
      const details = objectDetails(object);
      details.dataset.object = object.id;
      details.open = open.has(object.id);
      return details;
    }));
    this.onShow(report.time);
  }
}
