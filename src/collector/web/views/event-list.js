// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The events of a fabric, each with a way to its time in the charts.

import {h, told} from '../lib/dom.js';
import {clock} from '../lib/format.js';
import {eventTitle} from '../models/fabric.js';
import {table} from './table.js';

/**
 * @param {Array<Object>} events
 * @param {import('../charts/group.js').ChartGroup} group whose cursor goes there
 * @returns {?HTMLElement} null: there are none
 */
export function eventList(events, group) {
  if (events.length === 0)
    return null;
  const body = h('div', null);
  const details = h('details', {ontoggle: () => {
    if (details.open && body.childNodes.length === 0)
      body.append(table('Events', [
        {title: 'Time', content: ({time}) => h('button', {type: 'button', class: 'link',
          title: 'Show in the charts', onclick: () => group.setCursor(time)}, clock(time))},
        {title: 'Event', content: ({name}) => h('span', {title: name}, told(eventTitle(name)))},
        {title: 'Details', content: ({data}) => h('code', null, told(JSON.stringify(data)))},
      ], events));
  }}, h('summary', null, `${events.length} events, oldest first`), body);
  return h('section', {class: 'part', dataset: {part: 'events'}}, h('h2', null, 'Events'), details);
}
