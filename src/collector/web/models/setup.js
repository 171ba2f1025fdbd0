// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The setup of a fabric as a waterfall of its phases, in ms since it was added.

/**
 * Phases, in the order of a legend: from where to where they go, by the marks of the client. The
 * first of several that is there counts.
 */
export const PHASES = [
  {id: 'description', title: 'Making the description', from: ['createOfferStart',
    'createAnswerStart'], to: ['createOffer', 'createAnswer']},
  {id: 'signalling', title: 'Waiting for the other description', from: ['localDescription'],
    to: ['remoteDescription']},
  {id: 'gathering', title: 'ICE gathering', from: ['gatheringStart'], to: ['gatheringComplete']},
  {id: 'checking', title: 'ICE checks', from: ['checking'], to: ['connected']},
  {id: 'dtls', title: 'DTLS handshake', from: ['dtlsConnecting'], to: ['dtlsConnected']},
  {id: 'packet', title: 'Waiting for the first packet', from: ['connected'], to: ['firstRtp']},
  {id: 'frame', title: 'Waiting for the first frame', from: ['firstRtp'], to: ['firstFrame']},
];

/** Marks that lead to nothing further. */
export const POINTS = [
  {id: 'localDescription', title: 'Local description set'},
  {id: 'firstLocalCandidate', title: 'First local candidate'},
  {id: 'firstRemoteCandidate', title: 'First remote candidate'},
];

/**
 * @typedef {Object} Setup
 * @property {'up'|'failed'|'open'} outcome
 * @property {?number} total ms until it was set up, failed, or until now; null: not known
 * @property {Array<{id: string, title: string, from: number, to: number, done: boolean}>} phases
 *   done: it ended; else it was under way when all ended
 * @property {Array<{id: string, title: string, at: number}>} points
 */

function setupEvent(story) {
  return story.events.find(({name}) => name === 'fabricSetup') ??
    story.events.find(({name}) => name === 'fabricSetupFailed') ?? null;
}

function addMark(marks, name, at) {
  if (typeof at === 'number' && Number.isFinite(at) && at >= 0 && !marks.has(name))
    marks.set(name, at);
}

/** Steps come with the setup's end; later ones one by one. */
function marksOf(story) {
  const marks = new Map();
  const told = setupEvent(story)?.data?.phases;
  if (told !== null && typeof told === 'object')
    Object.entries(told).forEach(([name, at]) => addMark(marks, name, at));
  story.events.filter(({name}) => name === 'fabricSetupPhase')
    .forEach(({data}) => addMark(marks, data?.phase, data?.delay));
  return marks;
}

// Clients of the REST API, and those that still set up, tell states only.
function addStates(marks, story) {
  const added = story.row.added;
  if (marks.size > 0 || added === null)
    return;
  const names = {gathering: 'gatheringStart', complete: 'gatheringComplete', checking: 'checking',
    connected: 'connected', completed: 'connected'};
  for (const event of story.events)
    if (event.name === 'fabricStateChange' && event.data?.changedState !== 'signalingState' &&
        Object.hasOwn(names, event.data?.newState))
      addMark(marks, names[event.data.newState], event.time - added);
}

function addDelays(marks, {setupDelay, iceGatheringDelay, iceConnectivityDelay}) {
  if (iceGatheringDelay !== null && !marks.has('gatheringComplete')) {
    addMark(marks, 'gatheringStart', 0);
    addMark(marks, 'gatheringComplete', iceGatheringDelay);
  }
  if (setupDelay !== null && iceConnectivityDelay !== null && !marks.has('checking')) {
    addMark(marks, 'checking', setupDelay - iceConnectivityDelay);
    addMark(marks, 'connected', setupDelay);
  }
}

function first(marks, names) {
  return names.map((name) => marks.get(name)).find((at) => at !== undefined) ?? null;
}

// Who is called waits from the beginning.
function beginOf(phase, marks) {
  return phase.id === 'signalling' && !marks.has('createOfferStart') && !marks.has('createOffer') ?
    (marks.has('remoteDescription') ? 0 : null) : first(marks, phase.from);
}

function phaseOf(phase, marks, total) {
  const to = first(marks, phase.to);
  const from = beginOf(phase, marks);
  const end = to ?? total;
  const open = to === null && (phase.id === 'packet' || phase.id === 'frame');
  if (from === null || end === null || end < from || open)
    return [];
  return [{id: phase.id, title: phase.title, from, to: end, done: to !== null}];
}

function totalOf(story, now) {
  const {row} = story;
  if (row.setupDelay !== null)
    return row.setupDelay;
  const told = setupEvent(story)?.data?.delay;
  if (typeof told === 'number')
    return told;
  const end = story.failure?.time ?? row.failed ?? row.terminated ?? now;
  return row.added === null || end === null ? null : Math.max(end - row.added, 0);
}

/**
 * @param {import('./fabric-story.js').Story} story
 * @param {?number=} now where it goes on
 * @returns {?Setup} null: nothing is known of it
 */
export function setupOf(story, now = null) {
  const total = totalOf(story, now);
  const marks = marksOf(story);
  addStates(marks, story);
  addDelays(marks, story.row);
  if (total === null && marks.size === 0)
    return null;
  const phases = PHASES.flatMap((phase) => phaseOf(phase, marks, total));
  const points = POINTS.filter(({id}) => marks.has(id))
    .map(({id, title}) => ({id, title, at: marks.get(id)}));
  return {outcome: story.setUp ? 'up' : story.failed ? 'failed' : 'open', total, phases, points};
}

/**
 * @param {import('./fabric-story.js').Story} story of a fabric that was never set up
 * @returns {?{title: string, at: number, done: boolean}} the phase that it was in, or, done, the
 *   last one that it came through; at: when that was over
 */
export function stoppedAt(story) {
  const phases = setupOf(story)?.phases ?? [];
  const found = phases.findLast(({done}) => !done) ??
    [...phases].sort((a, b) => a.to - b.to).at(-1);
  return found === undefined ? null : {title: found.title, at: found.to, done: found.done};
}

/**
 * @param {import('./fabric-story.js').Story} story of a fabric that was set up
 * @returns {?{title: string, took: number}} the phase of the setup that took longest
 */
export function longestOf(story) {
  const setup = setupOf(story);
  const phases = (setup?.phases ?? []).filter(({to}) => to <= (setup.total ?? Infinity) + 1)
    .map(({title, from, to}) => ({title, took: to - from}));
  return phases.sort((a, b) => b.took - a.took)[0] ?? null;
}
