/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who listens, and what wakes them. Main thread only.
 */
#include "live.h"

#include "counters.h"
#include "live-stream.h"
#include "query-params.h"
#include "reply.h"

#define MAX_LISTENERS 200
#define N_THREADS 2
#define RETRY_AFTER "5"

struct _Live {
  Store *store;
  const Applications *applications;
  const Access *access;
  LiveStreams streams;
  guint tick;
  gboolean stopping;
};

/* A copy, since what is done with them may end some. */
static GPtrArray *
list_streams (Live *live)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer stream;

  g_hash_table_iter_init (&iter, live->streams.streams);
  while (g_hash_table_iter_next (&iter, &stream, NULL))
    g_ptr_array_add (list, stream);
  return list;
}

void
live_changed (Live *live, const char *app, const char *conference)
{
  g_autoptr (GPtrArray) list = list_streams (live);

  for (guint i = 0; i < list->len; i++)
    if (live_stream_is_about (list->pdata[i], app, conference))
      live_stream_wake (list->pdata[i]);
}

static void
on_changes (GHashTable *changes, gpointer user_data)
{
  Live *live = user_data;
  GHashTableIter iter;
  gpointer key;

  if (g_hash_table_size (live->streams.streams) == 0)
    return;
  g_hash_table_iter_init (&iter, changes);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    live_changed (
        live, ((const StoreChange *)key)->app, ((const StoreChange *)key)->conference);
}

static gboolean
on_tick (gpointer user_data)
{
  Live *live = user_data;
  g_autoptr (GPtrArray) list = list_streams (live);
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < list->len; i++)
    live_stream_tick (list->pdata[i], live->access, now);
  return G_SOURCE_CONTINUE;
}

Live *
live_new (Store *store, const Applications *applications, const Access *access)
{
  Live *live = g_new0 (Live, 1);

  live->store = store;
  live->applications = applications;
  live->access = access;
  live->streams.streams = g_hash_table_new (NULL, NULL);
  live->streams.pool = g_thread_pool_new (live_stream_work, NULL, N_THREADS, FALSE, NULL);
  live->tick = g_timeout_add_seconds (1, on_tick, live);
  store_watch (store, on_changes, live);
  return live;
}

void
live_stop (Live *live)
{
  g_autoptr (GPtrArray) list = list_streams (live);

  live->stopping = TRUE;
  for (guint i = 0; i < list->len; i++)
    live_stream_end (list->pdata[i]);
}

void
live_free (Live *live)
{
  if (live == NULL)
    return;
  store_unwatch (live->store, on_changes, live);
  g_source_remove (live->tick);
  g_thread_pool_free (live->streams.pool, FALSE, TRUE);
  g_hash_table_unref (live->streams.streams);
  g_free (live);
}

/* ---- Requests ---- */

static gboolean
check_application (Live *live, SoupServerMessage *message, const char *app)
{
  if (applications_contain (live->applications, app))
    return TRUE;
  reply_error (message, SOUP_STATUS_NOT_FOUND, "unknown-application",
      "No such application; GET /api/v1/apps lists those there are");
  return FALSE;
}

static gboolean
check_room (Live *live, SoupServerMessage *message)
{
  gboolean full = g_hash_table_size (live->streams.streams) >= MAX_LISTENERS;

  if (!full && !live->stopping)
    return TRUE;
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Retry-After", RETRY_AFTER);
  if (full)
    counter_limited (LIMIT_LISTENERS);
  reply_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE,
      full ? "too-many-listeners" : "stopping",
      full ? "Too many listen already; try again later"
           : "The collector is stopping; connect again in a few seconds");
  return FALSE;
}

/* What a browser sends when it connects again goes before what the address says. */
static const char *
find_place (QueryParams *given)
{
  const char *last = soup_message_headers_get_one (
      soup_server_message_get_request_headers (given->message), "Last-Event-ID");
  const char *after = query_params_text (given, "after");

  return last != NULL && *last != '\0' ? last : after;
}

/* conference: (nullable). */
static void
listen_to (Live *live, QueryParams *given, const char *app, const char *conference)
{
  const char *after = find_place (given);
  gint64 occurrence = conference != NULL ? query_params_id (given, "occurrence") : 0;
  gboolean reports = conference != NULL && query_params_flag (given, "reports", TRUE);
  LiveFeed *feed;

  if (given->refused || !check_application (live, given->message, app) ||
      !check_room (live, given->message))
    return;
  feed = live_feed_new (live->store, app, conference, occurrence, after, reports);
  if (feed == NULL)
    query_params_refuse (given, "after", after, "the id of an event of this stream");
  else
    live_stream_begin (&live->streams, given->message, app, conference, feed);
}

static void
serve_conference (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };

  listen_to (user_data, &given, ids[0], ids[1]);
}

static void
serve_list (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };

  listen_to (user_data, &given, ids[0], NULL);
}

void
live_add_routes (Live *live, Router *router)
{
  router_add (router, "GET", "/api/v1/apps/*/conferences/*/live", ROUTE_READ, 0,
      serve_conference, live);
  router_add (router, "GET", "/api/v1/apps/*/live", ROUTE_READ, 0, serve_list, live);
}
