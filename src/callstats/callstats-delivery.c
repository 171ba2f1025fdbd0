/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The session with the backend: connect, hello, welcome, records, acks, and again.
 *
 * Monitor thread only.
 */
#include <string.h>
#include "callstats-delivery-end-private.h"
#include "callstats-delivery-inside-private.h"
#include "callstats-error.h"
#include "callstats-monitor-private.h"
#include "callstats-proxy-private.h"
#include "callstats-token-private.h"
#include "callstats-trust-private.h"

#define BATCH_MS 1000    /* reports wait this long for company; events do not wait */
#define WELCOME_MS 10000 /* the backend's time to welcome */
#define PING_SECONDS 8
#define SILENCE_MS 20000 /* without a sign of life the connection is dead */

#define PROBE_MS 3000  /* for a sign of life, after the network changed */
#define MAX_REFUSALS 3 /* of new tokens in a row; then it is for good */

static void connect_now (CallstatsDelivery *self);

void
callstats_delivery_clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
callstats_delivery_start_timer (
    CallstatsDelivery *self, GSource **source, guint interval_ms, GSourceFunc func)
{
  callstats_delivery_clear_source (source);
  *source = callstats_monitor_add_timeout (interval_ms, func, self, NULL);
}

/* Once in an outage, and never again before a connection has been stable. */
static void
tell_trouble (CallstatsDelivery *self, const GError *error, gboolean retry)
{
  if (self->told_trouble || error == NULL)
    return;
  self->told_trouble = TRUE;
  self->callbacks.trouble (error, retry, self->user_data);
}

void
callstats_delivery_disconnect (CallstatsDelivery *self)
{
  callstats_delivery_clear_source (&self->welcome);
  callstats_delivery_clear_source (&self->silence);
  callstats_delivery_clear_source (&self->renewal);
  callstats_delivery_clear_source (&self->batch);
  if (self->transport != NULL)
    self->transport_class->free (g_steal_pointer (&self->transport));
  g_queue_clear_full (&self->outgoing, (GDestroyNotify)g_bytes_unref);
  g_clear_pointer (&self->encoder, callstats_encoder_free);
  g_clear_pointer (&self->decoder, callstats_decoder_free);
}

static void
stop (CallstatsDelivery *self, const GError *error)
{
  callstats_delivery_disconnect (self);
  callstats_delivery_clear_source (&self->retry);
  self->held_up = FALSE;
  self->wants_token = FALSE;
  self->state = CALLSTATS_DELIVERY_STOPPED;
  self->told_trouble = FALSE;
  tell_trouble (self, error, FALSE);
  self->callbacks.progressed (self->user_data);
}

static gboolean
on_retry (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  callstats_delivery_clear_source (&self->retry);
  connect_now (self);
  return G_SOURCE_REMOVE;
}

static void
wait_for_next_try (CallstatsDelivery *self)
{
  guint wait = callstats_backoff_wait (
      &self->backoff, g_get_monotonic_time (), g_random_double ());

  self->state = CALLSTATS_DELIVERY_WAITING;
  callstats_delivery_start_timer (self, &self->retry, wait, on_retry);
}

void
callstats_delivery_retry (CallstatsDelivery *self, const GError *error, guint at_least_ms)
{
  if (callstats_backoff_note_end (&self->backoff, g_get_monotonic_time (), at_least_ms))
    self->told_trouble = FALSE;
  callstats_delivery_choose_route (self, self->state == CALLSTATS_DELIVERY_CONNECTED);
  if (self->state == CALLSTATS_DELIVERY_CONNECTED)
    callstats_sessions_note_end (self->sessions);
  callstats_delivery_disconnect (self);
  wait_for_next_try (self);
  tell_trouble (self, error, TRUE);
  self->callbacks.progressed (self->user_data);
}

void
callstats_delivery_fail (CallstatsDelivery *self, int code, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (CALLSTATS_ERROR, code, format, args);
  va_end (args);
  callstats_delivery_retry (self, error, 0);
}

void
callstats_delivery_reconnect_in (CallstatsDelivery *self, guint wait_ms)
{
  callstats_delivery_disconnect (self);
  self->state = wait_ms > 0 ? CALLSTATS_DELIVERY_WAITING : CALLSTATS_DELIVERY_CONNECTING;
  callstats_delivery_start_timer (self, &self->retry, wait_ms, on_retry);
}

void
callstats_delivery_reconnect (CallstatsDelivery *self)
{
  callstats_delivery_reconnect_in (self, 0);
}

static gboolean
on_welcome_timeout (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  callstats_delivery_fail (self, CALLSTATS_ERROR_PROTOCOL,
      "Backend %s accepted the connection and then said nothing for %d s: is it a "
      "callstats-collector? It is tried again",
      self->uri, WELCOME_MS / 1000);
  return G_SOURCE_REMOVE;
}

static gboolean
on_silence (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  callstats_delivery_fail (self, CALLSTATS_ERROR_UNREACHABLE,
      self->probing
          ? "The network changed, and backend %s has been silent for %d s since; "
            "it is connected to again"
          : "Backend %s has been silent for %d s; it is connected to again",
      self->uri, (self->probing ? PROBE_MS : SILENCE_MS) / 1000);
  return G_SOURCE_REMOVE;
}

void
callstats_delivery_note_life (CallstatsDelivery *self)
{
  self->probing = FALSE;
  if (self->state == CALLSTATS_DELIVERY_CONNECTED)
    callstats_delivery_start_timer (self, &self->silence, SILENCE_MS, on_silence);
}

static void
on_opened (gpointer user_data)
{
  static gsize once;
  CallstatsDelivery *self = user_data;

  callstats_monitor_rest_at_exit (&once);
  self->encoder = callstats_encoder_new (TRUE);
  self->decoder = callstats_decoder_new_for_client ();
  callstats_delivery_send_hello (self);
}

static void
on_pong (gpointer user_data)
{
  callstats_delivery_note_life (user_data);
}

static void
on_writable (gpointer user_data)
{
  callstats_delivery_pump (user_data);
}

static void
refused_for_good (CallstatsDelivery *self, const CallstatsTransportEnd *end)
{
  g_autoptr (GError) error =
      callstats_end_describe_refusal (end, self->uri, self->app_id);

  if (!callstats_delivery_go_home (self, error))
    stop (self, error);
}

/* A token that was good once is no longer; one that is new may be of a secret that was
 * exchanged at one end only so far; a clock that was stepped says nothing of either.
 * Records wait for another one. */
static void
on_token_refused (CallstatsDelivery *self, const CallstatsTransportEnd *end)
{
  g_autofree char *token = g_steal_pointer (&self->token);
  g_autoptr (GError) error = NULL;

  if (!callstats_delivery_correct_clock (self, end->date) && !self->token_was_good)
    self->refusals++;
  self->token_was_good = FALSE;
  if (self->refusals >= MAX_REFUSALS) {
    refused_for_good (self, end);
    return;
  }
  callstats_delivery_retry (self, NULL, callstats_end_retry_after (end) * 1000);
  self->wants_token = TRUE; /* the answer may come at once */
  if (!self->callbacks.token_refused (token, self->user_data)) {
    self->wants_token = FALSE;
  } else if (self->wants_token) {
    callstats_delivery_clear_source (&self->retry);
    error = callstats_end_describe_token (end, self->uri);
    tell_trouble (self, error, TRUE);
  }
}

static void
on_ended (const CallstatsTransportEnd *end, gpointer user_data)
{
  CallstatsDelivery *self = user_data;
  g_autoptr (GError) error = NULL;

  switch (callstats_end_get_meaning (end)) {
  case CALLSTATS_END_FINAL:
    refused_for_good (self, end);
    break;
  case CALLSTATS_END_TOKEN:
    on_token_refused (self, end);
    break;
  case CALLSTATS_END_RETRY:
    error = callstats_end_describe (end, self->uri);
    callstats_delivery_retry (self, error, callstats_end_retry_after (end) * 1000);
    break;
  }
}

static const CallstatsTransportCallbacks transport_callbacks = {
  .opened = on_opened,

  .message = callstats_delivery_take_frame,
  .pong = on_pong,
  .writable = on_writable,
  .ended = on_ended,
};

static void
open_transport (CallstatsDelivery *self, const char *token, GTlsDatabase *trust,
    GProxyResolver *proxy)
{
  static gsize once;
  CallstatsTransportOptions options = {
    .uri = self->uri,
    .subprotocol = CALLSTATS_SUBPROTOCOL,
    .token = token,
    .max_frame = CALLSTATS_MAX_FRAME,
    .ping_interval = PING_SECONDS,
    .trust = trust,
    .proxy = proxy,
  };

  callstats_monitor_rest_at_exit (&once);
  self->state = CALLSTATS_DELIVERY_CONNECTING;
  callstats_delivery_use_token (self, token);
  callstats_backoff_note_try (&self->backoff, g_get_monotonic_time ());
  callstats_delivery_start_timer (self, &self->welcome, WELCOME_MS, on_welcome_timeout);
  self->transport = self->transport_class->open (&options, &transport_callbacks, self);
}

/* Files and variables can be corrected without telling us: they are read at every try. */
static void
go (CallstatsDelivery *self, const char *token)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) trust = NULL;
  g_autoptr (GProxyResolver) proxy = NULL;

  if (g_str_has_prefix (self->uri, "wss:"))
    trust = callstats_trust_load (self->ca_file, &error);
  if (error == NULL)
    proxy = callstats_proxy_find (self->uri, &error);
  if (proxy == NULL)
    callstats_delivery_retry (self, error, 0);
  else
    open_transport (self, token, trust, proxy);
}

static void
connect_now (CallstatsDelivery *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *token = NULL;

  self->held_up = !callstats_sessions_are_ready (self->sessions);
  if (self->held_up)
    return;
  self->transport_class = callstats_transport_load (&error);
  if (self->transport_class != NULL)
    token = self->callbacks.get_token (
        self->audience, callstats_delivery_backend_time (self), self->user_data, &error);
  if (token == NULL)
    stop (self, error);
  else
    go (self, token);
}

/* Of the sessions: what is on disk was read or written. */
static void
on_ready (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  if (self->held_up && callstats_sessions_are_ready (self->sessions))
    connect_now (self);
  else if (self->state == CALLSTATS_DELIVERY_CONNECTED && self->batch == NULL &&
           !callstats_delivery_change_session (self))
    callstats_delivery_pump (self);
  self->callbacks.progressed (self->user_data);
}

static void
on_spool_trouble (const GError *error, gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  self->callbacks.spool_trouble (error, self->user_data);
}

static const CallstatsSessionsCallbacks sessions_callbacks = {
  .ready = on_ready,
  .trouble = on_spool_trouble,
};

static void
probe (CallstatsDelivery *self)
{
  if (self->probing)
    return;
  self->probing = TRUE;
  self->transport_class->probe (self->transport);
  callstats_delivery_start_timer (self, &self->silence, PROBE_MS, on_silence);
}

/* Another address, route or link: what did not work may work now, and what did, or was
 * about to, may be dead. */
static void
on_network_changed (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  if (!callstats_backoff_note_change (&self->backoff, g_get_monotonic_time ()))
    return;
  if (self->state == CALLSTATS_DELIVERY_CONNECTED) {
    probe (self);
  } else if (self->transport != NULL || (self->state == CALLSTATS_DELIVERY_WAITING &&
                                            !self->held_up && !self->wants_token)) {
    callstats_delivery_disconnect (self);
    wait_for_next_try (self);
    self->callbacks.progressed (self->user_data);
  }
}

static void
free_online (CallstatsDelivery *self)
{
  callstats_delivery_disconnect (self);
  callstats_delivery_clear_source (&self->retry);
  callstats_network_watch_free (self->network);
  callstats_sessions_free (self->sessions);
  callstats_delivery_end_route (self);
  g_free (self->uri);
  g_free (self->audience);
  g_free (self->app_id);
  g_free (self->user_id);
  g_free (self->client);
  g_free (self->ca_file);
  g_free (self->token);
  g_free (self);
}

static void
push (CallstatsDelivery *self, CallstatsRecord *record)
{
  callstats_sessions_push (self->sessions, record);
  if (self->state != CALLSTATS_DELIVERY_CONNECTED ||
      !callstats_sessions_is_own (self->sessions))
    return;
  if (record->kind != CALLSTATS_RECORD_REPORT ||
      callstats_outbox_is_filling (callstats_delivery_outbox (self)))
    callstats_delivery_pump (self);
  else if (self->batch == NULL)
    callstats_delivery_start_timer (
        self, &self->batch, BATCH_MS, callstats_delivery_on_batch);
}

static void
lose (CallstatsDelivery *self, const CallstatsRecord *record)
{
  callstats_sessions_lose (self->sessions, record);
}

static void
set_bounds (CallstatsDelivery *self, gsize max_bytes, guint64 spool_max_bytes,
    guint64 spool_max_age)
{
  callstats_sessions_set_bounds (
      self->sessions, max_bytes, spool_max_bytes, spool_max_age);
}

static void
restart (CallstatsDelivery *self)
{
  if (self->state == CALLSTATS_DELIVERY_CONNECTED && self->renewing)
    callstats_delivery_renew (self);
  if (self->wants_token) {
    /* With back-off: an application may give tokens that are no good for ever. */
    self->wants_token = FALSE;
    wait_for_next_try (self);
  }
  if (self->state != CALLSTATS_DELIVERY_STOPPED)
    return;
  self->refusals = 0;
  self->state = CALLSTATS_DELIVERY_CONNECTING;
  self->told_trouble = FALSE;
  callstats_delivery_start_timer (self, &self->retry, 0, on_retry);
}

static void
flush (CallstatsDelivery *self)
{
  callstats_delivery_pump (self);
  callstats_sessions_flush (self->sessions);
}

static gboolean
is_idle (CallstatsDelivery *self)
{
  CallstatsSessionsStats stats;

  callstats_sessions_get_stats (self->sessions, &stats);
  /* A try that is under way may yet succeed; the next one may be minutes away. */
  return stats.queued == 0 || ((self->state == CALLSTATS_DELIVERY_WAITING ||
                                   self->state == CALLSTATS_DELIVERY_STOPPED) &&
                                  callstats_sessions_are_quiet (self->sessions));
}

static void
get_stats (CallstatsDelivery *self, CallstatsDeliveryStats *stats)
{
  CallstatsSessionsStats sessions;

  callstats_sessions_get_stats (self->sessions, &sessions);
  stats->state = self->state;
  stats->connects = self->connects;
  stats->queued = sessions.queued;
  stats->queued_bytes = sessions.queued_bytes;
  stats->spooled_bytes = sessions.spooled;
  stats->spooled = sessions.spooled_records;
  stats->sent = self->sent;
  stats->acked = sessions.acked;
  stats->thinned = sessions.thinned;
  stats->dropped = sessions.dropped;
  stats->bytes_raw = self->bytes_raw;
  stats->bytes_sent = self->bytes_sent;
  stats->round_trip = self->round_trip;
  stats->clock_offset = self->clock_offset;
}

static void
get_tally (CallstatsDelivery *self, guint owner, CallstatsTally *tally)
{
  callstats_sessions_get_tally (self->sessions, owner, tally);
}

static void
forget_owner (CallstatsDelivery *self, guint owner)
{
  callstats_sessions_forget_owner (self->sessions, owner);
}

static const CallstatsDeliveryClass online = {
  .free = free_online,
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
callstats_delivery_new_online (const CallstatsDeliveryOptions *options,
    const CallstatsDeliveryCallbacks *callbacks, gpointer user_data)
{
  CallstatsDelivery *self = g_new0 (CallstatsDelivery, 1);

  self->base.kind = &online;
  self->callbacks = *callbacks;
  self->user_data = user_data;
  callstats_delivery_begin_route (self, options);
  self->app_id = g_strdup (options->app_id);
  self->user_id = g_strdup (options->user_id);
  self->client = g_strdup (options->client);
  self->ca_file = g_strdup (options->ca_file);
  g_queue_init (&self->outgoing);
  self->network = callstats_network_watch_new (on_network_changed, self);
  self->sessions = callstats_sessions_new (
      options->max_bytes, options->spool, &sessions_callbacks, self);
  self->state = CALLSTATS_DELIVERY_CONNECTING;
  /* From the main loop: nobody expects callbacks from within the constructor. */
  callstats_delivery_start_timer (self, &self->retry, 0, on_retry);
  return self;
}
