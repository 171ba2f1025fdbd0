// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A raw report as tables: what it has, by name, as text.

const FIRST = ['callstats-quality', 'transport', 'candidate-pair', 'inbound-rtp',
  'remote-outbound-rtp', 'outbound-rtp', 'remote-inbound-rtp', 'media-source', 'codec'];

function rank(type) {
  const at = FIRST.indexOf(type);
  return at < 0 ? FIRST.length : at;
}

/**
 * @param {*} value of JSON
 * @returns {string}
 */
export function valueAsText(value) {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function titleOf(object) {
  const parts = [object.kind, object.mimeType, object.ssrc === undefined ? undefined :
    `SSRC ${object.ssrc}`, object.candidateType];
  return parts.filter((part) => part !== undefined && part !== null).map(valueAsText).join(', ');
}

/**
 * @param {Object} stats of a report: by id
 * @returns {Array<{id: string, type: string, title: string,
 *   members: Array<{name: string, value: string}>}>} streams and transports first
 */
export function objectsOf(stats) {
  return Object.entries(stats).map(([id, object]) => {
    const whole = object !== null && typeof object === 'object' ? object : {value: object};
    return {
      id,
      type: typeof whole.type === 'string' ? whole.type : '',
      title: titleOf(whole),
      members: Object.entries(whole).map(([name, value]) => ({name, value: valueAsText(value)})),
    };
  }).sort((a, b) => rank(a.type) - rank(b.type));
}
