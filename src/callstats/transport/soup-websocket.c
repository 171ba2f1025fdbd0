/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The transport module: one WebSocket connection through libsoup 3. It only carries
 * frames; what they mean, and what to do when it ends, is the delivery's.
 *
 * Monitor thread only. libsoup attaches its sources to the context that is thread-default
 * at each call, which on that thread is the monitor's own.
 */
#include <libsoup/soup.h>
#include <string.h>

#include "callstats-transport-private.h"

struct _CallstatsTransport {
  gatomicrefcount ref_count; /* callbacks of libsoup hold one */
  CallstatsTransportCallbacks callbacks;
  gpointer user_data;
  gboolean freed; /* no callback any more */

  guint max_frame;
  guint ping_interval;
  SoupSession *session;
  SoupMessage *message;
  GCancellable *cancellable;
  SoupWebsocketConnection *connection; /* NULL until opened */
  GSource *writable;                   /* NULL: nobody waits */
  gboolean sending;                    /* what was sent last may still be in libsoup */
  gboolean probing;
};

static CallstatsTransport *
transport_ref (CallstatsTransport *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
transport_unref (gpointer data)
{
  CallstatsTransport *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_object (&self->connection);
  g_clear_object (&self->message);
  g_clear_object (&self->session);
  g_clear_object (&self->cancellable);
  g_free (self);
}

static void
stop_waiting (CallstatsTransport *self)
{
  if (self->writable == NULL)
    return;
  g_source_destroy (self->writable);
  g_clear_pointer (&self->writable, g_source_unref);
}

static void
end (CallstatsTransport *self, const CallstatsTransportEnd *end)
{
  stop_waiting (self);
  if (self->freed)
    return;
  self->freed = TRUE;
  self->callbacks.ended (end, self->user_data);
}

static void
on_message (
    SoupWebsocketConnection *connection, int type, GBytes *frame, gpointer user_data)
{
  CallstatsTransport *self = user_data;

  if (!self->freed)
    self->callbacks.message (type == SOUP_WEBSOCKET_DATA_BINARY, frame, self->user_data);
}

static void
on_pong (SoupWebsocketConnection *connection, GBytes *data, gpointer user_data)
{
  CallstatsTransport *self = user_data;
  if (self->probing) {
    self->probing = FALSE;
    soup_websocket_connection_set_keepalive_interval (connection, self->ping_interval);
  }
  if (!self->freed)
    self->callbacks.pong (self->user_data);
}

/* The only signal that always comes, after an error too. */
static void
on_closed (SoupWebsocketConnection *connection, gpointer user_data)
{
  CallstatsTransport *self = user_data;
  CallstatsTransportEnd how = {
    .close_code = soup_websocket_connection_get_close_code (connection),
    .close_reason = soup_websocket_connection_get_close_data (connection),
  };

  end (self, &how);
  /* The handlers hold references: without this, they and the connection keep each other.
   */
  g_signal_handlers_disconnect_by_data (connection, self);
}

static void
connect_signal (CallstatsTransport *self, const char *name, GCallback handler)
{
  g_signal_connect_data (self->connection, name, handler, transport_ref (self),
      (GClosureNotify)(void (*) (void))transport_unref, 0);
}

static void
adopt (CallstatsTransport *self, SoupWebsocketConnection *connection)
{
  self->connection = connection;
  soup_websocket_connection_set_max_incoming_payload_size (connection, self->max_frame);
  soup_websocket_connection_set_keepalive_interval (connection, self->ping_interval);
  connect_signal (self, "message", G_CALLBACK (on_message));
  connect_signal (self, "pong", G_CALLBACK (on_pong));
  connect_signal (self, "closed", G_CALLBACK (on_closed));
}

/* Returns: seconds since the epoch; 0: there is no such header, or it is no date. */
static gint64
get_date (SoupMessageHeaders *headers, const char *name)
{
  const char *value = soup_message_headers_get_one (headers, name);
  g_autoptr (GDateTime) date =
      value != NULL ? soup_date_time_new_from_http_string (value) : NULL;

  return date != NULL ? g_date_time_to_unix (date) : 0;
}

/* Seconds, or a date: of the clock that the answer's own date is from. */
static guint
get_retry_after (SoupMessageHeaders *headers)
{
  const char *value = soup_message_headers_get_one (headers, "Retry-After");
  gint64 now = get_date (headers, "Date");
  gint64 until = get_date (headers, "Retry-After");

  if (value == NULL)
    return 0;
  if (g_ascii_isdigit (*value))
    return (guint)MIN (g_ascii_strtoull (value, NULL, 10), CALLSTATS_MAX_RETRY_AFTER);
  if (now == 0)
    now = g_get_real_time () / G_USEC_PER_SEC;
  return until != 0 ? (guint)CLAMP (until - now, 0, CALLSTATS_MAX_RETRY_AFTER) : 0;
}

static void
describe_answer (SoupMessage *message, const char *reason, CallstatsTransportEnd *how)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);

  how->http_status = soup_message_get_status (message);
  how->http_reason = reason;
  how->retry_after = get_retry_after (headers);
  how->date = get_date (headers, "Date");
}

/* What the answer says beside its status. Returns: (transfer full) (nullable) */
static char *
get_reason (SoupMessage *message)
{
  const char *challenge = soup_message_headers_get_one (
      soup_message_get_response_headers (message), "WWW-Authenticate");
  GHashTable *parameters;
  char *reason = NULL;

  if (challenge != NULL && g_ascii_strncasecmp (challenge, "Bearer ", 7) == 0) {
    parameters = soup_header_parse_param_list (challenge + 7);
    reason = g_strdup (g_hash_table_lookup (parameters, "error_description"));
    soup_header_free_param_list (parameters);
  }
  return reason != NULL ? reason : g_strdup (soup_message_get_reason_phrase (message));
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CallstatsTransport *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;
  SoupWebsocketConnection *connection =
      soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);

  if (connection != NULL && self->freed) {
    soup_websocket_connection_close (connection, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, NULL);
    g_object_unref (connection);
  } else if (connection != NULL) {
    adopt (self, connection);
    self->callbacks.opened (self->user_data);
  } else {
    CallstatsTransportEnd how = { .error = error };

    if (g_error_matches (
            error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_ERROR_NOT_WEBSOCKET)) {
      reason = get_reason (self->message);
      describe_answer (self->message, reason, &how);
    }
    end (self, &how);
  }
  transport_unref (self);
}

/* Plain ws:// cannot go through an HTTP proxy, and what is on this machine needs none. */
static gboolean
wants_proxy (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_ENCODED_PATH, NULL);
  const char *host = parsed != NULL ? g_uri_get_host (parsed) : NULL;
  g_autoptr (GInetAddress) address = NULL;

  if (host == NULL || strcmp (g_uri_get_scheme (parsed), "wss") != 0)
    return FALSE;
  address = g_inet_address_new_from_string (host);
  return g_ascii_strcasecmp (host, "localhost") != 0 &&
         (address == NULL || !g_inet_address_get_is_loopback (address));
}

static CallstatsTransport *
transport_open (const CallstatsTransportOptions *options,
    const CallstatsTransportCallbacks *callbacks, gpointer user_data)
{
  CallstatsTransport *self = g_new0 (CallstatsTransport, 1);
  g_autofree char *authorization = g_strconcat ("Bearer ", options->token, NULL);
  char *subprotocols[] = { (char *)options->subprotocol, NULL };

  g_atomic_ref_count_init (&self->ref_count);
  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->max_frame = options->max_frame;
  self->ping_interval = options->ping_interval;
  self->cancellable = g_cancellable_new ();
  self->session = soup_session_new_with_options ("timeout", 15, NULL);
  if (!wants_proxy (options->uri))
    soup_session_set_proxy_resolver (self->session, NULL);
  self->message = soup_message_new (SOUP_METHOD_GET, options->uri);
  soup_message_headers_replace (
      soup_message_get_request_headers (self->message), "Authorization", authorization);
  /* A redirect would carry the token to wherever it points. */
  soup_message_add_flags (self->message, SOUP_MESSAGE_NO_REDIRECT);
  soup_session_websocket_connect_async (self->session, self->message, NULL, subprotocols,
      G_PRIORITY_DEFAULT, self->cancellable, on_connected, transport_ref (self));
  return self;
}

static GPollableOutputStream *
get_output (CallstatsTransport *self)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->connection);

  return G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
}

static gboolean
on_writable (GObject *stream, gpointer user_data)
{
  CallstatsTransport *self = user_data;
  g_clear_pointer (&self->writable, g_source_unref);
  self->sending = FALSE;
  if (!self->freed)
    self->callbacks.writable (self->user_data);
  return G_SOURCE_REMOVE;
}

/* libsoup waits for the same stream with the default priority for as long as its queue
 * holds anything. So a source of a lower one is dispatched only once that is empty. */
static void
wait_until_writable (CallstatsTransport *self)
{
  if (self->writable != NULL)
    return;
  self->writable = g_pollable_output_stream_create_source (get_output (self), NULL);
  g_source_set_priority (self->writable, G_PRIORITY_DEFAULT + 1);
  g_source_set_callback (
      self->writable, G_SOURCE_FUNC (on_writable), transport_ref (self), transport_unref);
  g_source_attach (self->writable, g_main_context_get_thread_default ());
}

static gboolean
transport_is_writable (CallstatsTransport *self)
{
  if (self->connection == NULL ||
      soup_websocket_connection_get_state (self->connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return FALSE;
  if (!self->sending && g_pollable_output_stream_is_writable (get_output (self)))
    return TRUE;
  wait_until_writable (self);
  return FALSE;
}

static void
transport_send (CallstatsTransport *self, gboolean binary, GBytes *frame)
{
  if (self->connection == NULL ||
      soup_websocket_connection_get_state (self->connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return;
  soup_websocket_connection_send_message (self->connection,
      binary ? SOUP_WEBSOCKET_DATA_BINARY : SOUP_WEBSOCKET_DATA_TEXT, frame);
  self->sending = TRUE;
}

/* By way of libsoup's own pings, which can only be asked for in seconds. */
static void
transport_probe (CallstatsTransport *self)
{
  if (self->connection == NULL || self->probing)
    return;
  self->probing = TRUE;
  soup_websocket_connection_set_keepalive_interval (self->connection, 1);
}
static void
transport_close (CallstatsTransport *self, guint16 code, const char *reason)
{
  if (self->connection == NULL)
    g_cancellable_cancel (self->cancellable);
  else if (soup_websocket_connection_get_state (self->connection) ==
           SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->connection, code, reason);
}

static void
transport_free (CallstatsTransport *self)
{
  self->freed = TRUE;
  stop_waiting (self);
  transport_close (self, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, NULL);
  transport_unref (self);
}

G_MODULE_EXPORT extern const CallstatsTransportVTable callstats_transport_vtable;

const CallstatsTransportVTable callstats_transport_vtable = {
  .abi = CALLSTATS_TRANSPORT_ABI,
  .open = transport_open,
  .is_writable = transport_is_writable,
  .send = transport_send,
  .probe = transport_probe,
  .close = transport_close,
  .free = transport_free,
};
