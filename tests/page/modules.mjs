// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What package.json here names. Meson puts it into the build folder, where Node does not look
// by itself: the environment says where (PAGE_MODULES).
import {createRequire} from 'node:module';
import {join} from 'node:path';

const folder = process.env.PAGE_MODULES;
if (folder === undefined)
  throw new Error('PAGE_MODULES is not set: tests/page/README.md says how to run this');
const require = createRequire(join(folder, 'any.js'));

/** Playwright's browser type: its launch() takes executablePath. */
export const {chromium} = require('playwright-core');

/** The source text of axe-core, to be evaluated in a page. */
export const axeSource = require('axe-core').source;
