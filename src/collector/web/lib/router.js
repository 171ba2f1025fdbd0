// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where the reader is: the part of the address after #, so that a link can be shared.

/**
 * @typedef {Object} Place
 * @property {?string} app application id
 * @property {'overview'|'list'|'conference'|'fabric'|'unknown'} view
 * @property {?string} id of the conference or the fabric
 * @property {URLSearchParams} query what shapes the view
 */

const VIEWS = [
  {view: 'overview', folder: null, id: false},
  {view: 'list', folder: 'conferences', id: false},
  {view: 'conference', folder: 'conferences', id: true},
  {view: 'fabric', folder: 'fabrics', id: true},
];

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * @param {string} hash of an address, with its #
 * @returns {Place}
 */
export function parsePlace(hash) {
  const mark = hash.indexOf('?');
  const path = mark < 0 ? hash : hash.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : hash.slice(mark + 1));
  const [app = null, folder = null, id = null, ...more] =
    path.replace(/^#/, '').split('/').filter(Boolean).map(decode);
  const found = more.length > 0 ? undefined :
    VIEWS.find((one) => one.folder === folder && one.id === (id !== null));
  return {app, view: found?.view ?? 'unknown', id, query};
}

/**
 * @param {{app: string, view: string, id?: ?string, query?: (URLSearchParams|Object)}} place
 *   members of query that are null, undefined or '' are left out
 * @returns {string} for the href of a link
 */
export function hashOf({app, view, id = null, query = {}}) {
  const {folder} = VIEWS.find((one) => one.view === view);
  const segments = [app, folder, id].filter((part) => part !== null).map(encodeURIComponent);
  const pairs = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const params = new URLSearchParams(pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== ''));
  return `#/${segments.join('/')}${params.size > 0 ? `?${params}` : ''}`;
}

function changed(query, changes) {
  const result = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '')
      result.delete(name);
    else
      result.set(name, String(value));
  }
  return result;
}

/**
 * Goes to the same view with another query.
 *
 * @param {Place} place
 * @param {Object<string, ?(string|number|boolean)>} changes null takes a member away
 * @param {{replace?: boolean}=} options replace: without a step in the history
 */
export function setQuery(place, changes, {replace = false} = {}) {
  const hash = hashOf({...place, query: changed(place.query, changes)});
  if (replace)
    location.replace(hash);
  else
    location.hash = hash;
}

/**
 * Writes into the address what a view has become by itself, by zooming for instance: the view
 * stays as it is, and so does the history.
 *
 * @param {Place} place its query becomes the new one
 * @param {Object<string, ?(string|number|boolean)>} changes as of setQuery()
 */
export function noteQuery(place, changes) {
  place.query = changed(place.query, changes);
  history.replaceState(history.state, '', hashOf(place));
}
