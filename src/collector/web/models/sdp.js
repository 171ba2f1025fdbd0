// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Session descriptions, and what changed from one negotiation to the next.

const MOST_LINES = 3000; // that are compared

/**
 * @typedef {{text: string, change: ('same'|'added'|'removed')}} SdpLine
 */

/** Lengths of the longest common subsequences of the rest of both, a row for each line of a. */
function common(a, b) {
  const rows = Array.from({length: a.length + 1}, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--)
      rows[i][j] = a[i] === b[j] ? rows[i + 1][j + 1] + 1 :
        Math.max(rows[i + 1][j], rows[i][j + 1]);
  }
  return rows;
}

/**
 * @param {string} text
 * @returns {Array<string>} its lines
 */
export function linesOf(text) {
  const lines = text.split(/\r\n|\n|\r/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/**
 * @param {?string} before the description of the negotiation before; null: there is none
 * @param {string} after
 * @returns {Array<SdpLine>}
 */
export function compareSdp(before, after) {
  const b = linesOf(after);
  const a = before === null ? b : linesOf(before);
  if (before === null || a.length > MOST_LINES || b.length > MOST_LINES)
    return b.map((text) => ({text, change: 'same'}));
  const rows = common(a, b);
  const result = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      result.push({text: b[j], change: 'same'});
      [i, j] = [i + 1, j + 1];
    } else if (j >= b.length || i < a.length && rows[i + 1][j] >= rows[i][j + 1]) {
      result.push({text: a[i++], change: 'removed'});
    } else {
      result.push({text: b[j++], change: 'added'});
    }
  }
  return result;
}

/**
 * @param {Array<Object>} events of a fabric
 * @returns {Array<{time: number, local: ?{before: ?string, after: string},
 *   remote: ?{before: ?string, after: string}}>} null: that side did not change
 */
export function negotiationsOf(events) {
  const before = {localSDP: null, remoteSDP: null};
  return events.filter(({name}) => name === 'sdpSubmissionEvent').map(({time, data}) => {
    const [local, remote] = ['localSDP', 'remoteSDP'].map((side) => {
      const after = data[side];
      if (typeof after !== 'string' || after === '')
        return null;
      const pair = {before: before[side], after};
      before[side] = after;
      return pair;
    });
    return {time, local, remote};
  });
}
