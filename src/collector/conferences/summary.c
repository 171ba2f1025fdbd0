/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a call came to: its setups, its ends, who was affected. Pure; one thread at a
 * time.
 */
#include "summary.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "pairing.h"
#include "summarizer.h"

/* Feedback and setup errors of one call; more are cut. */
#define MAX_LISTED 1000

typedef struct {
  const StoreDetail *call;
  const GPtrArray *fabrics; /* SummaryFabric */
  const int *pairs;
  gboolean truncated;
  JsonObject *json;
} Builder;

static SummaryFabric *
fabric_at (const Builder *builder, guint index)
{
  return builder->fabrics->pdata[index];
}

static void
add_users (Builder *builder)
{
  const GPtrArray *participants = builder->call->participants;
  JsonArray *users = json_array_new ();

  json_object_set_int_member (
      builder->json, "userCount", builder->call->conference->participants);
  for (guint i = 0; i < MIN (participants->len, MAX_LISTED); i++)
    json_array_add_string_element (
        users, ((StoreParticipant *)participants->pdata[i])->user);
  builder->truncated |= participants->len > MAX_LISTED;
  json_object_set_array_member (builder->json, "userIDList", users);
}

static void
add_times (Builder *builder, gboolean ended)
{
  const StoreConference *conference = builder->call->conference;
  gint64 end = ended ? conference->last_seen : STORE_UNKNOWN_TIME;

  summary_json_add_time (builder->json, "startTime", conference->start);
  summary_json_add_time (builder->json, "endTime", end);
  summary_json_add_number (builder->json, "duration",
      ended ? (double)(end - conference->start) / 1000 : NAN, 0);
}

/* ---- Setups ---- */

static const char *
judge_setups (const Builder *builder)
{
  guint set_up = 0, failed = 0;

  for (guint i = 0; i < builder->fabrics->len; i++) {
    const SummaryFabric *fabric = fabric_at (builder, i);

    set_up += fabric->set_up;
    failed += !fabric->set_up && fabric->failures->len > 0;
  }
  if (set_up > 0)
    return failed > 0 ? "partial" : "success";
  return failed > 0 ? "failed" : NULL;
}

static int
compare_delays (gconstpointer a, gconstpointer b)
{
  double one = *(const double *)a, other = *(const double *)b;

  return (one > other) - (one < other);
}

/* Rising: double, of the fabrics that were set up. */
static GArray *
list_delays (const Builder *builder)
{
  GArray *delays = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < builder->fabrics->len; i++) {
    double delay = fabric_at (builder, i)->row->setup_delay;

    if (isfinite (delay))
      g_array_append_val (delays, delay);
  }
  g_array_sort (delays, compare_delays);
  return delays;
}

/* Returns: the median, that of an even number being between the two in the middle; not a
 * number where no fabric was set up. */
static double
add_setup_times (Builder *builder)
{
  g_autoptr (GArray) list = list_delays (builder);
  const double *delays = (const double *)(gpointer)list->data;
  guint n = list->len;
  double median, sum = 0;
  JsonObject *json;

  if (n == 0) {
    json_object_set_null_member (builder->json, "fabricSetupTimes");
    return NAN;
  }
  for (guint i = 0; i < n; i++)
    sum += delays[i];
  median = (delays[(n - 1) / 2] + delays[n / 2]) / 2;
  json = json_object_new ();
  summary_json_add_number (json, "minSetupDelay", delays[0], 3);
  summary_json_add_number (json, "medianSetupDelay", median, 3);
  summary_json_add_number (json, "meanSetupDelay", sum / n, 3);
  summary_json_add_number (json, "maxSetupDelay", delays[n - 1], 3);
  json_object_set_object_member (builder->json, "fabricSetupTimes", json);
  return median;
}

static void
add_listed (Builder *builder, JsonArray *list, const SummaryFabric *fabric,
    const char *reason, gint64 time)
{
  JsonObject *json;

  if (json_array_get_length (list) >= MAX_LISTED) {
    builder->truncated = TRUE;
    return;
  }
  json = json_object_new ();
  summary_json_add_text (json, "reason", reason);
  summary_json_add_text (json, "connectionID", fabric->row->fabric);
  summary_json_add_text (json, "localID", fabric->row->user);
  summary_json_add_text (json, "remoteID", fabric->row->remote_user);
  summary_json_add_time (json, "timestamp", time);
  json_array_add_object_element (list, json);
}

static void
count_in (JsonObject *counts, const char *name)
{
  json_object_set_int_member (counts, name, callstats_json_get_int (counts, name, 0) + 1);
}

static void
add_failures (Builder *builder)
{
  JsonArray *list = json_array_new ();
  JsonObject *counts = json_object_new ();

  for (guint i = 0; i < builder->fabrics->len; i++) {
    const SummaryFabric *fabric = fabric_at (builder, i);

    for (guint k = 0; k < fabric->failures->len; k++) {
      const SummaryFailure *failure = fabric->failures->pdata[k];

      add_listed (builder, list, fabric, failure->reason, failure->time);
      count_in (counts, failure->reason);
    }
  }
  json_object_set_array_member (builder->json, "fabricSetupErrors", list);
  json_object_set_object_member (builder->json, "failures", counts);
}

/* ---- Ends ---- */

static void
add_terminations (Builder *builder)
{
  JsonArray *list = json_array_new ();
  JsonObject *counts = json_object_new ();

  for (guint i = 0; i < builder->fabrics->len; i++) {
    const SummaryFabric *fabric = fabric_at (builder, i);
    const char *how = termination_to_string (fabric->termination);

    if (how == NULL)
      continue;
    add_listed (builder, list, fabric, how, fabric->terminated);
    count_in (counts, how);
  }
  json_object_set_array_member (builder->json, "fabricTerminationStatuses", list);
  json_object_set_object_member (builder->json, "terminations", counts);
}

static const char *
judge_terminations (const Builder *builder, gboolean ended)
{
  Termination worst = TERMINATION_NONE;

  for (guint i = 0; ended && i < builder->fabrics->len; i++)
    worst = MAX (worst, fabric_at (builder, i)->termination);
  return termination_to_string (worst);
}

/* ---- Media ---- */

static guint
add_disruptions (Builder *builder)
{
  guint count = 0;
  gint64 total = 0;

  for (guint i = 0; i < builder->fabrics->len; i++) {
    count += fabric_at (builder, i)->disruptions;
    total += fabric_at (builder, i)->disrupted;
  }
  summary_json_add_disruptions (builder->json, "disruptions", count, total);
  return count;
}

/* Both ends may tell of the same stream. */
static guint
add_one_way (Builder *builder)
{
  g_autoptr (GHashTable) ssrcs = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < builder->fabrics->len; i++) {
    const GArray *list = fabric_at (builder, i)->one_way;

    for (guint k = 0; k < list->len; k++)
      g_hash_table_add (
          ssrcs, GUINT_TO_POINTER (g_array_index (list, SummaryOneWay, k).ssrc));
  }
  json_object_set_int_member (builder->json, "oneWayMedia", g_hash_table_size (ssrcs));
  return g_hash_table_size (ssrcs);
}

/* Returns: the lowest of the fabrics' medians. */
static double
add_score (Builder *builder, Histogram *scores)
{
  Distribution distribution;
  double lowest = NAN;

  histogram_describe (scores, &distribution);
  summary_json_add_distribution (builder->json, "score", &distribution, 2);
  for (guint i = 0; i < builder->fabrics->len; i++)
    lowest = fmin (lowest, fabric_at (builder, i)->score.p50);
  return lowest;
}

static void
add_feedback (Builder *builder)
{
  static const char *const ratings[] = { "overall", "audio", "video", "screen" };
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < builder->call->events->len; i++) {
    const StoreEvent *event = builder->call->events->pdata[i];
    g_autoptr (JsonObject) data = NULL;
    JsonObject *json;

    if (strcmp (event->name, "userFeedback") != 0 ||
        json_array_get_length (list) >= MAX_LISTED)
      continue;
    data = callstats_json_parse_object (event->data, strlen (event->data), NULL);
    if (data == NULL)
      continue;
    json = json_object_new ();
    summary_json_add_text (
        json, "userID", callstats_json_get_string (data, "userID", event->user));
    for (guint k = 0; k < G_N_ELEMENTS (ratings); k++)
      summary_json_add_number (
          json, ratings[k], callstats_json_get_double (data, ratings[k], NAN), 0);
    summary_json_add_text (
        json, "comment", callstats_json_get_string (data, "comment", NULL));
    summary_json_add_time (json, "timestamp", event->time);
    json_array_add_object_element (list, json);
  }
  json_object_set_array_member (builder->json, "feedback", list);
}

/* How often somebody came who had left before. */
static void
add_rejoins (Builder *builder)
{
  g_autoptr (GHashTable) gone = g_hash_table_new (g_str_hash, g_str_equal);
  int rejoins = 0;

  for (guint i = 0; i < builder->call->events->len; i++) {
    const StoreEvent *event = builder->call->events->pdata[i];

    if (strcmp (event->name, "userLeft") == 0)
      g_hash_table_add (gone, event->user);
    else if (strcmp (event->name, "userJoined") == 0)
      rejoins += g_hash_table_remove (gone, event->user);
  }
  json_object_set_int_member (builder->json, "rejoinCount", rejoins);
}

/* ---- Who was affected ---- */

static void
affect (GHashTable *affected, const char *user, const char *reason)
{
  GPtrArray *reasons;

  if (user == NULL)
    return;
  reasons = g_hash_table_lookup (affected, user);
  if (reasons == NULL) {
    reasons = g_ptr_array_new ();
    g_hash_table_insert (affected, (gpointer)user, reasons);
  }
  if (!g_ptr_array_find_with_equal_func (reasons, reason, g_str_equal, NULL))
    g_ptr_array_add (reasons, (gpointer)reason);
}

static void
find_affected (GHashTable *affected, const SummaryFabric *fabric)
{
  const StoreFabric *row = fabric->row;

  if (fabric->termination > TERMINATION_TERMINATED)
    affect (affected, row->user, termination_to_string (fabric->termination));
  if (fabric->disruptions > 0)
    affect (affected, row->user, "disrupted");
  if (fabric->score.p50 < SUMMARY_LOW_SCORE)
    affect (affected, row->user, "lowScore");
  for (guint i = 0; i < fabric->one_way->len; i++) {
    const SummaryOneWay *one = &g_array_index (fabric->one_way, SummaryOneWay, i);

    affect (affected, one->received ? row->user : row->remote_user, "oneWayMedia");
  }
}

/* Ordered by user, so that the same call gives the same summary. */
static void
add_affected (Builder *builder)
{
  g_autoptr (GHashTable) affected = g_hash_table_new_full (
      g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
  g_autoptr (GList) users = NULL;
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < builder->fabrics->len; i++)
    find_affected (affected, fabric_at (builder, i));
  users = g_list_sort (g_hash_table_get_keys (affected), (GCompareFunc)strcmp);
  for (GList *user = users; user != NULL; user = user->next) {
    const GPtrArray *reasons = g_hash_table_lookup (affected, user->data);
    JsonObject *json = json_object_new ();
    JsonArray *names = json_array_new ();

    for (guint i = 0; i < reasons->len; i++)
      json_array_add_string_element (names, reasons->pdata[i]);
    summary_json_add_text (json, "userID", user->data);
    json_object_set_array_member (json, "reasons", names);
    json_array_add_object_element (list, json);
  }
  json_object_set_array_member (builder->json, "affectedUsers", list);
}

/* ---- All of it ---- */

static void
pair_fabrics (const Builder *builder)
{
  for (guint i = 0; i < builder->fabrics->len; i++)
    if (builder->pairs[i] > (int)i)
      pairing_find_one_way (
          fabric_at (builder, i), fabric_at (builder, builder->pairs[i]));
}

static GArray *
list_pairs (const Builder *builder)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (StorePair));
  int paired = 0;

  for (guint i = 0; i < builder->fabrics->len; i++) {
    int other = builder->pairs[i];
    StorePair pair = { .fabric = fabric_at (builder, i)->row->id };

    if (other >= 0)
      pair.paired = fabric_at (builder, other)->row->id;
    paired += other >= 0;
    g_array_append_val (pairs, pair);
  }
  json_object_set_int_member (builder->json, "pairedFabricCount", paired);
  return pairs;
}

static void
add_fabrics (Builder *builder)
{
  JsonArray *list = json_array_sized_new (builder->fabrics->len);

  for (guint i = 0; i < builder->fabrics->len; i++) {
    int other = builder->pairs[i];

    builder->truncated |= fabric_at (builder, i)->truncated;
    json_array_add_object_element (
        list, summary_json_new_fabric (fabric_at (builder, i),
                  other >= 0 ? fabric_at (builder, other) : NULL));
  }
  json_object_set_array_member (builder->json, "fabricSummaries", list);
}

static void
add_identity (Builder *builder, const char *app)
{
  const StoreConference *conference = builder->call->conference;
  g_autofree char *occurrence = g_strdup_printf ("%" G_GINT64_FORMAT, conference->id);

  summary_json_add_text (builder->json, "appID", app);
  summary_json_add_text (builder->json, "confID", conference->conference);
  summary_json_add_text (builder->json, "occurrence", occurrence);
}

Summary *
summary_new (const char *app, const StoreDetail *call, GPtrArray *fabrics,
    Histogram *scores, gboolean ended, gboolean truncated)
{
  g_autofree int *pairs = pairing_find (fabrics);
  Summary *summary = g_new0 (Summary, 1);
  Builder builder = { call, fabrics, pairs, truncated, json_object_new () };

  summary->json = builder.json;
  pair_fabrics (&builder);
  add_identity (&builder, app);
  add_users (&builder);
  add_rejoins (&builder);
  add_times (&builder, ended);
  summary_json_add_text (builder.json, "setupStatus", judge_setups (&builder));
  summary_json_add_text (
      builder.json, "terminationStatus", judge_terminations (&builder, ended));
  json_object_set_int_member (builder.json, "fabricCount", call->conference->fabrics);
  summary->pairs = list_pairs (&builder);
  summary->setup_delay = add_setup_times (&builder);
  add_failures (&builder);
  add_terminations (&builder);
  add_affected (&builder);
  summary->disruptions = add_disruptions (&builder);
  summary->one_way = add_one_way (&builder);
  summary->score = add_score (&builder, scores);
  add_feedback (&builder);
  add_fabrics (&builder);
  json_object_set_boolean_member (builder.json, "truncated", builder.truncated);
  return summary;
}

void
summary_free (Summary *summary)
{
  if (summary == NULL)
    return;
  json_object_unref (summary->json);
  g_array_unref (summary->pairs);
  g_free (summary);
}
