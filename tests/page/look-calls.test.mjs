// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Conferences, fabrics and both ends are usable by all.

import {after, before, test} from 'node:test';
import {Fixture, launch} from './harness.mjs';
import {lookAt} from './look.mjs';

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

for (const [name, view, address] of [
  ['a conference', 'conference', () => conference('good')],
  ['a conference that failed', 'conference', () => conference('no-candidates')],
  ['a conference that was dropped', 'conference', () => conference('tunnel')],
  ['a fabric', 'fabric', () => fabric()],
  ['both ends', 'both-ends', () => fabric({both: 1})],
]) {
  test(`${name}: usable by all, on a desk, on a phone and in the dark`, async () =>
    lookAt(browser, await address(), view));
}
