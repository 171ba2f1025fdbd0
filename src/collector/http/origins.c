/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The origins of this collector, kept as host:port. Only read once filled: any thread.
 */
#include "origins.h"

#include <string.h>

#include "callstats/callstats-error.h"

struct _Origins {
  GPtrArray *authorities; /* "host:port" in lower case, an IPv6 address in brackets */
  GPtrArray *hosts;       /* the host of each --origin */
  GPtrArray *urls;        /* each --origin as http(s)://host[:port] */
};

typedef struct {
  const char *scheme;
  int port;
} SchemePort;

static const SchemePort scheme_ports[] = {
  { "ws", 80 },
  { "http", 80 },
  { "wss", 443 },
  { "https", 443 },
};

Origins *
origins_new (void)
{
  Origins *origins = g_new0 (Origins, 1);

  origins->authorities = g_ptr_array_new_with_free_func (g_free);
  origins->hosts = g_ptr_array_new_with_free_func (g_free);
  origins->urls = g_ptr_array_new_with_free_func (g_free);
  return origins;
}

void
origins_free (Origins *origins)
{
  if (origins == NULL)
    return;
  g_ptr_array_unref (origins->authorities);
  g_ptr_array_unref (origins->hosts);
  g_ptr_array_unref (origins->urls);
  g_free (origins);
}

static int
default_port (const char *scheme)
{
  for (gsize i = 0; i < G_N_ELEMENTS (scheme_ports); i++)
    if (g_ascii_strcasecmp (scheme, scheme_ports[i].scheme) == 0)
      return scheme_ports[i].port;
  return -1;
}

static char *
format_authority (const char *host, int port)
{
  g_autofree char *lower = g_ascii_strdown (host, -1);

  return g_strdup_printf (strchr (lower, ':') ? "[%s]:%d" : "%s:%d", lower, port);
}

/* Returns: (transfer full) (nullable): NULL where the text is not an origin. */
static GUri *
parse_origin (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);

  if (uri == NULL || default_port (g_uri_get_scheme (uri)) == -1)
    return NULL;
  if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return NULL;
  if (g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL)
    return NULL;
  if (*g_uri_get_path (uri) != '\0' && strcmp (g_uri_get_path (uri), "/") != 0)
    return NULL;
  return g_steal_pointer (&uri);
}

static char *
authority_of (GUri *uri)
{
  int port = g_uri_get_port (uri);

  if (port == -1)
    port = default_port (g_uri_get_scheme (uri));
  return format_authority (g_uri_get_host (uri), port);
}

void
origins_add_loopback (Origins *origins, guint16 port)
{
  static const char *const hosts[] = { "127.0.0.1", "::1", "localhost" };

  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    g_ptr_array_add (origins->authorities, format_authority (hosts[i], port));
}

void
origins_add_address (Origins *origins, const char *host, guint16 port)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (g_inet_address_get_is_any (address))
    return;
  g_ptr_array_add (origins->authorities, format_authority (host, port));
  g_ptr_array_add (origins->hosts, g_ascii_strdown (host, -1));
}

static char *
make_url (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);
  gboolean secure = g_ascii_strcasecmp (scheme, "wss") == 0 ||
                    g_ascii_strcasecmp (scheme, "https") == 0;
  int port = g_uri_get_port (uri);

  if (port == default_port (scheme))
    port = -1;
  return g_uri_join (G_URI_FLAGS_NONE, secure ? "https" : "http", NULL,
      g_uri_get_host (uri), port, "", NULL, NULL);
}

gboolean
origins_add (Origins *origins, const char *url, GError **error)
{
  g_autoptr (GUri) uri = parse_origin (url);

  if (uri == NULL) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "\"%s\" is not an origin; write it like https://stats.example.org or "
        "https://stats.example.org:8443",
        url);
    return FALSE;
  }
  g_ptr_array_add (origins->authorities, authority_of (uri));
  g_ptr_array_add (origins->hosts, g_ascii_strdown (g_uri_get_host (uri), -1));
  g_ptr_array_add (origins->urls, make_url (uri));
  return TRUE;
}

gboolean
origins_match_audience (const Origins *origins, const char *audience)
{
  g_autoptr (GUri) uri = parse_origin (audience);
  g_autofree char *authority = NULL;

  if (uri == NULL)
    return FALSE;
  authority = authority_of (uri);
  return g_ptr_array_find_with_equal_func (
      origins->authorities, authority, g_str_equal, NULL);
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (address != NULL)
    return g_inet_address_get_is_loopback (address);
  return g_ascii_strcasecmp (host, "localhost") == 0;
}

gboolean
origins_match_host (const Origins *origins, const char *host)
{
  g_autofree char *url = g_strconcat ("http://", host, NULL);
  g_autoptr (GUri) uri = parse_origin (url);
  g_autofree char *lower = NULL;

  if (uri == NULL)
    return FALSE;
  if (is_loopback (g_uri_get_host (uri)))
    return TRUE;
  lower = g_ascii_strdown (g_uri_get_host (uri), -1);
  return g_ptr_array_find_with_equal_func (origins->hosts, lower, g_str_equal, NULL);
}

/* Returns: whether the URL is of this host, on whatever port. */
static gboolean
has_host (const char *url, const char *host)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);

  return g_ascii_strcasecmp (g_uri_get_host (uri), host) == 0;
}

char *
origins_make_url (const Origins *origins, const char *host, const char *scheme)
{
  g_autofree char *url = g_strconcat (scheme, "://", host, NULL);
  g_autoptr (GUri) uri = parse_origin (url);

  for (guint i = 0; uri != NULL && i < origins->urls->len; i++)
    if (has_host (origins->urls->pdata[i], g_uri_get_host (uri)))
      return g_strdup (origins->urls->pdata[i]);
  return g_steal_pointer (&url);
}
