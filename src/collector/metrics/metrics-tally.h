/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is counted while records are stored. The store's writer fills a sheet during a
 * transaction and hands it over once that is committed; the tally keeps the sums, which
 * /metrics reads.
 *
 * A sheet belongs to one thread; a tally may be used on any.
 */
#pragma once

#include "conference.h"
#include "metrics-text.h"

/* Applications with a label of their own; those that come later are counted as "other",
 * so that the number of time series has a bound. */
#define TALLY_MAX_APPS 64

/* callstats' reasons of a setup failure; the last is for all others. */
#define TALLY_N_REASONS 9
/* Causes of fabricTerminated; the last is for all others. */
#define TALLY_N_CAUSES 6

extern const char *const tally_reasons[TALLY_N_REASONS];
extern const char *const tally_causes[TALLY_N_CAUSES];

typedef struct {
  guint64 records;
  guint64 reports;
  guint64 setups; /* this and those below: fabrics, each once */
  guint64 failures[TALLY_N_REASONS];
  guint64 drops;
  guint64 terminations[TALLY_N_CAUSES];
  MetricsHistogram setup_delay; /* seconds */
} TallyApp;

/* ---- The sheet ---- */

typedef struct _TallySheet TallySheet;

TallySheet *tally_sheet_new (void);
void tally_sheet_free (TallySheet *sheet);
/* Valid as long as the sheet. */
TallyApp *tally_sheet_get_app (TallySheet *sheet, const char *app);
/* A fabric was marked for the first time. why: (nullable): the reason or the cause that
 * the event tells. delay: ms, NAN where unknown. */
void tally_app_mark (TallyApp *app, FabricMark mark, const char *why, double delay);
/* A batch of records waited so long, in µs, from receipt to commit. */
void tally_sheet_add_lag (TallySheet *sheet, gint64 lag);
/* Of a transaction that was rolled back. */
void tally_sheet_clear (TallySheet *sheet);

/* ---- The sums ---- */

typedef struct _Tally Tally;

Tally *tally_new (void);
void tally_free (Tally *tally);
/* Gives an application its label, if there is room, before anything of it is stored. */
void tally_know_app (Tally *tally, const char *app);
/* Adds the sheet and clears it. took: µs of the commit itself. */
void tally_commit (Tally *tally, TallySheet *sheet, gint64 took);
/* The sheet is cleared, not added. */
void tally_fail (Tally *tally, TallySheet *sheet);
/* The score of a fabric that is over. */
void tally_score (Tally *tally, const char *app, double score);
/* Returns: (transfer full): the label of an application, maybe "other". */
char *tally_get_label (Tally *tally, const char *app);
/* Returns: (transfer full) (element-type utf8): those there are, sorted. */
GPtrArray *tally_list_labels (Tally *tally);
void tally_append_metrics (Tally *tally, GString *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tally, tally_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TallySheet, tally_sheet_free)
