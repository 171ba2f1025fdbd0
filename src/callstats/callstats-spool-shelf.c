/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The disk thread, and the shelf: looking for what others left, now and then.
 *
 * Monitor thread only, but for what the disk thread runs.
 */
#include <signal.h>
#include <unistd.h>

#include "callstats-error.h"
#include "callstats-monitor.h"
#include "callstats-spool-inside-private.h"

#define MIN_SEGMENT (64 * 1024)
#define MAX_SEGMENT (4 * 1024 * 1024)
#define FIRST_LOOK_MS 1000 /* until the second look; the others take longer */
#define LAST_LOOK_MS 60000

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
  sigset_t signals;

  /* A limit of file size is an error of writing, not the end of the process. */
  sigemptyset (&signals);
  sigaddset (&signals, SIGXFSZ);
  pthread_sigmask (SIG_BLOCK, &signals, NULL);
  errand->run (errand->data);
  callstats_monitor_invoke (errand_done, errand, NULL);
}

static gpointer
start_disk_thread (gpointer data)
{
  return g_thread_pool_new (errand_run, NULL, 1, TRUE, NULL);
}

void
callstats_spool_run_on_disk (
    void (*run) (gpointer), void (*done) (gpointer), gpointer data)
{
  static GOnce once = G_ONCE_INIT;
  GThreadPool *disk = g_once (&once, start_disk_thread, NULL);
  Errand *errand = g_new (Errand, 1);

  *errand = (Errand){ run, done, data };
  g_thread_pool_push (disk, errand, NULL);
}

/* The shelf */

CallstatsSpoolShelf *
callstats_spool_shelf_ref (CallstatsSpoolShelf *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
callstats_spool_shelf_unref (CallstatsSpoolShelf *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_error (&self->error);
  g_free (self->path);
  g_free (self->folder);
  g_free (self);
}

void
callstats_spool_shelf_tell_trouble (CallstatsSpoolShelf *self, const GError *reason)
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
    callstats_spool_shelf_tell_trouble (self, self->error);
  if (self->freed) {
    g_ptr_array_set_free_func (homes, close_home);
    g_ptr_array_unref (homes);
  } else {
    tell_found (self, homes);
  }
  callstats_spool_shelf_unref (self);
}

static gboolean
on_look (gpointer user_data)
{
  CallstatsSpoolShelf *self = user_data;

  g_clear_pointer (&self->look, g_source_unref);
  g_clear_error (&self->error);
  callstats_spool_run_on_disk (look, look_done, callstats_spool_shelf_ref (self));
  return G_SOURCE_REMOVE;
}

void
callstats_spool_shelf_set_bounds (
    CallstatsSpoolShelf *self, guint64 max_bytes, guint64 max_age)
{
  self->max_bytes = max_bytes;
  self->max_age = (gint64)MIN (max_age, G_MAXINT32) * G_TIME_SPAN_SECOND;
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
  callstats_spool_shelf_set_bounds (self, options->max_bytes, options->max_age);
  self->segment_bytes = CLAMP (options->max_bytes / 16, MIN_SEGMENT, MAX_SEGMENT);
  callstats_spool_run_on_disk (look, look_done, callstats_spool_shelf_ref (self));
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
  callstats_spool_shelf_unref (self);
}

gint64
callstats_spool_shelf_expired_before (CallstatsSpoolShelf *self)
{
  return callstats_monitor_to_epoch (g_get_monotonic_time ()) - self->max_age;
}

void
callstats_spool_shelf_expire (CallstatsSpoolShelf *self, CallstatsSpoolHome *home)
{
  gint64 before = callstats_spool_shelf_expired_before (self);
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
