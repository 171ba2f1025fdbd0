// SPDX-License-Identifier: LGPL-2.1-or-later
//
// tools/demo, from a finished build on: its page has data at once and moves.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {after, before, test} from 'node:test';
import {assertNoProblems, launch, openPage, until} from './harness.mjs';

const TOP = join(import.meta.dirname, '..', '..');
const BUILD = process.env.CALLSTATS_BUILD ?? join(TOP, 'build');
// As tools/demo has it: the plugin and the library of the build.
const IN_BUILD = `eval "$(meson devenv -C "$0" --dump)"
export GST_REGISTRY_1_0="$0/tests/registry.bin"
echo started
exec /usr/bin/python3 "$@"`;

let browser, folder;

before(async () => {
  [browser, folder] = await Promise.all([launch(), mkdtemp(join(tmpdir(), 'demo-'))]);
});

after(async () => {
  await browser?.close();
  await rm(folder, {recursive: true, force: true});
});

// The demo, and the lines it printed.
function start() {
  const demo = spawn('sh', ['-c', IN_BUILD, BUILD, join(TOP, 'tools', 'run_demo.py'),
    '--collector', join(BUILD, 'src', 'collector', 'callstats-collector'), '--data', folder,
    '--no-browser'], {stdio: ['ignore', 'pipe', 'inherit'],
    env: {...process.env, CALLSTATS_SANITIZER_RUNTIME: process.env.CALLSTATS_RUNTIME ?? ''}});
  const lines = [];
  createInterface({input: demo.stdout}).on('line', (line) => lines.push(line));
  return {demo, lines};
}

function addressIn(lines, name) {
  return lines.map((line) => line.match(`^${name}: (http.*)$`)?.[1]).find(Boolean);
}

test('the demo shows a call within seconds, and how it goes on', async (t) => {
  const {demo, lines} = start();
  const ended = once(demo, 'exit');
  try {
    await until(() => lines.includes('started'), 'the environment of the build');
    const started = performance.now();
    const address = await until(() => addressIn(lines, 'page'), 'the address of the page');
    const page = await openPage(browser, address);
    await page.goto(address);
    // The participants and what happened to them.
    await page.getByText('alice').first().waitFor();
    await page.getByText('bob').first().waitFor();
    t.diagnostic(`data ${Math.round(performance.now() - started)} ms after the start, browser ` +
      'and all');
    const shown = await page.locator('#main').innerText();
    await page.evaluate(() => { window.sameDocument = true; });
    await until(async () => await page.locator('#main').innerText() !== shown, 'it moves');
    assert.equal(await page.evaluate(() => window.sameDocument), true);
    await page.goto(addressIn(lines, 'all calls'));
    await page.locator('#main h1').waitFor();
    assertNoProblems(page);
    await page.context().close();
  } finally {
    demo.kill('SIGINT');
  }
  const [code] = await ended;
  assert.equal(code, 0, lines.join('\n'));
  assert.equal(JSON.parse(lines.at(-1)).fabricTerminated, 2);
});
