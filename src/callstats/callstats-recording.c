/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The delivery to a file.
 *
 * Monitor thread only; file and job are the disk thread's while a job is under way.
 */
#include "callstats-recording-private.h"

#include "callstats-codec-private.h"
#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-monitor.h"
#include "callstats-outbox-private.h"
#include "callstats-recording-file-private.h"
#include "callstats-spool-inside-private.h"

#define FORMAT 1
#define MIN_BATCH 4096 /* bytes written at a time */
#define MAX_BATCH (256 * 1024)
#define RETRY_MS 10000 /* after a full disk */
#define BUSY_MS 50     /* while somebody else appends */
#define MAX_BUSY 60    /* then that is trouble */
#define STABLE_US (60 * G_USEC_PER_SEC)

typedef struct {
  CallstatsRecordingFile *file;
  GString *text;
  GArray *ends;  /* gsize: where each line of it ends */
  guint64 first; /* sequence number of the first one */
  gboolean open; /* even if there is nothing to write */
  gboolean sync;

  CallstatsRecordingResult result;
  gsize written;
  gboolean synced;
  GError *error;
} Job;

typedef struct {
  CallstatsDeliveryBase base;
  CallstatsDeliveryCallbacks callbacks;
  gpointer user_data;
  gboolean freed; /* what is left is written yet, then it goes */

  char *uri;
  char *session;
  CallstatsRecordingFile *file;
  CallstatsOutbox *outbox;
  gsize max_bytes;
  Job *job; /* under way; NULL: none */

  CallstatsDeliveryState state;
  gint64 since;    /* of CONNECTED */
  guint64 through; /* the last sequence number that is written */
  gsize unsynced;  /* bytes */
  gboolean sync_due, flushing;
  GSource *sync, *retry;
  guint busy;
  gboolean told_trouble;
  guint64 connects, sent, acked, bytes_raw, bytes_sent;
} CallstatsRecording;

static void kick (CallstatsRecording *self);

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* Lines */

static void
append_optional (GString *json, const char *name, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  callstats_json_append_member (json, name);
  callstats_json_append_string (json, value);
}

/* What a reader has to know of the session. */
static char *
make_head (const char *session, const CallstatsDeliveryOptions *options)
{
  GString *json = g_string_new (NULL);

  g_string_append_printf (json,
      "{\"type\":\"session\",\"format\":%d,\"session\":\"%s\",\"time\":", FORMAT,
      session);
  callstats_record_append_time (
      callstats_monitor_to_epoch (g_get_monotonic_time ()), json);
  append_optional (json, "app", options->app_id);
  append_optional (json, "user", options->user_id);
  g_string_append_printf (json, ",\"client\":%s}\n", options->client);
  return g_string_free (json, FALSE);
}

/* FALSE: too long; what stands in its place comes next. */
static gboolean
append_line (
    CallstatsRecording *self, Job *job, guint64 sequence, const CallstatsRecord *record)
{
  gsize start = job->text->len, begin, end;

  g_string_append_printf (job->text,
      "{\"session\":\"%s\",\"sequence\":%" G_GUINT64_FORMAT ",\"record\":", self->session,
      sequence);
  begin = job->text->len;
  callstats_record_append_json (record, job->text);
  if (job->text->len - begin > CALLSTATS_MAX_RECORD) {
    g_string_truncate (job->text, start);
    return FALSE;
  }
  g_string_append (job->text, "}\n");
  end = job->text->len;
  g_array_append_val (job->ends, end);
  return TRUE;
}

static void
plan_lines (CallstatsRecording *self, Job *job)
{
  gsize room = CLAMP (self->max_bytes / 8, MIN_BATCH, MAX_BATCH);
  CallstatsRecord *record;
  guint64 sequence;

  while (job->text->len < room &&
         (record = callstats_outbox_peek (self->outbox, &sequence)) != NULL) {
    if (!append_line (self, job, sequence, record)) {
      callstats_outbox_discard (self->outbox);
      continue;
    }
    if (job->ends->len == 1)
      job->first = sequence;
    job->sync |= record->settled != NULL; /* somebody waits for it */
    callstats_outbox_advance (self->outbox);
  }
}

/* Jobs */

static Job *
job_new (CallstatsRecording *self)
{
  Job *job = g_new0 (Job, 1);

  job->file = self->file;
  job->text = g_string_new (NULL);
  job->ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  job->open = self->state != CALLSTATS_DELIVERY_CONNECTED;
  job->sync = self->sync_due || self->flushing || self->freed ||
              self->unsynced > self->max_bytes / 4;
  plan_lines (self, job);
  return job;
}

static void
job_free (Job *job)
{
  g_string_free (job->text, TRUE);
  g_array_unref (job->ends);
  g_clear_error (&job->error);
  g_free (job);
}

/* Where something went wrong, what was written is made sure of: the rest is written
 * again. */
static void
job_run (gpointer data)
{
  Job *job = ((CallstatsRecording *)data)->job;

  if (job->open || job->text->len > 0)
    job->result = callstats_recording_file_append (
        job->file, job->text->str, job->text->len, &job->written, &job->error);
  if (job->sync || job->result != CALLSTATS_RECORDING_WRITTEN)
    job->synced = callstats_recording_file_sync (
        job->file, job->error == NULL ? &job->error : NULL);
}

static guint
count_lines (const Job *job)
{
  guint n = 0;

  while (n < job->ends->len && g_array_index (job->ends, gsize, n) <= job->written)
    n++;
  return n;
}

/* The end */

static void
close_run (gpointer data)
{
  callstats_recording_file_free (((CallstatsRecording *)data)->file);
}

static void
close_done (gpointer data)
{
  CallstatsRecording *self = data;

  callstats_outbox_free (self->outbox);
  g_free (self->uri);
  g_free (self->session);
  g_free (self);
}

static void
end (CallstatsRecording *self)
{
  clear_source (&self->sync);
  clear_source (&self->retry);
  callstats_spool_run_on_disk (close_run, close_done, self);
}

/* What follows from a job */

static gboolean
on_sync (gpointer user_data)
{
  CallstatsRecording *self = user_data;

  clear_source (&self->sync);
  self->sync_due = TRUE;
  kick (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_retry (gpointer user_data)
{
  CallstatsRecording *self = user_data;

  clear_source (&self->retry);
  kick (self);
  return G_SOURCE_REMOVE;
}

static void
try_again (CallstatsRecording *self, guint interval_ms)
{
  callstats_outbox_rewind (self->outbox);
  self->through = callstats_outbox_acknowledged (self->outbox);
  self->unsynced = 0;
  self->retry = callstats_monitor_add_timeout (interval_ms, on_retry, self, NULL);
}

static void
settle_lines (CallstatsRecording *self, const Job *job)
{
  guint n = count_lines (job);

  if (n > 0)
    self->through = job->first + n - 1;
  self->sent += n;
  self->bytes_raw += job->written;
  self->bytes_sent += job->written;
  self->unsynced += job->written;
}

static void
settle_sync (CallstatsRecording *self, const Job *job)
{
  guint64 before = callstats_outbox_acknowledged (self->outbox);

  if (job->synced) {
    clear_source (&self->sync);
    self->sync_due = FALSE;
    self->unsynced = 0;
    callstats_outbox_acknowledge (self->outbox, MAX (self->through, before));
    self->acked += callstats_outbox_acknowledged (self->outbox) - before;
    self->flushing &= !callstats_outbox_is_empty (self->outbox);
  } else if (self->unsynced > 0 && self->sync == NULL) {
    self->sync = callstats_monitor_add_timeout (CALLSTATS_SYNC_MS, on_sync, self, NULL);
  }
}

static void
settle_success (CallstatsRecording *self)
{
  gint64 now = g_get_monotonic_time ();

  self->busy = 0;
  if (self->state == CALLSTATS_DELIVERY_CONNECTED) {
    self->told_trouble &= now - self->since < STABLE_US;
    return;
  }
  self->state = CALLSTATS_DELIVERY_CONNECTED;
  self->since = now;
  self->connects++;
  if (!self->freed)
    self->callbacks.welcomed (self->user_data);
}

/* Once in an outage. */
static void
tell_trouble (CallstatsRecording *self, const char *why)
{
  g_autoptr (GError) error = NULL;

  if (self->told_trouble || self->freed)
    return;
  self->told_trouble = TRUE;
  error = g_error_new (CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
      "backend-url “%s” cannot be written to: %s; records are kept in memory, within "
      "memory-max-bytes, and it is tried again every %d s",
      self->uri, why, RETRY_MS / 1000);
  self->callbacks.trouble (error, TRUE, self->user_data);
}

static void
settle_failure (CallstatsRecording *self, const Job *job)
{
  gboolean busy = job->result == CALLSTATS_RECORDING_BUSY && job->error == NULL;

  if (busy && ++self->busy < MAX_BUSY) {
    try_again (self, BUSY_MS);
    return;
  }
  self->state = CALLSTATS_DELIVERY_WAITING;
  try_again (self, RETRY_MS);
  tell_trouble (self, busy ? "another program holds its lock" : job->error->message);
}

/* The last part of what a freed one has to do. TRUE: nothing is left, or cannot be done.
 */
static gboolean
is_over (CallstatsRecording *self)
{
  return self->freed && (self->state == CALLSTATS_DELIVERY_WAITING ||
                            callstats_outbox_is_empty (self->outbox));
}

static void
job_done (gpointer data)
{
  CallstatsRecording *self = data;
  Job *job = g_steal_pointer (&self->job);
  gboolean ok = job->result == CALLSTATS_RECORDING_WRITTEN && job->error == NULL;

  settle_lines (self, job);
  settle_sync (self, job);
  if (ok)
    settle_success (self);
  else
    settle_failure (self, job);
  job_free (job);
  if (is_over (self)) {
    end (self);
    return;
  }
  kick (self);
  if (!self->freed)
    self->callbacks.progressed (self->user_data);
}

static void
start_job (CallstatsRecording *self)
{
  self->job = job_new (self);
  callstats_spool_run_on_disk (job_run, job_done, self);
}

static gboolean
has_work (CallstatsRecording *self)
{
  guint64 sequence;

  return self->freed || self->state != CALLSTATS_DELIVERY_CONNECTED ||
         ((self->sync_due || self->flushing) && self->unsynced > 0) ||
         callstats_outbox_peek (self->outbox, &sequence) != NULL;
}

static void
kick (CallstatsRecording *self)
{
  if (self->job == NULL && self->retry == NULL && has_work (self))
    start_job (self);
}

/* The interface */

static void
free_recording (CallstatsDelivery *delivery)
{
  CallstatsRecording *self = (CallstatsRecording *)delivery;

  self->freed = TRUE;
  if (self->job != NULL)
    return;
  clear_source (&self->retry);
  if (callstats_outbox_is_empty (self->outbox))
    end (self);
  else
    start_job (self);
}

static void
push (CallstatsDelivery *delivery, CallstatsRecord *record)
{
  CallstatsRecording *self = (CallstatsRecording *)delivery;

  callstats_outbox_push (self->outbox, record);
  kick (self);
}

static void
lose (CallstatsDelivery *delivery, const CallstatsRecord *record)
{
  CallstatsRecording *self = (CallstatsRecording *)delivery;

  callstats_outbox_lose (self->outbox, record);
}

static void
set_bounds (CallstatsDelivery *delivery, gsize max_bytes, guint64 spool_max_bytes,
    guint64 spool_max_age)
{
  CallstatsRecording *self = (CallstatsRecording *)delivery;

  self->max_bytes = max_bytes;
  callstats_outbox_set_max_bytes (self->outbox, max_bytes);
}

/* A file asks for no credentials. */
static void
restart (CallstatsDelivery *delivery)
{
}

static void
flush (CallstatsDelivery *delivery)
{
  CallstatsRecording *self = (CallstatsRecording *)delivery;

  self->flushing = !callstats_outbox_is_empty (self->outbox);
  kick (self);
}

static gboolean
is_idle (CallstatsDelivery *delivery)
{
  CallstatsRecording *self = (CallstatsRecording *)delivery;

  return self->state == CALLSTATS_DELIVERY_WAITING ||
         callstats_outbox_is_empty (self->outbox);
}

static void
get_stats (CallstatsDelivery *delivery, CallstatsDeliveryStats *stats)
{
  CallstatsRecording *self = (CallstatsRecording *)delivery;

  *stats = (CallstatsDeliveryStats){
    .state = self->state,
    .connects = self->connects,
    .queued = callstats_outbox_length (self->outbox),
    .queued_bytes = callstats_outbox_bytes (self->outbox),
    .sent = self->sent,
    .acked = self->acked,
    .thinned = callstats_outbox_thinned (self->outbox),
    .dropped = callstats_outbox_dropped (self->outbox),
    .bytes_raw = self->bytes_raw,
    .bytes_sent = self->bytes_sent,
  };
}

static void
get_tally (CallstatsDelivery *delivery, guint owner, CallstatsTally *tally)
{
  callstats_outbox_get_tally (((CallstatsRecording *)delivery)->outbox, owner, tally);
}

static void
forget_owner (CallstatsDelivery *delivery, guint owner)
{
  callstats_outbox_forget_owner (((CallstatsRecording *)delivery)->outbox, owner);
}

static const CallstatsDeliveryClass recording = {
  .free = free_recording,
  .push = push,
  .lose = lose,
  .set_bounds = set_bounds,
  .restart = restart,
  .flush = flush,
  .is_idle = is_idle,
  .get_stats = get_stats,
  .get_tally = get_tally,
  .forget_owner = forget_owner,
};

CallstatsDelivery *
callstats_recording_new (const CallstatsDeliveryOptions *options,
    const CallstatsDeliveryCallbacks *callbacks, gpointer user_data)
{
  CallstatsRecording *self = g_new0 (CallstatsRecording, 1);
  g_autofree char *head = NULL;

  self->base.kind = &recording;
  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->uri = g_strdup (options->backend->origin);
  self->session = g_uuid_string_random ();
  self->max_bytes = options->max_bytes;
  self->outbox = callstats_outbox_new (options->max_bytes);
  self->state = CALLSTATS_DELIVERY_CONNECTING;
  head = make_head (self->session, options);
  self->file = callstats_recording_file_new (options->backend->path, head);
  /* Its user learns at once whether it can be written to. */
  start_job (self);
  return (CallstatsDelivery *)self;
}
