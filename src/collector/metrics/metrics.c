/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GET /metrics. The store is asked in a thread of its own, the text is made on the main
 * thread.
 */
#include "metrics.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "counters.h"
#include "log.h"
#include "metrics-process.h"
#include "reply.h"

#define MAX_SCORED 16384

struct _Metrics {
  MetricsSources sources;
  GArray *parts; /* Part */
  GThreadPool *pool;
  /* Calls that ended, and their fabrics whose score was counted: summaries change. */
  GHashTable *scored;  /* set of strings */
  GQueue scored_order; /* the same, oldest first */
};

typedef struct {
  MetricsFunc func;
  gpointer user_data;
} Part;

typedef struct {
  Metrics *metrics;
  SoupServerMessage *message;
  gboolean gone;       /* libsoup is through with the message */
  GPtrArray *activity; /* nullable: StoreActivity */
  guint64 size;
  GError *error;
} Scrape;

static void
scrape_free (Scrape *scrape)
{
  g_signal_handlers_disconnect_by_data (scrape->message, scrape);
  g_object_unref (scrape->message);
  g_clear_pointer (&scrape->activity, g_ptr_array_unref);
  g_clear_error (&scrape->error);
  g_free (scrape);
}

/* ---- The text ---- */

static void
append_build (GString *text)
{
  metrics_text_family (text, "callstats_collector_build_info", "gauge",
      "The version that runs; the value is always 1.");
  metrics_text_count (
      text, "callstats_collector_build_info", 1, "version", PACKAGE_VERSION, NULL);
}

static void
append_store (GString *text, const Scrape *scrape)
{
  metrics_text_family (text, "callstats_store_bytes", "gauge",
      "Size of the database on disk, its write-ahead log included.");
  metrics_text_count (text, "callstats_store_bytes", scrape->size, NULL);
}

/* Those without a label of their own together. */
static GHashTable *
sum_activity (Tally *tally, const GPtrArray *list)
{
  GHashTable *sums = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) labels = tally_list_labels (tally);

  for (guint i = 0; i < labels->len; i++)
    g_hash_table_insert (sums, g_strdup (labels->pdata[i]), g_new0 (StoreActivity, 1));
  for (guint i = 0; i < list->len; i++) {
    const StoreActivity *activity = list->pdata[i];
    g_autofree char *label = tally_get_label (tally, activity->app);
    StoreActivity *sum = g_hash_table_lookup (sums, label);

    if (sum == NULL) {
      sum = g_new0 (StoreActivity, 1);
      g_hash_table_insert (sums, g_steal_pointer (&label), sum);
    }
    sum->conferences += activity->conferences;
    sum->participants += activity->participants;
    sum->fabrics += activity->fabrics;
  }
  return sums;
}

static const struct {
  const char *name;
  const char *help;
  gsize offset;
} activities[] = {
  { "callstats_conferences_active", "Conferences that go on.",
      G_STRUCT_OFFSET (StoreActivity, conferences) },
  { "callstats_participants_active", "Participants who have not left them.",
      G_STRUCT_OFFSET (StoreActivity, participants) },
  { "callstats_fabrics_active", "Fabrics in them that are not over.",
      G_STRUCT_OFFSET (StoreActivity, fabrics) },
};

static void
append_activity (GString *text, Tally *tally, const GPtrArray *list)
{
  g_autoptr (GHashTable) sums = sum_activity (tally, list);
  g_autoptr (GList) names =
      g_list_sort (g_hash_table_get_keys (sums), (GCompareFunc)strcmp);

  for (gsize i = 0; i < G_N_ELEMENTS (activities); i++) {
    metrics_text_family (text, activities[i].name, "gauge", activities[i].help);
    for (GList *name = names; name != NULL; name = name->next)
      metrics_text_count (text, activities[i].name,
          G_STRUCT_MEMBER (
              guint, g_hash_table_lookup (sums, name->data), activities[i].offset),
          "app", name->data, NULL);
  }
}

typedef struct {
  GString *text;
  const char *last; /* name of the family that was begun */
} CounterText;

static void
append_counter (const char *name, const char *help, const char *label, const char *value,
    guint64 n, gpointer user_data)
{
  CounterText *counters = user_data;

  if (g_strcmp0 (counters->last, name) != 0)
    metrics_text_family (counters->text, name, "counter", help);
  counters->last = name;
  if (label != NULL)
    metrics_text_count (counters->text, name, n, label, value, NULL);
  else
    metrics_text_count (counters->text, name, n, NULL);
}

static void
append_counters (GString *text)
{
  CounterText counters = { .text = text };

  counters_foreach (append_counter, &counters);
}

static char *
make_text (Scrape *scrape)
{
  Metrics *metrics = scrape->metrics;
  GString *text = g_string_new (NULL);

  append_build (text);
  metrics_process_append (text);
  tally_append_metrics (metrics->sources.tally, text);
  append_activity (text, metrics->sources.tally, scrape->activity);
  append_store (text, scrape);
  append_counters (text);
  for (guint i = 0; i < metrics->parts->len; i++) {
    Part *part = &g_array_index (metrics->parts, Part, i);

    part->func (text, part->user_data);
  }
  return g_string_free (text, FALSE);
}

/* ---- The request ---- */

static void
on_message_finished (SoupServerMessage *message, Scrape *scrape)
{
  scrape->gone = TRUE;
}

static void
answer (Scrape *scrape)
{
  if (scrape->error != NULL) {
    log_warning ("metrics-failed", "reason", scrape->error->message, NULL);
    reply_error (scrape->message, SOUP_STATUS_INTERNAL_SERVER_ERROR, "store-failed",
        "The store cannot be read; the collector's log says why");
  } else {
    reply_text (scrape->message, SOUP_STATUS_OK, METRICS_TEXT_TYPE, make_text (scrape));
  }
  soup_server_message_unpause (scrape->message);
}

static gboolean
finish_scrape (gpointer user_data)
{
  Scrape *scrape = user_data;

  if (!scrape->gone)
    answer (scrape);
  scrape_free (scrape);
  return G_SOURCE_REMOVE;
}

static void
ask_store (gpointer data, gpointer user_data)
{
  Scrape *scrape = data;
  Store *store = scrape->metrics->sources.store;

  scrape->activity = store_list_activity (store, g_get_real_time (), &scrape->error);
  scrape->size = store_get_size (store);
  g_idle_add_full (G_PRIORITY_DEFAULT, finish_scrape, scrape, NULL);
}

static gboolean
may_read (const Metrics *metrics, SoupServerMessage *message)
{
  GSocketAddress *peer = soup_server_message_get_remote_address (message);

  if (!metrics->sources.behind_proxy && G_IS_INET_SOCKET_ADDRESS (peer) &&
      g_inet_address_get_is_loopback (
          g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (peer))))
    return TRUE;
  return access_check (metrics->sources.access, message, APPLICATIONS_ALL);
}

static void
know_applications (Metrics *metrics)
{
  g_autoptr (GPtrArray) apps = applications_list (metrics->sources.applications);

  for (guint i = 0; i < apps->len; i++)
    tally_know_app (metrics->sources.tally, apps->pdata[i]);
}

static void
serve_metrics (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  Metrics *metrics = user_data;
  Scrape *scrape;

  if (!may_read (metrics, message))
    return;
  know_applications (metrics);
  scrape = g_new0 (Scrape, 1);
  scrape->metrics = metrics;
  scrape->message = g_object_ref (message);
  g_signal_connect (message, "finished", G_CALLBACK (on_message_finished), scrape);
  soup_server_message_pause (message);
  g_thread_pool_push (metrics->pool, scrape, NULL);
}

/* ---- Summaries ---- */

/* key: (transfer full). Returns: whether it is new. */
static gboolean
remember (Metrics *metrics, char *key)
{
  if (g_hash_table_contains (metrics->scored, key)) {
    g_free (key);
    return FALSE;
  }
  g_hash_table_add (metrics->scored, key);
  g_queue_push_tail (&metrics->scored_order, key);
  if (metrics->scored_order.length > MAX_SCORED)
    g_hash_table_remove (metrics->scored, g_queue_pop_head (&metrics->scored_order));
  return TRUE;
}

static void
count_score (Metrics *metrics, const char *app, const char *call, JsonObject *fabric)
{
  JsonObject *score = callstats_json_get_object (fabric, "score");

  if (score != NULL &&
      remember (metrics,
          g_strjoin ("\n", call, callstats_json_get_string (fabric, "localID", ""),
              callstats_json_get_string (fabric, "connectionID", ""), NULL)))
    tally_score (
        metrics->sources.tally, app, callstats_json_get_double (score, "p50", NAN));
}

/* Of a call that ended before this start, the scores were counted then. */
void
metrics_tell (const char *app, const char *conference, gboolean ended_now,
    JsonObject *summary, gpointer user_data)
{
  Metrics *metrics = user_data;
  JsonArray *fabrics = callstats_json_get_array (summary, "fabricSummaries");
  g_autofree char *call =
      g_strjoin ("\n", app, callstats_json_get_string (summary, "occurrence", ""), NULL);

  if (ended_now)
    remember (metrics, g_strdup (call));
  else if (!g_hash_table_contains (metrics->scored, call) ||
           isnan (callstats_json_get_double (summary, "endTime", NAN)))
    return;
  for (guint i = 0; fabrics != NULL && i < json_array_get_length (fabrics); i++)
    count_score (metrics, app, call, json_array_get_object_element (fabrics, i));
}

/* ---- Life ---- */

Metrics *
metrics_new (const MetricsSources *sources)
{
  Metrics *metrics = g_new0 (Metrics, 1);

  metrics->sources = *sources;
  metrics->scored = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  metrics->parts = g_array_new (FALSE, FALSE, sizeof (Part));
  metrics->pool = g_thread_pool_new (ask_store, metrics, 1, FALSE, NULL);
  know_applications (metrics);
  return metrics;
}

void
metrics_add (Metrics *metrics, MetricsFunc func, gpointer user_data)
{
  Part part = { .func = func, .user_data = user_data };

  g_array_append_val (metrics->parts, part);
}

void
metrics_add_routes (Metrics *metrics, Router *router)
{
  router_add (router, "GET", "/metrics", ROUTE_OPEN, 0, serve_metrics, metrics);
}

void
metrics_free (Metrics *metrics)
{
  if (metrics == NULL)
    return;
  g_thread_pool_free (metrics->pool, FALSE, TRUE);
  g_array_unref (metrics->parts);
  g_queue_clear (&metrics->scored_order);
  g_hash_table_unref (metrics->scored);
  g_free (metrics);
}
