/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The query API: applications, conferences, and all routes. Threads as in query-job.h.
 */
#include "query.h"

#include "callstats/callstats-json-private.h"
#include "query-job.h"
#include "query-json.h"
#include "query-params.h"
#include "query-routes.h"
#include "reply.h"

#define CONFERENCES_DEFAULT 50
#define CONFERENCES_MAX 500

static void
serve_apps (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Query *query = user_data;
  g_autoptr (GPtrArray) apps = applications_list (query->applications);
  GString *json = g_string_new ("{\"apps\":[");

  for (guint i = 0; i < apps->len; i++) {
    if (!access_may_read (query->access, message, apps->pdata[i]))
      continue;
    if (json->str[json->len - 1] != '[')
      g_string_append_c (json, ',');
    callstats_json_append_string (json, apps->pdata[i]);
  }
  g_string_append (json, "]}\n");
  reply_json (message, SOUP_STATUS_OK, g_string_free (json, FALSE));
}

/* ---- Lists of conferences ---- */

typedef struct {
  gboolean has_cursor;
  StoreCursor cursor;
  guint limit;
} Conferences;

static void
work_conferences (QueryJob *job)
{
  Conferences *request = job->request;
  g_autoptr (GPtrArray) list = store_list_conferences (job->query->store, job->app,
      request->has_cursor ? &request->cursor : NULL, request->limit + 1, &job->error);
  g_autofree char *next = NULL;

  if (list == NULL)
    return;
  if (list->len > request->limit) {
    StoreConference *last = list->pdata[request->limit - 1];

    next = query_format_cursor (&(StoreCursor){ last->start, last->id });
    g_ptr_array_set_size (list, request->limit);
  }
  job->found = TRUE;
  job->json = g_string_new (NULL);
  query_json_append_list (job->json, list, next, g_get_real_time ());
}

static void
serve_conferences (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  g_autofree Conferences *request = g_new0 (Conferences, 1);
  QueryJob *job;

  request->limit = query_params_limit (&given, CONFERENCES_DEFAULT, CONFERENCES_MAX);
  request->has_cursor = query_params_cursor (&given, "before", &request->cursor);
  if (given.refused)
    return;
  job = query_job_new (user_data, message, ids, g_steal_pointer (&request), g_free);
  if (job != NULL)
    query_job_begin (job, work_conferences, query_job_answer);
}

/* ---- One conference ---- */

static void
work_conference (QueryJob *job)
{
  g_autoptr (StoreDetail) detail =
      store_read_conference (job->query->store, job->app, job->id, &job->error);

  if (detail == NULL)
    return;
  job->found = TRUE;
  job->json = g_string_new (NULL);
  query_json_append_detail (job->json, job->app, detail, g_get_real_time ());
}

static void
serve_conference (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryJob *job = query_job_new (user_data, message, ids, NULL, NULL);

  if (job != NULL)
    query_job_begin (job, work_conference, query_job_answer);
}

static void
serve_openapi (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  reply_file (message, "/callstats/collector/openapi.yaml", "application/yaml");
}

void
query_add_routes (Query *query, Router *router)
{
  router_add (router, "GET", "/api/v1/openapi.yaml", ROUTE_OPEN, 0, serve_openapi, NULL);
  router_add (router, "GET", "/api/v1/apps", ROUTE_READ, 0, serve_apps, query);
  router_add (router, "GET", "/api/v1/apps/*/conferences", ROUTE_READ, 0,
      serve_conferences, query);
  router_add (router, "GET", "/api/v1/apps/*/conferences/*", ROUTE_READ, 0,
      serve_conference, query);
  query_reports_add_routes (query, router);
}
