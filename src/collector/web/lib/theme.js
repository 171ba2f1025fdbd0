// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Light or dark: as the system has it, or as the reader chose. What draws by itself asks here
// for colours, and hears of changes.

const KEY = 'callstats-theme';

/** Dispatches `change` when all colours are others. */
export const theme = new EventTarget();

/** What can be chosen. */
export const THEMES = ['auto', 'light', 'dark'];

/** @returns {string} what is chosen */
export function chosenTheme() {
  const kept = localStorage.getItem(KEY);
  return THEMES.includes(kept) ? kept : 'auto';
}

function apply() {
  const chosen = chosenTheme();
  if (chosen === 'auto')
    delete document.documentElement.dataset.theme;
  else
    document.documentElement.dataset.theme = chosen;
  theme.dispatchEvent(new Event('change'));
}

/** @param {string} name one of THEMES */
export function chooseTheme(name) {
  localStorage.setItem(KEY, name);
  apply();
}

/** Call once, before anything is drawn. */
export function startTheme() {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  apply();
}

/**
 * @param {string} token a custom property of style/base.css, with its dashes
 * @returns {string} the colour that it is now, as rgb()
 */
export function colour(token) {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
