// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Everything about events that were opened.

import {h, told} from '../lib/dom.js';
import {dateTime} from '../lib/format.js';
import {hashOf} from '../lib/router.js';
import {membersOf} from '../models/event-data.js';
import {kindOf, titleOf} from '../models/event-kinds.js';
import {icon} from './glyphs.js';
import {memberList} from './spoken.js';
import {exactTime} from './times.js';

const MOST = 50;

/**
 * @param {Object} event of the API
 * @param {string} app
 * @returns {HTMLElement} all of its data
 */
export function eventData(event, app) {
  const {fabric} = event;
  const data = membersOf(event.data);
  return h('div', {class: 'event-data'}, h('dl', {class: 'members'},
    h('dt', null, 'time'), h('dd', null, `${dateTime(event.time)} (${exactTime(event.time)})`),
    h('dt', null, 'event'), h('dd', null, told(event.name)),
    h('dt', null, 'user'), h('dd', null, told(event.user)),
    fabric === null || fabric === undefined ? null : [h('dt', null, 'fabric'),
      h('dd', null, h('a', {href: hashOf({app, view: 'fabric', id: fabric})}, told(fabric)))]),
  data.length === 0 ? h('p', {class: 'soft'}, 'Without data') : memberList(data));
}

export class EventDetails {
  /** @param {{app: string, onClose: function(), onZoom: function(Array<Object>)}} options */
  constructor({app, onClose, onZoom}) {
    Object.assign(this, {app, onClose, onZoom});
    this.node = h('section', {class: 'event-details', hidden: true, 'aria-label': 'Opened events',
      onkeydown: (event) => event.key === 'Escape' && this.onClose()});
  }

  /** @param {Array<Object>} events of one mark */
  open(events) {
    this.heading = h('h3', {tabindex: -1}, events.length === 1 ? titleOf(events[0]) :
      `${events.length} events`);
    this.node.replaceChildren(h('header', null, this.heading,
      events.length === 1 ? null : h('button', {type: 'button', onclick: () =>
        this.onZoom(events)}, 'Zoom to them'),
      h('button', {type: 'button', onclick: () => this.onClose()}, 'Close')),
    ...this.contents(events));
    this.node.hidden = false;
  }

  contents(events) {
    if (events.length === 1)
      return [eventData(events[0], this.app)];
    return [...events.slice(0, MOST).map((event) => h('details', null,
      h('summary', null, icon(kindOf(event)), ` ${exactTime(event.time)} ${titleOf(event)}`),
      eventData(event, this.app))),
    ...events.length > MOST ?
      [h('p', {class: 'soft'}, `And ${events.length - MOST} more: zoom in, or see the table`)] :
      []];
  }

  focus() {
    this.heading.focus();
  }

  close() {
    this.node.hidden = true;
    this.node.replaceChildren();
  }
}
