/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tables and tails to bytes and back: a GVariant, deflated. A column's numbers are
 * written as planes of bytes, the highest of all first: those hardly differ, so they cost
 * almost nothing.
 *
 * Pure, any thread.
 */
#include "series-rollup.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

#include "callstats/callstats-json-private.h"
#include "callstats/callstats-report-private.h"
#include "store.h"

#define VERSION 1
#define MAX_BYTES (16 * 1024 * 1024)
#define HEAD 4   /* bytes: the length before deflation */
#define PLANES 3 /* of a float; its lowest byte is rounded away */

/* Of a stream: direction, SSRC, id, kind, mid, track, codec, and of each column its
 * metric, its rows (none: all) and its numbers. */
#define COLUMN "(saqay)"
#define STREAM "(yxsssssa" COLUMN ")"
#define TABLE "(ubaxa(xxs)a" STREAM ")"

static gboolean
set_damaged (GError **error)
{
  g_set_error_literal (
      error, STORE_ERROR, STORE_ERROR_FAILED, "What is kept of a series is damaged");
  return FALSE;
}

/* ---- Deflated bytes ---- */

static GBytes *
deflate_bytes (gconstpointer data, gsize length)
{
  uLongf size = compressBound (length);
  guint8 *bytes = g_malloc (HEAD + size);
  guint32 head = GUINT32_TO_LE ((guint32)length);

  memcpy (bytes, &head, HEAD);
  compress2 (bytes + HEAD, &size, data, length, Z_DEFAULT_COMPRESSION);
  return g_bytes_new_take (g_realloc (bytes, HEAD + size), HEAD + size);
}

static GBytes *
inflate_bytes (const void *data, gsize length, GError **error)
{
  g_autofree guint8 *bytes = NULL;
  guint32 head;
  uLongf size;

  if (length < HEAD)
    return set_damaged (error), NULL;
  memcpy (&head, data, HEAD);
  size = GUINT32_FROM_LE (head);
  if (size == 0 || size > MAX_BYTES)
    return set_damaged (error), NULL;
  bytes = g_malloc (size);
  if (uncompress (bytes, &size, (const guint8 *)data + HEAD, length - HEAD) != Z_OK ||
      size != GUINT32_FROM_LE (head))
    return set_damaged (error), NULL;
  return g_bytes_new_take (g_steal_pointer (&bytes), size);
}

/* ---- Numbers ---- */

static guint32
pack_number (double value)
{
  float number = (float)value;
  guint32 bits;

  memcpy (&bits, &number, sizeof bits);
  return (bits + 0x80) >> 8;
}

static double
unpack_number (guint32 packed)
{
  guint32 bits = packed << 8;
  float number;

  memcpy (&number, &bits, sizeof number);
  return number;
}

/* What is kept of a cell, by the kind of its metric. */
static guint
pack_cell (const SeriesCell *cell, SeriesMetric metric, guint32 *numbers)
{
  switch (series_metric_info (metric)->kind) {
  case SERIES_WORDS:
    numbers[0] = cell->words & 0xffffff;
    return 1;
  case SERIES_SUM:
    numbers[0] = pack_number (cell->total);
    return 1;
  case SERIES_MEAN:
  case SERIES_POWER:
    break;
  }
  numbers[0] = pack_number (series_cell_value (cell, metric));
  numbers[1] = pack_number (cell->weight);
  numbers[2] = pack_number (cell->min);
  numbers[3] = pack_number (cell->max);
  return 4;
}

static gboolean
unpack_cell (SeriesCell *cell, SeriesMetric metric, const guint32 *numbers)
{
  SeriesKind kind = series_metric_info (metric)->kind;
  double value = unpack_number (numbers[0]);

  cell->weight = 1;
  if (kind == SERIES_WORDS) {
    cell->words = numbers[0];
    return TRUE;
  }
  cell->total = cell->min = cell->max = value;
  if (kind == SERIES_SUM)
    return isfinite (value);
  cell->weight = unpack_number (numbers[1]);
  cell->min = unpack_number (numbers[2]);
  cell->max = unpack_number (numbers[3]);
  cell->total = (kind == SERIES_POWER ? value * value : value) * cell->weight;
  return isfinite (cell->total) && isfinite (cell->min) && isfinite (cell->max) &&
         cell->weight > 0;
}

static guint
numbers_of_cell (SeriesMetric metric)
{
  SeriesKind kind = series_metric_info (metric)->kind;

  return kind == SERIES_MEAN || kind == SERIES_POWER ? 4 : 1;
}

/* ---- Writing ---- */

static GVariant *
write_numbers (const GArray *column, SeriesMetric metric)
{
  guint k = numbers_of_cell (metric);
  gsize n = (gsize)column->len * k;
  g_autofree guint8 *bytes = g_malloc (n * PLANES);

  for (guint i = 0; i < column->len; i++) {
    guint32 numbers[4];

    pack_cell (&g_array_index (column, SeriesCell, i), metric, numbers);
    for (guint j = 0; j < k; j++) {
      gsize at = (gsize)j * column->len + i;

      for (guint plane = 0; plane < PLANES; plane++)
        bytes[plane * n + at] = (guint8)(numbers[j] >> (8 * (PLANES - 1 - plane)));
    }
  }
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, n * PLANES, 1);
}

static GVariant *
write_rows (const SeriesTable *table, const GArray *column)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (guint16));
  guint row = 0;

  for (guint i = 0; column->len < table->rows->len && i < column->len; i++) {
    guint16 index;

    while (g_array_index (table->rows, gint64, row) !=
           g_array_index (column, SeriesCell, i).time)
      row++;
    index = (guint16)row;
    g_array_append_val (rows, index);
  }
  return g_variant_new_fixed_array (
      G_VARIANT_TYPE_UINT16, rows->data, rows->len, sizeof (guint16));
}

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

static void
write_stream (
    GVariantBuilder *builder, const SeriesTable *table, const SeriesTableStream *stream)
{
  const SeriesStream *of = stream->stream;

  g_variant_builder_open (builder, G_VARIANT_TYPE (STREAM));
  g_variant_builder_add (builder, "y", (guchar)of->direction);
  g_variant_builder_add (builder, "x", of->ssrc);
  g_variant_builder_add (builder, "s", of->ssrc < 0 ? or_empty (of->id) : "");
  g_variant_builder_add (builder, "s", or_empty (of->kind));
  g_variant_builder_add (builder, "s", or_empty (of->mid));
  g_variant_builder_add (builder, "s", or_empty (of->track));
  g_variant_builder_add (builder, "s", or_empty (of->codec));
  g_variant_builder_open (builder, G_VARIANT_TYPE ("a" COLUMN));
  for (guint metric = 0; metric < SERIES_N_METRICS; metric++) {
    const GArray *column = stream->columns[metric];

    if (column != NULL)
      g_variant_builder_add (builder, "(s@aq@ay)", series_metric_info (metric)->name,
          write_rows (table, column), write_numbers (column, metric));
  }
  g_variant_builder_close (builder);
  g_variant_builder_close (builder);
}

static GVariant *
write_table (const SeriesTable *table)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE (TABLE));
  g_variant_builder_add (&builder, "u", VERSION);
  g_variant_builder_add (&builder, "b", table->truncated);
  g_variant_builder_add_value (
      &builder, g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, table->rows->data,
                    MIN (table->rows->len, G_MAXUINT16), sizeof (gint64)));
  g_variant_builder_open (&builder, G_VARIANT_TYPE ("a(xxs)"));
  for (guint i = 0; i < table->gaps->len; i++) {
    const SeriesGap *gap = &g_array_index (table->gaps, SeriesGap, i);

    g_variant_builder_add (
        &builder, "(xxs)", gap->from, gap->to, series_gap_to_string (gap->reason));
  }
  g_variant_builder_close (&builder);
  g_variant_builder_open (&builder, G_VARIANT_TYPE ("a" STREAM));
  for (guint i = 0; i < table->streams->len; i++)
    write_stream (&builder, table, table->streams->pdata[i]);
  g_variant_builder_close (&builder);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static GVariant *
to_little_endian (GVariant *variant)
{
  return G_BYTE_ORDER == G_LITTLE_ENDIAN ? g_variant_ref (variant)
                                         : g_variant_byteswap (variant);
}

GBytes *
series_rollup_write (const SeriesTable *table)
{
  g_autoptr (GVariant) native = write_table (table);
  g_autoptr (GVariant) variant = to_little_endian (native);

  return deflate_bytes (g_variant_get_data (variant), g_variant_get_size (variant));
}

/* ---- Reading ---- */

typedef struct {
  SeriesTable *table;
  const gint64 *rows;
  gsize n_rows;
} Reading;

static gboolean
read_column (Reading *reading, const SeriesStream *stream, SeriesMetric metric,
    GVariant *indices, GVariant *numbers)
{
  gsize n_indices, n_bytes;
  const guint16 *at = g_variant_get_fixed_array (indices, &n_indices, sizeof (guint16));
  const guint8 *bytes = g_variant_get_fixed_array (numbers, &n_bytes, 1);
  guint k = numbers_of_cell (metric);
  gsize n_cells = n_indices > 0 ? n_indices : reading->n_rows, n = n_cells * k;

  if (n_bytes != n * PLANES)
    return FALSE;
  for (gsize i = 0; i < n_cells; i++) {
    gsize row = n_indices > 0 ? at[i] : i;
    guint32 packed[4] = { 0 };
    SeriesCell cell = { 0 };

    for (guint j = 0; j < k; j++) {
      for (guint plane = 0; plane < PLANES; plane++)
        packed[j] = packed[j] << 8 | bytes[plane * n + j * n_cells + i];
    }
    if (row >= reading->n_rows || !unpack_cell (&cell, metric, packed))
      return FALSE;
    cell.time = reading->rows[row];
    series_table_add_cell (reading->table, stream, metric, &cell);
  }
  return TRUE;
}

static char *
or_null (const char *text)
{
  return *text != '\0' ? (char *)text : NULL;
}

/* Metrics of other versions are passed over. */
static gboolean
read_stream (Reading *reading, GVariant *variant)
{
  const char *id, *kind, *mid, *track, *codec, *name;
  SeriesStream stream;
  guchar direction;
  gint64 ssrc;
  g_autoptr (GVariantIter) columns = NULL;
  GVariant *indices, *numbers;
  gboolean valid;

  g_variant_get (variant, "(yx&s&s&s&s&sa" COLUMN ")", &direction, &ssrc, &id, &kind,
      &mid, &track, &codec, &columns);
  valid = direction <= SERIES_CONNECTION;
  stream = (SeriesStream){ direction, ssrc, or_null (id), or_null (kind), or_null (mid),
    or_null (track), or_null (codec) };
  while (
      valid && g_variant_iter_next (columns, "(&s@aq@ay)", &name, &indices, &numbers)) {
    SeriesMetric metric;

    if (series_metric_find (name, &metric))
      valid = read_column (reading, &stream, metric, indices, numbers);
    g_variant_unref (indices);
    g_variant_unref (numbers);
  }
  return valid;
}

static void
read_gaps (SeriesTable *table, GVariant *gaps)
{
  GVariantIter iter;
  const char *reason;
  SeriesGap gap;

  g_variant_iter_init (&iter, gaps);
  while (g_variant_iter_next (&iter, "(xx&s)", &gap.from, &gap.to, &reason)) {
    gap.reason = series_gap_from_string (reason);
    series_table_add_gap (table, &gap);
  }
}

static gboolean
read_table (SeriesTable *table, GVariant *variant)
{
  g_autoptr (GVariant) rows = g_variant_get_child_value (variant, 2);
  g_autoptr (GVariant) gaps = g_variant_get_child_value (variant, 3);
  g_autoptr (GVariant) streams = g_variant_get_child_value (variant, 4);
  Reading reading = { .table = table };
  guint32 version;
  gboolean truncated;
  gboolean valid = TRUE;

  g_variant_get_child (variant, 0, "u", &version);
  g_variant_get_child (variant, 1, "b", &truncated);
  if (version != VERSION)
    return FALSE;
  reading.rows = g_variant_get_fixed_array (rows, &reading.n_rows, sizeof (gint64));
  table->truncated |= truncated;
  read_gaps (table, gaps);
  for (gsize i = 0; valid && i < g_variant_n_children (streams); i++) {
    g_autoptr (GVariant) stream = g_variant_get_child_value (streams, i);

    valid = read_stream (&reading, stream);
  }
  return valid;
}

gboolean
series_rollup_read (const void *data, gsize length, SeriesTable *table, GError **error)
{
  g_autoptr (GBytes) bytes = inflate_bytes (data, length, error);
  g_autoptr (GVariant) stored = NULL;
  g_autoptr (GVariant) native = NULL;

  if (bytes == NULL)
    return FALSE;
  stored = g_variant_ref_sink (
      g_variant_new_from_bytes (G_VARIANT_TYPE (TABLE), bytes, FALSE));
  native = to_little_endian (stored);
  return read_table (table, native) || set_damaged (error);
}

/* ---- Tails ---- */

GBytes *
series_tail_write (const SeriesTail *tail)
{
  g_autoptr (GString) json = g_string_new ("{");

  callstats_json_append_member (json, "time");
  callstats_json_append_int (json, callstats_report_get_time (tail->report));
  callstats_json_append_member (json, "intervals");
  g_string_append_c (json, '[');
  for (guint i = 0; i < G_N_ELEMENTS (tail->intervals); i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    callstats_json_append_int (json, tail->intervals[i]);
  }
  g_string_append_c (json, ']');
  callstats_json_append_member (json, "stats");
  callstats_report_append_json (tail->report, json);
  g_string_append_c (json, '}');
  return deflate_bytes (json->str, json->len);
}

static void
read_intervals (JsonObject *object, gint64 *intervals, guint n)
{
  JsonArray *list = callstats_json_get_array (object, "intervals");

  for (guint i = 0; i < n; i++)
    intervals[i] = list != NULL && i < json_array_get_length (list)
                       ? MAX (json_array_get_int_element (list, i), 0)
                       : 0;
}

gboolean
series_tail_read (const void *data, gsize length, SeriesTail *tail, GError **error)
{
  g_autoptr (GBytes) bytes = inflate_bytes (data, length, error);
  g_autoptr (JsonObject) object = NULL;
  JsonObject *stats;

  if (bytes == NULL)
    return FALSE;
  object = callstats_json_parse_object (
      g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL);
  stats = object != NULL ? callstats_json_get_object (object, "stats") : NULL;
  if (stats == NULL)
    return set_damaged (error);
  read_intervals (object, tail->intervals, G_N_ELEMENTS (tail->intervals));
  tail->report = callstats_report_new_from_object (
      callstats_json_get_int (object, "time", 0), stats, error);
  return tail->report != NULL;
}
