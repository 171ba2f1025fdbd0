/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The session with the backend: connect, hello, welcome, records, acks, and again.
 *
 * Monitor thread only.
 */
#include <math.h>
#include <string.h>
#include "callstats-codec-private.h"
#include "callstats-delivery-end-private.h"
#include "callstats-delivery-private.h"
#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-monitor-private.h"
#include "callstats-network-watch-private.h"
#include "callstats-sessions-private.h"
#include "callstats-token-private.h"
#include "callstats-transport-private.h"

#define BATCH_MS 1000    /* reports wait this long for company; events do not wait */
#define WINDOW 512       /* records sent and not acknowledged, at most */
#define WELCOME_MS 10000 /* the backend's time to welcome */
#define PING_SECONDS 8
#define SILENCE_MS 20000 /* without a sign of life the connection is dead */

#define PROBE_MS 4000 /* for a sign of life, after the network changed */
#define BACKOFF_FIRST_MS 500
#define BACKOFF_LAST_MS 30000
#define STABLE_US (60 * G_USEC_PER_SEC)

struct _CallstatsDelivery {
  CallstatsDeliveryCallbacks callbacks;
  gpointer user_data;

  char *uri;
  char *audience;
  char *app_id;
  char *user_id;
  char *client;

  const CallstatsTransportVTable *transport_class;
  CallstatsTransport *transport; /* NULL: no connection */
  CallstatsEncoder *encoder;     /* lives as long as the connection */
  CallstatsDecoder *decoder;
  CallstatsSessions *sessions;
  gboolean held_up; /* the next connection waits for the sessions to be ready */

  CallstatsDeliveryState state;
  GSource *retry;   /* WAITING */
  GSource *welcome; /* CONNECTING: its time-out */
  GSource *silence; /* CONNECTED: its time-out */
  GSource *renewal; /* CONNECTED: of the token */
  GSource *batch;   /* NULL: nothing waits for company */
  guint attempts;   /* since the last stable connection */
  gint64 connected_at;
  gboolean told_trouble;
  gint64 not_before;              /* the backend asked to wait until then */
  CallstatsNetworkWatch *network; /* NULL: cannot be watched */
  GQueue outgoing;                /* GBytes: encoded, and not given to libsoup yet */
  gint64 hello_at;
  double round_trip, clock_offset; /* ms, of the last welcome */
  guint64 connects, sent, bytes_raw, bytes_sent;
};

static CallstatsOutbox *
outbox_of (CallstatsDelivery *self)
{
  return callstats_sessions_outbox (self->sessions);
}

static void connect_now (CallstatsDelivery *self);
static void pump (CallstatsDelivery *self);

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
start_timer (
    CallstatsDelivery *self, GSource **source, guint interval_ms, GSourceFunc func)
{
  clear_source (source);
  *source = callstats_monitor_add_timeout (interval_ms, func, self, NULL);
}

/* Once in an outage, and never again before a connection has been stable. */
static void
tell_trouble (CallstatsDelivery *self, const GError *error, gboolean retry)
{
  if (self->told_trouble)
    return;
  self->told_trouble = TRUE;
  self->callbacks.trouble (error, retry, self->user_data);
}

static void
disconnect (CallstatsDelivery *self)
{
  clear_source (&self->welcome);
  clear_source (&self->silence);
  clear_source (&self->renewal);
  clear_source (&self->batch);
  if (self->transport != NULL)
    self->transport_class->free (g_steal_pointer (&self->transport));
  g_queue_clear_full (&self->outgoing, (GDestroyNotify)g_bytes_unref);
  g_clear_pointer (&self->encoder, callstats_encoder_free);
  g_clear_pointer (&self->decoder, callstats_decoder_free);
}

static void
stop (CallstatsDelivery *self, const GError *error)
{
  disconnect (self);
  clear_source (&self->retry);
  self->held_up = FALSE;
  self->state = CALLSTATS_DELIVERY_STOPPED;
  self->told_trouble = FALSE;
  tell_trouble (self, error, FALSE);
  self->callbacks.progressed (self->user_data);
}

static gboolean
on_retry (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  clear_source (&self->retry);
  connect_now (self);
  return G_SOURCE_REMOVE;
}

/* Full jitter: many clients that lost one backend do not come back at once. */
static guint
next_delay (CallstatsDelivery *self, guint at_least_ms)
{
  guint ceiling = BACKOFF_FIRST_MS << MIN (self->attempts, 6);
  guint delay =
      g_random_int_range (BACKOFF_FIRST_MS / 5, MIN (ceiling, BACKOFF_LAST_MS) + 1);

  self->attempts++;
  return MAX (delay, at_least_ms);
}

static void
retry (CallstatsDelivery *self, const GError *error, guint at_least_ms)
{
  gboolean was_stable = self->state == CALLSTATS_DELIVERY_CONNECTED &&
                        g_get_monotonic_time () - self->connected_at > STABLE_US;

  if (was_stable) {
    self->attempts = 0;
    self->told_trouble = FALSE;
  }
  if (self->state == CALLSTATS_DELIVERY_CONNECTED)
    callstats_sessions_note_end (self->sessions);
  disconnect (self);
  self->state = CALLSTATS_DELIVERY_WAITING;
  tell_trouble (self, error, TRUE);
  self->not_before = g_get_monotonic_time () + at_least_ms * G_TIME_SPAN_MILLISECOND;
  start_timer (self, &self->retry, next_delay (self, at_least_ms), on_retry);
  self->callbacks.progressed (self->user_data);
}

static void retry_literal (CallstatsDelivery *self, int code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static void
retry_literal (CallstatsDelivery *self, int code, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (CALLSTATS_ERROR, code, format, args);
  va_end (args);
  retry (self, error, 0);
}

static gboolean
on_welcome_timeout (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  retry_literal (self, CALLSTATS_ERROR_PROTOCOL,
      "Backend %s accepted the connection and then said nothing for %d s: is it a "
      "callstats-collector? It is tried again",
      self->uri, WELCOME_MS / 1000);
  return G_SOURCE_REMOVE;
}

static gboolean
on_silence (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  retry_literal (self, CALLSTATS_ERROR_UNREACHABLE,
      "Backend %s has been silent for %d s; it is connected to again", self->uri,
      SILENCE_MS / 1000);
  return G_SOURCE_REMOVE;
}

static void
note_life (CallstatsDelivery *self)
{
  if (self->state == CALLSTATS_DELIVERY_CONNECTED)
    start_timer (self, &self->silence, SILENCE_MS, on_silence);
}

/* One frame at a time goes to libsoup, whose own queue has no bound. Compressed ones
 * depend on each other: they leave in the order in which they were encoded. */
static void
drain (CallstatsDelivery *self)
{
  while (
      self->outgoing.length > 0 && self->transport_class->is_writable (self->transport)) {
    g_autoptr (GBytes) frame = g_queue_pop_head (&self->outgoing);

    self->bytes_sent += g_bytes_get_size (frame);
    self->transport_class->send (
        self->transport, callstats_encoder_is_binary (self->encoder), frame);
  }
}

static void
send_frame (CallstatsDelivery *self, GBytes *frame)
{
  g_queue_push_tail (&self->outgoing, g_bytes_ref (frame));
  drain (self);
}
static void
send_message (CallstatsDelivery *self, const char *json)
{
  g_autoptr (GBytes) frame = callstats_encoder_message (self->encoder, json);

  self->bytes_raw += strlen (json);
  send_frame (self, frame);
}

static void
send_hello (CallstatsDelivery *self)
{
  g_autofree char *hello =
      g_strdup_printf ("{\"type\":\"hello\",\"protocol\":%d,\"session\":\"%s\",\"acked\":"
                       "%" G_GUINT64_FORMAT ",\"client\":%s}",
          CALLSTATS_PROTOCOL_VERSION, callstats_sessions_name (self->sessions),
          callstats_outbox_acknowledged (outbox_of (self)), self->client);
  self->hello_at = g_get_monotonic_time ();
  send_message (self, hello);
}

/* One record too large for a frame, in frames of its own. */
static void
send_parts (CallstatsDelivery *self, guint64 sequence, CallstatsRecord *record)
{
  g_autoptr (GPtrArray) frames =
      callstats_encoder_parts (self->encoder, sequence, record);
  guint i;

  if (frames == NULL) {
    callstats_outbox_discard (outbox_of (self));
    return;
  }
  for (i = 0; i < frames->len; i++)
    send_frame (self, g_ptr_array_index (frames, i));
  callstats_outbox_advance (outbox_of (self));
  self->sent++;
}

/* As many records as fit into one frame. Returns: FALSE when there is nothing to send. */
static gboolean
send_batch (CallstatsDelivery *self)
{
  CallstatsOutbox *outbox = outbox_of (self);
  g_autoptr (GBytes) frame = NULL;
  CallstatsRecord *record;
  guint64 sequence;
  guint n = 0;

  while ((record = callstats_outbox_peek (outbox, &sequence)) != NULL &&
         sequence <= callstats_outbox_acknowledged (outbox) + WINDOW) {
    if (!callstats_encoder_add (self->encoder, sequence, record)) {
      if (n > 0)
        break;
      /* Its difference was too long, or the whole of it is. */
      if (!callstats_encoder_add (self->encoder, sequence, record)) {
        send_parts (self, sequence, record);
        return TRUE;
      }
    }
    callstats_outbox_advance (outbox);
    n++;
  }
  frame = callstats_encoder_finish (self->encoder);
  if (frame == NULL)
    return FALSE;
  self->sent += n;
  send_frame (self, frame);
  return TRUE;
}

static void
pump (CallstatsDelivery *self)
{
  clear_source (&self->batch);
  if (self->state == CALLSTATS_DELIVERY_CONNECTED)
    drain (self);
  while (self->state == CALLSTATS_DELIVERY_CONNECTED && self->outgoing.length == 0 &&
         self->transport_class->is_writable (self->transport) && send_batch (self))
    ;
  callstats_sessions_touch (self->sessions);
}

static gboolean
on_batch (gpointer user_data)
{
  pump (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_renewal (gpointer user_data)
{
  CallstatsDelivery *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *token =
      self->callbacks.get_token (self->audience, self->user_data, &error);
  g_autofree char *json = NULL;

  if (token == NULL) {
    retry (self, error, 0);
    return G_SOURCE_REMOVE;
  }
  json = g_strdup_printf ("{\"type\":\"token\",\"token\":\"%s\"}", token);
  send_message (self, json);
  return G_SOURCE_CONTINUE;
}

/* Another's session is through: the next one needs a hello of its own. */
static gboolean
change_session (CallstatsDelivery *self)
{
  if (!callstats_sessions_advance (self->sessions))
    return FALSE;
  disconnect (self);
  self->state = CALLSTATS_DELIVERY_CONNECTING;
  start_timer (self, &self->retry, 0, on_retry);
  return TRUE;
}

/* The backend lost what it had acknowledged, a database of another day say: what is still
 * here begins a session of its own. */
static void
begin_anew (CallstatsDelivery *self)
{
  callstats_sessions_begin_anew (self->sessions);
  retry_literal (self, CALLSTATS_ERROR_PROTOCOL,
      "Backend %s does not know what it acknowledged before; a new session begins",
      self->uri);
}

static void
greet (CallstatsDelivery *self)
{
  clear_source (&self->welcome);
  self->state = CALLSTATS_DELIVERY_CONNECTED;
  self->connected_at = g_get_monotonic_time ();
  self->connects++;
  callstats_outbox_rewind (outbox_of (self));
  note_life (self);
  start_timer (self, &self->renewal, CALLSTATS_TOKEN_LIFETIME * 900, on_renewal);
  self->callbacks.welcomed (self->user_data);
  if (!change_session (self))
    pump (self);
}

/* "default" and "recommended", as callstats' app settings name them. */
static void
tell_configuration (CallstatsDelivery *self, JsonObject *welcome)
{
  static const char *const names[] = { "default", "recommended" };
  JsonObject *config = callstats_json_get_object (welcome, "config");
  guint i;

  for (i = 0; config != NULL && i < G_N_ELEMENTS (names); i++) {
    JsonNode *node = json_object_get_member (config, names[i]);
    g_autoptr (GString) json = g_string_new (NULL);

    if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
      continue;
    callstats_json_append_node (json, node);
    self->callbacks.configured (names[i], json->str, self->user_data);
  }
}

/* The backend read its clock between hello and welcome: in the middle, say. */
static void
note_clock (CallstatsDelivery *self, JsonObject *welcome)
{
  gint64 now = g_get_monotonic_time ();
  double theirs = callstats_json_get_double (welcome, "time", NAN);

  self->round_trip = (double)(now - self->hello_at) / 1000;
  if (!isnan (theirs))
    self->clock_offset =
        theirs - ((double)g_get_real_time () / 1000 - self->round_trip / 2);
}

static void
on_welcome (CallstatsDelivery *self, JsonObject *welcome)
{
  guint64 stored;

  if (self->state != CALLSTATS_DELIVERY_CONNECTING ||
      callstats_json_get_int (welcome, "protocol", 0) != CALLSTATS_PROTOCOL_VERSION ||
      !callstats_json_get_sequence (welcome, "stored", &stored) ||
      !callstats_sessions_acknowledge (self->sessions, stored)) {
    retry_literal (self, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s sent a welcome that does not fit this session; it is tried again",
        self->uri);
    return;
  }
  note_clock (self, welcome);
  if (stored < callstats_outbox_acknowledged (outbox_of (self)))
    begin_anew (self);
  else
    greet (self);
  tell_configuration (self, welcome);
}

static void
on_ack (CallstatsDelivery *self, JsonObject *ack)
{
  guint64 sequence;

  if (self->state != CALLSTATS_DELIVERY_CONNECTED ||
      !callstats_json_get_sequence (ack, "sequence", &sequence) ||
      !callstats_sessions_acknowledge (self->sessions, sequence)) {
    retry_literal (self, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s acknowledged what was not sent; it is connected to again", self->uri);
    return;
  }
  if (!change_session (self) && self->batch == NULL)
    pump (self);
  self->callbacks.progressed (self->user_data);
}

typedef struct {
  const char *type;
  void (*handle) (CallstatsDelivery *self, JsonObject *message);
} ControlMessage;

static void
on_keyframe_request (CallstatsDelivery *self, JsonObject *message)
{
  callstats_encoder_request_keyframe (self->encoder);
}

/* Any other type is of a later protocol, and ignored. */
static const ControlMessage control_messages[] = {
  { "welcome", on_welcome },
  { "ack", on_ack },
  { "keyframe", on_keyframe_request },
};

static void
handle_control (CallstatsDelivery *self, CallstatsMessage *message)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (control_messages); i++) {
    if (strcmp (message->type, control_messages[i].type) == 0) {
      control_messages[i].handle (self, message->object);
      return;
    }
  }
}

static void
on_opened (gpointer user_data)
{
  static gsize once;
  CallstatsDelivery *self = user_data;

  callstats_monitor_rest_at_exit (&once);
  self->encoder = callstats_encoder_new (TRUE);
  self->decoder = callstats_decoder_new ();
  send_hello (self);
}

static void
on_frame (gboolean binary, GBytes *frame, gpointer user_data)
{
  CallstatsDelivery *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (CallstatsMessage) message =
      callstats_decoder_push (self->decoder, binary, frame, &error);

  if (message == NULL || message->kind != CALLSTATS_MESSAGE_CONTROL) {
    retry_literal (self, CALLSTATS_ERROR_PROTOCOL,
        "Backend %s sent what the protocol does not know (%s); it is connected to again",
        self->uri, error != NULL ? error->message : "records");
    return;
  }
  note_life (self);
  handle_control (self, message);
}

static void
on_pong (gpointer user_data)
{
  note_life (user_data);
}

static void
on_writable (gpointer user_data)
{
  pump (user_data);
}

static void
on_ended (const CallstatsTransportEnd *end, gpointer user_data)
{
  CallstatsDelivery *self = user_data;
  g_autoptr (GError) error = NULL;

  if (callstats_end_is_final (end, self->state == CALLSTATS_DELIVERY_CONNECTED)) {
    error = callstats_end_describe_refusal (end, self->uri, self->app_id);
    stop (self, error);
  } else {
    error = callstats_end_describe (end, self->uri);
    retry (self, error, end->retry_after * 1000);
  }
}

static const CallstatsTransportCallbacks transport_callbacks = {
  .opened = on_opened,
  .message = on_frame,
  .pong = on_pong,
  .writable = on_writable,
  .ended = on_ended,
};

static void
open_transport (CallstatsDelivery *self, const char *token)
{
  static gsize once;
  CallstatsTransportOptions options = {
    .uri = self->uri,
    .subprotocol = CALLSTATS_SUBPROTOCOL,
    .token = token,
    .max_frame = CALLSTATS_MAX_FRAME,
    .ping_interval = PING_SECONDS,
  };

  callstats_monitor_rest_at_exit (&once);
  self->state = CALLSTATS_DELIVERY_CONNECTING;
  start_timer (self, &self->welcome, WELCOME_MS, on_welcome_timeout);
  self->transport = self->transport_class->open (&options, &transport_callbacks, self);
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
    token = self->callbacks.get_token (self->audience, self->user_data, &error);
  if (token == NULL)
    stop (self, error);
  else
    open_transport (self, token);
}

/* Of the sessions: what is on disk was read or written. */
static void
on_ready (gpointer user_data)
{
  CallstatsDelivery *self = user_data;

  if (self->held_up && callstats_sessions_are_ready (self->sessions))
    connect_now (self);
  else if (self->state == CALLSTATS_DELIVERY_CONNECTED && self->batch == NULL &&
           !change_session (self))
    pump (self);
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

/* Another address or route: what did not work may work now, and what did may be dead. */
static void
on_network_changed (gpointer user_data)
{
  CallstatsDelivery *self = user_data;
  gint64 wait = self->not_before - g_get_monotonic_time ();

  if (self->state == CALLSTATS_DELIVERY_CONNECTED) {
    self->transport_class->probe (self->transport);
    start_timer (self, &self->silence, PROBE_MS, on_silence);
  } else if (self->state == CALLSTATS_DELIVERY_WAITING && !self->held_up) {
    self->attempts = 0;
    start_timer (self, &self->retry,
        next_delay (self, (guint)(MAX (wait, 0) / G_TIME_SPAN_MILLISECOND)), on_retry);
  }
}

CallstatsDelivery *
callstats_delivery_new (const CallstatsDeliveryOptions *options,
    const CallstatsDeliveryCallbacks *callbacks, gpointer user_data)
{
  CallstatsDelivery *self = g_new0 (CallstatsDelivery, 1);

  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->uri = g_strdup (options->backend->stream);
  self->audience = g_strdup (options->backend->origin);
  self->app_id = g_strdup (options->app_id);
  self->user_id = g_strdup (options->user_id);
  self->client = g_strdup (options->client);
  g_queue_init (&self->outgoing);
  self->network = callstats_network_watch_new (on_network_changed, self);
  self->sessions = callstats_sessions_new (
      options->max_bytes, options->spool, &sessions_callbacks, self);
  self->state = CALLSTATS_DELIVERY_CONNECTING;
  /* From the main loop: nobody expects callbacks from within the constructor. */
  start_timer (self, &self->retry, 0, on_retry);
  return self;
}

void
callstats_delivery_free (CallstatsDelivery *self)
{
  if (self == NULL)
    return;
  disconnect (self);
  clear_source (&self->retry);
  callstats_network_watch_free (self->network);
  callstats_sessions_free (self->sessions);
  g_free (self->uri);
  g_free (self->audience);
  g_free (self->app_id);
  g_free (self->user_id);
  g_free (self->client);
  g_free (self);
}

void
callstats_delivery_push (CallstatsDelivery *self, CallstatsRecord *record)
{
  callstats_sessions_push (self->sessions, record);
  if (self->state != CALLSTATS_DELIVERY_CONNECTED ||
      !callstats_sessions_is_own (self->sessions))
    return;
  if (record->kind != CALLSTATS_RECORD_REPORT)
    pump (self);
  else if (self->batch == NULL)
    start_timer (self, &self->batch, BATCH_MS, on_batch);
}

void
callstats_delivery_lose (CallstatsDelivery *self, const CallstatsRecord *record)
{
  callstats_sessions_lose (self->sessions, record);
}

void
callstats_delivery_restart (CallstatsDelivery *self)
{
  if (self->state != CALLSTATS_DELIVERY_STOPPED)
    return;
  self->state = CALLSTATS_DELIVERY_CONNECTING;
  self->told_trouble = FALSE;
  start_timer (self, &self->retry, 0, on_retry);
}

void
callstats_delivery_flush (CallstatsDelivery *self)
{
  pump (self);
  callstats_sessions_flush (self->sessions);
}

gboolean
callstats_delivery_is_idle (CallstatsDelivery *self)
{
  CallstatsSessionsStats stats;

  callstats_sessions_get_stats (self->sessions, &stats);
  /* A try that is under way may yet succeed; the next one may be minutes away. */
  return stats.queued == 0 || ((self->state == CALLSTATS_DELIVERY_WAITING ||
                                   self->state == CALLSTATS_DELIVERY_STOPPED) &&
                                  callstats_sessions_are_quiet (self->sessions));
}

void
callstats_delivery_get_stats (CallstatsDelivery *self, CallstatsDeliveryStats *stats)
{
  CallstatsSessionsStats sessions;

  callstats_sessions_get_stats (self->sessions, &sessions);
  stats->state = self->state;
  stats->connects = self->connects;
  stats->queued = sessions.queued;
  stats->queued_bytes = sessions.queued_bytes;
  stats->spooled_bytes = sessions.spooled;
  stats->sent = self->sent;
  stats->acked = sessions.acked;
  stats->thinned = sessions.thinned;
  stats->dropped = sessions.dropped;
  stats->bytes_raw = self->bytes_raw;
  stats->bytes_sent = self->bytes_sent;
  stats->round_trip = self->round_trip;
  stats->clock_offset = self->clock_offset;
}

const char *
callstats_delivery_state_to_string (CallstatsDeliveryState state)
{
  static const char *const names[] = {
    [CALLSTATS_DELIVERY_WAITING] = "waiting",
    [CALLSTATS_DELIVERY_CONNECTING] = "connecting",
    [CALLSTATS_DELIVERY_CONNECTED] = "connected",
    [CALLSTATS_DELIVERY_STOPPED] = "stopped",
  };

  return names[state];
}
