// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Scores in words: docs/quality.md has the scale.

/** From the best: what a band is called, and its least score. */
export const BANDS = [
  {id: 'excellent', title: 'Excellent', least: 4},
  {id: 'fair', title: 'Fair', least: 3.1},
  {id: 'bad', title: 'Bad', least: 1},
];

/**
 * @param {?number} score 1 to 5
 * @returns {?{id: string, title: string, least: number}} its band, made of what is shown of it:
 *   one decimal; null without a score
 */
export function bandOf(score) {
  if (score === null || score === undefined)
    return null;
  const shown = Math.round(score * 10) / 10;
  return BANDS.find(({least}) => shown >= least) ?? BANDS.at(-1);
}
