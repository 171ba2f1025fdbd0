/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Distributions, exact as long as they are small. Pure; one thread at a time.
 */
#include "histogram.h"

#include <math.h>

/* A bucket holds values whose quotient is at most this, so that its middle is within 1 %
 * of each of them: (γ − 1) ÷ (γ + 1) ≤ 0.01. */
#define GAMMA 1.02
#define LEAST 1e-6
#define LARGEST 1e10
#define N_BUCKETS 1864 /* bucket 0: up to LEAST; then ln (LARGEST ÷ LEAST) ÷ ln γ */

void
histogram_clear (Histogram *histogram)
{
  g_clear_pointer (&histogram->values, g_array_unref);
  g_clear_pointer (&histogram->buckets, g_free);
  *histogram = (Histogram){ 0 };
}

static guint
find_bucket (double value)
{
  if (value <= LEAST)
    return 0;
  return MIN ((guint)ceil (log (value / LEAST) / log (GAMMA)), N_BUCKETS - 1);
}

/* The value that is off by the same share from both ends of the bucket. */
static double
middle_of_bucket (guint bucket)
{
  return bucket == 0 ? 0 : 2 * LEAST * pow (GAMMA, bucket) / (GAMMA + 1);
}

static void
count_values (Histogram *histogram)
{
  histogram->buckets = g_new0 (guint32, N_BUCKETS);
  for (guint i = 0; histogram->values != NULL && i < histogram->values->len; i++)
    histogram->buckets[find_bucket (g_array_index (histogram->values, double, i))]++;
  g_clear_pointer (&histogram->values, g_array_unref);
}

void
histogram_add (Histogram *histogram, double value)
{
  if (!isfinite (value) || value < 0)
    return;
  if (histogram->count == 0) {
    histogram->values = g_array_new (FALSE, FALSE, sizeof (double));
    histogram->min = histogram->max = value;
  }
  histogram->count++;
  histogram->sum += value;
  histogram->min = MIN (histogram->min, value);
  histogram->max = MAX (histogram->max, value);
  if (histogram->count == HISTOGRAM_MAX_EXACT + 1)
    count_values (histogram);
  if (histogram->buckets != NULL)
    histogram->buckets[find_bucket (value)]++;
  else
    g_array_append_val (histogram->values, value);
}

void
histogram_merge (Histogram *histogram, const Histogram *other)
{
  if (other->values != NULL) {
    for (guint i = 0; i < other->values->len; i++)
      histogram_add (histogram, g_array_index (other->values, double, i));
    return;
  }
  if (other->count == 0)
    return;
  if (histogram->count == 0) {
    histogram->min = other->min;
    histogram->max = other->max;
  }
  if (histogram->buckets == NULL)
    count_values (histogram);
  for (guint i = 0; i < N_BUCKETS; i++)
    histogram->buckets[i] += other->buckets[i];
  histogram->count += other->count;
  histogram->sum += other->sum;
  histogram->min = MIN (histogram->min, other->min);
  histogram->max = MAX (histogram->max, other->max);
}

static int
compare_values (gconstpointer a, gconstpointer b)
{
  double one = *(const double *)a, other = *(const double *)b;

  return (one > other) - (one < other);
}

double
histogram_get_percentile (Histogram *histogram, double percent)
{
  guint64 rank = MAX (1, (guint64)ceil (percent / 100 * (double)histogram->count));
  guint64 below = 0;
  guint bucket = 0;

  if (histogram->count == 0)
    return NAN;
  if (histogram->buckets == NULL) {
    g_array_sort (histogram->values, compare_values);
    return g_array_index (histogram->values, double, rank - 1);
  }
  while (below + histogram->buckets[bucket] < rank)
    below += histogram->buckets[bucket++];
  return CLAMP (middle_of_bucket (bucket), histogram->min, histogram->max);
}

void
histogram_describe (Histogram *histogram, Distribution *distribution)
{
  gboolean empty = histogram->count == 0;

  *distribution = (Distribution){
    .count = histogram->count,
    .min = empty ? NAN : histogram->min,
    .p5 = histogram_get_percentile (histogram, 5),
    .p50 = histogram_get_percentile (histogram, 50),
    .p95 = histogram_get_percentile (histogram, 95),
    .max = empty ? NAN : histogram->max,
    .mean = empty ? NAN : histogram->sum / (double)histogram->count,
  };
}
