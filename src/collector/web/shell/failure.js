// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is shown in place of a view that cannot be, and waiting for a collector to be back.

import {h} from '../lib/dom.js';

const LEAST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

/** @returns {HTMLElement} */
export function notice(title, ...content) {
  return h('section', {class: 'notice', role: 'alert'}, h('h1', null, title),
    content.filter((one) => one !== null)
      .map((one) => one instanceof Node ? one : h('p', null, one)));
}

/**
 * @param {Error} error
 * @returns {boolean} whether the same request may well succeed later: a call that has begun but
 *   not been told of yet is not found, either
 */
export function isPassing(error) {
  return error.status === 0 || error.status === 404 || error.status === 429 || error.status >= 500;
}

/**
 * @param {Error} error of a view; an ApiError says what, and whether it is worth trying again
 * @param {function()} onRetry
 * @returns {HTMLElement}
 */
export function failureNotice(error, onRetry) {
  return notice(error.status === 404 ? 'Not found' : 'This did not work', error.message,
    isPassing(error) ? 'It is tried again by itself.' : null,
    h('button', {type: 'button', onclick: onRetry}, 'Try again'));
}

/**
 * @param {number} failures so far, one after the other
 * @param {AbortSignal} signal ends the waiting
 * @returns {Promise<void>} when it is time to try again, or at the signal
 */
export function timeToRetry(failures, signal) {
  const wait = Math.min(LEAST_WAIT * 2 ** failures, LONGEST_WAIT) * (0.75 + Math.random() / 2);
  return new Promise((resolve) => {
    const over = new AbortController();
    const timer = setTimeout(end, wait);
    window.addEventListener('online', end, {signal: over.signal});
    signal.addEventListener('abort', end, {signal: over.signal});
    function end() {
      clearTimeout(timer);
      over.abort();
      resolve();
    }
  });
}
