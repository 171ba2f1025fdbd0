/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One fabric: what is known of it, and of its last report the candidate pair and the
 * codecs. Threads as in query-job.h.
 */
#include "callstats/callstats-json-private.h"
#include "query-job.h"
#include "query-json.h"
#include "query-routes.h"

#include <string.h>

#define EVENTS_MAX 1000
#define EVENTS_BYTES (1024 * 1024)
#define LAST_REPORTS 16 /* that may be looked at, of the last moment */

static void
keep_report (gint64 time, const char *stats, gsize length, gpointer user_data)
{
  JsonObject **last = user_data;
  JsonObject *report = callstats_json_parse_object (stats, length, NULL);

  if (report == NULL)
    return;
  g_clear_pointer (last, json_object_unref);
  *last = report;
}

/* Returns: (nullable): the stats of the last report. */
static JsonObject *
read_last_report (Store *store, const StoreFabricDetail *detail, GError **error)
{
  StoreFabricKey key = { .id = detail->fabric->id,
    .fabric = detail->fabric->fabric,
    .user = detail->fabric->user,
    .conference = detail->conference };
  StoreCursor cursor = { detail->fabric->last_report, -1 };
  JsonObject *last = NULL;
  gboolean more;

  if (detail->fabric->last_report != STORE_UNKNOWN_TIME)
    store_read_reports (store, &key, &cursor, G_MAXINT64, LAST_REPORTS, G_MAXSIZE,
        keep_report, &last, &more, error);
  return last;
}

/* Returns: (nullable): the stats object with that id. */
static JsonObject *
get_object (JsonObject *stats, const char *id)
{
  JsonNode *node = id != NULL ? json_object_get_member (stats, id) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                                       : NULL;
}

static gboolean
is_of_type (JsonObject *object, const char *type)
{
  return g_strcmp0 (callstats_json_get_string (object, "type", NULL), type) == 0;
}

static gboolean
is_selected (JsonObject *pair)
{
  JsonNode *selected = json_object_get_member (pair, "selected");

  return selected != NULL && JSON_NODE_HOLDS_VALUE (selected) &&
         json_node_get_value_type (selected) == G_TYPE_BOOLEAN &&
         json_node_get_boolean (selected);
}

/* Returns: (nullable): the pair that a transport names, or that says so itself. */
static JsonObject *
find_selected_pair (JsonObject *stats)
{
  JsonObjectIter iter;
  const char *id;
  JsonNode *node;
  JsonObject *found = NULL;

  json_object_iter_init_ordered (&iter, stats);
  while (found == NULL && json_object_iter_next_ordered (&iter, &id, &node)) {
    JsonObject *object = get_object (stats, id);

    if (object != NULL && is_of_type (object, "transport"))
      found = get_object (
          stats, callstats_json_get_string (object, "selectedCandidatePairId", NULL));
    else if (object != NULL && is_of_type (object, "candidate-pair") &&
             is_selected (object))
      found = object;
  }
  return found;
}

static void
append_object (GString *json, const char *name, JsonObject *object)
{
  g_autoptr (JsonNode) node = NULL;

  if (object == NULL)
    return;
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, object);
  callstats_json_append_member (json, name);
  callstats_json_append_node (json, node);
}

static void
append_candidate_pair (GString *json, JsonObject *stats)
{
  JsonObject *pair = find_selected_pair (stats);

  if (pair == NULL)
    return;
  callstats_json_append_member (json, "candidatePair");
  g_string_append_c (json, '{');
  append_object (json, "pair", pair);
  append_object (json, "local",
      get_object (stats, callstats_json_get_string (pair, "localCandidateId", NULL)));
  append_object (json, "remote",
      get_object (stats, callstats_json_get_string (pair, "remoteCandidateId", NULL)));
  g_string_append_c (json, '}');
}

static void
append_codecs (GString *json, JsonObject *stats)
{
  JsonObjectIter iter;
  const char *id;
  JsonNode *node;

  callstats_json_append_member (json, "codecs");
  g_string_append_c (json, '[');
  json_object_iter_init_ordered (&iter, stats);
  while (json_object_iter_next_ordered (&iter, &id, &node)) {
    JsonObject *object = get_object (stats, id);

    if (object == NULL || !is_of_type (object, "codec"))
      continue;
    if (json->str[json->len - 1] != '[')
      g_string_append_c (json, ',');
    callstats_json_append_node (json, node);
  }
  g_string_append_c (json, ']');
}

static gboolean
append_events (QueryJob *job, const StoreFabricDetail *detail)
{
  StoreEventSearch search = {
    .conference = { job->app, detail->conference, detail->occurrence },
    .fabric = detail->fabric->fabric,
    .user = detail->fabric->user,
    .from = G_MININT64,
    .to = G_MAXINT64,
    .after = { G_MININT64, 0 },
    .limit = EVENTS_MAX,
    .max_bytes = EVENTS_BYTES,
  };
  gboolean more;
  g_autoptr (GPtrArray) events =
      store_list_events (job->query->store, &search, &more, &job->error);

  if (events == NULL)
    return FALSE;
  callstats_json_append_member (job->json, "events");
  g_string_append_c (job->json, '[');
  for (guint i = 0; i < events->len; i++) {
    if (i > 0)
      g_string_append_c (job->json, ',');
    query_json_append_event (job->json, events->pdata[i]);
  }
  g_string_append_c (job->json, ']');
  callstats_json_append_member (job->json, "truncated");
  g_string_append (job->json, more ? "true" : "false");
  return TRUE;
}

static void
work_fabric (QueryJob *job)
{
  Store *store = job->query->store;
  g_autoptr (StoreFabricDetail) detail =
      store_read_fabric (store, job->app, job->id, &job->error);
  g_autoptr (JsonObject) report = NULL;

  if (detail == NULL)
    return;
  job->json = g_string_new (NULL);
  query_json_begin_fabric (job->json, detail);
  report = read_last_report (store, detail, &job->error);
  if (job->error != NULL)
    return;
  if (report != NULL) {
    append_candidate_pair (job->json, report);
    append_codecs (job->json, report);
  }
  job->found = append_events (job, detail);
  g_string_append (job->json, "}\n");
}

static void
serve_fabric (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryJob *job = query_job_new (user_data, message, ids, NULL, NULL);

  if (job != NULL)
    query_job_begin (job, work_fabric, query_job_answer);
}

void
query_fabric_add_routes (Query *query, Router *router)
{
  router_add (
      router, "GET", "/api/v1/apps/*/fabrics/*", ROUTE_READ, 0, serve_fabric, query);
}
