// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From the list to the conference, its fabrics, both ends and the export; links, filters, the
// keyboard.

import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';
import {after, afterEach, before, test} from 'node:test';
import {assertNoProblems, Fixture, go, launch, openPage, settle, until} from './harness.mjs';

const MANY_KEYS = 150; // more than anything on the way to the content needs

let fixture, browser, page;

before(async () => {
  [fixture, browser] = await Promise.all([
    Fixture.start(['good', 'failed', 'browser', 'past'], '--open-to-all'), launch()]);
  page = await openPage(browser, fixture.url);
});

afterEach(() => {
  const {problems} = page;
  page.problems = [];
  assertNoProblems({problems});
});

after(async () => {
  await browser?.close();
  await fixture?.close();
});

const hash = () => page.evaluate(() => location.hash);
const queryOf = async () => new URLSearchParams((await hash()).split('?')[1]);
const rowsOf = () => page.locator('[data-view="list"] tbody tr').evaluateAll((rows) =>
  rows.map((row) => row.querySelector('a').textContent));

/** The list once it shows these conferences and no others, in this order. */
async function assertListed(conferences) {
  await until(async () => (await rowsOf()).join() === conferences.join(),
    `a list of ${conferences}`).catch(async () =>
    assert.deepEqual(await rowsOf(), conferences));
}

async function fabricsOf(name) {
  return (await fixture.get('conferences', fixture.conferences[name])).fabrics;
}

// ---- On the way ----

test('from the list to the conference, its fabric and back', async () => {
  const {good} = fixture.conferences;
  const [fabric] = await fabricsOf('good');
  await go(page, fixture.at('conferences'), 'list');
  await page.getByRole('link', {name: good}).click();
  await settle(page, 'conference');
  await page.getByRole('heading', {name: good}).waitFor();
  assert.match(await page.title(), new RegExp(good));
  await page.locator(`a[href*="${fabric.fabric}"]`).first().click();
  await settle(page, 'fabric');
  assert.match(await hash(), new RegExp(fabric.fabric));
  await page.goBack();
  await settle(page, 'conference');
  await page.goBack();
  await settle(page, 'list');
  await page.goForward();
  await settle(page, 'conference');
  await page.getByRole('heading', {name: good}).waitFor();
});

test('the first address leads to the overview, and from there to all views', async () => {
  await go(page, fixture.url, 'overview');
  await page.getByRole('navigation', {name: 'Views'}).getByRole('link', {name: 'Conferences'})
    .click();
  await settle(page, 'list');
  await page.getByRole('navigation', {name: 'Views'}).getByRole('link', {name: 'Overview'})
    .click();
  await settle(page, 'overview');
});

// ---- The list ----

test('pages of the list have all conferences, each once, and lead back', async () => {
  const {conferences} = await fixture.get('conferences');
  const all = conferences.map(({conference}) => conference);
  assert.ok(all.length > 25);
  await go(page, fixture.at('conferences', {limit: '25'}), 'list');
  await assertListed(all.slice(0, 25));
  await page.getByRole('link', {name: 'Next'}).click();
  await assertListed(all.slice(25, 50));
  await page.getByRole('link', {name: 'Previous'}).click();
  await assertListed(all.slice(0, 25));
});

test('sorted by a column, the address says so', async () => {
  await go(page, fixture.at('conferences'), 'list');
  await page.getByRole('columnheader', {name: 'Length'}).getByRole('button').click();
  await page.locator('th[aria-sort="descending"]', {hasText: 'Length'}).waitFor();
  assert.equal((await queryOf()).get('sort'), 'duration');
  const {conferences} = await fetch(
    `${fixture.url}api/v1/apps/${fixture.app}/conferences?sort=duration&limit=25`)
    .then((answer) => answer.json());
  const shown = await rowsOf();
  assert.deepEqual(shown.slice(0, 25), conferences.map(({conference}) => conference));
});

test('filters are in the address, which shows the same to whoever gets it', async () => {
  await go(page, fixture.at('conferences'), 'list');
  const before = await rowsOf();
  await page.getByRole('checkbox', {name: /failed/i}).check();
  const failed = ['no-candidates', 'no-answer', 'no-camera'].map((n) => fixture.conferences[n]);
  await until(async () => {
    const rows = await rowsOf();
    return failed.every((name) => rows.includes(name)) &&
      !rows.includes(fixture.conferences.good);
  }, 'only those that failed');
  const shown = await rowsOf();
  const other = await openPage(browser, fixture.url);
  await go(other, page.url(), 'list');
  const theirs = await other.locator('[data-view="list"] tbody tr').evaluateAll((rows) =>
    rows.map((row) => row.querySelector('a').textContent));
  assert.deepEqual(theirs, shown);
  assert.ok(await other.getByRole('checkbox', {name: /failed/i}).isChecked());
  assertNoProblems(other);
  await other.context().close();
  await page.goBack();
  await assertListed(before);
});

test('the search finds by the beginning of a conference’s or a user’s id', async () => {
  await go(page, fixture.at(), 'overview');
  const search = page.getByRole('search').getByLabel('Search');
  for (const [text, found] of [['weekly', [fixture.conferences.good]],
    ['tina', [fixture.conferences.tunnel]], ['nobody-is-called-so', []]]) {
    await search.fill(text);
    await search.press('Enter');
    await page.waitForURL((url) => url.hash.includes(`q=${text}`));
    await settle(page, 'list');
    await assertListed(found);
  }
});

// ---- The conference ----

test('a good call tells people, events and how it went', async () => {
  await go(page, fixture.at('conferences', fixture.conferences.good), 'conference');
  const text = await page.locator('main').innerText();
  for (const one of ['Alice Ångström', 'Bob Builder'])
    assert.ok(text.includes(one), one);
  assert.ok(text.includes('Good, but the picture froze once.'));
});

test('events are found by what they tell, and that is in the address', async () => {
  await go(page, fixture.at('conferences', fixture.conferences.good), 'conference');
  await page.getByLabel('Text').fill('avatar');
  const shown = page.getByRole('table', {name: 'Events'}).locator('tbody tr');
  await until(async () => await shown.count() === 1, 'one event');
  assert.match(await shown.textContent(), /Could not load the avatar of alice/);
  assert.equal((await queryOf()).get('text'), 'avatar');
});

for (const [name, words] of [
  ['no-candidates', 'no remote candidates'],
  ['no-answer', 'the offer was never answered'],
  ['no-camera', 'the media source camera'],
  ['wrong-certificate', 'certificate does not match'],
]) {
  test(`what went wrong is said in words: ${words}`, async () => {
    await go(page, fixture.at('conferences', fixture.conferences[name]), 'conference');
    await page.getByText(words).first().waitFor();
  });
}

for (const [format, check] of [
  ['json', (text) => {
    const whole = JSON.parse(text);
    assert.equal(whole.fabrics.length, 2);
    assert.ok(whole.fabrics.every(({samples}) => samples.length > 5));
    assert.ok(whole.events.some(({name}) => name === 'userFeedback'));
  }],
  ['csv', (text) => {
    const [head, ...rows] = text.trimEnd().split('\r\n');
    assert.match(head, /^fabric,user,remoteUser,time,/);
    assert.ok(rows.length > 20 && rows.every((row) => /,(alice|bob),/.test(row)));
  }],
]) {
  test(`the conference is exported as ${format}`, async () => {
    await go(page, fixture.at('conferences', fixture.conferences.good), 'conference');
    const link = page.getByRole('link', {name: format, exact: true});
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    assert.match(download.suggestedFilename(), new RegExp(`\\.${format}$`));
    check(await readFile(await download.path(), 'utf8'));
  });
}

// ---- The fabric ----

test('a fabric shows charts with units, codecs, candidate pair, and its other end', async () => {
  const [fabric] = await fabricsOf('good');
  await go(page, fixture.at('fabrics', fabric.fabric), 'fabric');
  await page.locator('[data-chart] .uplot').first().waitFor();
  const text = await page.locator('main').evaluate((main) => main.textContent);
  for (const word of ['VP8', 'opus', 'host'])
    assert.match(text, new RegExp(word, 'i'));
  await page.locator('a[href*="both=1"]').first().click();
  await settle(page, 'both-ends');
  await page.locator('[data-chart] .uplot').first().waitFor();
});

test('arrow keys move the cursor of all charts', async () => {
  const [fabric] = await fabricsOf('good');
  await go(page, fixture.at('fabrics', fabric.fabric), 'fabric');
  const chart = page.getByRole('slider').first();
  await page.locator('[data-chart] .uplot').first().waitFor();
  await chart.focus();
  const seen = new Set();
  for (let i = 0; i < 3; i++) {
    await page.keyboard.press('ArrowRight');
    seen.add(await chart.getAttribute('aria-valuetext'));
  }
  assert.equal(seen.size, 3);
});

// ---- The keyboard ----

/** Tabs on until the focus is on what the selector says. */
async function tabTo(selector) {
  for (let i = 0; i < MANY_KEYS; i++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((s) => document.activeElement.matches(s), selector))
      return;
  }
  assert.fail(`Tab never came to ${selector}`);
}

test('all of the way goes without a mouse', async () => {
  const {good} = fixture.conferences;
  const [fabric] = await fabricsOf('good');
  await go(page, fixture.at('conferences'), 'list');
  await tabTo(`a[href*="${good}"]`);
  await page.keyboard.press('Enter');
  await settle(page, 'conference');
  await tabTo(`a[href*="${fabric.fabric}"]`);
  assert.ok(await page.evaluate(() => {
    const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
    return outlineStyle !== 'none' && outlineWidth !== '0px';
  }), 'the focus is seen');
  await page.keyboard.press('Enter');
  await settle(page, 'fabric');
});
