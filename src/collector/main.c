/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats-collector: takes the records of callstatsmon over WebSockets, keeps them, and
 * answers queries about them. This file starts it and stops it.
 *
 * The main thread runs everything but the store's writer and the readers of the query
 * API.
 */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access.h"
#include "commands.h"
#include "ingest.h"
#include "log.h"
#include "options.h"
#include "page.h"
#include "query.h"
#include "reply.h"
#include "server.h"

/* Files that are open beside connections. */
#define OTHER_FILES 64

typedef struct {
  GMainLoop *loop;
  Store *store;
  Ingest *ingest;
  Access *access;
  Query *query;
  Router *router;
  Server *server;
  const char *move_to; /* nullable */
  gboolean stopping;
} Collector;

static gboolean
quit (gpointer user_data)
{
  Collector *collector = user_data;

  g_main_loop_quit (collector->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
say_goodbye (gpointer user_data)
{
  Collector *collector = user_data;

  server_stop (collector->server);
  ingest_stop (collector->ingest, quit, collector);
  return G_SOURCE_REMOVE;
}

/* The second signal does not wait for clients to say goodbye; commits are finished even
 * so. */
static gboolean
on_signal (gpointer user_data)
{
  Collector *collector = user_data;

  if (collector->stopping)
    return quit (collector), G_SOURCE_CONTINUE;
  collector->stopping = TRUE;
  log_info ("stopping", NULL);
  if (collector->move_to != NULL)
    ingest_move (collector->ingest, collector->move_to, say_goodbye, collector);
  else
    say_goodbye (collector);
  return G_SOURCE_CONTINUE;
}

static guint
limit_connections (guint wanted)
{
  struct rlimit files;

  if (getrlimit (RLIMIT_NOFILE, &files) != 0)
    return wanted;
  files.rlim_cur = files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);
  if (files.rlim_cur == RLIM_INFINITY || files.rlim_cur >= (rlim_t)wanted + OTHER_FILES)
    return wanted;
  log_warning ("few-files", "hint", "raise ulimit -n to allow --max-connections", NULL);
  return (guint)MAX (files.rlim_cur, OTHER_FILES + 1) - OTHER_FILES;
}

static void
announce (const char *host, guint16 port)
{
  printf (strchr (host, ':') != NULL
              ? "callstats-collector: listening on http://[%s]:%u/\n"
              : "callstats-collector: listening on http://%s:%u/\n",
      host, port);
  fflush (stdout);
}

static void
serve_health (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  reply_json (message, SOUP_STATUS_OK, g_strdup ("{\"status\":\"ok\"}\n"));
}

static gboolean
check_reader (SoupServerMessage *message, const char *app, gpointer user_data)
{
  return access_check (user_data, message, app);
}

static void
add_routes (Collector *collector)
{
  collector->router = router_new (check_reader, collector->access);
  page_add_routes (collector->router);
  router_add (collector->router, "GET", "/healthz", ROUTE_OPEN, 0, serve_health, NULL);
  ingest_add_routes (collector->ingest, collector->router);
  query_add_routes (collector->query, collector->router);
}

static gboolean
start (Collector *collector, Options *options, GError **error)
{
  collector->store = store_open (options->store, error);
  if (collector->store == NULL)
    return FALSE;
  collector->ingest =
      ingest_new (collector->store, options->applications, options->origins);
  collector->access = access_new (options->applications, options_is_loopback (options));
  collector->query =
      query_new (collector->store, options->applications, collector->access);
  add_routes (collector);
  collector->server = server_new (options->host, options->port,
      limit_connections ((guint)options->max_connections), collector->router,
      options->origins, error);
  if (collector->server == NULL)
    return FALSE;
  origins_add_loopback (options->origins, server_get_port (collector->server));
  announce (options->host, server_get_port (collector->server));
  return TRUE;
}

/* The store's last answers still go to the ingest, so they are waited for in between. */
static void
stop (Collector *collector)
{
  g_clear_pointer (&collector->server, server_free);
  g_clear_pointer (&collector->router, router_free);
  g_clear_pointer (&collector->query, query_free);
  g_clear_pointer (&collector->access, access_free);
  g_clear_pointer (&collector->store, store_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_pointer (&collector->ingest, ingest_free);
}

static void
print_routes (const Router *router)
{
  g_autofree char *list = router_list (router);

  fputs (list, stdout);
}

static gboolean
run (Options *options, GError **error)
{
  Collector collector = { .loop = g_main_loop_new (NULL, FALSE),
    .move_to = options->move_to };
  guint interrupt = g_unix_signal_add (SIGINT, on_signal, &collector);
  guint terminate = g_unix_signal_add (SIGTERM, on_signal, &collector);
  gboolean started = start (&collector, options, error);

  if (started && options->print_routes)
    print_routes (collector.router);
  else if (started)
    g_main_loop_run (collector.loop);
  stop (&collector);
  /* Only now: an impatient second signal must not kill it between the last commits. */
  g_source_remove (interrupt);
  g_source_remove (terminate);
  g_main_loop_unref (collector.loop);
  return started;
}

/* GLib before 2.76 keeps small blocks that were freed for itself, so the most costly
 * frame a client ever sent would stay in memory. It reads this variable when it is
 * loaded. */
static void
use_plain_malloc (char **argv)
{
  g_autofree char *program = NULL;

  if (glib_check_version (2, 76, 0) == NULL || g_getenv ("G_SLICE") != NULL)
    return;
  program = g_file_read_link ("/proc/self/exe", NULL);
  g_setenv ("G_SLICE", "always-malloc", TRUE);
  if (program != NULL)
    execv (program, argv);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = NULL;
  CommandFunc command;

  use_plain_malloc (argv);
  signal (SIGXFSZ, SIG_IGN); /* a limit of file size is an error of writing */
  umask (S_IRWXG | S_IRWXO); /* the database holds what people did */
  command = argc > 1 ? commands_find (argv[1]) : NULL;
  if (command != NULL)
    return command (argc - 1, argv + 1);
  options = options_parse (argc, argv, &error);
  if (options != NULL && options->show_version) {
    printf ("callstats-collector %s\n", PACKAGE_VERSION);
    return EXIT_SUCCESS;
  }
  if (options == NULL || !run (options, &error)) {
    fprintf (stderr, "callstats-collector: %s\n", error->message);
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
