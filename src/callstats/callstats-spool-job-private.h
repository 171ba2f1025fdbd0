/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One errand of a spool to the disk thread: everything that is to be done there in one
 * go. Filled and freed on the monitor thread, run on the disk thread.
 */
#pragma once

#include "callstats-spool-folder-private.h"

typedef enum {
  CALLSTATS_SPOOL_STAYS,
  CALLSTATS_SPOOL_CLOSES,
  CALLSTATS_SPOOL_ENDS, /* nothing of it is needed any more */
} CallstatsSpoolFate;

typedef struct {
  /* Where. home: NULL: make it, if there is anything to write. */
  const char *path;
  const char *folder;
  gsize segment_bytes;
  CallstatsSpoolHome *home;

  /* What, in this order. */
  gboolean has_state;
  CallstatsJournalState state;
  CallstatsLoss loss;
  CallstatsGap gap;
  GArray *dropped; /* guint64 */
  GArray *entries; /* CallstatsJournalEntry, to be written */
  gboolean sync;
  GArray *live; /* guint64; NULL: no compaction */
  gint64 before;
  guint64 read_from; /* 0: nothing is read */
  gsize read_bytes;  /* at most, about */
  GArray *loaded;    /* CallstatsJournalEntry, what was read */
  CallstatsSpoolFate fate;

  gboolean written; /* state, dropped and entries are in the journal */
  GError *error;    /* the first one, of anything */
  gsize bytes;      /* of the journal now */
} CallstatsSpoolJob;

CallstatsSpoolJob *callstats_spool_job_new (void);
void callstats_spool_job_free (CallstatsSpoolJob *job);
/* On the disk thread. */
void callstats_spool_job_run (CallstatsSpoolJob *job);
