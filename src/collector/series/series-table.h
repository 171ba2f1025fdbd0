/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Points of series in columns: one for each metric of each stream, of cells in the order
 * of their times. With a step, the points of each step's time become one cell, with their
 * mean, least and greatest. Cells of one time add up, so that parts of a series can be
 * kept apart.
 *
 * Pure, one thread at a time. Times are µs since the epoch.
 */
#pragma once

#include "series.h"

typedef struct {
  gint64 time;  /* the step's beginning; without a step that of the sample */
  double total; /* of values by their weights; of their squares; of what was counted */
  double weight;
  double min, max;
  guint32 words;
} SeriesCell;

typedef struct {
  SeriesStream *stream;
  GArray *columns[SERIES_N_METRICS]; /* SeriesCell; NULL: no point */
} SeriesTableStream;

typedef struct {
  gint64 step; /* 0: none */
  gint64 from; /* cells that begin before, or not before to, are left out */
  gint64 to;
  GPtrArray *streams; /* SeriesTableStream */
  GArray *gaps;       /* SeriesGap, in the order of their times */
  GArray *rows;       /* gint64: the times that any cell has, in order */
  guint n_cells;
  guint max_cells;
  gboolean truncated; /* there was more than max_cells or SERIES_MAX_STREAMS */
} SeriesTable;

/* from and to are widened to multiples of the step. */
SeriesTable *series_table_new (gint64 step, gint64 from, gint64 to, guint max_cells);
void series_table_free (SeriesTable *table);
/* Of an empty one. */
void series_table_set_step (SeriesTable *table, gint64 step);

void series_table_add_step (SeriesTable *table, const SeriesStep *step);
void series_table_add_gap (SeriesTable *table, const SeriesGap *gap);
/* Of another table, whose step must not be greater. */
void series_table_add_cell (SeriesTable *table, const SeriesStream *stream,
    SeriesMetric metric, const SeriesCell *cell);

/* Of a metric that is no words. */
double series_cell_value (const SeriesCell *cell, SeriesMetric metric);

/* The time at which a gap is shown, where nothing is: FALSE, if there is no such time
 * within the table. */
gboolean series_table_find_gap_row (
    const SeriesTable *table, const SeriesGap *gap, gint64 *time);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SeriesTable, series_table_free)
