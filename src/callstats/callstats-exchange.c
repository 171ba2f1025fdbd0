/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Deliveries and who shares them. Monitor thread only.
 */
#include <string.h>

#include "callstats-backend-private.h"
#include "callstats-error.h"
#include "callstats-exchange-inside-private.h"
#include "callstats-monitor.h"

#define LINGER_MS 60000 /* without members, for what is not acknowledged yet */

static GPtrArray *exchanges; /* CallstatsExchange; NULL: none was ever needed */

void
callstats_exchange_clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static CallstatsMember *
member_at (CallstatsExchange *self, guint index)
{
  return g_ptr_array_index (self->members, index);
}

static CallstatsDeliveryState
get_state (CallstatsExchange *self)
{
  CallstatsDeliveryStats stats;

  callstats_delivery_get_stats (self->delivery, &stats);
  return stats.state;
}

/* The end */

static void
exchange_free (CallstatsExchange *self)
{
  g_ptr_array_remove (exchanges, self);
  callstats_exchange_clear_source (&self->lingering);
  callstats_exchange_clear_source (&self->asking);
  callstats_delivery_free (self->delivery);
  callstats_configuration_free (self->left);
  g_ptr_array_unref (self->members);
  g_hash_table_unref (self->configured);
  g_clear_error (&self->trouble);
  g_clear_error (&self->spool_trouble);
  g_free (self);
}

static gboolean
on_lingered (gpointer user_data)
{
  exchange_free (user_data);
  return G_SOURCE_REMOVE;
}

/* Without members: all is acknowledged, or nobody is left who could help. */
static gboolean
has_finished (CallstatsExchange *self)
{
  CallstatsDeliveryStats stats;

  callstats_delivery_get_stats (self->delivery, &stats);
  return stats.queued == 0 || stats.state == CALLSTATS_DELIVERY_STOPPED;
}

static void
linger (CallstatsExchange *self, guint at_most_ms)
{
  callstats_exchange_clear_source (&self->lingering);
  self->lingering = callstats_monitor_add_timeout (at_most_ms, on_lingered, self, NULL);
}

/* What the delivery tells */

static void
welcome (CallstatsMember *member)
{
  member->told = FALSE;
  member->welcomed = TRUE;
  member->callbacks.welcomed (member->user_data);
}

static void
on_welcomed (gpointer user_data)
{
  CallstatsExchange *self = user_data;
  guint i;

  g_clear_error (&self->trouble);
  self->retrying = FALSE;
  callstats_exchange_accept_credentials (self);
  for (i = 0; i < self->members->len; i++) {
    CallstatsMember *member = member_at (self, i);

    welcome (member);
  }
}

static void
on_configured (const char *name, const char *json, gpointer user_data)
{
  CallstatsExchange *self = user_data;
  guint i;

  g_hash_table_replace (self->configured, g_strdup (name), g_strdup (json));
  for (i = 0; i < self->members->len; i++) {
    CallstatsMember *member = member_at (self, i);

    member->callbacks.configured (name, json, member->user_data);
  }
}

static void
on_progressed (gpointer user_data)
{
  CallstatsExchange *self = user_data;
  guint i;

  for (i = 0; i < self->members->len; i++) {
    CallstatsMember *member = member_at (self, i);

    member->callbacks.progressed (member->user_data);
  }
  if (self->left != NULL && has_finished (self))
    linger (self, 0);
}

static void
tell_trouble (CallstatsMember *member)
{
  member->told = TRUE;
  member->callbacks.trouble (member->exchange->trouble, member->user_data);
}

/* Each member hears of it once, unless it is another trouble. */
static void
on_trouble (const GError *error, gboolean retry, gpointer user_data)
{
  CallstatsExchange *self = user_data;
  gboolean same =
      self->trouble != NULL && strcmp (self->trouble->message, error->message) == 0;
  guint i;

  g_clear_error (&self->trouble);
  self->trouble = g_error_copy (error);
  self->retrying = FALSE;
  for (i = 0; i < self->members->len; i++) {
    CallstatsMember *member = member_at (self, i);

    if (!same || !member->told)
      tell_trouble (member);
  }
}

static void
tell_spool_trouble (CallstatsMember *member)
{
  member->told_spool = TRUE;
  member->callbacks.notice (member->exchange->spool_trouble, member->user_data);
}

static void
on_spool_trouble (const GError *error, gpointer user_data)
{
  CallstatsExchange *self = user_data;
  guint i;

  g_clear_error (&self->spool_trouble);
  self->spool_trouble = g_error_copy (error);
  for (i = 0; i < self->members->len; i++)
    tell_spool_trouble (member_at (self, i));
}

static void
on_notice (const GError *error, gpointer user_data)
{
  CallstatsExchange *self = user_data;
  guint i;

  for (i = 0; i < self->members->len; i++) {
    CallstatsMember *member = member_at (self, i);

    member->callbacks.notice (error, member->user_data);
  }
}

static const CallstatsDeliveryCallbacks delivery_callbacks = {
  .get_token = callstats_exchange_get_token,
  .ask_token = callstats_exchange_ask_token,
  .token_refused = callstats_exchange_token_refused,
  .welcomed = on_welcomed,
  .configured = on_configured,
  .progressed = on_progressed,
  .trouble = on_trouble,
  .notice = on_notice,
  .spool_trouble = on_spool_trouble,
};

/* Which one */

static gboolean
same_backend (const char *one, const char *other)
{
  g_autoptr (CallstatsBackend) a = NULL;
  g_autoptr (CallstatsBackend) b = NULL;

  if (g_strcmp0 (one, other) == 0)
    return TRUE;
  if (one == NULL || other == NULL)
    return FALSE;
  a = callstats_backend_new (one, TRUE, NULL);
  b = callstats_backend_new (other, TRUE, NULL);
  return a != NULL && b != NULL && strcmp (a->stream, b->stream) == 0;
}

static gboolean
same_way (const CallstatsConfiguration *one, const CallstatsConfiguration *other)
{
  return callstats_configuration_same_identity (one, other) &&
         same_backend (one->backend_url, other->backend_url);
}

static gboolean
takes (CallstatsExchange *self, const CallstatsConfiguration *configuration)
{
  guint i;

  if (self->left != NULL)
    return same_way (self->left, configuration) &&
           callstats_configuration_same_credentials (self->left, configuration);
  if (!same_way (member_at (self, 0)->configuration, configuration))
    return FALSE;
  for (i = 0; i < self->members->len; i++) {
    if (callstats_configuration_same_credentials (
            member_at (self, i)->configuration, configuration))
      return TRUE;
  }
  return FALSE;
}

static CallstatsExchange *
find_exchange (const CallstatsConfiguration *configuration)
{
  guint i;

  for (i = 0; exchanges != NULL && i < exchanges->len; i++) {
    CallstatsExchange *exchange = g_ptr_array_index (exchanges, i);

    if (takes (exchange, configuration))
      return exchange;
  }
  return NULL;
}

/* The largest that any member allows. */
static void
update_bounds (CallstatsExchange *self)
{
  guint64 memory = 0, disk = 0, age = 0;
  guint i;

  for (i = 0; i < self->members->len; i++) {
    const CallstatsConfiguration *configuration = member_at (self, i)->configuration;

    memory = MAX (memory, configuration->memory_max_bytes);
    disk = MAX (disk, configuration->spool_max_bytes);
    age = MAX (age, configuration->spool_max_age);
  }
  callstats_delivery_set_bounds (self->delivery, memory, disk, age);
}

static CallstatsDelivery *
make_delivery (CallstatsExchange *self, const CallstatsConfiguration *configuration,
    const CallstatsBackend *backend)
{
  g_autofree char *client = callstats_configuration_describe (configuration);
  CallstatsSpoolOptions spool = {
    .path = configuration->spool_dir,
    .origin = backend->origin,
    .app_id = configuration->app_id,
    .user_id = configuration->user_id,
    .max_bytes = configuration->spool_max_bytes,
    .max_age = configuration->spool_max_age,
  };
  gboolean spools = spool.path != NULL && *spool.path != '\0';
  CallstatsDeliveryOptions options = {
    .backend = backend,
    .app_id = configuration->app_id,
    .user_id = configuration->user_id,
    .client = client,
    .ca_file = configuration->ca_file,
    .max_bytes = configuration->memory_max_bytes,
    .allowed_backends = configuration->allowed_backends,
    .allow_plaintext = configuration->allow_plaintext,
    .spool = spools ? &spool : NULL,
  };

  return callstats_delivery_new (&options, &delivery_callbacks, self);
}

static CallstatsExchange *
exchange_new (const CallstatsConfiguration *configuration, GError **error)
{
  g_autoptr (CallstatsBackend) backend = callstats_backend_new (
      configuration->backend_url, configuration->allow_plaintext, error);
  CallstatsExchange *self;

  if (backend == NULL)
    return NULL;
  self = g_new0 (CallstatsExchange, 1);
  self->members = g_ptr_array_new ();
  self->configured = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->delivery = make_delivery (self, configuration, backend);
  if (exchanges == NULL)
    exchanges = g_ptr_array_new ();
  g_ptr_array_add (exchanges, self);
  return self;
}

/* Members */

static void
tell_configuration (CallstatsMember *member)
{
  GHashTableIter iter;
  gpointer name, json;

  g_hash_table_iter_init (&iter, member->exchange->configured);
  while (g_hash_table_iter_next (&iter, &name, &json))
    member->callbacks.configured (name, json, member->user_data);
}

/* It joined a delivery that had been told before. */
static gboolean
on_greeting (gpointer user_data)
{
  CallstatsMember *member = user_data;
  CallstatsExchange *self = member->exchange;

  callstats_exchange_clear_source (&member->greeting);
  if (get_state (self) == CALLSTATS_DELIVERY_CONNECTED && !member->welcomed) {
    welcome (member);
    tell_configuration (member);
  } else if (self->trouble != NULL && !self->retrying && !member->told) {
    tell_trouble (member);
  }
  if (self->spool_trouble != NULL && !member->told_spool)
    tell_spool_trouble (member);
  member->callbacks.progressed (member->user_data);
  return G_SOURCE_REMOVE;
}

static void
take_newcomer (CallstatsExchange *self, CallstatsMember *member)
{
  callstats_exchange_clear_source (&self->lingering);
  g_clear_pointer (&self->left, callstats_configuration_free);
  callstats_exchange_add_credentials (self, member, get_state (self));
  member->greeting = callstats_monitor_add_timeout (0, on_greeting, member, NULL);
  update_bounds (self);
}

CallstatsMember *
callstats_member_join (const CallstatsConfiguration *configuration,
    const CallstatsMemberCallbacks *callbacks, gpointer user_data, GError **error)
{
  static guint last_id;
  CallstatsExchange *exchange;
  CallstatsMember *self;
  gboolean is_new;

  if (!callstats_configuration_check (configuration, error))
    return NULL;
  exchange = find_exchange (configuration);
  is_new = exchange == NULL;
  if (is_new)
    exchange = exchange_new (configuration, error);
  if (exchange == NULL)
    return NULL;
  self = g_new0 (CallstatsMember, 1);
  self->exchange = exchange;
  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->configuration = callstats_configuration_copy (configuration);
  self->id = ++last_id;
  g_ptr_array_add (exchange->members, self);
  if (!is_new)
    take_newcomer (exchange, self);
  return self;
}

static void
member_free (CallstatsMember *self)
{
  callstats_exchange_clear_source (&self->greeting);
  callstats_configuration_free (self->configuration);
  g_free (self);
}

/* What it counted is not another's. */
static void
settle_account (CallstatsMember *self)
{
  CallstatsTally *gone = &self->exchange->gone;
  CallstatsDeliveryStats stats;

  callstats_member_get_stats (self, &stats);
  gone->sent += stats.sent;
  gone->acked += stats.acked;
  gone->thinned += stats.thinned;
  gone->dropped += stats.dropped;
  callstats_delivery_forget_owner (self->exchange->delivery, self->id);
}

void
callstats_member_leave (CallstatsMember *self, gboolean lingers)
{
  CallstatsExchange *exchange = self->exchange;
  guint index = 0;

  settle_account (self);
  g_ptr_array_find (exchange->members, self, &index);
  g_ptr_array_remove_index (exchange->members, index);
  callstats_exchange_forget_credentials (exchange, self, index);
  if (exchange->members->len > 0) {
    update_bounds (exchange);
  } else if (lingers && !has_finished (exchange)) {
    exchange->left = g_steal_pointer (&self->configuration);
    linger (exchange, LINGER_MS);
  } else {
    exchange_free (exchange);
  }
  member_free (self);
}

gboolean
callstats_member_configure (
    CallstatsMember *self, const CallstatsConfiguration *configuration)
{
  gboolean known =
      self->configuration->credentials_serial == configuration->credentials_serial;

  if (!same_way (self->configuration, configuration))
    return FALSE;
  callstats_configuration_free (self->configuration);
  self->configuration = callstats_configuration_copy (configuration);
  update_bounds (self->exchange);
  callstats_exchange_renew_credentials (self->exchange, self, known);
  return TRUE;
}

/* Records */

void
callstats_member_push (CallstatsMember *self, CallstatsRecord *record)
{
  record->owner = self->id;
  callstats_delivery_push (self->exchange->delivery, record);
}

void
callstats_member_lose (CallstatsMember *self, CallstatsRecord *record)
{
  record->owner = self->id;
  callstats_delivery_lose (self->exchange->delivery, record);
}

void
callstats_member_flush (CallstatsMember *self)
{
  callstats_delivery_flush (self->exchange->delivery);
}

gboolean
callstats_member_is_idle (CallstatsMember *self)
{
  CallstatsDeliveryStats stats;

  if (callstats_delivery_is_idle (self->exchange->delivery))
    return TRUE;
  callstats_member_get_stats (self, &stats);
  return stats.queued == 0;
}

/* Counts */

static guint64
less (guint64 from, guint64 what)
{
  return from > what ? from - what : 0;
}

static void
take_away (CallstatsDeliveryStats *stats, const CallstatsTally *tally)
{
  stats->queued = less (stats->queued, tally->queued);
  stats->sent = less (stats->sent, tally->sent);
  stats->acked = less (stats->acked, tally->acked);
  stats->thinned = less (stats->thinned, tally->thinned);
  stats->dropped = less (stats->dropped, tally->dropped);
}

/* All but what others have, so that nothing is counted by nobody. */
static void
count_oldest (CallstatsExchange *self, CallstatsDeliveryStats *stats)
{
  guint i;

  take_away (stats, &self->gone);
  for (i = 1; i < self->members->len; i++) {
    CallstatsTally tally;

    callstats_delivery_get_tally (self->delivery, member_at (self, i)->id, &tally);
    take_away (stats, &tally);
  }
}

void
callstats_member_get_stats (CallstatsMember *self, CallstatsDeliveryStats *stats)
{
  CallstatsExchange *exchange = self->exchange;
  CallstatsTally tally;

  callstats_delivery_get_stats (exchange->delivery, stats);
  if (self == member_at (exchange, 0)) {
    count_oldest (exchange, stats);
    return;
  }
  callstats_delivery_get_tally (exchange->delivery, self->id, &tally);
  stats->queued = tally.queued;
  stats->sent = tally.sent;
  stats->acked = tally.acked;
  stats->thinned = tally.thinned;
  stats->dropped = tally.dropped;
}
