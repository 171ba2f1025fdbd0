// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The conferences of an application: found, sorted, page by page, and live.

import {ApiError, appPath, getJson} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {count} from '../lib/format.js';
import {follow} from '../lib/live.js';
import {hashOf, setQuery} from '../lib/router.js';
import {belongs, growsAtTop, keyOf, limitOf, LIMITS, listQuery, put,
  sortOf} from '../models/list.js';
import {chipsOf, NO_PAGE} from '../models/filters.js';
import {ConferenceRows} from './conference-rows.js';
import {filterChips, filterForm} from './filters.js';
import {replaceContent} from './focus.js';
import {noConference} from './no-conference.js';
import {rangePicker} from './range-picker.js';
import {keepTime} from './time.js';

const ASK_AT_MOST = 2000; // ms between two askings because something happened
const ASK_AGAIN = 60_000; // ms: that a conference is silent, nobody tells

/** Shows the list; as all views do. */
export async function show({root, place, signal, setTitle, setLive}) {
  setTitle('Conferences');
  const view = new ListView(place, signal);
  await view.ask();
  root.replaceChildren(view.node());
  keepTime(root, signal);
  view.follow(setLive);
}

class ListView {
  constructor(place, signal) {
    Object.assign(this, {place, signal});
    this.change = (changes) => setQuery(place, changes);
    this.table = new ConferenceRows(place, this.change);
    this.opened = Date.now();
    this.unseen = new Set();
    this.news = h('div', {class: 'news', role: 'status'});
    this.rest = h('div', null);
  }

  async ask() {
    const answer = await getJson(appPath(this.place.app, ['conferences'],
      listQuery(this.place.query, Date.now())), {signal: this.signal});
    this.answer = answer;
    this.live ??= answer.live;
    this.showRows(answer.conferences);
    replaceContent(this.rest, this.rows.length === 0 ? this.nothing() : this.pager());
  }

  showRows(rows) {
    this.rows = rows;
    this.table.show(rows);
    this.table.node.hidden = rows.length === 0;
  }

  node() {
    const {app, query} = this.place;
    const sites = [...new Set(this.rows.map(({site}) => site).filter(Boolean))].sort();
    return h('div', {class: 'list', dataset: {view: 'list'}},
      h('h1', null, 'Conferences'),
      h('div', {class: 'toolbar'}, rangePicker({query, fallback: null, change: this.change}),
        filterForm({app, query, sites, change: this.change, signal: this.signal})),
      filterChips(this.place),
      sortOf(query).sort === 'score' ?
        h('p', {class: 'hint'}, 'By score: conferences without one are left out.') : null,
      this.news, this.table.node, this.rest);
  }

  // ---- Pages ----

  pageLink(title, id, changes) {
    if (changes === null)
      return h('span', {class: 'page-link', id, tabindex: -1, 'aria-disabled': 'true'}, title);
    const query = new URLSearchParams(this.place.query);
    Object.keys(NO_PAGE).forEach((name) => query.delete(name));
    Object.entries(changes).forEach(([name, value]) => query.set(name, value));
    return h('a', {class: 'page-link', id, href: hashOf({...this.place, query})}, title);
  }

  pager() {
    const {next, previous} = this.answer;
    const moved = this.place.query.has('before') || this.place.query.has('after');
    const limits = h('select', {id: 'limit',
      onchange: () => this.change({...NO_PAGE, limit: limits.value})},
    LIMITS.map((many) => h('option', {value: many}, many)));
    limits.value = limitOf(this.place.query);
    return h('nav', {class: 'pager', 'aria-label': 'Pages'},
      this.pageLink('First', 'page-first', moved ? {} : null),
      this.pageLink('Previous', 'page-previous', previous === null ? null : {after: previous}),
      this.pageLink('Next', 'page-next', next === null ? null : {before: next}),
      h('label', {class: 'soft'}, 'Rows ', limits));
  }

  nothing() {
    const {app, query} = this.place;
    if (query.has('before') || query.has('after'))
      return h('p', null, 'There are no more. ', this.pageLink('To the first', 'page-first', {}));
    if (chipsOf(query).length > 0)
      return h('section', {class: 'notice'}, h('h2', null, 'No conference matches'),
        h('p', null, 'Take something away of what is looked for, above, or ', h('a',
          {href: hashOf({app, view: 'list'})}, 'show all'), '. Upper and lower case differ.'),
        sortOf(query).sort !== 'score' ? null : h('p', null, 'Those without a score: ',
          h('a', {href: hashOf({...this.place, query: this.newest()})}, 'sort by start'), '.'));
    return noConference(app);
  }

  // ---- Live ----

  follow(setLive) {
    follow(appPath(this.place.app, ['live']), {after: this.live, signal: this.signal,
      handlers: {conference: (row) => this.take(row)}, onState: setLive});
    const timer = setInterval(() => {
      if (!document.hidden && this.rows.some(({ended}) => !ended))
        this.askSoon();
    }, ASK_AGAIN);
    this.signal.addEventListener('abort', () => {
      clearInterval(timer);
      clearTimeout(this.asking);
    }, {once: true});
  }

  take(row) {
    const mine = belongs(row, this.place.query, Date.now());
    if (this.rows.some((one) => keyOf(one) === keyOf(row)))
      this.showRows(this.rows.map((one) => keyOf(one) === keyOf(row) ? row : one));
    else if (growsAtTop(this.place.query))
      this.insert(row, mine);
    else if (mine && row.start >= this.opened)
      this.announce(keyOf(row));
  }

  insert(row, mine) {
    // With the first row comes what stands around a list.
    if (mine === null || (mine && this.rows.length === 0))
      this.askSoon();
    else if (mine)
      this.showRows(put(this.rows, row, limitOf(this.place.query)));
  }

  announce(key) {
    this.unseen.add(key);
    const many = this.unseen.size;
    this.news.replaceChildren(h('a', {class: 'button', id: 'news',
      href: hashOf({...this.place, query: this.newest()})},
    `${count(many)} new ${many === 1 ? 'conference' : 'conferences'} – show`));
  }

  newest() {
    const query = new URLSearchParams(this.place.query);
    ['sort', 'order', ...Object.keys(NO_PAGE)].forEach((name) => query.delete(name));
    return query;
  }

  askSoon() {
    this.asking ??= setTimeout(async () => {
      try {
        await this.ask();
      } catch (error) {
        if (!(error instanceof ApiError) && error.name !== 'AbortError')
          throw error;
        // The stream tells when the collector is lost; the next change asks again.
      }
      this.asking = undefined;
    }, this.rows.length === 0 ? 0 : ASK_AT_MOST);
  }
}
