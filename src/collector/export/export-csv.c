/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The series of a conference's fabrics as CSV: a row for each stream and time, and one
 * for what is of a fabric as a whole. In the pool.
 */
#include "csv.h"
#include "export-private.h"
#include "series-json.h"

/* Of one fabric, of which the table is in memory. */
#define WINDOW_REPORTS 1000
#define WINDOW_LEAST G_TIME_SPAN_SECOND /* of one that has too much */
#define WINDOW_MIN (60 * G_TIME_SPAN_SECOND)
#define WINDOW_MAX (36600 * G_TIME_SPAN_DAY)
#define MAX_CELLS 100000

static const char *const columns[] = { "fabric", "user", "remoteUser", "time", "step",
  "direction", "ssrc", "kind", "mid", "track", "codec", "gap" };

static gboolean
write_header (Export *export, GString *out, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    csv_append_text (out, columns[i]);
  for (guint metric = 0; metric < SERIES_N_METRICS; metric++)
    csv_append_text (out, series_metric_info (metric)->name);
  csv_end_row (out);
  return TRUE;
}

static void
append_words (GString *out, const SeriesCell *cell, SeriesMetric metric)
{
  const char *const *words = series_metric_info (metric)->words;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; words[i] != NULL; i++) {
    if ((cell->words & (guint32)1 << i) != 0)
      g_string_append_printf (text, text->len > 0 ? " %s" : "%s", words[i]);
  }
  csv_append_text (out, text->len > 0 ? text->str : NULL);
}

static void
append_cell (GString *out, const SeriesCell *cell, SeriesMetric metric)
{
  if (cell == NULL)
    csv_append_text (out, NULL);
  else if (series_metric_info (metric)->kind == SERIES_WORDS)
    append_words (out, cell, metric);
  else
    csv_append_number (out, series_cell_value (cell, metric));
}

static void
begin_row (Export *export, GString *out, const SeriesTable *table, gint64 time)
{
  const StoreFabric *fabric = export->fabric;

  csv_append_text (out, fabric->fabric);
  csv_append_text (out, fabric->user);
  csv_append_text (out, fabric->remote_user);
  csv_append_int (out, time / 1000);
  if (table->step > 0)
    csv_append_int (out, table->step / 1000);
  else
    csv_append_text (out, NULL);
}

static void
append_stream (GString *out, const SeriesStream *stream)
{
  static const char *const directions[] = {
    [SERIES_INBOUND] = "inbound",
    [SERIES_OUTBOUND] = "outbound",
    [SERIES_CONNECTION] = "connection",
  };

  csv_append_text (out, directions[stream->direction]);
  if (stream->ssrc >= 0)
    csv_append_int (out, stream->ssrc);
  else
    csv_append_text (out, NULL);
  csv_append_text (out, stream->kind);
  csv_append_text (out, stream->mid);
  csv_append_text (out, stream->track);
  csv_append_text (out, stream->codec);
}

/* next: of each metric the cell that was not written yet. Returns: whether there is one
 * of that time. */
static gboolean
find_cells (const SeriesTableStream *stream, gint64 time, guint *next,
    const SeriesCell *cells[SERIES_N_METRICS])
{
  gboolean any = FALSE;

  for (guint metric = 0; metric < SERIES_N_METRICS; metric++) {
    const GArray *column = stream->columns[metric];

    cells[metric] = NULL;
    if (column == NULL || next[metric] == column->len ||
        g_array_index (column, SeriesCell, next[metric]).time != time)
      continue;
    cells[metric] = &g_array_index (column, SeriesCell, next[metric]++);
    any = TRUE;
  }
  return any;
}

static void
write_gap (Export *export, GString *out, const SeriesTable *table, const SeriesRow *row)
{
  begin_row (export, out, table, row->time);
  for (guint i = 5; i + 1 < G_N_ELEMENTS (columns); i++)
    csv_append_text (out, NULL);
  csv_append_text (out, series_gap_to_string (row->gap));
  for (guint metric = 0; metric < SERIES_N_METRICS; metric++)
    csv_append_text (out, NULL);
  csv_end_row (out);
}

static void
write_row (Export *export, GString *out, const SeriesTable *table, gint64 time,
    guint (*next)[SERIES_N_METRICS])
{
  const SeriesCell *cells[SERIES_N_METRICS];

  for (guint i = 0; i < table->streams->len; i++) {
    const SeriesTableStream *stream = table->streams->pdata[i];

    if (!find_cells (stream, time, next[i], cells))
      continue;
    begin_row (export, out, table, time);
    append_stream (out, stream->stream);
    csv_append_text (out, NULL);
    for (guint metric = 0; metric < SERIES_N_METRICS; metric++)
      append_cell (out, cells[metric], metric);
    csv_end_row (out);
  }
}

static void
write_table (Export *export, GString *out, const SeriesTable *table)
{
  g_autoptr (GArray) rows = series_table_list_rows (table);
  g_autofree guint (*next)[SERIES_N_METRICS] =
      g_malloc0 (sizeof *next * (table->streams->len + 1));

  for (guint i = 0; i < rows->len; i++) {
    const SeriesRow *row = &g_array_index (rows, SeriesRow, i);

    if (row->gap == SERIES_GAP_NONE)
      write_row (export, out, table, row->time, next);
    else
      write_gap (export, out, table, row);
  }
}

/* Windows begin and end where steps do, and those in which the store may answer instead.
 */
static gint64
find_unit (const Export *export)
{
  gint64 a = export->step, b = WINDOW_MIN;

  if (export->step == 0)
    return WINDOW_MIN;
  while (b != 0) {
    gint64 rest = a % b;

    a = b;
    b = rest;
  }
  return export->step / a * WINDOW_MIN;
}

/* Time in which about WINDOW_REPORTS come. */
static gint64
choose_window (const Export *export)
{
  const StoreFabric *fabric = export->fabric;
  double span = (double)(fabric->last_report - fabric->first_report);
  gint64 unit = find_unit (export);
  double window = WINDOW_MIN;

  if (fabric->reports > 0)
    window = span / (double)fabric->reports * WINDOW_REPORTS;
  return MAX ((gint64)CLAMP (window, WINDOW_MIN, WINDOW_MAX) / unit, 1) * unit;
}

/* Where a window has more than fits in a table. Returns: FALSE: it cannot be shorter */
static gboolean
narrow_window (Export *export)
{
  gint64 unit = export->step == 0 ? WINDOW_LEAST : export->step;
  gint64 narrower = export->window / 2 / unit * unit;

  if (narrower == 0)
    return FALSE;
  export->window = narrower;
  return TRUE;
}

/* Returns: (nullable) (transfer full): NULL with an error */
static SeriesTable *
read_window (Export *export, GError **error)
{
  StoreFabricKey key = { .id = export->fabric->id };

  while (TRUE) {
    g_autoptr (SeriesTable) table = series_table_new (
        export->step, export->time, export->time + export->window, MAX_CELLS);

    if (!store_read_series (export->store, &key, table, error))
      return NULL;
    if (!table->truncated || !narrow_window (export))
      return g_steal_pointer (&table);
  }
}

static void
write_window (Export *export, GString *out, GError **error)
{
  g_autoptr (SeriesTable) table = read_window (export, error);

  if (table == NULL)
    return;
  write_table (export, out, table);
  export->time += export->window;
  export->window = MIN (2 * export->window, choose_window (export));
  if (export->time > export->fabric->last_report)
    export_end_fabric (export);
}

static gboolean
write_fabrics (Export *export, GString *out, GError **error)
{
  gint64 unit = find_unit (export);

  if (export->fabric == NULL) {
    if (!export_next_fabric (export, error))
      return FALSE;
    if (export->fabric == NULL)
      return TRUE;
    if (export->fabric->first_report == STORE_UNKNOWN_TIME) {
      export_end_fabric (export);
      return FALSE;
    }
    export->time = export->fabric->first_report / unit * unit;
    export->window = choose_window (export);
  }
  write_window (export, out, error);
  return FALSE;
}

static const ExportPhase phases[] = { write_header, write_fabrics, NULL };

const ExportFormat export_csv = { "csv", "text/csv; charset=utf-8; header=present",
  ".csv", phases };
