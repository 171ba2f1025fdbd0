/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * By which proxy the environment leads to a backend.
 */
#include <string.h>

#include "callstats-error.h"
#include "callstats-proxy-private.h"

typedef struct {
  const char *name;
  const char *value;
} Variable;

typedef struct {
  Variable variables[3];
  const char *backend;
  const char *proxy; /* "direct://": none */
} Route;

#define DIRECT "direct://"
#define BACKEND "wss://stats.example.org/v1/stream"

static const Route routes[] = {
  { { { "https_proxy", "http://proxy:3128" } }, BACKEND, "http://proxy:3128" },
  { { { "HTTPS_PROXY", "http://proxy:3128" } }, BACKEND, "http://proxy:3128" },
  { { { "https_proxy", "proxy:3128" } }, BACKEND, "http://proxy:3128" },
  { { { "https_proxy", "https://proxy" } }, BACKEND, "https://proxy" },
  { { { "https_proxy", "http://u:p%40@proxy:1" } }, BACKEND, "http://u:p%40@proxy:1" },
  { { { "all_proxy", "socks5h://proxy:1080" } }, BACKEND, "socks5://proxy:1080" },
  { { { "https_proxy", "http://a:1" }, { "all_proxy", "http://b:1" } }, BACKEND,
      "http://a:1" },
  { { { "https_proxy", "" }, { "ALL_PROXY", "http://b:1" } }, BACKEND, "http://b:1" },
  /* Each scheme has its own. */
  { { { "https_proxy", "http://s:1" }, { "http_proxy", "http://p:1" } }, BACKEND,
      "http://s:1" },
  { { { "https_proxy", "http://s:1" }, { "http_proxy", "http://p:1" } },
      "ws://stats.example.org/v1/stream", "http://p:1" },
  /* Exceptions. */
  { { { "https_proxy", "http://p:1" }, { "no_proxy", "stats.example.org" } }, BACKEND,
      DIRECT },
  { { { "https_proxy", "http://p:1" }, { "no_proxy", ".example.org" } }, BACKEND,
      DIRECT },
  { { { "https_proxy", "http://p:1" }, { "NO_PROXY", "a.example, example.org" } },
      BACKEND, DIRECT },
  { { { "https_proxy", "http://p:1" }, { "no_proxy", "*" } }, BACKEND, DIRECT },
  { { { "https_proxy", "http://p:1" }, { "no_proxy", "ple.org,other.org" } }, BACKEND,
      "http://p:1" },
  { { { "https_proxy", "http://p:1" }, { "no_proxy", "10.0.0.0/8" } },
      "wss://10.1.2.3/v1/stream", DIRECT },
  { { { "https_proxy", "http://p:1" }, { "no_proxy", "10.0.0.0/8" } },
      "wss://11.1.2.3/v1/stream", "http://p:1" },
  /* This machine. */
  { { { "https_proxy", "http://p:1" } }, "wss://127.0.0.1:8443/v1/stream", DIRECT },
  { { { "http_proxy", "http://p:1" } }, "ws://localhost/v1/stream", DIRECT },
  { { { "https_proxy", "http://p:1" } }, "wss://[::1]/v1/stream", DIRECT },
  { { { "all_proxy", "http://u:%zz@" } }, "wss://127.9.9.9/v1/stream", DIRECT },
};

static void
clear_environment (void)
{
  static const char *const names[] = { "http_proxy", "https_proxy", "all_proxy",
    "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    g_unsetenv (names[i]);
}

/* As GIO asks. */
static char *
look_up (GProxyResolver *resolver, const char *backend)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = g_strconcat ("http", backend + strlen ("ws"), NULL);
  g_auto (GStrv) proxies = g_proxy_resolver_lookup (resolver, uri, NULL, &error);

  g_assert_no_error (error);
  return g_strdup (proxies[0]);
}

static void
test_the_environment_leads (void)
{
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (routes); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GProxyResolver) resolver = NULL;
    g_autofree char *proxy = NULL;

    clear_environment ();
    for (j = 0; routes[i].variables[j].name != NULL; j++)
      g_setenv (routes[i].variables[j].name, routes[i].variables[j].value, TRUE);
    resolver = callstats_proxy_find (routes[i].backend, &error);
    g_assert_no_error (error);
    proxy = look_up (resolver, routes[i].backend);
    g_test_message ("%u: %s", i, proxy);
    g_assert_cmpstr (proxy, ==, routes[i].proxy);
  }
  clear_environment ();
}

static void
test_what_is_no_proxy_is_told_without_its_password (void)
{
  static const char *const addresses[] = { "ftp://u:hidden@proxy", "http://",
    "http://u:hidden%zz@proxy", "http://u:hidden@proxy:99999", "http://u:hidden@",
    "://hidden" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (addresses); i++) {
    g_autoptr (GError) error = NULL;

    clear_environment ();
    g_setenv ("https_proxy", addresses[i], TRUE);
    g_assert_null (callstats_proxy_find (BACKEND, &error));
    g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT);
    g_assert_nonnull (strstr (error->message, "https_proxy"));
    g_assert_null (strstr (error->message, "hidden"));
  }
  clear_environment ();
}

/* libproxy, a desktop's settings, or nobody. */
static void
test_without_a_variable_the_desktop_leads (void)
{
  g_autoptr (GProxyResolver) resolver = NULL;

  clear_environment ();
  resolver = callstats_proxy_find (BACKEND, NULL);
  g_assert_true (resolver == g_proxy_resolver_get_default ());
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/proxy/the-environment-leads", test_the_environment_leads);
  g_test_add_func ("/proxy/what-is-no-proxy-is-told-without-its-password",
      test_what_is_no_proxy_is_told_without_its_password);
  g_test_add_func ("/proxy/without-a-variable-the-desktop-leads",
      test_without_a_variable_the_desktop_leads);
  return g_test_run ();
}
