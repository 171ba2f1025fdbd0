/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The query API: applications, conferences, and all routes. Threads as in query-job.h.
 */
#include "query.h"

#include "callstats/callstats-json-private.h"
#include "live-position.h"
#include "query-job.h"
#include "query-json.h"
#include "query-params.h"
#include "query-routes.h"
#include "reply.h"

#define CONFERENCES_DEFAULT 50
#define CONFERENCES_MAX 500

static void
append_app (GString *list, GString *names, const char *app, const char *name)
{
  g_string_append (list, list->len > 0 ? "," : "");
  callstats_json_append_string (list, app);
  if (name == NULL)
    return;
  g_string_append (names, names->len > 0 ? "," : "");
  callstats_json_append_string (names, app);
  g_string_append_c (names, ':');
  callstats_json_append_string (names, name);
}

static void
serve_apps (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Query *query = user_data;
  g_autoptr (GPtrArray) apps = applications_list (query->applications);
  g_autoptr (GString) list = g_string_new (NULL);
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < apps->len; i++)
    if (access_may_read (query->access, message, apps->pdata[i]))
      append_app (list, names, apps->pdata[i],
          applications_get_name (query->applications, apps->pdata[i]));
  reply_json (message, SOUP_STATUS_OK,
      g_strdup_printf ("{\"apps\":[%s],\"names\":{%s}}\n", list->str, names->str));
}

/* ---- Lists of conferences ---- */

static const char *const sorts[] = { [STORE_SORT_START] = "start",
  [STORE_SORT_DURATION] = "duration",
  [STORE_SORT_PARTICIPANTS] = "participants",
  [STORE_SORT_FAILURES] = "failures",
  [STORE_SORT_SCORE] = "score",
  NULL };
static const char *const orders[] = { "desc", "asc", NULL };

typedef struct {
  StoreSearch search;
  char *user;
  char *site;
  char *prefix;
  char *reason;
} Conferences;

static void
conferences_free (gpointer data)
{
  Conferences *request = data;

  g_free (request->user);
  g_free (request->site);
  g_free (request->prefix);
  g_free (request->reason);
  g_free (request);
}

static char *
cursor_of (const StoreConference *conference)
{
  return query_format_cursor (&(StoreCursor){ conference->sort_key, conference->id });
}

/* list: one more than wanted tells that it goes on in the direction of reading. */
static void
append_page (GString *json, GPtrArray *list, const StoreSearch *search, gint64 change)
{
  gboolean more = list->len > search->limit;
  g_autofree char *next = NULL;
  g_autofree char *previous = NULL;
  g_autofree char *live = NULL;

  if (more)
    g_ptr_array_remove_index (list, search->backwards ? 0 : list->len - 1);
  if (list->len > 0 && (more || search->backwards))
    next = cursor_of (list->pdata[list->len - 1]);
  if (list->len > 0 && (search->backwards ? more : search->has_cursor))
    previous = cursor_of (list->pdata[0]);
  live = g_strdup_printf ("%" G_GINT64_FORMAT, change);
  query_json_append_list (json, list, next, previous, live, g_get_real_time ());
}

static void
work_conferences (QueryJob *job)
{
  Conferences *request = job->request;
  StoreSearch search = request->search;
  gint64 change = store_find_last_change (job->query->store, &job->error);
  g_autoptr (GPtrArray) list = NULL;

  if (change < 0)
    return;
  search.limit++;
  list = store_search_conferences (job->query->store, job->app, &search, &job->error);
  if (list == NULL)
    return;
  job->found = TRUE;
  job->json = g_string_new (NULL);
  append_page (job->json, list, &request->search, change);
}

static Conferences *
read_conferences (QueryParams *given)
{
  Conferences *request = g_new0 (Conferences, 1);
  StoreSearch *search = &request->search;

  query_params_search (given, search);
  search->user = request->user = g_strdup (search->user);
  search->site = request->site = g_strdup (search->site);
  search->prefix = request->prefix = g_strdup (search->prefix);
  search->reason = request->reason = g_strdup (search->reason);
  search->sort = query_params_choice (given, "sort", sorts);
  search->ascending = query_params_choice (given, "order", orders) == 1;
  search->limit = query_params_limit (given, CONFERENCES_DEFAULT, CONFERENCES_MAX);
  search->has_cursor = query_params_cursor (given, "before", &search->cursor);
  search->backwards = query_params_cursor (given, "after", &search->cursor);
  if (search->has_cursor && search->backwards)
    query_params_refuse (given, "after", "given with before", "the only cursor");
  search->has_cursor |= search->backwards;
  return request;
}

static void
serve_conferences (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  Conferences *request = read_conferences (&given);
  QueryJob *job;

  if (given.refused) {
    conferences_free (request);
    return;
  }
  job = query_job_new (user_data, message, ids, request, conferences_free);
  if (job != NULL)
    query_job_begin (job, work_conferences, query_job_answer);
}

/* ---- One conference ---- */

static void
work_conference (QueryJob *job)
{
  const gint64 *occurrence = job->request;
  g_autoptr (StoreDetail) detail = store_read_occurrence (
      job->query->store, job->app, job->id, *occurrence, &job->error);

  g_autoptr (LivePosition) position = NULL;
  g_autoptr (GString) live = g_string_new (NULL);

  if (detail == NULL)
    return;
  position = live_position_of (detail);
  live_position_append (position, live);
  job->found = TRUE;
  job->json = g_string_new (NULL);
  query_json_append_detail (job->json, job->app, detail, live->str, g_get_real_time ());
}

static void
serve_conference (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  gint64 occurrence = query_params_id (&given, "occurrence");
  QueryJob *job;

  if (given.refused)
    return;
  job = query_job_new (
      user_data, message, ids, g_memdup2 (&occurrence, sizeof occurrence), g_free);
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
  query_lists_add_routes (query, router);
  query_fabric_add_routes (query, router);
  query_reports_add_routes (query, router);
  export_add_routes (query, router);
  query_series_add_routes (query, router);
  query_summary_add_routes (query, router);
  query_overview_add_routes (query, router);
}
