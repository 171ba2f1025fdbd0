// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Server-Sent Events of the collector, followed over lost connections without losing or
// doubling what has an id.

import {getJson} from './api.js';

const LOST_AFTER = 1000; // ms without a connection until it is told: streams end now and then
const LEAST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

/**
 * @param {string} url of a live stream, without `after`
 * @param {Object} options
 * @param {string} options.after where to begin: `live` of the answer that was shown before
 * @param {Object<string, function(Object)>} options.handlers by the message's name
 * @param {function('live'|'lost')} options.onState told whenever it changes
 * @param {AbortSignal} options.signal ends it
 */
export function follow(url, {after, handlers, onState, signal}) {
  new Stream(url, after, handlers, onState, signal).open();
}

class Stream {
  constructor(url, after, handlers, onState, signal) {
    Object.assign(this, {url, place: after, handlers, onState, signal});
    this.state = null;
    this.wait = LEAST_WAIT;
    this.timers = new Map();
    signal.addEventListener('abort', () => this.close(), {once: true});
  }

  open() {
    if (this.signal.aborted)
      return;
    const mark = this.url.includes('?') ? '&' : '?';
    this.source = new EventSource(`${this.url}${mark}after=${encodeURIComponent(this.place)}`);
    this.source.addEventListener('open', () => this.opened());
    this.source.addEventListener('error', () => this.failed());
    for (const name of Object.keys(this.handlers))
      this.source.addEventListener(name, (message) => this.take(name, message));
  }

  close() {
    this.source?.close();
    this.timers.forEach(clearTimeout);
  }

  take(name, message) {
    if (message.lastEventId !== '')
      this.place = message.lastEventId;
    this.handlers[name](JSON.parse(message.data));
  }

  opened() {
    this.wait = LEAST_WAIT;
    clearTimeout(this.timers.get('lost'));
    this.timers.delete('lost');
    this.tell('live');
  }

  // The browser comes again by itself, unless the answer was an error.
  failed() {
    if (!this.timers.has('lost'))
      this.timers.set('lost', setTimeout(() => this.tell('lost'), LOST_AFTER));
    if (this.source.readyState === EventSource.CLOSED)
      this.timers.set('again', setTimeout(() => this.again(), this.nextWait()));
  }

  nextWait() {
    const wait = this.wait * (0.5 + Math.random() / 2);
    this.wait = Math.min(2 * this.wait, LONGEST_WAIT);
    return wait;
  }

  // An error of a stream does not say which; that of a request does, and asks for a login.
  async again() {
    try {
      await getJson('/api/v1/apps', {signal: this.signal});
    } catch (error) {
      if (error.name === 'AbortError' || error.status === 401)
        return;
    }
    this.open();
  }

  tell(state) {
    if (state !== this.state)
      this.onState(state);
    this.state = state;
  }
}
