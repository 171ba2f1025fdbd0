// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is said where nothing has been reported.

import {h} from '../lib/dom.js';

/**
 * @param {string} app
 * @returns {HTMLElement} how the first conference comes here
 */
export function noConference(app) {
  const address = `${location.origin.replace(/^http/, 'ws')}/`;
  return h('section', {class: 'notice'}, h('h2', null, 'No conference has been reported yet'),
    h('p', null, 'Let a callstatsmon of the application report to this collector:'),
    h('pre', {class: 'scroll', tabindex: 0}, h('code', null,
      `callstatsmon backend-url=${address} app-id=${app} \\\n` +
      '  app-secret-file=… user-id=… conference-id=…')),
    h('p', null, 'It appears here by itself.'));
}
