/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Routes. What is found at the headers stays with the message until its end. Main thread
 * only.
 */
#include "router.h"

#include <string.h>

#include "counters.h"
#include "reply.h"

#define REQUEST "callstats-request"
#define RETRY_AFTER "10"

typedef struct {
  const char *method; /* interned */
  char *pattern;
  GStrv segments;
  RouteAccess access;
  gsize max_body;
  RouterFunc func;
  gpointer user_data;
} Route;

struct _Router {
  GPtrArray *routes; /* Route */
  gsize max_body;    /* of those that do not say */
  RouterCheckFunc check;
  gpointer check_data;
  RouterFunc preflight; /* nullable */
  gpointer preflight_data;
  gsize *kept; /* bytes of bodies, of messages that are not over; theirs as well */
};

typedef struct {
  GStrv path;         /* segments as they came */
  const Route *route; /* NULL: none of this path and method */
  gsize received;
  gsize kept;        /* of it */
  gsize *kept_total; /* one reference */
  gboolean crowded;  /* no room for its body beside those of others */
} Request;

static void
route_free (gpointer data)
{
  Route *route = data;

  g_free (route->pattern);
  g_strfreev (route->segments);
  g_free (route);
}

static void
request_free (gpointer data)
{
  Request *request = data;

  *request->kept_total -= request->kept;
  g_rc_box_release (request->kept_total);
  g_strfreev (request->path);
  g_free (request);
}

Router *
router_new (RouterCheckFunc check, gpointer user_data)
{
  Router *router = g_new0 (Router, 1);

  router->routes = g_ptr_array_new_with_free_func (route_free);
  router->check = check;
  router->check_data = user_data;
  router->kept = g_rc_box_new0 (gsize);
  return router;
}

void
router_free (Router *router)
{
  if (router == NULL)
    return;
  g_ptr_array_unref (router->routes);
  g_rc_box_release (router->kept);
  g_free (router);
}

void
router_set_max_body (Router *router, gsize max_body)
{
  router->max_body = max_body;
}

void
router_add (Router *router, const char *method, const char *pattern, RouteAccess access,
    gsize max_body, RouterFunc func, gpointer user_data)
{
  Route *route = g_new0 (Route, 1);

  route->method = g_intern_string (method);
  route->pattern = g_strdup (pattern);
  route->segments = g_strsplit (pattern, "/", -1);
  route->access = access;
  route->max_body = max_body == ROUTER_BODY ? router->max_body : max_body;
  route->func = func;
  route->user_data = user_data;
  g_ptr_array_add (router->routes, route);
}

void
router_set_preflight (Router *router, RouterFunc func, gpointer user_data)
{
  router->preflight = func;
  router->preflight_data = user_data;
}

static gboolean
match_path (const Route *route, char **path)
{
  guint n = g_strv_length (path);

  if (g_strv_length (route->segments) != n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (strcmp (route->segments[i], "*") != 0 &&
        strcmp (route->segments[i], path[i]) != 0)
      return FALSE;
  return TRUE;
}

static gboolean
match_method (const Route *route, const char *method)
{
  return strcmp (route->method, method) == 0 ||
         (strcmp (method, "HEAD") == 0 && strcmp (route->method, "GET") == 0);
}

static const Route *
find_route (const Router *router, char **path, const char *method)
{
  for (guint i = 0; i < router->routes->len; i++) {
    const Route *route = router->routes->pdata[i];

    if (match_method (route, method) && match_path (route, path))
      return route;
  }
  return NULL;
}

/* The first route of a path, whatever its method. */
static const Route *
find_place (const Router *router, char **path)
{
  for (guint i = 0; i < router->routes->len; i++)
    if (match_path (router->routes->pdata[i], path))
      return router->routes->pdata[i];
  return NULL;
}

/* What is not kept is read on, so that the client hears why. */
static void
give_up_body (SoupServerMessage *message, Request *request)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);

  soup_message_body_set_accumulate (body, FALSE);
  soup_message_body_truncate (body);
  *request->kept_total -= request->kept;
  request->kept = 0;
}

static void
on_chunk (SoupServerMessage *message, GBytes *chunk, Request *request)
{
  gsize size = g_bytes_get_size (chunk);

  request->received += size;
  if (request->crowded)
    return;
  if (request->received > request->route->max_body) {
    give_up_body (message, request);
    return;
  }
  request->crowded = size > ROUTER_MAX_KEPT - *request->kept_total;
  if (request->crowded) {
    give_up_body (message, request);
    return;
  }
  request->kept += size;
  *request->kept_total += size;
}

void
router_begin (Router *router, SoupServerMessage *message, const char *path)
{
  Request *request = g_new0 (Request, 1);

  request->path = g_strsplit (path, "/", -1);
  request->route =
      find_route (router, request->path, soup_server_message_get_method (message));
  request->kept_total = g_rc_box_acquire (router->kept);
  g_object_set_data_full (G_OBJECT (message), REQUEST, request, request_free);
  if (request->route != NULL && request->route->max_body > 0)
    g_signal_connect (message, "got-chunk", G_CALLBACK (on_chunk), request);
  else
    soup_message_body_set_accumulate (
        soup_server_message_get_request_body (message), FALSE);
}

/* The methods of a path, NULL where it has none. */
static char *
list_methods (const Router *router, char **path)
{
  GString *methods = g_string_new (NULL);

  for (guint i = 0; i < router->routes->len; i++) {
    const Route *route = router->routes->pdata[i];

    if (!match_path (route, path))
      continue;
    if (methods->len > 0)
      g_string_append (methods, ", ");
    g_string_append (methods, route->method);
    if (strcmp (route->method, "GET") == 0)
      g_string_append (methods, ", HEAD");
  }
  return g_string_free (methods, methods->len == 0);
}

/* Returns: (nullable): NULL where an id is none; ids may hold any character but NUL. */
static GStrv
read_ids (const Route *route, char **path)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();

  for (guint i = 0; path[i] != NULL; i++) {
    g_autofree char *id = NULL;

    if (strcmp (route->segments[i], "*") != 0)
      continue;
    id = g_uri_unescape_string (path[i], "");
    if (id == NULL || *id == '\0' || !g_utf8_validate (id, -1, NULL))
      return NULL;
    g_strv_builder_add (ids, id);
  }
  return g_strv_builder_end (ids);
}

static void
refuse_id (SoupServerMessage *message)
{
  reply_error (message, SOUP_STATUS_BAD_REQUEST, "bad-id",
      "An id in the path is empty, badly percent-encoded or not UTF-8");
}

/* A browser that asks whether it may ask. Returns: whether that is answered. */
static gboolean
answer_preflight (
    const Router *router, SoupServerMessage *message, const Request *request)
{
  const Route *place = find_place (router, request->path);
  g_auto (GStrv) ids = NULL;

  if (router->preflight == NULL || place == NULL || place->access != ROUTE_CROSS_ORIGIN ||
      strcmp (soup_server_message_get_method (message), "OPTIONS") != 0)
    return FALSE;
  ids = read_ids (place, request->path);
  if (ids != NULL)
    router->preflight (message, ids, NULL, router->preflight_data);
  else
    refuse_id (message);
  return TRUE;
}

static void
refuse_unrouted (const Router *router, SoupServerMessage *message, const Request *request)
{
  g_autofree char *methods = list_methods (router, request->path);
  g_autofree char *text = NULL;

  if (methods == NULL) {
    reply_error (message, SOUP_STATUS_NOT_FOUND, "not-found", "Nothing is served there");
    return;
  }
  text = g_strdup_printf ("Only %s is served here", methods);
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Allow", methods);
  reply_error (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "method-not-allowed", text);
}

static void
refuse_crowded (SoupServerMessage *message)
{
  counter_limited (LIMIT_BODIES);
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Retry-After", RETRY_AFTER);
  reply_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE, "too-many-bodies",
      "Too many requests are being sent at once; try again later");
}

static gboolean
check_body (SoupServerMessage *message, const Request *request)
{
  g_autofree char *text = NULL;

  if (request->route->max_body == 0)
    return TRUE;
  if (request->received <= request->route->max_body) {
    if (request->crowded)
      refuse_crowded (message);
    return !request->crowded;
  }
  text = g_strdup_printf (
      "A body may have %" G_GSIZE_FORMAT " bytes here", request->route->max_body);
  counter_limited (LIMIT_BODY);
  reply_error (message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "too-large", text);
  return FALSE;
}

static gboolean
check_access (
    const Router *router, SoupServerMessage *message, const Route *route, char **ids)
{
  return route->access != ROUTE_READ || router->check == NULL ||
         router->check (message, ids != NULL ? ids[0] : NULL, router->check_data);
}

void
router_finish (Router *router, SoupServerMessage *message, GHashTable *params)
{
  Request *request = g_object_get_data (G_OBJECT (message), REQUEST);
  g_auto (GStrv) ids = NULL;

  if (request->route == NULL) {
    if (!answer_preflight (router, message, request))
      refuse_unrouted (router, message, request);
    return;
  }
  ids = read_ids (request->route, request->path);
  if (!check_access (router, message, request->route, ids) ||
      !check_body (message, request))
    return;
  if (ids == NULL) {
    refuse_id (message);
    return;
  }
  if (request->route->access == ROUTE_READ)
    reply_take_time (message);
  request->route->func (message, ids, params, request->route->user_data);
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char **)a, *(char **)b);
}

char *
router_list (const Router *router)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_null_terminated (32, g_free, TRUE);

  for (guint i = 0; i < router->routes->len; i++) {
    const Route *route = router->routes->pdata[i];

    g_ptr_array_add (lines, g_strconcat (route->pattern, " ", route->method, "\n", NULL));
  }
  g_ptr_array_sort (lines, compare_lines);
  return g_strjoinv ("", (char **)lines->pdata);
}
