/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is told of a conference. Pure: any thread.
 */
#include "webhook-rules.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-json-private.h"

#define ID_LENGTH 32 /* hexadecimal digits: 128 bits */
#define MAX_FABRICS 100
#define MAX_BODY (1024 * 1024)

typedef enum {
  RULE_SUMMARY,
  RULE_COUNT, /* so many fabrics have it */
  RULE_ABOVE, /* a fabric's value is above the threshold */
  RULE_BELOW,
  RULE_CHURN,
} RuleKind;

typedef struct {
  const char *name;
  RuleKind kind;
  WebhookThreshold threshold;
  double (*measure) (JsonObject *fabric); /* NAN: not known; of a count 1 or 0 */
  const char *setup_status;               /* nullable: the conference's must be this */
  const char *text;                       /* what its fabrics did */
  const char *unit;
} Rule;

/* which: of a distribution. */
static double
get_statistic (JsonObject *object, const char *name, const char *which)
{
  JsonObject *distribution = callstats_json_get_object (object, name);

  return distribution != NULL ? callstats_json_get_double (distribution, which, NAN)
                              : NAN;
}

static gboolean
ended_so (JsonObject *fabric, const char *status)
{
  return g_strcmp0 (
             callstats_json_get_string (fabric, "terminationStatus", NULL), status) == 0;
}

static double
measure_failed (JsonObject *fabric)
{
  return ended_so (fabric, "failed");
}

static double
measure_dropped (JsonObject *fabric)
{
  return ended_so (fabric, "dropped");
}

static double
measure_setup_delay (JsonObject *fabric)
{
  return callstats_json_get_double (fabric, "setupDelay", NAN);
}

static double
measure_round_trip (JsonObject *fabric)
{
  JsonArray *streams = callstats_json_get_array (fabric, "streamSummary");
  double worst = NAN;

  for (guint i = 0; streams != NULL && i < json_array_get_length (streams); i++) {
    JsonNode *stream = json_array_get_element (streams, i);

    if (JSON_NODE_HOLDS_OBJECT (stream))
      worst = fmax (
          worst, get_statistic (json_node_get_object (stream), "roundTripTime", "mean"));
  }
  return worst;
}

static double
measure_score (JsonObject *fabric)
{
  return get_statistic (fabric, "score", "p50");
}

/* clang-format off */
static const Rule rules[WEBHOOK_N_EVENTS] = {
  [WEBHOOK_EVENT_SUMMARY] = { "conferenceSummary", RULE_SUMMARY,
      { NULL, 0, 0, 0 }, NULL, NULL, NULL, NULL },
  [WEBHOOK_EVENT_SUMMARY_UPDATED] = { "conferenceSummaryUpdated", RULE_SUMMARY,
      { NULL, 0, 0, 0 }, NULL, NULL, NULL, NULL },
  [WEBHOOK_EVENT_FAILED] = { "failedConferences", RULE_COUNT,
      { NULL, 1, 1, 1 }, measure_failed, "failed", "failed to be set up", "" },
  [WEBHOOK_EVENT_PARTIALLY_FAILED] = { "partiallyFailedConferences", RULE_COUNT,
      { "failed-fabrics", 1, 1, 1000 }, measure_failed, "partial",
      "failed to be set up", "" },
  [WEBHOOK_EVENT_DROPPED] = { "droppedConferences", RULE_COUNT,
      { "dropped-fabrics", 1, 1, 1000 }, measure_dropped, NULL, "dropped", "" },
  [WEBHOOK_EVENT_SETUP_DELAY] = { "highSetupDelays", RULE_ABOVE,
      { "high-setup-delay", 5000, 1, 600000 }, measure_setup_delay, NULL,
      "took too long to be set up", " ms" },
  [WEBHOOK_EVENT_ROUND_TRIP] = { "highRoundTripTime", RULE_ABOVE,
      { "high-round-trip-time", 400, 1, 60000 }, measure_round_trip, NULL,
      "had too long a round trip", " ms" },
  [WEBHOOK_EVENT_SCORE] = { "lowScore", RULE_BELOW,
      { "low-score", 3.1, 1, 5 }, measure_score, NULL, "had a low score", "" },
  [WEBHOOK_EVENT_CHURN] = { "highChurn", RULE_CHURN,
      { "churn", 2, 1, 1000 }, NULL, NULL, NULL, NULL },
};
/* clang-format on */

const char *
webhook_event_get_name (WebhookEvent event)
{
  return rules[event].name;
}

int
webhook_event_from_name (const char *name)
{
  for (int i = 0; i < WEBHOOK_N_EVENTS; i++)
    if (strcmp (rules[i].name, name) == 0)
      return i;
  return -1;
}

char *
webhook_event_list_names (void)
{
  GString *names = g_string_new (NULL);

  for (int i = 0; i < WEBHOOK_N_EVENTS; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", rules[i].name);
  return g_string_free (names, FALSE);
}

const WebhookThreshold *
webhook_event_get_threshold (WebhookEvent event)
{
  return &rules[event].threshold;
}

gboolean
webhook_event_is_threshold (const char *key)
{
  for (int i = 0; i < WEBHOOK_N_EVENTS; i++)
    if (g_strcmp0 (rules[i].threshold.key, key) == 0)
      return TRUE;
  return FALSE;
}

/* ---- What happened ---- */

typedef struct {
  guint n;          /* fabrics of which it is known */
  guint affected;   /* of these */
  double worst;     /* of their values */
  GString *fabrics; /* JSON: the affected */
  guint listed;
} Finding;

static void
append_string (GString *json, const char *name, const char *value)
{
  callstats_json_append_member (json, name);
  if (value != NULL)
    callstats_json_append_string (json, value);
  else
    g_string_append (json, "null");
}

static void
append_double (GString *json, const char *name, double value)
{
  callstats_json_append_member (json, name);
  callstats_json_append_double (json, value);
}

static void
list_fabric (Finding *finding, const Rule *rule, JsonObject *fabric, double value)
{
  static const char *const ids[] = { "connectionID", "localID", "remoteID" };
  GString *json = finding->fabrics;

  if (finding->listed++ >= MAX_FABRICS)
    return;
  if (json->len > 1)
    g_string_append_c (json, ',');
  g_string_append_c (json, '{');
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    append_string (json, ids[i], callstats_json_get_string (fabric, ids[i], NULL));
  if (rule->kind != RULE_COUNT)
    append_double (json, "value", value);
  g_string_append_c (json, '}');
}

static gboolean
is_affected (const Rule *rule, double value, double threshold)
{
  switch (rule->kind) {
  case RULE_COUNT:
    return value > 0;
  case RULE_ABOVE:
    return value > threshold;
  case RULE_BELOW:
    return value < threshold;
  case RULE_SUMMARY:
  case RULE_CHURN:
    break;
  }
  return FALSE;
}

static void
look_at_fabric (Finding *finding, const Rule *rule, JsonObject *fabric, double threshold)
{
  double value = rule->measure (fabric);

  if (isnan (value))
    return;
  finding->n++;
  if (!is_affected (rule, value, threshold))
    return;
  finding->affected++;
  finding->worst = rule->kind == RULE_BELOW ? fmin (finding->worst, value)
                                            : fmax (finding->worst, value);
  list_fabric (finding, rule, fabric, value);
}

static void
look_at_fabrics (
    Finding *finding, const Rule *rule, JsonObject *summary, double threshold)
{
  JsonArray *fabrics = callstats_json_get_array (summary, "fabricSummaries");

  for (guint i = 0; fabrics != NULL && i < json_array_get_length (fabrics); i++) {
    JsonNode *fabric = json_array_get_element (fabrics, i);

    if (JSON_NODE_HOLDS_OBJECT (fabric))
      look_at_fabric (finding, rule, json_node_get_object (fabric), threshold);
  }
  if (rule->kind == RULE_COUNT)
    finding->worst = finding->affected;
}

static gboolean
happened (const Rule *rule, const Finding *finding, JsonObject *summary, double threshold)
{
  if (rule->kind == RULE_CHURN)
    return finding->worst >= threshold;
  if (rule->setup_status != NULL &&
      g_strcmp0 (callstats_json_get_string (summary, "setupStatus", NULL),
          rule->setup_status) != 0)
    return FALSE;
  return finding->affected > 0 &&
         (rule->kind != RULE_COUNT || finding->worst >= threshold);
}

/* ---- As JSON ---- */

static void
append_member (JsonObject *object, const char *name, JsonNode *node, gpointer user_data)
{
  callstats_json_append_member (user_data, name);
  callstats_json_append_node (user_data, node);
}

/* What makes it long is left out where it is too long. */
static void
append_summary (GString *json, JsonObject *summary)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;
  gsize length = json->len;

  json_object_foreach_member (summary, append_member, json);
  if (json->len < MAX_BODY)
    return;
  g_string_truncate (json, length);
  json_object_iter_init_ordered (&iter, summary);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    if (!JSON_NODE_HOLDS_ARRAY (node) && strcmp (name, "truncated") != 0)
      append_member (summary, name, node, json);
  callstats_json_append_member (json, "truncated");
  g_string_append (json, "true");
}

static void
append_period (GString *json, JsonObject *summary)
{
  callstats_json_append_member (json, "period");
  g_string_append_c (json, '{');
  append_double (json, "start", callstats_json_get_double (summary, "startTime", NAN));
  append_double (json, "end", callstats_json_get_double (summary, "endTime", NAN));
  g_string_append_c (json, '}');
}

/* In words, for chats and mails. */
static char *
describe (const Rule *rule, const Finding *finding, const char *app,
    const char *conference, double threshold)
{
  if (rule->kind == RULE_CHURN)
    return g_strdup_printf ("In conference %s of application %s somebody who had left "
                            "came again %g times; the threshold is %g.",
        conference, app, finding->worst, threshold);
  if (rule->kind == RULE_COUNT)
    return g_strdup_printf ("%u of %u fabrics of conference %s of application %s %s.",
        finding->affected, finding->n, conference, app, rule->text);
  return g_strdup_printf ("%u of %u fabrics of conference %s of application %s %s: "
                          "%.4g%s; the threshold is %g%s.",
      finding->affected, finding->n, conference, app, rule->text, finding->worst,
      rule->unit, threshold, rule->unit);
}

static void
append_finding (GString *json, const Rule *rule, const Finding *finding, const char *app,
    JsonObject *summary, double threshold)
{
  const char *conference = callstats_json_get_string (summary, "confID", "");
  g_autofree char *text = describe (rule, finding, app, conference, threshold);

  append_string (json, "appId", app);
  append_string (json, "confID", conference);
  append_string (
      json, "occurrence", callstats_json_get_string (summary, "occurrence", NULL));
  append_double (json, "actualValue", finding->worst);
  append_double (json, "threshold", threshold);
  if (finding->n > 0)
    append_double (json, "fractionalValue", (double)finding->affected / finding->n);
  append_period (json, summary);
  append_string (json, "text", text);
  callstats_json_append_member (json, "fabrics");
  g_string_append_printf (json, "%s]", finding->fabrics->str);
}

static GString *
begin_body (const Rule *rule, const char *id, gint64 now)
{
  GString *json = g_string_new ("{");

  append_string (json, "deliveryID", id);
  append_string (json, "reason", rule->name);
  append_string (json, "triggerType", "individual");
  callstats_json_append_member (json, "timestamp");
  callstats_json_append_int (json, now);
  return json;
}

char *
webhook_body_new (WebhookEvent event, const char *id, const char *app,
    JsonObject *summary, double threshold, gint64 now)
{
  const Rule *rule = &rules[event];
  g_autoptr (GString) fabrics = g_string_new ("[");
  Finding finding = { .worst = NAN, .fabrics = fabrics };
  GString *json;

  if (rule->measure != NULL)
    look_at_fabrics (&finding, rule, summary, threshold);
  if (rule->kind == RULE_CHURN)
    finding.worst = callstats_json_get_double (summary, "rejoinCount", 0);
  if (rule->kind != RULE_SUMMARY && !happened (rule, &finding, summary, threshold))
    return NULL;
  json = begin_body (rule, id, now);
  if (rule->kind == RULE_SUMMARY)
    append_summary (json, summary);
  else
    append_finding (json, rule, &finding, app, summary, threshold);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

/* ---- Ids ---- */

/* With its NUL, so that no two lists of words look alike. */
static void
add_word (GChecksum *checksum, const char *word)
{
  g_checksum_update (checksum, (const guchar *)word, (gssize)strlen (word) + 1);
}

char *
webhook_delivery_id (
    const char *webhook, const char *app, WebhookEvent event, JsonObject *summary)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  add_word (checksum, webhook);
  add_word (checksum, app);
  add_word (checksum, callstats_json_get_string (summary, "confID", ""));
  add_word (checksum, callstats_json_get_string (summary, "occurrence", ""));
  add_word (checksum, rules[event].name);
  if (event == WEBHOOK_EVENT_SUMMARY_UPDATED) {
    g_autoptr (GString) version = g_string_new (NULL);

    json_object_foreach_member (summary, append_member, version);
    add_word (checksum, version->str);
  }
  return g_strndup (g_checksum_get_string (checksum), ID_LENGTH);
}
