// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What went wrong with the connections of a conference, each in words.

import {delay, duration, score} from '../lib/format.js';
import {membersOf} from './event-data.js';
import {longestOf, stoppedAt} from './setup.js';
import {breakerWords, counted, dropWords, failureWords, listed, name, plain, say, scoreWords}
  from './words.js';

/**
 * @typedef {Object} Finding
 * @property {string} id that stays the same while a call goes on
 * @property {'bad'|'warn'|'note'} level
 * @property {string} kind
 * @property {import('./words.js').Parts} title
 * @property {Array<import('./words.js').Parts>} text sentences
 * @property {Array<string>} users whom it affected
 * @property {?string} fabric that it is about
 * @property {?number} time ms since the epoch
 * @property {Array<{name: string, text: string}>} evidence as the client told it
 */

/** A setup that took longer is told: callstats' usual bound, in ms. */
export const SLOW_SETUP = 3000;
/** Below it nearly all users are dissatisfied (docs/quality.md). */
export const BAD_SCORE = 3.1;

const EVIDENCE = ['reason', 'function', 'name', 'message', 'diagnosis', 'cause', 'delay',
  'fabricState', 'iceConnectionState', 'prevIceConnectionState', 'currIceConnectionState',
  'signalingState'];

function evidenceOf(event) {
  return membersOf(event?.data).filter((member) => EVIDENCE.includes(member.name))
    .map((member) => ({name: member.name, text: member.text}));
}

/** "alice and bob", "alice’s connection" */
export function between(row) {
  return row.remoteUser === null ? say`${name(row.user)}’s connection` :
    say`${name(row.user)} and ${name(row.remoteUser)}`;
}

const lasting = (ms) => ms < 60_000 ? delay(ms) : duration(ms);

const usersOf = (row) => [row.user, row.remoteUser].filter((user) => user !== null);

function finding(level, kind, story, time, told) {
  return {id: `${kind} ${story.row.fabric} ${time ?? ''}`, level, kind, users: usersOf(story.row),
    fabric: story.row.fabric, time: time ?? null, evidence: [], ...told};
}

function diagnosisOf(event) {
  const told = event?.data?.diagnosis;
  return typeof told === 'string' && told !== '' ? told : null;
}

function sayStop(story) {
  const stop = stoppedAt(story);
  return stop === null ? [] : [stop.done ?
    say`The last that it came through: ${stop.title}, ${delay(stop.at)} after it began.` :
    say`It was given up ${delay(stop.at)} after it began, at: ${stop.title}.`];
}

function sayFailure({failure}) {
  const diagnosis = diagnosisOf(failure);
  const reason = failure?.name === 'iceFailed' ? failureWords('IceConnectionFailure') :
    failureWords(failure?.data?.reason);
  return say`${reason}${diagnosis === null ? '' : say`: ${name(diagnosis)}`}.`;
}

// What both ends say alike is told once.
function sayFailures(failed, ends) {
  const told = failed.map(sayFailure);
  if (ends.length === 1)
    return told;
  if (told.length === 2 && plain(told[0]) === plain(told[1]))
    return [say`Both ends: ${told[0]}`];
  return failed.map((story, index) => say`${name(story.row.user)}’s end: ${told[index]}`);
}

/** @returns {import('./words.js').Parts} "bob never reached carol" */
export function failureTitle({row}) {
  return row.remoteUser === null ? say`${name(row.user)}’s connection was never set up` :
    say`${name(row.user)} never reached ${name(row.remoteUser)}`;
}

function setupFailed(connection) {
  const failed = connection.ends.filter((story) => story.failed);
  const [first] = failed;
  const one = connection.ends.find((story) => story.setUp);
  const text = sayFailures(failed, connection.ends);
  if (one !== undefined)
    text.push(say`${name(one.row.user)}’s end says that it was set up.`);
  return finding('bad', 'setup-failed', first, first.failure?.time ?? first.row.failed, {
    title: failureTitle(first), text: [...text, ...sayStop(first)],
    evidence: evidenceOf(first.failure)});
}

// Both ends tell of the same drop, within what silence takes to be noticed.
function dropped(connection) {
  const story = connection.ends.find(({drops}) => drops.length > 0);
  const {event, restored} = story.drops.at(-1);
  const since = story.spans[0]?.from ?? event.time;
  const title = restored ?
    say`The connection of ${between(story.row)} dropped and came back` :
    say`The connection of ${between(story.row)} dropped`;
  return finding(restored ? 'warn' : 'bad', 'dropped', story, event.time, {
    title: story.row.remoteUser === null ?
      say`${between(story.row)} dropped${restored ? ' and came back' : ''}` : title,
    text: [say`${duration(event.time - since)} after it began: ${dropWords(event.data?.cause)}.`],
    evidence: evidenceOf(event)});
}

function retried(story) {
  const event = story.firstFailure;
  return finding('warn', 'setup-retried', story, event.time, {
    title: say`${between(story.row)}: a setup failed before one succeeded`,
    text: [say`${failureWords(event.data?.reason ?? 'IceConnectionFailure')}.`],
    evidence: evidenceOf(event)});
}

function total(intervals, end) {
  return intervals.reduce((sum, {from, to}) => sum + Math.max((to ?? end) - from, 0), 0);
}

function disrupted(story, end) {
  const {disruptions: list, row} = story;
  const open = list.at(-1).to === null && story.drops.length === 0 && row.terminated === null;
  return finding('warn', 'disrupted', story, list[0].from, {
    title: say`${between(row)}: ${counted(list.length, 'disruption')}${
      open ? ', one goes on' : ''}`,
    text: [say`Nothing came through for ${lasting(total(list, row.terminated ?? end))} in all.`]});
}

function arrow(user, remoteUser) {
  return say`${name(user)} to ${remoteUser === null ? 'the other end' : name(remoteUser)}`;
}

function oneWay(story, told) {
  const {row} = story;
  const way = told.direction === 'inbound' ?
    say`${row.remoteUser === null ? 'the other end' : name(row.remoteUser)} to ${name(row.user)}` :
    arrow(row.user, row.remoteUser);
  const how = {pair: 'The sender’s counters say it was sent, the receiver got none of it.',
    inbound: 'It was announced, and nothing came.'}[told.detectedBy] ??
    'By the other end’s reports, what was sent did not arrive.';
  return finding('bad', 'one-way', story, told.from ?? null, {
    id: `one-way ${row.fabric} ${told.direction} ${told.ssrc}`,
    title: say`${name(told.kind ?? 'media')} from ${way} did not arrive`,
    text: [[how], ...told.to === null || told.to === undefined ? [] :
      [say`It lasted ${duration(told.to - told.from)}.`]],
    evidence: [{name: 'ssrc', text: String(told.ssrc)}]});
}

// The summary knows more than events do; while it goes on there are only events.
function oneWayMedia(story, summary) {
  const byEvent = story.oneWay.map((told) => ({...told, direction: 'outbound',
    detectedBy: 'event'}));
  const more = (summary?.oneWayMedia ?? []).filter((told) =>
    !byEvent.some((one) => one.ssrc === String(told.ssrc) && one.direction === told.direction));
  return [...byEvent, ...more].map((told) => oneWay(story, told));
}

function breakers(story) {
  const types = [...new Set(story.breakers.map(({data}) => data?.disruptionType ?? ''))];
  return types.map((type) => {
    const events = story.breakers.filter(({data}) => (data?.disruptionType ?? '') === type);
    return finding('bad', 'circuit-breaker', story, events[0].time, {
      id: `circuit-breaker ${story.row.fabric} ${type}`,
      title: say`${between(story.row)}: media should have stopped (circuit breaker)`,
      text: [say`${breakerWords(type)}, told ${counted(events.length, 'time')}.`],
      evidence: evidenceOf(events[0])});
  });
}

function stalled(story) {
  const kinds = [...new Set(story.stalls.map(({data}) => data?.mediaType ?? 'media'))];
  return finding('warn', 'stalled', story, story.stalls[0].time, {
    title: say`${listed(kinds.map((kind) => [name(kind)]))} stood still for ${
      name(story.row.user)}`,
    text: [say`Packets came, but no frames: ${counted(story.stalls.length, 'time')}.`],
    users: [story.row.user]});
}

function lowScore(story, summary, reasons) {
  return finding('warn', 'low-score', story, null, {
    title: say`${between(story.row)}: bad quality, score ${score(summary.score.p50)} (median)`,
    text: reasons === undefined ? [] : reasons.length === 0 ? [] :
      [say`Because of ${listed(reasons.map((word) => [scoreWords(word)].flat()))}.`],
    users: [story.row.user]});
}

function slow(story) {
  const {setupDelay} = story.row;
  const longest = longestOf(story);
  return finding('warn', 'slow-setup', story, story.row.added, {
    title: say`${between(story.row)}: the setup took ${delay(setupDelay)}`,
    text: longest === null ? [] :
      [say`The longest part: ${longest.title}, ${delay(longest.took)}.`]});
}

function gaps(story, summary) {
  const {count, total: lost} = summary.gaps;
  return finding('note', 'gaps', story, null, {
    title: say`${name(story.row.user)} reported nothing for ${duration(lost)}`,
    text: [say`${counted(count, 'gap')} in the reports: what happened then is not known.`],
    users: [story.row.user]});
}

function endless(story, summary) {
  const what = {timeout: 'went silent: nobody said that it ended',
    aborted: 'ended before it was set up'}[summary.terminationStatus];
  return finding('warn', summary.terminationStatus, story, story.row.lastReport ??
    story.row.terminated ?? story.row.added, {
    title: story.row.remoteUser === null ? say`${between(story.row)} ${what}` :
      say`The connection of ${between(story.row)} ${what}`, text: [], users: [story.row.user]});
}

function findingsOfEnd(story, summary, reasons) {
  const rules = [
    [story.stalls.length > 0, () => stalled(story)],
    [summary?.score !== null && summary?.score?.p50 < BAD_SCORE,
      () => lowScore(story, summary, reasons.get(story.row.fabric))],
    [!story.failed && story.drops.length === 0 &&
      ['timeout', 'aborted'].includes(summary?.terminationStatus), () => endless(story, summary)],
    [summary?.gaps.count > 0, () => gaps(story, summary)],
  ];
  return [...rules.filter(([holds]) => holds).map(([, make]) => make()),
    ...oneWayMedia(story, summary), ...breakers(story)];
}

// What both ends tell of the same thing is told once, by the end that it was worse for.
function findingsOfBoth({ends, failed}, end) {
  const worst = (measure) => ends.reduce((most, story) =>
    measure(story) > measure(most) ? story : most);
  const retry = ends.find((story) => story.setUp && story.firstFailure !== null);
  const slowest = worst(({row}) => row.setupDelay ?? -1);
  const restless = worst(({disruptions, row}) => total(disruptions, row.terminated ?? end));
  const drops = ends.some((story) => story.drops.length > 0);
  const rules = [
    [failed, (connection) => setupFailed(connection)],
    [drops, (connection) => dropped(connection)],
    [retry !== undefined && !failed, () => retried(retry)],
    [!drops && restless.disruptions.length > 0, () => disrupted(restless, end)],
    [slowest.row.setupDelay > SLOW_SETUP, () => slow(slowest)],
  ];
  return rules.filter(([holds]) => holds).map(([, make]) => make({ends}));
}

/**
 * @param {Array<import('./connections.js').Connection>} connections
 * @param {Object} known
 * @param {Map<string, Object>} known.summaries FabricSummary of the API by fabric
 * @param {Map<string, Array<string>>} known.reasons of low scores, by fabric
 * @param {number} known.end of the call, or now
 * @returns {Array<Finding>}
 */
export function findingsOf(connections, {summaries, reasons, end}) {
  return connections.flatMap((connection) => [
    ...findingsOfBoth(connection, end),
    ...connection.ends.flatMap((story) =>
      findingsOfEnd(story, summaries.get(story.row.fabric), reasons)),
  ]);
}
