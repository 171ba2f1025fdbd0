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
#include "certificate.h"
#include "commands.h"
#include "health.h"
#include "ingest.h"
#include "live.h"
#include "log.h"
#include "login.h"
#include "metrics.h"
#include "options.h"
#include "page.h"
#include "query.h"
#include "reply.h"
#include "rest.h"
#include "retention.h"
#include "server.h"
#include "service-manager.h"
#include "summarizer.h"
#include "warnings.h"
#include "webhooks.h"

/* Files that are open beside connections. */
#define OTHER_FILES 64

typedef struct {
  GMainLoop *loop;
  Tally *tally;
  Store *store;
  RateLimits *limits;
  Webhooks *webhooks;
  Metrics *metrics;
  Health *health;
  Page *page;
  Summarizer *summarizer;
  Ingest *ingest;
  Access *access;
  Login *login;
  Query *query;
  Live *live;
  Rest *rest;
  Router *router;
  Server *server;
  const Options *options;
  GTlsCertificate *certificate; /* nullable */
  guint watchdog;
  guint goodbyes; /* that are still being said */
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
on_goodbye_said (gpointer user_data)
{
  Collector *collector = user_data;

  if (--collector->goodbyes == 0)
    quit (collector);
  return G_SOURCE_REMOVE;
}

/* Requests and connections are both waited for. */
static gboolean
say_goodbye (gpointer user_data)
{
  Collector *collector = user_data;

  collector->goodbyes = 2;
  rest_stop (collector->rest);
  live_stop (collector->live);
  server_stop (collector->server, on_goodbye_said, collector);
  ingest_stop (collector->ingest, on_goodbye_said, collector);
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
  service_manager_tell ("STOPPING=1");
  health_stop (collector->health);
  if (collector->options->move_to != NULL)
    ingest_move (collector->ingest, collector->options->move_to, say_goodbye, collector);
  else
    say_goodbye (collector);
  return G_SOURCE_CONTINUE;
}

/* ---- What is read again on SIGHUP ---- */

/* Returns: FALSE with an error; the certificate before stays then. */
static gboolean
load_certificate (Collector *collector, const char *event, GError **error)
{
  const Options *options = collector->options;
  g_autoptr (GTlsCertificate) certificate = NULL;

  if (options->tls_certificate == NULL)
    return TRUE;
  certificate = certificate_load (options->tls_certificate, options->tls_key, error);
  if (certificate == NULL)
    return FALSE;
  certificate_log (certificate, event);
  g_set_object (&collector->certificate, certificate);
  return TRUE;
}

static void
log_reload_failure (const char *what, const GError *error)
{
  log_warning ("reload-failed", "what", what, "reason", error->message, "hint",
      "what was there before is still used", NULL);
}

static void
set_retention (Collector *collector)
{
  const Options *options = collector->options;
  const StoreDays others = { (guint)options->raw_days, (guint)options->summary_days };
  g_autoptr (StoreRetention) retention =
      retention_of_applications (options->applications, &others);

  store_set_retention (collector->store, retention);
}

static void
reload_applications (Collector *collector)
{
  g_autoptr (GError) error = NULL;

  if (!applications_reload (collector->options->applications, &error)) {
    log_reload_failure ("applications", error);
    return;
  }
  ingest_check_identities (collector->ingest);
  set_retention (collector);
  log_info ("applications-reloaded", NULL);
  warn_of_applications (collector->options);
}

static void
reload_certificate (Collector *collector)
{
  g_autoptr (GError) error = NULL;

  if (load_certificate (collector, "certificate-reloaded", &error))
    server_set_certificate (collector->server, collector->certificate);
  else
    log_reload_failure ("certificate", error);
}

static gboolean
on_reload (gpointer user_data)
{
  Collector *collector = user_data;

  if (collector->stopping || collector->server == NULL)
    return G_SOURCE_CONTINUE;
  service_manager_tell_reloading ();
  reload_applications (collector);
  reload_certificate (collector);
  service_manager_tell ("READY=1");
  return G_SOURCE_CONTINUE;
}

/* ---- The whole of it ---- */

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
announce (const char *scheme, const char *host, guint16 port)
{
  printf (strchr (host, ':') != NULL ? "callstats-collector: listening on %s://[%s]:%u/\n"
                                     : "callstats-collector: listening on %s://%s:%u/\n",
      scheme, host, port);
  fflush (stdout);
}

static gboolean
check_reader (SoupServerMessage *message, const char *app, gpointer user_data)
{
  return access_check (user_data, message, app);
}

static void
append_connections (GString *text, gpointer user_data)
{
  Collector *collector = user_data;

  metrics_text_family (
      text, "callstats_connections", "gauge", "Connections that are open.");
  metrics_text_count (
      text, "callstats_connections", server_count_connections (collector->server), NULL);
  metrics_text_family (text, "callstats_ingest_connections", "gauge",
      "Clients that are connected by a WebSocket.");
  metrics_text_count (text, "callstats_ingest_connections",
      ingest_count_connections (collector->ingest), NULL);
}

static void
start_metrics (Collector *collector)
{
  const MetricsSources sources = {
    .store = collector->store,
    .tally = collector->tally,
    .applications = collector->options->applications,
    .access = collector->access,
    .behind_proxy = collector->options->behind_proxy,
  };

  collector->metrics = metrics_new (&sources);
  summarizer_listen (collector->summarizer, metrics_tell, collector->metrics);
  metrics_add (collector->metrics, append_connections, collector);
  metrics_add (collector->metrics, webhooks_append_metrics, collector->webhooks);
}

static void
add_routes (Collector *collector)
{
  collector->router = router_new (check_reader, collector->access);
  router_set_max_body (collector->router, (gsize)collector->options->max_body);
  page_add_routes (collector->page, collector->router);
  health_add_routes (collector->health, collector->router);
  ingest_add_routes (collector->ingest, collector->router);
  login_add_routes (collector->login, collector->router);
  query_add_routes (collector->query, collector->router);
  live_add_routes (collector->live, collector->router);
  metrics_add_routes (collector->metrics, collector->router);
  rest_add_routes (collector->rest, collector->router);
}

static gboolean
start_server (Collector *collector, GError **error)
{
  const Options *options = collector->options;
  const ServerConfig config = {
    .host = options->host,
    .port = options->port,
    .max_connections = limit_connections ((guint)options->max_connections),
    .certificate = collector->certificate,
    .behind_proxy = options->behind_proxy,
    .origins = options->origins,
  };

  collector->server = server_new (&config, collector->router, error);
  if (collector->server == NULL)
    return FALSE;
  origins_add_loopback (options->origins, server_get_port (collector->server));
  origins_add_address (
      options->origins, options->host, server_get_port (collector->server));
  announce (collector->certificate != NULL ? "https" : "http", options->host,
      server_get_port (collector->server));
  service_manager_tell ("READY=1");
  collector->watchdog = service_manager_keep_watch ();
  return TRUE;
}

static void
tell_listeners (const char *app, const char *conference, gboolean ended_now,
    JsonObject *summary, gpointer user_data)
{
  live_changed (user_data, app, conference);
}

static gboolean
start (Collector *collector, GError **error)
{
  const Options *options = collector->options;

  if (!load_certificate (collector, "certificate-loaded", error))
    return FALSE;
  collector->store = store_open (options->store, error);
  if (collector->store == NULL)
    return FALSE;
  set_retention (collector);
  collector->tally = tally_new ();
  store_set_tally (collector->store, collector->tally);
  collector->webhooks = webhooks_new (collector->store, options->webhooks);
  collector->ingest =
      ingest_new (collector->store, options->applications, options->origins);
  collector->page = page_new ();
  collector->health = health_new (collector->store);
  collector->limits = rate_limits_new (
      (guint)options->app_record_rate, (guint)options->client_record_rate);
  ingest_set_limits (collector->ingest, collector->limits,
      (guint)options->client_connections, options->clock_tolerance * G_USEC_PER_SEC);
  collector->access = access_new (options->applications, options_is_local (options));
  collector->login =
      login_new (collector->access, options->applications, options->origins);
  collector->summarizer = summarizer_new (collector->store);
  summarizer_listen (collector->summarizer, webhooks_tell, collector->webhooks);
  collector->query =
      query_new (collector->store, options->applications, collector->access);
  collector->live = live_new (collector->store, options->applications, collector->access);
  summarizer_listen (collector->summarizer, tell_listeners, collector->live);
  start_metrics (collector);
  collector->rest = rest_new (collector->store, options->applications, options->origins,
      collector->limits, options->clock_tolerance * G_USEC_PER_SEC);
  add_routes (collector);
  if (!start_server (collector, error))
    return FALSE;
  warn_of_options (options);
  warn_of_applications (options);
  return TRUE;
}

/* The store's last answers still go to the ingest, so they are waited for in between. */
static void
stop (Collector *collector)
{
  g_clear_handle_id (&collector->watchdog, g_source_remove);
  g_clear_pointer (&collector->server, server_free);
  g_clear_pointer (&collector->router, router_free);
  g_clear_pointer (&collector->page, page_free);
  g_clear_pointer (&collector->query, query_free);
  g_clear_pointer (&collector->login, login_free);
  g_clear_pointer (&collector->summarizer, summarizer_free);
  g_clear_pointer (&collector->live, live_free);
  g_clear_pointer (&collector->metrics, metrics_free);
  g_clear_pointer (&collector->access, access_free);
  webhooks_stop (collector->webhooks);
  g_clear_pointer (&collector->health, health_free);
  g_clear_pointer (&collector->rest, rest_free);
  g_clear_pointer (&collector->store, store_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_pointer (&collector->webhooks, webhooks_free);
  g_clear_pointer (&collector->ingest, ingest_free);
  g_clear_pointer (&collector->limits, rate_limits_free);
  g_clear_pointer (&collector->tally, tally_free);
  g_clear_object (&collector->certificate);
}

static void
print_routes (const Router *router)
{
  g_autofree char *list = router_list (router);

  fputs (list, stdout);
}

static gboolean
run (const Options *options, GError **error)
{
  Collector collector = { .loop = g_main_loop_new (NULL, FALSE), .options = options };
  guint interrupt = g_unix_signal_add (SIGINT, on_signal, &collector);
  guint terminate = g_unix_signal_add (SIGTERM, on_signal, &collector);
  guint hang_up = g_unix_signal_add (SIGHUP, on_reload, &collector);
  gboolean started = start (&collector, error);

  if (started && options->print_routes)
    print_routes (collector.router);
  else if (started)
    g_main_loop_run (collector.loop);
  stop (&collector);
  /* Only now: an impatient second signal must not kill it between the last commits. */
  g_source_remove (interrupt);
  g_source_remove (terminate);
  g_source_remove (hang_up);
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

static int
refuse_command (const char *name)
{
  g_autofree char *list = commands_list ();

  fprintf (stderr,
      "callstats-collector: \"%s\" is no command; there are: %s; see callstats-collector "
      "--help\n",
      name, list);
  return EXIT_FAILURE;
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
  if (argc > 1 && argv[1][0] != '-')
    return refuse_command (argv[1]);
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
