// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/diagnosis.js: what a conference came to, in words.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {delay, score} from '../../../src/collector/web/lib/format.js';
import {plain} from '../../../src/collector/web/models/words.js';
import {detail, event, fabricRow, fabricSummary, ice, noRelay, picture, T} from './calls.mjs';

const good = (id, user, remote, more = {}) => fabricRow(id, user, remote,
  {setupDelay: 430, terminated: T + 60_000, ...more});
const setUp = (id, user, took = 430) =>
  event(took, user, id, 'fabricSetup', {delay: took});
const bobAndCarol = {people: ['bob', 'carol'],
  fabrics: [fabricRow('f2', 'carol', 'bob', {failed: T + 8002}),
    fabricRow('f1', 'bob', 'carol', {failed: T + 3751})],
  events: [noRelay, event(8002, 'carol', 'f2', 'fabricSetupFailed', {delay: 8002.7,
    reason: 'IceConnectionFailure', diagnosis: 'no remote candidates; DTLS never started'})]};

function verdictOf(answer, more) {
  return picture(detail(answer), more).verdict;
}

const titles = ({findings}) => findings.map(({level, title}) => `${level}: ${plain(title)}`);
const words = ({text}) => text.map(plain).join(' ');

test('nothing wrong is said so, with the numbers', () => {
  const verdict = verdictOf({people: ['alice', 'bob'], score: 4.4,
    fabrics: [good('f1', 'alice', 'bob'), good('f2', 'bob', 'alice', {setupDelay: 510})],
    events: [setUp('f1', 'alice'), setUp('f2', 'bob', 510)]});
  assert.equal(verdict.level, 'good');
  assert.equal(plain(verdict.headline), 'Nothing went wrong: the connection was set up, ' +
    `in 470 ms (median; 510 ms at most); score ${score(4.4)}`);
  assert.deepEqual([verdict.findings, verdict.affected], [[], []]);
  assert.equal(verdict.facts.find(({title}) => title === 'Connections set up').text,
    '1 of 1 (100 %)');
});

test('who failed first names a failure, and each end tells its own diagnosis', () => {
  const verdict = verdictOf(bobAndCarol);
  assert.equal(verdict.level, 'bad');
  assert.equal(plain(verdict.headline), 'The connection was not set up; bob never reached ' +
    'carol: ICE found no way between the two, TURN configured but no relay candidate');
  assert.deepEqual(titles(verdict), ['bad: bob never reached carol']);
  const [finding] = verdict.findings;
  assert.match(words(finding), /bob’s end: .*refuses the credentials.*carol’s end: /);
  assert.match(words(finding), /no remote candidates.*last that it came through: ICE gathering/);
  assert.deepEqual([finding.fabric, finding.time], ['f1', T + 3751]);
  assert.ok(finding.evidence.some(({name, text}) =>
    name === 'message' && /without any/.test(text)));
  assert.deepEqual(verdict.affected, [{user: 'bob', why: ['never connected']},
    {user: 'carol', why: ['never connected']}]);
});

test('some of several connections fail', () => {
  const verdict = verdictOf({people: ['alice', 'bob', 'carol'], fabrics: [...bobAndCarol.fabrics,
    good('f3', 'alice', 'bob'), good('f4', 'bob', 'alice'), good('f5', 'alice', 'carol')],
  events: bobAndCarol.events});
  assert.match(plain(verdict.headline), /^2 of 3 connections were set up; bob never reached carol/);
});

test('ICE’s own failure says less than the diagnosis behind it', () => {
  const failed = event(3700, 'bob', 'f1', 'iceFailed', {cause: 'ice'});
  const verdict = verdictOf({...bobAndCarol, events: [failed, ...bobAndCarol.events]});
  assert.match(words(verdict.findings[0]), /TURN configured/);
  const alone = verdictOf({people: ['bob'], fabrics: [bobAndCarol.fabrics[1]], events: [failed]});
  assert.match(plain(alone.headline), /ICE found no way between the two$/);
});

test('a drop says after how long and why, and whether it came back', () => {
  const dropped = {people: ['alice', 'bob'], fabrics: [good('f1', 'alice', 'bob')],
    events: [setUp('f1', 'alice'), event(20_000, 'alice', 'f1', 'fabricDropped',
      {cause: 'silence'})]};
  const verdict = verdictOf(dropped);
  assert.deepEqual(titles(verdict), ['bad: The connection of alice and bob dropped']);
  assert.equal(words(verdict.findings[0]),
    '20 s after it began: nothing was heard of the other end for 30 s.');
  const back = verdictOf({...dropped, events: [...dropped.events,
    event(25_000, 'alice', 'f1', 'iceDisruptionEnd', {cause: 'silence'})]});
  assert.deepEqual(titles(back), ['warn: The connection of alice and bob dropped and came back']);
  assert.equal(back.level, 'warn');
});

test('both ends of a disruption are one, told by the end that it was worse for', () => {
  const times = (id, user, from, to) => [event(from, user, id, 'iceDisruptionStart'),
    event(to, user, id, 'iceDisruptionEnd')];
  const verdict = verdictOf({people: ['alice', 'bob'],
    fabrics: [good('f1', 'alice', 'bob'), good('f2', 'bob', 'alice')],
    events: [...times('f1', 'alice', 5000, 6000), ...times('f2', 'bob', 5000, 9000)]});
  assert.deepEqual(titles(verdict), ['warn: bob and alice: 1 disruption']);
  assert.ok(words(verdict.findings[0]).includes(delay(4000)));
});

test('one-way media, circuit breakers, frozen pictures, bad scores and gaps are told', () => {
  const distribution = {count: 9, min: 1, p5: 1, p50: 2.2, p95: 3, max: 3, mean: 2.2};
  const summary = {affectedUsers: [], disruptions: {count: 0, total: 0}, fabricSummaries: [
    fabricSummary('f1', 'alice', {score: distribution, gaps: {count: 2, total: 12_000},
      oneWayMedia: [{ssrc: 5, kind: 'video', direction: 'inbound', detectedBy: 'pair'},
        {ssrc: 7, kind: 'audio', direction: 'outbound', detectedBy: 'event'}]})]};
  const verdict = verdictOf({people: ['alice', 'bob'], fabrics: [good('f1', 'alice', 'bob')],
    events: [event(10_000, 'alice', 'f1', 'oneWayMediaStart', {ssrc: '7', mediaType: 'audio'}),
      event(15_000, 'alice', 'f1', 'oneWayMediaStop', {ssrc: '7'}),
      event(16_000, 'alice', 'f1', 'circuitBreaker', {disruptionType: 'RTCPTimeout'}),
      event(17_000, 'alice', 'f1', 'mediaPlaybackStalled', {mediaType: 'video'})]},
  {summary, reasons: new Map([['f1', ['loss', 'freezes']]])});
  assert.deepEqual(titles(verdict), [
    'bad: audio from alice to bob did not arrive',
    'bad: alice and bob: media should have stopped (circuit breaker)',
    'bad: video from bob to alice did not arrive',
    'warn: video stood still for alice',
    `warn: alice and bob: bad quality, score ${score(2.2)} (median)`,
    'note: alice reported nothing for 12 s']);
  assert.equal(words(verdict.findings[4]), 'Because of packet loss and freezes.');
});

test('slow setups name their longest part', () => {
  const phases = {gatheringStart: 10, gatheringComplete: 5010, checking: 5020, connected: 5100};
  const verdict = verdictOf({people: ['a', 'b'], fabrics: [good('f', 'a', 'b',
    {setupDelay: 5100})], events: [event(5100, 'a', 'f', 'fabricSetup', {delay: 5100, phases})]});
  assert.deepEqual(titles(verdict), [`warn: a and b: the setup took ${delay(5100)}`]);
  assert.ok(words(verdict.findings[0]).includes(`ICE gathering, ${delay(5000)}`));
});

test('errors count by message, logs are none, and bad feedback is quoted', () => {
  const log = (at, data) => event(at, 'a', null, 'applicationErrorLog', data);
  const verdict = verdictOf({people: ['a', 'b'], fabrics: [good('f', 'a', 'b')], events: [
    log(1, {level: 'error', message: 'camera gone'}), log(2, {level: 'error',
      message: 'camera gone'}), log(3, {level: 'error', function: 'applicationLog'}),
    log(4, {level: 'info', message: 'fine'}),
    event(5, 'b', null, 'userFeedback', {overall: 1, comment: 'no sound'})]});
  assert.deepEqual(titles(verdict), ['warn: a had 2 errors', 'warn: b rated the call 1 of 5']);
  assert.equal(words(verdict.findings[1]), '“no sound”');
});

test('while it goes on, what is open is not failed', () => {
  const going = {ended: false, people: ['a', 'b'], fabrics: [fabricRow('f', 'a', 'b')],
    events: [event(0, 'a', 'f', 'addNewFabric'), ice(9, 'a', 'f', 'checking')]};
  const verdict = verdictOf(going, {now: T + 500});
  assert.equal(verdict.level, 'none');
  assert.equal(plain(verdict.headline), 'Connections are being set up');
  const done = verdictOf({...going, fabrics: [good('f', 'a', 'b', {terminated: null})]},
    {now: T + 900});
  assert.match(plain(done.headline), /^Nothing has gone wrong so far/);
});

test('nobody connected to anybody', () => {
  const verdict = verdictOf({people: ['a', 'b', 'c']});
  assert.equal(plain(verdict.headline), '3 people joined; no connection was ever begun');
  assert.equal(verdict.level, 'warn');
});

test('names of clients stand apart from our words, whatever they are', () => {
  const strange = ['__proto__', '<img onerror=alert(1)>', '\u202egnp', 'constructor', ''];
  for (const user of strange) {
    const verdict = verdictOf({people: [user], fabrics: [fabricRow('f', user, user, {failed: T})],
      events: [event(1, user, 'f', 'fabricSetupFailed', {reason: user, diagnosis: user})]});
    const names = verdict.headline.filter((part) => typeof part !== 'string');
    assert.ok(names.some(({name}) => name === user), user);
    assert.ok(verdict.headline.every((part) => typeof part !== 'string' || user === '' ||
      !part.includes(user)), user);
    assert.deepEqual(verdict.affected.map((one) => one.user), [user]);
  }
});

test('data of other shapes is no reason to fail', () => {
  for (const data of [null, undefined, 'text', 7, [], {phases: 'x', delay: 'y', diagnosis: {}},
    {phases: {checking: -1, connected: NaN, constructor: 5}, reason: 9}])
    for (const name of ['fabricSetupFailed', 'iceFailed', 'fabricDropped', 'userFeedback',
      'oneWayMediaStart', 'circuitBreaker', 'mediaPlaybackStalled', 'applicationErrorLog',
      'fabricTransportSwitch', 'fabricStateChange', 'fabricSetupPhase', 'fabricTerminated']) {
      const {verdict} = picture(detail({people: ['a'], fabrics: [fabricRow('f', 'a', null)],
        events: [{...event(1, 'a', 'f', name), data}]}));
      assert.equal(typeof plain(verdict.headline), 'string');
    }
});
