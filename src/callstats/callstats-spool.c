/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The journal behind an outbox: what is written when, and what follows when it was.
 *
 * Monitor thread only; a job is the disk thread's while it is under way, and there is one
 * at a time of each spool.
 */
#include "callstats-spool-private.h"

#include <string.h>
#include <unistd.h>

#include "callstats-error.h"
#include "callstats-monitor.h"
#include "callstats-spool-job-private.h"

#define BATCH_BYTES (256 * 1024) /* written at a time */
#define MIN_SEGMENT (64 * 1024)
#define MAX_SEGMENT (4 * 1024 * 1024)
#define RETRY_MS 10000    /* after a full disk */
#define SHRINK_PERCENT 25 /* of the records, when the journal is full */
#define FULL(max) ((max) / 16 * 15)
#define EXPIRY_MS (3600 * 1000)
#define FIRST_LOOK_MS 1000 /* until the second look; the others take longer */
#define LAST_LOOK_MS 60000

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
  gboolean flushing; /* sync whatever is written until all is */
  gboolean renamed;  /* and the disk does not know yet */
  gboolean compact_due, full;
  gboolean stuck; /* the disk takes nothing until retry */
  GSource *sync, *retry, *expiry;
};

/* The disk thread */

typedef struct {
  void (*run) (gpointer data);
  void (*done) (gpointer data); /* on the monitor thread */
  gpointer data;
} Errand;

static gboolean
errand_done (gpointer user_data)
{
  Errand *errand = user_data;

  errand->done (errand->data);
  g_free (errand);
  return G_SOURCE_REMOVE;
}

static void
errand_run (gpointer data, gpointer user_data)
{
  Errand *errand = data;

  errand->run (errand->data);
  callstats_monitor_invoke (errand_done, errand, NULL);
}

static gpointer
start_disk_thread (gpointer data)
{
  return g_thread_pool_new (errand_run, NULL, 1, FALSE, NULL);
}

/* In the order of the calls. */
static void
run_on_disk (void (*run) (gpointer), void (*done) (gpointer), gpointer data)
{
  static GOnce once = G_ONCE_INIT;
  GThreadPool *disk = g_once (&once, start_disk_thread, NULL);
  Errand *errand = g_new (Errand, 1);

  *errand = (Errand){ run, done, data };
  g_thread_pool_push (disk, errand, NULL);
}

/* The shelf */

static CallstatsSpoolShelf *
shelf_ref (CallstatsSpoolShelf *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
shelf_unref (CallstatsSpoolShelf *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_error (&self->error);
  g_free (self->path);
  g_free (self->folder);
  g_free (self);
}

static void
tell_trouble (CallstatsSpoolShelf *self, const GError *reason)
{
  g_autoptr (GError) error = NULL;

  if (self->warned || self->freed)
    return;
  self->warned = TRUE;
  error = g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
      "spool-dir “%s” keeps no records: %s; they are kept in memory only", self->path,
      reason->message);
  self->callbacks.trouble (error, self->user_data);
}

static void
look (gpointer data)
{
  CallstatsSpoolShelf *self = data;
  int folder = callstats_spool_folder_open (self->path, self->folder, &self->error);

  if (folder < 0)
    return;
  self->homes = callstats_spool_folder_adopt (folder, self->segment_bytes);
  close (folder);
}

static void
close_home (gpointer home)
{
  callstats_spool_home_close (home, FALSE);
}

static gboolean on_look (gpointer user_data);

/* Nothing new is no news, but for the first time. */
static void
tell_found (CallstatsSpoolShelf *self, GPtrArray *homes)
{
  guint wait = FIRST_LOOK_MS;
  guint i;

  for (i = 0; i < self->looks && wait < LAST_LOOK_MS; i++)
    wait *= 5;
  self->look =
      callstats_monitor_add_timeout (MIN (wait, LAST_LOOK_MS), on_look, self, NULL);
  if (self->looks++ == 0 || homes->len > 0)
    self->callbacks.found (homes, self->user_data);
  else
    g_ptr_array_unref (homes);
}

static void
look_done (gpointer data)
{
  CallstatsSpoolShelf *self = data;
  GPtrArray *homes = g_steal_pointer (&self->homes);

  if (homes == NULL)
    homes = g_ptr_array_new ();
  if (self->error != NULL)
    tell_trouble (self, self->error);
  if (self->freed) {
    g_ptr_array_set_free_func (homes, close_home);
    g_ptr_array_unref (homes);
  } else {
    tell_found (self, homes);
  }
  shelf_unref (self);
}

static gboolean
on_look (gpointer user_data)
{
  CallstatsSpoolShelf *self = user_data;

  g_clear_pointer (&self->look, g_source_unref);
  g_clear_error (&self->error);
  run_on_disk (look, look_done, shelf_ref (self));
  return G_SOURCE_REMOVE;
}

CallstatsSpoolShelf *
callstats_spool_shelf_new (const CallstatsSpoolOptions *options,
    const CallstatsSpoolShelfCallbacks *callbacks, gpointer user_data)
{
  CallstatsSpoolShelf *self = g_new0 (CallstatsSpoolShelf, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->path = g_strdup (options->path);
  self->folder =
      callstats_spool_folder_name (options->origin, options->app_id, options->user_id);
  self->max_bytes = options->max_bytes;
  self->max_age = (gint64)MIN (options->max_age, G_MAXINT32) * G_TIME_SPAN_SECOND;
  self->segment_bytes = CLAMP (options->max_bytes / 16, MIN_SEGMENT, MAX_SEGMENT);
  run_on_disk (look, look_done, shelf_ref (self));
  return self;
}

void
callstats_spool_shelf_free (CallstatsSpoolShelf *self)
{
  if (self == NULL)
    return;
  self->freed = TRUE;
  if (self->look != NULL) {
    g_source_destroy (self->look);
    g_clear_pointer (&self->look, g_source_unref);
  }
  shelf_unref (self);
}

/* Timers */

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static gboolean
on_sync (gpointer user_data)
{
  CallstatsSpool *self = user_data;

  clear_source (&self->sync);
  self->sync_due = self->unsynced && callstats_outbox_length (self->outbox) > 0;
  self->unsynced = self->sync_due;
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

static gint64
expired_before (CallstatsSpoolShelf *self)
{
  return g_get_real_time () - self->max_age;
}

void
callstats_spool_shelf_expire (CallstatsSpoolShelf *self, CallstatsSpoolHome *home)
{
  gint64 before = expired_before (self);
  guint i;

  for (i = 0; i < home->entries->len; i++) {
    CallstatsJournalEntry *entry =
        &g_array_index (home->entries, CallstatsJournalEntry, i);

    if (entry->lost || entry->time >= before || entry->keep == CALLSTATS_KEEP_GAP)
      continue;
    entry->lost = TRUE;
    entry->loss = CALLSTATS_LOSS_AGE;
  }
}
static gboolean
on_expiry (gpointer user_data)
{
  CallstatsSpool *self = user_data;

  callstats_outbox_expire (self->outbox, expired_before (self->shelf));
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
    job->before = expired_before (self->shelf);
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
    self->sync = callstats_monitor_add_timeout (CALLSTATS_SYNC_MS, on_sync, self, NULL);
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
  tell_trouble (self->shelf, job->error);
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
  run_on_disk (job_run, job_done, self);
}

static void
spool_destroy (CallstatsSpool *self)
{
  shelf_unref (self->shelf);
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

  self->shelf = shelf_ref (shelf);
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
                          expired_before (self->shelf);
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
