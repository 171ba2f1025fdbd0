/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Series out of the store: whatever of them comes from rollups is what all reports give,
 * in the order of their times.
 */
#include <math.h>

#include "store-fixture.h"

#define FINE (10 * G_TIME_SPAN_SECOND)
#define COARSE (60 * G_TIME_SPAN_SECOND)
#define MAX_CELLS 500000
/* What rollups keep of a number. */
#define PRECISION 1e-4

/* Samples first, first + step … before last, each a second by its number. */
static void
append (StoreFixture *fixture, const char *fabric, guint first, guint step, guint last)
{
  store_fixture_append (fixture, fabric, first, step, (last - first + step - 1) / step);
}

static void
append_event (StoreFixture *fixture, const char *fabric, const char *name, double second)
{
  store_fixture_append_event (fixture, name, "c1", fabric,
      STORE_FIXTURE_START + (gint64)(second * G_USEC_PER_SEC));
  store_fixture_flush (fixture);
}

static void
compact (StoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  store_compact (fixture->store, NULL, NULL, &error);
  g_assert_no_error (error);
}

static SeriesTable *
read_part (StoreFixture *fixture, const char *fabric, gint64 step, gint64 from, gint64 to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (StoreFabricKey) key =
      store_find_fabric (fixture->store, STORE_FIXTURE_APP, fabric, &error);
  SeriesTable *table = series_table_new (step, from, to, MAX_CELLS);

  g_assert_nonnull (key);
  store_read_series (fixture->store, key, table, &error);
  g_assert_no_error (error);
  return table;
}

static SeriesTable *
read_series (StoreFixture *fixture, const char *fabric, gint64 step)
{
  return read_part (fixture, fabric, step, G_MININT64, G_MAXINT64);
}

static void
assert_near (double value, double expected)
{
  g_assert_cmpfloat_with_epsilon (value, expected, 1e-9 + PRECISION * fabs (expected));
}

static void
assert_same_column (const GArray *one, const GArray *other, SeriesMetric metric)
{
  g_assert_true ((one == NULL) == (other == NULL));
  if (one == NULL)
    return;
  g_assert_cmpuint (one->len, ==, other->len);
  for (guint i = 0; i < one->len; i++) {
    const SeriesCell *a = &g_array_index (one, SeriesCell, i);
    const SeriesCell *b = &g_array_index (other, SeriesCell, i);

    g_assert_cmpint (a->time, ==, b->time);
    g_assert_cmpuint (a->words, ==, b->words);
    assert_near (series_cell_value (a, metric), series_cell_value (b, metric));
    assert_near (a->min, b->min);
    assert_near (a->max, b->max);
  }
}

static const SeriesTableStream *
find_stream (const SeriesTable *table, const SeriesStream *like)
{
  for (guint i = 0; i < table->streams->len; i++) {
    const SeriesTableStream *stream = table->streams->pdata[i];

    if (series_stream_is_same (stream->stream, like))
      return stream;
  }
  g_assert_not_reached ();
}

static void
assert_same_table (const SeriesTable *one, const SeriesTable *other)
{
  g_assert_cmpuint (one->n_cells, >, 0);
  g_assert_cmpuint (one->n_cells, ==, other->n_cells);
  g_assert_cmpuint (one->rows->len, ==, other->rows->len);
  g_assert_cmpuint (one->gaps->len, ==, other->gaps->len);
  for (guint i = 0; i < one->gaps->len; i++) {
    const SeriesGap *a = &g_array_index (one->gaps, SeriesGap, i);
    const SeriesGap *b = &g_array_index (other->gaps, SeriesGap, i);

    g_assert_true (a->from == b->from && a->to == b->to && a->reason == b->reason);
  }
  for (guint i = 0; i < one->streams->len; i++) {
    const SeriesTableStream *a = one->streams->pdata[i];
    const SeriesTableStream *b = find_stream (other, a->stream);

    for (guint metric = 0; metric < SERIES_N_METRICS; metric++)
      assert_same_column (a->columns[metric], b->columns[metric], metric);
  }
}

static void
assert_same_part (StoreFixture *fixture, gint64 step, gint64 from, gint64 to)
{
  g_autoptr (SeriesTable) table = read_part (fixture, "f", step, from, to);
  g_autoptr (SeriesTable) plain = read_part (fixture, "plain", step, from, to);

  assert_same_table (table, plain);
}

/* Fabric f is what another one is, of which all came in order. */
static void
assert_as_plain (StoreFixture *fixture)
{
  gint64 middle = STORE_FIXTURE_START + 222 * G_TIME_SPAN_SECOND;

  assert_same_part (fixture, FINE, G_MININT64, G_MAXINT64);
  assert_same_part (fixture, COARSE, G_MININT64, G_MAXINT64);
  assert_same_part (fixture, FINE, middle, middle + COARSE);
  assert_same_part (fixture, G_TIME_SPAN_SECOND, middle, middle + COARSE);
}

#define ROLLUPS_OF_F \
  "SELECT count(*) FROM rollups WHERE fabric = (SELECT id FROM fabrics WHERE name='f')"

static void
test_blocks_and_rows_add_up (StoreFixture *fixture, gconstpointer data)
{
  append (fixture, "f", 0, 1, 700);
  compact (fixture);
  g_assert_cmpint (store_fixture_read (fixture, ROLLUPS_OF_F), ==, 3);
  append (fixture, "f", 700, 1, 753);
  append (fixture, "plain", 0, 1, 753);
  assert_as_plain (fixture);
}

/* As a call that goes on, whose blocks grow until they are full. */
static void
test_rollups_of_short_blocks_grow (StoreFixture *fixture, gconstpointer data)
{
  guint first = 0;

  for (guint n = 1; first < 300; n = n * 3 / 2 + 1) {
    append (fixture, "f", first, 1, first + n);
    compact (fixture);
    first += n;
  }
  append (fixture, "plain", 0, 1, first);
  assert_as_plain (fixture);
}

/* What was kept on disk during an outage comes behind what came after it. */
static void
test_late_reports_fill_the_gap (StoreFixture *fixture, gconstpointer data)
{
  append (fixture, "f", 0, 1, 300);
  append (fixture, "f", 400, 1, 500);
  compact (fixture);
  {
    g_autoptr (SeriesTable) table = read_series (fixture, "f", FINE);

    g_assert_cmpuint (table->gaps->len, ==, 1);
  }
  append (fixture, "plain", 0, 1, 500);
  append (fixture, "f", 300, 1, 400);
  assert_as_plain (fixture);
  compact (fixture);
  assert_as_plain (fixture);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT count(*) FROM rollups WHERE tail IS NOT "
                                   "NULL AND fabric = (SELECT id FROM fabrics "
                                   "WHERE name = 'f')"),
      >=, 1);
}

static void
test_late_reports_between_others (StoreFixture *fixture, gconstpointer data)
{
  append (fixture, "f", 0, 2, 400);
  compact (fixture);
  append (fixture, "plain", 0, 1, 400);
  append (fixture, "f", 1, 2, 400);
  assert_as_plain (fixture);
  compact (fixture);
  assert_as_plain (fixture);
  append (fixture, "f", 400, 1, 500);
  compact (fixture);
  append (fixture, "plain", 400, 1, 500);
  assert_as_plain (fixture);
}

static void
test_hold_is_in_rollups (StoreFixture *fixture, gconstpointer data)
{
  append (fixture, "f", 0, 1, 100);
  append_event (fixture, "f", "fabricHold", 99.5);
  append_event (fixture, "f", "fabricResume", 149.5);
  append (fixture, "f", 100, 1, 600);
  append (fixture, "plain", 0, 1, 100);
  append_event (fixture, "plain", "fabricHold", 99.5);
  append_event (fixture, "plain", "fabricResume", 149.5);
  append (fixture, "plain", 100, 1, 600);
  compact (fixture);
  store_fixture_write (fixture,
      "DELETE FROM rollups WHERE fabric != (SELECT id FROM fabrics WHERE name = 'f')");
  {
    g_autoptr (SeriesTable) table = read_series (fixture, "f", FINE);

    g_assert_cmpuint (table->gaps->len, ==, 1);
    g_assert_cmpint (
        g_array_index (table->gaps, SeriesGap, 0).reason, ==, SERIES_GAP_HOLD);
  }
  assert_as_plain (fixture);
}

static void
test_rollups_outlive_reports (StoreFixture *fixture, gconstpointer data)
{
  append (fixture, "f", 0, 1, 700);
  append (fixture, "plain", 0, 1, 700);
  compact (fixture);
  store_fixture_write (fixture,
      "DELETE FROM blocks WHERE last_time < (SELECT max(last_time) FROM "
      "blocks) AND fabric = (SELECT id FROM fabrics WHERE name = 'f')");
  {
    g_autoptr (SeriesTable) table = read_series (fixture, "f", FINE);
    g_autoptr (SeriesTable) plain = read_series (fixture, "plain", FINE);
    g_autoptr (SeriesTable) raw = read_series (fixture, "f", 0);
    g_autoptr (SeriesTable) plain_raw = read_series (fixture, "plain", 0);

    assert_same_table (table, plain);
    assert_same_table (raw, plain);
    g_assert_cmpint (raw->step, ==, FINE);
    g_assert_cmpint (plain_raw->step, ==, 0);
  }
}

/* Nothing that is left is lost, and the late ones are there. */
static void
test_late_reports_among_removed_ones (StoreFixture *fixture, gconstpointer data)
{
  append (fixture, "f", 0, 1, 300);
  append (fixture, "f", 500, 1, 800);
  compact (fixture);
  store_fixture_write (fixture, "DELETE FROM blocks");
  append (fixture, "f", 300, 1, 500);
  compact (fixture);
  {
    g_autoptr (SeriesTable) table = read_series (fixture, "f", FINE);

    g_assert_cmpuint (table->rows->len, ==, 81);
  }
}

static void
test_damaged_rollups_are_told (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (SeriesTable) table = series_table_new (FINE, 0, G_MAXINT64, MAX_CELLS);
  g_autoptr (StoreFabricKey) key = NULL;
  g_autoptr (GError) error = NULL;

  append (fixture, "f", 0, 1, 300);
  compact (fixture);
  store_fixture_write (fixture,
      "UPDATE rollups SET fine = x'00112233', tail = x'00' WHERE tail IS "
      "NOT NULL");
  key = store_find_fabric (fixture->store, STORE_FIXTURE_APP, "f", NULL);
  g_assert_false (store_read_series (fixture->store, key, table, &error));
  g_assert_error (error, STORE_ERROR, STORE_ERROR_FAILED);
  append (fixture, "f", 300, 1, 600);
  compact (fixture); /* goes on without the tail */
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run) (StoreFixture *fixture, gconstpointer data);
  } tests[] = {
    { "/rollups/blocks-and-rows-add-up", test_blocks_and_rows_add_up },
    { "/rollups/of-short-blocks-grow", test_rollups_of_short_blocks_grow },
    { "/rollups/late-reports-fill-the-gap", test_late_reports_fill_the_gap },
    { "/rollups/late-reports-between-others", test_late_reports_between_others },
    { "/rollups/hold-is-in-them", test_hold_is_in_rollups },
    { "/rollups/outlive-reports", test_rollups_outlive_reports },
    { "/rollups/late-reports-among-removed-ones", test_late_reports_among_removed_ones },
    { "/rollups/damaged-ones-are-told", test_damaged_rollups_are_told },
  };

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, StoreFixture, NULL, store_fixture_set_up, tests[i].run,
        store_fixture_tear_down);
  return g_test_run ();
}
