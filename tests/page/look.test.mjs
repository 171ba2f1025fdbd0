// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every view in light and dark, on a desk and on a phone: usable by all (axe-core), no wider than
// its window, in the colours that were asked for.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {assertNoProblems, DESKTOP, findBarriers, Fixture, go, launch, openPage, overflow,
  PHONE} from './harness.mjs';

let fixture, browser;

before(async () => {
  [fixture, browser] = await Promise.all([
    Fixture.start(['good', 'failed', 'past'], '--open-to-all'), launch()]);
});

after(async () => {
  await browser?.close();
  await fixture?.close();
});

const conference = (name) => fixture.at('conferences', fixture.conferences[name]);

async function fabric(query = {}) {
  const {fabrics} = await fixture.get('conferences', fixture.conferences.good);
  return fixture.at('fabrics', fabrics[0].fabric, query);
}

/** What it is called, its data-view, its address. */
const VIEWS = [
  {name: 'overview', view: 'overview', address: () => fixture.at()},
  {name: 'list', view: 'list', address: () => fixture.at('conferences')},
  {name: 'list that is filtered', view: 'list',
    address: () => fixture.at('conferences', {failed: 'true', range: '7d'})},
  {name: 'conference', view: 'conference', address: () => conference('good')},
  {name: 'conference that failed', view: 'conference', address: () => conference('no-candidates')},
  {name: 'conference that was dropped', view: 'conference', address: () => conference('tunnel')},
  {name: 'fabric', view: 'fabric', address: () => fabric()},
  {name: 'both ends', view: 'both-ends', address: () => fabric({both: 1})},
];

/** What can be seen of a view, and what axe-core has to look at anew. */
const LOOKS = [
  {name: 'on a desk', viewport: DESKTOP, colorScheme: 'light', rules: {}},
  {name: 'on a phone', viewport: PHONE, colorScheme: 'light',
    rules: {rules: {'color-contrast': {enabled: false}}}},
  {name: 'in the dark', viewport: DESKTOP, colorScheme: 'dark',
    rules: {runOnly: {type: 'rule', values: ['color-contrast']}}},
];

function luminance(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => Number(part) / 255);
  return 0.2126 * red ** 2.2 + 0.7152 * green ** 2.2 + 0.0722 * blue ** 2.2;
}

const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const ink = (page) => page.evaluate(() => getComputedStyle(document.body).color);

async function assertColours(page, colorScheme) {
  const [back, front] = [luminance(await ground(page)), luminance(await ink(page))];
  assert.ok(colorScheme === 'light' ? back > 0.8 && front < 0.1 : back < 0.1 && front > 0.6,
    `${colorScheme}: ${front} on ${back}`);
}

for (const {name, view, address} of VIEWS) {
  test(`the ${name} is usable by all, on a desk, on a phone and in the dark`, async () => {
    const page = await openPage(browser, fixture.url);
    await go(page, await address(), view);
    for (const look of LOOKS) {
      await page.setViewportSize(look.viewport);
      await page.emulateMedia({colorScheme: look.colorScheme});
      await assertColours(page, look.colorScheme);
      assert.ok(await overflow(page) <= 0, `wider than the window ${look.name}`);
      assert.deepEqual(await findBarriers(page, look.rules), [], look.name);
    }
    assertNoProblems(page);
    await page.context().close();
  });
}

test('what the reader chooses goes before what the system has, and stays', async () => {
  const page = await openPage(browser, fixture.url, {colorScheme: 'light'});
  await go(page, fixture.at('conferences'), 'list');
  await page.getByLabel('Theme').selectOption('dark');
  assert.ok(luminance(await ground(page)) < 0.1);
  await page.reload();
  await page.locator('[data-view="list"]').waitFor();
  assert.ok(luminance(await ground(page)) < 0.1);
  await page.getByLabel('Theme').selectOption('auto');
  assert.ok(luminance(await ground(page)) > 0.8);
  assertNoProblems(page);
  await page.context().close();
});
