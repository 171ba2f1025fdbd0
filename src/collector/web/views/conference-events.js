// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The events of a conference as a table, the timeline in words: filtered, page by page.

import {h, told} from '../lib/dom.js';
import {hashOf, noteQuery} from '../lib/router.js';
import {lineOf} from '../models/event-data.js';
import {filterEvents} from '../models/event-filter.js';
import {KINDS, kindOf, titleOf} from '../models/event-kinds.js';
import {eventData} from './event-details.js';
import {icon} from './glyphs.js';
import {ends} from './spoken.js';
import {replaceSteadily, steady} from './steady.js';
import {table} from './table.js';
import {exactTime} from './times.js';

const PAGE = 50;
const FILTERS = ['user', 'kind', 'fabric', 'text'];

export class EventsView {
  /**
   * @param {Object} options
   * @param {import('../lib/router.js').Place} options.place
   * @param {function(number, number)} options.showTimes shows these times on the timeline
   * @param {function(): Promise} options.loadMore gets events that are not here yet
   */
  constructor({place, showTimes, loadMore}) {
    Object.assign(this, {place, showTimes, loadMore, page: 0});
    this.filter = Object.fromEntries(FILTERS.map((name) => [name, place.query.get(name)]));
    this.inputs = {
      user: this.select('user'), kind: this.select('kind'), fabric: this.select('fabric'),
      text: h('input', {type: 'search', maxlength: 256, oninput: () => this.choose('text')}),
    };
    this.inputs.text.value = this.filter.text ?? '';
    const label = (title, name) => h('label', null, `${title} `, this.inputs[name]);
    this.count = h('p', {class: 'soft', role: 'status'});
    this.content = h('div');
    this.more = h('p', {class: 'warn'});
    this.node = h('section', {class: 'events', 'aria-labelledby': 'events-title'},
      h('h2', {id: 'events-title'}, 'Events'),
      h('form', {class: 'filters', onsubmit: (event) => event.preventDefault()},
        label('User', 'user'), label('Kind', 'kind'), label('Connection', 'fabric'),
        label('Text', 'text')),
      this.count, this.content, this.more);
    this.drawChoices = steady(h('div'));
  }

  select(name) {
    return h('select', {onchange: () => this.choose(name)});
  }

  choose(name) {
    this.filter[name] = this.inputs[name].value === '' ? null : this.inputs[name].value;
    this.page = 0;
    noteQuery(this.place, {[name]: this.filter[name]});
    this.draw();
  }

  /** @param {import('../models/picture.js').Picture} picture */
  update(picture) {
    this.picture = picture;
    this.byFabric = new Map(picture.stories.map(({row}) => [row.fabric, row]));
    this.choices();
    if (this.drawnEvents !== picture.call.events || this.drawnMore !== picture.call.truncated)
      this.draw();
  }

  choices() {
    const {call, stories} = this.picture;
    const users = [...new Set([...call.participants.keys(),
      ...stories.map(({row}) => row.user)])];
    const kinds = KINDS.filter(({id}) => call.events.some((event) => kindOf(event) === id));
    const fabrics = stories.map(({row}) => row);
    this.options('user', users.map((user) => [user, user]));
    this.options('kind', kinds.map(({id, title}) => [id, title]));
    this.options('fabric', fabrics.map(({fabric, user, remoteUser}) =>
      [fabric, `${user} → ${remoteUser ?? '?'} (${fabric.slice(0, 8)})`]));
  }

  options(name, pairs) {
    const select = this.inputs[name];
    const chosen = this.filter[name];
    const all = chosen === null || pairs.some(([value]) => value === chosen) ? pairs :
      [...pairs, [chosen, chosen]];
    const key = JSON.stringify(all);
    if (select.dataset.shown === key)
      return;
    select.dataset.shown = key;
    select.replaceChildren(h('option', {value: ''}, 'All'),
      ...all.map(([value, title]) => h('option', {value}, title)));
    select.value = chosen ?? '';
  }

  draw() {
    const {call} = this.picture;
    this.drawnEvents = call.events; // another array whenever events come
    const found = filterEvents(call.events, this.filter);
    const pages = Math.max(Math.ceil(found.length / PAGE), 1);
    this.page = Math.min(this.page, pages - 1);
    const shown = found.slice(this.page * PAGE, (this.page + 1) * PAGE);
    this.count.textContent = found.length === call.events.length ?
      `${found.length} events` : `${found.length} of ${call.events.length} events`;
    replaceSteadily(this.content, [table('Events', this.columns(), shown),
      pages === 1 ? '' : this.pager(pages)]);
    this.drawMore();
  }

  drawMore() {
    this.drawnMore = this.picture.call.truncated;
    replaceSteadily(this.more, this.drawnMore ? [
      'There are more events than are shown here and on the timeline. ',
      h('button', {type: 'button', dataset: {key: 'load'}, onclick: (event) => {
        event.target.disabled = true;
        this.loadMore();
      }}, 'Load more')] : []);
  }

  pager(pages) {
    const go = (title, page) => h('button', {type: 'button', dataset: {key: title},
      disabled: page < 0 || page >= pages, onclick: () => {
        this.page = page;
        this.draw();
      }}, title);
    return h('nav', {class: 'pager', 'aria-label': 'Pages of events'}, go('First', 0),
      go('Previous', this.page - 1), `Page ${this.page + 1} of ${pages}`,
      go('Next', this.page + 1), go('Last', pages - 1));
  }

  columns() {
    return [
      {title: 'Time', content: (event) => h('button', {type: 'button', class: 'as-link',
        title: 'Shows it on the timeline', onclick: () =>
          this.showTimes(event.time - 1000, event.time + 1000)}, exactTime(event.time))},
      {title: 'User', content: ({user}) => told(user)},
      {title: 'Connection', content: (event) => this.fabricLink(event)},
      {title: 'Event', content: (event) => h('span', {class: 'event-title'},
        icon(kindOf(event)), ' ', told(titleOf(event)))},
      {title: 'Data', content: (event) => h('details', {dataset: {
        key: `data ${event.time} ${event.name} ${event.user}`}},
      h('summary', null, told(lineOf(event))), eventData(event, this.place.app))},
    ];
  }

  fabricLink({fabric}) {
    if (fabric === null || fabric === undefined)
      return '–';
    const row = this.byFabric.get(fabric);
    return h('a', {href: hashOf({app: this.place.app, view: 'fabric', id: fabric})},
      row === undefined ? told(fabric) : ends(row));
  }
}
