/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The text format of Prometheus. Pure: any thread.
 */
#include "metrics-text.h"

#include <math.h>
#include <string.h>

void
metrics_histogram_init (MetricsHistogram *histogram, const MetricsBuckets *buckets)
{
  memset (histogram, 0, sizeof *histogram);
  histogram->buckets = buckets;
}

void
metrics_histogram_observe (MetricsHistogram *histogram, double value)
{
  guint i = 0;

  if (!isfinite (value) || value < 0)
    return;
  while (i < histogram->buckets->n && value > histogram->buckets->upper[i])
    i++;
  histogram->counts[i]++;
  histogram->sum += value;
}

void
metrics_histogram_add (MetricsHistogram *to, const MetricsHistogram *from)
{
  for (guint i = 0; i <= to->buckets->n; i++)
    to->counts[i] += from->counts[i];
  to->sum += from->sum;
}

/* Line breaks and backslashes are escaped, in values quotes too; what is not UTF-8 is
 * replaced. */
static void
append_escaped (GString *text, const char *string, gboolean is_value)
{
  g_autofree char *valid = g_utf8_make_valid (string, -1);

  for (const char *p = valid; *p != '\0'; p++) {
    if (*p == '\n')
      g_string_append (text, "\\n");
    else if (*p == '\\' || (*p == '"' && is_value))
      g_string_append_printf (text, "\\%c", *p);
    else
      g_string_append_c (text, *p);
  }
}

static void
append_number (GString *text, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value))
    g_string_append (text, "NaN");
  else if (isinf (value))
    g_string_append (text, value > 0 ? "+Inf" : "-Inf");
  else
    g_string_append (text, g_ascii_formatd (buffer, sizeof buffer, "%.15g", value));
}

static void
append_label (GString *labels, const char *name, const char *value)
{
  g_string_append_printf (labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
  append_escaped (labels, value, TRUE);
  g_string_append_c (labels, '"');
}

static GString *
collect_labels (va_list pairs)
{
  GString *labels = g_string_new (NULL);
  const char *name;

  while ((name = va_arg (pairs, const char *)) != NULL) {
    const char *value = va_arg (pairs, const char *);

    if (value != NULL)
      append_label (labels, name, value);
  }
  return labels;
}

static void
append_name (GString *text, const char *name, const char *suffix, const GString *labels)
{
  g_string_append_printf (text, "%s%s", name, suffix);
  if (labels->len > 0)
    g_string_append_printf (text, "{%s}", labels->str);
  g_string_append_c (text, ' ');
}

void
metrics_text_family (GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text, "# HELP %s ", name);
  append_escaped (text, help, FALSE);
  g_string_append_printf (text, "\n# TYPE %s %s\n", name, type);
}

void
metrics_text_value (GString *text, const char *name, double value, ...)
{
  g_autoptr (GString) labels = NULL;
  va_list pairs;

  va_start (pairs, value);
  labels = collect_labels (pairs);
  va_end (pairs);
  append_name (text, name, "", labels);
  append_number (text, value);
  g_string_append_c (text, '\n');
}

void
metrics_text_count (GString *text, const char *name, guint64 value, ...)
{
  g_autoptr (GString) labels = NULL;
  va_list pairs;

  va_start (pairs, value);
  labels = collect_labels (pairs);
  va_end (pairs);
  append_name (text, name, "", labels);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT "\n", value);
}

static void
append_bucket (
    GString *text, const char *name, GString *labels, double upper, guint64 count)
{
  gsize length = labels->len;

  g_string_append_printf (labels, "%sle=\"", length > 0 ? "," : "");
  append_number (labels, upper);
  g_string_append_c (labels, '"');
  append_name (text, name, "_bucket", labels);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT "\n", count);
  g_string_truncate (labels, length);
}

void
metrics_text_histogram (
    GString *text, const char *name, const MetricsHistogram *histogram, ...)
{
  const MetricsBuckets *buckets = histogram->buckets;
  g_autoptr (GString) labels = NULL;
  guint64 count = 0;
  va_list pairs;

  va_start (pairs, histogram);
  labels = collect_labels (pairs);
  va_end (pairs);
  for (guint i = 0; i <= buckets->n; i++) {
    count += histogram->counts[i];
    append_bucket (
        text, name, labels, i < buckets->n ? buckets->upper[i] : INFINITY, count);
  }
  append_name (text, name, "_sum", labels);
  append_number (text, histogram->sum);
  g_string_append_c (text, '\n');
  append_name (text, name, "_count", labels);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT "\n", count);
}
