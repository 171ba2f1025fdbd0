// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Wheel, drag, pinch and keys of a timeline, as zooming and panning.

const DRAG = 5; // px before a press is a drag
const WHEEL = 0.0015;
const PAN_KEYS = {ArrowLeft: -0.2, ArrowRight: 0.2, PageUp: -0.8, PageDown: 0.8};

/**
 * @param {HTMLElement} node
 * @param {Object} told
 * @param {function(number, number)} told.zoom by a factor, around 0 to 1 of what is seen
 * @param {function(number)} told.pan by a share of what is seen
 * @param {function()} told.fit
 * @param {function(number): number} told.placeAt 0 to 1 of a clientX
 * @param {function(): number} told.anchor 0 to 1 of what keys zoom around
 * @param {function(): number} told.width px of what is seen
 * @param {AbortSignal} signal ends it
 */
export function takeGestures(node, told, signal) {
  const pointers = new Pointers(node, told);
  const options = {signal};
  node.addEventListener('wheel', (event) => takeWheel(event, told), {...options, passive: false});
  node.addEventListener('keydown', (event) => takeKey(event, told), options);
  node.addEventListener('pointerdown', (event) => pointers.down(event), options);
  node.addEventListener('pointermove', (event) => pointers.move(event), options);
  for (const name of ['pointerup', 'pointercancel'])
    node.addEventListener(name, (event) => pointers.up(event), options);
  node.addEventListener('click', (event) => pointers.click(event), {...options, capture: true});
}

// The wheel alone scrolls the page; browsers tell a pinch of a touchpad as wheel with Ctrl.
function takeWheel(event, told) {
  const across = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
  if (event.ctrlKey || event.metaKey)
    told.zoom(Math.exp(Math.max(-200, Math.min(event.deltaY, 200)) * WHEEL * 2),
      told.placeAt(event.clientX));
  else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
    told.pan(across / told.width());
  else
    return;
  event.preventDefault();
}

function takeKey(event, told) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented)
    return;
  if (event.key === '+' || event.key === '=')
    told.zoom(0.5, told.anchor());
  else if (event.key === '-')
    told.zoom(2, told.anchor());
  else if (event.key === '0')
    told.fit();
  else if (PAN_KEYS[event.key] !== undefined)
    told.pan(PAN_KEYS[event.key]);
  else
    return;
  event.preventDefault();
}

class Pointers {
  constructor(node, told) {
    Object.assign(this, {node, told, at: new Map(), moved: false});
  }

  down(event) {
    if (event.button !== 0)
      return;
    if (this.at.size === 0)
      this.moved = false;
    this.at.set(event.pointerId, {x: event.clientX, start: event.clientX});
  }

  move(event) {
    const pointer = this.at.get(event.pointerId);
    if (pointer === undefined)
      return;
    if (!this.moved && Math.abs(event.clientX - pointer.start) < DRAG)
      return;
    if (!this.moved)
      this.node.setPointerCapture(event.pointerId);
    this.moved = true;
    if (this.at.size === 2)
      this.pinch(event);
    else
      this.told.pan((pointer.x - event.clientX) / this.told.width());
    pointer.x = event.clientX;
  }

  pinch(event) {
    const [one, other] = [...this.at].sort(([id]) => id === event.pointerId ? -1 : 1)
      .map(([, pointer]) => pointer);
    const before = Math.abs(one.x - other.x);
    const after = Math.abs(event.clientX - other.x);
    if (before > 10 && after > 10)
      this.told.zoom(before / after, this.told.placeAt((event.clientX + other.x) / 2));
  }

  up(event) {
    this.at.delete(event.pointerId);
  }

  // What was dragged was not clicked on.
  click(event) {
    if (!this.moved)
      return;
    this.moved = false;
    event.stopPropagation();
    event.preventDefault();
  }
}
