/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Series of a fabric, for charts. Threads as in query-job.h.
 */
#include "callstats/callstats-json-private.h"
#include "query-job.h"
#include "query-params.h"
#include "query-routes.h"
#include "series-json.h"

#define POINTS_DEFAULT 600
#define POINTS_MAX 5000
/* What one answer may take of memory, about 64 bytes each. */
#define CELLS_MAX 500000
/* Rollups spare reports to be read one by one; where they do not fit the step, no more
 * than these are. */
#define REPORTS_MAX 10000

#define AUTO (-1)
#define RAW 0

typedef struct {
  gint64 from, to; /* µs */
  gint64 step;     /* µs, or one of the above */
  guint points;
} Request;

static const gint64 steps[] = { 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200,
  14400, 21600, 43200, 86400, 7 * 86400 };

static gboolean
fits_rollups (gint64 step)
{
  return step > 0 && step % STORE_SERIES_STEP == 0;
}

/* The fabric's time, as far as it is asked for. Returns: its length. */
static gint64
clip (const StoreFabric *fabric, Request *request)
{
  gint64 end = fabric->last_report + G_TIME_SPAN_MILLISECOND;

  if (fabric->first_report == STORE_UNKNOWN_TIME) {
    request->from = request->to = STORE_UNKNOWN_TIME;
    return 0;
  }
  request->from = CLAMP (request->from, fabric->first_report, end);
  request->to = CLAMP (request->to, request->from, end);
  return request->to - request->from;
}

/* Reports come evenly, about. */
static double
estimate_reports (const StoreFabric *fabric, gint64 range)
{
  double whole = (double)(fabric->last_report - fabric->first_report) + 1;

  return (double)fabric->reports * MIN ((double)range / whole, 1);
}

static void
choose_step (Request *request, gint64 range, double reports)
{
  guint i = 0;

  if (request->step != AUTO)
    return;
  request->step = RAW;
  if (reports <= request->points)
    return;
  while (i + 1 < G_N_ELEMENTS (steps) &&
         range / (steps[i] * G_USEC_PER_SEC) >= request->points)
    i++;
  request->step = steps[i] * G_USEC_PER_SEC;
}

/* Returns: (nullable): NULL where it can be answered. */
static char *
refuse (const Request *request, gint64 range, double reports)
{
  if (request->step > 0 && range / request->step > POINTS_MAX)
    return g_strdup_printf ("step=%" G_GINT64_FORMAT ": that would be more than %u "
                            "points; take a larger one, or less time",
        request->step / 1000, POINTS_MAX);
  if (!fits_rollups (request->step) && reports > REPORTS_MAX)
    return g_strdup_printf ("step: there are about %.0f reports in that time; take a "
                            "multiple of %u, or less time",
        reports, (guint)(STORE_SERIES_STEP / 1000));
  return NULL;
}

static void
append_time (GString *json, const char *name, gint64 time)
{
  callstats_json_append_member (json, name);
  if (time == STORE_UNKNOWN_TIME)
    g_string_append (json, "null");
  else
    callstats_json_append_int (json, time / 1000);
}

static void
begin (QueryJob *job, const StoreFabricDetail *detail, const Request *request)
{
  GString *json = job->json = g_string_new ("{");

  callstats_json_append_member (json, "fabric");
  callstats_json_append_string (json, detail->fabric->fabric);
  callstats_json_append_member (json, "conference");
  callstats_json_append_string (json, detail->conference);
  callstats_json_append_member (json, "user");
  callstats_json_append_string (json, detail->fabric->user);
  append_time (json, "from", request->from);
  append_time (json, "to", request->to);
  callstats_json_append_member (json, "step");
}

static gboolean
read_table (QueryJob *job, const StoreFabric *fabric, SeriesTable *table)
{
  StoreFabricKey key = { .id = fabric->id };

  return store_read_series (job->query->store, &key, table, &job->error);
}

static void
work (QueryJob *job)
{
  Request *request = job->request;
  g_autoptr (StoreFabricDetail) detail =
      store_read_fabric (job->query->store, job->app, job->id, &job->error);
  g_autoptr (SeriesTable) table = NULL;
  double reports;
  gint64 range;

  if (detail == NULL)
    return;
  job->found = TRUE;
  range = clip (detail->fabric, request);
  reports = range > 0 ? estimate_reports (detail->fabric, range) : 0;
  choose_step (request, range, reports);
  job->refusal = refuse (request, range, reports);
  if (job->refusal != NULL)
    return;
  table = series_table_new (request->step, request->from, request->to, CELLS_MAX);
  if (range > 0 && !read_table (job, detail->fabric, table))
    return;
  begin (job, detail, request);
  if (table->step > 0)
    callstats_json_append_int (job->json, table->step / 1000);
  else
    g_string_append (job->json, "null");
  series_json_append (job->json, table);
  g_string_append (job->json, "}\n");
}

static void
serve_series (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  g_autofree Request *request = g_new0 (Request, 1);
  QueryJob *job;

  request->from = query_params_time (&given, "from", G_MININT64);
  request->to = query_params_time (&given, "to", G_MAXINT64);
  request->step = query_params_step (&given, "step");
  request->points = query_params_count (&given, "points", POINTS_DEFAULT, POINTS_MAX);
  if (given.refused)
    return;
  job = query_job_new (user_data, message, ids, g_steal_pointer (&request), g_free);
  if (job != NULL)
    query_job_begin (job, work, query_job_answer);
}

void
query_series_add_routes (Query *query, Router *router)
{
  router_add (router, "GET", "/api/v1/apps/*/fabrics/*/series", ROUTE_READ, 0,
      serve_series, query);
}
