// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The states of a fabric over time, by its row and its events.

/** States, in the order of a legend. */
export const STATES = [
  {id: 'new', title: 'Negotiating, waiting'},
  {id: 'gathering', title: 'Gathering'},
  {id: 'checking', title: 'Checking'},
  {id: 'connected', title: 'Connected'},
  {id: 'held', title: 'On hold'},
  {id: 'disrupted', title: 'Disrupted'},
  {id: 'dropped', title: 'Dropped'},
  {id: 'failed', title: 'Failed'},
];

const UP = ['connected', 'completed'];

class Machine {
  constructor() {
    Object.assign(this, {ice: 'new', gathering: 'new', everUp: false, up: false, held: false,
      disrupted: false, silent: false, dropped: false, failed: false, ended: false});
  }

  state() {
    const rules = [['dropped', this.dropped], ['failed', this.failed], ['held', this.held],
      ['disrupted', this.disrupted], ['connected', this.up],
      ['checking', this.ice === 'checking'], ['gathering', this.gathering === 'gathering']];
    return rules.find(([, holds]) => holds)?.[0] ?? 'new';
  }

  connect() {
    Object.assign(this, {up: true, everUp: true, failed: false});
    if (!this.silent)
      Object.assign(this, {disrupted: false, dropped: false});
  }

  lose() {
    this.up = false;
    if (this.everUp)
      this.dropped = true;
    else
      this.failed = true;
  }

  takeIce(state) {
    this.ice = state;
    if (UP.includes(state))
      this.connect();
    else if (state === 'failed')
      this.lose();
    else if (state === 'disconnected')
      this.disrupted = true;
    else if (state === 'closed')
      this.ended = true;
    else
      Object.assign(this, {up: false, failed: false, dropped: false, silent: false});
  }

  takeStateChange({changedState, newState} = {}) {
    if (changedState === 'iceConnectionState')
      this.takeIce(newState);
    else if (changedState === 'iceGatheringState')
      this.gathering = newState;
  }

  endDisruption(data) {
    this.silent = false;
    this.dropped = false;
    this.disrupted = data?.currIceConnectionState === 'checking' && this.everUp;
  }
}

const TAKEN = new Map(Object.entries({
  fabricStateChange: (machine, data) => machine.takeStateChange(data ?? {}),
  fabricSetup: (machine) => machine.connect(),
  fabricSetupFailed: (machine) => {
    machine.failed = !machine.up;
  },
  iceFailed: (machine) => machine.lose(),
  fabricDropped: (machine) => {
    machine.dropped = true;
  },
  iceDisruptionStart: (machine, data) => {
    machine.disrupted = true;
    machine.silent = data?.cause === 'silence';
  },
  iceDisruptionEnd: (machine, data) => machine.endDisruption(data),
  iceConnectionDisruptionStart: (machine) => {
    machine.disrupted = true;
  },
  iceConnectionDisruptionEnd: (machine) => {
    machine.disrupted = machine.everUp && !machine.up;
  },
  iceRestarted: (machine) => machine.takeIce('new'),
  iceAborted: (machine) => machine.takeIce('closed'),
  iceTerminated: (machine) => machine.takeIce('closed'),
  fabricHold: (machine) => {
    machine.held = true;
  },
  fabricResume: (machine) => {
    machine.held = false;
  },
  fabricTerminated: (machine) => {
    machine.ended = true;
  },
}));

// Where nobody said when it began: what is known of it came later.
function startOf(row, events) {
  const setup = events.find((event) => event.name === 'fabricSetup');
  const guessed = setup !== undefined && typeof setup.data?.delay === 'number' ?
    setup.time - setup.data.delay : null;
  const times = [row.added, guessed, events[0]?.time, row.firstReport]
    .filter((time) => Number.isFinite(time));
  return Number.isFinite(row.added) ? row.added : times.length > 0 ? Math.min(...times) : null;
}

function endOf(row, events, open) {
  const times = [row.terminated, row.lastReport, events.at(-1)?.time]
    .filter((time) => Number.isFinite(time));
  if (Number.isFinite(row.terminated))
    return row.terminated;
  if (open !== null)
    return open;
  return times.length > 0 ? Math.max(...times) : null;
}

function addSpan(spans, from, to, state) {
  if (to <= from)
    return;
  const last = spans.at(-1);
  if (last !== undefined && last.state === state && last.to === from)
    last.to = to;
  else
    spans.push({from, to, state});
}

/**
 * @param {Object} row a FabricRow of the API
 * @param {Array<Object>} events its own, oldest first; those that nobody knows change nothing
 * @param {?number} open until when it goes on, where nobody ended it; null: its last sign of life
 * @returns {Array<{from: number, to: number, state: string}>} without holes, in order; ms since
 *   the epoch, states of STATES; empty where nothing is known of it
 */
export function statesOf(row, events, open) {
  const machine = new Machine();
  const spans = [];
  let since = startOf(row, events);
  if (since === null)
    return spans;
  for (const event of events) {
    const before = machine.state();
    TAKEN.get(event.name)?.(machine, event.data);
    if (machine.ended || machine.state() !== before) {
      addSpan(spans, since, event.time, before);
      since = Math.max(since, event.time);
    }
    if (machine.ended)
      return spans;
  }
  addSpan(spans, since, endOf(row, events, open) ?? since, machine.state());
  return spans;
}
