// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Live streams against servers that fail in all ways.

import assert from 'node:assert/strict';
import {once} from 'node:events';
import http from 'node:http';
import {afterEach, beforeEach, test} from 'node:test';

// What a page has around it.
globalThis.window = new EventTarget();
globalThis.document = Object.assign(new EventTarget(), {hidden: false});

const {api} = await import('../../src/collector/web/lib/api.js');
const {follow} = await import('../../src/collector/web/lib/live.js');

const TIMES = {lost: 20_000, answer: 20_000, silence: 20_000, hidden: 60_000, settled: 50,
  soon: 20, least: 20, longest: 100};
const SILENCE = 1500;

let server = null; // each request goes to the handler of the test
let handler = null;
let requests = []; // their `after`
let leaving = null;

function serve(request, response) {
  response.shouldKeepAlive = false; // as the collector
  requests.push(new URL(request.url, 'http://localhost').searchParams.get('after'));
  handler(request, response);
}

beforeEach(async () => {
  requests = [];
  leaving = new AbortController();
  document.hidden = false;
  server = http.createServer(serve);
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  leaving.abort();
  server.closeAllConnections();
  await once(server.close(), 'close');
});

function begin(response) {
  response.writeHead(200, {'Content-Type': 'text/event-stream'});
  response.write('retry: 2000\n\n');
}

function message(id, data = {number: id}) {
  return `id: ${id}\nevent: events\ndata: ${JSON.stringify(data)}\n\n`;
}

// Follows with what comes kept, and a way to wait for it.
function listen(times = {}) {
  const told = {numbers: [], states: [], waiting: new Set()};
  const changed = () => told.waiting.forEach((check) => check());
  const url = `http://127.0.0.1:${server.address().port}/live?reports=true`;
  told.end = follow(url, {
    after: '0', signal: leaving.signal, times: {...TIMES, ...times},
    handlers: {events: ({number}) => { told.numbers.push(number); changed(); }},
    onState: (state) => { told.states.push(state); changed(); },
  });
  told.until = (condition) => new Promise((resolve) => {
    const check = () => {
      if (!condition(told))
        return;
      told.waiting.delete(check);
      resolve();
    };
    told.waiting.add(check);
    check();
  });
  return told;
}

const isTold = (state) => ({states}) => states.at(-1) === state;

test('nothing is lost or doubled, wherever connections break', async () => {
  const last = 200;
  handler = (request, response) => {
    const next = Number(requests.at(-1)) + 1;
    begin(response);
    let text = '';
    for (let id = next; id <= last; id++)
      text += message(id, {number: id, text: 'ü'.repeat(id % 7)});
    const bytes = Buffer.from(text);
    const cut = Math.floor(Math.random() * 1500);
    response.write(bytes.subarray(0, cut), () => {
      if (cut < bytes.length)
        response.destroy();
    });
  };
  const told = listen({least: 1, longest: 1});
  await told.until(({numbers}) => numbers.at(-1) === last);
  assert.deepEqual(told.numbers, Array.from({length: last}, (_, index) => index + 1));
  assert.ok(requests.length > 3, `${requests.length} connections`);
});

test('a place without data is where it goes on', async () => {
  handler = (request, response) => {
    begin(response);
    if (requests.length === 1)
      response.end('id: 17.3_4.5.6\n\n');
    else
      response.write(message(18));
  };
  await listen().until(({numbers}) => numbers.length === 1);
  assert.deepEqual(requests, ['0', '17.3_4.5.6']);
});

test('the end of a stream that was planned is not told', async () => {
  handler = (request, response) => {
    begin(response);
    setTimeout(() => response.end(message(requests.length)), 2 * TIMES.settled);
  };
  const told = listen({lost: 5000, least: 60_000, longest: 60_000});
  await told.until(({numbers}) => numbers.length === 4);
  assert.deepEqual(told.states, ['live']);
});

test('a server that is gone is told at once, and that it is back', async () => {
  handler = (request, response) => {
    begin(response);
    setTimeout(() => response.destroy(), 2 * TIMES.settled);
    handler = (again, refused) => {
      refused.destroy();
      handler = (_, answer) => begin(answer);
    };
  };
  const told = listen();
  await told.until(({states}) => states.length === 3);
  assert.deepEqual(told.states, ['live', 'lost', 'live']);
});

test('a conference that is no more is over', async () => {
  handler = (request, response) => response.writeHead(404).end('{}');
  await listen().until(isTold('over'));
  assert.equal(requests.length, 1);
});

test('a login that is over is asked for anew', async () => {
  handler = (request, response) => response.writeHead(401).end('{}');
  const asked = once(api, 'login-needed');
  await listen().until(isTold('over'));
  await asked;
  assert.equal(requests.length, 1);
});

test('a collector that is full is asked again when it says', async () => {
  const times = [];
  handler = (request, response) => {
    times.push(performance.now());
    if (requests.length === 1)
      response.writeHead(503, {'Retry-After': '1'}).end('{}');
    else
      begin(response);
  };
  const told = listen();
  await told.until(isTold('live'));
  assert.deepEqual(told.states, ['lost', 'live']);
  assert.ok(times[1] - times[0] >= 700, `after ${times[1] - times[0]} ms`);
});

test('an answer that is no stream is a failure', async () => {
  handler = (request, response) => {
    if (requests.length === 1)
      response.writeHead(200, {'Content-Type': 'text/html'}).end('<p>Sign in to the proxy');
    else
      begin(response);
  };
  const told = listen();
  await told.until(isTold('live'));
  assert.deepEqual(told.states, ['lost', 'live']);
});

test('a dead connection is noticed, a quiet one is left alone', async () => {
  const open = [];
  handler = (request, response) => {
    open.push(once(request.socket, 'close'));
    begin(response);
    if (requests.length === 2) {
      const beat = setInterval(() => response.write(':\n\n'), 30);
      response.on('close', () => clearInterval(beat));
      setTimeout(() => response.write(message(1)), 2 * SILENCE);
    }
  };
  const told = listen({silence: SILENCE});
  await told.until(({numbers}) => numbers.length === 1);
  assert.equal(requests.length, 2);
  await open[0];
});

test('a request that nobody answers is given up', async () => {
  handler = (request, response) => {
    if (requests.length === 2)
      begin(response);
  };
  const told = listen({answer: 300});
  await told.until(isTold('live'));
  assert.equal(requests.length, 2);
});

test('a connection that takes long is told', async () => {
  let answer = null;
  handler = (request, response) => { answer = () => begin(response); };
  const told = listen({lost: 100});
  await told.until(isTold('lost'));
  answer();
  await told.until(isTold('live'));
  assert.equal(requests.length, 1);
});

test('whoever leaves closes the connection and hears no more', async () => {
  const closed = new Promise((resolve) => {
    handler = (request, response) => {
      begin(response);
      request.socket.on('close', resolve);
    };
  });
  const told = listen();
  await told.until(isTold('live'));
  leaving.abort();
  await closed;
  assert.deepEqual(told.states, ['live']);
});

test('a view may say that it is over', async () => {
  handler = (request, response) => begin(response);
  const told = listen();
  await told.until(isTold('live'));
  told.end();
  told.end();
  assert.deepEqual(told.states, ['live', 'over']);
});

function setHidden(hidden) {
  document.hidden = hidden;
  document.dispatchEvent(new Event('visibilitychange'));
}

test('a page that nobody sees waits, and later gives its stream back', async () => {
  let closed = null;
  handler = (request, response) => {
    begin(response);
    response.write(message(requests.length));
    closed = once(request.socket, 'close');
  };
  document.hidden = true;
  const told = listen({hidden: 100});
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(requests.length, 0);
  setHidden(false);
  await told.until(({numbers}) => numbers.length === 1);
  setHidden(true);
  await closed;
  setHidden(false);
  await told.until(({numbers}) => numbers.length === 2);
  assert.deepEqual(requests, ['0', '1']);
  assert.deepEqual(told.states, ['live']);
});

test('a page that nobody sees gives its stream to one that opens', async () => {
  let closed = null;
  handler = (request, response) => {
    begin(response);
    closed = once(request.socket, 'close');
  };
  const told = listen();
  await told.until(isTold('live'));
  setHidden(true);
  const other = new BroadcastChannel('callstats-live');
  other.postMessage('opening');
  await closed;
  other.close();
});

test('back on the network it does not wait', async () => {
  handler = (request, response) => {
    if (requests.length === 1)
      response.writeHead(503).end('{}');
    else
      begin(response);
  };
  const told = listen({least: 60_000, longest: 60_000});
  await told.until(isTold('lost'));
  window.dispatchEvent(new Event('online'));
  await told.until(isTold('live'));
});
