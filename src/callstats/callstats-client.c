/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The client that applications hold: it keeps the configuration and posts every call to
 * its reporter on the monitor thread, in order.
 *
 * Any thread.
 */
#include <string.h>

#include "callstats-client-private.h"
#include "callstats-enum-types.h"
#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-monitor.h"
#include "callstats-record-private.h"
#include "callstats-limits-private.h"

/**
 * CallstatsClient:
 *
 * Who reports, and to which backend.
 *
 * A client has fabrics, one a peer connection. What is told of them becomes records, and
 * with [property@Callstats.Client:backend-url] set they are delivered: kept until the
 * backend has acknowledged them, sent again after every break.
 *
 * All methods are for any thread; they post to the monitor thread and return at once, but
 * for [method@Callstats.Client.flush]. Signals are emitted on the main context that was
 * thread-default when the client was made.
 *
 * The properties that say who reports, and to whom, are read when the first fabric is
 * added or [method@Callstats.Client.initialize] called; after that, a change of the
 * secret makes a refused client try again, a change of the conference id releases what
 * was held back for want of one, and after a change of user or backend what is told from
 * then on goes there.
 *
 * Clients of one process with the same backend, application, user, credentials and
 * [property@Callstats.Client:spool-dir] share one connection.
 */
struct _CallstatsClient {
  GObject parent_instance;

  GMutex lock; /* guards configuration */
  CallstatsConfiguration configuration;
  CallstatsReporter *reporter;
  GMainContext *context; /* where signals are emitted */
};

G_DEFINE_FINAL_TYPE (CallstatsClient, callstats_client, G_TYPE_OBJECT)

/* Posting */

static void
job_free (gpointer data)
{
  CallstatsJob *job = data;

  g_free (job->fabric);
  g_free (job->text);
  g_free (job->conference);
  g_clear_pointer (&job->data, g_variant_unref);
  callstats_report_unref (job->report);
  callstats_configuration_free (job->configuration);
  callstats_reporter_unref (job->reporter);
  g_free (job);
}

static gboolean
job_run (gpointer data)
{
  CallstatsJob *job = data;

  job->run (job);
  return G_SOURCE_REMOVE;
}

CallstatsJob *
callstats_job_new (
    CallstatsClient *self, void (*run) (CallstatsJob *), const char *fabric)
{
  CallstatsJob *job = g_new0 (CallstatsJob, 1);

  job->run = run;
  job->reporter = callstats_reporter_ref (self->reporter);
  job->time = g_get_monotonic_time ();
  job->fabric = g_strdup (fabric);
  return job;
}

void
callstats_job_post (CallstatsJob *job)
{
  callstats_monitor_invoke (job_run, job, job_free);
}

/* A call from another file. */
typedef struct {
  CallstatsReporter *reporter;
  void (*run) (CallstatsReporter *reporter, gpointer data);
  gpointer data;
  GDestroyNotify notify;
} Post;

static gboolean
post_run (gpointer user_data)
{
  Post *post = user_data;

  post->run (post->reporter, post->data);
  return G_SOURCE_REMOVE;
}

static void
post_free (gpointer user_data)
{
  Post *post = user_data;

  if (post->notify != NULL)
    post->notify (post->data);
  callstats_reporter_unref (post->reporter);
  g_free (post);
}

void
callstats_client_post (CallstatsClient *self,
    void (*run) (CallstatsReporter *reporter, gpointer data), gpointer data,
    GDestroyNotify notify)
{
  Post *post = g_new0 (Post, 1);

  post->reporter = callstats_reporter_ref (self->reporter);
  post->run = run;
  post->data = data;
  post->notify = notify;
  callstats_monitor_invoke (post_run, post, post_free);
}

gboolean
callstats_client_check_fabric (CallstatsClient *self, const char *fabric, GError **error)
{
  g_autofree char *quoted = NULL;

  if (fabric == NULL || callstats_reporter_has_fabric (self->reporter, fabric))
    return TRUE;
  quoted = callstats_quote (fabric);
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_NOT_FOUND,
      "There is no fabric “%s”, or it has ended", quoted);
  return FALSE;
}

static void
run_warn (CallstatsReporter *reporter, gpointer error)
{
  callstats_reporter_tell_trouble (reporter, error);
}

void
callstats_client_warn (CallstatsClient *self, int code, const char *format, ...)
{
  GError *error;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (CALLSTATS_ERROR, code, format, args);
  va_end (args);
  callstats_client_post (self, run_warn, error, (GDestroyNotify)g_error_free);
}

/* Observers */

static void
run_add_observer (CallstatsJob *job)
{
  callstats_reporter_add_observer (
      job->reporter, &job->observer, job->user_data, job->notify);
}

/**
 * callstats_client_add_observer: (skip)
 * @self: a client
 * @observer: functions, called on the monitor thread; copied
 * @user_data: their last argument
 * @notify: (nullable): frees @user_data, on the monitor thread
 *
 * Hears of everything that is posted after this call.
 */
void
callstats_client_add_observer (CallstatsClient *self,
    const CallstatsClientObserver *observer, gpointer user_data, GDestroyNotify notify)
{
  CallstatsJob *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));

  job = callstats_job_new (self, run_add_observer, NULL);
  job->observer = *observer;
  job->user_data = user_data;
  job->notify = notify;
  callstats_job_post (job);
}

static void
run_remove_observer (CallstatsJob *job)
{
  callstats_reporter_remove_observer (job->reporter, job->user_data);
}

/**
 * callstats_client_remove_observer: (skip)
 * @self: a client
 * @user_data: what the observer was added with
 *
 * Ends an observer, once everything that was posted before has been told.
 */
void
callstats_client_remove_observer (CallstatsClient *self, gpointer user_data)
{
  CallstatsJob *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));

  job = callstats_job_new (self, run_remove_observer, NULL);
  job->user_data = user_data;
  callstats_job_post (job);
}

/* Flush */

typedef struct {
  gatomicrefcount ref_count; /* the caller's and the monitor thread's */
  GMutex lock;
  GCond cond;
  gboolean done;
} Flush;

static void
flush_unref (Flush *flush)
{
  if (!g_atomic_ref_count_dec (&flush->ref_count))
    return;
  g_mutex_clear (&flush->lock);
  g_cond_clear (&flush->cond);
  g_free (flush);
}

static void
flush_done (gpointer data)
{
  Flush *flush = data;

  g_mutex_lock (&flush->lock);
  flush->done = TRUE;
  g_cond_signal (&flush->cond);
  g_mutex_unlock (&flush->lock);
  flush_unref (flush);
}

static void
run_flush (CallstatsJob *job)
{
  callstats_reporter_flush (job->reporter, flush_done, job->user_data);
}

static gboolean
flush_wait (Flush *flush, gint64 deadline)
{
  gboolean done;

  g_mutex_lock (&flush->lock);
  while (!flush->done && g_cond_wait_until (&flush->cond, &flush->lock, deadline))
    ;
  done = flush->done;
  g_mutex_unlock (&flush->lock);
  return done;
}

/**
 * callstats_client_flush:
 * @self: a client
 * @timeout_ms: how long to wait at most
 *
 * Waits until everything told so far is stored at the backend, or the backend cannot be
 * reached now; a try to connect that is under way is waited for. With
 * [property@Callstats.Client:spool-dir], what the backend does not have is on the disk
 * then, unless the disk is full or cannot be written.
 * Call it before the process ends; never on the monitor thread.
 *
 * Returns: %FALSE if the time was not enough
 */
gboolean
callstats_client_flush (CallstatsClient *self, guint timeout_ms)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  Flush *flush;
  gboolean done;
  CallstatsJob *job;

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (
      !g_main_context_is_owner (callstats_monitor_get_context ()), FALSE);

  flush = g_new0 (Flush, 1);
  g_mutex_init (&flush->lock);
  g_cond_init (&flush->cond);
  g_atomic_ref_count_init (&flush->ref_count);
  g_atomic_ref_count_inc (&flush->ref_count);
  job = callstats_job_new (self, run_flush, NULL);
  job->user_data = flush;
  callstats_job_post (job);

  done = flush_wait (flush, deadline);
  flush_unref (flush);
  return done;
}

/**
 * callstats_client_get_stats: (get-property stats)
 * @self: a client
 *
 * Gives the client's own counters: `backend` (string, the state: `none`, `waiting`,
 * `connecting`, `connected` or `stopped`), and as uint64 `fabrics` (open ones), `events`,
 * `reports` (told so far), `records-held` (for want of a conference id), `records-queued`
 * (not acknowledged), `bytes-queued` (what they occupy in memory), `records-spooled` (of
 * them on disk, or on their way there), `bytes-spooled` (on disk), `records-sent` (resent
 * ones again), `records-acked`, `records-thinned` (reports given up of which others were
 * kept), `records-dropped` (given up otherwise), `bytes-raw` (JSON of what was sent, each
 * record as it stands alone), `bytes-sent` (of the frames), `connects` (welcomes) and
 * `reconnects` (all but the first), and as doubles in milliseconds `round-trip` (hello to
 * welcome) and `clock-offset` (of the backend's clock, ahead of ours).
 *
 * Returns: (transfer full): a variant of type `a{sv}`
 */
GVariant *
callstats_client_get_stats (CallstatsClient *self)
{
  CallstatsReporterStats stats;
  GVariantDict dict;

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), NULL);

  callstats_reporter_get_stats (self->reporter, &stats);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "backend", "s",
      stats.has_backend ? callstats_delivery_state_to_string (stats.delivery.state)
                        : "none");
  g_variant_dict_insert (&dict, "fabrics", "t", stats.fabrics);
  g_variant_dict_insert (&dict, "events", "t", stats.events);
  g_variant_dict_insert (&dict, "reports", "t", stats.reports);
  g_variant_dict_insert (&dict, "records-held", "t", stats.held);
  g_variant_dict_insert (&dict, "records-queued", "t", stats.delivery.queued);
  g_variant_dict_insert (&dict, "bytes-queued", "t", stats.delivery.queued_bytes);
  g_variant_dict_insert (&dict, "bytes-spooled", "t", stats.delivery.spooled_bytes);
  g_variant_dict_insert (&dict, "records-spooled", "t", stats.delivery.spooled);
  g_variant_dict_insert (&dict, "records-sent", "t", stats.delivery.sent);
  g_variant_dict_insert (&dict, "records-acked", "t", stats.delivery.acked);
  g_variant_dict_insert (&dict, "records-thinned", "t", stats.delivery.thinned);
  g_variant_dict_insert (&dict, "records-dropped", "t", stats.delivery.dropped);
  g_variant_dict_insert (&dict, "bytes-raw", "t", stats.delivery.bytes_raw);
  g_variant_dict_insert (&dict, "bytes-sent", "t", stats.delivery.bytes_sent);
  g_variant_dict_insert (&dict, "round-trip", "d", stats.delivery.round_trip);
  g_variant_dict_insert (&dict, "clock-offset", "d", stats.delivery.clock_offset);
  g_variant_dict_insert (&dict, "connects", "t", stats.delivery.connects);
  g_variant_dict_insert (&dict, "reconnects", "t", MAX (stats.delivery.connects, 1) - 1);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/**
 * callstats_data_to_json:
 * @data: an event's data, or any other variant
 *
 * Gives the data of an event as it goes to the backend.
 *
 * Returns: (transfer full): JSON text; for an `a{sv}` an object
 */
char *
callstats_data_to_json (GVariant *data)
{
  GString *json = g_string_new (NULL);

  g_return_val_if_fail (data != NULL, NULL);

  callstats_json_append_variant (json, data);
  return g_string_free (json, FALSE);
}

/* Configuration */

static void
run_configure (CallstatsJob *job)
{
  callstats_reporter_configure (job->reporter, job->configuration);
}

static void
post_configuration (CallstatsClient *self)
{
  CallstatsJob *job = callstats_job_new (self, run_configure, NULL);

  job->configuration = callstats_configuration_copy (&self->configuration);
  callstats_job_post (job);
}

static void
callstats_client_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  CallstatsClient *self = CALLSTATS_CLIENT (object);

  g_mutex_lock (&self->lock);
  if (callstats_client_set_configuration (&self->configuration, id, value))
    post_configuration (self);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  g_mutex_unlock (&self->lock);
}

static void
callstats_client_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  CallstatsClient *self = CALLSTATS_CLIENT (object);

  if (id == callstats_client_count_properties () + 1) {
    g_value_take_variant (value, callstats_client_get_stats (self));
    return;
  }
  g_mutex_lock (&self->lock);
  if (!callstats_client_get_configuration (&self->configuration, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  g_mutex_unlock (&self->lock);
}

/* Life cycle */

static void
callstats_client_constructed (GObject *object)
{
  CallstatsClient *self = CALLSTATS_CLIENT (object);

  G_OBJECT_CLASS (callstats_client_parent_class)->constructed (object);
  callstats_client_start_signals (self, self->context);
}

static void
callstats_client_finalize (GObject *object)
{
  CallstatsClient *self = CALLSTATS_CLIENT (object);

  callstats_configuration_clear (&self->configuration);
  g_main_context_unref (self->context);
  callstats_reporter_unref (self->reporter);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (callstats_client_parent_class)->finalize (object);
}

static void
callstats_client_class_init (CallstatsClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = callstats_client_constructed;
  object_class->finalize = callstats_client_finalize;
  object_class->get_property = callstats_client_get_property;
  object_class->set_property = callstats_client_set_property;
  callstats_client_install_properties (object_class);
  /**
   * CallstatsClient:stats: (getter get_stats)
   *
   * The client's own counters.
   */
  g_object_class_install_property (object_class, callstats_client_count_properties () + 1,
      g_param_spec_variant ("stats", NULL, "The client's own counters",
          G_VARIANT_TYPE_VARDICT, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  callstats_client_install_signals ();
}

static void
callstats_client_init (CallstatsClient *self)
{
  g_mutex_init (&self->lock);
  callstats_client_init_configuration (&self->configuration);
  self->reporter = callstats_reporter_new ();
  self->context = g_main_context_ref_thread_default ();
}

/**
 * callstats_client_new:
 * @app_id: (nullable): the application id that the backend knows
 * @user_id: (nullable): who reports
 *
 * Makes a client; what it does not need to reach a backend may stay unset.
 *
 * Returns: (transfer full): a client
 */
CallstatsClient *
callstats_client_new (const char *app_id, const char *user_id)
{
  return g_object_new (CALLSTATS_TYPE_CLIENT, "app-id", app_id, "user-id", user_id, NULL);
}
