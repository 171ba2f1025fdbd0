/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The query API: summaries, as summarizer.h describes them. Threads as in query-job.h.
 */
#include "query-job.h"
#include "query-params.h"
#include "query-routes.h"

static gboolean
is_known (QueryJob *job, const StoreConferenceId *conference)
{
  g_autoptr (StoreDetail) detail =
      store_read_states (job->query->store, conference, &job->error);

  return detail != NULL;
}

/* A conference that is not summed up yet is found, but without JSON. */
static void
work_summary (QueryJob *job)
{
  const gint64 *occurrence = job->request;
  StoreConferenceId conference = { job->app, job->id, *occurrence };
  gsize length;
  g_autofree char *text =
      store_read_summary (job->query->store, &conference, &length, &job->error);

  if (text == NULL) {
    if (job->error == NULL)
      job->found = is_known (job, &conference);
    return;
  }
  job->found = TRUE;
  job->json = g_string_new_len (text, (gssize)length);
  g_string_append_c (job->json, '\n');
}

static void
serve_summary (
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
    query_job_begin (job, work_summary, query_job_answer);
}

void
query_summary_add_routes (Query *query, Router *router)
{
  router_add (router, "GET", "/api/v1/apps/*/conferences/*/summary", ROUTE_READ, 0,
      serve_summary, query);
}
