// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a conference came to: a verdict in words, what stands behind it, and the numbers.

import {delay, duration, percent, score} from '../lib/format.js';
import {connectionsOf, pairsOf} from './connections.js';
import {kindOf} from './event-kinds.js';
import {failureTitle, findingsOf} from './findings.js';
import {counted, failureWords, listed, name, say} from './words.js';

const LEVELS = ['bad', 'warn', 'note'];
const MOST_NAMED = 2;
const BAD_RATING = 2;

/**
 * @typedef {Object} Verdict
 * @property {'bad'|'warn'|'good'|'none'} level none: there is nothing to judge yet
 * @property {import('./words.js').Parts} headline
 * @property {Array<{user: string, why: Array<string>}>} affected
 * @property {Array<import('./findings.js').Finding>} findings the worst first
 * @property {Array<{title: string, text: string}>} facts
 * @property {Array<import('./connections.js').Connection>} connections
 */

function errorsOf(call) {
  const byMessage = new Map();
  for (const event of call.events.filter((one) => kindOf(one) === 'error')) {
    const key = JSON.stringify([event.user, event.data?.message, event.data?.reason]);
    byMessage.set(key, [...byMessage.get(key) ?? [], event]);
  }
  return [...byMessage.values()].map((events) => {
    const [first] = events;
    const told = first.data?.diagnosis ?? first.data?.message ?? first.data?.name;
    return {id: `error ${first.user} ${first.time}`, level: 'warn', kind: 'error',
      title: say`${name(first.user)} had ${counted(events.length, 'error')}`,
      text: told === undefined ? [] : [say`${name(String(told))}`], users: [first.user],
      fabric: first.fabric ?? null, time: first.time, evidence: []};
  });
}

function badFeedback(call) {
  return call.events.filter((event) => event.name === 'userFeedback' &&
    event.data?.overall <= BAD_RATING).map((event) => {
    const {overall, comment} = event.data;
    return {id: `feedback ${event.user} ${event.time}`, level: 'warn', kind: 'feedback',
      title: say`${name(event.data.userID ?? event.user)} rated the call ${String(overall)} of 5`,
      text: typeof comment === 'string' && comment !== '' ? [say`“${name(comment)}”`] : [],
      users: [event.data.userID ?? event.user], fabric: null, time: event.time, evidence: []};
  });
}

function alone(call, connections) {
  if (connections.length === 0)
    return [];
  const connected = new Set(connections.flatMap(({ends}) => ends.flatMap(({row}) =>
    [row.user, row.remoteUser])));
  return [...call.participants.values()].filter(({user}) => !connected.has(user)).map((row) =>
    ({id: `alone ${row.user}`, level: 'note', kind: 'alone',
      title: say`${name(row.user)} had no connection`, text: [], users: [row.user], fabric: null,
      time: row.joined, evidence: []}));
}

function sorted(findings) {
  return findings.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) ||
    (a.time ?? Infinity) - (b.time ?? Infinity));
}

const WHY = new Map(Object.entries({
  'setup-failed': 'never connected', dropped: 'dropped', disrupted: 'disrupted',
  'one-way': 'one-way media', 'circuit-breaker': 'bad media', 'low-score': 'bad quality',
  stalled: 'frozen media', timeout: 'went silent', aborted: 'ended early',
}));

// Whom the summary names and no finding explains is named all the same.
const SUMMARY_WHY = new Map(Object.entries({failed: 'never connected', dropped: 'dropped',
  timeout: 'went silent', aborted: 'ended early', disrupted: 'disrupted',
  oneWayMedia: 'one-way media', lowScore: 'bad quality'}));

function affectedOf(findings, summary) {
  const found = new Map();
  const add = (user, why) => why !== undefined &&
    found.set(user, new Set([...found.get(user) ?? [], why]));
  findings.forEach(({kind, users}) => users.forEach((user) => add(user, WHY.get(kind))));
  (summary?.affectedUsers ?? []).forEach(({userID, reasons}) =>
    reasons.forEach((reason) => add(userID, SUMMARY_WHY.get(reason))));
  return [...found].map(([user, why]) => ({user, why: [...why]}));
}

function named(titles) {
  const more = titles.length - MOST_NAMED;
  return listed([...titles.slice(0, MOST_NAMED), ...more > 0 ? [[`${more} more`]] : []]);
}

// Why, of the first: the rest stands below.
function shortReason(connection) {
  const {data, name: event} = connection.ends.find(({failed}) => failed).failure ?? {};
  const [diagnosis] = typeof data?.diagnosis === 'string' ? data.diagnosis.split(/[;:]/) : [];
  const words = event === 'iceFailed' ? failureWords('IceConnectionFailure') :
    failureWords(data?.reason);
  return diagnosis === undefined ? say`${words}` : say`${words}, ${name(diagnosis.trim())}`;
}

function failedHeadline(connections, findings) {
  const failed = connections.filter((connection) => connection.failed);
  const count = connections.filter(({setUp}) => setUp).length;
  const titles = failed.map(({ends}) => failureTitle(ends.find((story) => story.failed)));
  const drops = findings.filter(({kind, level}) => kind === 'dropped' && level === 'bad').length;
  const lost = drops === 0 ? '' : `; ${counted(drops, 'connection')} dropped later`;
  const start = connections.length === 1 ? say`The connection was not set up` :
    say`${count} of ${counted(connections.length, 'connection')} ${
      connections.length === 1 ? 'was' : 'were'} set up`;
  return say`${start}; ${named(titles)}: ${shortReason(failed[0])}${lost}`;
}

function allSetUp(connections) {
  const open = connections.filter(({setUp}) => !setUp).length;
  if (open > 0)
    return `${connections.length - open} of ${counted(connections.length, 'connection')} set up`;
  return connections.length === 1 ? 'The connection was set up' :
    `All ${connections.length} connections were set up`;
}

function troubleHeadline(connections, findings) {
  const bad = findings.filter(({level}) => level === 'bad');
  const told = bad.length > 0 ? bad : findings.filter(({level}) => level === 'warn');
  return say`${allSetUp(connections)}, but: ${named(told.map(({title}) => title))}`;
}

function goodHeadline(call, connections, rated) {
  const delays = delaysOf(connections);
  const took = delays.length === 0 ? '' : delays.length === 1 ? `, in ${delay(delays[0])}` :
    `, in ${delay(medianOf(delays))} (median; ${delay(delays.at(-1))} at most)`;
  const how = rated === null ? '' : `; score ${score(rated)}`;
  return [`${call.ended ? 'Nothing went wrong' : 'Nothing has gone wrong so far'}: ` +
    `${allSetUp(connections).replace(/^./, (letter) => letter.toLowerCase())}${took}${how}`];
}

function headlineOf(call, connections, findings, rated) {
  if (connections.length === 0) {
    const people = counted(call.participants.size, 'person', 'people');
    return {level: call.ended ? 'warn' : 'none', headline:
      [`${people} joined; ${call.ended ? 'no connection was ever begun' : 'no connection yet'}`]};
  }
  if (connections.some(({failed}) => failed))
    return {level: 'bad', headline: failedHeadline(connections, findings)};
  const worst = findings[0]?.level;
  if (worst === 'bad' || worst === 'warn')
    return {level: worst, headline: troubleHeadline(connections, findings)};
  if (connections.every(({setUp}) => !setUp))
    return {level: call.ended ? 'warn' : 'none', headline: [call.ended ?
      'No connection was set up, and nobody said why' : 'Connections are being set up']};
  return {level: 'good', headline: goodHeadline(call, connections, rated)};
}

function delaysOf(connections) {
  return connections.flatMap(({ends}) => ends.map(({row}) => row.setupDelay))
    .filter((value) => value !== null).sort((a, b) => a - b);
}

function medianOf(values) {
  const middle = values.length / 2;
  return values.length % 2 === 1 ? values[Math.floor(middle)] :
    (values[middle - 1] + values[middle]) / 2;
}

function factsOf(call, connections, summary, rated, end) {
  const delays = delaysOf(connections);
  const setUp = connections.filter((connection) => connection.setUp).length;
  const lost = summary?.disruptions;
  return [
    {title: 'Length', text: duration(end - call.start)},
    {title: 'People', text: String(call.participants.size)},
    {title: 'Connections set up', text: connections.length === 0 ? '–' :
      `${setUp} of ${connections.length} (${percent(setUp / connections.length)})`},
    {title: 'Setup, median', text: delay(delays.length > 0 ? medianOf(delays) : null)},
    {title: 'Setup, longest', text: delay(delays.at(-1))},
    {title: 'Score (1 to 5), lowest median', text: score(rated)},
    ...lost === undefined || lost.count === 0 ? [] :
      [{title: 'Disruptions, at all ends', text: `${lost.count}, ${duration(lost.total)}`}],
  ];
}

/**
 * @param {Object} known
 * @param {import('./call.js').Call} known.call
 * @param {Array<import('./fabric-story.js').Story>} known.stories of all its fabrics
 * @param {?Object} known.summary ConferenceSummary of the API
 * @param {Map<string, Array<string>>} known.reasons of low scores by fabric, where asked for
 * @param {number} known.end of the call, or now
 * @returns {Verdict}
 */
export function diagnose({call, stories, summary, reasons, end}) {
  const connections = connectionsOf(stories, pairsOf(summary));
  const summaries = new Map((summary?.fabricSummaries ?? []).map((one) => [one.connectionID, one]));
  const findings = sorted([...findingsOf(connections, {summaries, reasons, end}),
    ...errorsOf(call), ...badFeedback(call), ...alone(call, connections)]);
  const rated = call.score ?? null;
  return {...headlineOf(call, connections, findings, rated),
    affected: affectedOf(findings, summary), findings, connections,
    facts: factsOf(call, connections, summary, rated, end)};
}
