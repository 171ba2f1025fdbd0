// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One conference: what it came to, everything on one axis of time, setups, people, events.

import {ApiError, appPath, getJson} from '../lib/api.js';
import {h, told} from '../lib/dom.js';
import {dateTime, duration} from '../lib/format.js';
import {follow} from '../lib/live.js';
import {hashOf} from '../lib/router.js';
import {callOf, takeEvents, takeFabric, takeMissingEvents, takeParticipant, takeRow}
  from '../models/call.js';
import {BAD_SCORE} from '../models/findings.js';
import {pictureOf} from '../models/picture.js';
import {EventsView} from './conference-events.js';
import {DiagnosisView} from './diagnosis.js';
import {FabricsView, PeopleView} from './people.js';
import {steady} from './steady.js';
import {TimelineView} from './timeline.js';
import {WaterfallView} from './waterfall.js';

const REDRAW = 500; // ms between redraws while updates come
const TICK = 1000; // ms between redraws for time that goes by
const SUMMARY_TRIES = 12;
const SUMMARY_WAIT = 1500; // ms; it is made a second after the end
const MOST_ASKED = 12; // fabrics asked for one by one
const EVENTS_PAGE = 10_000;
const FORMATS = ['json', 'csv', 'jsonl', 'rtcstats'];

class ConferenceView {
  constructor({root, place, signal, setTitle, setLive}) {
    Object.assign(this, {root, place, signal, setTitle, setLive, summary: null, due: null});
    Object.assign(this, {reasons: new Map(), relays: new Map(), gaps: []});
    const showTimes = (from, to) => this.timeline.showTimes(from, to);
    this.head = h('div', {class: 'conference-head'});
    this.drawHead = steady(this.head);
    this.diagnosis = new DiagnosisView({place, showTimes});
    this.timeline = new TimelineView({place, signal});
    this.waterfall = new WaterfallView({app: place.app});
    this.people = new PeopleView();
    this.fabrics = new FabricsView({app: place.app});
    this.events = new EventsView({place, showTimes, loadMore: () => this.loadMore()});
  }

  path(more = [], query = {}) {
    return appPath(this.place.app, ['conferences', this.place.id, ...more],
      {occurrence: this.call?.occurrence ?? this.place.query.get('occurrence'), ...query});
  }

  get(path) {
    return getJson(path, {signal: this.signal});
  }

  /** What the view can do without: an answer or null. */
  async tryGet(path) {
    try {
      return await this.get(path);
    } catch (error) {
      if (error instanceof ApiError && error.status !== 401)
        return null;
      throw error;
    }
  }

  async show() {
    const detail = await this.get(this.path());
    this.call = callOf(detail);
    this.seen(detail.lastSeen);
    this.summary = await this.tryGet(this.path(['summary']));
    this.setTitle(this.call.id);
    this.root.replaceChildren(h('div', {class: 'conference', dataset: {view: 'conference'}},
      this.head, this.diagnosis.node, this.timeline.node, this.waterfall.node,
      this.fabrics.node, this.people.node, this.events.node));
    this.update();
    if (!this.call.ended)
      this.goOn(detail.live);
    await this.learnMore();
  }

  // The clock of the call, which need not be ours.
  seen(lastSeen) {
    this.lastSeen = lastSeen;
    this.seenAt = performance.now();
  }

  get now() {
    const ahead = this.call.events.at(-1)?.time ?? 0;
    const known = Math.max(this.lastSeen, ahead < this.lastSeen + 60_000 ? ahead : 0);
    return this.call.ended ? this.lastSeen :
      Math.max(known, this.lastSeen + performance.now() - this.seenAt);
  }

  update() {
    this.due = null;
    const picture = pictureOf(this.call, {summary: this.summary, reasons: this.reasons,
      gaps: this.gaps, now: Math.round(this.now)});
    this.drawHead([this.call.id, this.call.start, this.call.ended], () => this.headParts());
    this.diagnosis.update(picture);
    this.timeline.update(picture);
    this.waterfall.update(picture);
    this.people.update(picture);
    this.fabrics.update(picture, this.relays);
    this.events.update(picture);
    this.picture = picture;
  }

  headParts() {
    const {call, place} = this;
    const length = call.ended ? `, ${duration(call.lastSeen - call.start)}` : ', going on';
    return [h('h1', null, told(call.id)),
      h('p', {class: 'soft'}, `${dateTime(call.start)}${length}`,
        call.site === null ? '' : [', site ', told(call.site)], ' · ',
        h('a', {href: hashOf({app: place.app, view: 'list', query: {q: call.id}}),
          dataset: {key: 'others'}}, 'Other calls under this id')),
      h('p', {class: 'exports'}, 'Export: ', FORMATS.map((format) =>
        [h('a', {href: this.path(['export'], {format}), download: '',
          dataset: {key: `export ${format}`}}, format), ' ']))];
  }

  soon() {
    this.due ??= setTimeout(() => this.signal.aborted || this.update(), REDRAW);
  }

  goOn(after) {
    const take = (apply) => (data) => {
      apply(this.call, data);
      this.soon();
    };
    this.watching = new AbortController();
    const stop = () => this.watching.abort();
    this.signal.addEventListener('abort', stop, {once: true});
    follow(this.path(['live'], {reports: false}), {after, signal: this.watching.signal,
      onState: (state) => this.setLive(state),
      handlers: {conference: (row) => this.takeConference(row), participant: take(takeParticipant),
        fabric: take(takeFabric), events: take((call, {events}) => takeEvents(call, events))}});
    const tick = setInterval(() => this.soon(), TICK);
    this.watching.signal.addEventListener('abort', () => clearInterval(tick), {once: true});
  }

  takeConference(row) {
    if (row.occurrence !== this.call.occurrence)
      return;
    const ended = row.ended && !this.call.ended;
    takeRow(this.call, row);
    this.seen(row.lastSeen);
    this.soon();
    if (ended)
      this.finish();
  }

  async finish() {
    for (let tries = 0; tries < SUMMARY_TRIES && !this.signal.aborted && this.call.ended; tries++) {
      await new Promise((resolve) => setTimeout(resolve, SUMMARY_WAIT));
      const summary = await this.tryGet(this.path(['summary'])).catch(() => null);
      if (summary === null || summary.endTime === null)
        continue;
      this.summary = summary;
      this.watching.abort();
      this.setLive(null);
      this.update();
      await this.learnMore().catch(() => null);
      return;
    }
  }

  // What takes requests of its own comes after the first picture.
  async learnMore() {
    await Promise.all([this.learnGaps(), this.learnRelays(), this.learnReasons()]);
    if (!this.signal.aborted)
      this.update();
  }

  async learnGaps() {
    const {from, to} = this.picture.whole;
    const answer = await this.tryGet(appPath(this.place.app, ['records'],
      {type: 'gap', from: Math.floor(from), to: Math.ceil(to), limit: 1000}));
    this.gaps = (answer?.records ?? []).filter(({user}) => this.call.participants.has(user))
      .map(({user, record}) => ({user, from: record.from, to: record.to,
        reason: record.reason ?? 'unknown'}))
      .filter((gap) => Number.isFinite(gap.from) && gap.to > gap.from);
  }

  async learnRelays() {
    const fabrics = this.picture.stories.filter(({setUp, relay}) => setUp && relay === null)
      .slice(0, MOST_ASKED);
    for (const {row: {fabric}} of fabrics) {
      const pair = (await this.tryGet(appPath(this.place.app, ['fabrics', fabric])))
        ?.candidatePair;
      if (pair?.local !== undefined)
        this.relays.set(fabric, pair.local.candidateType === 'relay' ?
          `turn/${pair.local.relayProtocol ?? pair.local.protocol ?? 'udp'}` : '');
    }
  }

  async learnReasons() {
    const low = (this.summary?.fabricSummaries ?? [])
      .filter(({score}) => score !== null && score.p50 < BAD_SCORE).slice(0, MOST_ASKED);
    for (const {connectionID} of low) {
      const series = await this.tryGet(appPath(this.place.app,
        ['fabrics', connectionID, 'series'], {points: 60}));
      const words = series?.connection?.metrics?.reasons?.words ?? [];
      this.reasons.set(connectionID, commonest(words.flatMap((list) => list ?? [])));
    }
  }

  async loadMore() {
    const answer = await this.tryGet(this.path(['events'],
      {from: this.call.events.at(-1)?.time, limit: EVENTS_PAGE}));
    if (answer === null)
      return;
    const added = takeMissingEvents(this.call, answer.events);
    this.call.truncated = answer.next !== null && added > 0;
    this.update();
  }
}

function commonest(words) {
  const counts = new Map();
  words.forEach((word) => counts.set(word, (counts.get(word) ?? 0) + 1));
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, 3).map(([word]) => word);
}

/** Shows the conference; as all views do. */
export async function show(options) {
  await new ConferenceView(options).show();
}
