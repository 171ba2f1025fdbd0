// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How long each step of the setups took: a waterfall for each fabric, on one axis.

import {h, svg, told} from '../lib/dom.js';
import {delay} from '../lib/format.js';
import {hashOf} from '../lib/router.js';
import {PHASES, POINTS, setupOf} from '../models/setup.js';
import {roundTicks} from '../models/time-axis.js';
import {ends} from './spoken.js';
import {steady} from './steady.js';
import {table} from './table.js';

const MOST = 12;
const LINE = 12;
const TICKS = 5;
const OUTCOMES = {up: 'set up', failed: 'failed', open: 'not set up'};

const percent = (share) => `${Math.max(share * 100, 0)}%`;

// What failed first, then what took longest.
function sorted(setups) {
  const rank = {failed: 0, open: 1, up: 2};
  return setups.sort((a, b) => rank[a.setup.outcome] - rank[b.setup.outcome] ||
    (b.setup.total ?? 0) - (a.setup.total ?? 0));
}

function longest(setups) {
  return Math.max(1, ...setups.flatMap(({setup}) =>
    [setup.total ?? 0, ...setup.phases.map(({to}) => to)]));
}

function phaseLabel({title, from, to, done}) {
  return done ? `${title}: ${delay(to - from)}, from ${delay(from)} to ${delay(to)}` :
    `${title}: not finished after ${delay(to - from)}`;
}

export class WaterfallView {
  /** @param {{app: string}} options */
  constructor({app}) {
    Object.assign(this, {app, all: false});
    this.content = h('div');
    this.node = h('section', {class: 'waterfall', 'aria-labelledby': 'setup-title'},
      h('h2', {id: 'setup-title'}, 'Setup'), this.content);
    this.redraw = steady(this.content);
  }

  /** @param {import('../models/picture.js').Picture} picture */
  update(picture) {
    this.picture = picture;
    const setups = sorted(picture.stories.map((story) =>
      ({story, setup: setupOf(story, picture.end)})).filter(({setup}) => setup !== null));
    this.node.hidden = setups.length === 0;
    this.redraw([this.all, setups.map(({story, setup}) =>
      [story.row.fabric, story.row.remoteUser, setup])], () => this.parts(setups));
  }

  parts(setups) {
    const shown = this.all ? setups : setups.slice(0, MOST);
    const length = longest(shown);
    return [
      h('p', {class: 'hint'}, 'Milliseconds since the connection was begun (addNewFabric)'),
      this.legend(shown),
      h('div', {class: 'falls'}, this.axis(length),
        h('ol', null, shown.map((one) => this.fall(one, length)))),
      setups.length === shown.length ? '' : h('button', {type: 'button',
        dataset: {key: 'more setups'}, onclick: () => this.showAll()},
      `Show ${setups.length - shown.length} more`),
      this.numbers(shown)];
  }

  showAll() {
    this.all = true;
    this.update(this.picture);
  }

  legend(shown) {
    const used = new Set(shown.flatMap(({setup}) => setup.phases.map(({id}) => id)));
    const points = new Set(shown.flatMap(({setup}) => setup.points.map(({id}) => id)));
    return h('ul', {class: 'legend', 'aria-label': 'Colours of the phases'},
      PHASES.filter(({id}) => used.has(id)).map(({id, title}) =>
        h('li', null, h('span', {class: `swatch phase-${id}`}), title)),
      points.size === 0 ? null : h('li', null, h('span', {class: 'swatch point'}),
        'First candidates, local description'),
      h('li', null, h('span', {class: 'swatch end-up'}), 'Set up'),
      shown.some(({setup}) => setup.outcome === 'failed') ?
        h('li', null, h('span', {class: 'swatch end-failed'}), 'Failed') : null);
  }

  axis(length) {
    const ticks = roundTicks(length, TICKS);
    return h('div', {class: 'fall-axis', 'aria-hidden': 'true'}, h('div'),
      svg('svg', {height: 20, width: '100%'}, ticks.map((at) =>
        svg('text', {x: percent(at / length), y: 14, 'text-anchor': at === 0 ? 'start' :
          at / length > 0.9 ? 'end' : 'middle'}, delay(at)))));
  }

  fall({story, setup}, length) {
    const lines = Math.max(setup.phases.length, 1);
    const x = (at) => percent(at / length);
    const label = `${OUTCOMES[setup.outcome]}${setup.total === null ? '' :
      ` after ${delay(setup.total)}`}`;
    const bar = (phase, index) => svg('rect', {class: `phase-${phase.id}` +
      (phase.done ? '' : ' open'), x: x(phase.from), y: index * LINE + 2, height: LINE - 4,
    width: x(phase.to - phase.from)}, svg('title', null, phaseLabel(phase)));
    const point = ({at, title}) => svg('circle', {class: 'point', cx: x(at), cy: lines * LINE + 5,
      r: 3}, svg('title', null, `${title}: ${delay(at)}`));
    return h('li', null, h('div', {class: 'fall-name'},
      h('a', {href: hashOf({app: this.app, view: 'fabric', id: story.row.fabric}),
        dataset: {key: `fall ${story.row.fabric}`}}, ends(story.row)),
      h('span', {class: setup.outcome === 'failed' ? 'bad' : 'soft'}, ` ${label}`)),
    svg('svg', {height: lines * LINE + 12, width: '100%', role: 'img',
      'aria-label': `${label}. ${setup.phases.map(phaseLabel).join('; ')}`},
    roundTicks(length, TICKS).map((at) => svg('line', {class: 'grid', x1: x(at), x2: x(at),
      y1: 0, y2: '100%'})),
    setup.phases.map(bar), setup.points.map(point),
    setup.total === null ? null : svg('line', {class: `end-${setup.outcome}`,
      x1: x(setup.total), x2: x(setup.total), y1: 0, y2: '100%'})));
  }

  numbers(shown) {
    const phase = ({id, title}) => ({title, class: 'number', content: ({setup}) => {
      const found = setup.phases.find((one) => one.id === id);
      return found === undefined ? '–' : found.done ? delay(found.to - found.from) :
        `> ${delay(found.to - found.from)}`;
    }});
    const point = ({id, title}) => ({title, class: 'number', content: ({setup}) =>
      delay(setup.points.find((one) => one.id === id)?.at)});
    return h('details', {dataset: {key: 'setup numbers'}}, h('summary', null, 'As numbers'),
      table('Setups by phase', [
        {title: 'User', content: ({story}) => told(story.row.user)},
        {title: 'Remote user', content: ({story}) => told(story.row.remoteUser)},
        {title: 'Outcome', content: ({setup}) => OUTCOMES[setup.outcome]},
        {title: 'Total', class: 'number', content: ({setup}) => delay(setup.total)},
        ...PHASES.map(phase), ...POINTS.map(point)], shown));
  }
}
