// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Overview and list are usable by all, in the colours that were asked for.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {assertNoProblems, Fixture, go, launch, openPage} from './harness.mjs';
import {ground, lookAt, luminance} from './look.mjs';

let fixture, browser;

before(async () => {
  [fixture, browser] = await Promise.all([
    Fixture.start(['failed', 'past'], '--open-to-all'), launch()]);
});

after(async () => {
  await browser?.close();
  await fixture?.close();
});

test('the overview is usable by all, on a desk, on a phone and in the dark', () =>
  lookAt(browser, fixture.at(), 'overview'));

test('the list is usable by all, on a desk, on a phone and in the dark', () =>
  lookAt(browser, fixture.at('conferences'), 'list'));

test('a list that is filtered is usable by all, on a desk, on a phone and in the dark', () =>
  lookAt(browser, fixture.at('conferences', {failed: 'true', range: '7d'}), 'list'));

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
