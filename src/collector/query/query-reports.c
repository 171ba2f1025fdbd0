/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports of a fabric. Threads as in query-job.h.
 */
#include "query-job.h"
#include "query-json.h"
#include "query-params.h"
#include "query-routes.h"
#include "query-stream.h"

#define CHUNK_BYTES (256 * 1024)
#define REPORTS_DEFAULT 1000
#define REPORTS_MAX 10000

typedef struct {
  StoreCursor cursor;
  gint64 to;
  guint left; /* reports that may still come */
  StoreFabricKey *fabric;
  gboolean any; /* a report was written */
} Reports;

static void
reports_free (gpointer data)
{
  Reports *reports = data;

  store_fabric_key_free (reports->fabric);
  g_free (reports);
}

static void
append_report (gint64 time, const char *stats, gsize length, gpointer user_data)
{
  QueryJob *job = user_data;
  Reports *reports = job->request;

  query_json_append_report (job->json, !reports->any, time, stats, length);
  reports->any = TRUE;
}

static void
work_chunk (QueryJob *job)
{
  Reports *reports = job->request;
  Store *store = job->query->store;
  int n;

  job->json = g_string_new (NULL);
  if (reports->fabric == NULL) {
    reports->fabric = store_find_fabric (store, job->app, job->id, &job->error);
    if (reports->fabric == NULL)
      return;
    job->found = TRUE;
    query_json_begin_reports (job->json, reports->fabric);
  }
  n = store_read_reports (store, reports->fabric, &reports->cursor, reports->to,
      reports->left, CHUNK_BYTES, append_report, job, &job->more, &job->error);
  if (n < 0)
    return;
  reports->left -= n;
  if (!job->more || reports->left == 0) {
    g_autofree char *next = job->more ? query_format_cursor (&reports->cursor) : NULL;

    query_json_end_reports (job->json, next);
    job->more = FALSE;
  }
}

static void
serve_reports (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  Reports *reports = g_new0 (Reports, 1);
  QueryJob *job;

  reports->left = query_params_limit (&given, REPORTS_DEFAULT, REPORTS_MAX);
  reports->cursor.time = query_params_time (&given, "from", G_MININT64);
  reports->to = query_params_time (&given, "to", G_MAXINT64);
  query_params_cursor (&given, "after", &reports->cursor);
  if (given.refused) {
    reports_free (reports);
    return;
  }
  job = query_job_new (user_data, message, ids, reports, reports_free);
  if (job != NULL)
    query_job_stream (job, "application/json", work_chunk, NULL);
}

void
query_reports_add_routes (Query *query, Router *router)
{
  router_add (router, "GET", "/api/v1/apps/*/fabrics/*/reports", ROUTE_READ, 0,
      serve_reports, query);
}
