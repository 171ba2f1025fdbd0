// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Logging in with a read token. The cookie that it gives no script can see.

import {postJson} from '../lib/api.js';
import {h} from '../lib/dom.js';

const KEY = 'callstats-login';

/** @returns {boolean} whether this browser has logged in, so that it can log out */
export function hasLoggedIn() {
  return localStorage.getItem(KEY) !== null;
}

/** The login is over. */
export function forgetLogin() {
  localStorage.removeItem(KEY);
}

/** @param {function()} callback when another page of this browser has logged in */
export function onLoginElsewhere(callback) {
  window.addEventListener('storage', (event) => {
    if (event.key === KEY && event.newValue !== null)
      callback();
  });
}

/**
 * @param {HTMLElement} root its children are replaced
 * @param {{onDone: function()}} options
 */
export function showLogin(root, {onDone}) {
  forgetLogin();
  const token = h('input', {name: 'token', id: 'token', type: 'password', required: true,
    autocomplete: 'current-password', 'aria-describedby': 'login-error'});
  const failure = h('p', {id: 'login-error', class: 'bad', role: 'alert'});
  const logIn = async (event) => {
    event.preventDefault();
    failure.textContent = '';
    try {
      await postJson('/api/v1/login', {token: token.value.trim()});
      localStorage.setItem(KEY, 'yes');
      onDone();
    } catch (error) {
      failure.textContent = error.message;
      token.select();
    }
  };
  root.replaceChildren(h('form', {class: 'card login', dataset: {view: 'login'}, onsubmit: logIn},
    h('h1', null, 'Log in'),
    h('label', {for: 'token'}, 'Read token'), token,
    h('p', {class: 'hint'}, 'Made with: callstats-collector app token add'),
    failure,
    h('button', {type: 'submit', class: 'primary'}, 'Log in')));
  token.focus();
}
