/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The listening socket. Main thread only.
 */
#include "listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "callstats/callstats-error.h"
#include "log.h"

#define PEER_KEY "callstats-peer"
#define REQUEST_SECONDS 10
#define RESPONSE_SECONDS 300

struct _Listener {
  GSocketService *service;
  guint16 port;
  guint max_connections;
  GHashTable *peers; /* set of Peer */
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
} Peer;

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

static void
refuse (Listener *listener, GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);
  g_autofree char *answer = g_strdup_printf ("HTTP/1.1 503 Service Unavailable\r\n"
                                             "Content-Type: application/json\r\n"
                                             "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                                             "Retry-After: 10\r\n"
                                             "Connection: close\r\n"
                                             "\r\n%s",
      strlen (refusal), refusal);

  g_socket_set_blocking (socket, FALSE);
  g_socket_send (socket, answer, strlen (answer), NULL, NULL);
  g_socket_shutdown (socket, FALSE, TRUE, NULL);
  if (!listener->full)
    log_warning ("connections-exhausted", "hint", "raise --max-connections", NULL);
  listener->full = TRUE;
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

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source,
    gpointer user_data)
{
  Listener *listener = user_data;
  g_autoptr (GSocketAddress) local =
      g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote =
      g_socket_connection_get_remote_address (connection, NULL);

  if (g_hash_table_size (listener->peers) >= listener->max_connections) {
    refuse (listener, connection);
    return TRUE;
  }
  if (local == NULL || remote == NULL)
    return TRUE;
  listener->full = FALSE;
  g_socket_set_option (
      g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  add_peer (listener, connection, remote);
  listener->func (G_IO_STREAM (connection), local, remote, listener->user_data);
  return TRUE;
}

/* libsoup sees the end of the stream and cleans up. */
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
    peer->deadline = G_MAXINT64;
    g_socket_shutdown (
        g_socket_connection_get_socket (peer->connection), TRUE, TRUE, NULL);
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
listener_new (const char *host, guint16 port, guint max_connections, ListenerFunc func,
    gpointer user_data, GError **error)
{
  Listener *listener = g_new0 (Listener, 1);

  listener->service = g_socket_service_new ();
  listener->max_connections = max_connections;
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
  g_free (listener);
}

guint16
listener_get_port (const Listener *listener)
{
  return listener->port;
}

static void
set_deadline (GSocketAddress *remote, gint64 deadline)
{
  Peer *peer = remote != NULL ? g_object_get_data (G_OBJECT (remote), PEER_KEY) : NULL;

  if (peer != NULL)
    peer->deadline = deadline;
}

void
listener_request_read (GSocketAddress *remote)
{
  set_deadline (remote, seconds_from_now (RESPONSE_SECONDS));
}

void
listener_upgraded (GSocketAddress *remote)
{
  set_deadline (remote, G_MAXINT64);
}
