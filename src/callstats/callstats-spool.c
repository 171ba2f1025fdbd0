/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The journal behind an outbox: what is written when, and what follows when it was.
 *
 * Monitor thread only; a job is the disk thread's while it is under way, and there is one
 * at a time of each spool.
 */
#include <string.h>

#include "callstats-monitor.h"
#include "callstats-spool-inside-private.h"
#include "callstats-spool-job-private.h"

#define BATCH_BYTES (256 * 1024) /* written at a time */
#define RETRY_MS 10000           /* after a full disk */
#define SHRINK_PERCENT 25        /* of the records, when the journal is full */
#define FULL(max) ((max) / 16 * 15)
#define EXPIRY_MS (3600 * 1000)

struct _CallstatsSpool {
  CallstatsSpoolShelf *shelf;
  CallstatsOutbox *outbox; /* NULL: freed, while a job is under way */
  char *session;
  void (*ready) (gpointer user_data);
  gpointer user_data;

  CallstatsSpoolHome *home;      /* NULL: not made; the disk thread's in a job */
  CallstatsSpoolJob *job;        /* under way; NULL: none */
  CallstatsSpoolJob *last;       /* to come after it, when the spool was freed */
  CallstatsJournalState written; /* of the journal; session: the one it knows */
  gsize bytes;
  gboolean unsynced, sync_due;
  guint64 sync_through; /* the index that was written when the timer was started */
  gboolean flushing;    /* sync whatever is written until all is */
  gboolean renamed;     /* and the disk does not know yet */
  gboolean compact_due, full;
  gboolean stuck; /* the disk takes nothing until retry */
  GSource *sync, *retry, *expiry;
};

/* Timers */

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static gboolean on_sync (gpointer user_data);

static void
start_sync_timer (CallstatsSpool *self)
{
  self->sync_through = callstats_outbox_written_through (self->outbox);
  self->sync = callstats_monitor_add_timeout (CALLSTATS_SYNC_MS, on_sync, self, NULL);
}

/* What the backend has acknowledged meanwhile needs no sync. */
static gboolean
on_sync (gpointer user_data)
{
  CallstatsSpool *self = user_data;
  guint64 oldest = callstats_outbox_oldest_written (self->outbox);

  clear_source (&self->sync);
  self->unsynced &= oldest != 0;
  self->sync_due = self->unsynced && oldest <= self->sync_through;
  if (self->unsynced && !self->sync_due)
    start_sync_timer (self);
  callstats_spool_kick (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_retry (gpointer user_data)
{
  CallstatsSpool *self = user_data;

  clear_source (&self->retry);
  self->stuck = FALSE;
  callstats_outbox_set_stuck (self->outbox, FALSE);
  callstats_spool_kick (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_expiry (gpointer user_data)
{
  CallstatsSpool *self = user_data;

  callstats_outbox_expire (
      self->outbox, callstats_spool_shelf_expired_before (self->shelf));
  callstats_spool_kick (self);
  return G_SOURCE_CONTINUE;
}

/* What is to be done */

static gboolean
state_changed (CallstatsSpool *self, const CallstatsJournalState *now)
{
  return now->acknowledged != self->written.acknowledged ||
         now->through != self->written.through ||
         memcmp (now->gaps, self->written.gaps, sizeof now->gaps) != 0 ||
         g_strcmp0 (self->session, self->written.session) != 0;
}

static void
plan_writing (CallstatsSpool *self, CallstatsSpoolJob *job)
{
  callstats_outbox_get_state (self->outbox, &job->state);
  job->has_state = state_changed (self, &job->state);
  job->sync = self->sync_due || self->flushing || self->renamed;
  if (callstats_outbox_take_doomed (self->outbox, &job->loss, &job->gap, job->dropped)) {
    job->sync = self->compact_due = TRUE;
    return;
  }
  if (!self->full)
    callstats_outbox_take_unwritten (
        self->outbox, MIN (BATCH_BYTES, self->shelf->segment_bytes), job->entries);
  if (self->compact_due && self->home != NULL) {
    job->has_state = TRUE;
    job->before = callstats_spool_shelf_expired_before (self->shelf);
    job->live = callstats_outbox_live (self->outbox);
    self->compact_due = FALSE;
  }
}

static gboolean
has_work (CallstatsSpool *self, const CallstatsSpoolJob *job)
{
  return job->entries->len > 0 || job->dropped->len > 0 || job->live != NULL ||
         job->read_from > 0 || (job->has_state && self->home != NULL) ||
         (job->sync && self->home != NULL);
}

static void
note_sync (CallstatsSpool *self, const CallstatsSpoolJob *job)
{
  self->unsynced = (self->unsynced || job->entries->len > 0) && !job->sync;
  if (job->sync)
    self->sync_due = FALSE;
  if (!self->unsynced && callstats_outbox_unwritten (self->outbox) == 0)
    self->flushing = FALSE;
  if (self->unsynced && self->sync == NULL)
    start_sync_timer (self);
}

static void
settle_writing (CallstatsSpool *self, CallstatsSpoolJob *job)
{
  if (job->dropped->len > 0)
    callstats_outbox_drop_doomed (self->outbox, job->loss, job->written);
  if (job->entries->len > 0)
    callstats_outbox_written (self->outbox, job->written);
  if (!job->written)
    return;
  note_sync (self, job);
  if (job->has_state && self->home != NULL) {
    g_free (self->written.session);
    self->written = job->state;
    self->written.session = g_strdup (job->state.session);
  }
  self->renamed &=
      self->home != NULL && strcmp (self->session, self->written.session) != 0;
}

/* Gives up records, then compacts; when that is not enough, once more, and when nothing
 * is left to give up, the rest stays in memory. */
static void
check_bounds (CallstatsSpool *self, const CallstatsSpoolJob *job)
{
  self->bytes = job->bytes;
  if (self->bytes <= FULL (self->shelf->max_bytes)) {
    self->full = FALSE;
    return;
  }
  if (self->compact_due || self->full)
    return;
  if (callstats_outbox_shrink_journal (self->outbox, SHRINK_PERCENT) || job->live == NULL)
    self->compact_due = TRUE;
  else
    self->full = TRUE;
}

static void
settle_failure (CallstatsSpool *self, const CallstatsSpoolJob *job)
{
  if (job->error == NULL)
    return;
  self->stuck = TRUE;
  callstats_outbox_set_stuck (self->outbox, TRUE);
  callstats_spool_shelf_tell_trouble (self->shelf, job->error);
  clear_source (&self->retry);
  self->retry = callstats_monitor_add_timeout (RETRY_MS, on_retry, self, NULL);
}

static void
settle_reading (CallstatsSpool *self, CallstatsSpoolJob *job)
{
  CallstatsJournalEntry missing = {
    .index = job->read_from, .lost = TRUE, .loss = CALLSTATS_LOSS_DISK
  };
  gboolean found = FALSE;
  guint i;

  for (i = 0; i < job->loaded->len; i++) {
    const CallstatsJournalEntry *entry =
        &g_array_index (job->loaded, CallstatsJournalEntry, i);

    found |= entry->index == job->read_from;
    callstats_outbox_loaded (self->outbox, entry);
  }
  if (job->read_from > 0 && !found)
    callstats_outbox_loaded (self->outbox, &missing);
}

/* Jobs */

static void job_run (gpointer data);
static void job_done (gpointer data);

static void
start_job (CallstatsSpool *self, CallstatsSpoolJob *job)
{
  job->path = self->shelf->path;
  job->folder = self->shelf->folder;
  job->segment_bytes = self->shelf->segment_bytes;
  job->home = self->home;
  self->job = job;
  callstats_spool_run_on_disk (job_run, job_done, self);
}

static void
spool_destroy (CallstatsSpool *self)
{
  callstats_spool_shelf_unref (self->shelf);
  callstats_journal_state_clear (&self->written);
  g_free (self->session);
  g_free (self);
}

/* After the spool was freed: the last job, then nothing. */
static void
end (CallstatsSpool *self)
{
  if (self->last != NULL)
    start_job (self, g_steal_pointer (&self->last));
  else
    spool_destroy (self);
}

static void
job_run (gpointer data)
{
  callstats_spool_job_run (((CallstatsSpool *)data)->job);
}

static void
job_done (gpointer data)
{
  CallstatsSpool *self = data;
  CallstatsSpoolJob *job = g_steal_pointer (&self->job);

  self->home = job->home;
  if (self->outbox == NULL) {
    callstats_spool_job_free (job);
    end (self);
    return;
  }
  settle_writing (self, job);
  settle_reading (self, job);
  check_bounds (self, job);
  settle_failure (self, job);
  callstats_spool_job_free (job);
  callstats_spool_kick (self);
  self->ready (self->user_data);
}

static CallstatsSpoolJob *
make_job (CallstatsSpool *self)
{
  CallstatsSpoolJob *job = callstats_spool_job_new ();

  job->state.session = g_strdup (self->session);
  if (!self->stuck)
    plan_writing (self, job);
  job->read_from = callstats_outbox_wanted (self->outbox, &job->read_bytes);
  return job;
}

void
callstats_spool_kick (CallstatsSpool *self)
{
  CallstatsSpoolJob *job;

  if (self->job != NULL)
    return;
  job = make_job (self);
  if (has_work (self, job))
    start_job (self, job);
  else
    callstats_spool_job_free (job);
}

CallstatsSpool *
callstats_spool_new (CallstatsSpoolShelf *shelf, CallstatsSpoolHome *home,
    const char *session, CallstatsOutbox *outbox, void (*ready) (gpointer user_data),
    gpointer user_data)
{
  CallstatsSpool *self = g_new0 (CallstatsSpool, 1);

  self->shelf = callstats_spool_shelf_ref (shelf);
  self->home = home;
  self->session = g_strdup (session);
  self->outbox = outbox;
  self->ready = ready;
  self->user_data = user_data;
  self->expiry = callstats_monitor_add_timeout (EXPIRY_MS, on_expiry, self, NULL);
  if (home == NULL)
    return self;
  self->written = *callstats_journal_get_state (home->journal);
  self->written.session = g_strdup (self->written.session);
  self->bytes = callstats_journal_bytes (home->journal);
  self->compact_due = home->entries->len > 0 &&
                      g_array_index (home->entries, CallstatsJournalEntry, 0).time <
                          callstats_spool_shelf_expired_before (self->shelf);
  return self;
}

/* The last of the outbox goes along with the last job. */
static void
plan_end (CallstatsSpool *self, CallstatsSpoolJob *job)
{
  callstats_outbox_get_state (self->outbox, &job->state);
  job->has_state = state_changed (self, &job->state);
  job->sync = TRUE;
  if (!self->stuck && !self->full)
    callstats_outbox_take_unwritten (self->outbox, G_MAXSIZE, job->entries);
}

void
callstats_spool_free (CallstatsSpool *self, gboolean through)
{
  if (self == NULL)
    return;
  clear_source (&self->sync);
  clear_source (&self->retry);
  clear_source (&self->expiry);
  self->last = callstats_spool_job_new ();
  self->last->fate = through ? CALLSTATS_SPOOL_ENDS : CALLSTATS_SPOOL_CLOSES;
  self->last->state.session = g_strdup (self->session);
  if (!through)
    plan_end (self, self->last);
  self->outbox = NULL;
  if (self->job == NULL)
    end (self);
}

void
callstats_spool_flush (CallstatsSpool *self)
{
  self->flushing = self->unsynced || callstats_outbox_unwritten (self->outbox) > 0;
  callstats_spool_kick (self);
}

void
callstats_spool_rename (CallstatsSpool *self, const char *session)
{
  g_free (self->session);
  self->session = g_strdup (session);
  self->renamed = self->home != NULL || self->job != NULL;
  callstats_spool_kick (self);
}

gboolean
callstats_spool_is_quiet (CallstatsSpool *self)
{
  return self->stuck || self->full || callstats_outbox_length (self->outbox) == 0 ||
         (self->job == NULL && !self->unsynced &&
             callstats_outbox_unwritten (self->outbox) == 0);
}

gboolean
callstats_spool_is_named (CallstatsSpool *self)
{
  return self->stuck || !self->renamed;
}

gsize
callstats_spool_bytes (CallstatsSpool *self)
{
  return self->bytes;
}
