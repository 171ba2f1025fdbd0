// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What an overview tells: its numbers, compared with the time before, and its charts.

import {count, delay, duration, percent, score} from '../lib/format.js';
import {RANGES, rangeOf} from '../lib/time-range.js';
import {filtersOf} from './filters.js';
import {bandOf} from './score.js';

/** What an overview is about, where the address does not say: what a team looks at each day. */
export const USUAL_RANGE = '24h';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY];
const MOST_STEPS = 50; // bars that are told apart on a phone

// null: as the API likes it.
function stepFor(from, to) {
  return from === null ? null :
    STEPS.find((step) => (to - from) / step <= MOST_STEPS) ?? null;
}

/**
 * @param {URLSearchParams} query of the address
 * @param {number} now
 * @returns {Object} the query of the API
 */
export function overviewQuery(query, now) {
  const {from, to} = rangeOf(query, {fallback: USUAL_RANGE, now});
  return {...filtersOf(query), from, to, step: stepFor(from, to ?? now)};
}

/**
 * @param {URLSearchParams} query of the address
 * @param {{from: number, to: number}} shown of the overview
 * @returns {Object} the query of the API, about as long a time before it
 */
export function queryBefore(query, {from, to}) {
  return {...filtersOf(query), from: from - (to - from), to: from};
}

/**
 * @param {URLSearchParams} query of the overview's address
 * @param {Object=} more what the conferences have to have
 * @returns {Object} the query of the list's address, with the same conferences
 */
export function listLink(query, more = {}) {
  const {relative} = rangeOf(query, {fallback: USUAL_RANGE});
  const bounds = {from: query.get('from'), to: query.get('to')};
  return {...filtersOf(query), ...bounds, range: relative, ...more};
}

/**
 * @param {{from: number, to: number}} shown
 * @param {number} now
 * @returns {{range: null, from: number, to: number}} the change of a query: twice as long
 */
export function wider({from, to}, now) {
  const half = Math.ceil((to - from) / 2);
  const end = Math.min(now, to + half);
  return {range: null, from: end - 4 * half, to: end};
}

/** @param {{from: number, to: number}} range @returns {Array<Object>} RANGES that are longer */
export function longerRanges({from, to}) {
  return RANGES.filter(({length}) => length > to - from + 60_000);
}

// ---- Numbers ----

function trend(now, before, better, text) {
  if (now === null || before === null || now === undefined || before === undefined)
    return null;
  const way = Math.sign(now - before);
  const is = way === 0 || better === 0 ? 'same' : way === better ? 'better' : 'worse';
  return {text: way === 0 ? 'as before' : `${way > 0 ? '▲' : '▼'} ${text}`, is};
}

const MANIFOLD = 4; // from when on a growth is no longer told in per cent

function ofCounts(now, before, better) {
  if (before === undefined || before === 0)
    return null;
  const grown = now / before;
  return trend(now, before, better, grown >= MANIFOLD ? `${count(Math.round(grown))} times` :
    percent(Math.abs(now - before) / before));
}

function ofShares(now, before, better) {
  return trend(now, before, better, `${Math.abs((now - before) * 100).toFixed(1)} points`);
}

function share(part, whole) {
  return whole > 0 ? part / whole : null;
}

function scoreWord(value) {
  return bandOf(value)?.title.toLowerCase() ?? '';
}

const CARDS = [
  {id: 'conferences', title: 'Conferences', link: {},
    value: ({conferences}) => count(conferences),
    note: ({ongoing}) => ongoing > 0 ? `${count(ongoing)} going on` : 'all ended',
    change: (now, before) => ofCounts(now.conferences, before.conferences, 0)},
  {id: 'participants', title: 'People', link: null,
    value: ({participants}) => count(participants),
    note: () => 'in each conference anew',
    change: (now, before) => ofCounts(now.participants, before.participants, 0)},
  {id: 'failures', title: 'Failed setups', link: {failed: true},
    value: ({setupFailureRate}) => percent(setupFailureRate),
    note: ({setUp, setupFailed}) => `${count(setupFailed)} of ${count(setUp + setupFailed)}`,
    change: (now, before) => ofShares(now.setupFailureRate, before.setupFailureRate, -1)},
  {id: 'dropped', title: 'Dropped', link: {dropped: true},
    value: ({dropped, setUp}) => percent(share(dropped, setUp)),
    note: ({dropped, setUp}) => `${count(dropped)} of ${count(setUp)} connections`,
    change: (now, before) =>
      ofShares(share(now.dropped, now.setUp), share(before.dropped, before.setUp), -1)},
  {id: 'setup-delay', title: 'Median setup', link: null,
    value: ({setupDelay}) => delay(setupDelay?.p50),
    note: ({setupDelay}) => `95 % within ${delay(setupDelay?.p95)}`,
    change: (now, before) => trend(now.setupDelay?.p50, before.setupDelay?.p50, -1,
      delay(Math.abs(now.setupDelay?.p50 - before.setupDelay?.p50)))},
  {id: 'score', title: 'Median score', link: {sort: 'score', order: 'asc'},
    value: ({score: found}) => `${score(found?.p50)} ${scoreWord(found?.p50)}`.trim(),
    note: ({score: found}) => `1 to 5; 5 % below ${score(found?.p5)}`,
    change: (now, before) => trend(now.score?.p50, before.score?.p50, 1,
      Math.abs(now.score?.p50 - before.score?.p50).toFixed(1))},
  {id: 'duration', title: 'Median length', link: {sort: 'duration', order: 'desc'},
    value: ({duration: found}) => duration(found?.p50),
    note: ({duration: found}) => `longest ${duration(found?.max)}`,
    change: () => null},
];

// Only of conferences that are summed up.
function mediaCard({disruptedConferences: disrupted, oneWayConferences: oneWay}) {
  return disrupted === null && oneWay === null ? [] : [{id: 'media', title: 'Disrupted',
    link: null, value: count(disrupted), note: `and ${count(oneWay)} with one-way media`,
    change: null}];
}

/**
 * @param {Object} totals of the API
 * @param {?Object} before those of the time before; null: not known
 * @returns {Array<{id: string, title: string, value: string, note: string, link: ?Object,
 *   change: ?{text: string, is: 'better'|'worse'|'same'}}>} link: what to add to listLink()
 */
export function cardsOf(totals, before) {
  const cards = CARDS.map(({id, title, link, value, note, change}) => ({id, title, link,
    value: value(totals), note: note(totals),
    change: before === null ? null : change(totals, before)}));
  return [...cards, ...mediaCard(totals)];
}

// ---- Parts of a whole ----

/**
 * @param {Object} totals of the API
 * @returns {Array<{label: string, count: number, share: number, link: Object}>} why setups failed
 */
export function reasonsOf({failuresByReason, setupFailed}) {
  const told = Object.entries(failuresByReason);
  const rest = setupFailed - told.reduce((sum, [, many]) => sum + many, 0);
  const known = told.map(([reason, many]) => ({label: reason, count: many, link: {reason}}));
  return [...known, ...rest > 0 ? [{label: 'No reason told', count: rest,
    link: {failed: true}}] : []].map((part) => ({...part, share: share(part.count, setupFailed)}));
}

/**
 * @param {Object} totals of the API
 * @returns {Array<{label: string, count: number, share: number, band: string, link: Object}>}
 *   conferences by their scores, the best first
 */
export function bandsOf({scoreBands}) {
  const all = scoreBands.reduce((sum, {conferences}) => sum + conferences, 0);
  return scoreBands.map(({from, to, conferences}) => {
    const {id, title} = bandOf(from + (from === 3 ? 0.5 : 0));
    // The list knows only an upper bound: the best below it come first.
    return {label: `${from} to ${to}, ${title.toLowerCase()}`, count: conferences,
      share: share(conferences, all) ?? 0, band: id,
      link: {sort: 'score', order: 'desc', lowScore: to < 5 ? to : null}};
  }).reverse();
}
