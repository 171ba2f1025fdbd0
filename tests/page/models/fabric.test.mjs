// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A fabric in words: marks, ways through the network, session descriptions, reports.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {addressOf, candidateType, switchesOf, wayOf}
  from '../../../src/collector/web/models/candidates.js';
import {judge, markKinds, marksOf, stateOf, terminationCause}
  from '../../../src/collector/web/models/fabric.js';
import {objectsOf} from '../../../src/collector/web/models/reports.js';
import {compareSdp, negotiationsOf} from '../../../src/collector/web/models/sdp.js';

const event = (name, time = 0, data = {}) => ({name, time, data, user: 'alice', fabric: 'f'});

const ROW = {fabric: 'f', user: 'alice', remoteUser: 'bob', usage: null, added: 1000,
  setupDelay: 400, iceGatheringDelay: null, iceConnectivityDelay: null, state: 'established',
  failed: null, dropped: null, terminated: null, reports: 3, firstReport: 1500, lastReport: 9000};

test('events that matter are marks, each kind once in the legend', () => {
  const marks = marksOf([event('fabricDropped', 9), event('fabricSetup', 2), event('__proto__', 3),
    event('audioMute', 4), event('audioMute', 6)]);
  assert.deepEqual(marks.map(({time, sign}) => [time, sign]),
    [[2, 'S'], [4, 'M'], [6, 'M'], [9, 'X']]);
  assert.deepEqual(markKinds(marks).map(({sign, count}) => [sign, count]),
    [['S', 1], ['M', 2], ['X', 1]]);
});

test('a way through the network is told in words', () => {
  const host = {candidateType: 'host'};
  assert.equal(wayOf({local: {candidateType: 'relay', relayProtocol: 'tcp',
    url: 'turn:relay.example.org'}, remote: host}),
  'relayed over TURN/TCP by turn:relay.example.org');
  assert.equal(wayOf({local: {candidateType: 'relay', protocol: 'udp', address: '192.0.2.1'}}),
    'relayed over TURN/UDP by 192.0.2.1');
  assert.match(wayOf({local: host, remote: {candidateType: 'relay'}}), /other end/);
  assert.match(wayOf({local: host, remote: host}), /^direct, without/);
  assert.match(wayOf({local: host, remote: {candidateType: 'srflx'}}), /NAT/);
  assert.equal(wayOf(null), 'unknown');
  assert.equal(candidateType('__proto__'), '__proto__');
});

test('addresses are told as far as they are known', () => {
  assert.equal(addressOf({address: '2001:db8::1', port: 9, protocol: 'udp'}),
    '[2001:db8::1]:9 udp');
  assert.equal(addressOf({ip: '192.0.2.1', transport: 'tcp'}), '192.0.2.1 tcp');
  assert.equal(addressOf({}), '–');
  assert.equal(addressOf(null), '–');
});

test('a change of the pair may tell nothing', () => {
  assert.deepEqual(switchesOf([event('fabricTransportSwitch', 5)]),
    [{time: 5, from: {}, to: {}, relay: ''}]);
});

test('a fabric is judged by its events, the worst first', () => {
  const bad = judge({...ROW, state: 'terminated', dropped: 5000, terminated: 8000, events: [
    event('mediaPlaybackStalled', 3000, {mediaType: 'video'}),
    event('fabricDropped', 5000, {cause: 'silence'}),
    event('fabricTerminated', 8000, {cause: 'application'})]}, null, []);
  assert.equal(bad.findings[0].level, 'bad');
  assert.equal(bad.findings[0].kind, 'dropped');
  assert.equal(bad.end, 8000);
  assert.deepEqual(judge({...ROW, events: []}, null, []).findings, []);
  assert.equal(stateOf({...ROW, failed: 2000}).level, 'bad');
  assert.equal(terminationCause([event('fabricTerminated', 1, {cause: '<b>'})]), '<b>');
});

test('descriptions show what came and what went since the one before', () => {
  assert.deepEqual(compareSdp('a\r\nb\r\nc\r\n', 'a\r\nc\r\nd\r\n')
    .map(({text, change}) => `${change} ${text}`), ['same a', 'removed b', 'same c', 'added d']);
  assert.deepEqual(compareSdp(null, 'v=0\n<b>').map(({change}) => change), ['same', 'same']);
});

test('a side that did not change keeps its description', () => {
  const list = negotiationsOf([
    event('sdpSubmissionEvent', 1, {localSDP: 'one', remoteSDP: 'two'}),
    event('sdpSubmissionEvent', 2, {localSDP: '', remoteSDP: 'three'}),
    event('sdpSubmissionEvent', 3, {localSDP: 'four', remoteSDP: 17})]);
  assert.deepEqual(list[1].local, null);
  assert.deepEqual(list[1].remote, {before: 'two', after: 'three'});
  assert.deepEqual(list[2], {time: 3, local: {before: 'one', after: 'four'}, remote: null});
});

test('reports are names and texts, whatever they hold', () => {
  const objects = objectsOf(JSON.parse('{"x": 7, "__proto__": {"type": "codec", "a": {"b": [1]}},' +
    ' "in": {"type": "inbound-rtp", "kind": "video", "ssrc": 5, "none": null}}'));
  assert.deepEqual(objects.map(({id}) => id), ['in', '__proto__', 'x']);
  assert.equal(objects[0].title, 'video, SSRC 5');
  assert.deepEqual(objects[0].members.at(-1), {name: 'none', value: 'null'});
  assert.deepEqual(objects[1].members.at(-1), {name: 'a', value: '{"b":[1]}'});
  assert.deepEqual(objects[2].members, [{name: 'value', value: '7'}]);
});
