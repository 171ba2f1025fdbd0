/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The address of a backend: what is accepted, and what is made of it. Pure, any thread.
 */
#include <string.h>

#include "callstats-backend-private.h"
#include "callstats-codec-private.h"
#include "callstats-error.h"

gboolean
callstats_backend_is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = NULL;

  if (g_ascii_strcasecmp (host, "localhost") == 0)
    return TRUE;
  address = g_inet_address_new_from_string (host);
  return address != NULL && g_inet_address_get_is_loopback (address);
}

static const char *
host_of (GUri *uri)
{
  const char *host = g_uri_get_host (uri);

  return host != NULL && *host != '\0' ? host : NULL;
}

/* Without a host, what was meant as user info may stand in the scheme and the path. */
static char *
describe (GUri *uri)
{
  if (host_of (uri) == NULL)
    return g_strdup ("…");
  return g_uri_to_string_partial (
      uri, G_URI_HIDE_USERINFO | G_URI_HIDE_QUERY | G_URI_HIDE_FRAGMENT);
}

static gboolean
refuse (GError **error, const char *url, GUri *uri, const char *reason)
{
  /* What has no user info and no query is shown as it was written. */
  g_autofree char *text = strpbrk (url, "@?#") == NULL ? g_strdup (url) : describe (uri);

  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "backend-url “%s” %s", text, reason);
  return FALSE;
}

/* GLib's parser takes spaces and the like. */
static gboolean
is_host (const char *host)
{
  const char *p;

  for (p = host; *p != '\0'; p++) {
    if (!g_ascii_isalnum (*p) && strchr (".-_:%", *p) == NULL && (guchar)*p < 0x80)
      return FALSE;
  }
  return TRUE;
}

static gboolean
check (const char *url, GUri *uri, gboolean allow_plaintext, GError **error)
{
  const char *scheme = g_uri_get_scheme (uri);
  gboolean plain = strcmp (scheme, "ws") == 0;

  if (!plain && strcmp (scheme, "wss") != 0)
    return refuse (
        error, url, uri, "has an unknown scheme: use ws://, wss:// or file://");
  if (host_of (uri) == NULL)
    return refuse (error, url, uri,
        "has no host: write it as wss://HOST[:PORT]/ or "
        "ws://127.0.0.1:PORT/");
  if (!is_host (host_of (uri)))
    return refuse (error, url, uri,
        "has a malformed host: write it as wss://HOST[:PORT]/ or ws://127.0.0.1:PORT/");
  if (plain && !allow_plaintext && !callstats_backend_is_loopback (host_of (uri)))
    return refuse (error, url, uri,
        "would send calls in plain text beyond this machine: use wss://, or set "
        "allow-plaintext=true");
  return TRUE;
}

/* Files */

gboolean
callstats_backend_is_file (const char *url)
{
  return g_ascii_strncasecmp (url, "file:", strlen ("file:")) == 0;
}

/* g_uri_parse() makes nothing of file:PATH but a path. */
static gboolean
check_file (const char *url, GUri *uri, GError **error)
{
  const char *host = host_of (uri);
  const char *path = g_uri_get_path (uri);

  if (strpbrk (url, "?#") != NULL)
    return refuse (error, url, uri,
        "has a ? or # in it: write them as %3F and %23 if they are part of the name");
  if (g_uri_get_userinfo (uri) != NULL ||
      (host != NULL && g_ascii_strcasecmp (host, "localhost") != 0))
    return refuse (
        error, url, uri, "names another machine: write it as file:///FOLDER/FILE.jsonl");
  if (*path != '/' || g_str_has_suffix (path, "/"))
    return refuse (error, url, uri,
        "has no absolute path to a file: write it as file:///FOLDER/FILE.jsonl");
  return TRUE;
}

static CallstatsBackend *
make_file (const char *url, GUri *uri, GError **error)
{
  g_autofree char *path = NULL;
  CallstatsBackend *backend;

  if (!check_file (url, uri, error))
    return NULL;
  path = g_uri_unescape_string (g_uri_get_path (uri), "/");
  if (path == NULL) {
    refuse (error, url, uri, "has a %2F, a %00 or half an escape in its path");
    return NULL;
  }
  backend = g_new0 (CallstatsBackend, 1);
  backend->path = g_steal_pointer (&path);
  backend->origin = g_filename_to_uri (backend->path, NULL, NULL);
  backend->stream = g_strdup (backend->origin);
  backend->loopback = TRUE;
  return backend;
}

static char *
make_origin (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);
  g_autofree char *host = g_ascii_strdown (host_of (uri), -1);
  int default_port = strcmp (scheme, "wss") == 0 ? 443 : 80;
  int port = g_uri_get_port (uri) == default_port ? -1 : g_uri_get_port (uri);

  return g_uri_join (G_URI_FLAGS_NONE, scheme, NULL, host, port, "", NULL, NULL);
}

static char *
make_path (const char *path)
{
  g_autofree char *base = g_strdup (path);
  gsize length = strlen (base);

  while (length > 0 && base[length - 1] == '/')
    base[--length] = '\0';
  if (g_str_has_suffix (base, CALLSTATS_STREAM_PATH))
    return g_steal_pointer (&base);
  return g_strconcat (base, CALLSTATS_STREAM_PATH, NULL);
}

static char *
make_stream (GUri *uri)
{
  g_autofree char *path = make_path (g_uri_get_path (uri));

  return g_uri_join (G_URI_FLAGS_ENCODED_PATH, g_uri_get_scheme (uri), NULL,
      host_of (uri), g_uri_get_port (uri), path, NULL, NULL);
}

CallstatsBackend *
callstats_backend_new (const char *url, gboolean allow_plaintext, GError **error)
{
  g_autoptr (GUri) uri = NULL;
  CallstatsBackend *backend;

  if (!g_utf8_validate (url, -1, NULL)) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "backend-url is not valid UTF-8: write it as wss://HOST[:PORT]/");
    return NULL;
  }
  uri = g_uri_parse (url, G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_HAS_PASSWORD, NULL);
  if (uri == NULL) {
    /* What cannot be parsed cannot be stripped of its secrets: show only what has none.
     */
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "backend-url “%s” is not a URL: write it as wss://HOST[:PORT]/ or "
        "ws://127.0.0.1:PORT/",
        strpbrk (url, "@?") == NULL ? url : "…");
    return NULL;
  }
  if (callstats_backend_is_file (url))
    return make_file (url, uri, error);
  if (!check (url, uri, allow_plaintext, error))
    return NULL;

  backend = g_new0 (CallstatsBackend, 1);
  backend->stream = make_stream (uri);
  backend->origin = make_origin (uri);
  backend->loopback = callstats_backend_is_loopback (host_of (uri));
  return backend;
}

char *
callstats_backend_make_conference_url (
    const CallstatsBackend *backend, const char *app, const char *conference)
{
  g_autofree char *base = NULL;
  g_autofree char *escaped_app = g_uri_escape_string (app, NULL, FALSE);
  g_autofree char *escaped_conference = g_uri_escape_string (conference, NULL, FALSE);

  if (backend->path != NULL)
    return NULL;
  /* ws and wss become http and https. */
  base = g_strconcat ("http", backend->stream + strlen ("ws"), NULL);
  base[strlen (base) - strlen (CALLSTATS_STREAM_PATH)] = '\0';
  return g_strconcat (
      base, "/api/v1/apps/", escaped_app, "/conferences/", escaped_conference, NULL);
}

CallstatsBackend *
callstats_backend_copy (const CallstatsBackend *backend)
{
  CallstatsBackend *copy = g_new (CallstatsBackend, 1);

  copy->stream = g_strdup (backend->stream);
  copy->origin = g_strdup (backend->origin);
  copy->path = g_strdup (backend->path);
  copy->loopback = backend->loopback;
  return copy;
}

void
callstats_backend_free (CallstatsBackend *backend)
{
  if (backend == NULL)
    return;
  g_free (backend->stream);
  g_free (backend->origin);
  g_free (backend->path);
  g_free (backend);
}
