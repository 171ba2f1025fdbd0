/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line. Main thread only.
 */
#include "options.h"

#include <string.h>

#include "callstats/callstats-error.h"

#define DEFAULT_LISTEN "127.0.0.1:8765"
#define DEFAULT_MAX_CONNECTIONS 10000

static const char description[] =
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
    "callstats-collector import stores what callstatsmon wrote to files; see\n"
    "callstats-collector import --help.\n";

typedef struct {
  char *listen;
  char *store;
  char *app;
  char **secret_files;
  char **public_keys;
  char *keys;
  char **origins;
  int max_connections;
  char *move_to;
  gboolean version;
} Arguments;

static void
arguments_clear (Arguments *arguments)
{
  g_free (arguments->listen);
  g_free (arguments->store);
  g_free (arguments->app);
  g_strfreev (arguments->secret_files);
  g_strfreev (arguments->public_keys);
  g_free (arguments->keys);
  g_strfreev (arguments->origins);
  g_free (arguments->move_to);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Arguments, arguments_clear)

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

static gboolean
parse_arguments (Arguments *arguments, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "listen", 0, 0, G_OPTION_ARG_STRING, &arguments->listen,
        "Loopback address and port; port 0 picks a free one (" DEFAULT_LISTEN ")",
        "ADDRESS:PORT" },
    { "store", 0, 0, G_OPTION_ARG_STRING, &arguments->store,
        "Where records are kept; the file is created if need be", "sqlite:PATH" },
    { "app", 0, 0, G_OPTION_ARG_STRING, &arguments->app,
        "Take records of this application", "ID" },
    { "app-secret-file", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->secret_files,
        "The file with its secret; may be repeated", "FILE" },
    { "app-key", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->public_keys,
        "Take records of this application, signed with the private half of this public "
        "EC key; may be repeated",
        "ID:FILE" },
    { "keys", 0, 0, G_OPTION_ARG_FILENAME, &arguments->keys,
        "Take records of the applications in this key file", "FILE" },
    { "origin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments->origins,
        "An address under which clients know this collector; may be repeated", "URL" },
    { "max-connections", 0, 0, G_OPTION_ARG_INT, &arguments->max_connections,
        "Connections beyond this are refused (10000)", "N" },
    { "move-to", 0, 0, G_OPTION_ARG_STRING, &arguments->move_to,
        "When stopped, ask clients to go on there, as far as their allowed-backends lets "
        "them",
        "URL" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &arguments->version, "Print the version",
        NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- collect call statistics of callstatsmon");

  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error)) {
    return FALSE;
  }
  if (argc > 1)
    return fail (error, "\"%s\" is no option; see --help", argv[1]);
  return TRUE;
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
check_loopback (const char *listen, const char *host, GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (address != NULL && g_inet_address_get_is_loopback (address))
    return TRUE;
  if (address == NULL)
    return fail (error,
        "--listen: \"%s\" has no numeric address; write it like 127.0.0.1:8765 or "
        "[::1]:8765",
        listen);
  return fail (error,
      "--listen: \"%s\" is beyond loopback, and this version has neither TLS nor logins "
      "for "
      "reading; listen on 127.0.0.1 and put a reverse proxy that has both in front, then "
      "name "
      "its address with --origin",
      listen);
}

static gboolean
parse_listen (Options *options, const char *listen, GError **error)
{
  const char *port = NULL;
  g_autofree char *host = split_listen (listen, &port);
  guint64 number;

  if (host == NULL || !g_ascii_string_to_unsigned (port, 10, 0, 65535, &number, NULL))
    return fail (error,
        "--listen: \"%s\" is not an address and a port; write it like 127.0.0.1:8765",
        listen);
  options->host = g_strdup (strcmp (host, "localhost") == 0 ? "127.0.0.1" : host);
  options->port = (guint16)number;
  return check_loopback (listen, options->host, error);
}

/* argument: ID:FILE; an id with a colon in it needs a key file. */
static gboolean
add_public_key (Applications *applications, const char *argument, GError **error)
{
  const char *colon = strchr (argument, ':');
  g_autofree char *app = NULL;

  if (colon == NULL || colon == argument || colon[1] == '\0')
    return fail (error,
        "--app-key: \"%s\" is not an application and a file; write it like "
        "my-app:my-app.pub",
        argument);
  app = g_strndup (argument, colon - argument);
  return applications_add_public_key_file (applications, app, colon + 1, error);
}

static gboolean
load_applications (Options *options, const Arguments *arguments, GError **error)
{
  char *const *secret = arguments->secret_files;
  char *const *key = arguments->public_keys;

  if ((arguments->app != NULL) != (secret != NULL))
    return fail (error, "--app ID and --app-secret-file FILE belong together; give both");
  if (secret == NULL && key == NULL && arguments->keys == NULL)
    return fail (error, "no application: give --app ID --app-secret-file FILE, --app-key "
                        "ID:FILE, or --keys FILE for several");
  for (; secret != NULL && *secret != NULL; secret++)
    if (!applications_add_secret_file (
            options->applications, arguments->app, *secret, error))
      return FALSE;
  for (; key != NULL && *key != NULL; key++)
    if (!add_public_key (options->applications, *key, error))
      return FALSE;
  return arguments->keys == NULL ||
         applications_add_key_file (options->applications, arguments->keys, error);
}

static gboolean
parse_move_to (Options *options, const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_HAS_PASSWORD, NULL);

  if (uri == NULL ||
      g_strv_contains (
          (const char *const[]){ "ws", "wss", NULL }, g_uri_get_scheme (uri)) == FALSE ||
      g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0' ||
      g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL)
    return fail (error,
        "--move-to: that is not the address of a collector; write it like "
        "wss://HOST[:PORT]/");
  options->move_to = g_strdup (url);
  return TRUE;
}

static gboolean
fill_options (Options *options, const Arguments *arguments, GError **error)
{
  if (arguments->store == NULL)
    return fail (error, "--store is missing; name a file like --store sqlite:calls.db");
  options->store = g_strdup (arguments->store);
  if (arguments->max_connections < 1)
    return fail (error, "--max-connections: %d is too few; at least 1",
        arguments->max_connections);
  options->max_connections = arguments->max_connections;
  if (!parse_listen (options,
          arguments->listen != NULL ? arguments->listen : DEFAULT_LISTEN, error) ||
      !load_applications (options, arguments, error) ||
      (arguments->move_to != NULL && !parse_move_to (options, arguments->move_to, error)))
    return FALSE;
  for (guint i = 0; arguments->origins != NULL && arguments->origins[i] != NULL; i++)
    if (!origins_add (options->origins, arguments->origins[i], error))
      return FALSE;
  return TRUE;
}

Options *
options_parse (int argc, char **argv, GError **error)
{
  g_autoptr (Options) options = g_new0 (Options, 1);
  g_auto (Arguments) arguments = { .max_connections = DEFAULT_MAX_CONNECTIONS };

  options->applications = applications_new ();
  options->origins = origins_new ();
  if (!parse_arguments (&arguments, argc, argv, error))
    return NULL;
  options->show_version = arguments.version;
  if (!options->show_version && !fill_options (options, &arguments, error))
    return NULL;
  return g_steal_pointer (&options);
}

void
options_free (Options *options)
{
  if (options == NULL)
    return;
  g_free (options->host);
  g_free (options->store);
  applications_free (options->applications);
  origins_free (options->origins);
  g_free (options->move_to);
  g_free (options);
}
