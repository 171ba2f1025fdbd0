/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a client is told of its fabrics, by applications and by watchers of peer
 * connections.
 *
 * Any thread.
 */
#include <string.h>

#include "callstats-client-private.h"
#include "callstats-enum-types.h"
#include "callstats-error.h"
#include "callstats-limits-private.h"
#include "callstats-record-private.h"

static void
run_initialize (CallstatsJob *job)
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

  callstats_job_post (callstats_job_new (self, run_initialize, NULL));
}

static void
run_add_fabric (CallstatsJob *job)
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
  CallstatsJob *job;

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
  job = callstats_job_new (self, run_add_fabric, id);
  callstats_reporter_announce_fabric (job->reporter, id);
  job->text = g_strdup (remote_user_id);
  job->conference = g_strdup (conference_id);
  job->value = usage;
  job->endpoint_type = endpoint_type;
  job->direction = direction;
  callstats_job_post (job);
  return g_steal_pointer (&id);
}

static void
post_state (
    CallstatsClient *self, const char *fabric, int state, void (*run) (CallstatsJob *))
{
  CallstatsJob *job = callstats_job_new (self, run, fabric);

  job->value = state;
  callstats_job_post (job);
}

static void
run_set_signaling_state (CallstatsJob *job)
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
run_set_ice_gathering_state (CallstatsJob *job)
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
run_set_ice_connection_state (CallstatsJob *job)
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
run_send_event (CallstatsJob *job)
{
  callstats_reporter_send_event (
      job->reporter, job->fabric, job->text, job->data, job->time);
}

static void
run_send_report (CallstatsJob *job)
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
  CallstatsJob *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL && report != NULL);
  g_return_if_fail (callstats_record_time_is_valid (callstats_report_get_time (report)));

  job = callstats_job_new (self, run_send_report, fabric);
  job->report = callstats_report_ref (report);
  callstats_job_post (job);
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
  CallstatsJob *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL && name != NULL);

  job = callstats_job_new (self, run_send_event, fabric);
  job->text = g_strdup (name);
  job->data = g_variant_ref_sink (data != NULL ? data : g_variant_new ("a{sv}", NULL));
  job->time = monotonic_time;
  callstats_job_post (job);
}

static void
run_fail (CallstatsJob *job)
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
  CallstatsJob *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL);

  given = g_variant_ref_sink (details != NULL ? details : g_variant_new ("a{sv}", NULL));
  g_variant_dict_init (&dict, given);
  g_variant_dict_insert (&dict, "function", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_WEBRTC_FUNCTION, function));
  g_variant_dict_insert (&dict, "reason", "s",
      callstats_enum_to_string (CALLSTATS_TYPE_FAILURE_REASON, reason));
  job = callstats_job_new (self, run_fail, fabric);
  job->data = g_variant_ref_sink (g_variant_dict_end (&dict));
  job->time = monotonic_time;
  callstats_job_post (job);
}

static void
run_mark (CallstatsJob *job)
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
  CallstatsJob *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL && phase != NULL);

  job = callstats_job_new (self, run_mark, fabric);
  job->text = g_strdup (phase);
  job->time = monotonic_time;
  callstats_job_post (job);
}

/* What is done to a fabric's machine. */
typedef struct {
  CallstatsFabricFunc func;
  gpointer data;
  GDestroyNotify notify;
} Update;

static void
run_update (CallstatsJob *job)
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
  CallstatsJob *job;

  g_return_if_fail (CALLSTATS_IS_CLIENT (self));
  g_return_if_fail (fabric != NULL && func != NULL);

  update = g_new0 (Update, 1);
  update->func = func;
  update->data = data;
  update->notify = notify;
  job = callstats_job_new (self, run_update, fabric);
  job->user_data = update;
  callstats_job_post (job);
}
