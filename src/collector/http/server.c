/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The HTTP server. Main thread only.
 */
#include "server.h"

#include "listener.h"
#include "reply.h"
#include "request-source.h"

#define STOP_SECONDS 5
/* Until clients come back: about what another start takes. */
#define RETRY_AFTER "2"

struct _Server {
  SoupServer *soup;
  Listener *listener;
  Router *router;
  const Origins *origins;
  gboolean encrypted, behind_proxy;
  GHashTable *requests; /* set of SoupServerMessage, weak: not answered yet */
  GSourceFunc stopped;  /* nullable */
  gpointer stopped_data;
  guint stop_timeout;
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

static gboolean
check_running (Server *server, SoupServerMessage *message)
{
  if (server->listener != NULL)
    return TRUE;
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Retry-After", RETRY_AFTER);
  reply_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE, "stopping",
      "The collector is stopping; try again in a few seconds");
  return FALSE;
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *params, gpointer user_data)
{
  Server *server = user_data;

  listener_request_read (soup_server_message_get_remote_address (message));
  if (check_host (server, message) && check_running (server, message))
    router_finish (server->router, message, params);
}

/* ---- The end ---- */

static void
finish_stopping (Server *server)
{
  GSourceFunc stopped = g_steal_pointer (&server->stopped);

  g_clear_handle_id (&server->stop_timeout, g_source_remove);
  if (stopped != NULL)
    stopped (server->stopped_data);
}

static gboolean
on_stop_timeout (gpointer user_data)
{
  Server *server = user_data;

  server->stop_timeout = 0;
  finish_stopping (server);
  return G_SOURCE_REMOVE;
}

/* A WebSocket by now, or nobody was there to answer. */
static void
on_request_gone (gpointer user_data, GObject *message)
{
  Server *server = user_data;

  g_hash_table_remove (server->requests, message);
  if (g_hash_table_size (server->requests) == 0)
    finish_stopping (server);
}

static void
on_request_finished (SoupServerMessage *message, Server *server)
{
  if (!g_hash_table_contains (server->requests, message))
    return;
  g_signal_handlers_disconnect_by_data (message, server);
  g_object_weak_unref (G_OBJECT (message), on_request_gone, server);
  on_request_gone (server, G_OBJECT (message));
}

/* libsoup takes connections away without a word to those who are still at an answer. */
static void
disconnect_requests (Server *server)
{
  g_autoptr (GPtrArray) left = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer message;

  g_hash_table_iter_init (&iter, server->requests);
  while (g_hash_table_iter_next (&iter, &message, NULL))
    g_ptr_array_add (left, g_object_ref (message));
  soup_server_disconnect (server->soup);
  for (guint i = 0; i < left->len; i++)
    if (g_hash_table_contains (server->requests, left->pdata[i]))
      g_signal_emit_by_name (left->pdata[i], "finished");
  g_hash_table_unref (server->requests);
}

/* ---- The beginning ---- */

static void
on_headers (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *params, gpointer user_data)
{
  Server *server = user_data;

  if (g_hash_table_add (server->requests, message)) {
    g_object_weak_ref (G_OBJECT (message), on_request_gone, server);
    g_signal_connect (message, "finished", G_CALLBACK (on_request_finished), server);
  }
  listener_headers_read (soup_server_message_get_remote_address (message));
  request_source_note (message, server->encrypted, server->behind_proxy);
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
server_new (const ServerConfig *config, Router *router, GError **error)
{
  Server *server = g_new0 (Server, 1);

  server->requests = g_hash_table_new (NULL, NULL);
  server->router = router;
  server->origins = config->origins;
  server->encrypted = config->certificate != NULL;
  server->behind_proxy = config->behind_proxy;
  server->soup = soup_server_new ("raw-paths", TRUE, NULL);
  soup_server_add_early_handler (server->soup, NULL, on_headers, server, NULL);
  soup_server_add_handler (server->soup, NULL, on_request, server, NULL);
  server->listener = listener_new (config->host, config->port, config->max_connections,
      config->certificate, on_connection, server, error);
  if (server->listener == NULL) {
    server_free (server);
    return NULL;
  }
  return server;
}

void
server_set_certificate (Server *server, GTlsCertificate *certificate)
{
  listener_set_certificate (server->listener, certificate);
}

void
server_stop (Server *server, GSourceFunc func, gpointer user_data)
{
  g_clear_pointer (&server->listener, listener_free);
  server->stopped = func;
  server->stopped_data = user_data;
  server->stop_timeout = g_timeout_add_seconds (STOP_SECONDS, on_stop_timeout, server);
  if (g_hash_table_size (server->requests) == 0)
    finish_stopping (server);
}

void
server_free (Server *server)
{
  if (server == NULL)
    return;
  g_clear_handle_id (&server->stop_timeout, g_source_remove);
  g_clear_pointer (&server->listener, listener_free);
  disconnect_requests (server);
  g_object_unref (server->soup);
  g_free (server);
}

guint16
server_get_port (const Server *server)
{
  return listener_get_port (server->listener);
}

guint
server_count_connections (const Server *server)
{
  return server->listener != NULL ? listener_count (server->listener) : 0;
}
