/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The text format of Prometheus, version 0.0.4, and its histograms.
 *
 * Pure: any thread.
 */
#pragma once

#include <glib.h>

#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_MAX_BUCKETS 16

typedef struct {
  guint n;
  double upper[METRICS_MAX_BUCKETS]; /* inclusive, ascending; beyond the last is +Inf */
} MetricsBuckets;

typedef struct {
  const MetricsBuckets *buckets;
  guint64 counts[METRICS_MAX_BUCKETS + 1]; /* of each bucket alone */
  double sum;
} MetricsHistogram;

/* buckets must outlive the histogram. */
void metrics_histogram_init (MetricsHistogram *histogram, const MetricsBuckets *buckets);
/* What is negative or not finite is not counted. */
void metrics_histogram_observe (MetricsHistogram *histogram, double value);
/* Both have the same buckets. */
void metrics_histogram_add (MetricsHistogram *to, const MetricsHistogram *from);

/* What comes until the next family belongs to this one. type: counter, gauge or
 * histogram. */
void metrics_text_family (
    GString *text, const char *name, const char *type, const char *help);
/* labels: pairs of name and value, ended by NULL; a pair with a NULL value is left out.
 */
void metrics_text_value (
    GString *text, const char *name, double value, ...) G_GNUC_NULL_TERMINATED;
void metrics_text_count (
    GString *text, const char *name, guint64 value, ...) G_GNUC_NULL_TERMINATED;
void metrics_text_histogram (GString *text, const char *name,
    const MetricsHistogram *histogram, ...) G_GNUC_NULL_TERMINATED;
