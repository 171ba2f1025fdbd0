/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The transport module: one WebSocket connection through libsoup 3, which reads from the
 * peer only what the frame guard lets through. It only carries frames; what they mean,
 * and what to do when it ends, is the delivery's.
 *
 * Monitor thread only. libsoup attaches its sources to the context that is thread-default
 * at each call, which on that thread is the monitor's own.
 */
#include <libsoup/soup.h>
#include <sys/socket.h>

#include "callstats-transport-private.h"
#include "frame-guard.h"
#include "handshake.h"

/* Less than the 5 s after which libsoup closes by itself, and then waits for TLS. */
#define CLOSING_SECONDS 4

struct _CallstatsTransport {
  gatomicrefcount ref_count; /* callbacks of libsoup hold one */
  CallstatsTransportCallbacks callbacks;
  gpointer user_data;
  gboolean ended; /* no callback any more */

  GUri *uri;
  char *subprotocol;
  guint max_frame;
  guint ping_interval;
  GCancellable *cancellable;           /* of the handshake */
  SoupWebsocketConnection *connection; /* NULL until opened */
  FrameGuard *guard;                   /* between it and the socket */
  GSocket *socket;
  GSource *closing;  /* NULL: open, or closed */
  GSource *writable; /* NULL: nobody waits */
  gboolean sending;  /* what was sent last may still be in libsoup */
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
  g_clear_object (&self->guard);
  g_clear_object (&self->socket);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->uri, g_uri_unref);
  g_free (self->subprotocol);
  g_free (self);
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
end (CallstatsTransport *self, const CallstatsTransportEnd *how)
{
  clear_source (&self->writable);
  if (self->ended)
    return;
  self->ended = TRUE;
  self->callbacks.ended (how, self->user_data);
}

static gboolean
is_open (CallstatsTransport *self)
{
  return self->connection != NULL && soup_websocket_connection_get_state (
                                         self->connection) == SOUP_WEBSOCKET_STATE_OPEN;
}

static gboolean
on_closing_timeout (gpointer user_data)
{
  static const struct linger at_once = { .l_onoff = 1 };
  CallstatsTransport *self = user_data;

  setsockopt (
      g_socket_get_fd (self->socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
  clear_source (&self->closing);
  return G_SOURCE_REMOVE;
}

/* Neither libsoup nor TLS ends before the peer has taken the last byte. */
static void
bound_closing (CallstatsTransport *self)
{
  if (self->closing != NULL)
    return;
  self->closing = g_timeout_source_new_seconds (CLOSING_SECONDS);
  g_source_set_callback (
      self->closing, on_closing_timeout, transport_ref (self), transport_unref);
  g_source_attach (self->closing, g_main_context_get_thread_default ());
}

static void
begin_closing (CallstatsTransport *self, guint16 code, const char *reason)
{
  bound_closing (self);
  if (is_open (self))
    soup_websocket_connection_close (self->connection, code, reason);
}

static void
on_message (
    SoupWebsocketConnection *connection, int type, GBytes *frame, gpointer user_data)
{
  CallstatsTransport *self = user_data;

  if (!self->ended)
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
  if (!self->ended)
    self->callbacks.pong (self->user_data);
}

/* libsoup closes by itself after this, but may wait for the peer with that. */
static void
on_error (SoupWebsocketConnection *connection, GError *error, gpointer user_data)
{
  CallstatsTransport *self = user_data;
  CallstatsTransportEnd how = { .error = error };

  bound_closing (self);
  if (error->domain == SOUP_WEBSOCKET_ERROR)
    how = (CallstatsTransportEnd){ .violation = error->message };
  end (self, &how);
}

/* The peer closes; "closed" comes when it has hung up, too. */
static void
on_closing (SoupWebsocketConnection *connection, gpointer user_data)
{
  bound_closing (user_data);
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

  clear_source (&self->closing);
  frame_guard_set_callback (self->guard, NULL, NULL);
  end (self, &how);
  /* The handlers hold references: without this, they and the connection keep each other.
   */
  g_signal_handlers_disconnect_by_data (connection, self);
}

static void
on_violation (FrameGuard *guard, FrameViolation violation, gpointer user_data)
{
  CallstatsTransport *self = user_data;
  CallstatsTransportEnd how = { .violation = frame_violation_describe (violation) };

  begin_closing (self,
      violation == FRAME_VIOLATION_TOO_LARGE ? SOUP_WEBSOCKET_CLOSE_TOO_BIG
                                             : SOUP_WEBSOCKET_CLOSE_PROTOCOL_ERROR,
      how.violation);
  end (self, &how);
}

static void
connect_signal (CallstatsTransport *self, const char *name, GCallback handler)
{
  g_signal_connect_data (self->connection, name, handler, transport_ref (self),
      (GClosureNotify)(void (*) (void))transport_unref, 0);
}

static void
adopt (CallstatsTransport *self, const HandshakeResult *result)
{
  self->socket = g_object_ref (result->socket);
  self->guard = frame_guard_new (result->stream, FRAME_PEER_SERVER, self->max_frame);
  frame_guard_set_callback (self->guard, on_violation, self);
  self->connection = soup_websocket_connection_new (G_IO_STREAM (self->guard), self->uri,
      SOUP_WEBSOCKET_CONNECTION_CLIENT, NULL, self->subprotocol, NULL);
  soup_websocket_connection_set_max_incoming_payload_size (
      self->connection, self->max_frame);
  soup_websocket_connection_set_keepalive_interval (
      self->connection, self->ping_interval);
  connect_signal (self, "message", G_CALLBACK (on_message));
  connect_signal (self, "pong", G_CALLBACK (on_pong));
  connect_signal (self, "error", G_CALLBACK (on_error));
  connect_signal (self, "closing", G_CALLBACK (on_closing));
  connect_signal (self, "closed", G_CALLBACK (on_closed));
}

static void
on_handshake (
    const HandshakeResult *result, const CallstatsTransportEnd *how, gpointer user_data)
{
  CallstatsTransport *self = user_data;

  if (result == NULL) {
    end (self, how);
  } else if (self->ended) {
    g_io_stream_close_async (result->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  } else {
    adopt (self, result);
    self->callbacks.opened (self->user_data);
  }
  transport_unref (self);
}

static CallstatsTransport *
transport_open (const CallstatsTransportOptions *options,
    const CallstatsTransportCallbacks *callbacks, gpointer user_data)
{
  CallstatsTransport *self = g_new0 (CallstatsTransport, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->uri = g_uri_parse (options->uri, G_URI_FLAGS_ENCODED_PATH, NULL);
  self->subprotocol = g_strdup (options->subprotocol);
  self->max_frame = options->max_frame;
  self->ping_interval = options->ping_interval;
  self->cancellable = g_cancellable_new ();
  handshake_start (options, self->cancellable, on_handshake, transport_ref (self));
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
  if (!self->ended)
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
  if (!is_open (self))
    return FALSE;
  if (!self->sending && g_pollable_output_stream_is_writable (get_output (self)))
    return TRUE;
  wait_until_writable (self);
  return FALSE;
}

static void
transport_send (CallstatsTransport *self, gboolean binary, GBytes *frame)
{
  if (!is_open (self))
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
  else if (is_open (self))
    begin_closing (self, code, reason);
}

static void
transport_free (CallstatsTransport *self)
{
  clear_source (&self->writable);
  /* What has ended closes as it said why. */
  if (!self->ended)
    transport_close (self, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, NULL);
  self->ended = TRUE;
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
