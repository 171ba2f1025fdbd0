// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A chart as uPlot wants it described. It is given numbers and units; text of clients stays in
// the legend, which is ours.

import uPlot from '../vendor/uPlot.esm.js';
import {axisRange, axisScale, axisValues, lonePoints, timeValues} from './axis.js';
import {drawGaps, drawMarks} from './ground.js';
import {COLOURS, DASHES, faint, ink} from './palette.js';

// What an axis of whole numbers counts by.
const WHOLE = Array.from({length: 10}, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power))
  .flat();

const FONT = '12px system-ui, sans-serif';

/**
 * @param {number} colour 1 and up; past the last colour they come again with another dash
 * @returns {string} its token
 */
export function tokenOf(colour) {
  return `--series-${(colour - 1) % COLOURS + 1}`;
}

/**
 * @param {{colour: number, dash?: Array<number>}} line
 * @returns {Array<number>} dash pattern in px
 */
export function dashOf({colour, dash}) {
  return dash ?? DASHES[Math.floor((colour - 1) / COLOURS) % DASHES.length];
}

function paths({kind, ends}) {
  if (kind === 'bars')
    return uPlot.paths.bars({size: [0.8, 60, 2], align: ends ? -1 : 1});
  return kind === 'step' ? uPlot.paths.stepped({align: 1}) : uPlot.paths.linear();
}

function seriesOf(line) {
  const token = tokenOf(line.colour);
  const stroke = () => ink(token);
  const shown = {
    label: '',
    stroke,
    width: 1.6,
    dash: dashOf(line),
    paths: paths(line),
    fill: line.kind === 'bars' ? stroke : undefined,
    points: line.kind === 'bars' ? {show: false} : {size: 5, fill: stroke, filter: lonely},
  };
  return line.min === undefined ? [shown] : [shown, edge(), edge()];
}

// uPlot's nearest time may be that of the next bar.
function barsAt(lines, index) {
  return lines.every(({min}) => min === undefined) && lines[index - 1]?.kind === 'bars';
}

function lonely(plot, index) {
  return lonePoints(plot.data[index]);
}

function edge() {
  return {label: '', stroke: 'transparent', width: 0, points: {show: false}};
}

// Of each line with a least and a greatest value what lies between these; and between two lines
// what lies between them.
function bands(lines, between) {
  const places = [];
  const found = [];
  let next = 1;
  for (const line of lines) {
    places.push(next);
    if (line.min !== undefined)
      found.push({series: [next + 2, next + 1], fill: () => faint(tokenOf(line.colour), 0.18)});
    next += line.min === undefined ? 1 : 3;
  }
  for (const [high, low] of between) {
    for (const series of [[places[high], places[low]], [places[low], places[high]]])
      found.push({series, fill: () => faint(tokenOf(lines[high].colour), 0.22)});
  }
  return found;
}

/**
 * @param {Array<number>} times
 * @param {Array<Object>} lines
 * @returns {Array<Array>} in uPlot's order
 */
export function dataOf(times, lines) {
  return [times, ...lines.flatMap((line) => line.min === undefined ? [line.values] :
    [line.values, line.min, line.max])];
}

function axes(measure) {
  const grid = {stroke: () => ink('--line'), width: 1};
  const common = {stroke: () => ink('--soft'), font: FONT, labelFont: FONT, grid,
    ticks: {...grid, size: 4}, border: {show: true, stroke: () => ink('--soft'), width: 1}};
  return [
    {...common, size: 26, gap: 4, space: () => 84,
      values: (plot, splits, axis, space, step) => timeValues(splits, step)},
    {...common, size: 50, gap: 3, space: () => 26, incrs: measure.whole ? WHOLE : undefined,
      labelSize: 18, labelGap: 0,
      label: (plot) => axisScale(measure, plot.scales.y.max).label,
      values: (plot, splits) => axisValues(splits, axisScale(measure, plot.scales.y.max).divisor)},
  ];
}

/**
 * @param {import('./chart.js').LineChart} chart
 * @param {number} width px
 * @returns {Object} options of uPlot
 */
export function plotOptions(chart, width) {
  const {measure, lines, height, group} = chart;
  return {
    width,
    height,
    ms: 1,
    padding: [14, 24, 0, 0],
    legend: {show: false},
    cursor: {
      y: false,
      drag: {x: true, y: false, setScale: false, dist: 5},
      points: {size: (plot, at) => barsAt(lines, at) ? 0 : 7},
      bind: {dblclick: () => () => group.setZoom(null)},
    },
    scales: {
      x: {time: true, range: () => chart.xRange()},
      y: {range: (plot, least, top) => axisRange(measure, top)},
    },
    axes: axes(measure),
    series: [{}, ...lines.flatMap(seriesOf)],
    bands: bands(lines, chart.between),
    hooks: {
      drawAxes: [(plot) => drawGaps(plot, chart.gaps)],
      draw: [(plot) => drawMarks(plot, chart.marks())],
      setSelect: [(plot) => chart.selected(plot)],
    },
  };
}

/**
 * @param {import('./chart.js').LineChart} chart
 * @param {number} width px
 * @param {HTMLElement} place
 * @returns {Object} uPlot
 */
export function makePlot(chart, width, place) {
  return new uPlot(plotOptions(chart, width), dataOf(chart.times, chart.lines), place);
}
