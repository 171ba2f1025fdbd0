/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Conferences to counts and distributions. Threads as in the header.
 */
#include "overview.h"

#include <math.h>

#define AUTO_BUCKETS 100 /* at most; the rounder, the fewer */
#define MAX_SITES 10000
#define MAX_FAILURES 10000

#define MINUTE ((gint64)60 * 1000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const gint64 steps[] = { MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR,
  6 * HOUR, DAY, 7 * DAY };

/* ---- Buckets ---- */

static gint64
round_down (gint64 time, gint64 step)
{
  gint64 rest = time % step;

  return time - (rest < 0 ? rest + step : rest);
}

static gint64
count_buckets (gint64 from, gint64 to, gint64 step)
{
  return from < to ? (round_down (to - 1, step) - round_down (from, step)) / step + 1 : 0;
}

static gint64
choose_step (gint64 range)
{
  gint64 step;
  guint i = 0;

  while (i + 1 < G_N_ELEMENTS (steps) && range > AUTO_BUCKETS * steps[i])
    i++;
  step = steps[i];
  while (range / AUTO_BUCKETS > step)
    step *= 2;
  return step;
}

static void
site_free (gpointer data)
{
  OverviewSite *site = data;

  g_free (site->site);
  g_free (site);
}

Overview *
overview_new (gint64 from, gint64 to, gint64 step)
{
  Overview *self;
  gint64 n;

  if (step == 0)
    step = choose_step (MAX (to - from, 0));
  n = count_buckets (from, to, step);
  if (n > OVERVIEW_MAX_BUCKETS)
    return NULL;
  self = g_new0 (Overview, 1);
  self->from = from;
  self->to = to;
  self->step = step;
  self->first = round_down (from, step);
  self->n_buckets = (guint)n;
  self->buckets = g_new0 (OverviewCounts, n);
  self->sites = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, site_free);
  self->failures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

static void
counts_clear (OverviewCounts *counts)
{
  histogram_clear (&counts->setup_delay);
  histogram_clear (&counts->score);
}

void
overview_free (Overview *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_buckets; i++)
    counts_clear (&self->buckets[i]);
  counts_clear (&self->totals);
  histogram_clear (&self->gathering);
  histogram_clear (&self->connectivity);
  histogram_clear (&self->duration);
  g_hash_table_unref (self->sites);
  g_hash_table_unref (self->failures);
  g_free (self->buckets);
  g_free (self);
}

/* ---- One conference ---- */

static void
add_counts (OverviewCounts *counts, const StoreFigures *figures)
{
  counts->conferences++;
  counts->participants += figures->participants;
  counts->fabrics += figures->fabrics;
  counts->set_up += figures->set_up;
  counts->failed += figures->failed;
  counts->dropped += figures->dropped;
  counts->failed_conferences += figures->failed > 0;
  counts->dropped_conferences += figures->dropped > 0;
  histogram_add (&counts->score, figures->score);
}

static void
add_setups (Overview *self, OverviewCounts *bucket, const StoreFigures *figures)
{
  StoreSetup setup;

  for (guint i = 0; i < figures->n_setups; i++) {
    store_figures_get_setup (figures, i, &setup);
    histogram_add (&bucket->setup_delay, setup.delay);
    histogram_add (&self->gathering, setup.ice_gathering_delay);
    histogram_add (&self->connectivity, setup.ice_connectivity_delay);
  }
  self->truncated |= figures->n_setups >= STORE_MAX_SETUPS;
}

/* Those of the same failures are parsed once, in the end. */
static void
add_failures (Overview *self, const char *failures)
{
  guint64 *n = g_hash_table_lookup (self->failures, failures);

  if (n == NULL) {
    if (g_hash_table_size (self->failures) >= MAX_FAILURES) {
      self->truncated = TRUE;
      return;
    }
    n = g_new0 (guint64, 1);
    g_hash_table_insert (self->failures, g_strdup (failures), n);
  }
  ++*n;
}

static void
add_site (Overview *self, const StoreFigures *figures)
{
  OverviewSite *site = g_hash_table_lookup (self->sites, figures->site);

  if (site == NULL) {
    if (g_hash_table_size (self->sites) >= MAX_SITES) {
      self->truncated = TRUE;
      return;
    }
    site = g_new0 (OverviewSite, 1);
    site->site = g_strdup (figures->site);
    g_hash_table_insert (self->sites, site->site, site);
  }
  site->conferences++;
  site->set_up += figures->set_up;
  site->failed += figures->failed;
  site->dropped += figures->dropped;
}

static void
add_media (Overview *self, const StoreFigures *figures)
{
  self->known += figures->media_known;
  self->disrupted += figures->disruptions > 0;
  self->one_way += figures->one_way > 0;
  if (isfinite (figures->score))
    self->bands[CLAMP ((int)figures->score - 1, 0, OVERVIEW_N_BANDS - 1)]++;
}

void
overview_add (Overview *self, const StoreFigures *figures)
{
  gint64 start = round_down (figures->start, 1000) / 1000;
  gint64 index = (start - self->first) / self->step;
  OverviewCounts *bucket;

  if (start < self->from || start >= self->to)
    return;
  bucket = &self->buckets[index];
  add_counts (bucket, figures);
  add_setups (self, bucket, figures);
  add_media (self, figures);
  if (figures->ended)
    histogram_add (&self->duration, (double)figures->duration / 1000);
  else
    self->ongoing++;
  if (figures->failures != NULL)
    add_failures (self, figures->failures);
  if (figures->site != NULL)
    add_site (self, figures);
}
