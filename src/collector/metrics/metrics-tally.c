/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is counted while records are stored. Threads as in the header.
 */
#include "metrics-tally.h"

#include <math.h>
#include <string.h>

#define OTHER "other"

const char *const tally_reasons[TALLY_N_REASONS] = {
  "MediaConfigError",
  "MediaPermissionError",
  "MediaDeviceError",
  "NegotiationFailure",
  "SDPGenerationError",
  "IceConnectionFailure",
  "TransportFailure",
  "SignalingError",
  OTHER,
};

const char *const tally_causes[TALLY_N_CAUSES] = {
  "application",
  "pipeline",
  "remote closed",
  "remote left",
  "signaling closed",
  OTHER,
};

static const MetricsBuckets delay_buckets = { 12,
  { 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30 } };
static const MetricsBuckets score_buckets = { 9, { 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5 } };
static const MetricsBuckets lag_buckets = { 11,
  { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 } };
static const MetricsBuckets commit_buckets = { 12,
  { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5 } };

struct _TallySheet {
  GHashTable *apps; /* name -> TallyApp, which stay */
  MetricsHistogram lag;
};

typedef struct {
  TallyApp app;
  MetricsHistogram score;
} Sums;

struct _Tally {
  GMutex lock;
  GHashTable *apps; /* label -> Sums */
  MetricsHistogram lag;
  MetricsHistogram commit;
  guint64 errors;
};

static void
app_clear (TallyApp *app)
{
  memset (app, 0, sizeof *app);
  metrics_histogram_init (&app->setup_delay, &delay_buckets);
}

/* ---- The sheet ---- */

TallySheet *
tally_sheet_new (void)
{
  TallySheet *sheet = g_new0 (TallySheet, 1);

  sheet->apps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  metrics_histogram_init (&sheet->lag, &lag_buckets);
  return sheet;
}

void
tally_sheet_free (TallySheet *sheet)
{
  if (sheet == NULL)
    return;
  g_hash_table_unref (sheet->apps);
  g_free (sheet);
}

TallyApp *
tally_sheet_get_app (TallySheet *sheet, const char *name)
{
  TallyApp *app = g_hash_table_lookup (sheet->apps, name);

  if (app == NULL) {
    app = g_new (TallyApp, 1);
    app_clear (app);
    g_hash_table_insert (sheet->apps, g_strdup (name), app);
  }
  return app;
}

static guint
find_word (const char *const *words, guint n, const char *word)
{
  guint i = 0;

  while (i < n - 1 && (word == NULL || strcmp (words[i], word) != 0))
    i++;
  return i;
}

void
tally_app_mark (TallyApp *app, FabricMark mark, const char *why, double delay)
{
  switch (mark) {
  case FABRIC_MARK_SET_UP:
    app->setups++;
    metrics_histogram_observe (&app->setup_delay, delay / 1000);
    break;
  case FABRIC_MARK_FAILED:
    app->failures[find_word (tally_reasons, TALLY_N_REASONS, why)]++;
    break;
  case FABRIC_MARK_DROPPED:
    app->drops++;
    break;
  case FABRIC_MARK_TERMINATED:
    app->terminations[find_word (tally_causes, TALLY_N_CAUSES, why)]++;
    break;
  case FABRIC_MARK_NONE:
  case FABRIC_MARK_ADDED:
    break;
  }
}

void
tally_sheet_add_lag (TallySheet *sheet, gint64 lag)
{
  metrics_histogram_observe (&sheet->lag, (double)lag / G_USEC_PER_SEC);
}

void
tally_sheet_clear (TallySheet *sheet)
{
  GHashTableIter iter;
  gpointer app;

  g_hash_table_iter_init (&iter, sheet->apps);
  while (g_hash_table_iter_next (&iter, NULL, &app))
    app_clear (app);
  metrics_histogram_init (&sheet->lag, &lag_buckets);
}

/* ---- The sums ---- */

Tally *
tally_new (void)
{
  Tally *tally = g_new0 (Tally, 1);

  g_mutex_init (&tally->lock);
  tally->apps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  metrics_histogram_init (&tally->lag, &lag_buckets);
  metrics_histogram_init (&tally->commit, &commit_buckets);
  return tally;
}

void
tally_free (Tally *tally)
{
  if (tally == NULL)
    return;
  g_hash_table_unref (tally->apps);
  g_mutex_clear (&tally->lock);
  g_free (tally);
}

static const char *
find_label (Tally *tally, const char *app)
{
  return g_hash_table_contains (tally->apps, app) ||
                 g_hash_table_size (tally->apps) < TALLY_MAX_APPS
             ? app
             : OTHER;
}

static Sums *
get_sums (Tally *tally, const char *app)
{
  const char *name = find_label (tally, app);
  Sums *sums = g_hash_table_lookup (tally->apps, name);

  if (sums == NULL) {
    sums = g_new (Sums, 1);
    app_clear (&sums->app);
    metrics_histogram_init (&sums->score, &score_buckets);
    g_hash_table_insert (tally->apps, g_strdup (name), sums);
  }
  return sums;
}

void
tally_know_app (Tally *tally, const char *app)
{
  g_mutex_lock (&tally->lock);
  if (g_hash_table_size (tally->apps) < TALLY_MAX_APPS)
    get_sums (tally, app);
  g_mutex_unlock (&tally->lock);
}

static void
add_app (TallyApp *to, const TallyApp *from)
{
  to->records += from->records;
  to->reports += from->reports;
  to->setups += from->setups;
  to->drops += from->drops;
  for (guint i = 0; i < TALLY_N_REASONS; i++)
    to->failures[i] += from->failures[i];
  for (guint i = 0; i < TALLY_N_CAUSES; i++)
    to->terminations[i] += from->terminations[i];
  metrics_histogram_add (&to->setup_delay, &from->setup_delay);
}

void
tally_commit (Tally *tally, TallySheet *sheet, gint64 took)
{
  GHashTableIter iter;
  gpointer name, app;

  g_mutex_lock (&tally->lock);
  g_hash_table_iter_init (&iter, sheet->apps);
  while (g_hash_table_iter_next (&iter, &name, &app))
    if (((TallyApp *)app)->records > 0)
      add_app (&get_sums (tally, name)->app, app);
  metrics_histogram_add (&tally->lag, &sheet->lag);
  metrics_histogram_observe (&tally->commit, (double)took / G_USEC_PER_SEC);
  g_mutex_unlock (&tally->lock);
  tally_sheet_clear (sheet);
}

void
tally_fail (Tally *tally, TallySheet *sheet)
{
  g_mutex_lock (&tally->lock);
  tally->errors++;
  g_mutex_unlock (&tally->lock);
  tally_sheet_clear (sheet);
}

void
tally_score (Tally *tally, const char *app, double score)
{
  g_mutex_lock (&tally->lock);
  metrics_histogram_observe (&get_sums (tally, app)->score, score);
  g_mutex_unlock (&tally->lock);
}

char *
tally_get_label (Tally *tally, const char *app)
{
  char *label;

  g_mutex_lock (&tally->lock);
  label = g_strdup (find_label (tally, app));
  g_mutex_unlock (&tally->lock);
  return label;
}

static int
compare_labels (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
tally_list_labels (Tally *tally)
{
  GPtrArray *labels = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer label;

  g_mutex_lock (&tally->lock);
  g_hash_table_iter_init (&iter, tally->apps);
  while (g_hash_table_iter_next (&iter, &label, NULL))
    g_ptr_array_add (labels, g_strdup (label));
  g_mutex_unlock (&tally->lock);
  g_ptr_array_sort (labels, compare_labels);
  return labels;
}

/* ---- As text ---- */

/* One family with a sample for each application: its samples must stand together. */
typedef struct {
  const char *name;
  const char *type;
  const char *help;
  void (*append) (GString *text, const char *name, const char *app, const Sums *sums);
} Family;

static void
append_records (GString *text, const char *name, const char *app, const Sums *sums)
{
  metrics_text_count (text, name, sums->app.records, "app", app, NULL);
}

static void
append_reports (GString *text, const char *name, const char *app, const Sums *sums)
{
  metrics_text_count (text, name, sums->app.reports, "app", app, NULL);
}

static void
append_setups (GString *text, const char *name, const char *app, const Sums *sums)
{
  metrics_text_count (text, name, sums->app.setups, "app", app, NULL);
}

static void
append_failures (GString *text, const char *name, const char *app, const Sums *sums)
{
  for (guint i = 0; i < TALLY_N_REASONS; i++)
    metrics_text_count (
        text, name, sums->app.failures[i], "app", app, "reason", tally_reasons[i], NULL);
}

static void
append_drops (GString *text, const char *name, const char *app, const Sums *sums)
{
  metrics_text_count (text, name, sums->app.drops, "app", app, NULL);
}

static void
append_terminations (GString *text, const char *name, const char *app, const Sums *sums)
{
  for (guint i = 0; i < TALLY_N_CAUSES; i++)
    metrics_text_count (text, name, sums->app.terminations[i], "app", app, "cause",
        tally_causes[i], NULL);
}

static void
append_setup_delay (GString *text, const char *name, const char *app, const Sums *sums)
{
  metrics_text_histogram (text, name, &sums->app.setup_delay, "app", app, NULL);
}

static void
append_score (GString *text, const char *name, const char *app, const Sums *sums)
{
  metrics_text_histogram (text, name, &sums->score, "app", app, NULL);
}

static const Family families[] = {
  { "callstats_ingest_records_total", "counter",
      "Records stored, events and reports; repeated ones not again.", append_records },
  { "callstats_ingest_reports_total", "counter", "Reports stored.", append_reports },
  { "callstats_fabric_setups_total", "counter", "Fabrics that were set up.",
      append_setups },
  { "callstats_fabric_setup_failures_total", "counter",
      "Fabrics that failed to be set up, by callstats' reason.", append_failures },
  { "callstats_fabric_drops_total", "counter", "Fabrics that dropped.", append_drops },
  { "callstats_fabric_terminations_total", "counter",
      "Fabrics that were terminated, by cause.", append_terminations },
  { "callstats_fabric_setup_delay_seconds", "histogram",
      "From addNewFabric to fabricSetup, of each fabric.", append_setup_delay },
  { "callstats_fabric_score", "histogram",
      "Median score, from 1 to 5, of each fabric of a conference that ended.",
      append_score },
};

void
tally_append_metrics (Tally *tally, GString *text)
{
  g_autoptr (GList) names = NULL;

  g_mutex_lock (&tally->lock);
  names = g_list_sort (g_hash_table_get_keys (tally->apps), (GCompareFunc)strcmp);
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++) {
    metrics_text_family (text, families[i].name, families[i].type, families[i].help);
    for (GList *name = names; name != NULL; name = name->next)
      families[i].append (text, families[i].name, name->data,
          g_hash_table_lookup (tally->apps, name->data));
  }
  metrics_text_family (text, "callstats_ingest_commit_lag_seconds", "histogram",
      "From the receipt of records to their durable commit, of each batch.");
  metrics_text_histogram (text, "callstats_ingest_commit_lag_seconds", &tally->lag, NULL);
  metrics_text_family (text, "callstats_store_commit_seconds", "histogram",
      "What the commit of a transaction took.");
  metrics_text_histogram (text, "callstats_store_commit_seconds", &tally->commit, NULL);
  metrics_text_family (text, "callstats_store_errors_total", "counter",
      "Transactions of the store that failed.");
  metrics_text_count (text, "callstats_store_errors_total", tally->errors, NULL);
  g_mutex_unlock (&tally->lock);
}
