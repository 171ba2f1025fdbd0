// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a long call takes: a real one, stretched to SECONDS, opened by a link and cold. By hand, an
// hour on a machine that does nothing else, against the goals:
//
//   SECONDS=3600 GOALS=1 node --test tests/page/hour.test.mjs

import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createReadStream, createWriteStream} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {pipeline} from 'node:stream/promises';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {assertNoProblems, Fixture, go, launch, openPage} from './harness.mjs';

const SECONDS = Number(process.env.SECONDS ?? 800);
const GOALS = process.env.GOALS === '1';
const DRAWN_GOAL = 1000; // ms
const COLLECTOR_GOAL = 100; // ms, of all requests of the view
const SLACK = GOALS ? 1 : 15; // of a busy machine
const BUILD = process.env.CALLSTATS_BUILD ?? join(import.meta.dirname, '..', '..', 'build');
const COLLECTOR = join(BUILD, 'src', 'collector', 'callstats-collector');
const APP = 'page';

let folder, browser, collector, url, conference;

// One conference of the fixture, stretched, in a store of its own.
async function stretch() {
  const fixture = await Fixture.start(['good']);
  try {
    conference = fixture.conferences.good;
    const path = `api/v1/apps/${fixture.app}/conferences/${conference}/export?format=jsonl`;
    const answer = await fetch(fixture.url + path,
      {headers: {Authorization: `Bearer ${fixture.token}`}});
    assert.equal(answer.status, 200);
    await pipeline(answer.body, createWriteStream(join(folder, 'short.jsonl')));
  } finally {
    await fixture.close();
  }
  const stretching = spawn('/usr/bin/python3',
    [join(import.meta.dirname, 'stretch.py'), String(SECONDS)],
    {stdio: ['pipe', 'pipe', 'inherit']});
  await Promise.all([
    pipeline(createReadStream(join(folder, 'short.jsonl')), stretching.stdin),
    pipeline(stretching.stdout, createWriteStream(join(folder, 'long.jsonl'))),
  ]);
  const store = ['--store', `sqlite:${join(folder, 'long.db')}`];
  await promisify(execFile)(COLLECTOR, ['import', ...store, join(folder, 'long.jsonl')]);
  // What a collector does with a call while it goes on, or soon after.
  await promisify(execFile)(COLLECTOR, ['migrate', ...store]);
}

async function serve() {
  await writeFile(join(folder, 'secret'), 'a secret of nobody at all', {mode: 0o600});
  collector = spawn(COLLECTOR, ['--store', `sqlite:${join(folder, 'long.db')}`, '--app', APP,
    '--app-secret-file', join(folder, 'secret'), '--listen', '127.0.0.1:0'],
  {stdio: ['ignore', 'pipe', 'ignore']});
  for await (const line of createInterface({input: collector.stdout})) {
    url = line.match(/listening on (http:\S+)/)?.[1];
    if (url)
      return;
  }
  assert.fail('the collector did not start');
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hour-'));
  await stretch();
  await serve();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  if (collector) {
    collector.kill();
    await once(collector, 'exit');
  }
  await rm(folder, {recursive: true, force: true});
});

// In the page: waits for all charts, and says when they were seen and what was asked for them.
function charts() {
  const begin = performance.now();
  return new Promise((resolve) => {
    const tell = () => resolve({
      at: performance.now(), took: performance.now() - begin,
      asked: performance.getEntriesByType('resource')
        .filter(({name, startTime}) => name.includes('/api/') && startTime >= begin - 5)
        .map(({name, serverTiming, encodedBodySize}) => ({path: new URL(name).pathname,
          ms: serverTiming[0]?.duration ?? 0, size: encodedBodySize})),
      drawn: document.querySelectorAll('[data-view="fabric"] canvas').length,
    });
    const look = () => {
      const busy = document.querySelector('#main[aria-busy]');
      const drawn = document.querySelector('[data-view="fabric"] canvas');
      if (drawn !== null && busy === null)
        requestAnimationFrame(() => requestAnimationFrame(tell));
      else
        requestAnimationFrame(look);
    };
    look();
  });
}

function ask(path) {
  return fetch(`${url}api/v1/apps/${APP}/${path}`);
}

async function fabrics() {
  return (await (await ask(`conferences/${conference}`)).json()).fabrics;
}

test('both ends of the call have a report of each second', async () => {
  const found = await fabrics();
  assert.equal(found.length, 2);
  for (const {reports} of found)
    assert.equal(reports, SECONDS);
});

test('its charts open at once, by a link', async (t) => {
  const [{fabric}] = await fabrics();
  const page = await openPage(browser, url);
  await go(page, `${url}#/${APP}/conferences/${conference}`, 'conference');
  const seen = page.evaluate(charts);
  await page.evaluate((hash) => { location.hash = hash; }, `#/${APP}/fabrics/${fabric}`);
  const {took, asked, drawn} = await seen;
  const collecting = asked.reduce((sum, {ms}) => sum + ms, 0);
  const size = asked.reduce((sum, one) => sum + one.size, 0);
  t.diagnostic(`${SECONDS} s of reports: ${drawn} canvases after ${Math.round(took)} ms, ` +
    `${collecting.toFixed(1)} ms of ${asked.length} requests in the collector, ${size} bytes:`);
  for (const {path, ms} of asked)
    t.diagnostic(`  ${ms} ms ${path}`);
  assert.ok(drawn > 5);
  assert.ok(asked.some(({path}) => path.endsWith('/series')));
  // As many points as are drawn, however long the call is.
  assert.ok(size < 2e6, `${size} bytes`);
  assert.ok(asked.length <= 8, asked.map(({path}) => path).join(' '));
  assert.ok(took <= SLACK * DRAWN_GOAL, `${took} ms`);
  assert.ok(collecting <= SLACK * COLLECTOR_GOAL, `${collecting} ms`);
  assertNoProblems(page);
  await page.context().close();
});

test('its charts open at once, by an address', async (t) => {
  const [{fabric}] = await fabrics();
  const page = await openPage(browser, url);
  await page.goto(`${url}#/${APP}/fabrics/${fabric}`, {waitUntil: 'commit'});
  const {at} = await page.evaluate(charts);
  t.diagnostic(`charts ${Math.round(at)} ms after the navigation, nothing cached`);
  assert.ok(at <= SLACK * DRAWN_GOAL, `${at} ms`);
  assertNoProblems(page);
  await page.context().close();
});
