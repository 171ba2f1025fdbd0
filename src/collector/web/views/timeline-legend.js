// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The legend of a timeline: what colours and glyphs mean, and which kinds of events are shown.

import {h} from '../lib/dom.js';
import {KINDS, kindOf} from '../models/event-kinds.js';
import {STATES} from '../models/fabric-states.js';
import {icon} from './glyphs.js';
import {steady} from './steady.js';

function swatch(state, title) {
  return h('li', null, h('span', {class: `swatch ${state}`}), title);
}

export class TimelineLegend {
  /** @param {{onChange: function()}} options told when other kinds are to be shown */
  constructor({onChange}) {
    this.onChange = onChange;
    this.hidden = new Set(KINDS.filter(({quiet}) => quiet).map(({id}) => id));
    this.states = h('ul', {class: 'legend', 'aria-label': 'Colours of the bars'});
    this.kinds = h('ul', {class: 'legend', 'aria-label': 'Kinds of events, to be shown or not'});
    this.node = h('div', {class: 'legends'}, this.states, this.kinds);
    this.drawStates = steady(this.states);
    this.drawKinds = steady(this.kinds);
  }

  /** @param {import('../models/picture.js').Picture} picture */
  update({lanes, call}) {
    const states = new Set(lanes.flatMap(({spans}) => spans.map(({state}) => state)));
    const gaps = lanes.some((lane) => lane.gaps.length > 0);
    this.drawStates([[...states], gaps], () => [
      ...STATES.filter(({id}) => states.has(id))
        .map(({id, title}) => swatch(`state-${id}`, title)),
      states.has('present') ? swatch('state-present', 'In the conference') : '',
      gaps ? swatch('gap', 'Reports given up by the client') : '']);
    const counts = new Map();
    call.events.forEach((event) =>
      counts.set(kindOf(event), (counts.get(kindOf(event)) ?? 0) + 1));
    this.counts = counts;
    this.show();
  }

  show() {
    const {counts} = this;
    this.drawKinds([[...counts], [...this.hidden]], () =>
      KINDS.filter(({id}) => counts.has(id)).map((kind) => this.kind(kind, counts.get(kind.id))));
  }

  kind({id, title}, count) {
    return h('li', null, h('button', {type: 'button', class: 'kind', dataset: {key: `kind ${id}`},
      'aria-pressed': String(!this.hidden.has(id)), onclick: () => this.toggle(id)},
    icon(id), `${title} (${count})`));
  }

  toggle(id) {
    if (!this.hidden.delete(id))
      this.hidden.add(id);
    this.show();
    this.onChange();
  }
}
