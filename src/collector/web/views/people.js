// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The people of a conference and their connections, as tables.

import {h, told} from '../lib/dom.js';
import {clock, count, dateTime, delay, score} from '../lib/format.js';
import {hashOf} from '../lib/router.js';
import {membersOf} from '../models/event-data.js';
import {STATES} from '../models/fabric-states.js';
import {endWords} from '../models/words.js';
import {ends, memberList, spoken} from './spoken.js';
import {steady} from './steady.js';
import {table} from './table.js';

const MOST = 100;
const STATUS = {terminated: 'ended', aborted: 'ended before it was set up',
  timeout: 'went silent', dropped: 'dropped', failed: 'never set up'};
const TITLES = new Map(STATES.map(({id, title}) => [id, title]));

/** A table that begins short, and shows all when asked to. */
class LongTable {
  constructor(id, title, columns) {
    Object.assign(this, {title, columns, all: false});
    this.content = h('div');
    this.node = h('section', {'aria-labelledby': id}, h('h2', {id}, title), this.content);
    this.redraw = steady(this.content);
  }

  /** shown: what the rows show, for it is made anew only when that changes */
  update(rows, shown) {
    this.rows = rows;
    this.shown = shown;
    const listed = this.all ? rows : rows.slice(0, MOST);
    this.redraw([this.all, rows.length, listed.map(shown)], () => [
      table(this.title, this.columns, listed),
      rows.length === listed.length ? '' : h('button', {type: 'button', onclick: () => {
        this.all = true;
        this.update(this.rows, this.shown);
      }}, `Show all ${rows.length}`)]);
  }
}

function stars(rating) {
  return h('span', {class: 'stars'}, h('span', {'aria-hidden': 'true'},
    '★'.repeat(rating) + '☆'.repeat(5 - rating)), ` ${rating} of 5`);
}

function feedbackParts({data}) {
  const parts = ['audio', 'video', 'screen'].filter((part) => Number.isFinite(data[part]))
    .map((part) => `${part} ${data[part]}`);
  return h('div', null,
    Number.isInteger(data.overall) && data.overall >= 1 && data.overall <= 5 ?
      stars(data.overall) : null,
    parts.length === 0 ? null : h('div', {class: 'soft'}, parts.join(', ')),
    typeof data.comment === 'string' ? h('div', null, told(data.comment)) : null);
}

function clientWords(info) {
  return ['type', 'os', 'buildName', 'buildVersion', 'appVersion']
    .map((member) => info[member]).filter((text) => typeof text === 'string').join(' ');
}

function clientOf({user, endpointInfo}) {
  if (endpointInfo === null || typeof endpointInfo !== 'object')
    return '–';
  return h('details', {dataset: {key: `client ${user}`}},
    h('summary', null, told(clientWords(endpointInfo) || 'Client')),
    memberList(membersOf(endpointInfo)));
}

const PEOPLE = [
  {title: 'User', content: ({row}) => told(row.user)},
  {title: 'Name', content: ({row}) => told(row.userName)},
  {title: 'Joined', content: ({row}) => dateTime(row.joined)},
  {title: 'Left', content: ({row, call}) =>
    row.left === null && !call.ended ? 'still here' : dateTime(row.left)},
  {title: 'Site', content: ({site}) => told(site)},
  {title: 'Client', content: ({row}) => clientOf(row)},
  {title: 'Score (1 to 5)', class: 'number', content: ({rated}) => score(rated)},
  {title: 'Feedback', content: ({feedback}) => feedback.length === 0 ? '–' :
    feedback.map(feedbackParts)},
];

export class PeopleView {
  constructor() {
    this.table = new LongTable('people-title', 'People', PEOPLE);
    this.node = this.table.node;
  }

  /** @param {import('../models/picture.js').Picture} picture */
  update({call, summary}) {
    const sites = new Map(call.events.filter(({name}) => name === 'userJoined')
      .map(({user, data}) => [user, data?.siteID]));
    const feedback = call.events.filter(({name, data}) => name === 'userFeedback' &&
      data !== null && typeof data === 'object');
    const scores = new Map();
    (summary?.fabricSummaries ?? []).filter((one) => one.score !== null).forEach((one) =>
      scores.set(one.localID, Math.min(scores.get(one.localID) ?? 5, one.score.p50)));
    const rows = [...call.participants.values()].map((row) => ({row, call,
      site: sites.get(row.user) ?? null, rated: scores.get(row.user) ?? null,
      feedback: feedback.filter((event) => (event.data.userID ?? event.user) === row.user)}));
    this.table.update(rows, ({row, site, rated, feedback: given}) =>
      [row, site, rated, given.length, call.ended]);
  }
}

function stateOf({story, summary}) {
  const last = story.spans.at(-1)?.state;
  const {terminated} = story.row;
  const over = terminated !== null || summary?.terminationStatus;
  if (over)
    return STATUS[summary?.terminationStatus] ?? (story.failed ? STATUS.failed : 'ended');
  return [h('span', {class: `swatch state-${last ?? 'new'}`}),
    TITLES.get(last ?? 'new')];
}

function causeOf({story, summary}) {
  const cause = story.cause ?? summary?.terminationCause ?? null;
  const words = endWords(cause);
  return words === null ? '–' : spoken([words]);
}

function relayWords(relay) {
  return relay === null ? '–' : relay === '' ? 'direct' : `relay (${relay})`;
}

function disruptionsOf({story, summary}) {
  const counted = summary?.disruptions;
  if (counted !== undefined)
    return counted.count === 0 ? '0' : `${counted.count} (${delay(counted.total)})`;
  return count(story.disruptions.length);
}

export class FabricsView {
  /** @param {{app: string}} options */
  constructor({app}) {
    this.app = app;
    this.table = new LongTable('fabrics-title', 'Connections', this.columns());
    this.node = this.table.node;
  }

  columns() {
    const link = (row, both, text) => h('a', {dataset: {key: `${both ?? 'one'} ${row.fabric}`},
      href: hashOf({app: this.app, view: 'fabric', id: row.fabric, query: {both}})}, text);
    return [
      {title: 'User → remote user', content: ({story}) =>
        link(story.row, null, ends(story.row))},
      {title: 'Both ends', content: ({story, other}) =>
        other === undefined ? '–' : link(story.row, 1, 'Compare')},
      {title: 'Usage', content: ({story, usage}) => told(story.row.usage ?? usage)},
      {title: 'State', content: stateOf},
      {title: 'Setup', class: 'number', content: ({story}) => delay(story.row.setupDelay)},
      {title: 'Score (1 to 5)', class: 'number', content: ({summary}) =>
        score(summary?.score?.p50)},
      {title: 'Disruptions', class: 'number', content: disruptionsOf},
      {title: 'Way', content: ({relay}) => relayWords(relay)},
      {title: 'Begun', content: ({story}) => clock(story.row.added ?? story.row.firstReport)},
      {title: 'Ended', content: ({story}) => clock(story.row.terminated)},
      {title: 'How it ended', content: causeOf},
      {title: 'Reports', class: 'number', content: ({story}) => count(story.row.reports)},
    ];
  }

  /**
   * @param {import('../models/picture.js').Picture} picture
   * @param {Map<string, string>} relays by fabric, as candidate pairs have them
   */
  update({stories, summary, pairs}, relays) {
    const summaries = new Map((summary?.fabricSummaries ?? [])
      .map((one) => [one.connectionID, one]));
    const rows = stories.map((story) => ({story, summary: summaries.get(story.row.fabric),
      other: pairs.get(story.row.fabric),
      usage: story.events.findLast(({name}) => name === 'fabricUsageEvent')?.data?.fabricUsage,
      relay: story.relay ?? relays.get(story.row.fabric) ?? null}));
    this.table.update(rows, ({story, relay, summary: one, other}) => [story.row, relay, other,
      one?.terminationStatus, one?.score?.p50, story.spans.at(-1)?.state,
      story.disruptions.length]);
  }
}
