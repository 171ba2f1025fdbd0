// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The series of a fabric as the collector answers them: what its streams are called, and more of
// the same put behind what is there.

/**
 * @typedef {Object} Series as GET …/series answers it; columns are as long as `time`
 * @property {?number} step ms; null: a point is a report
 * @property {Array<number>} time ms since the epoch
 * @property {Array<?string>} gap
 * @property {Array<import('../charts/gaps.js').Gap>} gaps
 * @property {{metrics?: Object<string, Columns>}} connection
 * @property {Array<Stream>} streams
 * @property {boolean} truncated
 */

/**
 * @typedef {Object} Columns
 * @property {string} unit
 * @property {Array<?number>} [value]
 * @property {Array<?number>} [mean] with min and max, where a point stands for several reports
 * @property {Array<?number>} [min]
 * @property {Array<?number>} [max]
 * @property {Array<?number>} [sum]
 * @property {Array<?Array<string>>} [words]
 */

/**
 * @typedef {Object} Stream
 * @property {'inbound'|'outbound'} direction
 * @property {?number} ssrc
 * @property {?string} kind
 * @property {?string} mid
 * @property {?string} track
 * @property {?string} codec
 * @property {Object<string, Columns>} metrics
 */

const COLUMNS = ['value', 'mean', 'min', 'max', 'sum', 'words'];
const KINDS = new Map([['audio', 'Audio'], ['video', 'Video']]);
const DIRECTIONS = new Map([['inbound', 'received'], ['outbound', 'sent']]);

/**
 * @param {Stream} stream
 * @returns {string} tells it apart in its fabric, also in an address
 */
export function streamKey({direction, ssrc, kind, mid}) {
  const side = direction === 'inbound' ? 'in' : 'out';
  return ssrc === null ? `${side}-${kind ?? ''}-${mid ?? ''}` : `${side}-${ssrc}`;
}

function title({direction, kind}) {
  return `${KINDS.get(kind) ?? kind ?? 'Stream'} ${DIRECTIONS.get(direction) ?? direction}`;
}

/**
 * @param {Array<Stream>} streams
 * @returns {Array<string>} what each is called: with its mid where several would be called the
 *   same, with its SSRC where that does not do
 */
export function streamNames(streams) {
  const names = streams.map(title);
  const mids = streams.map((stream, at) =>
    stream.mid === null ? names[at] : `${names[at]}, ${stream.mid}`);
  const count = (list, name) => list.filter((one) => one === name).length;
  return streams.map((stream, at) => {
    if (count(names, names[at]) === 1)
      return names[at];
    return count(mids, mids[at]) === 1 ? mids[at] : `${mids[at]}, SSRC ${stream.ssrc ?? '–'}`;
  });
}

/**
 * @param {Stream|{metrics?: Object}} of a stream, or the connection
 * @returns {Map<string, Columns>} whatever the metrics are called
 */
export function metricsOf({metrics}) {
  return new Map(Object.entries(metrics ?? {}));
}

function joinColumns(old, fresh, kept, count) {
  const joined = {unit: (fresh ?? old).unit};
  for (const name of COLUMNS) {
    if (old?.[name] === undefined && fresh?.[name] === undefined)
      continue;
    joined[name] = [...old?.[name]?.slice(0, kept) ?? new Array(kept).fill(null),
      ...fresh?.[name] ?? new Array(count).fill(null)];
  }
  return joined;
}

function joinMetrics(old, fresh, kept, count) {
  const before = metricsOf(old);
  const after = metricsOf(fresh);
  const names = new Set([...before.keys(), ...after.keys()]);
  return Object.fromEntries([...names].map((name) =>
    [name, joinColumns(before.get(name), after.get(name), kept, count)]));
}

function joinStreams(old, fresh, kept, count) {
  const after = new Map(fresh.map((stream) => [streamKey(stream), stream]));
  const known = new Set(old.map(streamKey));
  const join = (stream, before, now) => ({...stream,
    metrics: joinMetrics(before, now, kept, count)});
  return [
    ...old.map((stream) => {
      const now = after.get(streamKey(stream));
      return join({...stream, codec: now?.codec ?? stream.codec}, stream, now ?? {});
    }),
    ...fresh.filter((stream) => !known.has(streamKey(stream)))
      .map((stream) => join(stream, {}, stream)),
  ];
}

// A gap that grew is told again, with the same beginning.
function joinGaps(old, fresh) {
  const told = new Set(fresh.map(({from, reason}) => `${from} ${reason}`));
  return [...old.filter(({from, reason}) => !told.has(`${from} ${reason}`)), ...fresh]
    .sort((a, b) => a.from - b.from);
}

/**
 * @param {Series} series
 * @returns {?number} from when to ask for more: what came since, and the point that may not have
 *   been whole; null: it is empty
 */
export function moreFrom(series) {
  return series.time.at(-1) ?? null;
}

/**
 * Puts what is new behind what is there.
 *
 * @param {Series} old
 * @param {Series} fresh of moreFrom() on, with the same step
 * @returns {?Series} null: they do not fit together, all has to be asked for
 */
export function joinSeries(old, fresh) {
  if (old.step !== fresh.step)
    return null;
  const start = fresh.time[0] ?? Infinity;
  const kept = old.time.filter((time) => time < start).length;
  const count = fresh.time.length;
  return {
    ...fresh,
    from: old.from,
    time: [...old.time.slice(0, kept), ...fresh.time],
    gap: [...old.gap.slice(0, kept), ...fresh.gap],
    gaps: joinGaps(old.gaps, fresh.gaps),
    connection: {metrics: joinMetrics(old.connection, fresh.connection, kept, count)},
    streams: joinStreams(old.streams, fresh.streams, kept, count),
    truncated: old.truncated || fresh.truncated,
  };
}

/**
 * What is told now and then only, as RTCP does: between two such points the line goes on, unless
 * they are too far apart or nothing was reported in between.
 *
 * @param {Array<?number>} values
 * @param {Array<number>} times
 * @param {Array<?string>} gap
 * @param {number} longest ms that a line may go on without a point
 * @returns {Array<?number|undefined>} undefined: the line goes on
 */
export function bridged(values, times, gap, longest) {
  const result = [...values];
  let last = -1;
  for (let at = 0; at < values.length; at++) {
    if (gap[at] !== null)
      last = -1;
    if (values[at] === null || values[at] === undefined)
      continue;
    if (last >= 0 && times[at] - times[last] <= longest)
      result.fill(undefined, last + 1, at);
    last = at;
  }
  return result;
}
