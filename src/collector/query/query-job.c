/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Requests on their way through the pool. Threads as in query-job.h.
 */
#include "query-job.h"

#include "log.h"
#include "reply.h"

static void
job_free (QueryJob *job)
{
  g_signal_handlers_disconnect_by_data (job->message, job);
  g_object_unref (job->message);
  g_free (job->app);
  g_free (job->id);
  if (job->free_request != NULL)
    job->free_request (job->request);
  if (job->json != NULL)
    g_string_free (job->json, TRUE);
  g_free (job->refusal);
  g_clear_error (&job->error);
  g_free (job);
}

static void
on_message_finished (SoupServerMessage *message, QueryJob *job)
{
  job->gone = TRUE;
  if (!job->busy)
    job_free (job);
}

static gboolean
check_application (Query *query, SoupServerMessage *message, const char *app)
{
  if (applications_contain (query->applications, app))
    return TRUE;
  reply_error (message, SOUP_STATUS_NOT_FOUND, "unknown-application",
      "No such application; GET /api/v1/apps lists those there are");
  return FALSE;
}

QueryJob *
query_job_new (Query *query, SoupServerMessage *message, char **ids, gpointer request,
    GDestroyNotify free_request)
{
  QueryJob *job;

  if (!check_application (query, message, ids[0])) {
    if (free_request != NULL)
      free_request (request);
    return NULL;
  }
  job = g_new0 (QueryJob, 1);
  job->query = query;
  job->message = g_object_ref (message);
  job->app = g_strdup (ids[0]);
  job->id = g_strdup (ids[1]);
  job->request = request;
  job->free_request = free_request;
  g_signal_connect (message, "finished", G_CALLBACK (on_message_finished), job);
  return job;
}

static gboolean
finish_job (gpointer user_data)
{
  QueryJob *job = user_data;

  job->busy = FALSE;
  if (job->error != NULL)
    log_warning ("query-failed", "app", job->app, "reason", job->error->message, NULL);
  if (job->gone)
    job_free (job);
  else
    job->done (job);
  return G_SOURCE_REMOVE;
}

static void
work_job (gpointer data, gpointer user_data)
{
  QueryJob *job = data;

  job->work (job);
  g_idle_add_full (G_PRIORITY_DEFAULT, finish_job, job, NULL);
}

void
query_job_go_on (QueryJob *job)
{
  job->busy = TRUE;
  g_thread_pool_push (job->query->pool, job, NULL);
}

void
query_job_begin (QueryJob *job, QueryFunc work, QueryFunc done)
{
  job->work = work;
  job->done = done;
  soup_server_message_pause (job->message);
  query_job_go_on (job);
}

void
query_job_answer (QueryJob *job)
{
  SoupServerMessage *message = job->message;

  if (job->error != NULL)
    reply_error (message, SOUP_STATUS_INTERNAL_SERVER_ERROR, "store-failed",
        "The store cannot be read; the collector's log says why");
  else if (job->refusal != NULL)
    reply_error (message, SOUP_STATUS_BAD_REQUEST, "bad-parameter", job->refusal);
  else if (!job->found)
    reply_error (message, SOUP_STATUS_NOT_FOUND, "not-found",
        "No such conference, fabric or user in this application");
  else if (job->json == NULL)
    reply_empty (message, SOUP_STATUS_NO_CONTENT);
  else
    reply_json (
        message, SOUP_STATUS_OK, g_string_free (g_steal_pointer (&job->json), FALSE));
  soup_server_message_unpause (message);
  job_free (job);
}

#define N_THREADS 2

Query *
query_new (Store *store, const Applications *applications, const Access *access)
{
  Query *query = g_new0 (Query, 1);

  query->store = store;
  query->applications = applications;
  query->access = access;
  query->pool = g_thread_pool_new (work_job, query, N_THREADS, FALSE, NULL);
  return query;
}

void
query_free (Query *query)
{
  if (query == NULL)
    return;
  g_thread_pool_free (query->pool, FALSE, TRUE);
  g_free (query);
}
