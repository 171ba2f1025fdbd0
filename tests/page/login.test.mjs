// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The page where reading needs a token: logging in and out, and a login that ends in between.

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {assertNoProblems, Fixture, go, launch, openPage, settle} from './harness.mjs';
import {lookAt} from './look.mjs';

const REFUSED = /^console: Failed to load resource: .* 401 /;

let fixture, browser;

before(async () => {
  [fixture, browser] = await Promise.all([Fixture.start(['browser']), launch()]);
});

after(async () => {
  await browser?.close();
  await fixture?.close();
});

async function logIn(page, token = fixture.token) {
  await page.getByLabel('Read token').fill(token);
  await page.getByRole('button', {name: 'Log in'}).click();
}

test('nothing is shown before the login, and what was asked for after it', async () => {
  const page = await openPage(browser, fixture.url);
  await go(page, fixture.at('conferences', fixture.conferences.browser), 'login');
  assert.ok(!(await page.locator('body').innerText()).includes(fixture.conferences.browser));
  await logIn(page);
  await settle(page, 'conference');
  await page.getByRole('heading', {name: fixture.conferences.browser}).waitFor();
  assertNoProblems(page, REFUSED);
  await page.context().close();
});

test('a wrong token is refused in words', async () => {
  const page = await openPage(browser, fixture.url);
  await go(page, fixture.url, 'login');
  await logIn(page, 'csr_wrong');
  await page.getByRole('alert').filter({hasText: /\w/}).waitFor();
  assert.equal(await page.locator('[data-view="login"]').count(), 1);
  assertNoProblems(page, REFUSED);
  await page.context().close();
});

test('logging out shows nothing any more', async () => {
  const page = await openPage(browser, fixture.url);
  await go(page, fixture.at('conferences'), 'login');
  await logIn(page);
  await settle(page, 'list');
  await page.getByRole('button', {name: 'Log out'}).click();
  await settle(page, 'login');
  assert.equal(await page.locator('[data-view="list"]').count(), 0);
  await page.reload();
  await settle(page, 'login');
  assertNoProblems(page, REFUSED);
  await page.context().close();
});

test('a login that ended in between asks for another, and goes on where it was', async () => {
  const page = await openPage(browser, fixture.url);
  await go(page, fixture.at('conferences'), 'login');
  await logIn(page);
  await settle(page, 'list');
  await page.context().clearCookies();
  await page.getByRole('link', {name: fixture.conferences.browser}).click();
  await settle(page, 'login');
  await logIn(page);
  await settle(page, 'conference');
  assertNoProblems(page, REFUSED);
  await page.context().close();
});

test('the login is usable by all, on a desk, on a phone and in the dark', () =>
  lookAt(browser, fixture.url, 'login', REFUSED));
