/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The HTTP server. Main thread only.
 */
#include "server.h"

#include "listener.h"
#include "reply.h"

struct _Server {
  SoupServer *soup;
  Listener *listener;
  Router *router;
  const Origins *origins;
};

static gboolean
check_host (Server *server, SoupServerMessage *message)
{
  const char *host = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Host");

  if (host != NULL && origins_match_host (server->origins, host))
    return TRUE;
  reply_error (message, 421, "misdirected-request",
      "This collector is not known by that Host; start it with --origin");
  return FALSE;
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *params, gpointer user_data)
{
  Server *server = user_data;

  listener_request_read (soup_server_message_get_remote_address (message));
  if (check_host (server, message))
    router_finish (server->router, message, params);
}

static void
on_headers (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *params, gpointer user_data)
{
  Server *server = user_data;

  router_begin (server->router, message, path);
}

static void
on_connection (
    GIOStream *stream, GSocketAddress *local, GSocketAddress *remote, gpointer user_data)
{
  Server *server = user_data;

  soup_server_accept_iostream (server->soup, stream, local, remote, NULL);
}

Server *
server_new (const char *host, guint16 port, guint max_connections, Router *router,
    const Origins *origins, GError **error)
{
  Server *server = g_new0 (Server, 1);

  server->router = router;
  server->origins = origins;
  server->soup = soup_server_new ("raw-paths", TRUE, NULL);
  soup_server_add_early_handler (server->soup, NULL, on_headers, server, NULL);
  soup_server_add_handler (server->soup, NULL, on_request, server, NULL);
  server->listener =
      listener_new (host, port, max_connections, on_connection, server, error);
  if (server->listener == NULL) {
    server_free (server);
    return NULL;
  }
  return server;
}

void
server_stop (Server *server)
{
  g_clear_pointer (&server->listener, listener_free);
}

void
server_free (Server *server)
{
  if (server == NULL)
    return;
  g_clear_pointer (&server->listener, listener_free);
  soup_server_disconnect (server->soup);
  g_object_unref (server->soup);
  g_free (server);
}

guint16
server_get_port (const Server *server)
{
  return listener_get_port (server->listener);
}
