/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of options, and what follows from them. Main thread only.
 */
#include "options.h"

#include <string.h>

#include "callstats/callstats-error.h"
#include "commands.h"
#include "option-rows.h"
#include "webhook-config.h"

/* clang-format off */
#define ROW(name, type, field, fallback, argument, help) \
  { name, type, G_STRUCT_OFFSET (Options, field), fallback, argument, help, 0, 0 }
#define NUMBER(name, field, fallback, least, most, argument, help)                      \
  { name, OPTION_NUMBER, G_STRUCT_OFFSET (Options, field), fallback, argument, help, \
    least, most }

static const OptionRow rows[] = {
  ROW ("config", OPTION_FILE, config, NULL, "FILE", "The configuration file"),
  ROW ("listen", OPTION_TEXT, listen, "127.0.0.1:8765", "ADDRESS:PORT",
      "Where it listens; port 0 picks a free one"),
  ROW ("store", OPTION_TEXT, store, NULL, "sqlite:PATH",
      "Where records are kept; the file is created if need be"),
  ROW ("app", OPTION_TEXT, app, NULL, "ID", "Take records of this application"),
  ROW ("app-secret-file", OPTION_FILES, app_secret_files, NULL, "FILE",
      "The file with its secret"),
  ROW ("app-key", OPTION_TEXTS, app_keys, NULL, "ID:FILE",
      "Take records of this application, signed with the private half of this public EC "
      "key"),
  ROW ("keys", OPTION_FILE, keys, NULL, "FILE",
      "Take records of the applications in this key file"),
  ROW ("seal-key-file", OPTION_FILE, seal_key_file, NULL, "FILE",
      "The key that opens sealed secrets of the key file"),
  ROW ("origin", OPTION_TEXTS, origin_urls, NULL, "URL",
      "An address under which clients know this collector"),
  ROW ("tls-certificate", OPTION_FILE, tls_certificate, NULL, "FILE",
      "Serve https:// and wss:// with this certificate (PEM, those that signed it behind "
      "it)"),
  ROW ("tls-key", OPTION_FILE, tls_key, NULL, "FILE",
      "Its private key (PEM, without a passphrase)"),
  ROW ("behind-proxy", OPTION_FLAG, behind_proxy, NULL, NULL,
      "A reverse proxy is the only peer: it has TLS, and its X-Forwarded-For and "
      "X-Forwarded-Proto tell of clients"),
  NUMBER ("max-connections", max_connections, "10000", 1, 1000000, "N",
      "Connections beyond this are refused"),
  NUMBER ("client-connections", client_connections, "64", 0, 1000000, "N",
      "WebSockets that one user of an application may have, 0 for any number"),
  NUMBER ("max-body", max_body, "1048576", 4096, 67108864, "BYTES",
      "The body of a request may have as many"),
  NUMBER ("app-record-rate", app_record_rate, "100000", 0, 100000000, "N",
      "Records a second taken of one application, 0 for any number"),
  NUMBER ("client-record-rate", client_record_rate, "10000", 0, 100000000, "N",
      "Records a second taken of one user of an application, 0 for any number"),
  NUMBER ("clock-tolerance", clock_tolerance, "60", 1, 86400, "SECONDS",
      "Clients whose clocks are off by more are counted"),
  NUMBER ("raw-days", raw_days, "0", 0, 36500, "N",
      "Remove reports this many days after they were heard, 0 for never"),
  NUMBER ("summary-days", summary_days, "0", 0, 36500, "N",
      "Remove conferences this many days after they were last heard of, 0 for never"),
  ROW ("move-to", OPTION_TEXT, move_to, NULL, "URL",
      "When stopped, ask clients to go on there, as far as their allowed-backends lets them"),
  { NULL, OPTION_TEXT, 0, NULL, NULL, NULL, 0, 0 },
};
/* clang-format on */

static const char description[] =
    "Each option has a key of its name in the group [collector] of the configuration "
    "file,\n"
    "such as max-connections=100, and an environment variable, such as\n"
    "CALLSTATS_COLLECTOR_MAX_CONNECTIONS. The command line goes before the environment,\n"
    "and that before the file. In both, ; stands between the values of what may be\n"
    "repeated, and files that the file names are relative to it.\n"
    "\n"
    "The key file has a group for each application, named by its id:\n"
    "\n"
    "  [my-app]\n"
    "  secret-file=my-app.secret\n"
    "  key-file=my-app.pub\n"
    "\n"
    "Tokens signed with HS256 are checked by secrets, tokens signed with ES256 by public "
    "EC\n"
    "keys (P-256, PEM); an application has one of them or both, and several while they "
    "are\n"
    "exchanged: secret-file=old;new. Files are relative to the key file; secret= may "
    "hold "
    "a\n"
    "secret itself. A line break at the end of a secret file is no part of the secret.\n"
    "\n"
    "Clients send to ws://HOST:PORT/v1/stream; their tokens must name an origin of this\n"
    "collector as audience: the address it listens on, or one given with --origin.\n"
    "The page is at http://HOST:PORT/.\n"
    "\n"
    "Commands; callstats-collector COMMAND --help has more of each:\n"
    "\n";

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (
        CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT, format, args);
  va_end (args);
  return FALSE;
}

static OptionSources *
parse_sources (Options *options, int argc, char **argv, GError **error)
{
  const GOptionEntry extra[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->show_version, "Print the version",
        NULL },
    { "print-routes", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &options->print_routes,
        NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GString) text = g_string_new (description);
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- collect call statistics of callstatsmon");

  commands_describe (text);
  g_option_context_set_description (context, text->str);
  return option_rows_parse (
      rows, context, extra, OPTION_KEYS_KNOWN, options, argc, argv, error);
}

/* Returns: the host of "host:port" or "[host]:port"; its brackets are taken off. */
static char *
split_listen (const char *listen, const char **port)
{
  const char *colon = strrchr (listen, ':');
  gsize length;

  if (colon == NULL || colon == listen || colon[1] == '\0')
    return NULL;
  *port = colon + 1;
  length = colon - listen;
  if (listen[0] == '[')
    return listen[length - 1] == ']' ? g_strndup (listen + 1, length - 2) : NULL;
  return memchr (listen, ':', length) == NULL ? g_strndup (listen, length) : NULL;
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return g_inet_address_get_is_loopback (address);
}

static gboolean
parse_listen (Options *options, const char *place, GError **error)
{
  const char *listen = options->listen;
  const char *port = NULL;
  g_autofree char *host = split_listen (listen, &port);
  guint64 number;

  if (host == NULL || !g_ascii_string_to_unsigned (port, 10, 0, 65535, &number, NULL))
    return fail (error,
        "%s: \"%s\" is not an address and a port; write it like 127.0.0.1:8765", place,
        listen);
  options->host = g_strdup (strcmp (host, "localhost") == 0 ? "127.0.0.1" : host);
  options->port = (guint16)number;
  if (g_hostname_is_ip_address (options->host))
    return TRUE;
  return fail (error,
      "%s: \"%s\" has no numeric address; write it like 127.0.0.1:8765 or [::1]:8765",
      place, listen);
}

gboolean
options_is_local (const Options *options)
{
  return is_loopback (options->host) && !options->behind_proxy;
}

static gboolean
check_tls (const Options *options, const char *place, GError **error)
{
  if ((options->tls_certificate != NULL) != (options->tls_key != NULL))
    return fail (
        error, "--tls-certificate FILE and --tls-key FILE belong together; give both");
  if (options->tls_certificate != NULL || options->behind_proxy ||
      is_loopback (options->host))
    return TRUE;
  return fail (error,
      "%s: \"%s\" is beyond loopback, where nothing goes in plain text; give "
      "--tls-certificate and --tls-key, or --behind-proxy where a reverse proxy has TLS",
      place, options->listen);
}

/* argument: ID:FILE; an id with a colon in it needs a key file. */
static gboolean
add_public_key (
    Applications *applications, const char *place, const char *argument, GError **error)
{
  const char *colon = strchr (argument, ':');
  g_autofree char *app = NULL;

  if (colon == NULL || colon == argument || colon[1] == '\0')
    return fail (error,
        "%s: \"%s\" is not an application and a file; write it like my-app:my-app.pub",
        place, argument);
  app = g_strndup (argument, colon - argument);
  return applications_add_public_key_file (applications, app, colon + 1, error);
}

static gboolean
load_applications (Options *options, const OptionSources *sources, GError **error)
{
  char *const *secret = options->app_secret_files;
  char *const *key = options->app_keys;

  if ((options->app != NULL) != (secret != NULL))
    return fail (error, "--app ID and --app-secret-file FILE belong together; give both");
  if (secret == NULL && key == NULL && options->keys == NULL)
    return fail (error, "no application: give --app ID --app-secret-file FILE, --app-key "
                        "ID:FILE, or --keys FILE for several");
  if (options->seal_key_file != NULL &&
      !applications_set_seal_key_file (
          options->applications, options->seal_key_file, error))
    return FALSE;
  for (; secret != NULL && *secret != NULL; secret++)
    if (!applications_add_secret_file (
            options->applications, options->app, *secret, error))
      return FALSE;
  for (; key != NULL && *key != NULL; key++)
    if (!add_public_key (options->applications,
            option_sources_get_place (sources, "app-key"), *key, error))
      return FALSE;
  return options->keys == NULL ||
         applications_add_key_file (options->applications, options->keys, error);
}

static gboolean
check_move_to (const char *url, const char *place, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_HAS_PASSWORD, NULL);

  if (uri != NULL &&
      g_strv_contains (
          (const char *const[]){ "ws", "wss", NULL }, g_uri_get_scheme (uri)) &&
      g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0' &&
      g_uri_get_userinfo (uri) == NULL && g_uri_get_query (uri) == NULL)
    return TRUE;
  return fail (error,
      "%s: that is not the address of a collector; write it like wss://HOST[:PORT]/",
      place);
}

/* Whoever listens beyond this machine, or for a proxy that does, is reached by everybody.
 */
static gboolean
check_readers (const Options *options, const char *place, GError **error)
{
  if (options_is_local (options) || applications_have_read_tokens (options->applications))
    return TRUE;
  return fail (error,
      "%s: \"%s\" is reached from elsewhere, so reading needs a token, and there is "
      "none; "
      "make one with callstats-collector app, in the file that --keys names",
      place, options->listen);
}

static gboolean
add_origins (Options *options, const char *place, GError **error)
{
  for (char **url = options->origin_urls; url != NULL && *url != NULL; url++)
    if (!origins_add (options->origins, *url, error)) {
      g_prefix_error (error, "%s: ", place);
      return FALSE;
    }
  return TRUE;
}

static gboolean
load_webhooks (Options *options, const OptionSources *sources, GError **error)
{
  const char *path;
  GKeyFile *file = option_sources_get_file (sources, &path);

  options->webhooks = webhook_config_load (file, path, error);
  return options->webhooks != NULL;
}

static gboolean
finish_options (Options *options, const OptionSources *sources, GError **error)
{
  if (options->store == NULL)
    return fail (error, "--store is missing; name a file like --store "
                        "sqlite:/var/lib/callstats-collector/calls.db");
  return parse_listen (options, option_sources_get_place (sources, "listen"), error) &&
         check_tls (options, option_sources_get_place (sources, "listen"), error) &&
         load_applications (options, sources, error) &&
         check_readers (options, option_sources_get_place (sources, "listen"), error) &&
         (options->move_to == NULL ||
             check_move_to (options->move_to,
                 option_sources_get_place (sources, "move-to"), error)) &&
         load_webhooks (options, sources, error) &&
         add_origins (options, option_sources_get_place (sources, "origin"), error);
}

Options *
options_parse (int argc, char **argv, GError **error)
{
  g_autoptr (Options) options = g_new0 (Options, 1);
  g_autoptr (OptionSources) sources = NULL;

  options->applications = applications_new ();
  options->origins = origins_new ();
  sources = parse_sources (options, argc, argv, error);
  if (sources == NULL ||
      (!options->show_version && !finish_options (options, sources, error)))
    return NULL;
  return g_steal_pointer (&options);
}

void
options_free (Options *options)
{
  if (options == NULL)
    return;
  option_rows_clear (rows, options);
  g_free (options->host);
  g_clear_pointer (&options->webhooks, g_ptr_array_unref);
  applications_free (options->applications);
  origins_free (options->origins);
  g_free (options);
}
