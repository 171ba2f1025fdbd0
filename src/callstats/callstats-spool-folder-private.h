/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where journals lie: one folder for each backend, application and user, named by their
 * hash; in it one folder for each session that is not through, locked by who writes it.
 *
 * Blocks on the disk. Any thread.
 */
#pragma once

#include "callstats-journal-private.h"

/* A journal in its locked folder. */
typedef struct {
  CallstatsJournal *journal;
  GArray *entries; /* CallstatsJournalEntry, of a journal that was found; else NULL */
  int parent;
  int lock;
  char *name;
} CallstatsSpoolHome;

/* Returns: (transfer full): the name of the folder of these three. */
char *callstats_spool_folder_name (const char *origin, const char *app, const char *user);

/* Makes what is not there. Returns: a descriptor, to be closed; -1 with an error. */
int callstats_spool_folder_open (const char *path, const char *name, GError **error);
/* Takes over what nobody holds (element-type CallstatsSpoolHome), oldest first. */
GPtrArray *callstats_spool_folder_adopt (int folder, gsize segment_bytes);
CallstatsSpoolHome *callstats_spool_folder_make (
    int folder, const char *session, gsize segment_bytes, GError **error);

/* through: nothing of it is needed any more. */
void callstats_spool_home_close (CallstatsSpoolHome *home, gboolean through);
