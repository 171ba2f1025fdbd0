// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What stands at the top of a fabric: who to whom, what became of it, and what went wrong.

import {h, told} from '../lib/dom.js';
import {count, dateTime, delay, duration, score} from '../lib/format.js';
import {hashOf} from '../lib/router.js';
import {lifeOf, setupParts, stateOf, terminationCause} from '../models/fabric.js';
import {bandOf} from '../models/score.js';
import {ends, memberList, spoken} from './spoken.js';

function fact(title, ...content) {
  return h('div', {class: 'card fact'}, h('dt', null, title), h('dd', null, content));
}

function soft(...content) {
  return h('div', {class: 'soft'}, content);
}

function stateFact(fabric) {
  const {text, level} = stateOf(fabric);
  const cause = terminationCause(fabric.events);
  return fact('State', h('span', {class: level}, told(text)),
    cause === null ? null : soft('Why it ended: ', told(cause)));
}

function setupFact(fabric) {
  return fact('Setup delay', delay(fabric.setupDelay),
    setupParts(fabric).map(({title, text}) => soft(`${title} ${text}`)));
}

function timeFact(fabric) {
  const {from, to} = lifeOf(fabric);
  const end = to ?? fabric.lastReport;
  return fact('Time', dateTime(from), soft(to === null ? 'not terminated' : `to ${dateTime(to)}`),
    soft(from === null || end === null ? null : duration(end - from)));
}

function scoreFact(value) {
  const band = bandOf(value);
  return fact('Quality score', score(value), ' of 5',
    soft(band === null ? 'nothing to judge by' : `${band.title}; the median of its reports`));
}

function linkToConference(place, {conference, occurrence}) {
  return h('a', {href: hashOf({app: place.app, view: 'conference', id: conference,
    query: {occurrence}})}, told(conference));
}

function finding({id, level, kind, title, text, evidence}) {
  return h('li', {class: level, dataset: {finding: kind}}, h('div', null,
    h('p', {class: `title ${level}`}, spoken(title)),
    text.map((sentence) => h('p', null, spoken(sentence))),
    evidence.length === 0 ? null : h('details', {dataset: {key: id}},
      h('summary', null, 'As the client told it'), memberList(evidence))));
}

/**
 * @param {import('../lib/router.js').Place} place
 * @param {Object} fabric as GET …/fabrics/{fabric} answers it
 * @param {Array<import('../models/findings.js').Finding>} findings
 * @param {?number} median of its scores
 * @returns {Array<HTMLElement>}
 */
export function head(place, fabric, findings, median) {
  return [
    h('p', {class: 'way'}, 'Conference ', linkToConference(place, fabric)),
    h('h1', null, ends(fabric)),
    h('p', {class: 'soft'}, 'Fabric ', told(fabric.fabric)),
    findings.length === 0 ? null : h('ul', {class: 'findings'}, findings.map(finding)),
    h('dl', {class: 'cards'}, stateFact(fabric), setupFact(fabric), timeFact(fabric),
      scoreFact(median),
      fact('Usage', told(fabric.usage)), fact('Reports', count(fabric.reports)),
      fact('Other end', fabric.paired === undefined ? 'does not report' :
        h('a', {href: hashOf({app: place.app, view: 'fabric', id: fabric.paired.fabric})},
          told(fabric.paired.user)))),
  ].filter((node) => node !== null);
}
