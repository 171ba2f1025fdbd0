/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which path leads where, who may come in, and how large a body may be. Modules add their
 * routes at start; a request is matched when its headers are in.
 *
 * Main thread only.
 */
#pragma once

#include <libsoup/soup.h>

typedef struct _Router Router;

/* ids: the segments where the pattern has a *, unescaped, not empty and UTF-8; valid
 * during the call. params: (nullable): of the query string. */
typedef void (*RouterFunc) (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data);

/* app: (nullable): NULL where the route is about none. Returns: whether the client may
 * read; FALSE: it has been answered. */
typedef gboolean (*RouterCheckFunc) (
    SoupServerMessage *message, const char *app, gpointer user_data);

typedef enum {
  ROUTE_OPEN,         /* to everybody */
  ROUTE_READ,         /* to those who may read; the first id is the application */
  ROUTE_INGEST,       /* the module checks its own tokens */
  ROUTE_CROSS_ORIGIN, /* the same, and pages of other origins may ask, too */
} RouteAccess;

/* check: (nullable): asked before a ROUTE_READ is taken, so that what is there is told
 * only to those who may know; NULL: everybody may read. */
Router *router_new (RouterCheckFunc check, gpointer user_data);
void router_free (Router *router);

/* What a body may have where a route does not say otherwise. */
#define ROUTER_BODY G_MAXSIZE
/* Before such routes are added. */
void router_set_max_body (Router *router, gsize max_body);

/* What the bodies of all requests that are not answered yet may have; past that one is
 * answered with 503. */
#define ROUTER_MAX_KEPT ((gsize)64 * 1024 * 1024)

/* pattern: an absolute path in which a segment * stands for any one. method: such as GET,
 * which is HEAD too. max_body: bytes; 0: what is sent is not kept; more than that is
 * answered with 413. Nothing that is given is owned but copied, user_data excepted. */
void router_add (Router *router, const char *method, const char *pattern,
    RouteAccess access, gsize max_body, RouterFunc func, gpointer user_data);

/* Answers OPTIONS for every path with a ROUTE_CROSS_ORIGIN; ids as that route's function
 * is given them. */
void router_set_preflight (Router *router, RouterFunc func, gpointer user_data);

/* Once the headers of a request are in: decides what becomes of its body. */
void router_begin (Router *router, SoupServerMessage *message, const char *path);
/* Once all of it is in: answers it. */
void router_finish (Router *router, SoupServerMessage *message, GHashTable *params);

/* Returns: (transfer full): a line for each route, its methods and its pattern, sorted.
 */
char *router_list (const Router *router);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Router, router_free)
