/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What many conferences come to, over time and in all. Each counts at its start.
 *
 * Pure; one thread at a time.
 */
#pragma once

#include "histogram.h"
#include "store.h"

#define OVERVIEW_MAX_BUCKETS 1000
#define OVERVIEW_N_BANDS 4 /* of scores: up to 2, 3, 4, 5 */

/* Of conferences that began within a time. */
typedef struct {
  guint64 conferences, participants;
  guint64 fabrics, set_up, failed, dropped;        /* fabrics */
  guint64 failed_conferences, dropped_conferences; /* with such fabrics */
  Histogram setup_delay;                           /* ms, of fabrics */
  Histogram score;                                 /* of conferences */
} OverviewCounts;

typedef struct {
  char *site;
  guint64 conferences, set_up, failed, dropped;
} OverviewSite;

typedef struct {
  gint64 from, to; /* ms since the epoch */
  gint64 step;     /* ms */
  gint64 first;    /* of the first bucket: a multiple of the step */
  OverviewCounts *buckets;
  guint n_buckets;
  OverviewCounts totals;
  guint64 ongoing;                   /* conferences */
  guint64 known, disrupted, one_way; /* conferences whose media is known, and of them */
  guint64 bands[OVERVIEW_N_BANDS];   /* conferences by their scores */
  Histogram gathering, connectivity; /* ms, of fabrics */
  Histogram duration;                /* ms, of conferences that have ended */
  GHashTable *sites;                 /* name → OverviewSite */
  GHashTable *failures;              /* StoreFigures.failures → guint64: how often */
  gboolean truncated;
} Overview;

/* from, to: ms since the epoch. step: ms, 0 for one of a round width. Returns:
 * (nullable): NULL where that would be too many buckets. */
Overview *overview_new (gint64 from, gint64 to, gint64 step);
void overview_free (Overview *overview);
void overview_add (Overview *overview, const StoreFigures *figures);
/* After the last one. */
void overview_append_json (Overview *overview, GString *json);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Overview, overview_free)
