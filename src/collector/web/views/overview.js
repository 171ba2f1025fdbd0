// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How an application's conferences went: in numbers, over time, and why not better.

import {ChartGroup} from '../charts/group.js';
import {lineChart} from '../charts/chart.js';
import {ApiError, appPath, getJson} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {dateTime} from '../lib/format.js';
import {follow} from '../lib/live.js';
import {setQuery} from '../lib/router.js';
import {rangeOf} from '../lib/time-range.js';
import {rangeTitle} from '../models/filters.js';
import {chartsOf, extentOf, stepAt, within} from '../models/overview-charts.js';
import {overviewQuery, queryBefore, USUAL_RANGE, wider} from '../models/overview.js';
import {filterChips, filterForm} from './filters.js';
import {replaceContent} from './focus.js';
import {breakdown, cards, nothing, numbers} from './overview-parts.js';
import {rangePicker} from './range-picker.js';

const REFRESH = 60_000; // ms
const REFRESH_NEWS = 10_000; // ms, where something happened

const HINT = 'Drag over a chart, or click a bar, for a part of it.';

/** Shows the overview; as all views do. */
export async function show({root, place, signal, setTitle, setLive}) {
  setTitle('Overview');
  const view = new Overview(place, signal);
  await view.ask();
  root.replaceChildren(view.node());
  await view.draw();
  view.keep(setLive);
}

class Overview {
  constructor(place, signal) {
    Object.assign(this, {place, signal});
    this.change = (changes) => setQuery(place, changes);
    this.group = new ChartGroup({onPick: (time) => this.narrow(stepAt(this.answer, time)),
      onZoom: (span) => this.narrow(span), onCursor: (time) => this.showTime(time)});
    this.charts = [];
    this.before = null;
    this.span = h('p', {class: 'soft span'});
    this.cards = h('div', null);
    this.time = h('span', {class: 'soft'}, HINT);
    this.plots = h('div', {class: 'plots'},
      h('div', {class: 'over-time'}, h('h2', null, 'Over time'), this.time));
    this.parts = h('div', null);
    signal.addEventListener('abort', () => this.end(), {once: true});
  }

  node() {
    const {app, query} = this.place;
    const sites = this.answer.totals.sites.map(({site}) => site);
    return h('div', {class: 'overview', dataset: {view: 'overview'}},
      h('h1', null, 'Overview'),
      h('div', {class: 'toolbar'},
        rangePicker({query, fallback: USUAL_RANGE, change: this.change}),
        h('button', {type: 'button', id: 'wider', onclick: () => this.widen()}, 'Twice as long'),
        filterForm({app, query, sites, change: this.change, signal: this.signal})),
      filterChips(this.place, {withRange: false}), this.span, this.cards, this.plots, this.parts);
  }

  end() {
    clearTimeout(this.timer);
    this.charts.forEach((chart) => chart.destroy());
  }

  async ask() {
    this.dirty = false;
    this.answer = await this.get(overviewQuery(this.place.query, Date.now()));
  }

  get(query) {
    return getJson(appPath(this.place.app, ['overview'], query), {signal: this.signal});
  }

  narrow(span) {
    if (span !== null)
      this.change({range: null, ...within(this.answer, span)});
  }

  widen() {
    this.change(wider(this.answer, Date.now()));
  }

  // ---- Drawing ----

  async draw() {
    const {from, to, totals} = this.answer;
    const empty = totals.conferences === 0;
    this.span.textContent = `${dateTime(from)} to ${dateTime(to)}`;
    this.plots.hidden = empty;
    if (empty) {
      this.cards.replaceChildren(await this.emptiness());
      this.parts.replaceChildren();
      return;
    }
    this.drawCards();
    this.drawCharts();
    replaceContent(this.parts, h('div', null, breakdown(this.place, totals),
      numbers(this.answer)));
    this.compare();
  }

  showTime(time) {
    const step = time === null ? null : stepAt(this.answer, time);
    this.time.textContent = step === null ? HINT : rangeTitle({...step, relative: null});
  }

  drawCards() {
    replaceContent(this.cards, cards(this.place, this.answer.totals, this.before));
  }

  drawCharts() {
    const charts = chartsOf(this.answer);
    if (this.charts.length === 0)
      this.charts = charts.map((chart) =>
        lineChart(this.plots, {...chart, group: this.group, height: 170}));
    else
      this.charts.forEach((chart, at) => chart.setData(charts[at]));
    this.group.setExtent(extentOf(this.answer));
  }

  // The time before is asked for last: nobody waits for it.
  async compare() {
    await this.try(async () => {
      const {totals} = await this.get(queryBefore(this.place.query, this.answer));
      this.before = totals.conferences > 0 ? totals : null;
      this.drawCards();
    });
  }

  async emptiness() {
    const {conferences} = await getJson(appPath(this.place.app, ['conferences'], {limit: 1}),
      {signal: this.signal});
    return nothing(this.place, this.answer, conferences[0] ?? null);
  }

  // ---- What comes ----

  // What ends now goes on; what has an end does not change.
  async keep(setLive) {
    if (rangeOf(this.place.query, {fallback: USUAL_RANGE}).relative === null)
      return;
    this.later(0);
    await this.try(async () => {
      const {live} = await getJson(appPath(this.place.app, ['conferences'], {limit: 1}),
        {signal: this.signal});
      follow(appPath(this.place.app, ['live']), {after: live, onState: setLive,
        handlers: {conference: () => { this.dirty = true; }}, signal: this.signal});
    });
  }

  later(waited) {
    this.timer = setTimeout(async () => {
      const since = waited + REFRESH_NEWS;
      const due = since >= REFRESH || this.dirty;
      if (due && !document.hidden)
        await this.try(() => this.refresh());
      if (!this.signal.aborted)
        this.later(due ? 0 : since);
    }, REFRESH_NEWS);
  }

  async refresh() {
    await this.ask();
    await this.draw();
  }

  // The stream tells when the collector is lost, and all is asked for again in a while.
  async try(what) {
    try {
      await what();
    } catch (error) {
      if (!(error instanceof ApiError) && error.name !== 'AbortError')
        throw error;
    }
  }
}
