// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One fabric: its charts on one cursor, how it was connected, and what it reported.

import {chartBar, markLegend} from '../charts/bar.js';
import {ChartGroup} from '../charts/group.js';
import {appPath, getJson} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {hashOf, noteQuery} from '../lib/router.js';
import {rangeOf} from '../lib/time-range.js';
import {judge, lifeOf, markKinds, marksOf} from '../models/fabric.js';
import {medianOf, reasonsOf} from '../models/fabric-charts.js';
import {BothEnds} from './both-ends.js';
import {codecs, connection} from './candidates.js';
import {eventList} from './event-list.js';
import {exports} from './exports.js';
import {head} from './fabric-head.js';
import {FabricCharts} from './fabric-charts.js';
import {followFabric} from './fabric-live.js';
import {Reports} from './reports.js';
import {sdp} from './sdp.js';
import {getSeries} from './series-source.js';
import {steady} from './steady.js';
import {WaterfallView} from './waterfall.js';

const timeOf = (text) => /^\d{1,15}$/.test(text ?? '') ? Number(text) : null;

class FabricView {
  constructor({place, signal, fabric, series}) {
    Object.assign(this, {place, signal, fabric, summary: null});
    const {from, to} = rangeOf(place.query);
    this.group = new ChartGroup({
      zoom: from !== null && to !== null && from < to ? {from, to} : null,
      picked: timeOf(place.query.get('report')),
    });
    const Charts = this.bothEnds() ? BothEnds : FabricCharts;
    this.charts = new Charts({place, signal, fabric, series, group: this.group});
    this.reports = new Reports({place, signal, onShow: () => {},
      bounds: () => ({from: this.fabric.firstReport, to: this.fabric.lastReport})});
    this.group.listen({
      zoom: (zoom) => noteQuery(place, {from: zoom?.from, to: zoom?.to}),
      pick: (time) => {
        noteQuery(place, {report: time});
        this.reports.near(time);
      },
    });
    this.build();
  }

  bothEnds() {
    return this.place.query.get('both') === '1' && this.fabric.paired !== undefined;
  }

  // From one end to both, and back.
  toggle() {
    if (this.fabric.paired === undefined)
      return null;
    const query = new URLSearchParams(this.place.query);
    if (this.bothEnds())
      query.delete('both');
    else
      query.set('both', '1');
    return h('a', {class: 'both', href: hashOf({...this.place, query})},
      this.bothEnds() ? 'This end alone' : 'Both ends over each other');
  }

  build() {
    this.head = h('div', {class: 'fabric-head'});
    this.drawHead = steady(this.head);
    this.setup = new WaterfallView({app: this.place.app});
    this.marks = h('div', null);
    this.parts = h('div', null);
    this.root = h('div', {class: 'fabric',
      dataset: {view: this.bothEnds() ? 'both-ends' : 'fabric'}},
    this.head,
    h('section', {class: 'part', dataset: {part: 'charts'}}, h('h2', null, 'Charts'),
      h('div', {class: 'chart-tools'}, chartBar(this.group, this.toggle()), this.charts.picker,
        this.marks),
      this.charts.root),
    this.setup.node, this.parts, this.reports.root, exports(this.place, this.fabric));
    this.showFabric(this.fabric);
  }

  /** @param {Object} fabric as it is now */
  showFabric(fabric) {
    this.fabric = fabric;
    const {from, to} = lifeOf(fabric);
    const ends = [to, fabric.lastReport, this.charts.lastTime()].filter((time) => time !== null);
    this.showHead();
    const marks = marksOf(fabric.events);
    this.marks.replaceChildren(markLegend(markKinds(marks)));
    this.group.setMarks(marks);
    if (from !== null && ends.length > 0)
      this.group.setExtent({from, to: Math.max(from + 1000, ...ends)});
    this.showParts(fabric);
  }

  showHead() {
    const {fabric, place, charts: {series}} = this;
    const {story, findings, end} = judge(fabric, this.summary, reasonsOf(series));
    const median = medianOf(series);
    this.drawHead([{...fabric, events: null}, findings, median],
      () => head(place, fabric, findings, median));
    this.setup.update({stories: [story], end});
  }

  /** Asks for what the collector has summed up of the fabric; there may be nothing yet. */
  async learnSummary() {
    const {place, signal, fabric: {conference, occurrence, fabric}} = this;
    try {
      const summary = await getJson(
        appPath(place.app, ['conferences', conference, 'summary'], {occurrence}), {signal});
      this.summary =
        summary?.fabricSummaries.find((one) => one.connectionID === fabric) ?? null;
    } catch (error) {
      if (error.name !== 'AbortError' && error.status === undefined)
        throw error;
    }
    if (!signal.aborted)
      this.showHead();
  }

  // What is open or has the focus stays so: the parts are made anew only when they are others.
  showParts(fabric) {
    const state = JSON.stringify([fabric.candidatePair?.local, fabric.candidatePair?.remote,
      fabric.codecs?.map(({id}) => id), fabric.events.length]);
    if (state === this.partsState)
      return;
    this.partsState = state;
    this.parts.replaceChildren(...[connection(fabric), codecs(fabric.codecs), sdp(fabric.events),
      eventList(fabric.events, this.group)].filter((part) => part !== null));
  }

  showReport() {
    if (this.group.picked !== null)
      this.reports.near(this.group.picked);
  }
}

/** Shows the fabric; as all views do. */
export async function show({root, place, signal, setTitle, setLive}) {
  const [fabric, series] = await Promise.all([
    getJson(appPath(place.app, ['fabrics', place.id]), {signal}),
    getSeries(place.app, place.id, {}, signal),
  ]);
  setTitle(`${fabric.user} → ${fabric.remoteUser ?? '?'}`);
  const view = new FabricView({place, signal, fabric, series});
  root.replaceChildren(view.root);
  await view.charts.start();
  view.showReport();
  view.learnSummary();
  if (fabric.terminated === null)
    followFabric(view, {signal, setLive});
}
