/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * By which proxy a backend is reached. GIO leaves the environment to libproxy, which is
 * not everywhere, and asks the desktop first. Any thread; reads the environment.
 */
#include "callstats-proxy-private.h"

#include <string.h>

#include "callstats-backend-private.h"
#include "callstats-error.h"

/* HTTP_PROXY is left out, as curl does: in a CGI program it is a header of the request.
 */
static const char *const secure_names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
  "ALL_PROXY", NULL };
static const char *const plain_names[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
static const char *const exception_names[] = { "no_proxy", "NO_PROXY", NULL };

/* Returns: (nullable): the first that is set and not empty, and its name. */
static const char *
find_variable (const char *const *names, const char **name)
{
  for (; *names != NULL; names++) {
    const char *value = g_getenv (*names);

    *name = *names;
    if (value != NULL && *value != '\0')
      return value;
  }
  return NULL;
}

/* Names without a scheme are HTTP proxies, as everywhere. */
static char *
normalize (const char *proxy)
{
  if (strstr (proxy, "://") == NULL)
    return g_strconcat ("http://", proxy, NULL);
  if (g_str_has_prefix (proxy, "socks5h://"))
    return g_strconcat ("socks5", proxy + strlen ("socks5h"), NULL);
  return g_strdup (proxy);
}

static gboolean
is_proxy (const char *uri)
{
  static const char *const schemes[] = { "http", "https", "socks", "socks4", "socks4a",
    "socks5", NULL };
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_HAS_PASSWORD, NULL);

  return parsed != NULL && g_strv_contains (schemes, g_uri_get_scheme (parsed)) &&
         g_uri_get_host (parsed) != NULL && *g_uri_get_host (parsed) != '\0';
}

/* Returns: (transfer full): those without a proxy; NULL: all. */
static char **
find_exceptions (void)
{
  const char *name;
  const char *value = find_variable (exception_names, &name);
  g_auto (GStrv) words = g_strsplit_set (value != NULL ? value : "", ", ", -1);
  GPtrArray *exceptions = g_ptr_array_new ();
  char **word;

  for (word = words; *word != NULL; word++) {
    if (**word != '\0')
      g_ptr_array_add (exceptions, g_strdup (*word));
  }
  g_ptr_array_add (exceptions, NULL);
  if (g_strv_contains ((const char *const *)exceptions->pdata, "*")) {
    g_strfreev ((char **)g_ptr_array_free (exceptions, FALSE));
    return NULL;
  }
  return (char **)g_ptr_array_free (exceptions, FALSE);
}

static GProxyResolver *
go_straight (void)
{
  return g_simple_proxy_resolver_new (NULL, NULL);
}

GProxyResolver *
callstats_proxy_find (const char *uri, GError **error)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_ENCODED_PATH, NULL);
  g_auto (GStrv) exceptions = NULL;
  g_autofree char *address = NULL;
  const char *proxy, *name;

  if (callstats_backend_is_loopback (g_uri_get_host (parsed)))
    return go_straight ();
  proxy = find_variable (
      strcmp (g_uri_get_scheme (parsed), "wss") == 0 ? secure_names : plain_names, &name);
  if (proxy == NULL)
    return g_object_ref (g_proxy_resolver_get_default ());
  address = normalize (proxy);
  if (!is_proxy (address)) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
        "The environment variable %s holds no proxy's address: nothing is sent; write it "
        "like http://HOST:PORT or http://USER:PASSWORD@HOST:PORT",
        name);
    return NULL;
  }
  exceptions = find_exceptions ();
  if (exceptions == NULL)
    return go_straight ();
  return g_simple_proxy_resolver_new (address, exceptions);
}
