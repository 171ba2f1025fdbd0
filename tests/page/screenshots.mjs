// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures of every view, of the fixture's calls:
//
//   node tests/page/screenshots.mjs [FOLDER]   all, light, dark and on a phone
//   node tests/page/screenshots.mjs --docs     those of the documentation, into docs/images
//
// It takes a minute: the dropped call has to be told as dropped.

import {mkdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {assertNoProblems, DESKTOP, Fixture, go, launch, openPage, PHONE} from './harness.mjs';

const TOP = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const docs = process.argv[2] === '--docs';
const folder = docs ? join(TOP, 'docs', 'images') :
  process.argv[2] ?? join(TOP, 'build', 'tests', 'page', 'screenshots');
const TALL = {width: 1280, height: 1300}; // where charts begin below the head
const SETTLING = 1500; // ms for charts and transitions, which tell nobody that they are done

const PARTS = ['good', 'lossy', 'failed', 'live', 'dropped', 'browser', 'past'];
const LOOKS = [
  {suffix: '', viewport: DESKTOP, colorScheme: 'light'},
  {suffix: '-dark', viewport: DESKTOP, colorScheme: 'dark'},
  {suffix: '-phone', viewport: PHONE, colorScheme: 'light'},
];

mkdirSync(folder, {recursive: true});
const fixture = await Fixture.start(PARTS, '--open-to-all', '--complete');

const conference = (name) => fixture.at('conferences', fixture.conferences[name]);

async function fabric(name, user, query = {}) {
  const {fabrics} = await fixture.get('conferences', fixture.conferences[name]);
  return fixture.at('fabrics', fabrics.find((one) => one.user === user).fabric, query);
}

/** Name, view, address; docs: the looks of it that the documentation shows. */
const PICTURES = [
  {name: 'overview', view: 'overview', address: () => fixture.at(), docs: ['', '-dark']},
  {name: 'list', view: 'list', address: () => fixture.at('conferences'), docs: ['', '-phone']},
  {name: 'conference', view: 'conference', address: () => conference('good'),
    docs: ['', '-phone']},
  {name: 'failed', view: 'conference', address: () => conference('no-candidates'), docs: ['']},
  {name: 'dropped', view: 'conference', address: () => conference('dropped'), docs: ['']},
  {name: 'live', view: 'conference', address: () => conference('live'), docs: ['']},
  {name: 'fabric', view: 'fabric', address: () => fabric('lossy', 'bob'), docs: ['', '-dark'],
    viewport: TALL},
  {name: 'both-ends', view: 'both-ends', address: () => fabric('lossy', 'bob', {both: 1}),
    docs: [''], viewport: TALL},
];

async function take(browser, {name, view, address, viewport}, {suffix, ...look}) {
  const page = await openPage(browser, fixture.url,
    {...look, ...docs && viewport ? {viewport} : {}});
  await go(page, await address(), view);
  await page.waitForTimeout(SETTLING);
  await page.screenshot({path: join(folder, `${name}${suffix}.png`), fullPage: !docs});
  assertNoProblems(page);
  await page.context().close();
}

async function takeLogin(browser) {
  const locked = await Fixture.start(['browser']);
  const page = await openPage(browser, locked.url);
  await go(page, locked.url, 'login');
  await page.screenshot({path: join(folder, 'login.png')});
  await page.context().close();
  await locked.close();
}

const browser = await launch();
for (const picture of PICTURES)
  for (const look of LOOKS)
    if (!docs || picture.docs.includes(look.suffix))
      await take(browser, picture, look);
if (!docs)
  await takeLogin(browser);
await browser.close();
await fixture.close();
