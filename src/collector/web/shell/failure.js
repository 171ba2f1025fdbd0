// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is shown in place of a view that cannot be, and waiting for a collector to be back.

import {getJson} from '../lib/api.js';
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
 * @returns {boolean} whether the same request may well succeed later
 */
export function isPassing(error) {
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

/**
 * @param {Error} error of a view; an ApiError says what, and whether it is worth trying again
 * @param {function()} onRetry
 * @returns {HTMLElement}
 */
export function failureNotice(error, onRetry) {
  if (error.status === 404)
    return notice('Not found', error.message);
  return notice('This did not work', error.message,
    isPassing(error) ? 'It is tried again by itself.' : null,
    h('button', {type: 'button', onclick: onRetry}, 'Try again'));
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const over = new AbortController();
    const end = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener('online', end, {signal: over.signal});
    signal.addEventListener('abort', end, {signal: over.signal});
  });
}

/**
 * @param {AbortSignal} signal ends the waiting
 * @param {number} failures so far, one after the other
 * @returns {Promise<void>} when a collector answers again, or at the signal
 */
export async function collectorIsBack(signal, failures) {
  for (let tries = failures; !signal.aborted; tries++) {
    await pause(Math.min(LEAST_WAIT * 2 ** tries, LONGEST_WAIT) * (0.75 + Math.random() / 2),
      signal);
    try {
      await getJson('/api/v1/apps', {signal});
      return;
    } catch (error) {
      if (!isPassing(error))
        return;
    }
  }
}
