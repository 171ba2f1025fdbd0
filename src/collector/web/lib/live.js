// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A live stream of the collector, followed over lost connections without losing or doubling
// what has an id.
//
// Read with fetch(): EventSource tells neither the status of an answer nor the comments that the
// collector sends when all is quiet, so it takes a dead connection for a quiet one.

import {ApiError, request} from './api.js';
import {EventStreamParser} from './event-stream.js';

/** All in ms. */
const TIMES = {
  lost: 3000, // without a connection until it is told: streams end now and then, as planned
  answer: 20_000, // that a request may take
  silence: 40_000, // the collector says something every 15 s
  hidden: 300_000, // that a page nobody sees keeps its stream
  settled: 5000, // after which the end of a connection is no failure
  soon: 500, // at most, before the first try
  least: 1000, // before the next ones, growing
  longest: 30_000,
};

/**
 * @param {string} url of a live stream, without `after`
 * @param {Object} options
 * @param {?string} options.after where to begin: `live` of the answer that was shown before;
 *   null: with what comes
 * @param {Object<string, function(Object)>} options.handlers by the message's name
 * @param {function('live'|'lost'|'over')} options.onState told whenever it changes; over: the
 *   collector will say no more, or end() was called
 * @param {AbortSignal} options.signal ends it without a word
 * @param {Object<string, number>=} options.times of TIMES, for tests
 * @returns {function()} end: there is no more to come, as of a conference that is over
 */
export function follow(url, {after, handlers, onState, signal, times}) {
  const stream = new Stream(url, {after, handlers, onState, times: {...TIMES, ...times}});
  signal.addEventListener('abort', () => stream.close(), {once: true});
  if (!signal.aborted)
    stream.start();
  return () => stream.finish();
}

class Stream {
  constructor(url, {after, handlers, onState, times}) {
    Object.assign(this, {url, place: after, handlers, onState, times});
    this.state = null;
    this.failures = 0;
    this.attempt = null; // the AbortController of the request that is out
    this.heard = 0; // when the request was answered
    this.closing = new AbortController();
    this.timers = new Map();
  }

  // A page that nobody has seen yet waits with its stream until somebody does: a browser has
  // six connections to a host, for all its pages together.
  start() {
    const {signal} = this.closing;
    this.pages = new BroadcastChannel('callstats-live');
    this.pages.unref?.();
    this.pages.onmessage = () => document.hidden && this.release();
    document.addEventListener('visibilitychange', () => this.seen(), {signal});
    window.addEventListener('online', () => this.reconnect(), {signal});
    if (!document.hidden)
      this.reconnect();
  }

  close() {
    this.closing.abort();
    this.pages?.close();
    this.release();
  }

  finish() {
    if (this.closing.signal.aborted)
      return;
    this.close();
    this.tell('over');
  }

  // ---- Connections ----

  release() {
    this.attempt?.abort();
    this.attempt = null;
    this.timers.forEach(clearTimeout);
    this.timers.clear();
  }

  seen() {
    if (document.hidden)
      this.after('hidden', this.times.hidden, () => this.release());
    else if (this.attempt === null)
      this.reconnect();
    else
      this.forget('hidden');
  }

  reconnect() {
    this.release();
    if (this.state !== 'lost')
      this.after('lost', this.times.lost, () => this.tell('lost'));
    this.pages.postMessage('opening');
    this.connect();
  }

  address() {
    const mark = this.url.includes('?') ? '&' : '?';
    return this.place === null ? this.url :
      `${this.url}${mark}after=${encodeURIComponent(this.place)}`;
  }

  async connect() {
    const attempt = new AbortController();
    let error = null;
    this.attempt = attempt;
    this.heard = Infinity;
    this.after('silence', this.times.answer, () => attempt.abort());
    try {
      const answer = await request(this.address(),
        {headers: {Accept: 'text/event-stream'}, signal: attempt.signal, cache: 'no-store'});
      if (!answer.headers.get('Content-Type')?.startsWith('text/event-stream'))
        throw new ApiError(0, 'no-stream', 'The answer is none of a collector');
      await this.read(answer.body, attempt);
    } catch (caught) {
      error = caught;
    }
    if (this.attempt === attempt)
      this.ended(error);
  }

  async read(body, attempt) {
    const parser = new EventStreamParser();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    this.opened();
    for (;;) {
      const {done, value} = await reader.read();
      if (done || this.attempt !== attempt)
        return;
      this.after('silence', this.times.silence, () => attempt.abort());
      for (const message of parser.push(value))
        if (this.attempt === attempt)
          this.take(message);
    }
  }

  take({name, data, id}) {
    if (id !== '')
      this.place = id;
    if (data === null || !Object.hasOwn(this.handlers, name))
      return;
    try {
      this.handlers[name](JSON.parse(data));
    } catch (error) {
      queueMicrotask(() => { throw error; }); // one bad message does not end a stream
    }
  }

  opened() {
    this.heard = Date.now();
    this.forget('lost');
    this.tell('live');
  }

  // error: null where the stream ended as it should.
  ended(error) {
    const settled = Date.now() - this.heard >= this.times.settled;
    this.attempt = null;
    this.forget('silence');
    if (isFinal(error)) {
      this.finish();
      return;
    }
    if (settled)
      this.failures = 0;
    if (this.heard === Infinity)
      this.tell('lost');
    else if (!this.timers.has('lost') && this.state !== 'lost')
      this.after('lost', this.times.lost, () => this.tell('lost'));
    this.after('again', this.pause(settled, error?.retryAfter ?? 0), () => this.connect());
  }

  // Not all who lost a collector come back to it at the same moment.
  pause(settled, retryAfter) {
    if (settled)
      return Math.random() * this.times.soon;
    const wait = Math.min(this.times.least * 2 ** this.failures++, this.times.longest);
    return Math.max(wait, 1000 * retryAfter) * (0.75 + Math.random() / 2);
  }

  // ---- State and timers ----

  tell(state) {
    this.forget('lost');
    if (state !== this.state)
      this.onState(state);
    this.state = state;
  }

  after(name, ms, callback) {
    this.forget(name);
    this.timers.set(name, setTimeout(() => {
      this.timers.delete(name);
      callback();
    }, ms));
  }

  forget(name) {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}

// Another try has the same answer: no such conference, no right to read.
function isFinal(error) {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 &&
    error.status !== 408 && error.status !== 429;
}
