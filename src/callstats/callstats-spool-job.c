/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the disk thread does for a spool.
 */
#include "callstats-spool-job-private.h"

#include <unistd.h>

#define READ_BYTES (256 * 1024) /* at a time */

CallstatsSpoolJob *
callstats_spool_job_new (void)
{
  CallstatsSpoolJob *job = g_new0 (CallstatsSpoolJob, 1);

  job->dropped = g_array_new (FALSE, FALSE, sizeof (guint64));
  job->entries = g_array_new (FALSE, FALSE, sizeof (CallstatsJournalEntry));
  job->loaded = g_array_new (FALSE, FALSE, sizeof (CallstatsJournalEntry));
  g_array_set_clear_func (job->entries, callstats_journal_entry_clear);
  g_array_set_clear_func (job->loaded, callstats_journal_entry_clear);
  return job;
}

void
callstats_spool_job_free (CallstatsSpoolJob *job)
{
  callstats_journal_state_clear (&job->state);
  g_array_unref (job->dropped);
  g_array_unref (job->entries);
  g_array_unref (job->loaded);
  g_clear_pointer (&job->live, g_array_unref);
  g_clear_error (&job->error);
  g_free (job);
}

static gboolean
ensure_home (CallstatsSpoolJob *job)
{
  int folder;

  if (job->home != NULL)
    return TRUE;
  folder = callstats_spool_folder_open (job->path, job->folder, &job->error);
  if (folder < 0)
    return FALSE;
  job->home = callstats_spool_folder_make (
      folder, job->state.session, job->segment_bytes, &job->error);
  close (folder);
  return job->home != NULL;
}

static gboolean
write_all (CallstatsSpoolJob *job)
{
  CallstatsJournal *journal;

  if (job->home == NULL && job->entries->len == 0)
    return job->written = TRUE;
  if (!ensure_home (job))
    return FALSE;
  journal = job->home->journal;
  if (job->has_state &&
      !callstats_journal_write_state (journal, &job->state, &job->error))
    return FALSE;
  if (job->dropped->len > 0 &&
      !callstats_journal_drop (journal, job->loss, &job->gap, job->dropped, &job->error))
    return FALSE;
  if (job->entries->len > 0 &&
      !callstats_journal_append (journal,
          &g_array_index (job->entries, CallstatsJournalEntry, 0), job->entries->len,
          &job->error))
    return FALSE;
  job->written = TRUE;
  return !job->sync || callstats_journal_sync (journal, &job->error);
}

static void
tidy_up (CallstatsSpoolJob *job)
{
  CallstatsJournal *journal = job->home->journal;

  callstats_journal_trim (journal);
  if (job->live != NULL && job->error == NULL)
    callstats_journal_compact (journal, job->live, job->before, &job->error);
  if (job->read_from > 0)
    callstats_journal_read (
        journal, job->read_from, MIN (job->read_bytes, READ_BYTES), job->loaded, NULL);
  job->bytes = callstats_journal_bytes (journal);
}

void
callstats_spool_job_run (CallstatsSpoolJob *job)
{
  if (job->fate != CALLSTATS_SPOOL_ENDS)
    write_all (job);
  if (job->home != NULL && job->fate == CALLSTATS_SPOOL_STAYS)
    tidy_up (job);
  if (job->fate != CALLSTATS_SPOOL_STAYS)
    callstats_spool_home_close (
        g_steal_pointer (&job->home), job->fate == CALLSTATS_SPOOL_ENDS);
}
