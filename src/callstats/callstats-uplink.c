/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A client's way to its backend. Monitor thread only.
 */
#include <string.h>

#include "callstats-error.h"
#include "callstats-monitor.h"
#include "callstats-uplink-private.h"

#define NO_CONFERENCE_MS 10000 /* then its user is told that records are held back */

typedef struct {
  GDestroyNotify done;
  gpointer user_data;
} Waiter;

struct _CallstatsUplink {
  CallstatsUplinkCallbacks callbacks;
  gpointer user_data;
  CallstatsConfiguration *configuration; /* NULL until configure() */
  CallstatsDelivery *delivery;           /* NULL: no backend, or not needed yet */
  gboolean refused;                      /* the configuration forbids a delivery */
  char *refused_token;                   /* nullable: by the backend */
  GQueue held;                           /* CallstatsRecord: no conference is known yet */
  gsize held_bytes;
  GSource *no_conference;
  GArray *waiters; /* Waiter */
};

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

CallstatsUplink *
callstats_uplink_new (const CallstatsUplinkCallbacks *callbacks, gpointer user_data)
{
  CallstatsUplink *self = g_new0 (CallstatsUplink, 1);

  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  g_queue_init (&self->held);
  return self;
}

static void
release_waiters (CallstatsUplink *self)
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

/* Who still waits is told: nothing can be sent any more. */
void
callstats_uplink_free (CallstatsUplink *self)
{
  g_clear_pointer (&self->delivery, callstats_delivery_free);
  release_waiters (self);
  clear_source (&self->no_conference);
  g_queue_clear_full (&self->held, (GDestroyNotify)callstats_record_unref);
  g_array_unref (self->waiters);
  callstats_configuration_free (self->configuration);
  g_free (self->refused_token);
  g_free (self);
}

/* Delivery */

static void
on_progressed (gpointer user_data)
{
  CallstatsUplink *self = user_data;

  self->callbacks.progressed (self->user_data);
  release_waiters (self);
}

static void
on_welcomed (gpointer user_data)
{
  CallstatsUplink *self = user_data;

  self->callbacks.progressed (self->user_data);
  self->callbacks.initialized (
      "success", "SDK authentication successful.", self->user_data);
}

static void
on_configured (const char *name, const char *json, gpointer user_data)
{
  CallstatsUplink *self = user_data;

  self->callbacks.configured (name, json, self->user_data);
}

/* callstats' csError for an error of ours. */
static const char *
cs_error_of (const GError *error)
{
  switch (error->code) {
  case CALLSTATS_ERROR_UNAUTHORIZED:
    return "authError";
  case CALLSTATS_ERROR_INVALID_ARGUMENT:
  case CALLSTATS_ERROR_TOO_LONG:
    return "tokenGenerationError";
  case CALLSTATS_ERROR_PROTOCOL:
    return "csProtoError";
  case CALLSTATS_ERROR_UNAVAILABLE:
    return "wsChannelFailure";
  default:
    return "httpError";
  }
}

static void
tell_trouble (CallstatsUplink *self, const GError *error)
{
  self->callbacks.trouble (error, self->user_data);
  self->callbacks.initialized (cs_error_of (error), error->message, self->user_data);
}

static void
on_trouble (const GError *error, gboolean retry, gpointer user_data)
{
  tell_trouble (user_data, error);
}

/* A token that only the application can make is asked for; its coming restarts the
 * delivery, which until then has stopped with the error. */
static char *
get_token (const char *audience, gint64 now, gpointer user_data, GError **error)
{
  CallstatsUplink *self = user_data;
  char *token =
      callstats_configuration_make_token (self->configuration, audience, now, error);

  if (token == NULL && callstats_configuration_needs_token (self->configuration))
    self->callbacks.need_token (FALSE, self->user_data);
  return token;
}

static void
on_spool_trouble (const GError *error, gpointer user_data)
{
  CallstatsUplink *self = user_data;

  self->callbacks.trouble (error, self->user_data);
}

/* A token that the application gave goes before a secret. */
static gboolean
ask_token (gpointer user_data)
{
  CallstatsUplink *self = user_data;

  if (self->configuration->token == NULL || *self->configuration->token == '\0')
    return FALSE;
  self->callbacks.need_token (FALSE, self->user_data);
  return TRUE;
}

/* Where there is no secret either, only the application can make another one. */
static gboolean
on_token_refused (const char *token, gpointer user_data)
{
  CallstatsUplink *self = user_data;

  if (g_strcmp0 (self->configuration->token, token) != 0)
    return FALSE;
  g_free (self->refused_token);
  self->refused_token = g_steal_pointer (&self->configuration->token);
  if (!callstats_configuration_needs_token (self->configuration))
    return FALSE;
  self->callbacks.need_token (TRUE, self->user_data);
  return TRUE;
}

static const CallstatsDeliveryCallbacks delivery_callbacks = {
  .get_token = get_token,
  .ask_token = ask_token,
  .token_refused = on_token_refused,
  .welcomed = on_welcomed,
  .configured = on_configured,
  .progressed = on_progressed,
  .trouble = on_trouble,
  .spool_trouble = on_spool_trouble,
};

static CallstatsDelivery *
make_delivery (CallstatsUplink *self, GError **error)
{
  const CallstatsConfiguration *configuration = self->configuration;
  g_autoptr (CallstatsBackend) backend = NULL;
  g_autofree char *client = NULL;
  CallstatsDeliveryOptions options;
  CallstatsSpoolOptions spool;

  if (!callstats_configuration_check (configuration, error))
    return NULL;
  backend = callstats_backend_new (
      configuration->backend_url, configuration->allow_plaintext, error);
  if (backend == NULL)
    return NULL;
  client = callstats_configuration_describe (configuration);
  options = (CallstatsDeliveryOptions){
    .backend = backend,
    .app_id = configuration->app_id,
    .user_id = configuration->user_id,
    .client = client,
    .max_bytes = configuration->memory_max_bytes,
  };
  spool = (CallstatsSpoolOptions){
    .path = configuration->spool_dir,
    .origin = backend->origin,
    .app_id = configuration->app_id,
    .user_id = configuration->user_id,
    .max_bytes = configuration->spool_max_bytes,
    .max_age = configuration->spool_max_age,
  };
  if (configuration->spool_dir != NULL && *configuration->spool_dir != '\0')
    options.spool = &spool;
  return callstats_delivery_new (&options, &delivery_callbacks, self);
}

gboolean
callstats_uplink_has_backend (CallstatsUplink *self)
{
  return self->configuration != NULL && self->configuration->backend_url != NULL &&
         *self->configuration->backend_url != '\0';
}

static CallstatsDelivery *
ensure_delivery (CallstatsUplink *self)
{
  g_autoptr (GError) error = NULL;

  if (self->delivery != NULL || self->refused || !callstats_uplink_has_backend (self))
    return self->delivery;
  self->delivery = make_delivery (self, &error);
  if (self->delivery == NULL) {
    self->refused = TRUE;
    tell_trouble (self, error);
  }
  return self->delivery;
}

void
callstats_uplink_initialize (CallstatsUplink *self)
{
  ensure_delivery (self);
}

void
callstats_uplink_configure (
    CallstatsUplink *self, const CallstatsConfiguration *configuration)
{
  gboolean new_credentials =
      self->configuration == NULL ||
      self->configuration->credentials_serial != configuration->credentials_serial;

  callstats_configuration_free (self->configuration);
  self->configuration = callstats_configuration_copy (configuration);
  self->refused = FALSE;
  /* It is forgotten until another one is set, or the same by hand. */
  if (new_credentials)
    g_clear_pointer (&self->refused_token, g_free);
  else if (self->refused_token != NULL)
    g_clear_pointer (&self->configuration->token, g_free);
  if (self->delivery != NULL && new_credentials)
    callstats_delivery_restart (self->delivery);
}

/* Records without a conference */

static gboolean
on_no_conference (gpointer user_data)
{
  CallstatsUplink *self = user_data;
  g_autoptr (GError) error = g_error_new (CALLSTATS_ERROR,
      CALLSTATS_ERROR_INVALID_ARGUMENT,
      "conference-id is not set: %u records are held back from the backend until it is",
      self->held.length);

  g_clear_pointer (&self->no_conference, g_source_unref);
  self->callbacks.trouble (error, self->user_data);
  return G_SOURCE_REMOVE;
}

/* The oldest report, else the oldest record. */
static GList *
find_victim (CallstatsUplink *self)
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
hold (CallstatsUplink *self, CallstatsRecord *record)
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

void
callstats_uplink_push (
    CallstatsUplink *self, const char *conference, CallstatsRecord *record)
{
  CallstatsDelivery *delivery = ensure_delivery (self);

  if (delivery == NULL)
    return;
  record->conference = g_strdup (conference);
  if (conference == NULL)
    hold (self, record);
  else
    callstats_delivery_push (delivery, record);
  self->callbacks.progressed (self->user_data);
}

static void
release_link (CallstatsUplink *self, GList *link, const char *conference)
{
  g_autoptr (CallstatsRecord) record = link->data;

  g_queue_delete_link (&self->held, link);
  self->held_bytes -= callstats_record_size (record);
  record->conference = g_strdup (conference);
  callstats_delivery_push (self->delivery, record);
}

void
callstats_uplink_release (
    CallstatsUplink *self, const char *fabric, const char *conference)
{
  GList *link = self->held.head;

  while (link != NULL) {
    GList *next = link->next;

    if (fabric == NULL ||
        g_strcmp0 (((CallstatsRecord *)link->data)->fabric, fabric) == 0)
      release_link (self, link, conference);
    link = next;
  }
  if (self->held.length == 0)
    clear_source (&self->no_conference);
}

void
callstats_uplink_stamp_remote_user (
    CallstatsUplink *self, const char *fabric, const char *remote_user)
{
  GList *link;

  for (link = self->held.head; link != NULL; link = link->next) {
    CallstatsRecord *record = link->data;

    if (record->fabric != NULL && record->remote_user == NULL &&
        (fabric == NULL || strcmp (record->fabric, fabric) == 0))
      record->remote_user = g_strdup (remote_user);
  }
}

void
callstats_uplink_forget_held_join (CallstatsUplink *self)
{
  GList *link;

  for (link = self->held.tail; link != NULL; link = link->prev) {
    g_autoptr (CallstatsRecord) record = NULL;

    if (g_strcmp0 (((CallstatsRecord *)link->data)->name, "userJoined") != 0)
      continue;
    record = link->data;
    self->held_bytes -= callstats_record_size (record);
    g_queue_delete_link (&self->held, link);
    return;
  }
}

void
callstats_uplink_flush (CallstatsUplink *self, GDestroyNotify done, gpointer user_data)
{
  Waiter waiter = { .done = done, .user_data = user_data };

  g_array_append_val (self->waiters, waiter);
  if (self->delivery != NULL)
    callstats_delivery_flush (self->delivery);
  release_waiters (self);
}

guint
callstats_uplink_n_held (CallstatsUplink *self)
{
  return self->held.length;
}

void
callstats_uplink_get_stats (CallstatsUplink *self, CallstatsDeliveryStats *stats)
{
  if (self->delivery != NULL)
    callstats_delivery_get_stats (self->delivery, stats);
}
