// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A board of charts that are made, changed and taken away as their plans say.

import {lineChart} from '../charts/chart.js';
import {strip} from '../charts/strip.js';
import {h} from '../lib/dom.js';

export class ChartBoard {
  /**
   * @param {import('../charts/group.js').ChartGroup} group
   * @param {AbortSignal} signal takes all charts away
   */
  constructor(group, signal) {
    this.group = group;
    this.root = h('div', {class: 'charts'});
    this.charts = new Map();
    this.order = '';
    signal.addEventListener('abort', () => this.clear(), {once: true});
  }

  clear() {
    this.charts.forEach((chart) => chart.destroy());
    this.charts.clear();
  }

  /**
   * @param {Array<Object>} plans each with `id`, and `rows` of a strip, or `lines`, `times` and
   *   `gaps` of a chart. Charts that are there already stay, and show the new data.
   */
  show(plans) {
    const order = JSON.stringify(plans.map(({id}) => id));
    if (order !== this.order) {
      const wanted = new Set(plans.map(({id}) => id));
      for (const [id, chart] of this.charts) {
        if (!wanted.has(id)) {
          chart.destroy();
          this.charts.delete(id);
        }
      }
    }
    for (const plan of plans)
      this.showOne(plan);
    if (order !== this.order)
      this.root.append(...plans.map(({id}) => this.charts.get(id).root));
    this.order = order;
  }

  showOne(plan) {
    const {group} = this;
    const chart = this.charts.get(plan.id);
    if (chart !== undefined)
      chart.setData({rows: plan.rows, times: plan.times, series: plan.lines, gaps: plan.gaps});
    else
      this.charts.set(plan.id, plan.rows === undefined ?
        lineChart(this.root, {...plan, series: plan.lines, group}) :
        strip(this.root, {...plan, group}));
  }
}
