// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What stands above every view: where to go, search, application, theme, login and whether the
// view is live.

import {postJson} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {hashOf} from '../lib/router.js';
import {chooseTheme, chosenTheme, THEMES} from '../lib/theme.js';
import {forgetLogin, hasLoggedIn} from './login.js';
import {Search} from './search.js';

const TABS = [
  {view: 'overview', title: 'Overview'},
  {view: 'list', title: 'Conferences'},
];

const LIVE = {
  live: 'Live',
  lost: 'Connection lost, trying again',
};

const THEME_TITLES = {auto: 'System', light: 'Light', dark: 'Dark'};

export class Header {
  /**
   * @param {HTMLElement} root emptied and kept
   * @param {{onLogOut: function()}} options
   */
  constructor(root, {onLogOut}) {
    this.onLogOut = onLogOut;
    this.place = null;
    this.tabs = h('nav', {'aria-label': 'Views'});
    this.live = h('span', {class: 'live-state', role: 'status'});
    this.apps = h('select', {id: 'app', onchange: () => this.goTo('overview', this.apps.value)});
    this.search = new Search();
    this.logOut = h('button', {type: 'button', hidden: true, onclick: () => this.end()}, 'Log out');
    this.failure = h('span', {class: 'bad', role: 'alert'});
    this.chooser = h('label', {class: 'chooser'}, 'Application ', this.apps);
    root.replaceChildren(
      this.tabs, this.search.node, this.live, this.chooser, this.themes(), this.logOut,
      this.failure);
    this.showLoggedOut();
  }

  themes() {
    const select = h('select', {id: 'theme', onchange: () => chooseTheme(select.value)},
      THEMES.map((name) => h('option', {value: name}, THEME_TITLES[name])));
    select.value = chosenTheme();
    return h('label', {class: 'chooser'}, 'Theme ', select);
  }

  goTo(view, app, query = {}) {
    location.hash = hashOf({app, view, query});
  }

  async end() {
    this.failure.textContent = '';
    try {
      await postJson('/api/v1/logout', {});
    } catch (error) {
      this.failure.textContent = `Still logged in: ${error.message}`;
      return;
    }
    forgetLogin();
    this.onLogOut();
  }

  showLoggedOut() {
    for (const node of [this.search.node, this.chooser, this.logOut])
      node.hidden = true;
    this.failure.textContent = '';
    this.tabs.replaceChildren();
    this.showLive(null);
  }

  /**
   * @param {Object} place of router.js
   * @param {Array<string>} apps that may be read
   * @param {Object<string, string>} names of those that have one
   */
  showPlace(place, apps, names) {
    this.place = place;
    this.apps.replaceChildren(...apps.map((id) => h('option', {value: id}, names[id] ?? id)));
    this.apps.value = place.app;
    this.chooser.hidden = apps.length < 2;
    this.search.showPlace(place);
    this.logOut.hidden = !hasLoggedIn();
    this.tabs.replaceChildren(...place.app === null ? [] : TABS.map(({view, title}) =>
      h('a', {href: hashOf({app: place.app, view}),
        'aria-current': place.view === view ? 'page' : null}, title)));
  }

  /** @param {'live'|'lost'|'over'|null} state of the view's stream; null: it has none */
  showLive(state) {
    this.live.dataset.state = state ?? 'none';
    this.live.textContent = LIVE[state] ?? '';
  }
}
