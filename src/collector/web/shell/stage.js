// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where views are drawn, each in an element of its own, and where focus and scrolling are when
// one follows another.

import {h} from '../lib/dom.js';

// Where an element stands in a view: its id, or the way to it.
function positionOf(root, element) {
  if (element.id !== '')
    return {id: element.id};
  const way = [];
  for (let node = element; node !== root; node = node.parentElement)
    way.unshift([...node.parentElement.children].indexOf(node));
  return {way, tag: element.tagName};
}

function elementAt(root, {id, way, tag}) {
  if (id !== undefined)
    return root.querySelector(`#${CSS.escape(id)}`);
  const found = way.reduce((node, index) => node?.children[index], root);
  return found?.tagName === tag ? found : null;
}

export class Stage {
  /** @param {HTMLElement} main its children are the stage's */
  constructor(main) {
    this.main = main;
    this.root = null; // of the visit
    this.shown = null; // what is seen until that has something to show
    this.path = null;
    history.scrollRestoration = 'manual';
    window.addEventListener('scrollend', () =>
      history.replaceState({...history.state, scroll: window.scrollY}, ''));
  }

  /**
   * Begins a visit. The view that is seen goes at once where another one comes; where only its
   * query is another, when the new one has something to show.
   *
   * @param {string} path what is visited, without its query
   * @returns {HTMLElement} to be filled; empty, of no other visit, and in the document
   */
  begin(path) {
    this.moved = path !== this.path;
    this.from = this.path === null ? null : document.activeElement;
    this.path = path;
    this.scroll = history.state?.scroll ?? null;
    if (this.root !== this.shown)
      this.root.remove();
    this.root = h('div', {class: 'stage'});
    this.main.setAttribute('aria-busy', 'true');
    if (this.moved || this.shown === null)
      this.raise(this.root);
    else
      this.raiseOnceFilled(this.root);
    return this.root;
  }

  raise(root) {
    this.shown = root;
    this.main.replaceChildren(root);
    window.scrollTo(0, 0);
  }

  // Before the next frame is painted.
  raiseOnceFilled(root) {
    this.main.append(root);
    new MutationObserver((_, observer) => {
      observer.disconnect();
      if (root !== this.root)
        return;
      const active = this.shown.contains(document.activeElement) ?
        positionOf(this.shown, document.activeElement) : null;
      this.shown.remove();
      this.shown = root;
      if (active !== null)
        elementAt(root, active)?.focus({preventScroll: true});
    }).observe(root, {childList: true});
  }

  /** @param {HTMLElement} content of this visit; what is seen stays where it says the same */
  showUnlessShown(content) {
    if (this.root === this.shown || this.shown.textContent !== content.textContent)
      this.root.replaceChildren(content);
  }

  /**
   * The view is drawn. Screen readers read the heading of another view, unless the reader went
   * elsewhere meanwhile.
   */
  end() {
    this.main.removeAttribute('aria-busy');
    if (this.scroll !== null)
      window.scrollTo(0, this.scroll);
    const active = document.activeElement;
    const heading = this.shown.querySelector('h1');
    if (!this.moved || this.from === null || heading === null ||
        (active !== document.body && active !== this.from))
      return;
    heading.tabIndex = -1;
    heading.focus({preventScroll: true});
  }
}
