/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The distribution of measured values, in bounded memory. Up to HISTOGRAM_MAX_EXACT
 * values are kept as they are, and percentiles are exact. Further ones are counted in
 * logarithmic buckets, as in DDSketch (Masson, Rim, Lee, VLDB 2019): then percentiles are
 * within 1 % of the exact ones. Count, mean, minimum and maximum are always exact.
 *
 * Pure; one thread at a time.
 */
#pragma once

#include <glib.h>

#define HISTOGRAM_MAX_EXACT 1024

typedef struct {
  guint64 count;
  double sum, min, max;
  GArray *values;   /* double, up to HISTOGRAM_MAX_EXACT */
  guint32 *buckets; /* from then on */
} Histogram;

/* Not a number where there is no value. */
typedef struct {
  guint64 count;
  double min, p5, p50, p95, max, mean;
} Distribution;

/* A Histogram of zeros is empty. */
void histogram_clear (Histogram *histogram);
/* What is negative or not finite is no measurement. */
void histogram_add (Histogram *histogram, double value);
/* Adds all values of the other one. */
void histogram_merge (Histogram *histogram, const Histogram *other);
/* By nearest rank: the least value that at least so many per cent do not exceed; not a
 * number where there is none. */
double histogram_get_percentile (Histogram *histogram, double percent);
void histogram_describe (Histogram *histogram, Distribution *distribution);
