// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which charts a fabric has, in the order in which they are read, and their lines.

import {bridged, metricsOf, streamKey, streamNames} from './series.js';

/**
 * @typedef {Object} ChartPlan
 * @property {string} id
 * @property {string} title
 * @property {string} unit
 * @property {boolean} [share]
 * @property {string} [unitLabel]
 * @property {[number, number]} [range]
 * @property {Array<import('../charts/chart.js').Line>} lines
 */

const LONGEST_BRIDGE = 15_000; // ms: three times the usual interval of RTCP
const MOST_BANDS = 3;
const MOST_REASONS = 3;
const CONNECTION = 8; // its colour; streams have those before

/** The connection's and each stream's metrics go to the chart that names them. */
const CHARTS = [
  {id: 'score', title: 'Quality score', unitLabel: 'MOS (1 to 5)', range: [1, 5],
    metrics: [{name: 'score'}]},
  {id: 'bitrate', title: 'Bitrate', metrics: [{name: 'bitrate'}]},
  {id: 'loss', title: 'Packet loss', share: true, metrics: [{name: 'fractionLost', rtcp: true}]},
  {id: 'rtt', title: 'Round-trip time', metrics: [{name: 'roundTripTime', rtcp: true}]},
  {id: 'jitter', title: 'Jitter', metrics: [{name: 'jitter', rtcp: true}]},
  {id: 'buffer', title: 'Jitter-buffer delay', metrics: [{name: 'jitterBufferDelay'}]},
  {id: 'frame-rate', title: 'Frame rate', unitLabel: 'frames/s',
    metrics: [{name: 'frameRate'}]},
  {id: 'frame-size', title: 'Frame size',
    metrics: [{name: 'frameHeight', suffix: 'height', kind: 'step'},
      {name: 'frameWidth', suffix: 'width', kind: 'step', dash: [2, 3]}]},
  {id: 'freezes', title: 'Freezes', unitLabel: 'freezes', quiet: true,
    metrics: [{name: 'freezeCount', kind: 'bars'}]},
  {id: 'frozen', title: 'Time frozen', quiet: true,
    metrics: [{name: 'freezeDuration', kind: 'bars'}]},
  {id: 'concealed', title: 'Concealed audio', share: true, quiet: true,
    metrics: [{name: 'concealed'}]},
  {id: 'level', title: 'Audio level', share: true, metrics: [{name: 'audioLevel'}]},
  {id: 'target', title: 'Bitrate aimed at', metrics: [{name: 'targetBitrate', kind: 'step'},
    {name: 'availableOutgoingBitrate', suffix: 'available'}]},
  {id: 'packets', title: 'Packet rate', unitLabel: 'packets/s', metrics: [{name: 'packetRate'}]},
  {id: 'qp', title: 'Quantization parameter', unitLabel: 'QP', metrics: [{name: 'qp'}]},
  {id: 'pairs', title: 'Changes of the candidate pair', unitLabel: 'changes', quiet: true,
    metrics: [{name: 'candidatePairChanges', kind: 'bars'}]},
];

const STRIPS = [
  {id: 'reasons', title: 'Why the score is not better', name: 'reasons', connection: true},
  {id: 'limitation', title: 'What limits the quality sent', name: 'qualityLimitation',
    connection: false},
];

const known = (value) => value !== null && value !== undefined;

function lineOf(source, columns, metric, series) {
  const values = columns.value ?? columns.mean ?? columns.sum;
  if (values === undefined || !values.some(known))
    return null;
  const {step, time, gap} = series;
  const longest = Math.max(LONGEST_BRIDGE, (step ?? 0) * 2.5);
  const rarely = metric.rtcp && source.direction !== 'inbound';
  return {
    label: metric.suffix === undefined ? source.label : `${source.label}, ${metric.suffix}`,
    colour: source.colour,
    values: rarely ? bridged(values, time, gap, longest) : values,
    dash: metric.dash,
    kind: metric.kind,
    ends: step === null,
    ...columns.mean !== undefined && !rarely && metric.kind === undefined &&
      {min: columns.min, max: columns.max},
  };
}

function withoutBands(lines) {
  return lines.length <= MOST_BANDS ? lines :
    lines.map((line) => ({...line, min: undefined, max: undefined}));
}

function unitOf(chart, sources) {
  for (const {metrics} of sources) {
    for (const {name} of chart.metrics) {
      if (metrics.has(name))
        return metrics.get(name).unit;
    }
  }
  return '1';
}

/**
 * @param {import('./series.js').Series} series
 * @returns {Array<{key: string, label: string, colour: number, direction: ?string,
 *   metrics: Map}>} what has lines: the streams, and the connection last
 */
export function sourcesOf(series) {
  const names = streamNames(series.streams);
  return [
    ...series.streams.map((stream, at) => ({key: streamKey(stream), label: names[at],
      colour: at % 7 + 1 + 8 * Math.floor(at / 7), direction: stream.direction, kind: stream.kind,
      metrics: metricsOf(stream)})),
    {key: 'connection', label: 'Connection', colour: CONNECTION, direction: null, kind: null,
      metrics: metricsOf(series.connection)},
  ];
}

/**
 * @param {import('./series.js').Series} series
 * @param {function(Object): boolean} isShown of a source
 * @returns {{charts: Array<ChartPlan>, quiet: Array<string>}} quiet: titles of those that would
 *   show nothing but zeros
 */
export function chartsOf(series, isShown = () => true) {
  const sources = sourcesOf(series).filter(isShown);
  const charts = [];
  const quiet = [];
  for (const {metrics, quiet: mayBeQuiet, ...chart} of CHARTS) {
    const lines = metrics.flatMap((metric) => sources
      .filter((source) => source.metrics.has(metric.name))
      .map((source) => lineOf(source, source.metrics.get(metric.name), metric, series)))
      .filter((line) => line !== null);
    if (mayBeQuiet && lines.length > 0 && lines.every((line) => line.values.every((v) => !v)))
      quiet.push(chart.title);
    else if (lines.length > 0)
      charts.push({...chart, unit: unitOf({metrics}, sources), lines: withoutBands(lines)});
  }
  return {charts, quiet};
}

/**
 * @param {Array<?Array<string>>} words of each time
 * @param {Array<number>} times
 * @param {?number} step ms; null: a time ends what it tells of
 * @returns {Array<{word: string, spans: Array<{from: number, to: number}>}>} in the order in
 *   which they first come; 'none' is no word
 */
export function spansOf(words, times, step) {
  const found = new Map();
  words.forEach((list, at) => {
    const from = step === null ? times[at - 1] ?? times[at] - 1000 : times[at];
    const to = step === null ? times[at] : times[at] + step;
    for (const word of new Set(list ?? [])) {
      if (word === 'none')
        continue;
      const spans = found.get(word) ?? [];
      if (spans.at(-1)?.to >= from)
        spans.at(-1).to = to;
      else
        spans.push({from, to});
      found.set(word, spans);
    }
  });
  return [...found].map(([word, spans]) => ({word, spans}));
}

/**
 * @param {import('./series.js').Series} series
 * @param {function(Object): boolean} isShown of a source
 * @returns {Array<{id: string, title: string, rows: Array<{label: string, spans: Array}>}>}
 */
export function stripsOf(series, isShown = () => true) {
  const sources = sourcesOf(series).filter(isShown);
  return STRIPS.map(({id, title, name, connection}) => {
    const of = sources.filter(({key, metrics}) =>
      (key === 'connection') === connection && metrics.has(name));
    const rows = of.flatMap((source) =>
      spansOf(source.metrics.get(name).words, series.time, series.step).map(({word, spans}) =>
        ({label: of.length > 1 ? `${word}, ${source.label}` : word, spans})));
    return {id, title, rows};
  }).filter(({rows}) => rows.length > 0);
}

/**
 * @param {import('./series.js').Series} series
 * @returns {?number} the middle one of the connection's scores
 */
export function medianOf(series) {
  const {value, mean} = metricsOf(series.connection).get('score') ?? {};
  const scores = (value ?? mean ?? []).filter(known).sort((a, b) => a - b);
  return scores.length === 0 ? null : scores[(scores.length - 1) >> 1];
}

/**
 * @param {import('./series.js').Series} series
 * @returns {Array<string>} why the connection's score is not better, the commonest three
 */
export function reasonsOf(series) {
  const counts = new Map();
  for (const word of (metricsOf(series.connection).get('reasons')?.words ?? []).flat())
    if (word !== null)
      counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_REASONS).map(([word]) => word);
}
