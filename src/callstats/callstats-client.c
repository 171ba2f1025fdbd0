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

#define DEFAULT_MEMORY_MAX_BYTES (4 * 1024 * 1024)

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
 * secret makes a refused client try again, and a change of the conference id releases
 * what was held back for want of one.
 */
struct _CallstatsClient {
  GObject parent_instance;

  GMutex lock; /* guards configuration */
  CallstatsConfiguration configuration;
  CallstatsReporter *reporter;
  GMainContext *context; /* where signals are emitted */
};

enum {
  PROP_APP_ID = 1,
  PROP_APP_SECRET,
  PROP_APP_SECRET_FILE,
  PROP_USER_ID,
  PROP_USER_NAME,
  PROP_CONFERENCE_ID,
  PROP_BACKEND_URL,
  PROP_TOKEN,
  PROP_SITE_ID,
  PROP_APPLICATION_VERSION,
  PROP_ADDITIONAL_IDS,
  PROP_ALLOW_PLAINTEXT,
  PROP_MEMORY_MAX_BYTES,
  PROP_STATS,
  N_PROPS
};

enum {
  FABRIC_EVENT,
  REPORT,
  STATS,
  WARNING,
  INITIALIZED,
  NEED_TOKEN,
  DEFAULT_CONFIG,
  RECOMMENDED_CONFIG,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (CallstatsClient, callstats_client, G_TYPE_OBJECT)

/* Posting */

/* One call on its way to the monitor thread. */
typedef struct _Job Job;
struct _Job {
  void (*run) (Job *job);
  CallstatsReporter *reporter;
  gint64 time;
  char *fabric;
  char *text;
  char *conference;
  int value;
  CallstatsEndpointType endpoint_type;
  CallstatsTransmissionDirection direction;
  GVariant *data;
  CallstatsReport *report;
  CallstatsConfiguration *configuration;
  CallstatsClientObserver observer;
  GDestroyNotify notify;
  gpointer user_data;
};

static void
job_free (gpointer data)
{
  Job *job = data;

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
  Job *job = data;

  job->run (job);
  return G_SOURCE_REMOVE;
}

static Job *
job_new (CallstatsClient *self, void (*run) (Job *), const char *fabric)
{
  Job *job = g_new0 (Job, 1);

  job->run = run;
  job->reporter = callstats_reporter_ref (self->reporter);
  job->time = g_get_monotonic_time ();
  job->fabric = g_strdup (fabric);
  return job;
}

static void
job_post (Job *job)
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

/* Signals */

/* One signal on its way to the application's main context. */
typedef struct {
  CallstatsClient *client;
  guint signal;
  char *fabric;
  char *name;
  gint64 time;
  GVariant *data;
  CallstatsReport *report;
  GError *error;
  gboolean flag;
} Emission;

static void
emission_free (gpointer data)
{
  Emission *emission = data;

  g_free (emission->fabric);
  g_free (emission->name);
  g_clear_pointer (&emission->data, g_variant_unref);
  callstats_report_unref (emission->report);
  g_clear_error (&emission->error);
  g_object_unref (emission->client);
  g_free (emission);
}

static gboolean
emission_run (gpointer data)
{
  Emission *emission = data;
  guint id = signals[emission->signal];

  switch (emission->signal) {
  case FABRIC_EVENT:
    g_signal_emit (emission->client, id, 0, emission->fabric, emission->name,
        emission->time, emission->data);
    break;
  case REPORT:
    g_signal_emit (emission->client, id, 0, emission->fabric, emission->report);
    break;
  case STATS:
    g_signal_emit (emission->client, id, 0, emission->fabric, emission->data);
    break;
  case WARNING:
    g_signal_emit (emission->client, id, 0, emission->error);
    break;
  case NEED_TOKEN:
    g_signal_emit (emission->client, id, 0, emission->flag);
    break;
  case DEFAULT_CONFIG:
  case RECOMMENDED_CONFIG:
    g_signal_emit (emission->client, id, 0, emission->name);
    break;
  default:
    g_signal_emit (emission->client, id, 0, emission->name, emission->fabric);
    break;
  }
  return G_SOURCE_REMOVE;
}

/* NULL: the client is gone, or nobody listens. Without a listener nothing is queued, for
 * a main context that nobody runs would queue without end. */
static Emission *
emission_new (GWeakRef *weak, guint signal)
{
  g_autoptr (CallstatsClient) client = g_weak_ref_get (weak);
  Emission *emission;

  if (client == NULL || !g_signal_has_handler_pending (client, signals[signal], 0, FALSE))
    return NULL;
  emission = g_new0 (Emission, 1);
  emission->client = g_steal_pointer (&client);
  emission->signal = signal;
  return emission;
}

static void
emission_post (Emission *emission)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, emission_run, emission, emission_free);
  g_source_attach (source, emission->client->context);
}

static void
on_fabric_event (const char *fabric, const char *name, gint64 time_us, GVariant *data,
    gpointer user_data)
{
  Emission *emission = emission_new (user_data, FABRIC_EVENT);

  if (emission == NULL)
    return;
  emission->fabric = g_strdup (fabric);
  emission->name = g_strdup (name);
  emission->time = time_us;
  emission->data = g_variant_ref (data);
  emission_post (emission);
}

static void
on_report (const char *fabric, CallstatsReport *report, gpointer user_data)
{
  Emission *emission = emission_new (user_data, REPORT);

  if (emission == NULL)
    return;
  emission->fabric = g_strdup (fabric);
  emission->report = callstats_report_ref (report);
  emission_post (emission);
}

static gboolean
wants_stats (gpointer user_data)
{
  g_autoptr (CallstatsClient) client = g_weak_ref_get (user_data);

  return client != NULL &&
         g_signal_has_handler_pending (client, signals[STATS], 0, FALSE);
}

static void
on_stats (const char *fabric, GVariant *stats, gpointer user_data)
{
  Emission *emission = emission_new (user_data, STATS);

  if (emission == NULL)
    return;
  emission->fabric = g_strdup (fabric);
  emission->data = g_variant_ref (stats);
  emission_post (emission);
}

static void
on_trouble (const GError *error, gpointer user_data)
{
  Emission *emission = emission_new (user_data, WARNING);

  if (emission == NULL)
    return;
  emission->error = g_error_copy (error);
  emission_post (emission);
}

static void
on_initialized (const char *cs_error, const char *message, gpointer user_data)
{
  Emission *emission = emission_new (user_data, INITIALIZED);

  if (emission == NULL)
    return;
  emission->name = g_strdup (cs_error);
  emission->fabric = g_strdup (message);
  emission_post (emission);
}

static void
on_need_token (gboolean force, gpointer user_data)
{
  Emission *emission = emission_new (user_data, NEED_TOKEN);

  if (emission == NULL)
    return;
  emission->flag = force;
  emission_post (emission);
}

static void
on_configured (const char *name, const char *json, gpointer user_data)
{
  gboolean is_default = strcmp (name, "default") == 0;
  Emission *emission =
      emission_new (user_data, is_default ? DEFAULT_CONFIG : RECOMMENDED_CONFIG);

  if (emission == NULL)
    return;
  emission->name = g_strdup (json);
  emission_post (emission);
}

static const CallstatsClientObserver signal_emitter = {
  .fabric_event = on_fabric_event,
  .report = on_report,
  .wants_stats = wants_stats,
  .stats = on_stats,
  .trouble = on_trouble,
  .initialized = on_initialized,
  .need_token = on_need_token,
  .configured = on_configured,
};

/* Observers */

static void
run_add_observer (Job *job)
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
  Job *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));

  job = job_new (self, run_add_observer, NULL);
  job->observer = *observer;
  job->user_data = user_data;
  job->notify = notify;
  job_post (job);
}

static void
run_remove_observer (Job *job)
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
  Job *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));

  job = job_new (self, run_remove_observer, NULL);
  job->user_data = user_data;
  job_post (job);
}

/* Fabrics */

static void
run_initialize (Job *job)
{
  callstats_reporter_initialize (job->reporter);
}

/**
 * callstats_client_initialize:
 * @self: a client
 *
 * Connects to the backend now, callstats' initialize(); otherwise the first fabric does.
 * The answer is [signal@Callstats.Client::initialized]. Without a backend nothing
 * happens.
 */
void
callstats_client_initialize (CallstatsClient *self)
{
  g_return_if_fail (CALLSTATS_IS_CLIENT (self));

  job_post (job_new (self, run_initialize, NULL));
}

static void
run_add_fabric (Job *job)
{
  CallstatsFabricOptions options = {
    .remote_user = job->text,
    .conference = job->conference,
    .usage = job->value,
    .remote_endpoint_type = job->endpoint_type,
    .direction = job->direction,
  };

  callstats_reporter_add_fabric (job->reporter, job->fabric, &options, job->time);
}

static gboolean
read_attribute (const char *name, GVariant *value, GType type, int *read, GError **error)
{
  const char *text = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    text = g_variant_get_string (value, NULL);
  if (callstats_enum_from_string (type, text, read, error))
    return TRUE;
  g_prefix_error (error, "“%s” of the fabric's attributes: ", name);
  return FALSE;
}

/* attributes: nullable. */
static gboolean
read_attributes (GVariant *attributes, int *endpoint_type, int *direction, GError **error)
{
  const struct {
    const char *name;
    GType type;
    int *read;
  } known[] = {
    { "remoteEndpointType", CALLSTATS_TYPE_ENDPOINT_TYPE, endpoint_type },
    { "fabricTransmissionDirection", CALLSTATS_TYPE_TRANSMISSION_DIRECTION, direction },
  };
  gsize n_known = 0;
  guint i;

  *endpoint_type = CALLSTATS_ENDPOINT_TYPE_PEER;
  *direction = CALLSTATS_TRANSMISSION_DIRECTION_SENDRECV;
  if (attributes == NULL)
    return TRUE;
  if (!g_variant_is_of_type (attributes, G_VARIANT_TYPE_VARDICT)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "The fabric's attributes are of type %s, not a{sv}",
        g_variant_get_type_string (attributes));
    return FALSE;
  }
  for (i = 0; i < G_N_ELEMENTS (known); i++) {
    g_autoptr (GVariant) value = g_variant_lookup_value (attributes, known[i].name, NULL);

    if (value == NULL)
      continue;
    if (!read_attribute (known[i].name, value, known[i].type, known[i].read, error))
      return FALSE;
    n_known++;
  }
  if (g_variant_n_children (attributes) == n_known)
    return TRUE;
  g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "The fabric's attributes may be remoteEndpointType and "
      "fabricTransmissionDirection only, each once");
  return FALSE;
}

/**
 * callstats_client_add_new_fabric:
 * @self: a client
 * @remote_user_id: (nullable): the user at the other end, at most 128 bytes
 * @usage: what the peer connection carries
 * @conference_id: (nullable): the conference it is part of, at most 256 bytes; %NULL: the
 *   client's [property@Callstats.Client:conference-id]
 * @attributes: (nullable): an `a{sv}` with callstats' fabricAttributes: the strings
 *   `remoteEndpointType`, an [enum@Callstats.EndpointType], by default `peer`, and
 *   `fabricTransmissionDirection`, an [enum@Callstats.TransmissionDirection], by default
 *   `sendrecv`; a floating reference is consumed
 * @error: return location for an error
 *
 * Tells of a new peer connection, callstats' addNewFabric(). Now is the reference of all
 * its delays.
 *
 * Returns: (transfer full): the fabric's id, for the other methods; %NULL with a
 *   `CALLSTATS_ERROR_TOO_LONG` or `CALLSTATS_ERROR_INVALID_ARGUMENT`
 */
char *
callstats_client_add_new_fabric (CallstatsClient *self, const char *remote_user_id,
    CallstatsFabricUsage usage, const char *conference_id, GVariant *attributes,
    GError **error)
{
  g_autoptr (GVariant) given =
      attributes != NULL ? g_variant_ref_sink (attributes) : NULL;
  g_autofree char *id = NULL;
  int endpoint_type, direction;
  Job *job;

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), NULL);

  if (callstats_enum_to_string (CALLSTATS_TYPE_FABRIC_USAGE, usage) == NULL) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "Invalid fabricUsage value %d", usage);
    return NULL;
  }
  if (!callstats_check_text (
          "The remote user id", remote_user_id, CALLSTATS_MAX_USER_ID, error) ||
      !callstats_check_text (
          "The conference id", conference_id, CALLSTATS_MAX_CONFERENCE_ID, error) ||
      !read_attributes (given, &endpoint_type, &direction, error))
    return NULL;

  id = g_uuid_string_random ();
  callstats_reporter_announce_fabric (self->reporter, id);
  job = job_new (self, run_add_fabric, id);
  job->text = g_strdup (remote_user_id);
  job->conference = g_strdup (conference_id);
  job->value = usage;
  job->endpoint_type = endpoint_type;
  job->direction = direction;
  job_post (job);
  return g_steal_pointer (&id);
}

static void
post_state (CallstatsClient *self, const char *fabric, int state, void (*run) (Job *))
{
  Job *job = job_new (self, run, fabric);

  job->value = state;
  job_post (job);
}

static void
run_set_signaling_state (Job *job)
{
  callstats_reporter_set_signaling_state (
      job->reporter, job->fabric, job->value, job->time);
}

/**
 * callstats_client_set_signaling_state:
 * @self: a client
 * @fabric: a fabric's id; one that has ended is ignored
 * @state: the peer connection's signaling state, now
 *
 * Tells a state of a peer connection. `closed` ends the fabric.
 */
void
callstats_client_set_signaling_state (
    CallstatsClient *self, const char *fabric, CallstatsSignalingState state)
{
  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL);

  post_state (self, fabric, state, run_set_signaling_state);
}

static void
run_set_ice_gathering_state (Job *job)
{
  callstats_reporter_set_ice_gathering_state (
      job->reporter, job->fabric, job->value, job->time);
}

/**
 * callstats_client_set_ice_gathering_state:
 * @self: a client
 * @fabric: a fabric's id; one that has ended is ignored
 * @state: the peer connection's ICE gathering state, now
 *
 * Tells a state of a peer connection.
 */
void
callstats_client_set_ice_gathering_state (
    CallstatsClient *self, const char *fabric, CallstatsIceGatheringState state)
{
  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL);

  post_state (self, fabric, state, run_set_ice_gathering_state);
}

static void
run_set_ice_connection_state (Job *job)
{
  callstats_reporter_set_ice_connection_state (
      job->reporter, job->fabric, job->value, job->time);
}

/**
 * callstats_client_set_ice_connection_state:
 * @self: a client
 * @fabric: a fabric's id; one that has ended is ignored
 * @state: the peer connection's ICE connection state, now
 *
 * Tells a state of a peer connection. The first `connected` or `completed` is
 * fabricSetup.
 */
void
callstats_client_set_ice_connection_state (
    CallstatsClient *self, const char *fabric, CallstatsIceConnectionState state)
{
  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL);

  post_state (self, fabric, state, run_set_ice_connection_state);
}

static void
run_send_event (Job *job)
{
  callstats_reporter_send_event (
      job->reporter, job->fabric, job->text, job->data, job->time);
}

static void
run_send_report (Job *job)
{
  callstats_reporter_send_report (job->reporter, job->fabric, job->report);
}

/**
 * callstats_client_send_report:
 * @self: a client
 * @fabric: a fabric's id; one that has ended is ignored
 * @report: a sample of its statistics; not to be changed from now on
 *
 * Tells a sample of a peer connection's statistics.
 */
void
callstats_client_send_report (
    CallstatsClient *self, const char *fabric, CallstatsReport *report)
{
  Job *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL && report != NULL);
  g_return_if_fail (callstats_record_time_is_valid (callstats_report_get_time (report)));

  job = job_new (self, run_send_report, fabric);
  job->report = callstats_report_ref (report);
  job_post (job);
}

/* What watchers tell */

/**
 * callstats_client_tell_event: (skip)
 * @self: a client
 * @fabric: a fabric's id; one that has ended is ignored
 * @name: callstats' name of the event
 * @data: (nullable): its data, an `a{sv}`; a floating reference is consumed
 * @monotonic_time: when it happened, a time of g_get_monotonic_time()
 *
 * Tells an event that a watcher of peer connections found, back-dated if need be.
 */
void
callstats_client_tell_event (CallstatsClient *self, const char *fabric, const char *name,
    GVariant *data, gint64 monotonic_time)
{
  Job *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL && name != NULL);

  job = job_new (self, run_send_event, fabric);
  job->text = g_strdup (name);
  job->data = g_variant_ref_sink (data != NULL ? data : g_variant_new ("a{sv}", NULL));
  job->time = monotonic_time;
  job_post (job);
}

static void
run_fail (Job *job)
{
  callstats_reporter_fail (job->reporter, job->fabric, job->data, job->time);
}

/**
 * callstats_client_tell_failure: (skip)
 * @self: a client
 * @fabric: a fabric's id; one that has ended is ignored
 * @function: what failed
 * @reason: why
 * @details: (nullable): more, an `a{sv}`: `name`, `message`, `diagnosis`, …; a floating
 *   reference is consumed
 * @monotonic_time: when it failed, a time of g_get_monotonic_time()
 *
 * Tells a failure that a watcher of peer connections found: see
 * [method@Callstats.Fabric.fail].
 */
void
callstats_client_tell_failure (CallstatsClient *self, const char *fabric,
    CallstatsWebrtcFunction function, CallstatsFailureReason reason, GVariant *details,
    gint64 monotonic_time)
{
  g_autoptr (GVariant) given = NULL;
  GVariantDict dict;
  Job *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL);

  given = g_variant_ref_sink (details != NULL ? details : g_variant_new ("a{sv}", NULL));
  g_variant_dict_init (&dict, given);
  g_variant_dict_insert (&dict, "function", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_WEBRTC_FUNCTION, function));
  g_variant_dict_insert (&dict, "reason", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_FAILURE_REASON, reason));
  job = job_new (self, run_fail, fabric);
  job->data = g_variant_ref_sink (g_variant_dict_end (&dict));
  job->time = monotonic_time;
  job_post (job);
}

static void
run_mark (Job *job)
{
  callstats_reporter_mark (job->reporter, job->fabric, job->text, job->time);
}

/**
 * callstats_client_mark_phase: (skip)
 * @self: a client
 * @fabric: a fabric's id; one that has ended is ignored
 * @phase: a step on the way to media
 * @monotonic_time: when it was done, a time of g_get_monotonic_time()
 *
 * Tells that a step of the setup is done: see [method@Callstats.Fabric.mark].
 */
void
callstats_client_mark_phase (
    CallstatsClient *self, const char *fabric, const char *phase, gint64 monotonic_time)
{
  Job *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL && phase != NULL);

  job = job_new (self, run_mark, fabric);
  job->text = g_strdup (phase);
  job->time = monotonic_time;
  job_post (job);
}

/* What is done to a fabric's machine. */
typedef struct {
  CallstatsFabricFunc func;
  gpointer data;
  GDestroyNotify notify;
} Update;

static void
run_update (Job *job)
{
  g_autofree Update *update = job->user_data;

  callstats_reporter_update (
      job->reporter, job->fabric, update->func, update->data, job->time);
  if (update->notify != NULL)
    update->notify (update->data);
}

/**
 * callstats_client_update_fabric: (skip)
 * @self: a client
 * @fabric: a fabric's id; one that has ended is ignored
 * @func: called on the monitor thread with the fabric
 * @data: its other argument
 * @notify: (nullable): frees @data
 *
 * Tells a fabric what a watcher of peer connections observed, in order with all else.
 */
void
callstats_client_update_fabric (CallstatsClient *self, const char *fabric,
    CallstatsFabricFunc func, gpointer data, GDestroyNotify notify)
{
  Update *update;
  Job *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL && func != NULL);

  update = g_new0 (Update, 1);
  update->func = func;
  update->data = data;
  update->notify = notify;
  job = job_new (self, run_update, fabric);
  job->user_data = update;
  job_post (job);
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
run_flush (Job *job)
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
 * reached now; a try to connect that is under way is waited for.
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
  Job *job;

  g_return_val_if_fail (CALLSTATS_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (
      !g_main_context_is_owner (callstats_monitor_get_context ()), FALSE);

  flush = g_new0 (Flush, 1);
  g_mutex_init (&flush->lock);
  g_cond_init (&flush->cond);
  g_atomic_ref_count_init (&flush->ref_count);
  g_atomic_ref_count_inc (&flush->ref_count);
  job = job_new (self, run_flush, NULL);
  job->user_data = flush;
  job_post (job);

  done = flush_wait (flush, deadline);
  flush_unref (flush);
  return done;
}

/**
 * callstats_client_get_stats: (get-property stats)
 * @self: a client
 *
 * Gives the client's own counters: `backend` (string: `none`, `waiting`, `connecting`,
 * `connected` or `stopped`), and as uint64 `fabrics` (open ones), `events`, `reports`
 * (told so far), `records-held` (for want of a conference id), `records-queued`,
 * `bytes-queued`, `records-sent`, `records-acked`, `records-dropped`, `bytes-raw`,
 * `bytes-sent` and `connects`.
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
  g_variant_dict_insert (&dict, "records-sent", "t", stats.delivery.sent);
  g_variant_dict_insert (&dict, "records-acked", "t", stats.delivery.acked);
  g_variant_dict_insert (&dict, "records-dropped", "t", stats.delivery.dropped);
  g_variant_dict_insert (&dict, "bytes-raw", "t", stats.delivery.bytes_raw);
  g_variant_dict_insert (&dict, "bytes-sent", "t", stats.delivery.bytes_sent);
  g_variant_dict_insert (&dict, "connects", "t", stats.delivery.connects);
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
run_configure (Job *job)
{
  callstats_reporter_configure (job->reporter, job->configuration);
}

static void
post_configuration (CallstatsClient *self)
{
  Job *job = job_new (self, run_configure, NULL);

  job->configuration = callstats_configuration_copy (&self->configuration);
  job_post (job);
}

/* Returns: (nullable): where the string property of that id lies. */
static char **
find_text (CallstatsClient *self, guint id)
{
  switch (id) {
  case PROP_APP_ID:
    return &self->configuration.app_id;
  case PROP_APP_SECRET:
    return &self->configuration.app_secret;
  case PROP_APP_SECRET_FILE:
    return &self->configuration.app_secret_file;
  case PROP_USER_ID:
    return &self->configuration.user_id;
  case PROP_USER_NAME:
    return &self->configuration.user_name;
  case PROP_CONFERENCE_ID:
    return &self->configuration.conference_id;
  case PROP_BACKEND_URL:
    return &self->configuration.backend_url;
  case PROP_TOKEN:
    return &self->configuration.token;
  case PROP_SITE_ID:
    return &self->configuration.site_id;
  case PROP_APPLICATION_VERSION:
    return &self->configuration.application_version;
  default:
    return NULL;
  }
}

static void
callstats_client_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  CallstatsClient *self = CALLSTATS_CLIENT (object);
  char **text = find_text (self, id);

  g_mutex_lock (&self->lock);
  if (text != NULL) {
    g_free (*text);
    *text = g_value_dup_string (value);
    if (id == PROP_APP_ID || id == PROP_APP_SECRET || id == PROP_APP_SECRET_FILE ||
        id == PROP_USER_ID || id == PROP_TOKEN)
      self->configuration.credentials_serial++;
  } else if (id == PROP_ADDITIONAL_IDS) {
    g_clear_pointer (&self->configuration.additional_ids, g_variant_unref);
    self->configuration.additional_ids = g_value_dup_variant (value);
  } else if (id == PROP_ALLOW_PLAINTEXT) {
    self->configuration.allow_plaintext = g_value_get_boolean (value);
  } else if (id == PROP_MEMORY_MAX_BYTES) {
    self->configuration.memory_max_bytes = g_value_get_uint64 (value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  post_configuration (self);
  g_mutex_unlock (&self->lock);
}

static void
callstats_client_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  CallstatsClient *self = CALLSTATS_CLIENT (object);
  char **text = find_text (self, id);

  if (id == PROP_STATS) {
    g_value_take_variant (value, callstats_client_get_stats (self));
    return;
  }
  g_mutex_lock (&self->lock);
  if (text != NULL)
    g_value_set_string (value, *text);
  else if (id == PROP_ADDITIONAL_IDS)
    g_value_set_variant (value, self->configuration.additional_ids);
  else if (id == PROP_ALLOW_PLAINTEXT)
    g_value_set_boolean (value, self->configuration.allow_plaintext);
  else if (id == PROP_MEMORY_MAX_BYTES)
    g_value_set_uint64 (value, self->configuration.memory_max_bytes);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  g_mutex_unlock (&self->lock);
}

/* Life cycle */

static void
weak_free (gpointer data)
{
  GWeakRef *weak = data;

  g_weak_ref_clear (weak);
  g_free (weak);
}

static void
callstats_client_constructed (GObject *object)
{
  CallstatsClient *self = CALLSTATS_CLIENT (object);
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  G_OBJECT_CLASS (callstats_client_parent_class)->constructed (object);
  g_weak_ref_init (weak, self);
  callstats_client_add_observer (self, &signal_emitter, weak, weak_free);
}

static void
callstats_client_finalize (GObject *object)
{
  CallstatsClient *self = CALLSTATS_CLIENT (object);
  guint id;

  for (id = 1; id < N_PROPS; id++) {
    if (find_text (self, id) != NULL)
      g_free (*find_text (self, id));
  }
  g_clear_pointer (&self->configuration.additional_ids, g_variant_unref);
  g_main_context_unref (self->context);
  callstats_reporter_unref (self->reporter);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (callstats_client_parent_class)->finalize (object);
}

static GParamSpec *
text_property (const char *name, const char *blurb, GParamFlags access)
{
  return g_param_spec_string (name, NULL, blurb, NULL, access | G_PARAM_STATIC_STRINGS);
}

static void
install_properties (GObjectClass *klass)
{
  /**
   * CallstatsClient:app-id:
   *
   * The application id that the backend knows, at most 128 bytes.
   */
  props[PROP_APP_ID] = text_property (
      "app-id", "The application id that the backend knows", G_PARAM_READWRITE);
  /**
   * CallstatsClient:app-secret:
   *
   * The application's secret; it signs tokens and never leaves the process.
   */
  props[PROP_APP_SECRET] = text_property (
      "app-secret", "The application's secret; prefer app-secret-file", G_PARAM_WRITABLE);
  /**
   * CallstatsClient:app-secret-file:
   *
   * A file that holds the application's secret, read at every connect.
   */
  props[PROP_APP_SECRET_FILE] = text_property (
      "app-secret-file", "A file that holds the application's secret", G_PARAM_READWRITE);
  /**
   * CallstatsClient:user-id:
   *
   * Who reports, at most 128 bytes.
   */
  props[PROP_USER_ID] = text_property ("user-id", "Who reports", G_PARAM_READWRITE);
  /**
   * CallstatsClient:user-name:
   *
   * A name to show for the user.
   */
  props[PROP_USER_NAME] =
      text_property ("user-name", "A name to show for the user", G_PARAM_READWRITE);
  /**
   * CallstatsClient:conference-id:
   *
   * The conference of fabrics that name none, at most 256 bytes. Without one, records are
   * held back from the backend until it is set.
   */
  props[PROP_CONFERENCE_ID] = text_property (
      "conference-id", "The conference of fabrics that name none", G_PARAM_READWRITE);
  /**
   * CallstatsClient:backend-url:
   *
   * The backend: `wss://` or `ws://`. Unset: nothing is sent.
   */
  props[PROP_BACKEND_URL] = text_property (
      "backend-url", "The backend: wss:// or ws://; unset: none", G_PARAM_READWRITE);
  /**
   * CallstatsClient:token:
   *
   * A token that the application made, for want of a secret: the answer to
   * [signal@Callstats.Client::need-token].
   */
  props[PROP_TOKEN] = text_property ("token",
      "A token that the application made, for want of a secret", G_PARAM_WRITABLE);
  /**
   * CallstatsClient:site-id:
   *
   * The site that the user is at, at most 256 bytes.
   */
  props[PROP_SITE_ID] =
      text_property ("site-id", "The site that the user is at", G_PARAM_READWRITE);
  /**
   * CallstatsClient:application-version:
   *
   * The application's version, at most 30 bytes.
   */
  props[PROP_APPLICATION_VERSION] = text_property (
      "application-version", "The application's version", G_PARAM_READWRITE);
  /**
   * CallstatsClient:additional-ids:
   *
   * More ids of the call, an `a{ss}` with some of `customerID`, `tenantID`,
   * `productName`, `meetingsName`, `serverName`, `pbxID`, `pbxExtensionID`,
   * `fqExtensionID` and `sessionID`, each at most 256 bytes.
   */
  props[PROP_ADDITIONAL_IDS] =
      g_param_spec_variant ("additional-ids", NULL, "More ids of the call",
          G_VARIANT_TYPE ("a{ss}"), NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  /**
   * CallstatsClient:allow-plaintext:
   *
   * Whether `ws://` may leave this machine.
   */
  props[PROP_ALLOW_PLAINTEXT] = g_param_spec_boolean ("allow-plaintext", NULL,
      "Whether ws:// may leave this machine", FALSE,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  /**
   * CallstatsClient:memory-max-bytes:
   *
   * Bytes of records kept in memory while the backend does not take them.
   */
  props[PROP_MEMORY_MAX_BYTES] = g_param_spec_uint64 ("memory-max-bytes", NULL,
      "Bytes of records kept in memory while the backend does not take them", 65536,
      G_MAXINT64, DEFAULT_MEMORY_MAX_BYTES, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  /**
   * CallstatsClient:stats: (getter get_stats)
   *
   * The client's own counters.
   */
  props[PROP_STATS] = g_param_spec_variant ("stats", NULL, "The client's own counters",
      G_VARIANT_TYPE_VARDICT, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (klass, N_PROPS, props);
}

static void
install_signals (void)
{
  /**
   * CallstatsClient::fabric-event:
   * @self: the client
   * @fabric: (nullable): the fabric's id; %NULL: about the user's part in the conference
   * @name: callstats' name of the event
   * @time: when it happened, in microseconds since the epoch
   * @data: the event's data, an `a{sv}`
   *
   * Something happened to a fabric.
   */
  signals[FABRIC_EVENT] = g_signal_new ("fabric-event", CALLSTATS_TYPE_CLIENT,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_STRING,
      G_TYPE_STRING, G_TYPE_INT64, G_TYPE_VARIANT);
  /**
   * CallstatsClient::report:
   * @self: the client
   * @fabric: the fabric's id
   * @report: the sample
   *
   * A fabric's statistics were sampled.
   */
  signals[REPORT] = g_signal_new ("report", CALLSTATS_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, CALLSTATS_TYPE_REPORT);
  /**
   * CallstatsClient::stats:
   * @self: the client
   * @fabric: the fabric's id
   * @stats: an `a{sv}`: `connectionState`, `online` or `offline` (the backend),
   *   `fabricState`, a [enum@Callstats.FabricState], `conferenceURL`, where the backend
   *   describes the conference, `mediaStreamTracks`, an array with an `a{sv}` for each
   *   stream, and `streams`, the same by SSRC
   *
   * How good the streams of a fabric are, callstats' csStatsCallback, with every report.
   *
   * A stream has `ssrc`, `statsType` (`inbound-rtp` or `outbound-rtp`), `mediaType`,
   * `userID` (whose stream it is), `remoteUserID`, `usageLabel`, `associatedVideoTag`,
   * `audioLevel`, and as doubles `bitrate` (kbit/s), `packetRate` (packets/s),
   * `fractionLoss` (0 to 1), `packetLossPercentage`, `jitter`, `rtt` and `averageRTT`
   * (milliseconds). Rates and the loss of a stream that is received are of the interval
   * since the report before; what is sent has loss, jitter and round trip from the other
   * end's last report. What is not known is absent.
   */
  signals[STATS] = g_signal_new ("stats", CALLSTATS_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_VARIANT);
  /**
   * CallstatsClient::warning:
   * @self: the client
   * @error: what happened, and the way out
   *
   * Something the user should know; the call goes on.
   */
  signals[WARNING] = g_signal_new ("warning", CALLSTATS_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
  /**
   * CallstatsClient::initialized:
   * @self: the client
   * @cs_error: callstats' csError: `success`, `authError` or `httpError`
   * @message: a text for people
   *
   * The backend's answer to the credentials, callstats' csInitCallback.
   */
  signals[INITIALIZED] =
      g_signal_new ("initialized", CALLSTATS_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0, NULL,
          NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  /**
   * CallstatsClient::need-token:
   * @self: the client
   * @force: whether the last one was refused, so that the same again is of no use
   *
   * A token is wanted that only the application can make, for the client has no secret:
   * callstats' token generator. Answer at any time, from any thread, by setting
   * [property@Callstats.Client:token].
   */
  signals[NEED_TOKEN] = g_signal_new ("need-token", CALLSTATS_TYPE_CLIENT,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  /**
   * CallstatsClient::default-config:
   * @self: the client
   * @json: a JSON object, `{peerConnection, media}`
   *
   * The backend's default configuration for peer connections and media, callstats'
   * defaultConfig.
   */
  signals[DEFAULT_CONFIG] = g_signal_new ("default-config", CALLSTATS_TYPE_CLIENT,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  /**
   * CallstatsClient::recommended-config:
   * @self: the client
   * @json: a JSON object, `{peerConnection, media}`
   *
   * The configuration that the backend recommends to this client, callstats'
   * recommendedConfig.
   */
  signals[RECOMMENDED_CONFIG] = g_signal_new ("recommended-config", CALLSTATS_TYPE_CLIENT,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
callstats_client_class_init (CallstatsClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = callstats_client_constructed;
  object_class->finalize = callstats_client_finalize;
  object_class->get_property = callstats_client_get_property;
  object_class->set_property = callstats_client_set_property;
  install_properties (object_class);
  install_signals ();
}

static void
callstats_client_init (CallstatsClient *self)
{
  g_mutex_init (&self->lock);
  self->configuration.memory_max_bytes = DEFAULT_MEMORY_MAX_BYTES;
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
