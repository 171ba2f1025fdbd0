// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How views are looked at: on a desk, on a phone and in the dark; usable by all (axe-core), no
// wider than their window, in the colours that were asked for.

import assert from 'node:assert/strict';
import {assertNoProblems, DESKTOP, findBarriers, go, openPage, overflow,
  PHONE} from './harness.mjs';

/** What can be seen of a view, and what axe-core has to look at anew. */
const LOOKS = [
  {name: 'on a desk', viewport: DESKTOP, colorScheme: 'light', rules: {}},
  {name: 'on a phone', viewport: PHONE, colorScheme: 'light',
    rules: {rules: {'color-contrast': {enabled: false}}}},
  {name: 'in the dark', viewport: DESKTOP, colorScheme: 'dark',
    rules: {runOnly: {type: 'rule', values: ['color-contrast']}}},
];

/** @returns {number} of a colour as getComputedStyle() has it, 0 to 1 */
export function luminance(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => Number(part) / 255);
  return 0.2126 * red ** 2.2 + 0.7152 * green ** 2.2 + 0.0722 * blue ** 2.2;
}

/** @returns {Promise<string>} the colour that everything stands on */
export const ground = (page) =>
  page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const ink = (page) => page.evaluate(() => getComputedStyle(document.body).color);

async function assertColours(page, colorScheme) {
  const [back, front] = [luminance(await ground(page)), luminance(await ink(page))];
  assert.ok(colorScheme === 'light' ? back > 0.8 && front < 0.1 : back < 0.1 && front > 0.6,
    `${colorScheme}: ${front} on ${back}`);
}

/**
 * @param {Object} browser of launch()
 * @param {string} address of a view
 * @param {string} view its data-view
 * @param {RegExp=} allowed problems that belong to it
 */
export async function lookAt(browser, address, view, allowed) {
  const page = await openPage(browser, address);
  await go(page, address, view);
  for (const look of LOOKS) {
    await page.setViewportSize(look.viewport);
    await page.emulateMedia({colorScheme: look.colorScheme});
    await assertColours(page, look.colorScheme);
    assert.ok(await overflow(page) <= 0, `wider than the window ${look.name}`);
    assert.deepEqual(await findBarriers(page, look.rules), [], look.name);
  }
  assertNoProblems(page, allowed);
  await page.context().close();
}
