// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Requests to the collector's query API, and its answers.

/** An answer that is not 2xx. status 0: there was none. */
export class ApiError extends Error {
  /**
   * @param {number} status of HTTP
   * @param {string} code the API's, for programs
   * @param {string} message for people
   */
  constructor(status, code, message) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

/** Dispatches `login-needed` when the collector wants to know who reads. */
export const api = new EventTarget();

/**
 * @param {string} app application id
 * @param {Array<string>} segments below the application
 * @param {Object<string, ?(string|number|boolean)>=} query null, undefined and '' are left out
 * @returns {string} a path of the API
 */
export function appPath(app, segments = [], query = {}) {
  const path = ['/api/v1/apps', ...[app, ...segments].map(encodeURIComponent)].join('/');
  const params = new URLSearchParams(Object.entries(query)
    .filter(([, value]) => value !== null && value !== undefined && value !== ''));
  return params.size > 0 ? `${path}?${params}` : path;
}

async function errorOf(response) {
  try {
    const {error} = await response.json();
    return new ApiError(response.status, error.code, error.message);
  } catch {
    return new ApiError(response.status, 'no-json', `The collector answered ${response.status}`);
  }
}

async function answer(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === 'AbortError')
      throw error;
    throw new ApiError(0, 'unreachable', 'The collector cannot be reached');
  }
  if (response.ok)
    return response.json();
  if (response.status === 401 && !path.endsWith('/login'))
    api.dispatchEvent(new Event('login-needed'));
  throw await errorOf(response);
}

/**
 * @param {string} path as appPath() makes it
 * @param {{signal?: AbortSignal}=} options
 * @returns {Promise<Object>} rejects with ApiError, or AbortError when the signal said so
 */
export function getJson(path, {signal} = {}) {
  return answer(path, {signal});
}

/**
 * @param {string} path
 * @param {Object} body
 * @returns {Promise<Object>} as getJson()
 */
export function postJson(path, body) {
  return answer(path, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(body),
  });
}
