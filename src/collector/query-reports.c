/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports of a fabric. A list goes through the pool once for each chunk, so that it needs
 * no more memory than one, however long it is. Threads as in query-job.h.
 */
#include "query-job.h"
#include "query-json.h"
#include "query-params.h"
#include "query-routes.h"
#include "reply.h"

#define CHUNK_BYTES (256 * 1024)
#define REPORTS_DEFAULT 1000
#define REPORTS_MAX 10000

typedef struct {
  StoreCursor cursor;
  gint64 to;
  guint left; /* reports that may still come */
  StoreFabricKey *fabric;
  gboolean more;
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
      reports->left, CHUNK_BYTES, append_report, job, &reports->more, &job->error);
  if (n < 0)
    return;
  reports->left -= n;
  if (!reports->more || reports->left == 0) {
    g_autofree char *next = reports->more ? query_format_cursor (&reports->cursor) : NULL;

    query_json_end_reports (job->json, next);
    reports->more = FALSE;
  }
}

static void
send_chunk (QueryJob *job)
{
  Reports *reports = job->request;
  SoupMessageBody *body = soup_server_message_get_response_body (job->message);
  gsize length = job->json->len;
  char *text = g_string_free (g_steal_pointer (&job->json), FALSE);

  soup_message_body_append_take (body, (guchar *)text, length);
  if (!reports->more)
    soup_message_body_complete (body);
  soup_server_message_unpause (job->message);
}

static void
on_chunk_written (SoupServerMessage *message, QueryJob *job)
{
  Reports *reports = job->request;

  if (!reports->more)
    return;
  soup_server_message_pause (message);
  query_job_go_on (job);
}

/* Once the headers are out, an answer that cannot go on breaks off: no JSON reader takes
 * what there is for the whole. */
static void
send_next_chunk (QueryJob *job)
{
  Reports *reports = job->request;

  if (job->error != NULL)
    reports->more = FALSE;
  send_chunk (job);
}

static void
send_first_chunk (QueryJob *job)
{
  Reports *reports = job->request;

  if (job->error != NULL || !job->found) {
    query_job_answer (job);
    return;
  }
  job->done = send_next_chunk;
  reply_begin_stream (job->message, "application/json");
  if (soup_server_message_get_method (job->message) == SOUP_METHOD_HEAD)
    reports->more = FALSE;
  g_signal_connect (job->message, "wrote-chunk", G_CALLBACK (on_chunk_written), job);
  send_chunk (job);
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
    query_job_begin (job, work_chunk, send_first_chunk);
}

void
query_reports_add_routes (Query *query, Router *router)
{
  router_add (router, "GET", "/api/v1/apps/*/fabrics/*/reports", ROUTE_READ, 0,
      serve_reports, query);
}
