// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/setup.js: the setup of a fabric as a waterfall of its phases.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {storyOf} from '../../../src/collector/web/models/fabric-story.js';
import {longestOf, setupOf, stoppedAt} from '../../../src/collector/web/models/setup.js';
import {event, fabricRow, ice, noRelay, T} from './calls.mjs';

const shape = ({phases}) => phases.map(({id, from, to, done}) =>
  `${id} ${Math.round(from)}-${Math.round(to)}${done ? '' : ' open'}`);

const caller = {createOfferStart: 4.588, createOffer: 3421.029, gatheringStart: 3424.48,
  gatheringComplete: 3424.505, localDescription: 3424.322, firstLocalCandidate: 3424.494,
  firstRemoteCandidate: 3433.464, remoteDescription: 3435.604, checking: 3436.379,
  connected: 3505.798};

const phase = (name, delay) => event(delay, 'a', 'f', 'fabricSetupPhase', {phase: name, delay});

test('a caller’s phases, with those that came after the setup', () => {
  const story = storyOf(fabricRow('f', 'a', 'b', {setupDelay: 3505.815}), [
    event(3506, 'a', 'f', 'fabricSetup', {delay: 3505.815, phases: caller}),
    phase('dtlsConnecting', 3508.4), phase('dtlsConnected', 3515.8), phase('firstRtp', 3600)],
  null);
  const setup = setupOf(story);
  assert.deepEqual(shape(setup), ['description 5-3421', 'signalling 3424-3436',
    'gathering 3424-3425', 'checking 3436-3506', 'dtls 3508-3516', 'packet 3506-3600']);
  assert.deepEqual([setup.outcome, setup.total], ['up', 3505.815]);
  assert.deepEqual(setup.points.map(({id}) => id),
    ['localDescription', 'firstLocalCandidate', 'firstRemoteCandidate']);
  assert.equal(longestOf(story).title, 'Making the description');
});

test('who is called waits for the description from the beginning', () => {
  const story = storyOf(fabricRow('f', 'a', 'b', {setupDelay: 90}), [event(90, 'a', 'f',
    'fabricSetup', {delay: 90, phases: {remoteDescription: 40, createAnswerStart: 41,
      createAnswer: 50, localDescription: 51, checking: 60, connected: 90}})], null);
  assert.deepEqual(shape(setupOf(story)), ['description 41-50', 'signalling 0-40',
    'checking 60-90']);
});

test('a failure shows where it stopped', () => {
  const story = storyOf(fabricRow('f1', 'bob', 'carol', {failed: T + 3751}), [noRelay], null);
  assert.equal(setupOf(story).outcome, 'failed');
  assert.deepEqual(stoppedAt(story), {title: 'ICE gathering', at: 3751.683, done: true});
  const checking = storyOf(fabricRow('f', 'a', 'b', {failed: T + 9000}), [event(9000, 'a', 'f',
    'fabricSetupFailed', {delay: 9000, phases: {gatheringStart: 5, gatheringComplete: 20,
      checking: 30}})], null);
  assert.deepEqual(shape(setupOf(checking)), ['gathering 5-20', 'checking 30-9000 open']);
  assert.deepEqual(stoppedAt(checking), {title: 'ICE checks', at: 9000, done: false});
});

test('clients that tell delays only have phases of these', () => {
  const story = storyOf(fabricRow('f', 'a', 'b', {setupDelay: 900, iceGatheringDelay: 300,
    iceConnectivityDelay: 500}), [], null);
  assert.deepEqual(shape(setupOf(story)), ['gathering 0-300', 'checking 400-900']);
});

test('a setup that goes on has phases by its states, up to now', () => {
  const story = storyOf(fabricRow('f', 'a', 'b'), [
    ice(20, 'a', 'f', 'gathering', 'iceGatheringState'),
    ice(100, 'a', 'f', 'complete', 'iceGatheringState'), ice(120, 'a', 'f', 'checking')], T + 700);
  assert.deepEqual(shape(setupOf(story, T + 700)), ['gathering 20-100', 'checking 120-700 open']);
  assert.equal(setupOf(story, T + 700).outcome, 'open');
});

test('what is not known is no setup', () => {
  assert.equal(setupOf(storyOf(fabricRow('f', 'a', 'b', {added: null}), [], null)), null);
});
