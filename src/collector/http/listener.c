/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The listening socket. Main thread only.
 */
#include "listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "callstats/callstats-error.h"
#include "counters.h"
#include "log.h"

#define PEER_KEY "callstats-peer"
#define REQUEST_SECONDS 10
#define BODY_SECONDS 30
#define RESPONSE_SECONDS 300
/* Connections past the limit that may shake hands, to hear why they are refused. */
#define MAX_REFUSED 32

struct _Listener {
  GSocketService *service;
  guint16 port;
  guint max_connections;
  GTlsCertificate *certificate; /* nullable */
  GHashTable *peers;            /* set of Peer */
  guint sweep;
  gboolean full;
  ListenerFunc func;
  gpointer user_data;
};

typedef struct {
  Listener *listener;            /* NULL once it is gone */
  GSocketConnection *connection; /* weak */
  GSocketAddress *remote;
  gint64 deadline; /* monotonic; G_MAXINT64: none */
  gboolean served; /* its first request was read */
} Peer;

/* What is known of a connection while its TLS handshake is under way. */
typedef struct {
  GSocketAddress *local, *remote;
  gboolean refused; /* there is no room for it; it is told so */
  GIOStream *tls;   /* while that is told */
  char *answer;
} Handshake;

static const char refusal[] = "{\"error\":{\"code\":\"too-many-connections\","
                              "\"message\":\"Too many connections; try again later\"}}\n";

static gint64
seconds_from_now (int seconds)
{
  return g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
}

static void
on_connection_gone (gpointer user_data, GObject *connection)
{
  Peer *peer = user_data;

  g_object_set_data (G_OBJECT (peer->remote), PEER_KEY, NULL);
  g_object_unref (peer->remote);
  if (peer->listener != NULL)
    g_hash_table_remove (peer->listener->peers, peer);
  g_free (peer);
}

static char *
make_refusal (void)
{
  return g_strdup_printf ("HTTP/1.1 503 Service Unavailable\r\n"
                          "Content-Type: application/json\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                          "Retry-After: 10\r\n"
                          "Connection: close\r\n"
                          "\r\n%s",
      strlen (refusal), refusal);
}

static void
refuse (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);
  g_autofree char *answer = make_refusal ();

  g_socket_set_blocking (socket, FALSE);
  g_socket_send (socket, answer, strlen (answer), NULL, NULL);
  g_socket_shutdown (socket, FALSE, TRUE, NULL);
}

static gboolean
has_room (Listener *listener)
{
  if (g_hash_table_size (listener->peers) < listener->max_connections) {
    listener->full = FALSE;
    return TRUE;
  }
  counter_limited (LIMIT_CONNECTIONS);
  if (!listener->full)
    log_warning ("connections-exhausted", "hint", "raise --max-connections", NULL);
  listener->full = TRUE;
  return FALSE;
}

static Peer *
add_peer (Listener *listener, GSocketConnection *connection, GSocketAddress *remote)
{
  Peer *peer = g_new0 (Peer, 1);

  peer->listener = listener;
  peer->connection = connection;
  peer->remote = g_object_ref (remote);
  peer->deadline = seconds_from_now (REQUEST_SECONDS);
  g_object_set_data (G_OBJECT (remote), PEER_KEY, peer);
  g_object_weak_ref (G_OBJECT (connection), on_connection_gone, peer);
  g_hash_table_add (listener->peers, peer);
  return peer;
}

/* ---- TLS ---- */

static void
handshake_free (Handshake *handshake)
{
  g_object_unref (handshake->local);
  g_object_unref (handshake->remote);
  g_clear_object (&handshake->tls);
  g_free (handshake->answer);
  g_free (handshake);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Handshake, handshake_free)

static void
log_failed_handshake (GSocketAddress *remote, const GError *error)
{
  g_autofree char *peer = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (remote));

  log_refusal ("tls-failed", "peer", peer, "reason",
      error != NULL ? error->message : "older than TLS 1.2", NULL);
}

/* The connection ends with its last reference. */
static void
on_refusal_written (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  g_output_stream_write_all_finish (G_OUTPUT_STREAM (stream), result, NULL, NULL);
  handshake_free (user_data);
}

/* handshake: (transfer full) */
static void
refuse_encrypted (Handshake *handshake, GIOStream *tls)
{
  handshake->tls = g_object_ref (tls);
  handshake->answer = make_refusal ();
  g_output_stream_write_all_async (g_io_stream_get_output_stream (tls), handshake->answer,
      strlen (handshake->answer), G_PRIORITY_DEFAULT, NULL, on_refusal_written,
      handshake);
}

static void
on_handshake (GObject *tls, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Handshake) handshake = user_data;
  g_autoptr (GError) error = NULL;
  GTlsConnection *connection = G_TLS_CONNECTION (tls);
  Peer *peer = g_object_get_data (G_OBJECT (handshake->remote), PEER_KEY);
  Listener *listener = peer->listener;

  if (!g_tls_connection_handshake_finish (connection, result, &error) ||
      g_tls_connection_get_protocol_version (connection) < G_TLS_PROTOCOL_VERSION_TLS_1_2)
    log_failed_handshake (handshake->remote, error);
  else if (handshake->refused)
    refuse_encrypted (g_steal_pointer (&handshake), G_IO_STREAM (tls));
  else if (listener != NULL)
    listener->func (
        G_IO_STREAM (tls), handshake->local, handshake->remote, listener->user_data);
}

static void
begin_handshake (Listener *listener, GSocketConnection *connection, GSocketAddress *local,
    GSocketAddress *remote, gboolean refused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) tls = g_tls_server_connection_new (
      G_IO_STREAM (connection), listener->certificate, &error);
  Handshake *handshake;

  if (tls == NULL) {
    log_failed_handshake (remote, error);
    return;
  }
  handshake = g_new0 (Handshake, 1);
  handshake->local = g_object_ref (local);
  handshake->remote = g_object_ref (remote);
  handshake->refused = refused;
  /* Many clients just go; what counts is what they had finished. */
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (tls), FALSE);
  g_tls_connection_handshake_async (
      G_TLS_CONNECTION (tls), G_PRIORITY_DEFAULT, NULL, on_handshake, handshake);
}

/* ---- Connections ---- */

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source,
    gpointer user_data)
{
  Listener *listener = user_data;
  g_autoptr (GSocketAddress) local =
      g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote =
      g_socket_connection_get_remote_address (connection, NULL);
  gboolean room = has_room (listener);

  if (!room && listener->certificate == NULL)
    refuse (connection);
  if (local == NULL || remote == NULL ||
      (!room &&
          (listener->certificate == NULL || g_hash_table_size (listener->peers) >=
                                                listener->max_connections + MAX_REFUSED)))
    return TRUE;
  g_socket_set_option (
      g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  add_peer (listener, connection, remote);
  if (listener->certificate != NULL)
    begin_handshake (listener, connection, local, remote, !room);
  else
    listener->func (G_IO_STREAM (connection), local, remote, listener->user_data);
  return TRUE;
}

/* libsoup sees the end of the stream and cleans up. */
static void
drop (Peer *peer)
{
  peer->deadline = G_MAXINT64;
  g_socket_shutdown (g_socket_connection_get_socket (peer->connection), TRUE, TRUE, NULL);
}

static gboolean
drop_late_peers (gpointer user_data)
{
  Listener *listener = user_data;
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, listener->peers);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    Peer *peer = key;

    if (peer->deadline > now)
      continue;
    if (!peer->served)
      counter_limited (LIMIT_HANDSHAKE);
    drop (peer);
  }
  return G_SOURCE_CONTINUE;
}

static void
explain (GError **error, const char *host, guint16 port)
{
  g_autofree char *why = g_strdup ((*error)->message);
  gboolean taken = g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);

  g_clear_error (error);
  if (taken)
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
        "--listen: port %u of %s is in use; stop the program that has it, or name "
        "another "
        "port (0 picks a free one)",
        port, host);
  else
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
        "--listen: cannot listen on port %u of %s: %s; name another address or port",
        port, host, why);
}

static gboolean
bind_port (Listener *listener, const char *host, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, port);
  g_autoptr (GSocketAddress) effective = NULL;

  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (listener->service), address,
          G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &effective, error)) {
    explain (error, host, port);
    return FALSE;
  }
  listener->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  return TRUE;
}

Listener *
listener_new (const char *host, guint16 port, guint max_connections,
    GTlsCertificate *certificate, ListenerFunc func, gpointer user_data, GError **error)
{
  Listener *listener = g_new0 (Listener, 1);

  listener->service = g_socket_service_new ();
  listener->max_connections = max_connections;
  g_set_object (&listener->certificate, certificate);
  listener->peers = g_hash_table_new (NULL, NULL);
  listener->func = func;
  listener->user_data = user_data;
  g_socket_listener_set_backlog (G_SOCKET_LISTENER (listener->service), 1024);
  if (!bind_port (listener, host, port, error)) {
    listener_free (listener);
    return NULL;
  }
  g_signal_connect (listener->service, "incoming", G_CALLBACK (on_incoming), listener);
  listener->sweep = g_timeout_add_seconds (1, drop_late_peers, listener);
  return listener;
}

void
listener_free (Listener *listener)
{
  GHashTableIter iter;
  gpointer peer;

  if (listener == NULL)
    return;
  g_hash_table_iter_init (&iter, listener->peers);
  while (g_hash_table_iter_next (&iter, &peer, NULL))
    ((Peer *)peer)->listener = NULL;
  g_hash_table_unref (listener->peers);
  if (listener->sweep != 0)
    g_source_remove (listener->sweep);
  g_signal_handlers_disconnect_by_data (listener->service, listener);
  g_socket_service_stop (listener->service);
  g_socket_listener_close (G_SOCKET_LISTENER (listener->service));
  g_object_unref (listener->service);
  g_clear_object (&listener->certificate);
  g_free (listener);
}

guint16
listener_get_port (const Listener *listener)
{
  return listener->port;
}

guint
listener_count (const Listener *listener)
{
  return g_hash_table_size (listener->peers);
}

void
listener_set_certificate (Listener *listener, GTlsCertificate *certificate)
{
  g_set_object (&listener->certificate, certificate);
}

static Peer *
get_peer (GSocketAddress *remote)
{
  return remote != NULL ? g_object_get_data (G_OBJECT (remote), PEER_KEY) : NULL;
}

static void
set_deadline (GSocketAddress *remote, gint64 deadline)
{
  Peer *peer = get_peer (remote);

  if (peer != NULL)
    peer->deadline = deadline;
}

void
listener_headers_read (GSocketAddress *remote)
{
  set_deadline (remote, seconds_from_now (BODY_SECONDS));
}

void
listener_request_read (GSocketAddress *remote)
{
  Peer *peer = get_peer (remote);

  set_deadline (remote, seconds_from_now (RESPONSE_SECONDS));
  if (peer != NULL)
    peer->served = TRUE;
}

void
listener_upgraded (GSocketAddress *remote)
{
  set_deadline (remote, G_MAXINT64);
}

void
listener_drop (GSocketAddress *remote)
{
  Peer *peer = get_peer (remote);

  if (peer != NULL)
    drop (peer);
}
