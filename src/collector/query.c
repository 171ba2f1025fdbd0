/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The query API. A request becomes a job: checked on the main thread, worked on in the
 * pool, answered on the main thread. A list of reports goes through the pool once for
 * each chunk, so that it needs no more memory than one, however long it is.
 */
#include "query.h"

#include <stdlib.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "log.h"
#include "query-json.h"
#include "reply.h"

#define N_THREADS 2
#define CHUNK_BYTES (256 * 1024)
#define CONFERENCES_DEFAULT 50
#define CONFERENCES_MAX 500
#define REPORTS_DEFAULT 1000
#define REPORTS_MAX 10000

struct _Query {
  Store *store;
  const Applications *applications;
  const Access *access;
  GThreadPool *pool;
};

typedef struct _Job Job;

struct _Job {
  Query *query;
  SoupServerMessage *message;
  gboolean busy;           /* in the pool, or on its way back */
  gboolean gone;           /* libsoup is through with the message */
  void (*work) (Job *job); /* in the pool */
  void (*done) (Job *job); /* on the main thread */
  char *app;
  char *id;
  gboolean has_cursor;
  StoreCursor cursor;
  gint64 to;
  guint left; /* rows that may still come */
  /* What the work brought */
  GString *json;
  gboolean found;
  gboolean more;
  gboolean any; /* a report was written */
  GError *error;
  StoreFabricKey *fabric;
};

static void
job_free (Job *job)
{
  g_signal_handlers_disconnect_by_data (job->message, job);
  g_object_unref (job->message);
  g_free (job->app);
  g_free (job->id);
  if (job->json != NULL)
    g_string_free (job->json, TRUE);
  g_clear_error (&job->error);
  store_fabric_key_free (job->fabric);
  g_free (job);
}

static void
on_message_finished (SoupServerMessage *message, Job *job)
{
  job->gone = TRUE;
  if (!job->busy)
    job_free (job);
}

static Job *
job_new (Query *query, SoupServerMessage *message, char **ids)
{
  Job *job = g_new0 (Job, 1);

  job->query = query;
  job->message = g_object_ref (message);
  job->app = g_strdup (ids[0]);
  job->id = g_strdup (ids[1]);
  job->to = G_MAXINT64;
  g_signal_connect (message, "finished", G_CALLBACK (on_message_finished), job);
  return job;
}

static gboolean
finish_job (gpointer user_data)
{
  Job *job = user_data;

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
  Job *job = data;

  job->work (job);
  g_idle_add_full (G_PRIORITY_DEFAULT, finish_job, job, NULL);
}

static void
start_job (Job *job)
{
  job->busy = TRUE;
  g_thread_pool_push (job->query->pool, job, NULL);
}

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

/* ---- Parameters ---- */

static gboolean
refuse (
    SoupServerMessage *message, const char *name, const char *value, const char *wanted)
{
  g_autofree char *text =
      g_strdup_printf ("%s=%s: must be %s", name, value != NULL ? value : "", wanted);
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  reply_error (message, SOUP_STATUS_BAD_REQUEST, "bad-parameter", valid);
  return FALSE;
}

static const char *
get_param (GHashTable *params, const char *name)
{
  return params != NULL ? g_hash_table_lookup (params, name) : NULL;
}

static gboolean
read_limit (SoupServerMessage *message, GHashTable *params, guint fallback, guint max,
    guint *limit)
{
  const char *text = get_param (params, "limit");
  g_autofree char *wanted = g_strdup_printf ("a whole number from 1 to %u", max);
  guint64 value;

  *limit = fallback;
  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (text, 10, 1, max, &value, NULL))
    return refuse (message, "limit", text, wanted);
  *limit = (guint)value;
  return TRUE;
}

static gboolean
read_time (SoupServerMessage *message, GHashTable *params, const char *name, gint64 *time)
{
  const char *text = get_param (params, name);
  gint64 ms;

  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_signed (
          text, 10, -G_MAXINT64 / 1000, G_MAXINT64 / 1000, &ms, NULL))
    return refuse (message, name, text, "whole milliseconds since 1970");
  *time = ms * 1000;
  return TRUE;
}

static char *
format_cursor (const StoreCursor *cursor)
{
  return g_strdup_printf (
      "%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, cursor->time, cursor->id);
}

static gboolean
parse_cursor (const char *text, StoreCursor *cursor)
{
  g_auto (GStrv) parts = g_strsplit (text, ".", 3);

  return g_strv_length (parts) == 2 &&
         g_ascii_string_to_signed (
             parts[0], 10, G_MININT64, G_MAXINT64, &cursor->time, NULL) &&
         g_ascii_string_to_signed (parts[1], 10, 0, G_MAXINT64, &cursor->id, NULL);
}

static gboolean
read_cursor (Job *job, GHashTable *params, const char *name)
{
  const char *text = get_param (params, name);

  job->has_cursor = text != NULL;
  if (text == NULL || parse_cursor (text, &job->cursor))
    return TRUE;
  return refuse (job->message, name, text, "the “next” of the page before");
}

/* ---- Answers ---- */

static gboolean
check_application (Query *query, SoupServerMessage *message, const char *app)
{
  if (applications_contain (query->applications, app))
    return TRUE;
  reply_error (message, SOUP_STATUS_NOT_FOUND, "unknown-application",
      "No such application; GET /api/v1/apps lists those there are");
  return FALSE;
}

/* A whole answer, once its job is done. */
static void
answer_whole (Job *job)
{
  SoupServerMessage *message = job->message;

  if (job->error != NULL)
    reply_error (message, SOUP_STATUS_INTERNAL_SERVER_ERROR, "store-failed",
        "The store cannot be read; the collector's log says why");
  else if (!job->found)
    reply_error (message, SOUP_STATUS_NOT_FOUND, "not-found",
        "No such conference or fabric in this application");
  else
    reply_json (
        message, SOUP_STATUS_OK, g_string_free (g_steal_pointer (&job->json), FALSE));
  soup_server_message_unpause (message);
  job_free (job);
}

static void
begin_job (Job *job, void (*work) (Job *), void (*done) (Job *))
{
  job->work = work;
  job->done = done;
  soup_server_message_pause (job->message);
  start_job (job);
}

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

static void
work_conferences (Job *job)
{
  g_autoptr (GPtrArray) list = store_list_conferences (job->query->store, job->app,
      job->has_cursor ? &job->cursor : NULL, job->left + 1, &job->error);
  g_autofree char *next = NULL;

  if (list == NULL)
    return;
  if (list->len > job->left) {
    StoreConference *last = list->pdata[job->left - 1];

    next = format_cursor (&(StoreCursor){ last->start, last->id });
    g_ptr_array_set_size (list, job->left);
  }
  job->found = TRUE;
  job->json = g_string_new (NULL);
  query_json_append_list (job->json, list, next, g_get_real_time ());
}

static void
serve_conferences (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Query *query = user_data;
  Job *job;

  if (!check_application (query, message, ids[0]))
    return;
  job = job_new (query, message, ids);
  if (read_limit (message, params, CONFERENCES_DEFAULT, CONFERENCES_MAX, &job->left) &&
      read_cursor (job, params, "before"))
    begin_job (job, work_conferences, answer_whole);
  else
    job_free (job);
}

static void
work_conference (Job *job)
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
  Query *query = user_data;
  if (check_application (query, message, ids[0]))
    begin_job (job_new (query, message, ids), work_conference, answer_whole);
}

/* ---- Reports, chunk by chunk ---- */

static void
append_report (gint64 time, const char *stats, gsize length, gpointer user_data)
{
  Job *job = user_data;

  query_json_append_report (job->json, !job->any, time, stats, length);
  job->any = TRUE;
}

static void
work_chunk (Job *job)
{
  int n;

  job->json = g_string_new (NULL);
  if (job->fabric == NULL) {
    job->fabric = store_find_fabric (job->query->store, job->app, job->id, &job->error);
    if (job->fabric == NULL)
      return;
    job->found = TRUE;
    query_json_begin_reports (job->json, job->fabric);
  }
  n = store_read_reports (job->query->store, job->fabric, &job->cursor, job->to,
      job->left, CHUNK_BYTES, append_report, job, &job->more, &job->error);
  if (n < 0)
    return;
  job->left -= n;
  if (!job->more || job->left == 0) {
    g_autofree char *next = job->more ? format_cursor (&job->cursor) : NULL;

    query_json_end_reports (job->json, next);
    job->more = FALSE;
  }
}

static void
send_chunk (Job *job)
{
  SoupMessageBody *body = soup_server_message_get_response_body (job->message);
  gsize length = job->json->len;
  char *text = g_string_free (g_steal_pointer (&job->json), FALSE);

  soup_message_body_append_take (body, (guchar *)text, length);
  if (!job->more)
    soup_message_body_complete (body);
  soup_server_message_unpause (job->message);
}

static void
on_chunk_written (SoupServerMessage *message, Job *job)
{
  if (!job->more)
    return;
  soup_server_message_pause (message);
  start_job (job);
}

/* Once the headers are out, an answer that cannot go on breaks off: no JSON reader takes
 * what there is for the whole. */
static void
send_next_chunk (Job *job)
{
  if (job->error != NULL)
    job->more = FALSE;
  send_chunk (job);
}

static void
send_first_chunk (Job *job)
{
  if (job->error != NULL || !job->found) {
    answer_whole (job);
    return;
  }
  job->done = send_next_chunk;
  reply_begin_stream (job->message);
  if (soup_server_message_get_method (job->message) == SOUP_METHOD_HEAD)
    job->more = FALSE;
  g_signal_connect (job->message, "wrote-chunk", G_CALLBACK (on_chunk_written), job);
  send_chunk (job);
}

static void
serve_reports (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Query *query = user_data;
  Job *job;
  gint64 from = G_MININT64;

  if (!check_application (query, message, ids[0]))
    return;
  job = job_new (query, message, ids);
  if (!read_limit (message, params, REPORTS_DEFAULT, REPORTS_MAX, &job->left) ||
      !read_time (message, params, "from", &from) ||
      !read_time (message, params, "to", &job->to) ||
      !read_cursor (job, params, "after")) {
    job_free (job);
    return;
  }
  if (!job->has_cursor)
    job->cursor.time = from;
  begin_job (job, work_chunk, send_first_chunk);
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
  router_add (router, "GET", "/api/v1/apps/*/fabrics/*/reports", ROUTE_READ, 0,
      serve_reports, query);
}
