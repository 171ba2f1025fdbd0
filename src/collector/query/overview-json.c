/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON of an overview. Threads as in the header.
 */
#include <math.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "overview.h"

#define MAX_REASONS 100
#define MAX_SITES 10

/* ---- Values ---- */

static void
add_count (GString *json, const char *name, guint64 value)
{
  callstats_json_append_member (json, name);
  callstats_json_append_int (json, (gint64)value);
}

/* Not a number: null. */
static void
append_number (GString *json, double value, int digits)
{
  double unit = pow (10, digits);

  callstats_json_append_double (json, round (value * unit) / unit);
}

static void
add_number (GString *json, const char *name, double value, int digits)
{
  callstats_json_append_member (json, name);
  append_number (json, value, digits);
}

static void
add_rate (GString *json, guint64 failed, guint64 set_up)
{
  guint64 tried = failed + set_up;

  add_number (json, "setupFailureRate",
      tried > 0 ? (double)failed / (double)tried : (double)NAN, 6);
}

static void
add_distribution (GString *json, const char *name, Histogram *histogram, int digits)
{
  Distribution distribution;

  callstats_json_append_member (json, name);
  if (histogram->count == 0) {
    g_string_append (json, "null");
    return;
  }
  histogram_describe (histogram, &distribution);
  g_string_append_c (json, '{');
  add_count (json, "count", distribution.count);
  add_number (json, "min", distribution.min, digits);
  add_number (json, "p5", distribution.p5, digits);
  add_number (json, "p50", distribution.p50, digits);
  add_number (json, "p95", distribution.p95, digits);
  add_number (json, "max", distribution.max, digits);
  add_number (json, "mean", distribution.mean, digits);
  g_string_append_c (json, '}');
}

/* ---- Over time ---- */

static void
separate (GString *json, guint index)
{
  if (index > 0)
    g_string_append_c (json, ',');
}

static void
add_times (const Overview *overview, GString *json)
{
  callstats_json_append_member (json, "time");
  g_string_append_c (json, '[');
  for (guint i = 0; i < overview->n_buckets; i++) {
    separate (json, i);
    callstats_json_append_int (json, overview->first + i * overview->step);
  }
  g_string_append_c (json, ']');
}

/* offset: of a guint64 in OverviewCounts. */
static void
add_column (const Overview *overview, GString *json, const char *name, gsize offset)
{
  callstats_json_append_member (json, name);
  g_string_append_c (json, '[');
  for (guint i = 0; i < overview->n_buckets; i++) {
    separate (json, i);
    callstats_json_append_int (
        json, (gint64)G_STRUCT_MEMBER (guint64, &overview->buckets[i], offset));
  }
  g_string_append_c (json, ']');
}

/* offset: of a Histogram there. */
static void
add_percentile (
    const Overview *overview, GString *json, double percent, gsize offset, int digits)
{
  g_autofree char *name = g_strdup_printf ("p%.0f", percent);

  callstats_json_append_member (json, name);
  g_string_append_c (json, '[');
  for (guint i = 0; i < overview->n_buckets; i++) {
    separate (json, i);
    append_number (json,
        histogram_get_percentile (
            G_STRUCT_MEMBER_P (&overview->buckets[i], offset), percent),
        digits);
  }
  g_string_append_c (json, ']');
}

static const struct {
  const char *name;
  gsize offset;
} counts[] = {
  { "conferences", G_STRUCT_OFFSET (OverviewCounts, conferences) },
  { "participants", G_STRUCT_OFFSET (OverviewCounts, participants) },
  { "fabrics", G_STRUCT_OFFSET (OverviewCounts, fabrics) },
  { "setUp", G_STRUCT_OFFSET (OverviewCounts, set_up) },
  { "setupFailed", G_STRUCT_OFFSET (OverviewCounts, failed) },
  { "dropped", G_STRUCT_OFFSET (OverviewCounts, dropped) },
  { "failedConferences", G_STRUCT_OFFSET (OverviewCounts, failed_conferences) },
  { "droppedConferences", G_STRUCT_OFFSET (OverviewCounts, dropped_conferences) },
};

static void
add_columns (const Overview *overview, GString *json)
{
  add_times (overview, json);
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    add_column (overview, json, counts[i].name, counts[i].offset);
  callstats_json_append_member (json, "setupDelay");
  g_string_append_c (json, '{');
  add_percentile (overview, json, 50, G_STRUCT_OFFSET (OverviewCounts, setup_delay), 3);
  add_percentile (overview, json, 95, G_STRUCT_OFFSET (OverviewCounts, setup_delay), 3);
  g_string_append (json, "}");
  callstats_json_append_member (json, "score");
  g_string_append_c (json, '{');
  add_percentile (overview, json, 5, G_STRUCT_OFFSET (OverviewCounts, score), 2);
  add_percentile (overview, json, 50, G_STRUCT_OFFSET (OverviewCounts, score), 2);
  g_string_append_c (json, '}');
}

/* ---- In all ---- */

static void
sum_up (Overview *overview)
{
  OverviewCounts *totals = &overview->totals;

  for (guint i = 0; i < overview->n_buckets; i++) {
    OverviewCounts *bucket = &overview->buckets[i];

    for (guint k = 0; k < G_N_ELEMENTS (counts); k++)
      G_STRUCT_MEMBER (guint64, totals, counts[k].offset) +=
          G_STRUCT_MEMBER (guint64, bucket, counts[k].offset);
    histogram_merge (&totals->setup_delay, &bucket->setup_delay);
    histogram_merge (&totals->score, &bucket->score);
  }
}

/* compare: of two pointers to values. Returns: the values, sorted. */
static GPtrArray *
sort_values (GHashTable *table, GCompareFunc compare)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (list, value);
  g_ptr_array_sort (list, compare);
  return list;
}

typedef struct {
  const char *reason;
  guint64 n;
} Reason;

static int
compare_reasons (gconstpointer a, gconstpointer b)
{
  const Reason *one = *(const Reason *const *)a, *other = *(const Reason *const *)b;

  if (one->n != other->n)
    return one->n < other->n ? 1 : -1;
  return g_strcmp0 (one->reason, other->reason);
}

static void
count_reasons (GHashTable *reasons, const char *failures, guint64 times)
{
  g_autoptr (JsonObject) object =
      callstats_json_parse_object (failures, strlen (failures), NULL);
  g_autoptr (GList) names = object != NULL ? json_object_get_members (object) : NULL;

  for (GList *name = names; name != NULL; name = name->next) {
    Reason *reason = g_hash_table_lookup (reasons, name->data);
    gint64 n = callstats_json_get_int (object, name->data, 0);

    if (reason == NULL) {
      char *key = g_strdup (name->data);

      reason = g_new0 (Reason, 1);
      reason->reason = key;
      g_hash_table_insert (reasons, key, reason);
    }
    reason->n += (guint64)MAX (n, 0) * times;
  }
}

static void
add_failures (Overview *overview, GString *json)
{
  g_autoptr (GHashTable) reasons =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) list = NULL;
  GHashTableIter iter;
  gpointer failures, n;

  g_hash_table_iter_init (&iter, overview->failures);
  while (g_hash_table_iter_next (&iter, &failures, &n))
    count_reasons (reasons, failures, *(guint64 *)n);
  list = sort_values (reasons, compare_reasons);
  overview->truncated |= list->len > MAX_REASONS;
  callstats_json_append_member (json, "failuresByReason");
  g_string_append_c (json, '{');
  for (guint i = 0; i < MIN (list->len, MAX_REASONS); i++) {
    const Reason *reason = list->pdata[i];

    add_count (json, reason->reason, reason->n);
  }
  g_string_append_c (json, '}');
}

static void
add_bands (const Overview *overview, GString *json)
{
  callstats_json_append_member (json, "scoreBands");
  g_string_append_c (json, '[');
  for (guint i = 0; i < OVERVIEW_N_BANDS; i++) {
    separate (json, i);
    g_string_append_c (json, '{');
    add_count (json, "from", i + 1);
    add_count (json, "to", i + 2);
    add_count (json, "conferences", overview->bands[i]);
    g_string_append_c (json, '}');
  }
  g_string_append_c (json, ']');
}

static int
compare_sites (gconstpointer a, gconstpointer b)
{
  const OverviewSite *one = *(const OverviewSite *const *)a,
                     *other = *(const OverviewSite *const *)b;

  if (one->conferences != other->conferences)
    return one->conferences < other->conferences ? 1 : -1;
  return g_strcmp0 (one->site, other->site);
}

static void
append_site (GString *json, const OverviewSite *site)
{
  g_string_append_c (json, '{');
  callstats_json_append_member (json, "site");
  callstats_json_append_string (json, site->site);
  add_count (json, "conferences", site->conferences);
  add_count (json, "setUp", site->set_up);
  add_count (json, "setupFailed", site->failed);
  add_rate (json, site->failed, site->set_up);
  add_count (json, "dropped", site->dropped);
  g_string_append_c (json, '}');
}

static void
add_sites (const Overview *overview, GString *json)
{
  g_autoptr (GPtrArray) list = sort_values (overview->sites, compare_sites);

  callstats_json_append_member (json, "sites");
  g_string_append_c (json, '[');
  for (guint i = 0; i < MIN (list->len, MAX_SITES); i++) {
    separate (json, i);
    append_site (json, list->pdata[i]);
  }
  g_string_append_c (json, ']');
}

static void
add_media (const Overview *overview, GString *json)
{
  double disrupted = overview->known > 0 ? (double)overview->disrupted : (double)NAN;
  double one_way = overview->known > 0 ? (double)overview->one_way : (double)NAN;

  add_number (json, "disruptedConferences", disrupted, 0);
  add_number (json, "oneWayConferences", one_way, 0);
}

static void
add_totals (Overview *overview, GString *json)
{
  OverviewCounts *totals = &overview->totals;

  callstats_json_append_member (json, "totals");
  g_string_append_c (json, '{');
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    add_count (json, counts[i].name, G_STRUCT_MEMBER (guint64, totals, counts[i].offset));
  add_count (json, "ongoing", overview->ongoing);
  add_rate (json, totals->failed, totals->set_up);
  add_media (overview, json);
  add_failures (overview, json);
  add_distribution (json, "setupDelay", &totals->setup_delay, 3);
  add_distribution (json, "iceGatheringDelay", &overview->gathering, 3);
  add_distribution (json, "iceConnectivityDelay", &overview->connectivity, 3);
  add_distribution (json, "score", &totals->score, 2);
  add_bands (overview, json);
  add_distribution (json, "duration", &overview->duration, 0);
  add_sites (overview, json);
  g_string_append_c (json, '}');
}

void
overview_append_json (Overview *overview, GString *json)
{
  sum_up (overview);
  g_string_append_c (json, '{');
  callstats_json_append_member (json, "from");
  callstats_json_append_int (json, overview->from);
  callstats_json_append_member (json, "to");
  callstats_json_append_int (json, overview->to);
  add_count (json, "step", (guint64)overview->step);
  add_columns (overview, json);
  add_totals (overview, json);
  callstats_json_append_member (json, "truncated");
  g_string_append (json, overview->truncated ? "true" : "false");
  g_string_append (json, "}\n");
}
