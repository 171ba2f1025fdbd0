// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The page: shows the view that the address names, and what stands around it.

import {api, getJson} from '../lib/api.js';
import {hashOf, parsePlace} from '../lib/router.js';
import {startTheme} from '../lib/theme.js';
import {show as showConference} from '../views/conference.js';
import {show as showFabric} from '../views/fabric.js';
import {show as showList} from '../views/list.js';
import {show as showOverview} from '../views/overview.js';
import {failureNotice, isPassing, notice, timeToRetry} from './failure.js';
import {Header} from './header.js';
import {onLoginElsewhere, showLogin} from './login.js';
import {Stage} from './stage.js';

const views = {
  overview: showOverview,
  list: showList,
  conference: showConference,
  fabric: showFabric,
};

const LAST_APP = 'callstats-app';

const main = document.getElementById('main');
const header = new Header(document.getElementById('header'), {onLogOut: visit});
const stage = new Stage(main);
let visiting = new AbortController();
let failures = 0; // one after the other
let loggingIn = false;

function setTitle(title) {
  document.title = title === null ? 'callstats-collector' : `${title} – callstats-collector`;
}

// The address without an application leads to the one that was read last.
function chooseApp(place, apps) {
  const last = localStorage.getItem(LAST_APP);
  if (place.app === null && apps.length > 0) {
    place.app = apps.includes(last) ? last : apps[0];
    history.replaceState(history.state, '', hashOf(place));
  }
  if (apps.includes(place.app))
    localStorage.setItem(LAST_APP, place.app);
}

function nothingToShow(place, apps) {
  if (place.app === null)
    return notice('No application yet', 'Add one with: callstats-collector app add');
  if (!apps.includes(place.app))
    return notice('Not found', 'There is no such application, or it is not yours.');
  return notice('Not found', 'This address leads nowhere.');
}

async function showPlace(root, place, signal) {
  const {apps, names} = await getJson('/api/v1/apps', {signal});
  chooseApp(place, apps);
  header.showPlace(place, apps, names);
  if (!apps.includes(place.app) || views[place.view] === undefined) {
    setTitle('Not found');
    root.replaceChildren(nothingToShow(place, apps));
    return;
  }
  await views[place.view]({root, place, signal,
    setTitle: (title) => signal.aborted || setTitle(title),
    setLive: (state) => signal.aborted || header.showLive(state)});
}

async function showFailure(error, signal) {
  if (signal.aborted || error.status === 401)
    return;
  if (error.status === undefined)
    console.error(error);
  setTitle(error.status === 404 ? 'Not found' : 'Failed');
  header.showLive(null);
  stage.showUnlessShown(failureNotice(error, visit));
  stage.end();
  if (!isPassing(error))
    return;
  await timeToRetry(failures++, signal);
  if (!signal.aborted)
    visit();
}

// Ends the visit before it: what it may still draw, it draws where nobody sees it.
function begin() {
  visiting.abort();
  visiting = new AbortController();
  loggingIn = false;
  return visiting.signal;
}

async function visit() {
  const signal = begin();
  const place = parsePlace(location.hash);
  const root = stage.begin(JSON.stringify([place.app, place.view, place.id]));
  header.showLive(null);
  try {
    await showPlace(root, place, signal);
  } catch (error) {
    showFailure(error, signal);
    return;
  }
  if (signal.aborted)
    return;
  failures = 0;
  stage.end();
}

// The login is over, or there was none: what the address names is shown after it.
function logIn() {
  if (loggingIn)
    return;
  begin();
  loggingIn = true;
  const root = stage.begin('login');
  header.showLoggedOut();
  setTitle('Log in');
  showLogin(root, {onDone: visit});
  main.removeAttribute('aria-busy');
}

api.addEventListener('login-needed', logIn);
onLoginElsewhere(() => loggingIn && visit());
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', () => {
  failures = 0;
  visit();
});
startTheme();
visit();
