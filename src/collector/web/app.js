// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The page: lists the conferences of an application and opens one. What it shows comes from
// the network, so it reaches the document as text only.

const REFRESH_MS = 2000;

const main = document.getElementById('main');
const status = document.getElementById('status');
const select = document.getElementById('app');
const logout = document.getElementById('logout');

// Whether this browser has logged in; the cookie itself no script can see.
const LOGIN = 'callstats-login';

const time = (ms) => ms === null ? '–' : new Date(ms).toLocaleString();
const clock = (ms) => ms === null ? '–' : new Date(ms).toLocaleTimeString();
const delay = (ms) => ms === null ? '–' : `${Math.round(ms)} ms`;
const text = (value) => value ?? '–';

async function get(path) {
  return answerOf(await fetch(path));
}

async function post(path, body) {
  return answerOf(await fetch(path, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(body),
  }));
}

async function answerOf(response) {
  const body = await response.json();
  if (response.ok)
    return body;
  const error = new Error(body.error.message);
  error.needsLogin = response.status === 401;
  throw error;
}

function element(name, content, className) {
  const node = document.createElement(name);
  if (content instanceof Node)
    node.append(content);
  else
    node.textContent = content;
  if (className)
    node.className = className;
  return node;
}

function link(hash, content) {
  const node = element('a', content);
  node.href = hash;
  return node;
}

// columns: [title, row => content, class name].
function table(columns, rows) {
  const head = element('tr', '');
  const body = document.createElement('tbody');
  for (const [title, , className] of columns)
    head.append(element('th', title, className));
  for (const row of rows) {
    const line = document.createElement('tr');
    for (const [, content, className] of columns)
      line.append(element('td', content(row), className));
    body.append(line);
  }
  const node = document.createElement('table');
  node.append(element('thead', head), body);
  return element('div', node, 'scroll');
}

function state(conference) {
  return conference.ended ? element('span', 'ended') : element('span', 'live', 'live');
}

function failures(count) {
  return count > 0 ? element('span', count, 'bad') : '0';
}

function listHash(app) {
  return `#/${encodeURIComponent(app)}`;
}

function showList(app, {conferences}) {
  if (conferences.length === 0) {
    main.replaceChildren(element('p', 'No conference has been reported yet.'));
    return;
  }
  main.replaceChildren(table([
    ['Conference', (c) => link(`${listHash(app)}/${encodeURIComponent(c.conference)}`, c.conference)],
    ['Start', (c) => time(c.start)],
    ['Last seen', (c) => time(c.lastSeen)],
    ['State', state],
    ['Participants', (c) => c.participants, 'number'],
    ['Fabrics', (c) => c.fabrics, 'number'],
    ['Set up', (c) => c.fabricSetup, 'number'],
    ['Failed', (c) => failures(c.failed), 'number'],
    ['Dropped', (c) => failures(c.dropped), 'number'],
    ['Reports', (c) => c.reports, 'number'],
  ], conferences));
}

function participants(rows) {
  return table([
    ['User', (p) => p.user],
    ['Name', (p) => text(p.userName)],
    ['Joined', (p) => clock(p.joined)],
    ['Left', (p) => clock(p.left)],
  ], rows);
}

function fabrics(rows) {
  return table([
    ['Fabric', (f) => f.fabric],
    ['User', (f) => f.user],
    ['Remote user', (f) => text(f.remoteUser)],
    ['Usage', (f) => text(f.usage)],
    ['State', (f) => text(f.state)],
    ['Setup', (f) => delay(f.setupDelay), 'number'],
    ['Gathering', (f) => delay(f.iceGatheringDelay), 'number'],
    ['Connectivity', (f) => delay(f.iceConnectivityDelay), 'number'],
    ['Reports', (f) => f.reports, 'number'],
    ['Last report', (f) => clock(f.lastReport)],
  ], rows);
}

function events(rows) {
  return table([
    ['Time', (e) => clock(e.time)],
    ['User', (e) => e.user],
    ['Event', (e) => e.name],
    ['Fabric', (e) => text(e.fabric)],
    ['Data', (e) => JSON.stringify(e.data), 'data'],
  ], rows);
}

function showConference(detail) {
  main.replaceChildren(
    element('h2', detail.conference),
    element('p', `${time(detail.start)} to ${time(detail.lastSeen)}, ${detail.ended ? 'ended' : 'live'}`),
    element('h2', 'Participants'), participants(detail.participants),
    element('h2', 'Fabrics'), fabrics(detail.fabrics),
    element('h2', 'Events'), events(detail.events));
}

function place() {
  return location.hash.replace(/^#\/?/, '').split('/').filter(Boolean).map(decodeURIComponent);
}

async function chooseApplication() {
  const {apps, names} = await get('/api/v1/apps');
  const app = apps.includes(place()[0]) ? place()[0] : apps[0];
  if (select.options.length !== apps.length)
    select.replaceChildren(...apps.map((id) => new Option(names[id] ?? id, id)));
  select.value = app;
  return app;
}

function showsLogin() {
  return document.getElementById('login') !== null;
}

async function logIn(event) {
  event.preventDefault();
  const token = new FormData(event.target).get('token').trim();
  try {
    await post('/api/v1/login', {token});
    localStorage.setItem(LOGIN, 'yes');
    main.replaceChildren();
    await refresh();
  } catch (error) {
    status.textContent = error.message;
  }
}

async function logOut() {
  await post('/api/v1/logout', {});
  localStorage.removeItem(LOGIN);
  await refresh();
}

function showLogin() {
  const form = element('form', '');
  const input = document.createElement('input');
  Object.assign(input, {name: 'token', type: 'password', required: true, autocomplete: 'current-password'});
  const label = element('label', 'Read token ');
  label.append(input);
  form.id = 'login';
  form.append(label, element('button', 'Log in'));
  form.addEventListener('submit', logIn);
  main.replaceChildren(form);
  input.focus();
}

function showFailure(error) {
  if (!error.needsLogin) {
    status.textContent = error.message;
    return;
  }
  localStorage.removeItem(LOGIN);
  logout.hidden = true;
  status.textContent = '';
  showLogin();
}

async function refresh() {
  const asked = location.hash;
  try {
    const app = await chooseApplication();
    const conference = place()[1];
    const base = `/api/v1/apps/${encodeURIComponent(app)}/conferences`;
    const answer = await get(conference === undefined ? base : `${base}/${encodeURIComponent(conference)}`);
    if (asked !== location.hash)
      return;
    if (conference === undefined)
      showList(app, answer);
    else
      showConference(answer);
    status.textContent = '';
    logout.hidden = localStorage.getItem(LOGIN) === null;
  } catch (error) {
    showFailure(error);
  }
}

async function refreshForever() {
  if (!document.hidden && !showsLogin())
    await refresh();
  setTimeout(refreshForever, REFRESH_MS);
}

select.addEventListener('change', () => { location.hash = listHash(select.value); });
logout.addEventListener('click', logOut);
window.addEventListener('hashchange', refresh);
refreshForever();
