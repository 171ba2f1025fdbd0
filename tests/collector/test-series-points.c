/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Series by hand: reports whose points can be computed in the head.
 */
#include <math.h>
#include <string.h>

#include "callstats/callstats-report.h"
#include "series-json.h"
#include "series-rollup.h"
#include "series-table.h"

#define SECOND G_TIME_SPAN_SECOND
#define START (1795338000 * SECOND) /* a multiple of 60 s */
#define NONE NAN

/* ---- Reports ---- */

/* %T stands for the time in ms. */
static CallstatsReport *
report_at (double seconds, const char *objects)
{
  g_autoptr (GError) error = NULL;
  gint64 time = START + (gint64)(seconds * SECOND);
  g_autofree char *timestamp = g_strdup_printf ("%" G_GINT64_FORMAT, time / 1000);
  g_auto (GStrv) parts = g_strsplit (objects, "%T", -1);
  g_autofree char *json = g_strjoinv (timestamp, parts);
  CallstatsReport *report = callstats_report_new_from_json (time, json, &error);

  g_assert_no_error (error);
  return report;
}

static const SeriesStep *
add (Series *series, double seconds, const char *objects)
{
  g_autoptr (CallstatsReport) report = report_at (seconds, objects);

  return series_add (series, report);
}

static const SeriesPoint *
find_point (const SeriesStep *step, SeriesDirection direction, SeriesMetric metric)
{
  for (guint i = 0; i < step->points->len; i++) {
    const SeriesPoint *point = &g_array_index (step->points, SeriesPoint, i);

    if (point->stream->direction == direction && point->metric == metric)
      return point;
  }
  return NULL;
}

static void
assert_point (const SeriesStep *step, SeriesDirection direction, SeriesMetric metric,
    double expected)
{
  const SeriesPoint *point = find_point (step, direction, metric);

  if (isnan (expected)) {
    g_assert_null (point);
    return;
  }
  if (point == NULL)
    g_error ("no %s", series_metric_info (metric)->name);
  if (fabs (point->value - expected) > 1e-9 * fabs (expected))
    g_error (
        "%s is %g, not %g", series_metric_info (metric)->name, point->value, expected);
}

/* ---- One interval of one stream ---- */

typedef struct {
  const char *name;
  SeriesDirection direction;
  const char *before, *now; /* 2 s apart */
  SeriesMetric metric;
  double expected;
} Row;

#define IN(members) \
  "{\"a\":{\"type\":\"inbound-rtp\",\"ssrc\":1,\"timestamp\":%T," members "}}"
#define OUT(members, others) \
  "{\"a\":{\"type\":\"outbound-rtp\",\"ssrc\":1,\"timestamp\":%T," members "}," others "}"
#define REMOTE(members) \
  "\"r\":{\"type\":\"remote-inbound-rtp\",\"ssrc\":1,\"timestamp\":%T," members "}"
#define PAIR(members) \
  "{\"t\":{\"type\":\"transport\",\"selectedCandidatePairId\":\"p\"}," \
  "\"p\":{\"type\":\"candidate-pair\",\"timestamp\":%T," members "}}"

static const Row rows[] = {
  { "bitrate: 25 000 bytes in 2 s", SERIES_INBOUND, IN ("\"bytesReceived\":1000"),
      IN ("\"bytesReceived\":26000"), SERIES_BITRATE, 100000 },
  { "packet rate", SERIES_INBOUND, IN ("\"packetsReceived\":10"),
      IN ("\"packetsReceived\":110"), SERIES_PACKET_RATE, 50 },
  { "a rate needs both samples", SERIES_INBOUND, IN ("\"mid\":\"0\""),
      IN ("\"packetsReceived\":110"), SERIES_PACKET_RATE, NONE },
  { "nothing came: 0, for that is known", SERIES_INBOUND, IN ("\"bytesReceived\":5"),
      IN ("\"bytesReceived\":5"), SERIES_BITRATE, 0 },
  { "counters that went back begin anew", SERIES_INBOUND, IN ("\"bytesReceived\":500"),
      IN ("\"bytesReceived\":5"), SERIES_BITRATE, NONE },
  { "and take the other counters along", SERIES_INBOUND,
      IN ("\"bytesReceived\":500,\"freezeCount\":1"),
      IN ("\"bytesReceived\":5,\"freezeCount\":2"), SERIES_FREEZE_COUNT, NONE },
  { "loss: 10 of 90 + 10", SERIES_INBOUND,
      IN ("\"packetsReceived\":100,\"packetsLost\":5"),
      IN ("\"packetsReceived\":190,\"packetsLost\":15"), SERIES_FRACTION_LOST, 0.1 },
  { "retransmissions are no media: 10 of 90 - 50 + 10", SERIES_INBOUND,
      IN ("\"packetsReceived\":100,\"packetsLost\":5,\"retransmittedPacketsReceived\":0"),
      IN ("\"packetsReceived\":190,\"packetsLost\":15,"
          "\"retransmittedPacketsReceived\":50"),
      SERIES_FRACTION_LOST, 0.2 },
  { "late packets are no negative loss", SERIES_INBOUND,
      IN ("\"packetsReceived\":100,\"packetsLost\":5"),
      IN ("\"packetsReceived\":190,\"packetsLost\":2"), SERIES_FRACTION_LOST, 0 },
  { "nothing was due: no fraction", SERIES_INBOUND,
      IN ("\"packetsReceived\":100,\"packetsLost\":5"),
      IN ("\"packetsReceived\":100,\"packetsLost\":5"), SERIES_FRACTION_LOST, NONE },
  { "jitter as told", SERIES_INBOUND, IN ("\"jitter\":0.1"), IN ("\"jitter\":0.02"),
      SERIES_JITTER, 0.02 },
  { "jitter buffer: 4 s for 80 samples", SERIES_INBOUND,
      IN ("\"jitterBufferDelay\":1,\"jitterBufferEmittedCount\":20"),
      IN ("\"jitterBufferDelay\":5,\"jitterBufferEmittedCount\":100"),
      SERIES_JITTER_BUFFER_DELAY, 0.05 },
  { "nothing emitted: no delay", SERIES_INBOUND,
      IN ("\"jitterBufferDelay\":1,\"jitterBufferEmittedCount\":20"),
      IN ("\"jitterBufferDelay\":1,\"jitterBufferEmittedCount\":20"),
      SERIES_JITTER_BUFFER_DELAY, NONE },
  { "frames decoded", SERIES_INBOUND,
      IN ("\"framesDecoded\":30,\"framesPerSecond\":7,\"framesReceived\":2"),
      IN ("\"framesDecoded\":80,\"framesPerSecond\":7,\"framesReceived\":3"),
      SERIES_FRAME_RATE, 25 },
  { "frames on the wire, without a decoder", SERIES_INBOUND, IN ("\"framesReceived\":2"),
      IN ("\"framesReceived\":62"), SERIES_FRAME_RATE, 30 },
  { "frame rate as told, where frames are not counted", SERIES_INBOUND,
      IN ("\"framesPerSecond\":7"), IN ("\"framesPerSecond\":8"), SERIES_FRAME_RATE, 8 },
  { "frame size", SERIES_INBOUND, IN ("\"frameWidth\":640"), IN ("\"frameWidth\":1280"),
      SERIES_FRAME_WIDTH, 1280 },
  { "freezes", SERIES_INBOUND, IN ("\"freezeCount\":1"), IN ("\"freezeCount\":4"),
      SERIES_FREEZE_COUNT, 3 },
  { "time frozen", SERIES_INBOUND, IN ("\"totalFreezesDuration\":1.5"),
      IN ("\"totalFreezesDuration\":2"), SERIES_FREEZE_DURATION, 0.5 },
  { "quantizer: 600 over 20 frames", SERIES_INBOUND,
      IN ("\"qpSum\":100,\"framesDecoded\":10"),
      IN ("\"qpSum\":700,\"framesDecoded\":30"), SERIES_QP, 30 },
  { "level: the root of 0.02 / 2", SERIES_INBOUND,
      IN ("\"audioLevel\":1,\"totalAudioEnergy\":1,\"totalSamplesDuration\":10"),
      IN ("\"audioLevel\":1,\"totalAudioEnergy\":1.02,\"totalSamplesDuration\":12"),
      SERIES_AUDIO_LEVEL, 0.1 },
  { "level as told, where there is no energy", SERIES_INBOUND, IN ("\"audioLevel\":0.5"),
      IN ("\"audioLevel\":0.25"), SERIES_AUDIO_LEVEL, 0.25 },
  { "concealed: (300 - 100) of 1000", SERIES_INBOUND,
      IN ("\"concealedSamples\":0,\"silentConcealedSamples\":0,\"totalSamplesReceived\":"
          "0"),
      IN ("\"concealedSamples\":300,\"silentConcealedSamples\":100,"
          "\"totalSamplesReceived\":1000"),
      SERIES_CONCEALED, 0.2 },
  { "score", SERIES_INBOUND, IN ("\"csScore\":4"), IN ("\"csScore\":3.5"), SERIES_SCORE,
      3.5 },
  { "bitrate sent", SERIES_OUTBOUND, OUT ("\"bytesSent\":0", "\"x\":{}"),
      OUT ("\"bytesSent\":250", "\"x\":{}"), SERIES_BITRATE, 1000 },
  { "target", SERIES_OUTBOUND, OUT ("\"targetBitrate\":1", "\"x\":{}"),
      OUT ("\"targetBitrate\":64000", "\"x\":{}"), SERIES_TARGET_BITRATE, 64000 },
  { "reported loss: 1 of 49 + 1", SERIES_OUTBOUND,
      OUT ("\"bytesSent\":0", REMOTE ("\"packetsReceived\":1,\"packetsLost\":0")),
      OUT ("\"bytesSent\":0", REMOTE ("\"packetsReceived\":50,\"packetsLost\":1")),
      SERIES_FRACTION_LOST, 0.02 },
  { "reported loss as told, where packets are not counted", SERIES_OUTBOUND,
      OUT ("\"bytesSent\":0", REMOTE ("\"fractionLost\":0.5")),
      OUT ("\"bytesSent\":0", REMOTE ("\"fractionLost\":0.25")), SERIES_FRACTION_LOST,
      0.25 },
  { "round trip: 0.3 s for 2 measurements", SERIES_OUTBOUND,
      OUT ("\"bytesSent\":0",
          REMOTE ("\"totalRoundTripTime\":1,\"roundTripTimeMeasurements\":5,"
                  "\"roundTripTime\":9")),
      OUT ("\"bytesSent\":0",
          REMOTE ("\"totalRoundTripTime\":1.3,\"roundTripTimeMeasurements\":7,"
                  "\"roundTripTime\":9")),
      SERIES_ROUND_TRIP_TIME, 0.15 },
  { "round trip as told, where it is not summed up", SERIES_OUTBOUND,
      OUT ("\"bytesSent\":0", REMOTE ("\"roundTripTime\":0.2")),
      OUT ("\"bytesSent\":0", REMOTE ("\"roundTripTime\":0.1")), SERIES_ROUND_TRIP_TIME,
      0.1 },
  { "round trip that was measured before is no news", SERIES_OUTBOUND,
      OUT ("\"bytesSent\":0",
          "\"r\":{\"type\":\"remote-inbound-rtp\",\"ssrc\":1,\"timestamp\":7,"
          "\"roundTripTime\":0.2}"),
      OUT ("\"bytesSent\":0",
          "\"r\":{\"type\":\"remote-inbound-rtp\",\"ssrc\":1,\"timestamp\":7,"
          "\"roundTripTime\":0.2}"),
      SERIES_ROUND_TRIP_TIME, NONE },
  { "level of the source", SERIES_OUTBOUND,
      OUT ("\"mediaSourceId\":\"m\"",
          "\"m\":{\"type\":\"media-source\",\"totalAudioEnergy\":0,"
          "\"totalSamplesDuration\":0}"),
      OUT ("\"mediaSourceId\":\"m\"",
          "\"m\":{\"type\":\"media-source\",\"totalAudioEnergy\":0.5,"
          "\"totalSamplesDuration\":2}"),
      SERIES_AUDIO_LEVEL, 0.5 },
  { "round trip of the pair: 0.1 s for 4 checks", SERIES_CONNECTION,
      PAIR ("\"totalRoundTripTime\":0,\"responsesReceived\":1"),
      PAIR ("\"totalRoundTripTime\":0.1,\"responsesReceived\":5"), SERIES_ROUND_TRIP_TIME,
      0.025 },
  { "estimated bit rate", SERIES_CONNECTION, PAIR ("\"availableOutgoingBitrate\":1"),
      PAIR ("\"availableOutgoingBitrate\":300000"), SERIES_AVAILABLE_OUTGOING_BITRATE,
      300000 },
  { "another pair", SERIES_CONNECTION,
      "{\"t\":{\"type\":\"transport\",\"selectedCandidatePairId\":\"p\"}}",
      "{\"t\":{\"type\":\"transport\",\"selectedCandidatePairId\":\"q\"}}",
      SERIES_PAIR_CHANGES, 1 },
  { "there and back: two changes", SERIES_CONNECTION,
      "{\"t\":{\"type\":\"transport\",\"selectedCandidatePairId\":\"p\","
      "\"selectedCandidatePairChanges\":1}}",
      "{\"t\":{\"type\":\"transport\",\"selectedCandidatePairId\":\"p\","
      "\"selectedCandidatePairChanges\":3}}",
      SERIES_PAIR_CHANGES, 2 },
  { "the first pair is no change", SERIES_CONNECTION, "{\"t\":{\"type\":\"transport\"}}",
      "{\"t\":{\"type\":\"transport\",\"selectedCandidatePairId\":\"q\","
      "\"selectedCandidatePairChanges\":1}}",
      SERIES_PAIR_CHANGES, NONE },
};

static void
test_interval (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (Series) series = series_new (NULL);

  add (series, 0, row->before);
  assert_point (add (series, 2, row->now), row->direction, row->metric, row->expected);
}

/* The objects' own timestamps, not the reports' times. */
static void
test_rates_are_over_own_timestamps (void)
{
  g_autoptr (Series) series = series_new (NULL);
  const char *again = "{\"a\":{\"type\":\"inbound-rtp\",\"ssrc\":1,"
                      "\"timestamp\":1000,\"bytesReceived\":0}}";
  const char *second = "{\"a\":{\"type\":\"inbound-rtp\",\"ssrc\":1,"
                       "\"timestamp\":1500,\"bytesReceived\":100}}";

  add (series, 0, again);
  g_assert_cmpuint (add (series, 1, again)->points->len, ==, 0);
  assert_point (add (series, 2, second), SERIES_INBOUND, SERIES_BITRATE, 1600);
}

static void
test_reasons_are_words (void)
{
  g_autoptr (Series) series = series_new (NULL);
  const SeriesStep *step = add (series, 0,
      IN ("\"csScore\":3,\"csReasons\":[\"delay\",\"loss\",\"unheard of\",7]"));
  const SeriesPoint *point = find_point (step, SERIES_INBOUND, SERIES_REASONS);

  g_assert_cmpuint (point->words, ==,
      series_metric_word (SERIES_REASONS, "loss") |
          series_metric_word (SERIES_REASONS, "delay"));
  step = add (series, 1, OUT ("\"qualityLimitationReason\":\"cpu\"", "\"x\":{}"));
  point = find_point (step, SERIES_OUTBOUND, SERIES_QUALITY_LIMITATION);
  g_assert_cmpuint (
      point->words, ==, series_metric_word (SERIES_QUALITY_LIMITATION, "cpu"));
}

/* ---- Gaps ---- */

static const SeriesStep *
add_counter (Series *series, double seconds)
{
  g_autofree char *objects = g_strdup_printf (
      "{\"a\":{\"type\":\"inbound-rtp\",\"ssrc\":1,\"bytesReceived\":%.0f,"
      "\"jitter\":0.5}}",
      seconds * 1000);

  return add (series, seconds, objects);
}

static void
test_long_interval_is_a_gap (void)
{
  g_autoptr (Series) series = series_new (NULL);
  const SeriesStep *step;

  for (guint i = 0; i < 5; i++)
    g_assert_cmpint (add_counter (series, i)->gap.reason, ==, SERIES_GAP_NONE);
  step = add_counter (series, 10);
  g_assert_cmpint (step->gap.reason, ==, SERIES_GAP_SILENT);
  g_assert_cmpint (step->gap.from, ==, START + 4 * SECOND);
  g_assert_cmpint (step->gap.to, ==, START + 10 * SECOND);
  assert_point (step, SERIES_INBOUND, SERIES_BITRATE, NONE);
  assert_point (step, SERIES_INBOUND, SERIES_JITTER, 0.5);
  assert_point (add_counter (series, 11), SERIES_INBOUND, SERIES_BITRATE, 8000);
}

static void
test_another_pace_is_a_gap_twice_only (void)
{
  g_autoptr (Series) series = series_new (NULL);

  for (guint i = 0; i < 5; i++)
    add_counter (series, i);
  g_assert_cmpint (add_counter (series, 14)->gap.reason, ==, SERIES_GAP_SILENT);
  g_assert_cmpint (add_counter (series, 24)->gap.reason, ==, SERIES_GAP_SILENT);
  assert_point (add_counter (series, 34), SERIES_INBOUND, SERIES_BITRATE, 8000);
}

/* The first report comes with the call's setup, the next by the clock. */
static void
test_first_intervals_are_taken_as_they_come (void)
{
  g_autoptr (Series) series = series_new (NULL);

  add_counter (series, 0);
  g_assert_cmpint (add_counter (series, 0.1)->gap.reason, ==, SERIES_GAP_NONE);
  g_assert_cmpint (add_counter (series, 1.1)->gap.reason, ==, SERIES_GAP_NONE);
}

static Series *
new_with_gap (double from, double to, SeriesGapReason reason)
{
  GArray *gaps = g_array_new (FALSE, FALSE, sizeof (SeriesGap));
  SeriesGap gap = { START + (gint64)(from * SECOND), START + (gint64)(to * SECOND),
    reason };

  g_array_append_val (gaps, gap);
  return series_new (gaps);
}

static void
test_hold_is_a_gap_and_no_zero (void)
{
  g_autoptr (Series) series = new_with_gap (2.5, 4.5, SERIES_GAP_HOLD);

  for (guint i = 0; i < 8; i++) {
    const SeriesStep *step = add_counter (series, i);
    gboolean held = i >= 3 && i <= 5;

    g_assert_cmpint (step->gap.reason, ==, held ? SERIES_GAP_HOLD : SERIES_GAP_NONE);
    g_assert_cmpuint (step->points->len > 0, ==, !held);
  }
}

/* Thinned reports lie in a gap record, too: what is left of them is true. */
static void
test_gap_record_explains_long_intervals (void)
{
  g_autoptr (Series) series = new_with_gap (2.5, 9.5, SERIES_GAP_MEMORY);

  for (guint i = 0; i < 5; i++)
    g_assert_cmpint (add_counter (series, i)->gap.reason, ==, SERIES_GAP_NONE);
  g_assert_cmpint (add_counter (series, 6)->gap.reason, ==, SERIES_GAP_MEMORY);
  g_assert_cmpint (add_counter (series, 7)->gap.reason, ==, SERIES_GAP_NONE);
}

static void
test_reports_out_of_order_are_passed_over (void)
{
  g_autoptr (Series) series = series_new (NULL);

  add_counter (series, 2);
  g_assert_null (add_counter (series, 2));
  g_assert_null (add_counter (series, 1));
  assert_point (add_counter (series, 3), SERIES_INBOUND, SERIES_BITRATE, 8000);
}

/* ---- Tables ---- */

#define CELLS 100000

static SeriesTable *
new_table (double step, double from, double to)
{
  return series_table_new ((gint64)(step * SECOND), START + (gint64)(from * SECOND),
      START + (gint64)(to * SECOND), CELLS);
}

static const SeriesCell *
find_cell (const SeriesTable *table, SeriesMetric metric, guint index)
{
  for (guint i = 0; i < table->streams->len; i++) {
    const SeriesTableStream *stream = table->streams->pdata[i];

    if (stream->columns[metric] != NULL)
      return &g_array_index (stream->columns[metric], SeriesCell, index);
  }
  return NULL;
}

/* Bytes grow by 1000, then 3000, 1000, … a second. */
static void
fill (SeriesTable *table, Series *series, guint from, guint to)
{
  for (guint i = from; i < to; i++) {
    g_autofree char *objects =
        g_strdup_printf ("{\"a\":{\"type\":\"inbound-rtp\",\"ssrc\":1,\"kind\":\"audio\","
                         "\"bytesReceived\":%u,\"csScore\":4,\"csReasons\":[\"%s\"]}}",
            i * 2000 + (i % 2) * 1000, i % 2 == 0 ? "loss" : "delay");

    series_table_add_step (table, add (series, i, objects));
  }
}

static void
test_steps_have_mean_least_and_greatest (void)
{
  g_autoptr (SeriesTable) table = new_table (10, 0, 60);
  g_autoptr (Series) series = series_new (NULL);
  const SeriesCell *cell;

  fill (table, series, 0, 31);
  g_assert_cmpuint (table->rows->len, ==, 4);
  cell = find_cell (table, SERIES_BITRATE, 1);
  g_assert_cmpint (cell->time, ==, START + 10 * SECOND);
  g_assert_cmpfloat (series_cell_value (cell, SERIES_BITRATE), ==, 16000);
  g_assert_cmpfloat (cell->min, ==, 8000);
  g_assert_cmpfloat (cell->max, ==, 24000);
  cell = find_cell (table, SERIES_REASONS, 1);
  g_assert_cmpuint (cell->words, ==,
      series_metric_word (SERIES_REASONS, "loss") |
          series_metric_word (SERIES_REASONS, "delay"));
}

static char *
tell (const SeriesTable *table)
{
  GString *json = g_string_new ("{");

  series_json_append (json, table);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static void
assert_near (double value, double expected)
{
  g_assert_cmpfloat_with_epsilon (value, expected, 1e-9 + 2e-5 * fabs (expected));
}

/* As far as rollups keep it. */
static void
assert_same (const SeriesTable *a, const SeriesTable *b)
{
  g_assert_cmpuint (a->n_cells, ==, b->n_cells);
  g_assert_cmpuint (a->n_cells, ==, a->rows->len * 3);
  for (guint i = 0; i < a->rows->len; i++) {
    for (guint metric = 0; metric < SERIES_N_METRICS; metric++) {
      const SeriesCell *one = find_cell (a, metric, i), *other = find_cell (b, metric, i);

      if (one == NULL || other == NULL) {
        g_assert_true (one == other);
        continue;
      }
      g_assert_cmpint (one->time, ==, other->time);
      g_assert_cmpuint (one->words, ==, other->words);
      assert_near (series_cell_value (one, metric), series_cell_value (other, metric));
      assert_near (one->min, other->min);
      assert_near (one->max, other->max);
    }
  }
}

/* Parts that end within a step, and are read again, add up to the whole. */
static void
test_rollups_of_parts_add_up (void)
{
  g_autoptr (SeriesTable) whole = new_table (60, 0, 600);
  g_autoptr (SeriesTable) sum = new_table (60, 0, 600);
  g_autoptr (Series) series = series_new (NULL);
  g_autoptr (GBytes) tail_bytes = NULL;

  fill (whole, series, 0, 200);
  for (guint from = 0; from < 200; from += 35) {
    g_autoptr (SeriesTable) part = new_table (10, 0, 600);
    g_autoptr (Series) next = series_new (NULL);
    g_autoptr (GBytes) bytes = NULL;
    g_autoptr (GError) error = NULL;
    SeriesTail tail;

    if (tail_bytes != NULL) {
      g_assert_true (series_tail_read (g_bytes_get_data (tail_bytes, NULL),
          g_bytes_get_size (tail_bytes), &tail, &error));
      series_resume (next, &tail);
      callstats_report_unref (tail.report);
    }
    fill (part, next, from, MIN (from + 35, 200));
    bytes = series_rollup_write (part);
    g_assert_true (series_rollup_read (
        g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), sum, &error));
    g_assert_true (series_get_tail (next, &tail));
    g_clear_pointer (&tail_bytes, g_bytes_unref);
    tail_bytes = series_tail_write (&tail);
    callstats_report_unref (tail.report);
  }
  assert_same (sum, whole);
}

static void
test_gaps_have_a_row_of_nulls (void)
{
  g_autoptr (SeriesTable) fine = new_table (0, 0, 600);
  g_autoptr (SeriesTable) coarse = new_table (10, 0, 600);
  g_autoptr (Series) series = series_new (NULL);
  g_autofree char *json = NULL;
  g_autoptr (GArray) rows_10 = NULL;

  for (guint i = 0; i < 60; i++) {
    const SeriesStep *step;

    if (i >= 12 && i < 48)
      continue;
    step = add_counter (series, i);
    series_table_add_step (fine, step);
    series_table_add_step (coarse, step);
  }
  json = tell (fine);
  g_assert_nonnull (strstr (json, ",1795338011000,1795338011001,1795338048000,"));
  g_assert_nonnull (strstr (json, "\"gap\":[null,null,null,null,null,null,null,null,null,"
                                  "null,null,null,\"silent\",null"));
  rows_10 = series_table_list_rows (coarse);
  g_assert_cmpuint (rows_10->len, ==, 5); /* 0, 10, the gap, 40, 50 */
  g_assert_cmpint (g_array_index (rows_10, SeriesRow, 2).time, ==, START + 20 * SECOND);
  g_assert_cmpint (g_array_index (rows_10, SeriesRow, 2).gap, ==, SERIES_GAP_SILENT);
}

static void
test_damaged_rollups_are_refused (void)
{
  g_autoptr (SeriesTable) table = new_table (10, 0, 600);
  g_autoptr (Series) series = series_new (NULL);
  g_autoptr (GBytes) bytes = NULL;
  gsize length;
  const guint8 *data;

  fill (table, series, 0, 100);
  bytes = series_rollup_write (table);
  data = g_bytes_get_data (bytes, &length);
  for (gsize i = 0; i < length; i++) {
    g_autofree guint8 *damaged = g_memdup2 (data, length);
    g_autoptr (SeriesTable) into = new_table (10, 0, 600);
    g_autoptr (GError) error = NULL;

    damaged[i] ^= 0x55;
    g_assert_false (series_rollup_read (damaged, length, into, &error));
    g_assert_nonnull (error);
    g_clear_error (&error);
    g_assert_false (series_rollup_read (data, i, into, &error));
  }
}

/* Whoever reports a thousand SSRCs has no more cells than that. */
static void
test_tables_are_bounded (void)
{
  g_autoptr (SeriesTable) table = series_table_new (0, G_MININT64, G_MAXINT64, 1000);
  g_autoptr (Series) series = series_new (NULL);
  g_autoptr (GString) objects = g_string_new ("{");

  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (objects,
        "%s\"%u\":{\"type\":\"inbound-rtp\",\"ssrc\":%u,\"jitter\":0.5}",
        i > 0 ? "," : "", i, i);
  g_string_append_c (objects, '}');
  for (guint i = 0; i < 10; i++)
    series_table_add_step (table, add (series, i, objects->str));
  g_assert_cmpuint (table->streams->len, <, SERIES_MAX_STREAMS);
  g_assert_cmpuint (table->n_cells, ==, 1000);
  g_assert_true (table->truncated);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = g_strdup_printf ("/series/interval/%s", rows[i].name);

    g_strdelimit (name + strlen ("/series/interval/"), "/ ,:", '-');
    g_test_add_data_func (name, &rows[i], test_interval);
  }
  g_test_add_func (
      "/series/rates-are-over-own-timestamps", test_rates_are_over_own_timestamps);
  g_test_add_func ("/series/reasons-are-words", test_reasons_are_words);
  g_test_add_func ("/series/long-interval-is-a-gap", test_long_interval_is_a_gap);
  g_test_add_func (
      "/series/another-pace-is-a-gap-twice-only", test_another_pace_is_a_gap_twice_only);
  g_test_add_func ("/series/first-intervals-are-taken-as-they-come",
      test_first_intervals_are_taken_as_they_come);
  g_test_add_func ("/series/hold-is-a-gap-and-no-zero", test_hold_is_a_gap_and_no_zero);
  g_test_add_func ("/series/gap-record-explains-long-intervals",
      test_gap_record_explains_long_intervals);
  g_test_add_func ("/series/reports-out-of-order-are-passed-over",
      test_reports_out_of_order_are_passed_over);
  g_test_add_func ("/series/steps-have-mean-least-and-greatest",
      test_steps_have_mean_least_and_greatest);
  g_test_add_func ("/series/rollups-of-parts-add-up", test_rollups_of_parts_add_up);
  g_test_add_func ("/series/gaps-have-a-row-of-nulls", test_gaps_have_a_row_of_nulls);
  g_test_add_func (
      "/series/damaged-rollups-are-refused", test_damaged_rollups_are_refused);
  g_test_add_func ("/series/tables-are-bounded", test_tables_are_bounded);
  return g_test_run ();
}
