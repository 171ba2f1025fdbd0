// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Parts of a view that are made anew while somebody reads them: focus, scroll and what is open
// stay.

function keyed(root, selector) {
  return [...root.querySelectorAll(selector)].filter((node) => node.dataset.key !== undefined);
}

function focusKey(root) {
  const active = document.activeElement;
  return active !== null && root.contains(active) ? active.dataset.key ?? null : null;
}

function byKey(root, key) {
  return keyed(root, '[data-key]').find((node) => node.dataset.key === key) ?? null;
}

/**
 * Replaces the children of a node. What has a `data-key` and is there again keeps focus, scroll
 * (of `.scroll`) and whether it is open (`details`).
 *
 * @param {HTMLElement} root
 * @param {Array<Node|string>} children
 */
export function replaceSteadily(root, children) {
  const focused = focusKey(root);
  const open = keyed(root, 'details[open]').map((node) => node.dataset.key);
  const scrolls = [...root.querySelectorAll('.scroll')].map((node) => node.scrollLeft);
  root.replaceChildren(...children);
  open.forEach((key) => byKey(root, key)?.setAttribute('open', ''));
  [...root.querySelectorAll('.scroll')].forEach((node, index) => {
    node.scrollLeft = scrolls[index] ?? 0;
  });
  if (focused !== null)
    byKey(root, focused)?.focus({preventScroll: true});
}

/**
 * A part that is made anew only when what it shows has changed.
 *
 * @param {HTMLElement} root
 * @returns {function(*, function(): Array<Node|string>)} called with what it shows and how
 */
export function steady(root) {
  let shown = null;
  return (data, make) => {
    const text = JSON.stringify(data);
    if (text === shown)
      return;
    shown = text;
    replaceSteadily(root, make());
  };
}
