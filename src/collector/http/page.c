/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page. Main thread only.
 */
#include "page.h"

#include <string.h>

#include "page-files.h"
#include "reply.h"

/* Scripts and styles are files of ours, nothing comes from elsewhere, and no text becomes
 * markup or a script. */
#define CONTENT_SECURITY_POLICY \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " \
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " \
  "require-trusted-types-for 'script'; trusted-types 'none'"

#define PERMISSIONS_POLICY \
  "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"

/* What is kept is asked for again each time, so that the files of two versions of the
 * program are never mixed; under its version a file never changes. */
#define ASK_AGAIN "no-cache"
#define KEEP "public, max-age=31536000, immutable"

struct _Page {
  PageFiles *files;
};

Page *
page_new (void)
{
  Page *page = g_new0 (Page, 1);

  page->files = page_files_new ();
  return page;
}

void
page_free (Page *page)
{
  if (page == NULL)
    return;
  page_files_free (page->files);
  g_free (page);
}

static gboolean
takes_gzip (SoupServerMessage *message)
{
  const char *given = soup_message_headers_get_list (
      soup_server_message_get_request_headers (message), "Accept-Encoding");
  GSList *codings = given != NULL ? soup_header_parse_quality_list (given, NULL) : NULL;
  gboolean found =
      g_slist_find_custom (codings, "gzip", (GCompareFunc)g_ascii_strcasecmp) != NULL;

  g_slist_free_full (codings, g_free);
  return found;
}

/* Whether the client has this, by If-None-Match (RFC 9110, 13.1.2). */
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

static void
set_headers (SoupServerMessage *message, const char *etag, const char *caching)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_replace (headers, "ETag", etag);
  soup_message_headers_replace (headers, "Vary", "Accept-Encoding");
  soup_message_headers_replace (headers, "Cache-Control", caching);
  soup_message_headers_replace (
      headers, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
  soup_message_headers_replace (headers, "Cross-Origin-Opener-Policy", "same-origin");
  soup_message_headers_replace (headers, "Permissions-Policy", PERMISSIONS_POLICY);
}

static void
refuse (SoupServerMessage *message)
{
  reply_error (message, SOUP_STATUS_NOT_FOUND, "not-found", "Nothing is served there");
}

/* Names are looked up among those that there are; they lead nowhere else. */
static void
serve (Page *page, SoupServerMessage *message, const char *name, const char *caching)
{
  const PageFile *file = page_files_find (page->files, name);
  gboolean gzip = file != NULL && file->gzip != NULL && takes_gzip (message);
  const char *etag;

  if (file == NULL) {
    refuse (message);
    return;
  }
  etag = gzip ? file->gzip_etag : file->etag;
  if (is_current (message, etag))
    reply_empty (message, SOUP_STATUS_NOT_MODIFIED);
  else
    reply_bytes (message, file->content_type, gzip ? file->gzip : file->bytes);
  set_headers (message, etag, caching);
  if (gzip && soup_server_message_get_status (message) == SOUP_STATUS_OK)
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), "Content-Encoding", "gzip");
}

static void
serve_document (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  serve (user_data, message, "index.html", ASK_AGAIN);
}

static void
serve_icon (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  serve (user_data, message, "icon.svg", ASK_AGAIN);
}

static void
serve_file (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  g_autofree char *name = g_strjoinv ("/", ids);

  serve (user_data, message, name, ASK_AGAIN);
}

static void
serve_versioned_file (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Page *page = user_data;
  g_autofree char *name = g_strjoinv ("/", ids + 1);

  if (strcmp (ids[0], page_files_get_version (page->files)) == 0)
    serve (page, message, name, KEEP);
  else
    refuse (message);
}

void
page_add_routes (Page *page, Router *router)
{
  router_add (router, "GET", "/", ROUTE_OPEN, 0, serve_document, page);
  router_add (router, "GET", "/icon.svg", ROUTE_OPEN, 0, serve_icon, page);
  router_add (router, "GET", "/page/*/*", ROUTE_OPEN, 0, serve_file, page);
  router_add (router, "GET", "/page/*/*/*", ROUTE_OPEN, 0, serve_versioned_file, page);
}
