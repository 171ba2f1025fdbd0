/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Points to columns. Pure, one thread at a time.
 */
#include "series-table.h"

#include <math.h>

static void
table_stream_free (gpointer data)
{
  SeriesTableStream *stream = data;

  for (guint i = 0; i < SERIES_N_METRICS; i++)
    g_clear_pointer (&stream->columns[i], g_array_unref);
  series_stream_free (stream->stream);
  g_free (stream);
}

/* Steps begin at multiples of themselves, before 1970 too. */
static gint64
begin_of_step (gint64 step, gint64 time)
{
  gint64 past = step > 0 ? time % step : 0;

  return time - (past < 0 ? past + step : past);
}

void
series_table_set_step (SeriesTable *self, gint64 step)
{
  self->step = step;
  if (step == 0)
    return;
  if (self->from > G_MININT64 + step)
    self->from = begin_of_step (step, self->from);
  if (self->to < G_MAXINT64 - step && begin_of_step (step, self->to) != self->to)
    self->to = begin_of_step (step, self->to) + step;
}

SeriesTable *
series_table_new (gint64 step, gint64 from, gint64 to, guint max_cells)
{
  SeriesTable *self = g_new0 (SeriesTable, 1);

  self->from = from;
  self->to = to;
  series_table_set_step (self, step);
  self->max_cells = max_cells;
  self->streams = g_ptr_array_new_with_free_func (table_stream_free);
  self->gaps = g_array_new (FALSE, FALSE, sizeof (SeriesGap));
  self->rows = g_array_new (FALSE, FALSE, sizeof (gint64));
  return self;
}

void
series_table_free (SeriesTable *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->streams);
  g_array_unref (self->gaps);
  g_array_unref (self->rows);
  g_free (self);
}

/* ---- Cells ---- */

/* The index of the first element that is not before the time. */
static guint
find_row (const GArray *rows, gint64 time)
{
  guint low = 0, high = rows->len;

  if (high > 0 && g_array_index (rows, gint64, high - 1) < time)
    return high;
  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (g_array_index (rows, gint64, middle) < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void
note_row (SeriesTable *self, gint64 time)
{
  guint row = find_row (self->rows, time);

  if (row == self->rows->len || g_array_index (self->rows, gint64, row) != time)
    g_array_insert_val (self->rows, row, time);
}

static guint
find_cell (const GArray *column, gint64 time)
{
  guint low = 0, high = column->len;

  if (high > 0 && g_array_index (column, SeriesCell, high - 1).time < time)
    return high;
  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (g_array_index (column, SeriesCell, middle).time < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static SeriesTableStream *
find_stream (SeriesTable *self, const SeriesStream *like)
{
  SeriesTableStream *stream;

  for (guint i = 0; i < self->streams->len; i++) {
    stream = self->streams->pdata[i];
    if (series_stream_is_same (stream->stream, like))
      return stream;
  }
  if (self->streams->len == SERIES_MAX_STREAMS)
    return NULL;
  stream = g_new0 (SeriesTableStream, 1);
  stream->stream = series_stream_copy (like);
  g_ptr_array_add (self->streams, stream);
  return stream;
}

static void
merge_cell (SeriesCell *into, const SeriesCell *cell)
{
  into->total += cell->total;
  into->weight += cell->weight;
  into->min = MIN (into->min, cell->min);
  into->max = MAX (into->max, cell->max);
  into->words |= cell->words;
}

static void
put_cell (SeriesTable *self, SeriesTableStream *stream, SeriesMetric metric,
    const SeriesCell *cell)
{
  GArray **column = &stream->columns[metric];
  guint at;

  if (*column == NULL)
    *column = g_array_new (FALSE, FALSE, sizeof (SeriesCell));
  at = find_cell (*column, cell->time);
  if (at < (*column)->len && g_array_index (*column, SeriesCell, at).time == cell->time) {
    merge_cell (&g_array_index (*column, SeriesCell, at), cell);
    return;
  }
  if (self->n_cells == self->max_cells) {
    self->truncated = TRUE;
    return;
  }
  g_array_insert_vals (*column, at, cell, 1);
  note_row (self, cell->time);
  self->n_cells++;
}

void
series_table_add_cell (SeriesTable *self, const SeriesStream *like, SeriesMetric metric,
    const SeriesCell *cell)
{
  SeriesCell placed = *cell;
  SeriesTableStream *stream;

  placed.time = begin_of_step (self->step, cell->time);
  if (placed.time < self->from || placed.time >= self->to)
    return;
  stream = find_stream (self, like);
  if (stream == NULL) {
    self->truncated = TRUE;
    return;
  }
  series_stream_update (stream->stream, like);
  put_cell (self, stream, metric, &placed);
}

double
series_cell_value (const SeriesCell *cell, SeriesMetric metric)
{
  switch (series_metric_info (metric)->kind) {
  case SERIES_MEAN:
    return cell->total / cell->weight;
  case SERIES_POWER:
    return sqrt (cell->total / cell->weight);
  case SERIES_SUM:
  case SERIES_WORDS:
    break;
  }
  return cell->total;
}

/* ---- Points ---- */

static double
total_of (const SeriesPoint *point)
{
  switch (series_metric_info (point->metric)->kind) {
  case SERIES_MEAN:
    return point->value * point->weight;
  case SERIES_POWER:
    return point->value * point->value * point->weight;
  case SERIES_SUM:
  case SERIES_WORDS:
    break;
  }
  return point->value;
}

void
series_table_add_step (SeriesTable *self, const SeriesStep *step)
{
  if (step->gap.reason != SERIES_GAP_NONE)
    series_table_add_gap (self, &step->gap);
  for (guint i = 0; i < step->points->len; i++) {
    const SeriesPoint *point = &g_array_index (step->points, SeriesPoint, i);
    SeriesCell cell = { step->time, total_of (point), point->weight, point->value,
      point->value, point->words };

    series_table_add_cell (self, point->stream, point->metric, &cell);
  }
}

/* ---- Gaps ---- */

/* Those that touch, for the same reason, are one. */
void
series_table_add_gap (SeriesTable *self, const SeriesGap *gap)
{
  guint at = self->gaps->len;
  SeriesGap *last;

  if (gap->to <= self->from || gap->from >= self->to)
    return;
  while (at > 0 && g_array_index (self->gaps, SeriesGap, at - 1).from > gap->from)
    at--;
  last = at > 0 ? &g_array_index (self->gaps, SeriesGap, at - 1) : NULL;
  if (last != NULL && last->reason == gap->reason && last->to >= gap->from)
    last->to = MAX (last->to, gap->to);
  else if (self->gaps->len < self->max_cells)
    g_array_insert_val (self->gaps, at, *gap);
  else
    self->truncated = TRUE;
}

/* Without a step: as soon as a millisecond tells it from the sample before. */
gboolean
series_table_find_gap_row (const SeriesTable *self, const SeriesGap *gap, gint64 *time)
{
  guint row;

  *time = self->step > 0 ? begin_of_step (self->step, gap->from) + self->step
                         : gap->from + G_TIME_SPAN_MILLISECOND;
  if (*time >= gap->to || *time < self->from || *time >= self->to)
    return FALSE;
  row = find_row (self->rows, *time);
  return row == self->rows->len || g_array_index (self->rows, gint64, row) > *time;
}
