/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Columns to JSON: one array for each, as long as that of the times. Pure, any thread.
 */
#include "series-json.h"

#include <math.h>

#include "callstats/callstats-json-private.h"

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  gint64 left = ((const SeriesRow *)a)->time, right = ((const SeriesRow *)b)->time;

  return (left > right) - (left < right);
}

GArray *
series_table_list_rows (const SeriesTable *table)
{
  GArray *rows = g_array_sized_new (FALSE, FALSE, sizeof (SeriesRow), table->rows->len);

  for (guint i = 0; i < table->rows->len; i++) {
    SeriesRow row = { .time = g_array_index (table->rows, gint64, i) };

    g_array_append_val (rows, row);
  }
  for (guint i = 0; i < table->gaps->len; i++) {
    const SeriesGap *gap = &g_array_index (table->gaps, SeriesGap, i);
    SeriesRow row = { .gap = gap->reason };

    if (series_table_find_gap_row (table, gap, &row.time))
      g_array_append_val (rows, row);
  }
  g_array_sort (rows, compare_rows);
  return rows;
}

void
series_append_number (GString *text, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  if (value == floor (value) && fabs (value) < 1e7)
    callstats_json_append_int (text, (gint64)value);
  else
    g_string_append (text, g_ascii_formatd (digits, sizeof digits, "%.7g", value));
}

static void
append_words (GString *json, const SeriesCell *cell, SeriesMetric metric)
{
  const char *const *words = series_metric_info (metric)->words;

  g_string_append_c (json, '[');
  for (guint i = 0; words[i] != NULL; i++) {
    if ((cell->words & (guint32)1 << i) == 0)
      continue;
    if (json->str[json->len - 1] != '[')
      g_string_append_c (json, ',');
    callstats_json_append_string (json, words[i]);
  }
  g_string_append_c (json, ']');
}

typedef void (*CellFunc) (GString *json, const SeriesCell *cell, SeriesMetric metric);

static void
append_value (GString *json, const SeriesCell *cell, SeriesMetric metric)
{
  series_append_number (json, series_cell_value (cell, metric));
}

static void
append_least (GString *json, const SeriesCell *cell, SeriesMetric metric)
{
  series_append_number (json, cell->min);
}

static void
append_greatest (GString *json, const SeriesCell *cell, SeriesMetric metric)
{
  series_append_number (json, cell->max);
}

static void
append_cells (GString *json, const char *name, const GArray *rows, const GArray *column,
    SeriesMetric metric, CellFunc append)
{
  guint cell = 0;

  callstats_json_append_member (json, name);
  g_string_append_c (json, '[');
  for (guint i = 0; i < rows->len; i++) {
    gint64 time = g_array_index (rows, SeriesRow, i).time;

    if (i > 0)
      g_string_append_c (json, ',');
    if (cell < column->len && g_array_index (column, SeriesCell, cell).time == time)
      append (json, &g_array_index (column, SeriesCell, cell++), metric);
    else
      g_string_append (json, "null");
  }
  g_string_append_c (json, ']');
}

static void
append_metric (GString *json, const SeriesTable *table, const GArray *rows,
    const GArray *column, SeriesMetric metric)
{
  const SeriesMetricInfo *info = series_metric_info (metric);

  callstats_json_append_member (json, info->name);
  g_string_append_c (json, '{');
  callstats_json_append_member (json, "unit");
  callstats_json_append_string (json, info->unit);
  if (info->kind == SERIES_WORDS) {
    append_cells (json, "words", rows, column, metric, append_words);
  } else if (info->kind == SERIES_SUM) {
    append_cells (json, "sum", rows, column, metric, append_value);
  } else {
    append_cells (
        json, table->step == 0 ? "value" : "mean", rows, column, metric, append_value);
    if (table->step > 0) {
      append_cells (json, "min", rows, column, metric, append_least);
      append_cells (json, "max", rows, column, metric, append_greatest);
    }
  }
  g_string_append_c (json, '}');
}

static void
append_text (GString *json, const char *name, const char *text)
{
  callstats_json_append_member (json, name);
  if (text != NULL)
    callstats_json_append_string (json, text);
  else
    g_string_append (json, "null");
}

static void
append_metrics (GString *json, const SeriesTable *table, const GArray *rows,
    const SeriesTableStream *stream)
{
  callstats_json_append_member (json, "metrics");
  g_string_append_c (json, '{');
  for (guint metric = 0; metric < SERIES_N_METRICS; metric++) {
    if (stream->columns[metric] != NULL)
      append_metric (json, table, rows, stream->columns[metric], metric);
  }
  g_string_append_c (json, '}');
}

static void
append_stream (GString *json, const SeriesTable *table, const GArray *rows,
    const SeriesTableStream *stream)
{
  const SeriesStream *of = stream->stream;

  g_string_append_c (json, '{');
  append_text (
      json, "direction", of->direction == SERIES_INBOUND ? "inbound" : "outbound");
  callstats_json_append_member (json, "ssrc");
  if (of->ssrc >= 0)
    callstats_json_append_int (json, of->ssrc);
  else
    g_string_append (json, "null");
  append_text (json, "kind", of->kind);
  append_text (json, "mid", of->mid);
  append_text (json, "track", of->track);
  append_text (json, "codec", of->codec);
  append_metrics (json, table, rows, stream);
  g_string_append_c (json, '}');
}

static void
append_rows (GString *json, const GArray *rows)
{
  callstats_json_append_member (json, "time");
  g_string_append_c (json, '[');
  for (guint i = 0; i < rows->len; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    callstats_json_append_int (json, g_array_index (rows, SeriesRow, i).time / 1000);
  }
  g_string_append_c (json, ']');
  callstats_json_append_member (json, "gap");
  g_string_append_c (json, '[');
  for (guint i = 0; i < rows->len; i++) {
    const char *reason = series_gap_to_string (g_array_index (rows, SeriesRow, i).gap);

    if (i > 0)
      g_string_append_c (json, ',');
    if (reason != NULL)
      callstats_json_append_string (json, reason);
    else
      g_string_append (json, "null");
  }
  g_string_append_c (json, ']');
}

static void
append_gaps (GString *json, const SeriesTable *table)
{
  callstats_json_append_member (json, "gaps");
  g_string_append_c (json, '[');
  for (guint i = 0; i < table->gaps->len; i++) {
    const SeriesGap *gap = &g_array_index (table->gaps, SeriesGap, i);

    g_string_append (json, i > 0 ? ",{" : "{");
    callstats_json_append_member (json, "from");
    callstats_json_append_int (json, gap->from / 1000);
    callstats_json_append_member (json, "to");
    callstats_json_append_int (json, gap->to / 1000);
    append_text (json, "reason", series_gap_to_string (gap->reason));
    g_string_append_c (json, '}');
  }
  g_string_append_c (json, ']');
}

/* The members of a stream object in the table, or none. */
static void
append_connection (GString *json, const SeriesTable *table, const GArray *rows)
{
  callstats_json_append_member (json, "connection");
  g_string_append_c (json, '{');
  for (guint i = 0; i < table->streams->len; i++) {
    const SeriesTableStream *stream = table->streams->pdata[i];

    if (stream->stream->direction == SERIES_CONNECTION)
      append_metrics (json, table, rows, stream);
  }
  g_string_append_c (json, '}');
}

void
series_json_append (GString *json, const SeriesTable *table)
{
  g_autoptr (GArray) rows = series_table_list_rows (table);
  gboolean first = TRUE;

  append_rows (json, rows);
  append_gaps (json, table);
  append_connection (json, table, rows);
  callstats_json_append_member (json, "streams");
  g_string_append_c (json, '[');
  for (guint i = 0; i < table->streams->len; i++) {
    const SeriesTableStream *stream = table->streams->pdata[i];

    if (stream->stream->direction == SERIES_CONNECTION)
      continue;
    if (!first)
      g_string_append_c (json, ',');
    append_stream (json, table, rows, stream);
    first = FALSE;
  }
  g_string_append_c (json, ']');
  callstats_json_append_member (json, "truncated");
  g_string_append (json, table->truncated ? "true" : "false");
}
