// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The search in the header: suggests conferences and users whose ids begin with what is typed.

import {appPath, getJson} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {hashOf} from '../lib/router.js';
import {ASKED, placeOf, suggestionsOf} from '../models/suggestions.js';

const KINDS = {conference: 'Conference', user: 'User'};

const MOST = 256; // bytes of an id

export class Search {
  constructor() {
    this.app = null;
    this.asking = new AbortController();
    this.options = [];
    this.active = -1;
    this.list = h('ul', {id: 'suggestions', role: 'listbox', 'aria-label': 'Suggestions',
      hidden: true});
    this.input = h('input', {type: 'search', name: 'q', id: 'search', maxlength: MOST,
      placeholder: 'Conference or user', autocomplete: 'off', spellcheck: 'false',
      'aria-label': 'Search', role: 'combobox', 'aria-autocomplete': 'list',
      'aria-controls': 'suggestions', 'aria-expanded': 'false', oninput: () => this.suggest(),
      onkeydown: (event) => this.press(event), onblur: () => this.close()});
    this.node = h('form', {role: 'search', class: 'search', onsubmit: (event) => this.find(event)},
      this.input, this.list, h('button', {type: 'submit'}, 'Search'));
  }

  /** @param {Object} place of router.js */
  showPlace(place) {
    this.close();
    this.app = place.app;
    this.node.hidden = place.app === null;
    this.input.value = place.query.get('q') ?? '';
  }

  // What was typed before is asked for no more.
  begin() {
    this.asking.abort();
    this.asking = new AbortController();
    return this.asking.signal;
  }

  async suggest() {
    const text = this.input.value.trim();
    const signal = this.begin();
    if (text === '') {
      this.close();
      return;
    }
    try {
      const [users, conferences] = await Promise.all([
        getJson(appPath(this.app, ['users'], {q: text, limit: 5}), {signal}),
        this.askConferences(text, signal),
      ]);
      this.open(suggestionsOf(text, users.users, conferences));
    } catch {
      if (!signal.aborted)
        this.close(); // the list itself says what is wrong
    }
  }

  async askConferences(text, signal) {
    const {conferences} = await getJson(
      appPath(this.app, ['conferences'], {q: text, limit: ASKED}), {signal});
    return conferences;
  }

  open(suggestions) {
    this.active = -1;
    this.options = suggestions.map((one, index) => ({one, node: this.option(one, index)}));
    this.list.replaceChildren(...this.options.map(({node}) => node));
    this.list.hidden = this.options.length === 0;
    this.input.setAttribute('aria-expanded', String(!this.list.hidden));
    this.input.removeAttribute('aria-activedescendant');
  }

  close() {
    this.begin();
    this.open([]);
  }

  option(one, index) {
    return h('li', {role: 'option', id: `suggestion-${index}`, 'aria-selected': 'false',
      onpointerdown: (event) => event.preventDefault(), onclick: () => this.goTo(one)},
    h('span', {class: 'soft'}, KINDS[one.kind]), ' ', h('bdi', {class: 'id'}, one.id), ' ',
    one.name === null ? null : [h('bdi', {class: 'soft'}, one.name), ' '],
    h('span', {class: 'soft'}, one.note));
  }

  activate(index) {
    const many = this.options.length;
    this.active = (index + many) % many;
    this.options.forEach(({node}, at) =>
      node.setAttribute('aria-selected', String(at === this.active)));
    const {node} = this.options[this.active];
    this.input.setAttribute('aria-activedescendant', node.id);
    node.scrollIntoView({block: 'nearest'});
  }

  press(event) {
    if (this.options.length === 0)
      return;
    if (event.key === 'ArrowDown')
      this.activate(this.active + 1);
    else if (event.key === 'ArrowUp')
      this.activate(this.active < 0 ? -1 : this.active - 1);
    else if (event.key === 'Escape')
      this.close();
    else
      return;
    event.preventDefault();
  }

  goTo(suggestion) {
    this.close();
    location.hash = hashOf(placeOf(this.app, suggestion));
  }

  async find(event) {
    event.preventDefault();
    const id = this.input.value.trim();
    if (this.active >= 0) {
      this.goTo(this.options[this.active].one);
      return;
    }
    this.close();
    if (id !== '' && await this.isConference(id))
      this.goTo({kind: 'conference', id});
    else if (this.input.value.trim() === id)
      location.hash = hashOf({app: this.app, view: 'list', query: {q: id}});
  }

  async isConference(id) {
    try {
      const conferences = await this.askConferences(id, this.begin());
      return conferences.some(({conference}) => conference === id);
    } catch {
      return false; // the list itself says what is wrong
    }
  }
}
