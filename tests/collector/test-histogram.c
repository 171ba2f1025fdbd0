/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Distributions against values computed by hand.
 */
#include "histogram.h"

#include <math.h>

static void
assert_close (double value, double wanted, double share)
{
  g_assert_cmpfloat (fabs (value - wanted), <=, share * wanted);
}

static void
test_nothing_measured_is_unknown (void)
{
  Histogram histogram = { 0 };
  Distribution distribution;

  histogram_add (&histogram, NAN);
  histogram_add (&histogram, INFINITY);
  histogram_add (&histogram, -1);
  histogram_describe (&histogram, &distribution);
  g_assert_cmpuint (distribution.count, ==, 0);
  g_assert_true (isnan (distribution.min));
  g_assert_true (isnan (distribution.p50));
  g_assert_true (isnan (distribution.mean));
  histogram_clear (&histogram);
}

/* Nearest rank: of ten values the 95th percentile is the tenth, of twenty the nineteenth.
 */
static void
test_percentiles_are_by_nearest_rank (void)
{
  static const struct {
    guint n;
    double p5, p50, p95;
  } rows[] = { { 1, 1, 1, 1 }, { 2, 1, 1, 2 }, { 3, 1, 2, 3 }, { 10, 1, 5, 10 },
    { 20, 1, 10, 19 }, { 100, 5, 50, 95 }, { 1000, 50, 500, 950 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    Histogram histogram = { 0 };
    Distribution distribution;

    /* Falling, so that they are not in order by chance. */
    for (guint value = rows[i].n; value > 0; value--)
      histogram_add (&histogram, value);
    histogram_describe (&histogram, &distribution);
    g_assert_cmpuint (distribution.count, ==, rows[i].n);
    g_assert_cmpfloat (distribution.p5, ==, rows[i].p5);
    g_assert_cmpfloat (distribution.p50, ==, rows[i].p50);
    g_assert_cmpfloat (distribution.p95, ==, rows[i].p95);
    g_assert_cmpfloat (distribution.min, ==, 1);
    g_assert_cmpfloat (distribution.max, ==, rows[i].n);
    g_assert_cmpfloat (distribution.mean, ==, (rows[i].n + 1) / 2.0);
    histogram_clear (&histogram);
  }
}

static void
test_many_values_are_within_1_percent (void)
{
  static const double scales[] = { 1e-5, 0.001, 1, 1000, 1e5 };

  for (guint i = 0; i < G_N_ELEMENTS (scales); i++) {
    Histogram histogram = { 0 };
    Distribution distribution;

    for (guint value = 10000; value > 0; value--)
      histogram_add (&histogram, value * scales[i]);
    g_assert_null (histogram.values);
    histogram_describe (&histogram, &distribution);
    g_assert_cmpuint (distribution.count, ==, 10000);
    assert_close (distribution.p5, 500 * scales[i], 0.01);
    assert_close (distribution.p50, 5000 * scales[i], 0.01);
    assert_close (distribution.p95, 9500 * scales[i], 0.01);
    assert_close (distribution.mean, 5000.5 * scales[i], 1e-9);
    assert_close (distribution.min, scales[i], 1e-9);
    assert_close (distribution.max, 10000 * scales[i], 1e-9);
    histogram_clear (&histogram);
  }
}

static void
test_zeros_stay_zeros_among_many (void)
{
  Histogram histogram = { 0 };

  for (guint i = 0; i < 3000; i++)
    histogram_add (&histogram, i % 10 == 0 ? 0.5 : 0);
  g_assert_cmpfloat (histogram_get_percentile (&histogram, 50), ==, 0);
  assert_close (histogram_get_percentile (&histogram, 95), 0.5, 0.01);
  histogram_clear (&histogram);
}

/* Whatever the sizes of the two. */
static void
test_merging_is_adding (void)
{
  static const guint sizes[][2] = { { 10, 20 }, { 10, 5000 }, { 5000, 10 },
    { 5000, 5000 }, { 0, 5000 }, { 5000, 0 }, { 600, 600 } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    Histogram all = { 0 }, one = { 0 }, other = { 0 };
    Distribution wanted, got;

    for (guint value = 1; value <= sizes[i][0]; value++)
      histogram_add (&one, value), histogram_add (&all, value);
    for (guint value = 1; value <= sizes[i][1]; value++)
      histogram_add (&other, value + 7), histogram_add (&all, value + 7);
    histogram_merge (&one, &other);
    histogram_describe (&all, &wanted);
    histogram_describe (&one, &got);
    g_assert_cmpuint (got.count, ==, wanted.count);
    g_assert_cmpfloat (got.min, ==, wanted.min);
    g_assert_cmpfloat (got.max, ==, wanted.max);
    g_assert_cmpfloat (got.p50, ==, wanted.p50);
    g_assert_cmpfloat (got.p95, ==, wanted.p95);
    assert_close (got.mean, wanted.mean, 1e-9);
    histogram_clear (&all);
    histogram_clear (&one);
    histogram_clear (&other);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/histogram/nothing-measured-is-unknown", test_nothing_measured_is_unknown);
  g_test_add_func (
      "/histogram/percentiles-are-by-nearest-rank", test_percentiles_are_by_nearest_rank);
  g_test_add_func ("/histogram/many-values-are-within-1-percent",
      test_many_values_are_within_1_percent);
  g_test_add_func (
      "/histogram/zeros-stay-zeros-among-many", test_zeros_stay_zeros_among_many);
  g_test_add_func ("/histogram/merging-is-adding", test_merging_is_adding);
  return g_test_run ();
}
