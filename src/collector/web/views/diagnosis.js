// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The verdict on a conference, in words: what went wrong, whom it affected, and why.

import {h, told} from '../lib/dom.js';
import {clock} from '../lib/format.js';
import {hashOf} from '../lib/router.js';
import {memberList, spoken} from './spoken.js';
import {steady} from './steady.js';

const MOST = 8;
const MOST_ALIKE = 3;
const BESIDE = 5000; // ms shown before and behind what is linked to

const LEVELS = {
  bad: {title: 'Failed', sign: '✕'},
  warn: {title: 'Trouble', sign: '!'},
  good: {title: 'Good', sign: '✓'},
  note: {title: 'Note', sign: 'i'},
  none: {title: 'Going on', sign: '…'},
};

function sign(level) {
  return h('span', {class: `sign ${level}`},
    h('span', {'aria-hidden': 'true'}, LEVELS[level].sign),
    h('span', {class: 'visually-hidden'}, `${LEVELS[level].title}: `));
}

function alike(findings) {
  const groups = new Map();
  for (const finding of findings) {
    const key = `${finding.level} ${finding.kind}`;
    groups.set(key, [...groups.get(key) ?? [], finding]);
  }
  return [...groups.values()];
}

export class DiagnosisView {
  /**
   * @param {Object} options
   * @param {import('../lib/router.js').Place} options.place
   * @param {function(number, number)} options.showTimes shows these times on the timeline
   */
  constructor({place, showTimes}) {
    Object.assign(this, {place, showTimes, whole: new Set()});
    this.headline = h('p', {class: 'headline', role: 'status'});
    this.rest = h('div');
    this.node = h('section', {class: 'verdict', 'aria-label': 'What it came to'}, this.headline,
      this.rest);
    this.drawHeadline = steady(this.headline);
    this.draw = steady(this.rest);
  }

  /** @param {import('../models/picture.js').Picture} picture */
  update(picture) {
    this.picture = picture;
    const {verdict, call} = picture;
    this.node.dataset.level = verdict.level;
    this.drawHeadline([verdict.level, verdict.headline, call.ended], () => [sign(verdict.level),
      h('span', null, call.ended || verdict.level === 'good' || verdict.level === 'none' ? null :
        h('span', {class: 'soft'}, 'So far: '),
        spoken(verdict.headline), '.')]);
    this.draw([verdict.affected, verdict.findings, verdict.facts, [...this.whole]],
      () => this.parts());
  }

  parts() {
    const {verdict} = this.picture;
    const groups = alike(verdict.findings);
    return [
      this.affected(verdict.affected),
      groups.length === 0 ? '' : h('ul', {class: 'findings'},
        groups.flatMap((group) => this.group(group))),
      h('dl', {class: 'facts'}, verdict.facts.map(({title, text}) =>
        h('div', null, h('dt', null, title), h('dd', null, text)))),
    ];
  }

  // Many of one kind leave room for the others.
  group(findings) {
    const {level, kind} = findings[0];
    const key = `${level} ${kind}`;
    const shown = this.whole.has(key) ? findings : findings.slice(0, MOST_ALIKE);
    const more = findings.length - shown.length;
    return [...shown.map((finding) => this.finding(finding)),
      more === 0 ? '' : h('li', null, h('button', {type: 'button', dataset: {key}, onclick: () => {
        this.whole.add(key);
        this.update(this.picture);
      }}, `Show ${more} more like this`))];
  }

  affected(people) {
    if (people.length === 0)
      return '';
    const named = people.slice(0, MOST).flatMap(({user, why}, index) =>
      [index === 0 ? '' : '; ', told(user), ` (${why.join(', ')})`]);
    return h('p', {class: 'affected'}, h('b', null, 'Affected: '), named,
      people.length > MOST ? `; and ${people.length - MOST} more` : '');
  }

  finding(finding) {
    return h('li', {class: finding.level, dataset: {finding: finding.kind}}, sign(finding.level),
      h('div', null, h('p', {class: 'title'}, spoken(finding.title), this.links(finding)),
        finding.text.map((sentence) => h('p', null, spoken(sentence))),
        finding.evidence.length === 0 ? '' :
          h('details', {dataset: {key: finding.id}}, h('summary', null, 'As the client told it'),
            memberList(finding.evidence))));
  }

  links({fabric, time, id}) {
    return h('span', {class: 'links'},
      time === null ? '' : this.timeLink(time, id),
      fabric === null ? '' : h('a', {dataset: {key: `fabric ${id}`},
        href: hashOf({app: this.place.app, view: 'fabric', id: fabric})}, 'Fabric'));
  }

  timeLink(time, id) {
    const [from, to] = [Math.floor(time - BESIDE), Math.ceil(time + BESIDE)];
    const query = {occurrence: this.place.query.get('occurrence'), from, to};
    return h('a', {href: hashOf({...this.place, query}), dataset: {key: `time ${id}`},
      title: 'Shows it on the timeline', onclick: (event) => {
        event.preventDefault();
        this.showTimes(from, to);
      }}, clock(time));
  }
}
