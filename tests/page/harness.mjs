// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the browser's tests share: a collector with real calls (fixture.py), Chromium, and a watch
// over everything that a page must not do.
//
// Of the environment: CALLSTATS_BUILD, the build folder; CALLSTATS_PAGE_MODULES, where
// playwright-core and axe-core are; CALLSTATS_RUNTIME, the sanitizer's library.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILD = process.env.CALLSTATS_BUILD ?? join(HERE, '..', '..', 'build');
const MODULES = process.env.CALLSTATS_PAGE_MODULES ?? join(BUILD, 'tests', 'page', 'node_modules');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const require = createRequire(join(MODULES, 'x.js'));
const {chromium} = require('playwright-core');

/** ms that anything may take on a busy machine under a sanitizer; nothing waits as long for fun. */
export const DEADLINE = 25_000;

/** The widths and heights that pages are looked at in. */
export const DESKTOP = {width: 1280, height: 900};
export const PHONE = {width: 360, height: 740};

/** fixture.py: a collector and its calls. */
export class Fixture {
  /**
   * @param {Array<string>} parts of the fixture
   * @param {...string} options of fixture.py
   * @returns {Promise<Fixture>} with what it printed: url, app, token, conferences, hostile
   */
  static async start(parts, ...options) {
    const runtime = process.env.CALLSTATS_RUNTIME;
    const child = spawn('/usr/bin/python3', [join(HERE, 'fixture.py'), BUILD, '--only',
      parts.join(','), ...runtime ? ['--runtime', runtime] : [], ...options],
    {stdio: ['pipe', 'pipe', 'inherit'], env: {...process.env, PYTHONDONTWRITEBYTECODE: '1'}});
    const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
    const first = await lines.next();
    assert.ok(!first.done, 'the fixture did not start');
    return Object.assign(new Fixture(), JSON.parse(first.value), {child, lines});
  }

  /** Tells the fixture to do something, and waits until it is done. */
  async tell(line) {
    this.child.stdin.write(`${line}\n`);
    const {value} = await this.lines.next();
    assert.deepEqual(JSON.parse(value), {done: line});
  }

  /** @returns {string} an address of the page, of segments below the application */
  at(...segments) {
    const query = typeof segments.at(-1) === 'object' ? segments.pop() : {};
    const path = [this.app, ...segments].map(encodeURIComponent).join('/');
    const params = new URLSearchParams(query);
    return `${this.url}#/${path}${params.size > 0 ? `?${params}` : ''}`;
  }

  /** @returns {Promise<Object>} an answer of the query API, of segments below the application */
  async get(...segments) {
    const path = [this.app, ...segments].map(encodeURIComponent).join('/');
    const headers = this.token ? {Authorization: `Bearer ${this.token}`} : {};
    const answer = await fetch(`${this.url}api/v1/apps/${path}`, {headers});
    assert.equal(answer.status, 200, path);
    return answer.json();
  }

  async close() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin.end();
    await ended;
  }
}

/** Chromium, for all tests of a file. */
export function launch() {
  return chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS});
}

/**
 * A page under watch, in a context of its own.
 *
 * @param {Object} browser of launch()
 * @param {string} origin the only one that may be asked
 * @param {Object=} options of Playwright's newContext()
 * @returns {Promise<Object>} Playwright's page; `problems` are what it did that it must not
 */
export async function openPage(browser, origin, options = {}) {
  const context = await browser.newContext({viewport: DESKTOP, acceptDownloads: true,
    locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce', ...options});
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE);
  page.problems = [];
  const note = (what) => page.problems.push(what);
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) &&
    note(`console: ${message.text()}`));
  page.on('pageerror', (error) => note(`error: ${error.stack}`));
  page.on('dialog', (dialog) => {
    note(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => new URL(request.url()).origin === new URL(origin).origin ||
    /^(blob|data):/.test(request.url()) || note(`request: ${request.url()}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation',
      (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
  });
  return page;
}

/** @param {Object} page of openPage(); fails if it did what it must not */
export function assertNoProblems(page, allowed = /^$/) {
  assert.deepEqual(page.problems.filter((problem) => !allowed.test(problem)), []);
}

/** Waits until a view is there and has all that it needs. */
export async function settle(page, view) {
  await page.locator(view ? `[data-view="${view}"]` : '#main > *').first().waitFor();
  await page.locator('#main:not([aria-busy])').waitFor();
}

/** Goes to an address of the same page, as one who follows a link; returns when it is shown. */
export async function go(page, address, view) {
  await page.goto(address);
  await settle(page, view);
}

/**
 * @param {Object} page of openPage()
 * @param {Object=} options of axe.run(): which rules
 * @returns {Promise<Array<string>>} serious and critical findings of axe-core, in words
 */
export async function findBarriers(page, options = {}) {
  if (!await page.evaluate(() => 'axe' in window))
    await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const {violations} = await page.evaluate((rules) =>
    axe.run(document, {resultTypes: ['violations'], ...rules}), options);
  return violations.filter(({impact}) => ['serious', 'critical'].includes(impact))
    .flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)} – ` +
      node.failureSummary.replace(/\s+/g, ' ')));
}

/** @returns {Promise<number>} px by which the page is wider than its window */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

/** Waits until `condition` resolves to something true, and returns that. */
export async function until(condition, what, timeout = DEADLINE) {
  const end = Date.now() + timeout;
  for (;;) {
    const result = await condition();
    if (result)
      return result;
    assert.ok(Date.now() < end, `not within ${timeout} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
