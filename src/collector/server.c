/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The HTTP server. Main thread only.
 */
#include "server.h"

#include <string.h>

#include "callstats/callstats-codec-private.h"
#include "listener.h"
#include "reply.h"

#define WEB "/callstats/collector/web"
#define MAX_SEGMENTS 8

struct _Server {
  SoupServer *soup;
  Listener *listener;
  Ingest *ingest;
  Query *query;
  const Origins *origins;
};

typedef void (*RouteFunc) (
    Server *server, SoupServerMessage *message, char **ids, GHashTable *params);

typedef struct {
  const char *pattern; /* a segment * stands for any one, which the handler is given */
  RouteFunc handle;
} Route;

static void
serve_page (Server *server, SoupServerMessage *message, char **ids, GHashTable *params)
{
  reply_file (message, WEB "/index.html", "text/html; charset=utf-8");
}

static void
serve_script (Server *server, SoupServerMessage *message, char **ids, GHashTable *params)
{
  reply_file (message, WEB "/app.js", "text/javascript; charset=utf-8");
}

static void
serve_style (Server *server, SoupServerMessage *message, char **ids, GHashTable *params)
{
  reply_file (message, WEB "/style.css", "text/css; charset=utf-8");
}

static void
serve_icon (Server *server, SoupServerMessage *message, char **ids, GHashTable *params)
{
  reply_file (message, WEB "/icon.svg", "image/svg+xml");
}

static void
serve_health (Server *server, SoupServerMessage *message, char **ids, GHashTable *params)
{
  reply_json (message, SOUP_STATUS_OK, g_strdup ("{\"status\":\"ok\"}\n"));
}

static void
serve_apps (Server *server, SoupServerMessage *message, char **ids, GHashTable *params)
{
  query_apps (server->query, message, ids, params);
}

static void
serve_conferences (
    Server *server, SoupServerMessage *message, char **ids, GHashTable *params)
{
  query_conferences (server->query, message, ids, params);
}

static void
serve_conference (
    Server *server, SoupServerMessage *message, char **ids, GHashTable *params)
{
  query_conference (server->query, message, ids, params);
}

static void
serve_reports (Server *server, SoupServerMessage *message, char **ids, GHashTable *params)
{
  query_reports (server->query, message, ids, params);
}

static void
serve_stream (Server *server, SoupServerMessage *message, char **ids, GHashTable *params)
{
  ingest_handshake (server->ingest, message);
}

static const Route routes[] = {
  { "/", serve_page },
  { "/app.js", serve_script },
  { "/style.css", serve_style },
  { "/icon.svg", serve_icon },
  { "/healthz", serve_health },
  { CALLSTATS_STREAM_PATH, serve_stream },
  { "/api/v1/apps", serve_apps },
  { "/api/v1/apps/*/conferences", serve_conferences },
  { "/api/v1/apps/*/conferences/*", serve_conference },
  { "/api/v1/apps/*/fabrics/*/reports", serve_reports },
};

/* Returns: whether the path has the pattern's form. ids: the segments where it has a *.
 */
static gboolean
match_route (const char *pattern, char **path, GPtrArray *ids)
{
  g_auto (GStrv) wanted = g_strsplit (pattern, "/", MAX_SEGMENTS);

  g_ptr_array_set_size (ids, 0);
  if (g_strv_length (wanted) != g_strv_length (path))
    return FALSE;
  for (guint i = 0; wanted[i] != NULL; i++) {
    if (strcmp (wanted[i], "*") == 0)
      g_ptr_array_add (ids, path[i]);
    else if (strcmp (wanted[i], path[i]) != 0)
      return FALSE;
  }
  return TRUE;
}

static const Route *
find_route (const char *path, GPtrArray *ids)
{
  g_auto (GStrv) segments = g_strsplit (path, "/", MAX_SEGMENTS + 1);
  const Route *found = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (routes) && found == NULL; i++)
    if (match_route (routes[i].pattern, segments, ids))
      found = &routes[i];
  for (guint i = 0; found != NULL && i < ids->len; i++)
    ids->pdata[i] = g_uri_unescape_string (ids->pdata[i], "");
  return found;
}

/* Ids may hold any character but NUL; what is not UTF-8 is none. */
static gboolean
check_ids (SoupServerMessage *message, GPtrArray *ids)
{
  for (guint i = 0; i < ids->len; i++) {
    if (ids->pdata[i] != NULL && *(char *)ids->pdata[i] != '\0' &&
        g_utf8_validate (ids->pdata[i], -1, NULL))
      continue;
    reply_error (message, SOUP_STATUS_BAD_REQUEST, "bad-id",
        "An id in the path is empty, badly percent-encoded or not UTF-8");
    return FALSE;
  }
  return TRUE;
}

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
check_method (SoupServerMessage *message)
{
  const char *method = soup_server_message_get_method (message);

  if (method == SOUP_METHOD_GET || method == SOUP_METHOD_HEAD)
    return TRUE;
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Allow", "GET, HEAD");
  reply_error (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "method-not-allowed",
      "Only GET and HEAD are served here");
  return FALSE;
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *params, gpointer user_data)
{
  Server *server = user_data;
  g_autoptr (GPtrArray) ids = g_ptr_array_new_null_terminated (4, NULL, TRUE);
  const Route *route;

  listener_request_read (soup_server_message_get_remote_address (message));
  if (!check_host (server, message))
    return;
  route = find_route (path, ids);
  if (route == NULL) {
    reply_error (message, SOUP_STATUS_NOT_FOUND, "not-found", "Nothing is served there");
    return;
  }
  g_ptr_array_set_free_func (ids, g_free);
  if (check_method (message) && check_ids (message, ids))
    route->handle (server, message, (char **)ids->pdata, params);
}

/* Called once the headers are in: nothing here reads a body, so none is kept. */
static void
on_headers (SoupServer *soup, SoupServerMessage *message, const char *path,
    GHashTable *params, gpointer user_data)
{
  soup_message_body_set_accumulate (
      soup_server_message_get_request_body (message), FALSE);
}

static void
on_connection (
    GIOStream *stream, GSocketAddress *local, GSocketAddress *remote, gpointer user_data)
{
  Server *server = user_data;

  soup_server_accept_iostream (server->soup, stream, local, remote, NULL);
}

Server *
server_new (const char *host, guint16 port, guint max_connections, Ingest *ingest,
    Query *query, const Origins *origins, GError **error)
{
  Server *server = g_new0 (Server, 1);

  server->ingest = ingest;
  server->query = query;
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
