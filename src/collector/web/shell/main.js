// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The page: shows the view that the address names, and what stands around it.

import {api, getJson} from '../lib/api.js';
import {h} from '../lib/dom.js';
import {parsePlace} from '../lib/router.js';
import {startTheme} from '../lib/theme.js';
import {show as showConference} from '../views/conference.js';
import {show as showList} from '../views/list.js';
import {Header} from './header.js';
import {showLogin} from './login.js';

const views = {
  overview: showList,
  list: showList,
  conference: showConference,
};

const root = document.getElementById('main');
const header = new Header(document.getElementById('header'), {onLogOut: visit});
let visiting = new AbortController();

function setTitle(title) {
  document.title = title === null ? 'callstats-collector' : `${title} – callstats-collector`;
}

function notice(title, text) {
  return h('section', {class: 'notice', role: 'alert'}, h('h1', null, title), h('p', null, text));
}

function showFailure(error) {
  if (error.name === 'AbortError' || error.status === 401)
    return;
  root.replaceChildren(notice(error.status === 404 ? 'Not found' : 'This did not work',
    error.message));
  if (error.status === undefined)
    console.error(error);
}

// A new view begins at its top, for eyes, keyboard and screen reader.
function begin(place) {
  const moved = root.dataset.path !== `${place.view}/${place.id}`;
  root.dataset.path = `${place.view}/${place.id}`;
  root.replaceChildren();
  root.setAttribute('aria-busy', 'true');
  if (moved)
    window.scrollTo(0, 0);
}

async function showPlace(place, signal) {
  const {apps, names} = await getJson('/api/v1/apps', {signal});
  if (place.app === null && apps.length > 0)
    place.app = apps[0];
  header.showPlace(place, apps, names);
  if (place.app === null)
    root.replaceChildren(notice('No application yet', 'Add one with: callstats-collector app add'));
  else if (!apps.includes(place.app))
    root.replaceChildren(notice('Not found', 'There is no such application, or it is not yours.'));
  else if (views[place.view] === undefined)
    root.replaceChildren(notice('Not found', 'This address leads nowhere.'));
  else
    await views[place.view]({root, place, signal, setTitle,
      setLive: (state) => signal.aborted || header.showLive(state)});
}

async function visit() {
  visiting.abort();
  visiting = new AbortController();
  const {signal} = visiting;
  const place = parsePlace(location.hash);
  begin(place);
  setTitle(null);
  header.showLive(null);
  try {
    await showPlace(place, signal);
  } catch (error) {
    showFailure(error);
  }
  if (!signal.aborted)
    root.removeAttribute('aria-busy');
}

api.addEventListener('login-needed', () => {
  visiting.abort();
  root.removeAttribute('aria-busy');
  header.showLoggedOut();
  setTitle('Log in');
  showLogin(root, {onDone: visit});
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  root.focus();
});
window.addEventListener('hashchange', visit);
startTheme();
visit();
