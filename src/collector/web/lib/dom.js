// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Elements from data. Text that clients sent reaches the document here, and only as text.

const SVG = 'http://www.w3.org/2000/svg';

function setProp(node, name, value) {
  if (value === null || value === undefined || value === false)
    return;
  if (name === 'class')
    node.setAttribute('class', value);
  else if (name === 'dataset')
    Object.assign(node.dataset, value);
  else if (name.startsWith('on') && typeof value === 'function')
    node.addEventListener(name.slice(2), value);
  else
    node.setAttribute(name, value === true ? '' : String(value));
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {}))
    setProp(node, name, value);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined)
    .map((child) => child instanceof Node ? child : String(child)));
  return node;
}

/**
 * An HTML element.
 *
 * @param {string} tag
 * @param {?Object} props `class`, `dataset`, `on<event>` with a function; all else is an
 *   attribute, left out where it is null, undefined or false.
 * @param {...(Node|string|number|null|Array)} children text stays text
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/**
 * An SVG element; as h().
 *
 * @returns {SVGElement}
 */
export function svg(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/**
 * Text of a client, kept apart from the direction of what stands around it.
 *
 * @param {?string} text null is shown as a dash, blanks between quotes
 * @returns {HTMLElement}
 */
export function told(text) {
  if (text === null || text === undefined || text === '')
    return h('span', {class: 'unknown'}, '–');
  const own = h('bdi', null, text);
  return text.trim() === '' ? h('span', null, '“', own, '”') : own;
}
