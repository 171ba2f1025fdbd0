// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What stands around every view: a collector that goes and comes back, readers who are faster than
// it, many pages at once, and where the keyboard is.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {assertNoProblems, Fixture, go, launch, openPage, settle} from './harness.mjs';

const GONE = /^console: Failed to load resource: /;

let fixture, browser;

before(async () => {
  [fixture, browser] = await Promise.all([
    Fixture.start(['browser'], '--open-to-all'), launch()]);
});

after(async () => {
  await browser?.close();
  await fixture?.close();
});

test('a view that comes late draws over no other', async () => {
  const page = await openPage(browser, fixture.url);
  let release = null;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route('**/conferences/*', async (route) => {
    await held;
    await route.continue().catch(() => null); // nobody waits for it any more
  });
  await page.goto(fixture.at('conferences', fixture.conferences.browser));
  await page.locator('#main[aria-busy]').waitFor();
  await go(page, fixture.at('conferences'), 'list');
  release();
  await page.unrouteAll({behavior: 'wait'});
  assert.equal(await page.locator('[data-view="conference"]').count(), 0);
  assert.equal(await page.locator('[data-view="list"]').count(), 1);
  assertNoProblems(page);
  await page.context().close();
});

test('the heading of another view has the keyboard, and the page is named after it', async () => {
  const page = await openPage(browser, fixture.url);
  await go(page, fixture.at('conferences'), 'list');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'BODY');
  await page.getByRole('link', {name: fixture.conferences.browser}).first().focus();
  await page.keyboard.press('Enter');
  await settle(page, 'conference');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  assert.ok((await page.title()).includes(fixture.conferences.browser));
  await page.goBack();
  await settle(page, 'list');
  assert.ok((await page.title()).startsWith('Conferences'));
  assertNoProblems(page);
  await page.context().close();
});

test('many pages at once leave the browser connections to ask with', async () => {
  const context = await browser.newContext();
  const pages = [];
  for (let i = 0; i < 8; i++) {
    const page = await context.newPage();
    // A page in front of others hides them; here all would be in front.
    await page.addInitScript(() => {
      let hidden = false;
      Object.defineProperty(document, 'hidden', {get: () => hidden});
      window.hide = () => {
        hidden = true;
        document.dispatchEvent(new Event('visibilitychange'));
      };
    });
    await pages.at(-1)?.evaluate(() => window.hide());
    await go(page, fixture.at('conferences'), 'list');
    await page.locator('.live-state[data-state="live"]').waitFor();
    pages.push(page);
  }
  await context.close();
});

test('a collector that goes is told of, and its return is noticed', async () => {
  const page = await openPage(browser, fixture.url);
  const other = await openPage(browser, fixture.url);
  await go(page, fixture.at('conferences'), 'list');
  await go(other, fixture.at('conferences'), 'list');
  const live = page.locator('.live-state');
  await live.filter({hasText: 'Live'}).waitFor();
  await fixture.tell('collector kill');
  await live.filter({hasText: 'Connection lost'}).waitFor();
  await other.evaluate((hash) => { location.hash = hash; },
    `#/${fixture.app}/conferences/${fixture.conferences.browser}`);
  await other.getByRole('alert').filter({hasText: 'cannot be reached'}).waitFor();
  await fixture.tell('collector start');
  await live.filter({hasText: 'Live'}).waitFor();
  await settle(other, 'conference');
  await other.getByText('cannot be reached').waitFor({state: 'detached'});
  for (const one of [page, other]) {
    assertNoProblems(one, GONE);
    await one.context().close();
  }
});
