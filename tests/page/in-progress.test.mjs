// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A call that goes on while one looks at it: what happens comes by itself, a collector that goes
// away and comes back costs nothing and doubles nothing.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {assertNoProblems, Fixture, go, launch, openPage, until} from './harness.mjs';

// What the browser says of a collector that is not there.
const GONE = /^console: (Failed to load resource: net::ERR_|GET .* net::ERR_)/;

let fixture, browser;

before(async () => {
  [fixture, browser] = await Promise.all([Fixture.start(['live'], '--open-to-all'), launch()]);
});

after(async () => {
  await browser?.close();
  await fixture?.close();
});

async function open(...at) {
  const page = await openPage(browser, fixture.url);
  await go(page, fixture.at(...at));
  await page.evaluate(() => {
    window.sameDocument = true;
  });
  await waitForState(page, 'Live');
  return page;
}

async function close(page, allowed) {
  assert.ok(await page.evaluate(() => window.sameDocument), 'the page was loaded again');
  assertNoProblems(page, allowed);
  await page.context().close();
}

function waitForState(page, text) {
  return page.getByRole('banner').getByRole('status').filter({hasText: text}).waitFor();
}

/** The words of the events in the table of a conference that is filtered by their kind. */
function eventsOn(page) {
  return page.getByRole('table', {name: 'Events'}).locator('tbody .event-title')
    .evaluateAll((nodes) => nodes.map((node) => node.textContent.trim()));
}

async function countMutes(conference) {
  const {events} = await fixture.get('conferences', conference);
  return events.filter(({name}) => /^audio(Unm|M)ute$/.test(name)).length;
}

async function waitForMutes(page, conference, least) {
  await until(async () => await countMutes(conference) >= least, `${least} mutes stored`);
  const stored = await countMutes(conference);
  await until(async () => (await eventsOn(page)).length === stored, `${stored} mutes on the page`);
  return stored;
}

test('events of a conference come by themselves, also behind a lost connection', async () => {
  const id = fixture.conferences.live;
  const page = await open('conferences', id, {kind: 'mute'});
  const before = await countMutes(id);
  await fixture.tell('live mute on');
  await waitForMutes(page, id, before + 1);

  await fixture.tell('collector kill');
  await waitForState(page, 'lost');
  await fixture.tell('live mute off');
  await fixture.tell('collector start');
  await waitForState(page, 'Live');
  await waitForMutes(page, id, before + 2);
  await fixture.tell('live mute on');
  const stored = await waitForMutes(page, id, before + 3);
  const words = await eventsOn(page);
  assert.deepEqual(words.map((word) => word.replace(/^Un/, 'un')).filter((word, at) =>
    word === words[at - 1]), [], `${words} of ${stored}: none twice`);
  await fixture.tell('live mute off');
  await close(page, GONE);
});

/** The times of all points of a chart, as one who steps through it by keyboard finds them. */
async function timesOf(page) {
  const chart = page.getByRole('slider').first();
  await chart.focus();
  await page.keyboard.press('Home');
  const times = [];
  for (;;) {
    await page.keyboard.press('ArrowRight');
    const time = Number(await chart.getAttribute('aria-valuenow'));
    if (time === times.at(-1))
      return times;
    times.push(time);
  }
}

test('charts of a fabric go on by themselves, also behind a lost connection', async () => {
  const {fabrics} = await fixture.get('conferences', fixture.conferences.live);
  const page = await open('fabrics', fabrics[0].fabric);
  const chart = page.getByRole('slider').first();
  await page.locator('[data-chart] .uplot').first().waitFor();
  const last = async () => Number(await chart.getAttribute('aria-valuemax'));
  const shown = await last();
  await until(async () => await last() >= shown + 2000, 'two more points');

  await fixture.tell('collector stop');
  await waitForState(page, 'lost');
  await fixture.tell('collector start');
  await waitForState(page, 'Live');
  const lost = await last();
  await until(async () => await last() >= lost + 3000, 'points after it');
  const times = await timesOf(page);
  const {time} = await fixture.get('fabrics', fabrics[0].fabric, 'series');
  const stored = time.filter((one) => one >= times[0] && one <= times.at(-1));
  assert.deepEqual(times, stored);
  await close(page, GONE);
});

test('the list shows a call that begins and one that ends', async () => {
  const page = await open('conferences');
  const row = (name) => page.getByRole('row').filter({hasText: name});
  await row(fixture.conferences.live).getByText('Live', {exact: true}).waitFor();
  await fixture.tell('live end');
  await row(fixture.conferences.live).getByText('Ended').waitFor();
  await fixture.tell('live start second-call');
  await row('second-call').getByText('Live', {exact: true}).waitFor();
  await close(page);
});

test('a conference that is open says that it has ended', async () => {
  await fixture.tell('live start third-call');
  await until(async () => (await fixture.get('conferences')).conferences
    .some(({conference}) => conference === 'third-call'), 'the call');
  const page = await open('conferences', 'third-call');
  const head = page.locator('.conference-head');
  await head.filter({hasText: 'going on'}).waitFor();
  await fixture.tell('live end');
  await head.filter({hasNotText: 'going on'}).waitFor();
  await close(page);
});
