// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Keeps the keyboard where it was when a part of a view is made anew.

/**
 * @param {HTMLElement} root its children are replaced
 * @param {Node} content what had the focus in root by its id has it again, if it is in here
 */
export function replaceContent(root, content) {
  const focused = document.activeElement;
  const id = root.contains(focused) && focused !== root ? focused.id : '';
  root.replaceChildren(content);
  if (id !== '')
    root.querySelector(`#${CSS.escape(id)}`)?.focus({preventScroll: true});
}
