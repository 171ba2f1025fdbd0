/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What happens to the fabrics of one client, and the records made of it. Monitor thread
 * only.
 */
#include <string.h>

#include "callstats-enum-types.h"
#include "callstats-error.h"
#include "callstats-backend-private.h"
#include "callstats-monitor.h"
#include "callstats-reporter-inside-private.h"
#include "callstats-stream-stats-private.h"

void
callstats_reporter_fabric_free (gpointer data)
{
  CallstatsReporterFabric *fabric = data;

  g_signal_handlers_disconnect_by_data (fabric->machine, fabric);
  g_object_unref (fabric->machine);
  g_free (fabric->remote_user);
  g_clear_pointer (&fabric->associations, g_hash_table_unref);
  callstats_quality_free (fabric->quality);
  callstats_report_unref (fabric->previous);
  g_free (fabric);
}

void
callstats_reporter_tell_event (
    CallstatsReporterFabric *fabric, const char *name, gint64 time, GVariant *data)
{
  CallstatsReporter *self = fabric->reporter;
  g_autofree char *json = callstats_data_to_json (data);

  callstats_reporter_count (self, &self->stats.events);
  callstats_reporter_push_event (
      self, fabric->conference->name, fabric, name, time, json);
  CALLSTATS_TELL (self, fabric_event, callstats_fabric_get_id (fabric->machine), name,
      callstats_monitor_to_epoch (time), data);
}

/* What the application said of the peer connection, which its machine does not know. */
static void
insert_attributes (CallstatsReporterFabric *fabric, GVariantDict *dict)
{
  g_variant_dict_insert (dict, "remoteEndpointType", "s",
      callstats_enum_to_string (
          CALLSTATS_TYPE_ENDPOINT_TYPE, fabric->remote_endpoint_type));
  g_variant_dict_insert (dict, "fabricTransmissionDirection", "s",
      callstats_enum_to_string (
          CALLSTATS_TYPE_TRANSMISSION_DIRECTION, fabric->direction));
}

static void
on_machine_event (CallstatsFabric *machine, const char *name, gint64 time, GVariant *data,
    gpointer user_data)
{
  g_autoptr (GVariant) extended = NULL;
  GVariantDict dict;

  if (strcmp (name, "fabricSetup") != 0 && strcmp (name, "fabricSetupFailed") != 0) {
    callstats_reporter_tell_event (user_data, name, time, data);
    return;
  }
  g_variant_dict_init (&dict, data);
  insert_attributes (user_data, &dict);
  extended = g_variant_ref_sink (g_variant_dict_end (&dict));
  callstats_reporter_tell_event (user_data, name, time, extended);
}

/* Not from within the machine's own emission: it is freed here. */
static void
remove_if_terminated (CallstatsReporter *self, const char *id, gint64 time)
{
  CallstatsReporterFabric *fabric = g_hash_table_lookup (self->fabrics, id);
  CallstatsReporterConference *conference;

  if (callstats_fabric_get_state (fabric->machine) != CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  conference = fabric->conference;
  callstats_reporter_forget_fabric (self, id);
  g_hash_table_remove (self->fabrics, id);
  callstats_reporter_leave (self, conference, time);
  callstats_reporter_update_stats (self);
}

static void
tell_added (
    CallstatsReporterFabric *fabric, const CallstatsFabricOptions *options, gint64 time)
{
  g_autoptr (GVariant) data = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (options->usage != CALLSTATS_FABRIC_USAGE_AUTO)
    g_variant_dict_insert (&dict, "fabricUsage", "s",
        callstats_enum_to_string (CALLSTATS_TYPE_FABRIC_USAGE, options->usage));
  insert_attributes (fabric, &dict);
  data = g_variant_ref_sink (g_variant_dict_end (&dict));
  callstats_reporter_tell_event (fabric, "addNewFabric", time, data);
}

static CallstatsReporterFabric *
fabric_new (CallstatsReporter *self, const char *id,
    const CallstatsFabricOptions *options, gint64 time)
{
  const char *conference = callstats_unless_empty (options->conference);
  CallstatsReporterFabric *fabric = g_new0 (CallstatsReporterFabric, 1);

  if (conference == NULL && self->configuration != NULL)
    conference = callstats_unless_empty (self->configuration->conference_id);
  fabric->reporter = self;
  fabric->machine = callstats_fabric_new (id, time);
  fabric->remote_user = g_strdup (callstats_unless_empty (options->remote_user));
  fabric->start = time;
  fabric->quality = callstats_quality_new ();
  fabric->remote_endpoint_type = options->remote_endpoint_type;
  fabric->direction = options->direction;
  fabric->conference = callstats_reporter_join (self, conference, time);
  g_signal_connect (fabric->machine, "event", G_CALLBACK (on_machine_event), fabric);
  g_hash_table_insert (self->fabrics, g_strdup (id), fabric);
  return fabric;
}

void
callstats_reporter_add_fabric (CallstatsReporter *self, const char *id,
    const CallstatsFabricOptions *options, gint64 time)
{
  CallstatsTelling *telling;

  if (g_hash_table_contains (self->fabrics, id))
    return;
  tell_added (fabric_new (self, id, options, time), options, time);
  callstats_reporter_update_stats (self);
  while ((telling = g_queue_pop_head (&self->pending)) != NULL) {
    callstats_reporter_tell (self, telling);
    callstats_telling_free (telling);
  }
}

void
callstats_reporter_set_signaling_state (
    CallstatsReporter *self, const char *id, CallstatsSignalingState state, gint64 time)
{
  CallstatsReporterFabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric == NULL)
    return;
  callstats_fabric_set_signaling_state (fabric->machine, state, time);
  remove_if_terminated (self, id, time);
}

void
callstats_reporter_set_ice_gathering_state (CallstatsReporter *self, const char *id,
    CallstatsIceGatheringState state, gint64 time)
{
  CallstatsReporterFabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric != NULL)
    callstats_fabric_set_ice_gathering_state (fabric->machine, state, time);
}

void
callstats_reporter_set_ice_connection_state (CallstatsReporter *self, const char *id,
    CallstatsIceConnectionState state, gint64 time)
{
  CallstatsReporterFabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric != NULL)
    callstats_fabric_set_ice_connection_state (fabric->machine, state, time);
}

void
callstats_reporter_send_event (CallstatsReporter *self, const char *id, const char *name,
    GVariant *data, gint64 time)
{
  CallstatsReporterFabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric == NULL)
    return;
  if (strcmp (name, "fabricTerminated") == 0) {
    callstats_fabric_end (fabric->machine, data, time);
    remove_if_terminated (self, id, time);
  } else if (strcmp (name, "fabricSetupFailed") == 0) {
    callstats_fabric_fail (fabric->machine, data, time);
  } else {
    callstats_reporter_tell_event (fabric, name, time, data);
  }
}

void
callstats_reporter_update (CallstatsReporter *self, const char *id,
    CallstatsFabricFunc func, gpointer data, gint64 time)
{
  CallstatsReporterFabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric == NULL)
    return;
  func (fabric->machine, data);
  remove_if_terminated (self, id, time);
}

void
callstats_reporter_mark (
    CallstatsReporter *self, const char *id, const char *phase, gint64 time)
{
  CallstatsReporterFabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric != NULL)
    callstats_fabric_mark (fabric->machine, phase, time);
}

void
callstats_reporter_fail (
    CallstatsReporter *self, const char *id, GVariant *failure, gint64 time)
{
  CallstatsReporterFabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric != NULL)
    callstats_fabric_fail (fabric->machine, failure, time);
}

static gboolean
wants_stats (CallstatsReporter *self)
{
  guint i;

  for (i = 0; i < self->listeners->len; i++) {
    const CallstatsReporterListener *listener = g_ptr_array_index (self->listeners, i);

    if (listener->observer.wants_stats != NULL &&
        listener->observer.wants_stats (listener->user_data))
      return TRUE;
  }
  return FALSE;
}

/* NULL: there is none. */
static char *
make_conference_url (CallstatsReporter *self, const char *conference)
{
  g_autoptr (CallstatsBackend) backend = NULL;

  if (conference == NULL || !callstats_uplink_has_backend (self->uplink) ||
      self->configuration->app_id == NULL)
    return NULL;
  backend = callstats_backend_new (self->configuration->backend_url, TRUE, NULL);
  return backend != NULL ? callstats_backend_make_conference_url (
                               backend, self->configuration->app_id, conference)
                         : NULL;
}

static void
tell_stats (CallstatsReporterFabric *fabric, CallstatsReport *report)
{
  CallstatsReporter *self = fabric->reporter;
  g_autofree char *url = make_conference_url (self, fabric->conference->name);
  g_autoptr (GVariant) stats = NULL;
  CallstatsDeliveryStats delivery = { 0 };
  CallstatsStreamContext context = {
    .fabric_state = callstats_enum_to_string (
        CALLSTATS_TYPE_FABRIC_STATE, callstats_fabric_get_state (fabric->machine)),
    .conference_url = url,
    .local_user = self->configuration != NULL ? self->configuration->user_id : NULL,
    .remote_user = fabric->remote_user,
    .associations = fabric->associations,
    .quality = fabric->quality,
  };

  callstats_uplink_get_stats (self->uplink, &delivery);
  context.online = delivery.state == CALLSTATS_DELIVERY_CONNECTED;
  stats = callstats_stream_stats_new (fabric->previous, report, &context);
  CALLSTATS_TELL (self, stats, callstats_fabric_get_id (fabric->machine), stats);
}

/* The report before is kept only where somebody listens. */
static void
consider_stats (CallstatsReporterFabric *fabric, CallstatsReport *report)
{
  gboolean wanted = wants_stats (fabric->reporter);

  if (wanted)
    tell_stats (fabric, report);
  g_clear_pointer (&fabric->previous, callstats_report_unref);
  if (wanted)
    fabric->previous = callstats_report_ref (report);
}

void
callstats_reporter_send_report (
    CallstatsReporter *self, const char *id, CallstatsReport *report)
{
  CallstatsReporterFabric *fabric = g_hash_table_lookup (self->fabrics, id);
  g_autoptr (CallstatsReport) scored = NULL;
  g_autoptr (CallstatsRecord) record = NULL;

  if (fabric == NULL)
    return;
  scored = callstats_quality_add (fabric->quality, report);
  record = callstats_record_new_report (scored);
  record->fabric = g_strdup (id);
  record->remote_user = g_strdup (fabric->remote_user);
  callstats_reporter_count (self, &self->stats.reports);
  callstats_uplink_push (self->uplink, fabric->conference->name, record);
  CALLSTATS_TELL (self, report, id, scored);
  consider_stats (fabric, scored);
}
