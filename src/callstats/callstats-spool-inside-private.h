/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of a shelf, for the spools on it. Monitor thread only.
 */
#pragma once

#include "callstats-spool-private.h"

struct _CallstatsSpoolShelf {
  gatomicrefcount ref_count;
  CallstatsSpoolShelfCallbacks callbacks;
  gpointer user_data;
  gboolean freed;
  gboolean warned;
  char *path;
  char *folder;
  guint64 max_bytes;
  gint64 max_age; /* µs */
  gsize segment_bytes;
  guint looks;
  GSource *look;
  GPtrArray *homes; /* found by the disk thread */
  GError *error;    /* of looking */
};

CallstatsSpoolShelf *callstats_spool_shelf_ref (CallstatsSpoolShelf *shelf);
void callstats_spool_shelf_unref (CallstatsSpoolShelf *shelf);
/* Once: the reason why nothing can be kept on disk. */
void callstats_spool_shelf_tell_trouble (
    CallstatsSpoolShelf *shelf, const GError *reason);
/* What is from before that time is too old. */
gint64 callstats_spool_shelf_expired_before (CallstatsSpoolShelf *shelf);

/* On the disk thread, in the order of the calls; done follows on the monitor thread. */
void callstats_spool_run_on_disk (
    void (*run) (gpointer data), void (*done) (gpointer data), gpointer data);
