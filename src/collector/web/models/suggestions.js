// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a search may mean, from what the API knows of ids that begin so.

const MOST = 5; // of a kind

/** How many conferences are asked for: not all of them have the id, others have a user with it. */
export const ASKED = 100;

function conferencesOf(text, conferences) {
  const ids = new Set(conferences.map(({conference}) => conference)
    .filter((id) => id.startsWith(text)));
  return [...ids].slice(0, MOST);
}

function met(conferences) {
  return conferences === 1 ? '1 conference' : `${conferences} conferences`;
}

/**
 * @param {string} text that was typed
 * @param {Array<Object>} users of the API
 * @param {Array<Object>} conferences of the API, newest first
 * @returns {Array<{kind: 'user'|'conference', id: string, name: ?string, note: string}>}
 *   name: what people call the user
 */
export function suggestionsOf(text, users, conferences) {
  return [
    ...conferencesOf(text, conferences).map((id) => ({kind: 'conference', id, name: null,
      note: ''})),
    ...users.slice(0, MOST).map(({user, userName, conferences: many}) => ({kind: 'user', id: user,
      name: userName ?? null, note: met(many)})),
  ];
}

/**
 * Where a suggestion leads to.
 *
 * @param {string} app
 * @param {{kind: string, id: string}} suggestion
 * @returns {Object} a place for hashOf()
 */
export function placeOf(app, {kind, id}) {
  return kind === 'conference' ? {app, view: 'conference', id} :
    {app, view: 'list', query: {user: id}};
}
