/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fabrics and conferences of one client, and the records made of what happens to them.
 *
 * Monitor thread only, but for reference counting, the set of known fabrics and
 * callstats_reporter_get_stats().
 */
#include <string.h>

#include "callstats-backend-private.h"
#include "callstats-enum-types.h"
#include "callstats-error.h"
#include "callstats-fabric.h"
#include "callstats-json-private.h"
#include "callstats-limits-private.h"
#include "callstats-monitor.h"
#include "callstats-record-private.h"
#include "callstats-reporter-private.h"
#include "callstats-uplink-private.h"

#define ALIVE_MS 10000    /* callstats' own */
#define MAX_PENDING 10000 /* tellings that wait for a first fabric */
#define MAX_ASSOCIATIONS 4096

typedef struct {
  CallstatsReporter *reporter;
  char *name; /* NULL: not known yet */
  guint n_fabrics;
  GSource *alive;
} Conference;

typedef struct {
  CallstatsReporter *reporter;
  CallstatsFabric *machine;
  Conference *conference;
  char *remote_user;
  gint64 start;
  GHashTable *associations;  /* NULL, or SSRC → CallstatsAssociation */
  CallstatsReport *previous; /* NULL, or the last one that stats were told of */
} Fabric;

typedef struct {
  CallstatsClientObserver observer;
  gpointer user_data;
  GDestroyNotify notify;
} Listener;

struct _CallstatsReporter {
  gatomicrefcount ref_count;
  CallstatsConfiguration *configuration; /* NULL until configure() */
  CallstatsUplink *uplink;
  GPtrArray *listeners;     /* Listener */
  GHashTable *fabrics;      /* id → Fabric */
  GPtrArray *conferences;   /* Conference, those with a fabric in them */
  GQueue pending;           /* CallstatsTelling, until there is a fabric */
  char *refused_conference; /* NULL: none, or a conference id that cannot be used */

  GMutex lock; /* guards what follows */
  CallstatsReporterStats stats;
  GHashTable *known; /* set of ids: fabrics from their announcement to their end */
};

static const char *
unless_empty (const char *string)
{
  return string != NULL && *string != '\0' ? string : NULL;
}

/* Life cycle */

static void
listener_free (gpointer data)
{
  Listener *listener = data;

  if (listener->notify != NULL)
    listener->notify (listener->user_data);
  g_free (listener);
}

static void
fabric_free (gpointer data)
{
  Fabric *fabric = data;

  g_signal_handlers_disconnect_by_data (fabric->machine, fabric);
  g_object_unref (fabric->machine);
  g_free (fabric->remote_user);
  g_clear_pointer (&fabric->associations, g_hash_table_unref);
  callstats_report_unref (fabric->previous);
  g_free (fabric);
}

static void
conference_free (gpointer data)
{
  Conference *conference = data;

  g_source_destroy (conference->alive);
  g_source_unref (conference->alive);
  g_free (conference->name);
  g_free (conference);
}

CallstatsReporter *
callstats_reporter_ref (CallstatsReporter *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static gboolean
destroy (gpointer user_data)
{
  CallstatsReporter *self = user_data;

  callstats_uplink_free (self->uplink);
  g_hash_table_unref (self->fabrics);
  g_ptr_array_unref (self->conferences);
  g_ptr_array_unref (self->listeners);
  g_queue_clear_full (&self->pending, (GDestroyNotify)callstats_telling_free);
  callstats_configuration_free (self->configuration);
  g_hash_table_unref (self->known);
  g_mutex_clear (&self->lock);
  g_free (self->refused_conference);
  g_free (self);
  return G_SOURCE_REMOVE;
}

void
callstats_reporter_unref (CallstatsReporter *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    callstats_monitor_invoke (destroy, self, NULL);
}

/* Telling observers */

void
callstats_reporter_add_observer (CallstatsReporter *self,
    const CallstatsClientObserver *observer, gpointer user_data, GDestroyNotify notify)
{
  Listener *listener = g_new0 (Listener, 1);

  listener->observer = *observer;
  listener->user_data = user_data;
  listener->notify = notify;
  g_ptr_array_add (self->listeners, listener);
}

void
callstats_reporter_remove_observer (CallstatsReporter *self, gpointer user_data)
{
  guint i;

  for (i = self->listeners->len; i > 0; i--) {
    Listener *listener = g_ptr_array_index (self->listeners, i - 1);

    if (listener->user_data == user_data)
      g_ptr_array_remove_index (self->listeners, i - 1);
  }
}

/* Listeners come and go through the mailbox only, never from within a callback. */
#define TELL(self, callback, ...) \
  G_STMT_START \
  { \
    guint tell_i; \
\
    for (tell_i = 0; tell_i < (self)->listeners->len; tell_i++) { \
      Listener *tell_to = g_ptr_array_index ((self)->listeners, tell_i); \
\
      if (tell_to->observer.callback != NULL) \
        tell_to->observer.callback (__VA_ARGS__, tell_to->user_data); \
    } \
  } \
  G_STMT_END

void
callstats_reporter_tell_trouble (CallstatsReporter *self, const GError *error)
{
  TELL (self, trouble, error);
}

/* What other threads may look at */

static void
update_stats (CallstatsReporter *self)
{
  g_mutex_lock (&self->lock);
  self->stats.has_backend = callstats_uplink_has_backend (self->uplink);
  self->stats.fabrics = g_hash_table_size (self->fabrics);
  self->stats.held = callstats_uplink_n_held (self->uplink);
  callstats_uplink_get_stats (self->uplink, &self->stats.delivery);
  g_mutex_unlock (&self->lock);
}

static void
count (CallstatsReporter *self, guint64 *counter)
{
  g_mutex_lock (&self->lock);
  (*counter)++;
  g_mutex_unlock (&self->lock);
}

void
callstats_reporter_get_stats (CallstatsReporter *self, CallstatsReporterStats *stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}

void
callstats_reporter_announce_fabric (CallstatsReporter *self, const char *id)
{
  g_mutex_lock (&self->lock);
  g_hash_table_add (self->known, g_strdup (id));
  g_mutex_unlock (&self->lock);
}

static void
forget_fabric (CallstatsReporter *self, const char *id)
{
  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->known, id);
  g_mutex_unlock (&self->lock);
}

gboolean
callstats_reporter_has_fabric (CallstatsReporter *self, const char *id)
{
  gboolean known;

  g_mutex_lock (&self->lock);
  known = g_hash_table_contains (self->known, id);
  g_mutex_unlock (&self->lock);
  return known;
}

/* The uplink */

static void
on_trouble (const GError *error, gpointer user_data)
{
  CallstatsReporter *self = user_data;

  TELL (self, trouble, error);
}

static void
on_initialized (const char *cs_error, const char *message, gpointer user_data)
{
  CallstatsReporter *self = user_data;

  TELL (self, initialized, cs_error, message);
}

static void
on_need_token (gboolean force, gpointer user_data)
{
  CallstatsReporter *self = user_data;

  TELL (self, need_token, force);
}

static void
on_configured (const char *name, const char *json, gpointer user_data)
{
  CallstatsReporter *self = user_data;

  TELL (self, configured, name, json);
}

static void
on_progressed (gpointer user_data)
{
  update_stats (user_data);
}

static const CallstatsUplinkCallbacks uplink_callbacks = {
  .trouble = on_trouble,
  .initialized = on_initialized,
  .need_token = on_need_token,
  .configured = on_configured,
  .progressed = on_progressed,
};

CallstatsReporter *
callstats_reporter_new (void)
{
  CallstatsReporter *self = g_new0 (CallstatsReporter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->uplink = callstats_uplink_new (&uplink_callbacks, self);
  self->listeners = g_ptr_array_new_with_free_func (listener_free);
  self->fabrics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, fabric_free);
  self->conferences = g_ptr_array_new_with_free_func (conference_free);
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&self->pending);
  return self;
}

void
callstats_reporter_initialize (CallstatsReporter *self)
{
  callstats_uplink_initialize (self->uplink);
  update_stats (self);
}

void
callstats_reporter_flush (
    CallstatsReporter *self, GDestroyNotify done, gpointer user_data)
{
  callstats_uplink_flush (self->uplink, done, user_data);
}

/* Conferences */

static void
push_event (CallstatsReporter *self, const char *conference, Fabric *fabric,
    const char *name, gint64 time, const char *data)
{
  g_autoptr (CallstatsRecord) record =
      callstats_record_new_event (name, callstats_monitor_to_epoch (time), data);

  if (fabric != NULL) {
    record->fabric = g_strdup (callstats_fabric_get_id (fabric->machine));
    record->remote_user = g_strdup (fabric->remote_user);
  }
  callstats_uplink_push (self->uplink, conference, record);
}

static gboolean
on_alive (gpointer user_data)
{
  Conference *conference = user_data;

  if (conference->name != NULL)
    push_event (conference->reporter, conference->name, NULL, "userAlive",
        g_get_monotonic_time (), NULL);
  return G_SOURCE_CONTINUE;
}

static Conference *
find_conference (CallstatsReporter *self, const char *name)
{
  guint i;

  for (i = 0; i < self->conferences->len; i++) {
    Conference *conference = g_ptr_array_index (self->conferences, i);

    if (g_strcmp0 (conference->name, name) == 0)
      return conference;
  }
  return NULL;
}

static void
push_join (CallstatsReporter *self, const char *conference, gint64 time)
{
  g_autofree char *data = NULL;

  if (self->configuration != NULL)
    data = callstats_configuration_describe (self->configuration);
  push_event (self, conference, NULL, "userJoined", time, data);
}

static Conference *
join (CallstatsReporter *self, const char *name, gint64 time)
{
  Conference *conference = find_conference (self, name);

  if (conference == NULL) {
    conference = g_new0 (Conference, 1);
    conference->reporter = self;
    conference->name = g_strdup (name);
    conference->alive =
        callstats_monitor_add_timeout (ALIVE_MS, on_alive, conference, NULL);
    g_ptr_array_add (self->conferences, conference);
    push_join (self, name, time);
  }
  conference->n_fabrics++;
  return conference;
}

static void
leave (CallstatsReporter *self, Conference *conference, gint64 time)
{
  if (--conference->n_fabrics > 0)
    return;
  push_event (self, conference->name, NULL, "userLeft", time, NULL);
  g_ptr_array_remove (self->conferences, conference);
}

/* Fabrics */

static void
tell_event (Fabric *fabric, const char *name, gint64 time, GVariant *data)
{
  CallstatsReporter *self = fabric->reporter;
  g_autofree char *json = callstats_data_to_json (data);

  count (self, &self->stats.events);
  push_event (self, fabric->conference->name, fabric, name, time, json);
  TELL (self, fabric_event, callstats_fabric_get_id (fabric->machine), name,
      callstats_monitor_to_epoch (time), data);
}

static void
on_machine_event (CallstatsFabric *machine, const char *name, gint64 time, GVariant *data,
    gpointer user_data)
{
  tell_event (user_data, name, time, data);
}

/* Not from within the machine's own emission: it is freed here. */
static void
remove_if_terminated (CallstatsReporter *self, const char *id, gint64 time)
{
  Fabric *fabric = g_hash_table_lookup (self->fabrics, id);
  Conference *conference;

  if (callstats_fabric_get_state (fabric->machine) != CALLSTATS_FABRIC_STATE_TERMINATED)
    return;
  conference = fabric->conference;
  forget_fabric (self, id);
  g_hash_table_remove (self->fabrics, id);
  leave (self, conference, time);
  update_stats (self);
}

static void
tell_added (Fabric *fabric, const CallstatsFabricOptions *options, gint64 time)
{
  g_autoptr (GVariant) data = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (options->usage != CALLSTATS_FABRIC_USAGE_AUTO)
    g_variant_dict_insert (&dict, "fabricUsage", "s",
        callstats_enum_to_string (CALLSTATS_TYPE_FABRIC_USAGE, options->usage));
  g_variant_dict_insert (&dict, "remoteEndpointType", "s",
      callstats_enum_to_string (
          CALLSTATS_TYPE_ENDPOINT_TYPE, options->remote_endpoint_type));
  g_variant_dict_insert (&dict, "fabricTransmissionDirection", "s",
      callstats_enum_to_string (
          CALLSTATS_TYPE_TRANSMISSION_DIRECTION, options->direction));
  data = g_variant_ref_sink (g_variant_dict_end (&dict));
  tell_event (fabric, "addNewFabric", time, data);
}

static Fabric *
fabric_new (CallstatsReporter *self, const char *id,
    const CallstatsFabricOptions *options, gint64 time)
{
  const char *conference = unless_empty (options->conference);
  Fabric *fabric = g_new0 (Fabric, 1);

  if (conference == NULL && self->configuration != NULL)
    conference = unless_empty (self->configuration->conference_id);
  fabric->reporter = self;
  fabric->machine = callstats_fabric_new (id, time);
  fabric->remote_user = g_strdup (unless_empty (options->remote_user));
  fabric->start = time;
  fabric->conference = join (self, conference, time);
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
  update_stats (self);
  while ((telling = g_queue_pop_head (&self->pending)) != NULL) {
    callstats_reporter_tell (self, telling);
    callstats_telling_free (telling);
  }
}

void
callstats_reporter_set_signaling_state (
    CallstatsReporter *self, const char *id, CallstatsSignalingState state, gint64 time)
{
  Fabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric == NULL)
    return;
  callstats_fabric_set_signaling_state (fabric->machine, state, time);
  remove_if_terminated (self, id, time);
}

void
callstats_reporter_set_ice_gathering_state (CallstatsReporter *self, const char *id,
    CallstatsIceGatheringState state, gint64 time)
{
  Fabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric != NULL)
    callstats_fabric_set_ice_gathering_state (fabric->machine, state, time);
}

void
callstats_reporter_set_ice_connection_state (CallstatsReporter *self, const char *id,
    CallstatsIceConnectionState state, gint64 time)
{
  Fabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric != NULL)
    callstats_fabric_set_ice_connection_state (fabric->machine, state, time);
}

void
callstats_reporter_send_event (CallstatsReporter *self, const char *id, const char *name,
    GVariant *data, gint64 time)
{
  Fabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric == NULL)
    return;
  if (strcmp (name, "fabricTerminated") == 0) {
    callstats_fabric_end (fabric->machine, data, time);
    remove_if_terminated (self, id, time);
  } else if (strcmp (name, "fabricSetupFailed") == 0) {
    callstats_fabric_fail (fabric->machine, data, time);
  } else {
    tell_event (fabric, name, time, data);
  }
}

void
callstats_reporter_update (CallstatsReporter *self, const char *id,
    CallstatsFabricFunc func, gpointer data, gint64 time)
{
  Fabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric == NULL)
    return;
  func (fabric->machine, data);
  remove_if_terminated (self, id, time);
}

void
callstats_reporter_mark (
    CallstatsReporter *self, const char *id, const char *phase, gint64 time)
{
  Fabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric != NULL)
    callstats_fabric_mark (fabric->machine, phase, time);
}

void
callstats_reporter_fail (
    CallstatsReporter *self, const char *id, GVariant *failure, gint64 time)
{
  Fabric *fabric = g_hash_table_lookup (self->fabrics, id);

  if (fabric != NULL)
    callstats_fabric_fail (fabric->machine, failure, time);
}

static gboolean
wants_stats (CallstatsReporter *self)
{
  guint i;

  for (i = 0; i < self->listeners->len; i++) {
    const Listener *listener = g_ptr_array_index (self->listeners, i);

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
tell_stats (Fabric *fabric, CallstatsReport *report)
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
  };

  callstats_uplink_get_stats (self->uplink, &delivery);
  context.online = delivery.state == CALLSTATS_DELIVERY_CONNECTED;
  stats = callstats_stream_stats_new (fabric->previous, report, &context);
  TELL (self, stats, callstats_fabric_get_id (fabric->machine), stats);
}

/* The report before is kept only where somebody listens. */
static void
consider_stats (Fabric *fabric, CallstatsReport *report)
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
  Fabric *fabric = g_hash_table_lookup (self->fabrics, id);
  g_autoptr (CallstatsRecord) record = NULL;

  if (fabric == NULL)
    return;
  record = callstats_record_new_report (report);
  record->fabric = g_strdup (id);
  record->remote_user = g_strdup (fabric->remote_user);
  count (self, &self->stats.reports);
  callstats_uplink_push (self->uplink, fabric->conference->name, record);
  TELL (self, report, id, report);
  consider_stats (fabric, report);
}

/* What applications say */

CallstatsTelling *
callstats_telling_new (
    CallstatsScope scope, const char *fabric, const char *name, GVariant *data)
{
  CallstatsTelling *telling = g_new0 (CallstatsTelling, 1);

  telling->scope = scope;
  telling->fabric = g_strdup (fabric);
  telling->name = g_strdup (name);
  telling->data = g_variant_ref (data);
  telling->time = g_get_monotonic_time ();
  return telling;
}

void
callstats_telling_free (CallstatsTelling *telling)
{
  if (telling->settled != NULL)
    telling->settled (FALSE, telling->settled_data);
  g_free (telling->fabric);
  g_free (telling->conference);
  g_free (telling->name);
  g_variant_unref (telling->data);
  g_free (telling);
}

/* What there is only one of: a fabric's conference, else the configuration's. */
static const char *
guess_conference (CallstatsReporter *self)
{
  if (self->conferences->len > 0)
    return ((Conference *)g_ptr_array_index (self->conferences, 0))->name;
  return self->configuration != NULL ? unless_empty (self->configuration->conference_id)
                                     : NULL;
}

static void
tell_of_user (CallstatsReporter *self, CallstatsTelling *telling)
{
  const char *conference = telling->conference;
  g_autofree char *json = callstats_data_to_json (telling->data);
  g_autoptr (CallstatsRecord) record = callstats_record_new_event (
      telling->name, callstats_monitor_to_epoch (telling->time), json);

  if (conference == NULL)
    conference = guess_conference (self);
  /* Who fails before there is a peer connection is in the conference all the same. */
  if (self->conferences->len == 0 && strcmp (telling->name, "fabricSetupFailed") == 0)
    push_join (self, conference, telling->time);
  record->settled = g_steal_pointer (&telling->settled);
  record->settled_data = telling->settled_data;
  count (self, &self->stats.events);
  callstats_uplink_push (self->uplink, conference, record);
  TELL (self, fabric_event, NULL, telling->name, record->time, telling->data);
}

static void
wait_for_fabric (CallstatsReporter *self, const CallstatsTelling *telling)
{
  CallstatsTelling *copy = callstats_telling_new (
      telling->scope, telling->fabric, telling->name, telling->data);

  copy->time = telling->time;
  g_queue_push_tail (&self->pending, copy);
  if (self->pending.length > MAX_PENDING)
    callstats_telling_free (g_queue_pop_head (&self->pending));
}

void
callstats_reporter_tell (CallstatsReporter *self, CallstatsTelling *telling)
{
  g_auto (GStrv) ids = NULL;
  guint i;

  if (telling->scope == CALLSTATS_SCOPE_USER) {
    tell_of_user (self, telling);
  } else if (telling->fabric != NULL) {
    callstats_reporter_send_event (
        self, telling->fabric, telling->name, telling->data, telling->time);
  } else if (g_hash_table_size (self->fabrics) == 0) {
    wait_for_fabric (self, telling);
  } else {
    /* The last of them may end, and with it its entry. */
    g_autofree gpointer *keys = g_hash_table_get_keys_as_array (self->fabrics, NULL);

    ids = g_strdupv ((char **)keys);
    for (i = 0; ids[i] != NULL; i++)
      callstats_reporter_send_event (
          self, ids[i], telling->name, telling->data, telling->time);
  }
}

static void
remember_association (Fabric *fabric, const CallstatsAssociation *association)
{
  if (fabric->associations == NULL)
    fabric->associations = g_hash_table_new_full (
        NULL, NULL, NULL, (GDestroyNotify)callstats_association_free);
  if (g_hash_table_size (fabric->associations) < MAX_ASSOCIATIONS ||
      g_hash_table_contains (fabric->associations, GUINT_TO_POINTER (association->ssrc)))
    g_hash_table_replace (fabric->associations, GUINT_TO_POINTER (association->ssrc),
        callstats_association_copy (association));
}

void
callstats_reporter_associate (
    CallstatsReporter *self, const char *id, const CallstatsAssociation *association)
{
  Fabric *fabric = g_hash_table_lookup (self->fabrics, id);
  g_autoptr (GVariant) data = NULL;
  GVariantBuilder streams;
  GVariantDict stream;

  if (fabric == NULL)
    return;
  remember_association (fabric, association);
  g_variant_dict_init (&stream, NULL);
  g_variant_dict_insert (&stream, "ssrc", "u", association->ssrc);
  g_variant_dict_insert (&stream, "userID", "s", association->user_id);
  if (association->usage_label != NULL)
    g_variant_dict_insert (&stream, "usageLabel", "s", association->usage_label);
  if (association->video_tag != NULL)
    g_variant_dict_insert (&stream, "associatedVideoTag", "s", association->video_tag);
  g_variant_builder_init (&streams, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&streams, g_variant_dict_end (&stream));
  g_variant_dict_init (&stream, NULL);
  g_variant_dict_insert_value (&stream, "ssrcData", g_variant_builder_end (&streams));
  data = g_variant_ref_sink (g_variant_dict_end (&stream));
  tell_event (fabric, "ssrcMap", g_get_monotonic_time (), data);
}

/* Identifiers */

static void
merge_conferences (CallstatsReporter *self, Conference *from, Conference *into)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->fabrics);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Fabric *fabric = value;

    if (fabric->conference == from)
      fabric->conference = into;
  }
  into->n_fabrics += from->n_fabrics;
  callstats_uplink_forget_held_join (self->uplink);
  g_ptr_array_remove (self->conferences, from);
}

/* The unnamed conference gets its name; if its user is in that one already, they are one.
 */
static void
name_conference (CallstatsReporter *self, const char *name)
{
  Conference *unnamed = find_conference (self, NULL);
  Conference *named = find_conference (self, name);

  if (unnamed != NULL && named != NULL)
    merge_conferences (self, unnamed, named);
  else if (unnamed != NULL)
    unnamed->name = g_strdup (name);
  callstats_uplink_release (self->uplink, NULL, name);
}

/* Out of the unnamed conference alone; the last one takes the whole conference along. */
static void
move_fabric (CallstatsReporter *self, Fabric *fabric, const char *name)
{
  Conference *from = fabric->conference;

  if (from->name != NULL)
    return;
  if (from->n_fabrics == 1) {
    name_conference (self, name);
    return;
  }
  fabric->conference = join (self, name, fabric->start);
  from->n_fabrics--;
  callstats_uplink_release (
      self->uplink, callstats_fabric_get_id (fabric->machine), name);
}

static void
set_remote_user (CallstatsReporter *self, const char *id, const char *remote_user)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->fabrics);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    Fabric *fabric = value;

    if (id == NULL ? fabric->remote_user != NULL : strcmp (id, key) != 0)
      continue;
    g_free (fabric->remote_user);
    fabric->remote_user = g_strdup (remote_user);
  }
  callstats_uplink_stamp_remote_user (self->uplink, id, remote_user);
}

void
callstats_reporter_set_identifiers (CallstatsReporter *self, const char *id,
    const char *conference, const char *remote_user)
{
  Fabric *fabric = id != NULL ? g_hash_table_lookup (self->fabrics, id) : NULL;

  if (remote_user != NULL)
    set_remote_user (self, id, remote_user);
  if (conference == NULL)
    return;
  if (fabric != NULL) {
    move_fabric (self, fabric, conference);
  } else if (id == NULL) {
    name_conference (self, conference); /* the configuration's is the client's business */
  }
  update_stats (self);
}

/* One that cannot be used is as good as none; it is told once. */
static void
check_conference (CallstatsReporter *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *refused = NULL;

  if (!callstats_check_text ("conference-id", self->configuration->conference_id,
          CALLSTATS_MAX_CONFERENCE_ID, &error)) {
    refused = g_steal_pointer (&self->configuration->conference_id);
    if (g_strcmp0 (refused, self->refused_conference) != 0)
      TELL (self, trouble, error);
  }
  g_free (self->refused_conference);
  self->refused_conference = g_steal_pointer (&refused);
}

void
callstats_reporter_configure (
    CallstatsReporter *self, const CallstatsConfiguration *configuration)
{
  callstats_configuration_free (self->configuration);
  self->configuration = callstats_configuration_copy (configuration);
  check_conference (self);
  callstats_uplink_configure (self->uplink, self->configuration);
  if (unless_empty (self->configuration->conference_id) != NULL)
    name_conference (self, self->configuration->conference_id);
}
