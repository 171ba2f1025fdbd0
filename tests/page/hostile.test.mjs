// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names that mean no good (hostile.py) are text everywhere: nothing of them runs or becomes an
// element, and their directions end where they end.

import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {assertNoProblems, Fixture, go, launch, openPage, overflow, PHONE,
  settle} from './harness.mjs';

let fixture, browser, page;

before(async () => {
  [fixture, browser] = await Promise.all([
    Fixture.start(['hostile'], '--open-to-all'), launch()]);
  page = await openPage(browser, fixture.url);
});

beforeEach(() => page.setViewportSize({width: 1280, height: 900}));

after(async () => {
  await browser?.close();
  await fixture?.close();
});

/** Texts that nothing else is in one node with, as the reader finds them. */
function textsOf(root = 'body') {
  return page.evaluate((selector) => {
    const walker = document.createTreeWalker(document.querySelector(selector),
      NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode())
      texts.push(walker.currentNode.data);
    return texts;
  }, root);
}

/** What of clients' text is in one node with other text, or turns what stands beside it. */
function turned() {
  return page.evaluate(() => {
    const marks = /[\u202a-\u202e\u2066-\u2069]/;
    const inline = (element) => getComputedStyle(element).display.startsWith('inline') &&
      !/isolate|plaintext/.test(getComputedStyle(element).unicodeBidi) &&
      getComputedStyle(element).display === 'inline';
    const findings = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (!marks.test(node.data))
        continue;
      let element = node.parentElement;
      while (element.textContent === node.data && inline(element))
        element = element.parentElement;
      if (element.textContent !== node.data && inline(element))
        findings.push(element.outerHTML.slice(0, 300));
      else if (element.textContent !== node.data && !element.closest('pre, details, option'))
        findings.push(element.outerHTML.slice(0, 300));
    }
    return findings;
  });
}

async function assertHarmless() {
  const made = await page.evaluate(() => [
    ...document.querySelectorAll('img, iframe, object, embed, [onerror], [onload], ' +
      'script:not([src^="/page/"]), [href^="javascript:" i], [style*="alert"]')]
    .map((element) => element.outerHTML.slice(0, 200)));
  assert.deepEqual(made, []);
  assert.deepEqual(await turned(), []);
  assert.ok(await page.evaluate(() => Object.keys(Object.prototype).length === 0));
  assertNoProblems(page);
}

async function assertNoWiderThanAPhone() {
  await page.setViewportSize(PHONE);
  assert.ok(await overflow(page) <= 0, 'the page scrolls sideways');
}

test('the list shows every conference under its name', async () => {
  await go(page, fixture.at('conferences'), 'list');
  const texts = await textsOf();
  for (const conference of fixture.hostile.conferences)
    assert.ok(texts.includes(conference), conference);
  await assertHarmless();
  await assertNoWiderThanAPhone();
});

test('the overview shows nothing of them but text', async () => {
  await go(page, fixture.at(), 'overview');
  await assertHarmless();
  await assertNoWiderThanAPhone();
});

test('every conference opens from the list, under its name and its people’s', async () => {
  const {conferences} = await fixture.get('conferences');
  for (const {conference} of conferences) {
    await go(page, fixture.at('conferences'), 'list');
    const rows = await page.locator('[data-view="list"] tbody tr').evaluateAll((nodes) =>
      nodes.map((row) => row.querySelector('a bdi').textContent));
    await page.locator('[data-view="list"] tbody tr').nth(rows.indexOf(conference))
      .locator('a').first().click();
    await settle(page, 'conference');
    assert.ok((await textsOf('h1')).includes(conference), conference);
    assert.ok((await page.evaluate(() => document.title)).includes(conference.trim()), conference);
    const {participants, fabrics} = await fixture.get('conferences', conference);
    const texts = await textsOf('main');
    for (const {user, userName} of participants)
      assert.ok(texts.includes(userName ?? user), `${userName ?? user} in ${conference}`);
    for (const {fabric} of fabrics)
      assert.ok(await page.locator(`a[href*="${encodeURIComponent(fabric)}"]`).count() > 0, fabric);
    await assertHarmless();
  }
  await assertNoWiderThanAPhone();
});

test('events tell what they tell as text', async () => {
  await go(page, fixture.at('conferences', fixture.hostile.conferences[0]), 'conference');
  await page.evaluate(() => document.querySelectorAll('details').forEach((details) => {
    details.open = true;
  }));
  const all = (await textsOf('main')).join('\n');
  for (const name of ['MARKUP', 'SCRIPT', 'TURNED'])
    assert.ok(all.includes(fixture.hostile.texts[name]), name);
  await assertHarmless();
});

test('fabrics open under their names, with what their reports say', async () => {
  for (const conference of fixture.hostile.conferences.slice(0, 3)) {
    const {fabrics} = await fixture.get('conferences', conference);
    await go(page, fixture.at('fabrics', fabrics[0].fabric), 'fabric');
    assert.ok((await textsOf('main')).includes(fabrics[0].user), fabrics[0].user);
    await assertHarmless();
  }
  await assertNoWiderThanAPhone();
});

test('the search finds every conference and every user by name', async () => {
  const {conferences, users} = fixture.hostile;
  const search = page.getByRole('search').getByLabel('Search');
  await go(page, fixture.at('conferences'), 'list');
  for (const name of new Set([...conferences, ...users].filter((one) => one.trim() !== ''))) {
    await search.fill(name);
    await page.getByRole('option').getByText(name, {exact: true}).first().waitFor();
    await assertHarmless();
    await search.press('Enter');
    // It is a conference's, or there is a list of those that it takes part in.
    await page.waitForFunction((wanted) => decodeURIComponent(
      location.hash.replaceAll('+', ' ')).includes(wanted), name);
    await settle(page);
    await page.locator('main').getByText(name, {exact: true}).first().waitFor();
    await assertHarmless();
  }
});
