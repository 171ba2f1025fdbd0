/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The metrics of series for charts: their names, units, and how several points of one
 * become one. docs/collector.md has their formulas.
 *
 * Pure, any thread.
 */
#pragma once

#include <glib.h>

typedef enum {
  SERIES_BITRATE,
  SERIES_PACKET_RATE,
  SERIES_FRACTION_LOST,
  SERIES_JITTER,
  SERIES_ROUND_TRIP_TIME,
  SERIES_JITTER_BUFFER_DELAY,
  SERIES_FRAME_RATE,
  SERIES_FRAME_WIDTH,
  SERIES_FRAME_HEIGHT,
  SERIES_FREEZE_COUNT,
  SERIES_FREEZE_DURATION,
  SERIES_QP,
  SERIES_TARGET_BITRATE,
  SERIES_QUALITY_LIMITATION,
  SERIES_AUDIO_LEVEL,
  SERIES_CONCEALED,
  SERIES_SCORE,
  SERIES_REASONS,
  SERIES_AVAILABLE_OUTGOING_BITRATE,
  SERIES_PAIR_CHANGES,
  SERIES_N_METRICS,
} SeriesMetric;

typedef enum {
  SERIES_MEAN,  /* of the values, each by its weight */
  SERIES_POWER, /* the root of the mean of their squares, each by its weight */
  SERIES_SUM,   /* of what was counted */
  SERIES_WORDS, /* all words that were said */
} SeriesKind;

typedef struct {
  const char *name;
  const char *unit;
  SeriesKind kind;
  const char *const *words; /* of SERIES_WORDS, NULL-terminated, at most 32 */
} SeriesMetricInfo;

const SeriesMetricInfo *series_metric_info (SeriesMetric metric);
/* FALSE: of another version. */
gboolean series_metric_find (const char *name, SeriesMetric *metric);
/* Returns: the word's bit; 0 where it is none of the metric's. */
guint32 series_metric_word (SeriesMetric metric, const char *word);
