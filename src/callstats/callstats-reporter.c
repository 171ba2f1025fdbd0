/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fabrics and conferences of one client, and the records made of what happens to them.
 *
 * Monitor thread only, but for reference counting and callstats_reporter_get_stats().
 */
#include <string.h>
#include <sys/utsname.h>

#include "callstats-enum-types.h"
#include "callstats-error.h"
#include "callstats-fabric.h"
#include "callstats-json-private.h"
#include "callstats-monitor.h"
#include "callstats-record-private.h"
#include "callstats-reporter-private.h"
#include "callstats-token-private.h"

#define ALIVE_MS 10000         /* callstats' own */
#define NO_CONFERENCE_MS 10000 /* then its user is told that records are held back */
#define MAX_USER_ID 128        /* bytes */
#define MAX_CONFERENCE_ID 256  /* bytes */

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
} Fabric;

typedef struct {
  CallstatsClientObserver observer;
  gpointer user_data;
  GDestroyNotify notify;
} Listener;

typedef struct {
  GDestroyNotify done;
  gpointer user_data;
} Waiter;

struct _CallstatsReporter {
  gatomicrefcount ref_count;
  CallstatsConfiguration *configuration;
  GPtrArray *listeners;        /* Listener */
  GHashTable *fabrics;         /* id → Fabric */
  GPtrArray *conferences;      /* Conference, those with a fabric in them */
  CallstatsDelivery *delivery; /* NULL: no backend, or not needed yet */
  gboolean delivery_refused;   /* the configuration forbids one */
  char *refused_conference;    /* NULL: none, or a conference id that cannot be used */
  GQueue held;                 /* CallstatsRecord: their conference is not known yet */
  gsize held_bytes;
  GSource *no_conference;
  GArray *waiters; /* Waiter */

  GMutex stats_lock;
  CallstatsReporterStats stats;
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
  g_free (fabric);
}

static void
conference_free (gpointer data)
{
  Conference *conference = data;

  if (conference->alive != NULL) {
    g_source_destroy (conference->alive);
    g_source_unref (conference->alive);
  }
  g_free (conference->name);
  g_free (conference);
}

CallstatsReporter *
callstats_reporter_new (void)
{
  CallstatsReporter *self = g_new0 (CallstatsReporter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->stats_lock);
  self->listeners = g_ptr_array_new_with_free_func (listener_free);
  self->fabrics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, fabric_free);
  self->conferences = g_ptr_array_new_with_free_func (conference_free);
  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  g_queue_init (&self->held);
  return self;
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

  callstats_delivery_free (self->delivery);
  if (self->no_conference != NULL) {
    g_source_destroy (self->no_conference);
    g_source_unref (self->no_conference);
  }
  g_hash_table_unref (self->fabrics);
  g_ptr_array_unref (self->conferences);
  g_ptr_array_unref (self->listeners);
  g_array_unref (self->waiters);
  g_queue_clear_full (&self->held, (GDestroyNotify)callstats_record_unref);
  callstats_configuration_free (self->configuration);
  g_free (self->refused_conference);
  g_mutex_clear (&self->stats_lock);
  g_free (self);
  return G_SOURCE_REMOVE;
}

void
callstats_reporter_unref (CallstatsReporter *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    callstats_monitor_invoke (destroy, self, NULL);
}

/* Telling */

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

static void
update_stats (CallstatsReporter *self)
{
  g_mutex_lock (&self->stats_lock);
  self->stats.has_backend = self->delivery != NULL;
  self->stats.fabrics = g_hash_table_size (self->fabrics);
  self->stats.held = self->held.length;
  if (self->delivery != NULL)
    callstats_delivery_get_stats (self->delivery, &self->stats.delivery);
  g_mutex_unlock (&self->stats_lock);
}

static void
count (CallstatsReporter *self, guint64 *counter)
{
  g_mutex_lock (&self->stats_lock);
  (*counter)++;
  g_mutex_unlock (&self->stats_lock);
}

void
callstats_reporter_get_stats (CallstatsReporter *self, CallstatsReporterStats *stats)
{
  g_mutex_lock (&self->stats_lock);
  *stats = self->stats;
  g_mutex_unlock (&self->stats_lock);
}

/* Delivery */

static void
release_waiters (CallstatsReporter *self)
{
  guint i;

  if (self->delivery != NULL && !callstats_delivery_is_idle (self->delivery))
    return;
  for (i = 0; i < self->waiters->len; i++) {
    Waiter *waiter = &g_array_index (self->waiters, Waiter, i);

    waiter->done (waiter->user_data);
  }
  g_array_set_size (self->waiters, 0);
}

static void
on_progressed (gpointer user_data)
{
  CallstatsReporter *self = user_data;

  update_stats (self);
  release_waiters (self);
}

static void
on_welcomed (gpointer user_data)
{
  CallstatsReporter *self = user_data;

  update_stats (self);
  TELL (self, initialized, "success", "SDK authentication successful.");
}

static void
on_trouble (const GError *error, gboolean retry, gpointer user_data)
{
  CallstatsReporter *self = user_data;
  gboolean refused =
      g_error_matches (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAUTHORIZED);

  TELL (self, trouble, error);
  TELL (self, initialized, refused ? "authError" : "httpError", error->message);
}

static char *
read_secret (const CallstatsConfiguration *configuration, GError **error)
{
  const char *path = unless_empty (configuration->app_secret_file);
  g_autoptr (GError) read_error = NULL;
  g_autofree char *text = NULL;

  if (unless_empty (configuration->app_secret) != NULL)
    return g_strdup (configuration->app_secret);
  if (path == NULL) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "There is a backend-url but no secret: set app-secret-file; nothing is sent "
        "until "
        "then");
    return NULL;
  }
  if (!g_file_get_contents (path, &text, NULL, &read_error)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "app-secret-file “%s” cannot be read (%s): nothing is sent; make it readable or "
        "name another",
        path, read_error->message);
    return NULL;
  }
  if (*g_strstrip (text) == '\0') {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "app-secret-file “%s” is empty: nothing is sent; write the application's secret "
        "into it",
        path);
    return NULL;
  }
  return g_steal_pointer (&text);
}

static char *
get_token (const char *audience, gpointer user_data, GError **error)
{
  CallstatsReporter *self = user_data;
  g_autofree char *secret = read_secret (self->configuration, error);
  CallstatsTokenClaims claims = {
    .app_id = self->configuration->app_id,
    .user_id = self->configuration->user_id,
    .audience = audience,
    .now = g_get_real_time () / G_USEC_PER_SEC,
  };

  return secret != NULL ? callstats_token_sign (secret, &claims, error) : NULL;
}

static const CallstatsDeliveryCallbacks delivery_callbacks = {
  .get_token = get_token,
  .welcomed = on_welcomed,
  .progressed = on_progressed,
  .trouble = on_trouble,
};

static void
append_endpoint (GString *json)
{
  struct utsname system;

  callstats_json_append_member (json, "endpointInfo");
  g_string_append (json, "{\"type\":\"native\"");
  if (uname (&system) == 0) {
    callstats_json_append_member (json, "os");
    callstats_json_append_string (json, system.sysname);
    callstats_json_append_member (json, "osVersion");
    callstats_json_append_string (json, system.release);
  }
  callstats_json_append_member (json, "buildName");
  callstats_json_append_string (json, "gst-callstats");
  callstats_json_append_member (json, "buildVersion");
  callstats_json_append_string (json, CALLSTATS_VERSION_S);
  g_string_append_c (json, '}');
}

/* What hello and userJoined tell of this client. */
static char *
describe_client (CallstatsReporter *self)
{
  GString *json = g_string_new ("{");

  append_endpoint (json);
  if (unless_empty (self->configuration->user_name) != NULL) {
    callstats_json_append_member (json, "userName");
    callstats_json_append_string (json, self->configuration->user_name);
  }
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static gboolean
check_text (const char *property, const char *value, gsize limit, GError **error)
{
  if (value == NULL)
    return TRUE;
  if (!g_utf8_validate (value, -1, NULL)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "%s is not valid UTF-8: nothing is sent; set another", property);
    return FALSE;
  }
  if (strlen (value) > limit) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_TOO_LONG,
        "%s is %" G_GSIZE_FORMAT " bytes long, callstats allows %" G_GSIZE_FORMAT
        ": nothing is sent; shorten it",
        property, strlen (value), limit);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_id (const char *property, const char *value, GError **error)
{
  if (unless_empty (value) == NULL) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "There is a backend-url but no %s: nothing is sent; set %s", property, property);
    return FALSE;
  }
  return check_text (property, value, MAX_USER_ID, error);
}

static CallstatsBackend *
check_configuration (CallstatsReporter *self, GError **error)
{
  const CallstatsConfiguration *configuration = self->configuration;

  if (!check_id ("app-id", configuration->app_id, error) ||
      !check_id ("user-id", configuration->user_id, error) ||
      !check_text ("user-name", configuration->user_name, MAX_USER_ID, error))
    return NULL;
  return callstats_backend_new (
      configuration->backend_url, configuration->allow_plaintext, error);
}

static void
start_delivery (CallstatsReporter *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsBackend) backend = check_configuration (self, &error);
  g_autofree char *client = NULL;
  CallstatsDeliveryOptions options;

  if (backend == NULL) {
    self->delivery_refused = TRUE;
    on_trouble (error, FALSE, self);
    return;
  }
  client = describe_client (self);
  options = (CallstatsDeliveryOptions){
    .backend = backend,
    .app_id = self->configuration->app_id,
    .user_id = self->configuration->user_id,
    .client = client,
    .max_bytes = self->configuration->memory_max_bytes,
  };
  self->delivery = callstats_delivery_new (&options, &delivery_callbacks, self);
}

static CallstatsDelivery *
ensure_delivery (CallstatsReporter *self)
{
  if (self->delivery == NULL && !self->delivery_refused && self->configuration != NULL &&
      unless_empty (self->configuration->backend_url) != NULL)
    start_delivery (self);
  return self->delivery;
}

void
callstats_reporter_initialize (CallstatsReporter *self)
{
  ensure_delivery (self);
  update_stats (self);
}

/* Records */

static gboolean
on_no_conference (gpointer user_data)
{
  CallstatsReporter *self = user_data;
  g_autoptr (GError) error = g_error_new (CALLSTATS_ERROR,
      CALLSTATS_ERROR_INVALID_ARGUMENT,
      "conference-id is not set: %u records are held back from the backend until it is",
      self->held.length);

  g_clear_pointer (&self->no_conference, g_source_unref);
  TELL (self, trouble, error);
  return G_SOURCE_REMOVE;
}

/* The oldest report, else the oldest record. */
static GList *
find_victim (CallstatsReporter *self)
{
  GList *link;

  for (link = self->held.head; link != NULL; link = link->next) {
    if (((CallstatsRecord *)link->data)->kind == CALLSTATS_RECORD_REPORT)
      return link;
  }
  return self->held.head;
}

/* Bounded as the queue to the backend is, whose gap record tells what was given up. */
static void
hold (CallstatsReporter *self, CallstatsRecord *record)
{
  g_queue_push_tail (&self->held, callstats_record_ref (record));
  self->held_bytes += callstats_record_size (record);
  while (self->held_bytes > self->configuration->memory_max_bytes) {
    GList *link = find_victim (self);
    g_autoptr (CallstatsRecord) victim = link->data;

    g_queue_delete_link (&self->held, link);
    self->held_bytes -= callstats_record_size (victim);
    callstats_delivery_lose (self->delivery, victim);
  }
  if (self->no_conference == NULL && self->held.length == 1)
    self->no_conference =
        callstats_monitor_add_timeout (NO_CONFERENCE_MS, on_no_conference, self, NULL);
}

static void
deliver (CallstatsReporter *self, Conference *conference, CallstatsRecord *record)
{
  CallstatsDelivery *delivery = ensure_delivery (self);

  if (delivery == NULL)
    return;
  record->conference = g_strdup (conference->name);
  if (record->conference == NULL)
    hold (self, record);
  else
    callstats_delivery_push (delivery, record);
  update_stats (self);
}

static void
release_held (CallstatsReporter *self, const char *conference)
{
  CallstatsRecord *record;

  if (self->no_conference != NULL) {
    g_source_destroy (self->no_conference);
    g_clear_pointer (&self->no_conference, g_source_unref);
  }
  self->held_bytes = 0;
  while ((record = g_queue_pop_head (&self->held)) != NULL) {
    record->conference = g_strdup (conference);
    callstats_delivery_push (self->delivery, record);
    callstats_record_unref (record);
  }
}

static void
deliver_event (CallstatsReporter *self, Conference *conference, Fabric *fabric,
    const char *name, gint64 time, const char *data)
{
  g_autoptr (CallstatsRecord) record =
      callstats_record_new_event (name, callstats_monitor_to_epoch (time), data);

  if (fabric != NULL) {
    record->fabric = g_strdup (callstats_fabric_get_id (fabric->machine));
    record->remote_user = g_strdup (fabric->remote_user);
  }
  deliver (self, conference, record);
}

/* Conferences */

static gboolean
on_alive (gpointer user_data)
{
  Conference *conference = user_data;

  if (conference->name != NULL)
    deliver_event (conference->reporter, conference, NULL, "userAlive",
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

static Conference *
join (CallstatsReporter *self, const char *name, gint64 time)
{
  Conference *conference = find_conference (self, name);
  g_autofree char *data = NULL;

  if (conference == NULL) {
    conference = g_new0 (Conference, 1);
    conference->reporter = self;
    conference->name = g_strdup (name);
    conference->alive =
        callstats_monitor_add_timeout (ALIVE_MS, on_alive, conference, NULL);
    g_ptr_array_add (self->conferences, conference);
    data = self->configuration != NULL ? describe_client (self) : NULL;
    deliver_event (self, conference, NULL, "userJoined", time, data);
  }
  conference->n_fabrics++;
  return conference;
}

static void
leave (CallstatsReporter *self, Conference *conference, gint64 time)
{
  if (--conference->n_fabrics > 0)
    return;
  deliver_event (self, conference, NULL, "userLeft", time, NULL);
  g_ptr_array_remove (self->conferences, conference);
}

/* Fabrics */

static void
tell_event (Fabric *fabric, const char *name, gint64 time, GVariant *data)
{
  CallstatsReporter *self = fabric->reporter;
  GString *json = g_string_new (NULL);
  g_autofree char *text = NULL;

  callstats_json_append_variant (json, data);
  text = g_string_free (json, FALSE);
  count (self, &self->stats.events);
  deliver_event (self, fabric->conference, fabric, name, time, text);
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
  g_hash_table_remove (self->fabrics, id);
  leave (self, conference, time);
  update_stats (self);
}

void
callstats_reporter_add_fabric (CallstatsReporter *self, const char *id,
    const char *remote_user, CallstatsFabricUsage usage, const char *conference,
    gint64 time)
{
  Fabric *fabric;
  GVariantDict dict;
  g_autoptr (GVariant) data = NULL;

  if (g_hash_table_contains (self->fabrics, id))
    return;
  if (unless_empty (conference) == NULL && self->configuration != NULL)
    conference = self->configuration->conference_id;

  fabric = g_new0 (Fabric, 1);
  fabric->reporter = self;
  fabric->machine = callstats_fabric_new (id, time);
  fabric->remote_user = g_strdup (unless_empty (remote_user));
  fabric->conference = join (self, unless_empty (conference), time);
  g_signal_connect (fabric->machine, "event", G_CALLBACK (on_machine_event), fabric);
  g_hash_table_insert (self->fabrics, g_strdup (id), fabric);

  g_variant_dict_init (&dict, NULL);
  if (usage != CALLSTATS_FABRIC_USAGE_AUTO)
    g_variant_dict_insert (&dict, "fabricUsage", "s",
        callstats_enum_to_string (CALLSTATS_TYPE_FABRIC_USAGE, usage));
  g_variant_dict_insert (&dict, "remoteEndpointType", "s", "peer");
  g_variant_dict_insert (&dict, "fabricTransmissionDirection", "s", "sendrecv");
  data = g_variant_ref_sink (g_variant_dict_end (&dict));
  tell_event (fabric, "addNewFabric", time, data);
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
    callstats_fabric_terminate (fabric->machine, time);
    remove_if_terminated (self, id, time);
  } else {
    tell_event (fabric, name, time, data);
  }
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
  deliver (self, fabric->conference, record);
  TELL (self, report, id, report);
}

/* Configuration */

/* Who is in a conference already does not join it again. */
static void
forget_held_join (CallstatsReporter *self)
{
  GList *link;

  for (link = self->held.tail; link != NULL; link = link->prev) {
    CallstatsRecord *record = link->data;

    if (g_strcmp0 (record->name, "userJoined") == 0) {
      g_queue_delete_link (&self->held, link);
      callstats_record_unref (record);
      return;
    }
  }
}

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
  forget_held_join (self);
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
  if (self->delivery != NULL)
    release_held (self, name);
}

/* One that cannot be used is as good as none; it is told once. */
static void
check_conference (CallstatsReporter *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *refused = NULL;

  if (!check_text ("conference-id", self->configuration->conference_id, MAX_CONFERENCE_ID,
          &error)) {
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
  gboolean new_credentials =
      self->configuration == NULL ||
      self->configuration->credentials_serial != configuration->credentials_serial;

  callstats_configuration_free (self->configuration);
  self->configuration = callstats_configuration_copy (configuration);
  self->delivery_refused = FALSE;
  check_conference (self);
  if (unless_empty (self->configuration->conference_id) != NULL)
    name_conference (self, self->configuration->conference_id);
  if (self->delivery != NULL && new_credentials)
    callstats_delivery_restart (self->delivery);
}

void
callstats_reporter_flush (
    CallstatsReporter *self, GDestroyNotify done, gpointer user_data)
{
  Waiter waiter = { .done = done, .user_data = user_data };

  g_array_append_val (self->waiters, waiter);
  if (self->delivery != NULL)
    callstats_delivery_flush (self->delivery);
  release_waiters (self);
}
