// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The way of a connection through the network, in words.

const TYPES = new Map([
  ['host', 'host: an address of its own'],
  ['srflx', 'server reflexive: as a STUN server sees it'],
  ['prflx', 'peer reflexive: as the other end sees it'],
  ['relay', 'relay: of a TURN server'],
]);

/**
 * @param {?string} type of a candidate
 * @returns {string}
 */
export function candidateType(type) {
  return TYPES.get(type) ?? type ?? '–';
}

function relayWords({relayProtocol, protocol, url, address, ip}) {
  const over = `TURN/${String(relayProtocol ?? protocol ?? 'udp').toUpperCase()}`;
  const by = url ?? address ?? ip;
  return by === undefined ? `relayed over ${over}` : `relayed over ${over} by ${by}`;
}

/**
 * @param {?{local?: Object, remote?: Object}} pair
 * @returns {string} whether the way is direct, or who relays
 */
export function wayOf(pair) {
  const {local = {}, remote = {}} = pair ?? {};
  if (local.candidateType === 'relay')
    return relayWords(local);
  if (remote.candidateType === 'relay')
    return 'relayed by a TURN server of the other end';
  const types = [local.candidateType, remote.candidateType];
  if (types.every((type) => type === undefined || type === null))
    return 'unknown';
  return types.every((type) => type === 'host') ? 'direct, without address translation' :
    'direct, through address translation (NAT)';
}

/**
 * @param {?Object} candidate of W3C's statistics, or of a fabricTransportSwitch
 * @returns {string} address, port and protocol, as far as they are told
 */
export function addressOf(candidate) {
  const {address, ip, port, protocol, transport} = candidate ?? {};
  const host = address ?? ip;
  const over = protocol ?? transport;
  const shown = String(host ?? '').includes(':') ? `[${host}]` : host;
  const place = [shown, port].filter((part) => part !== undefined && part !== null && part !== '');
  const words = [place.join(':'), over].filter((part) => part !== undefined && part !== '');
  return words.length === 0 ? '–' : words.join(' ');
}

/**
 * @param {Array<Object>} events of a fabric
 * @returns {Array<{time: number, from: Object, to: Object, relay: string}>} changes of the pair
 */
export function switchesOf(events) {
  return events.filter(({name}) => name === 'fabricTransportSwitch').map(({time, data}) => ({
    time, from: data.prevIceCandidatePair ?? {}, to: data.currIceCandidatePair ?? {},
    relay: data.relayType ?? '',
  }));
}
