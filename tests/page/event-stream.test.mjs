// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The parser of Server-Sent Events.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {EventStreamParser} from '../../src/collector/web/lib/event-stream.js';

const STREAM = 'retry: 2000\n\n:\n\nid: 7.2\nevent: events\ndata: {"a":"ü"}\n\n' +
  'event: fabric\ndata: {}\n\nid: 8.2\n\ndata:one\ndata:\ndata: two\n\n';
const MESSAGES = [
  {name: 'events', data: '{"a":"ü"}', id: '7.2'},
  {name: 'fabric', data: '{}', id: '7.2'},
  {name: 'message', data: null, id: '8.2'},
  {name: 'message', data: 'one\n\ntwo', id: '8.2'},
];

function parse(...pieces) {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

test('messages come whole, wherever the text is cut', () => {
  assert.deepEqual(parse(STREAM), MESSAGES);
  assert.deepEqual(parse(...STREAM), MESSAGES);
  for (let cut = 0; cut <= STREAM.length; cut++)
    assert.deepEqual(parse(STREAM.slice(0, cut), STREAM.slice(cut)), MESSAGES, `cut at ${cut}`);
});

test('lines end as they like', () => {
  assert.deepEqual(parse(STREAM.replaceAll('\n', '\r\n')), MESSAGES);
  assert.deepEqual(parse(...STREAM.replaceAll('\n', '\r\n')), MESSAGES);
  assert.deepEqual(parse(STREAM.replaceAll('\n', '\r'), '\r'), MESSAGES);
});

test('what is not whole at the end is not told', () => {
  assert.deepEqual(parse('id: 1\ndata: {}\n'), []);
  assert.deepEqual(parse('id: 1\ndata: {}'), []);
});

test('a name alone is no message, and does not reach the next one', () => {
  assert.deepEqual(parse('event: fabric\n\ndata: 1\n\n'), [{name: 'message', data: '1', id: ''}]);
});

test('unknown fields, and ids with a NUL, are passed over', () => {
  assert.deepEqual(parse('colour: red\nid: a\0b\ndata\n\n'),
    [{name: 'message', data: '', id: ''}]);
});

test('the time to wait is told, if it is one', () => {
  const parser = new EventStreamParser();
  parser.push('retry: soon\n\n');
  assert.equal(parser.retry, null);
  parser.push('retry: 2000\n\n');
  assert.equal(parser.retry, 2000);
});
