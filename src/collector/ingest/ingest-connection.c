/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One client: its handshake of the wire protocol, its records on their way to the store,
 * its acks, its deadlines and its end. docs/protocol.md has the rules.
 *
 * Main thread only. A reference is held by the ingest until the socket is closed, and by
 * the store's session until the store is through with it.
 */
#include "ingest-private.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-error.h"
#include "callstats/callstats-json-private.h"
#include "client-clock.h"
#include "counters.h"
#include "listener.h"
#include "client-clock.h"
#include "counters.h"
#include "log.h"

/* A clock further off tells the store nothing. */
#define CLOCK_MAX_BEHIND (366.0 * 24 * 3600 * 1000)
#define HELLO_SECONDS 10
#define SILENCE_SECONDS 60
#define PING_SECONDS 20
/* libsoup gives a peer 5 s to answer a close; past this the stream is ended from below.
 */
#define CLOSING_SECONDS 8
#define MAX_REASON 123

typedef enum {
  STATE_GREETING, /* waits for hello */
  STATE_OPENING,  /* the store looks the session up */
  STATE_OPEN,
  STATE_LEAVING, /* said bye; its last records are on their way to the disk */
  STATE_CLOSING,
  STATE_CLOSED,
} State;

struct _IngestConnection {
  grefcount ref_count;
  Ingest *ingest;
  SoupWebsocketConnection *socket;
  FrameGuard *guard;
  GSocketAddress *remote; /* nullable: as the listener knows it */
  CallstatsDecoder *decoder;
  Identity *identity;
  State state;
  gint64 since;        /* of the state, monotonic */
  gint64 heard;        /* monotonic */
  char *name;          /* the session's */
  double clock_behind; /* ms, of what its records are timed by; not a number: unknown */
  char *key;           /* application, user and session */
  StoreSession *session;
  guint64 next; /* the sequence number that must come next, or a lower one */
  guint64 committed;
  guint64 acked;
  gsize waiting; /* bytes of records on their way to the disk */
  gboolean paused;
};

IngestConnection *
ingest_connection_ref (IngestConnection *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
ingest_connection_unref (IngestConnection *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  frame_guard_set_callback (self->guard, NULL, NULL);
  g_signal_handlers_disconnect_by_data (self->socket, self);
  g_object_unref (self->socket);
  g_object_unref (self->guard);
  g_clear_object (&self->remote);
  callstats_decoder_free (self->decoder);
  identity_free (self->identity);
  g_free (self->name);
  g_free (self->key);
  g_free (self);
}

static void
set_state (IngestConnection *self, State state)
{
  self->state = state;
  self->since = g_get_monotonic_time ();
}

/* ---- The end ---- */

/* What a connection costs ends with its use, not with the goodbyes of its peer. */
static void
release_session (IngestConnection *self)
{
  g_clear_pointer (&self->decoder, callstats_decoder_free);
  ingest_remove_user (self->ingest, self->identity);
  if (self->key != NULL)
    ingest_release_session (self->ingest, self->key, self);
  store_session_close (g_steal_pointer (&self->session));
}

static void
log_end (IngestConnection *self, gushort code, const char *reason)
{
  g_autofree char *number = g_strdup_printf ("%u", code);
  gboolean expected =
      code == CALLSTATS_CLOSE_NORMAL || code == CALLSTATS_CLOSE_GOING_AWAY;

  if (!expected)
    self->ingest->trim_due = TRUE;
  (expected ? log_info : log_warning) ("client-closed", "app", self->identity->app,
      "user", self->identity->user, "session", self->name, "code", number, "reason",
      reason, NULL);
}

/* A close reason must be whole UTF-8 within the limit, or libsoup closes with an error.
 */
static char *
fit_reason (const char *reason)
{
  g_autofree char *valid = g_utf8_make_valid (reason, -1);
  gsize length = MIN (strlen (valid), MAX_REASON);

  while (length > 0 && ((guchar)valid[length] & 0xc0) == 0x80)
    length--;
  return g_strndup (valid, length);
}

void
ingest_connection_close (IngestConnection *self, gushort code, const char *reason)
{
  g_autofree char *fitting = fit_reason (reason);

  if (self->state >= STATE_CLOSING)
    return;
  set_state (self, STATE_CLOSING);
  log_end (self, code, reason);
  release_session (self);
  frame_guard_set_paused (self->guard, FALSE);
  if (soup_websocket_connection_get_state (self->socket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->socket, code, fitting);
}

static void
on_closed (SoupWebsocketConnection *socket, gpointer user_data)
{
  IngestConnection *self = user_data;

  if (self->state < STATE_CLOSING) {
    log_end (self, soup_websocket_connection_get_close_code (socket), "by the client");
    release_session (self);
  }
  set_state (self, STATE_CLOSED);
  ingest_forget (self->ingest, self);
}

/* libsoup closes by itself: a text frame that is not UTF-8, a reset connection. */
static void
on_error (SoupWebsocketConnection *socket, GError *error, gpointer user_data)
{
  IngestConnection *self = user_data;
  gushort code = error->domain == SOUP_WEBSOCKET_ERROR ? error->code : 0;

  if (self->state >= STATE_CLOSING)
    return;
  set_state (self, STATE_CLOSING);
  log_end (self, code, error->message);
  release_session (self);
}

static void
on_violation (FrameGuard *guard, FrameViolation violation, gpointer user_data)
{
  if (violation != FRAME_VIOLATION_MALFORMED)
    counter_limited (LIMIT_FRAME);
  ingest_connection_close (user_data,
      violation == FRAME_VIOLATION_TOO_LARGE ? CALLSTATS_CLOSE_TOO_LARGE
                                             : CALLSTATS_CLOSE_PROTOCOL,
      frame_violation_describe (violation));
}

static void
fail_protocol (IngestConnection *self, const char *reason)
{
  ingest_connection_close (self, CALLSTATS_CLOSE_PROTOCOL, reason);
}

/* ---- To the client ---- */

static gboolean
can_write (IngestConnection *self)
{
  return g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (
      g_io_stream_get_output_stream (G_IO_STREAM (self->guard))));
}

/* An ack stands for all before it, so one that cannot be sent now is made up for by the
 * next one or by the tick; a queue of them never grows. */
static void
send_ack (IngestConnection *self)
{
  g_autofree char *text = NULL;

  if (self->acked == self->committed || !can_write (self))
    return;
  self->acked = self->committed;
  text = g_strdup_printf (
      "{\"type\":\"ack\",\"sequence\":%" G_GUINT64_FORMAT "}", self->acked);
  soup_websocket_connection_send_text (self->socket, text);
}

static void
send_welcome (IngestConnection *self, guint64 stored)
{
  g_autofree char *text =
      g_strdup_printf ("{\"type\":\"welcome\",\"protocol\":%d,\"session\":\"%s\","
                       "\"stored\":%" G_GUINT64_FORMAT ",\"time\":%" G_GINT64_FORMAT
                       ",\"limits\":{\"frame\":%d,\"record\":%d,\"slots\":%d,"
                       "\"slotBytes\":%d},\"config\":{}}",
          CALLSTATS_PROTOCOL_VERSION, self->name, stored, g_get_real_time () / 1000,
          CALLSTATS_MAX_FRAME, CALLSTATS_MAX_RECORD, CALLSTATS_MAX_SLOTS,
          CALLSTATS_MAX_SLOT_BYTES);

  soup_websocket_connection_send_text (self->socket, text);
}

/* ---- From the store ---- */

static void
log_connected (IngestConnection *self)
{
  g_autofree char *behind = isfinite (self->clock_behind)
                                ? g_strdup_printf ("%.1f", self->clock_behind / 1000)
                                : NULL;

  log_info ("client-connected", "app", self->identity->app, "user", self->identity->user,
      "session", self->name, "clock-behind", behind, NULL);
}

static void
on_opened (gpointer user_data, guint64 stored)
{
  IngestConnection *self = user_data;

  if (self->state != STATE_OPENING)
    return;
  self->next = stored + 1;
  self->committed = self->acked = stored;
  set_state (self, STATE_OPEN);
  log_connected (self);
  send_welcome (self, stored);
  ingest_connection_move (self);
}

void
ingest_connection_move (IngestConnection *self)
{
  if (self->ingest->move != NULL && self->state == STATE_OPEN)
    soup_websocket_connection_send_text (self->socket, self->ingest->move);
}

static void
leave (IngestConnection *self)
{
  ingest_connection_close (self, CALLSTATS_CLOSE_NORMAL, "bye");
}

static void
on_committed (gpointer user_data, guint64 sequence, gsize bytes, guint written)
{
  IngestConnection *self = user_data;

  self->waiting -= bytes;
  ingest_remove_waiting (self->ingest, bytes);
  if (self->state != STATE_OPEN && self->state != STATE_LEAVING)
    return;
  self->committed = sequence;
  /* A repeated record is acked again: its first ack may have got lost. */
  self->acked = MIN (self->acked, sequence - 1);
  send_ack (self);
  if (self->state == STATE_LEAVING && self->waiting == 0)
    leave (self);
  else
    ingest_connection_resume (self);
}

static void
on_failed (gpointer user_data, const GError *error)
{
  IngestConnection *self = user_data;

  log_warning ("store-failed", "reason", error->message, NULL);
  ingest_remove_waiting (self->ingest, self->waiting);
  self->waiting = 0;
  ingest_connection_close (self, CALLSTATS_CLOSE_STORE,
      "the store failed; what was not acked is to be sent again");
}

static const StoreSessionEvents session_events = { on_opened, on_committed, on_failed };

/* ---- From the client ---- */

static void
open_session (IngestConnection *self, JsonObject *hello)
{
  JsonObject *client = callstats_json_get_object (hello, "client");
  const char *user_name =
      client != NULL ? callstats_json_get_string (client, "userName", NULL) : NULL;

  self->name = g_strdup (callstats_json_get_string (hello, "session", NULL));
  self->clock_behind = client_clock_compare (hello, g_get_real_time ());
  client_clock_count (self->clock_behind, self->ingest->clock_tolerance);
  self->key =
      g_strjoin ("\n", self->name, self->identity->app, self->identity->user, NULL);
  ingest_claim_session (self->ingest, self->key, self);
  set_state (self, STATE_OPENING);
  self->session = store_session_open (self->ingest->store, self->identity->app,
      self->identity->user, user_name, self->name, &session_events,
      ingest_connection_ref (self), (GDestroyNotify)ingest_connection_unref);
  if (fabs (self->clock_behind) < CLOCK_MAX_BEHIND)
    store_session_set_clock (self->session, (gint64)(self->clock_behind * 1000));
}

static void
take_hello (IngestConnection *self, JsonObject *hello)
{
  if (self->state != STATE_GREETING)
    fail_protocol (self, "a second hello");
  else if (callstats_json_get_int (hello, "protocol", 0) != CALLSTATS_PROTOCOL_VERSION)
    fail_protocol (self, "hello needs \"protocol\":1, the only version spoken here");
  else if (!store_session_name_is_valid (
               callstats_json_get_string (hello, "session", NULL)))
    fail_protocol (
        self, "hello needs \"session\", 1 to 64 characters of A-Z a-z 0-9 _ -");
  else
    open_session (self, hello);
}

static void
take_token (IngestConnection *self, JsonObject *message)
{
  const char *token = callstats_json_get_string (message, "token", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (Identity) identity = auth_check_token (self->ingest->applications,
      self->ingest->origins, token, g_get_real_time () / G_USEC_PER_SEC, &error);

  if (identity == NULL)
    ingest_connection_close (self, CALLSTATS_CLOSE_UNAUTHORIZED, auth_error_code (error));
  else if (strcmp (identity->app, self->identity->app) != 0 ||
           strcmp (identity->user, self->identity->user) != 0) {
    auth_count_refusal (AUTH_ERROR_MISMATCH);
    ingest_connection_close (self, CALLSTATS_CLOSE_UNAUTHORIZED,
        "the new token is for another application or user");
  } else {
    identity_free (self->identity);
    self->identity = g_steal_pointer (&identity);
  }
}

void
ingest_connection_check_identity (IngestConnection *self)
{
  g_autoptr (GError) error = NULL;

  if (auth_check_identity (self->ingest->applications, self->identity, &error))
    return;
  ingest_connection_close (self,
      error->code == AUTH_ERROR_APPLICATION ? CALLSTATS_CLOSE_UNKNOWN_APPLICATION
                                            : CALLSTATS_CLOSE_UNAUTHORIZED,
      auth_error_code (error));
}

static void
take_bye (IngestConnection *self)
{
  set_state (self, STATE_LEAVING);
  if (self->waiting == 0)
    leave (self);
}

static void
take_control (IngestConnection *self, CallstatsMessage *message)
{
  if (strcmp (message->type, "hello") == 0)
    take_hello (self, message->object);
  else if (self->state == STATE_GREETING)
    fail_protocol (self, "the first message must be hello");
  else if (strcmp (message->type, "token") == 0)
    take_token (self, message->object);
  else if (strcmp (message->type, "bye") == 0)
    take_bye (self);
}

static void
pause_if_too_much_waits (IngestConnection *self)
{
  if (self->waiting <= INGEST_MAX_WAITING && !self->ingest->congested)
    return;
  self->paused = TRUE;
  frame_guard_set_paused (self->guard, TRUE);
}

void
ingest_connection_resume (IngestConnection *self)
{
  if (!self->paused || self->waiting > INGEST_MAX_WAITING / 2 || self->ingest->congested)
    return;
  self->paused = FALSE;
  self->heard = g_get_monotonic_time ();
  frame_guard_set_paused (self->guard, FALSE);
}

/* Refuses all of them where the client or its application had too many; it keeps what is
 * not acknowledged. */
static gboolean
check_rate (IngestConnection *self, guint n)
{
  g_autofree char *reason = NULL;
  guint wait = self->ingest->limits == NULL
                   ? 0
                   : rate_limits_take (self->ingest->limits, self->identity->app,
                         self->identity->user, n, g_get_monotonic_time ());

  if (wait == 0)
    return TRUE;
  reason =
      g_strdup_printf ("retry-after=%u; too many records a second of this client or its "
                       "application",
          wait);
  ingest_connection_close (self, CALLSTATS_CLOSE_OVERLOADED, reason);
  return FALSE;
}

static void
append_records (IngestConnection *self, CallstatsMessage *message)
{
  gsize bytes = 0;

  for (guint i = 0; i < message->records->len; i++)
    bytes += callstats_record_size (message->records->pdata[i]);
  client_clock_count_future (self->clock_behind, self->ingest->clock_tolerance,
      message->records, g_get_real_time ());
  self->waiting += bytes;
  ingest_add_waiting (self->ingest, bytes);
  store_session_append (self->session, message->first, message->records, bytes);
  pause_if_too_much_waits (self);
}

static void
take_records (IngestConnection *self, CallstatsMessage *message)
{
  guint n = message->records->len;

  if (self->state != STATE_OPEN) {
    fail_protocol (self, "records before welcome");
    return;
  }
  if (message->first > self->next || message->first > (guint64)G_MAXINT64 - n) {
    g_autofree char *reason = g_strdup_printf (
        "record %" G_GUINT64_FORMAT " came where %" G_GUINT64_FORMAT " was due",
        message->first, self->next);

    fail_protocol (self, reason);
    return;
  }
  if (n == 0 || !check_rate (self, n))
    return;
  self->next = MAX (self->next, message->first + n);
  append_records (self, message);
}

static void
refuse_message (IngestConnection *self, const GError *error)
{
  gboolean too_long = g_error_matches (error, CALLSTATS_ERROR, CALLSTATS_ERROR_TOO_LONG);

  if (too_long)
    counter_limited (LIMIT_FRAME);
  else if (callstats_json_error_is_limit (error))
    counter_limited (LIMIT_DEPTH);
  ingest_connection_close (self,
      too_long ? CALLSTATS_CLOSE_TOO_LARGE : CALLSTATS_CLOSE_PROTOCOL, error->message);
}

static void
on_message (SoupWebsocketConnection *socket, int type, GBytes *frame, gpointer user_data)
{
  IngestConnection *self = user_data;
  g_autoptr (CallstatsMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  if (self->state >= STATE_LEAVING)
    return;
  self->heard = g_get_monotonic_time ();
  counter_add (COUNTER_INGEST_BYTES, 0, g_bytes_get_size (frame));
  message = callstats_decoder_push (
      self->decoder, type == SOUP_WEBSOCKET_DATA_BINARY, frame, &error);
  if (message == NULL)
    refuse_message (self, error);
  else if (message->kind == CALLSTATS_MESSAGE_RECORDS)
    take_records (self, message);
  else
    take_control (self, message);
}

static void
on_pong (SoupWebsocketConnection *socket, GBytes *payload, gpointer user_data)
{
  IngestConnection *self = user_data;

  self->heard = g_get_monotonic_time ();
}

/* ---- Time ---- */

static gboolean
passed (gint64 since, gint64 now, int seconds)
{
  return now - since > seconds * G_USEC_PER_SEC;
}

/* TLS and libsoup would wait for the peer to take the last byte. */
static void
abort_connection (IngestConnection *self)
{
  frame_guard_abort (self->guard);
  listener_drop (self->remote);
}

void
ingest_connection_tick (IngestConnection *self, gint64 monotonic, gint64 now)
{
  if (self->state == STATE_CLOSING) {
    if (passed (self->since, monotonic, CLOSING_SECONDS))
      abort_connection (self);
    return;
  }
  if (self->state == STATE_GREETING && passed (self->since, monotonic, HELLO_SECONDS))
    ingest_connection_close (self, CALLSTATS_CLOSE_HELLO_TIMEOUT, "no hello within 10 s");
  else if (now >= self->identity->expires + AUTH_SKEW_SECONDS)
    ingest_connection_close (self, CALLSTATS_CLOSE_UNAUTHORIZED, "token-expired");
  else if (!self->paused && passed (self->heard, monotonic, SILENCE_SECONDS))
    ingest_connection_close (
        self, CALLSTATS_CLOSE_SILENT, "nothing heard for 60 s, no pong either");
  else if (self->state == STATE_OPEN || self->state == STATE_LEAVING)
    send_ack (self);
}

/* ---- The beginning ---- */

IngestConnection *
ingest_connection_new (Ingest *ingest, GIOStream *stream, GSocketAddress *remote,
    GUri *uri, Identity *identity)
{
  IngestConnection *self = g_new0 (IngestConnection, 1);

  g_ref_count_init (&self->ref_count);
  self->ingest = ingest;
  self->identity = identity;
  ingest_add_user (ingest, identity);
  g_set_object (&self->remote, remote);
  self->decoder = callstats_decoder_new ();
  self->guard = frame_guard_new (stream, FRAME_PEER_CLIENT, CALLSTATS_MAX_FRAME);
  frame_guard_set_callback (self->guard, on_violation, self);
  self->socket = soup_websocket_connection_new (G_IO_STREAM (self->guard), uri,
      SOUP_WEBSOCKET_CONNECTION_SERVER, NULL, CALLSTATS_SUBPROTOCOL, NULL);
  soup_websocket_connection_set_max_incoming_payload_size (
      self->socket, CALLSTATS_MAX_FRAME);
  soup_websocket_connection_set_keepalive_interval (self->socket, PING_SECONDS);
  g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->socket, "pong", G_CALLBACK (on_pong), self);
  g_signal_connect (self->socket, "error", G_CALLBACK (on_error), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_closed), self);
  set_state (self, STATE_GREETING);
  self->heard = self->since;
  return self;
}
