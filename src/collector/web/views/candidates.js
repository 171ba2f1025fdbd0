// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The candidate pair of a fabric, its changes, and the codecs.

import {h, told} from '../lib/dom.js';
import {clock, count} from '../lib/format.js';
import {addressOf, candidateType, switchesOf, wayOf} from '../models/candidates.js';
import {table} from './table.js';

const ROWS = [
  {title: 'Type', of: (candidate) => candidateType(candidate.candidateType)},
  {title: 'Address', of: addressOf},
  {title: 'Relay', of: ({url, relayProtocol}) =>
    [url, relayProtocol].filter((part) => part !== undefined).join(', ')},
  {title: 'Network', of: ({networkType}) => networkType},
  {title: 'TCP', of: ({tcpType}) => tcpType},
];

function ends({local = {}, remote = {}}, user, remoteUser) {
  const rows = ROWS.map(({title, of}) => ({title, local: of(local), remote: of(remote)}))
    .filter(({local: here, remote: there}) => [here, there].some((text) => text && text !== '–'));
  return table('Candidates of the pair', [
    {title: '', content: ({title}) => title},
    {title: h('span', null, 'Local, ', told(user)), content: ({local: here}) => told(here)},
    {title: h('span', null, 'Remote, ', told(remoteUser)),
      content: ({remote: there}) => told(there)},
  ], rows);
}

function switches(events) {
  const rows = switchesOf(events);
  if (rows.length === 0)
    return null;
  return [h('h3', null, 'Changes of the pair'), table('Changes of the candidate pair', [
    {title: 'Time', content: ({time}) => clock(time)},
    {title: 'From', content: ({from}) => told(wayOf(from))},
    {title: 'To', content: ({to}) => told(wayOf(to))},
    {title: 'Local', content: ({to}) => told(addressOf(to.local))},
    {title: 'Remote', content: ({to}) => told(addressOf(to.remote))},
    {title: 'Relay', content: ({relay}) => told(relay)},
  ], rows)];
}

/**
 * @param {Object} fabric as GET …/fabrics/{fabric} answers it
 * @returns {HTMLElement} the way through the network
 */
export function connection(fabric) {
  const {candidatePair, events, user, remoteUser} = fabric;
  return h('section', {class: 'part', dataset: {part: 'connection'}},
    h('h2', null, 'Connection'),
    candidatePair === undefined ? h('p', {class: 'soft'}, 'No candidate pair was selected.') :
      [h('p', null, h('bdi', null, wayOf(candidatePair)), '.'),
        ends(candidatePair, user, remoteUser)],
    switches(events));
}

/**
 * @param {?Array<Object>} list of W3C's codec objects
 * @returns {HTMLElement}
 */
export function codecs(list = []) {
  const side = ({id}) => /_in_/.test(id) ? 'received' : /_out_/.test(id) ? 'sent' : null;
  return h('section', {class: 'part', dataset: {part: 'codecs'}},
    h('h2', null, 'Codecs'),
    list.length === 0 ? h('p', {class: 'soft'}, 'None are known.') : table('Codecs', [
      {title: 'Codec', content: ({mimeType}) => told(mimeType)},
      {title: 'Payload type', content: ({payloadType}) => count(payloadType), class: 'number'},
      {title: 'Direction', content: (codec) => told(side(codec))},
      {title: 'Clock rate', class: 'number',
        content: ({clockRate}) => clockRate === undefined ? '–' : `${count(clockRate)} Hz`},
      {title: 'Channels', content: ({channels}) => count(channels), class: 'number'},
      {title: 'Parameters', content: ({sdpFmtpLine}) => told(sdpFmtpLine)},
    ], list));
}
