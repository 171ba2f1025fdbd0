// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The timeline of a conference: everybody, and everything that happened, on one axis of time.

import {h} from '../lib/dom.js';
import {clock, duration} from '../lib/format.js';
import {hashOf, noteQuery} from '../lib/router.js';
import {lineOf} from '../models/event-data.js';
import {titleOf} from '../models/event-kinds.js';
import {nextMark} from '../models/lanes.js';
import {pan, placeOf, within, zoom} from '../models/time-axis.js';
import {EventDetails} from './event-details.js';
import {markLabel, TimelineChart} from './timeline-chart.js';
import {takeGestures} from './timeline-gestures.js';
import {layOut} from './timeline-layout.js';
import {TimelineLegend} from './timeline-legend.js';
import {ends, spoken} from './spoken.js';
import {exactTime} from './times.js';
import {name} from '../models/words.js';

const MOST_LANES = 40;
const NOTE_AFTER = 250; // ms of rest until the address tells what is seen
const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'];

function timeIn(query, key) {
  const text = query.get(key);
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

export class TimelineView {
  /**
   * @param {Object} options
   * @param {import('../lib/router.js').Place} options.place
   * @param {AbortSignal} options.signal
   */
  constructor({place, signal}) {
    Object.assign(this, {place, signal, all: false, opened: null, seen: null});
    this.chart = new TimelineChart();
    this.legend = new TimelineLegend({onChange: () => this.draw()});
    this.details = new EventDetails({app: place.app, onClose: () => this.close(),
      onZoom: (events) => this.showTimes(events[0].time, events.at(-1).time)});
    this.tip = h('div', {class: 'tip', hidden: true, 'aria-hidden': 'true'});
    this.range = h('span', {class: 'soft', role: 'status'});
    this.more = h('button', {type: 'button', hidden: true, onclick: () => this.showAll()});
    this.scroll = h('div', {class: 'lanes-scroll', tabindex: 0, role: 'group',
      'aria-label': 'Timeline: arrow keys move it, plus and minus zoom, 0 shows all'},
    this.chart.body);
    this.frame = h('div', {class: 'frame'}, h('div', {class: 'axis-row'}, this.chart.axisName,
      this.chart.axis), this.scroll, this.tip);
    this.node = h('section', {class: 'timeline', 'aria-labelledby': 'timeline-title'},
      h('h2', {id: 'timeline-title'}, 'Timeline'), this.buttons(), this.frame, this.more,
      this.legend.node, this.details.node);
    this.listen();
  }

  buttons() {
    const button = (title, label, action) =>
      h('button', {type: 'button', title, 'aria-label': title, onclick: action}, label);
    return h('div', {class: 'tools', role: 'group', 'aria-label': 'Zoom'},
      button('Zoom in', '+', () => this.zoom(0.5)), button('Zoom out', '−', () => this.zoom(2)),
      button('Earlier', '←', () => this.pan(-0.5)), button('Later', '→', () => this.pan(0.5)),
      button('Fit all of it', 'Fit', () => this.fit()), this.range,
      h('span', {class: 'hint wide'}, 'Drag to move, Ctrl and wheel to zoom'));
  }

  listen() {
    const options = {signal: this.signal};
    takeGestures(this.frame, {zoom: (factor, at) => this.zoom(factor, at),
      pan: (share) => this.pan(share), fit: () => this.fit(),
      placeAt: (x) => this.placeAt(x), anchor: () => this.anchor(),
      width: () => this.layout.width - 2 * this.layout.inset}, this.signal);
    const {svg} = this.chart;
    svg.addEventListener('click', (event) => this.click(event), options);
    svg.addEventListener('keydown', (event) => this.key(event), options);
    svg.addEventListener('focusin', (event) => this.showTip(event.target), options);
    svg.addEventListener('focusout', () => this.hideTip(), options);
    svg.addEventListener('pointerover', (event) => this.showTip(event.target), options);
    svg.addEventListener('pointerleave', () => this.hideTip(), options);
    this.scroll.addEventListener('scroll', () => this.draw(), options);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.frame);
    this.signal.addEventListener('abort', () => {
      this.sizes.disconnect();
      clearTimeout(this.noting);
    }, {once: true});
  }

  /** @param {import('../models/picture.js').Picture} picture */
  update(picture) {
    const before = this.picture?.whole;
    this.picture = picture;
    if (before === undefined)
      this.begin();
    else if (this.seen !== null)
      this.follow(before);
    this.legend.update(picture);
    this.draw();
  }

  begin() {
    const {whole} = this.picture;
    const from = timeIn(this.place.query, 'from');
    const to = timeIn(this.place.query, 'to');
    if (from !== null && to !== null && from < to && from < whole.to && to > whole.from)
      this.seen = within({from, to}, whole);
  }

  // The right edge goes with the time where it is seen.
  follow(before) {
    const {whole} = this.picture;
    const later = whole.to - before.to;
    if (later > 0 && this.seen.to >= before.to - 1)
      this.seen = {from: this.seen.from + later, to: this.seen.to + later};
    this.seen = within(this.seen, whole);
  }

  get window() {
    return this.seen ?? this.picture.whole;
  }

  look(seen) {
    const {whole} = this.picture;
    this.seen = seen === null || seen.to - seen.from >= whole.to - whole.from ? null : seen;
    this.draw();
    clearTimeout(this.noting);
    this.noting = setTimeout(() => this.note(), NOTE_AFTER);
  }

  note() {
    noteQuery(this.place, {from: this.seen === null ? null : Math.floor(this.seen.from),
      to: this.seen === null ? null : Math.ceil(this.seen.to)});
  }

  zoom(factor, at = 0.5) {
    this.look(zoom(this.window, this.picture.whole, factor, at));
  }

  pan(share) {
    this.look(pan(this.window, this.picture.whole, share));
  }

  fit() {
    this.look(null);
  }

  /** Shows these times, with a little around them. */
  showTimes(from, to) {
    const beside = Math.max((to - from) * 0.1, 10);
    this.look(within({from: from - beside, to: to + beside}, this.picture.whole));
    this.node.scrollIntoView({block: 'nearest'});
  }

  showAll() {
    this.all = true;
    this.draw();
  }

  placeAt(clientX) {
    const {left, width} = this.chart.svg.getBoundingClientRect();
    const {inset} = this.layout;
    return Math.min(Math.max((clientX - left - inset) / (width - 2 * inset), 0), 1);
  }

  // Keys zoom around the mark that has the focus.
  anchor() {
    const time = document.activeElement?.mark?.time;
    return time === undefined ? 0.5 : Math.min(Math.max(placeOf(this.window, time), 0), 1);
  }

  // Whoever was affected goes first, where not all are shown.
  lanes() {
    const {lanes, verdict} = this.picture;
    if (this.all || lanes.length <= MOST_LANES)
      return lanes;
    const affected = new Set(verdict.affected.map(({user}) => user));
    return [...lanes.filter(({user}) => affected.has(user)),
      ...lanes.filter(({user}) => !affected.has(user))].slice(0, MOST_LANES);
  }

  draw() {
    const width = this.scroll.clientWidth;
    if (this.picture === undefined || width === 0)
      return;
    const lanes = this.lanes();
    const focused = document.activeElement?.mark !== undefined;
    this.layout = layOut(lanes, width);
    this.frame.classList.toggle('narrow', this.layout.narrow);
    this.chart.draw({layout: this.layout, seen: this.window, hidden: this.legend.hidden,
      top: this.scroll.scrollTop, room: this.scroll.clientHeight || 600,
      nameOf: (lane) => this.nameOf(lane), opened: this.opened});
    const left = this.picture.lanes.length - lanes.length;
    this.more.hidden = left === 0;
    this.more.textContent = `Show ${left} more lanes`;
    if (focused && document.activeElement?.mark === undefined)
      this.chart.focusNearest() ?? this.scroll.focus({preventScroll: true});
    this.tellRange();
  }

  tellRange() {
    const {from, to} = this.window;
    const text = this.seen === null ? '' :
      `${clock(from)} – ${clock(to)} (${duration(to - from)})`;
    if (this.range.textContent !== text)
      this.range.textContent = text;
  }

  nameOf(lane) {
    if (lane.type === 'participant')
      return h('b', null, spoken([name(lane.user)]));
    return h('a', {href: hashOf({app: this.place.app, view: 'fabric', id: lane.fabric})},
      ends(lane));
  }

  click(event) {
    const node = event.target.closest('.mark');
    if (node !== null)
      this.open(node, event.detail === 0);
  }

  key(event) {
    const node = event.target.closest('.mark');
    if (node === null)
      return;
    if (event.key === 'Enter' || event.key === ' ')
      this.open(node, true);
    else if (event.key === 'Escape')
      this.close();
    else if (ARROWS.includes(event.key) && !event.shiftKey)
      this.goFrom(node, event.key);
    else
      return;
    event.preventDefault();
  }

  goFrom(node, key) {
    const {rows} = this.chart;
    const at = this.chart.find(node.dataset.key);
    const next = at === null ? null : nextMark(rows.map(({marks}) => marks), at, key);
    if (next !== null)
      this.chart.focus(rows[next.row].marks[next.index].key);
  }

  open(node, byKey) {
    this.opened = node.dataset.key;
    this.details.open(node.mark.events);
    this.hideTip();
    this.draw();
    if (byKey)
      this.details.focus();
    else
      node.focus();
  }

  close() {
    const key = this.opened;
    this.opened = null;
    this.details.close();
    this.draw();
    if (key !== null && this.chart.focus(key) === null)
      this.scroll.focus();
  }

  showTip(target) {
    const node = target.closest?.('.mark') ?? target;
    const children = node.mark !== undefined ? this.markTip(node) :
      node.told !== undefined ? [node.told] : null;
    if (children === null)
      return this.hideTip();
    this.tip.replaceChildren(...children);
    this.tip.hidden = false;
    this.placeTip(node.getBoundingClientRect());
  }

  markTip({mark, lane}) {
    if (mark.events.length > 1)
      return [markLabel(mark), h('br'), h('span', {class: 'soft'}, 'Click or Enter opens them')];
    const [event] = mark.events;
    return [h('b', null, titleOf(event)), ` ${exactTime(event.time)}`, h('br'),
      lane.type === 'fabric' ? ends(lane) : spoken([name(event.user)]),
      lineOf(event) === '' ? '' : h('div', {class: 'soft'}, h('bdi', null, lineOf(event)))].flat();
  }

  placeTip(box) {
    const frame = this.frame.getBoundingClientRect();
    const x = Math.max(box.left, frame.left) - frame.left;
    const room = frame.width - this.tip.offsetWidth - 4;
    this.tip.style.left = `${Math.max(Math.min(x, room), 0)}px`;
    const above = box.top - frame.top - this.tip.offsetHeight - 6;
    this.tip.style.top = `${above >= 0 ? above : box.bottom - frame.top + 6}px`;
  }

  hideTip() {
    this.tip.hidden = true;
  }
}
