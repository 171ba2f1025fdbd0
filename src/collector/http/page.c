/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page. Main thread only.
 */
#include "page.h"

#include "reply.h"

#define WEB "/callstats/collector/web"

typedef struct {
  const char *path;
  const char *resource;
  const char *content_type;
} File;

static const File files[] = {
  { "/", WEB "/index.html", "text/html; charset=utf-8" },
  { "/app.js", WEB "/app.js", "text/javascript; charset=utf-8" },
  { "/style.css", WEB "/style.css", "text/css; charset=utf-8" },
  { "/icon.svg", WEB "/icon.svg", "image/svg+xml" },
};

static void
serve_file (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  const File *file = user_data;

  reply_file (message, file->resource, file->content_type);
}

void
page_add_routes (Router *router)
{
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    router_add (
        router, "GET", files[i].path, ROUTE_OPEN, 0, serve_file, (gpointer)&files[i]);
}
