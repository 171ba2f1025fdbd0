/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page. Its files are read and hashed once, at start. Main thread only.
 */
#include "page.h"

#include <string.h>

#include "reply.h"

#define FILES "/callstats/collector/page/"

/* Scripts and styles are files of ours, nothing comes from elsewhere, and no text becomes
 * markup or a script. */
#define CONTENT_SECURITY_POLICY \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " \
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " \
  "require-trusted-types-for 'script'; trusted-types 'none'"

#define PERMISSIONS_POLICY \
  "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"

typedef struct {
  GBytes *bytes;
  const char *content_type;
  char *etag;
} File;

struct _Page {
  GHashTable *files; /* name, such as "lib/dom.js" → File */
  gboolean overlaid; /* by GLib, with files that somebody is working on */
};

static const struct {
  const char *suffix;
  const char *content_type;
} content_types[] = {
  { ".css", "text/css; charset=utf-8" },
  { ".html", "text/html; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".svg", "image/svg+xml" },
  { ".txt", "text/plain; charset=utf-8" },
};

/* ---- The files ---- */

static const char *
find_content_type (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (content_types); i++)
    if (g_str_has_suffix (name, content_types[i].suffix))
      return content_types[i].content_type;
  return NULL;
}

/* Takes the bytes. */
static File *
file_new (GBytes *bytes, const char *content_type)
{
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  File *file = g_new0 (File, 1);

  file->bytes = bytes;
  file->content_type = content_type;
  file->etag = g_strdup_printf ("\"%.32s\"", hash);
  return file;
}

static void
file_free (gpointer data)
{
  File *file = data;

  g_bytes_unref (file->bytes);
  g_free (file->etag);
  g_free (file);
}

/* What is of no known type is not served. */
static void
load_file (Page *page, const char *name)
{
  g_autofree char *path = g_strconcat (FILES, name, NULL);
  const char *content_type = find_content_type (name);
  GBytes *bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  if (bytes != NULL && content_type != NULL)
    g_hash_table_insert (page->files, g_strdup (name), file_new (bytes, content_type));
  else
    g_clear_pointer (&bytes, g_bytes_unref);
}

/* folder: "" or a path that ends with a slash. */
static void
load_folder (Page *page, const char *folder)
{
  g_autofree char *path = g_strconcat (FILES, folder, NULL);
  g_auto (GStrv) children =
      g_resources_enumerate_children (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  for (guint i = 0; children != NULL && children[i] != NULL; i++) {
    g_autofree char *name = g_strconcat (folder, children[i], NULL);

    if (g_str_has_suffix (name, "/"))
      load_folder (page, name);
    else
      load_file (page, name);
  }
}

Page *
page_new (void)
{
  Page *page = g_new0 (Page, 1);

  page->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, file_free);
  page->overlaid = g_getenv ("G_RESOURCE_OVERLAYS") != NULL;
  load_folder (page, "");
  return page;
}

void
page_free (Page *page)
{
  if (page == NULL)
    return;
  g_hash_table_unref (page->files);
  g_free (page);
}

static const File *
find_file (Page *page, const char *name)
{
  if (page->overlaid && g_hash_table_contains (page->files, name))
    load_file (page, name);
  return g_hash_table_lookup (page->files, name);
}

/* ---- Requests ---- */

/* Whether the client has this file, by If-None-Match (RFC 9110, 13.1.2). */
static gboolean
is_current (SoupServerMessage *message, const char *etag)
{
  const char *given = soup_message_headers_get_list (
      soup_server_message_get_request_headers (message), "If-None-Match");
  GSList *etags = given != NULL ? soup_header_parse_list (given) : NULL;
  gboolean found = FALSE;

  for (GSList *l = etags; l != NULL; l = l->next) {
    const char *one = l->data;

    if (g_str_has_prefix (one, "W/"))
      one += 2;
    found = found || strcmp (one, etag) == 0 || strcmp (one, "*") == 0;
  }
  g_slist_free_full (etags, g_free);
  return found;
}

/* What is kept is asked for again each time, so that the files of two versions of the
 * program are never mixed. */
static void
set_headers (SoupServerMessage *message, const File *file)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_replace (headers, "ETag", file->etag);
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  soup_message_headers_replace (
      headers, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
  soup_message_headers_replace (headers, "Cross-Origin-Opener-Policy", "same-origin");
  soup_message_headers_replace (headers, "Permissions-Policy", PERMISSIONS_POLICY);
}

static void
serve (Page *page, SoupServerMessage *message, const char *name)
{
  const File *file = find_file (page, name);

  if (file == NULL) {
    reply_error (message, SOUP_STATUS_NOT_FOUND, "not-found", "Nothing is served there");
    return;
  }
  if (is_current (message, file->etag))
    reply_empty (message, SOUP_STATUS_NOT_MODIFIED);
  else
    reply_bytes (message, file->content_type, file->bytes);
  set_headers (message, file);
}

static void
serve_document (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  serve (user_data, message, "index.html");
}

static void
serve_icon (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  serve (user_data, message, "icon.svg");
}

/* Names are looked up among those that there are; they lead nowhere else. */
static void
serve_file (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  g_autofree char *name = g_strjoinv ("/", ids);

  serve (user_data, message, name);
}

void
page_add_routes (Page *page, Router *router)
{
  router_add (router, "GET", "/", ROUTE_OPEN, 0, serve_document, page);
  router_add (router, "GET", "/icon.svg", ROUTE_OPEN, 0, serve_icon, page);
  router_add (router, "GET", "/page/*/*", ROUTE_OPEN, 0, serve_file, page);
}
