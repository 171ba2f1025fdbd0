// SPDX-License-Identifier: LGPL-2.1-or-later
//
// models/score.js: docs/quality.md's words for scores.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {bandOf} from '../../../src/collector/web/models/score.js';

test('a score is called what docs/quality.md calls it, by the decimal that is shown', () => {
  const table = [[5, 'excellent'], [4, 'excellent'], [3.95, 'excellent'], [3.94, 'fair'],
    [3.1, 'fair'], [3.05, 'fair'], [3.04, 'bad'], [1, 'bad']];
  for (const [score, band] of table)
    assert.equal(bandOf(score).id, band, score);
});

test('no score is called nothing', () => {
  assert.equal(bandOf(null), null);
  assert.equal(bandOf(undefined), null);
});
