/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The query API: overviews. A piece of the conferences is read at a time, so that lists
 * get their turn, and nobody reads on for a client that has gone. Threads as in
 * query-job.h.
 */
#include <string.h>

#include "overview.h"
#include "query-job.h"
#include "query-params.h"
#include "query-routes.h"

#define LAST_TIME G_GINT64_CONSTANT (253402300800000) /* ms */
#define PIECE 20000                                   /* conferences: some 30 ms */

typedef struct {
  StoreSearch search;
  char *user;
  char *site;
  char *prefix;
  char *reason;
  gint64 step;        /* ms, 0: auto */
  Overview *overview; /* NULL before the first piece */
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  overview_free (request->overview);
  g_free (request->user);
  g_free (request->site);
  g_free (request->prefix);
  g_free (request->reason);
  g_free (request);
}

/* Records have no times beyond the years 1970 to 9999. What is not given is where the
 * application's conferences begin, and now. */
static gboolean
find_range (QueryJob *job, gint64 *from, gint64 *to)
{
  const StoreSearch *search = &((Request *)job->request)->search;
  gint64 first, last, now = g_get_real_time ();

  if (!store_find_span (job->query->store, job->app, &first, &last, &job->error))
    return FALSE;
  *to = search->to != G_MAXINT64 ? search->to : MAX (now, last + 1000);
  *from = search->from != G_MININT64    ? search->from
          : first != STORE_UNKNOWN_TIME ? first
                                        : *to;
  *from = CLAMP (*from / 1000, 0, LAST_TIME);
  *to = CLAMP (*to / 1000, 0, LAST_TIME);
  return TRUE;
}

static void
begin (QueryJob *job)
{
  Request *request = job->request;
  gint64 from, to;

  if (!find_range (job, &from, &to))
    return;
  request->overview = overview_new (from, to, request->step);
  if (request->overview == NULL)
    job->refusal = g_strdup_printf ("step=%" G_GINT64_FORMAT ": that would be more than "
                                    "%u; take a larger one, or less time",
        request->step, OVERVIEW_MAX_BUCKETS);
}

static void
add (const StoreFigures *figures, gpointer user_data)
{
  overview_add (user_data, figures);
}

static void
work (QueryJob *job)
{
  Request *request = job->request;

  if (request->overview == NULL)
    begin (job);
  if (request->overview == NULL ||
      !store_read_figures (job->query->store, job->app, &request->search, add,
          request->overview, &job->more, &job->error))
    return;
  job->found = TRUE;
  if (job->more)
    return;
  job->json = g_string_new (NULL);
  overview_append_json (request->overview, job->json);
}

static void
go_on (QueryJob *job)
{
  if (job->error == NULL && job->refusal == NULL && job->more)
    query_job_go_on (job);
  else
    query_job_answer (job);
}

/* Returns: ms, 0 for auto. */
static gint64
read_step (QueryParams *given)
{
  const char *text = query_params_text (given, "step");
  guint64 step = 0;

  if (text == NULL || strcmp (text, "auto") == 0)
    return 0;
  if (!g_ascii_string_to_unsigned (
          text, 10, 1, G_GINT64_CONSTANT (9999999999), &step, NULL))
    query_params_refuse (given, "step", text, "auto, or milliseconds up to 9999999999");
  return (gint64)step;
}

static void
serve_overview (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  Request *request = g_new0 (Request, 1);
  StoreSearch *search = &request->search;
  QueryJob *job;

  query_params_search (&given, search);
  search->user = request->user = g_strdup (search->user);
  search->site = request->site = g_strdup (search->site);
  search->prefix = request->prefix = g_strdup (search->prefix);
  search->reason = request->reason = g_strdup (search->reason);
  search->ascending = TRUE;
  search->limit = PIECE;
  request->step = read_step (&given);
  if (given.refused) {
    request_free (request);
    return;
  }
  job = query_job_new (user_data, message, ids, request, request_free);
  if (job != NULL)
    query_job_begin (job, work, go_on);
}

void
query_overview_add_routes (Query *query, Router *router)
{
  router_add (
      router, "GET", "/api/v1/apps/*/overview", ROUTE_READ, 0, serve_overview, query);
}
