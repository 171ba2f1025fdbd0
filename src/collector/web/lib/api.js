// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Requests to the collector's query API, and its answers.

/** An answer that is not 2xx. status 0: there was none. */
export class ApiError extends Error {
  /**
   * @param {number} status of HTTP
   * @param {string} code the API's, for programs
   * @param {string} message for people
   * @param {?number=} retryAfter seconds, where the answer says so
   */
  constructor(status, code, message, retryAfter = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
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
  const retryAfter = Number(response.headers.get('Retry-After')) || null;
  try {
    const {error} = await response.json();
    return new ApiError(response.status, error.code, error.message, retryAfter);
  } catch {
    return new ApiError(response.status, 'no-json', `The collector answered ${response.status}`,
      retryAfter);
  }
}

/**
 * An answer whose body is still to be read.
 *
 * @param {string} path as appPath() makes it
 * @param {RequestInit=} options
 * @returns {Promise<Response>} 2xx; rejects with ApiError, or AbortError when the signal said so
 */
export async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === 'AbortError')
      throw error;
    throw new ApiError(0, 'unreachable', 'The collector cannot be reached');
  }
  if (response.ok)
    return response;
  if (response.status === 401 && !path.endsWith('/login'))
    api.dispatchEvent(new Event('login-needed'));
  throw await errorOf(response);
}

// An answer that ends early, or is none of the API's. null: there is nothing yet.
async function answer(path, options) {
  const response = await request(path, options);
  if (response.status === 204)
    return null;
  try {
    return await response.json();
  } catch (error) {
    if (error.name === 'AbortError')
      throw error;
    throw error.name === 'SyntaxError' ?
      new ApiError(response.status, 'no-json', 'The answer is none of a collector') :
      new ApiError(0, 'unreachable', 'The collector cannot be reached');
  }
}

/**
 * @param {string} path as appPath() makes it
 * @param {{signal?: AbortSignal}=} options
 * @returns {Promise<?Object>} null: 204; rejects with ApiError, or AbortError when the signal
 *   said so
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
