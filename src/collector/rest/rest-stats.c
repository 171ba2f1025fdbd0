/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shapes of statistics. What each of them calls things, and in which units, is in
 * rest-stats-names.c. Pure, any thread.
 */
#include "rest-stats.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "callstats/callstats-report-private.h"
#include "rest-stats-names.h"

/* Times below are seconds, then milliseconds, then microseconds. */
#define MAX_SECONDS 1e11
#define MAX_MILLISECONDS 1e14
#define MAX_MICROSECONDS 2.5e17

/* ---- Values ---- */

/* NAN where it is no number. */
static double
read_number (JsonNode *node)
{
  const char *text;
  char *end;
  double number;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return NAN;
  switch (json_node_get_value_type (node)) {
  case G_TYPE_INT64:
    return (double)json_node_get_int (node);
  case G_TYPE_DOUBLE:
    return json_node_get_double (node);
  case G_TYPE_STRING:
    text = json_node_get_string (node);
    number = g_ascii_strtod (text, &end);
    return *text != '\0' && *end == '\0' && isfinite (number) ? number : NAN;
  default:
    return NAN;
  }
}

gint64
rest_stats_read_time (JsonNode *node, gint64 fallback)
{
  double time = read_number (node);

  if (!(time > 0))
    return fallback;
  if (time < MAX_SECONDS)
    return (gint64)round (time * G_USEC_PER_SEC);
  if (time < MAX_MILLISECONDS)
    return (gint64)round (time * 1000);
  return time < MAX_MICROSECONDS ? (gint64)round (time) : fallback;
}

static const char *
get_text (JsonObject *object, const char *name)
{
  return callstats_json_get_string (object, name, NULL);
}

static void
set_number (CallstatsReport *report, const char *name, double number)
{
  if (number == trunc (number) && fabs (number) < 9e15)
    callstats_report_set_int (report, name, (gint64)number);
  else
    callstats_report_set_double (report, name, number);
}

/* ---- Fields ---- */

static void
set_word (CallstatsReport *report, const RestStatName *name, const char *text)
{
  for (const RestStatWord *word = name->words; word != NULL && word->from != NULL; word++)
    if (strcmp (word->from, text) == 0)
      text = word->to;
  callstats_report_set_string (report, name->to, text);
}

/* Returns: whether the value is what the name stands for. node: holds a value. */
static gboolean
set_named (CallstatsReport *report, const RestStatName *name, JsonNode *node)
{
  const char *text = json_node_get_string (node); /* NULL: a number or a boolean */
  double number = read_number (node);

  switch (name->kind) {
  case REST_STAT_NUMBER:
    if (isnan (number) || number < name->least)
      return FALSE;
    set_number (report, name->to, number * name->scale);
    return TRUE;
  case REST_STAT_BOOLEAN:
    callstats_report_set_boolean (report, name->to,
        text != NULL ? strcmp (text, "true") == 0 : json_node_get_boolean (node));
    return TRUE;
  default:
    if (text == NULL || *text == '\0')
      return FALSE;
    set_word (report, name, text);
    return TRUE;
  }
}

/* The object's fields that the names stand for. */
static guint
set_all_named (CallstatsReport *report, const RestStatName *names, JsonObject *object)
{
  guint n = 0;

  for (; names->from != NULL; names++) {
    JsonNode *node = json_object_get_member (object, names->from);

    if (node != NULL && JSON_NODE_HOLDS_VALUE (node) && set_named (report, names, node))
      n++;
  }
  return n;
}

static gboolean
is_named (const RestStatName *names, const char *field)
{
  for (; names != NULL && names->from != NULL; names++)
    if (strcmp (names->from, field) == 0)
      return TRUE;
  return FALSE;
}

/* Every object of ours has them anyway. */
static gboolean
is_head (const char *field)
{
  static const char *const head[] = { "type", "id", "reportId", "timestamp",
    "timestampUs", NULL };

  return g_strv_contains (head, field);
}

static void
set_others (CallstatsReport *report, const RestStatName *const *lists, const char *type,
    JsonObject *object)
{
  JsonObjectIter fields;
  const char *field;
  JsonNode *node;

  json_object_iter_init_ordered (&fields, object);
  while (json_object_iter_next_ordered (&fields, &field, &node)) {
    gboolean told = is_head (field) || rest_stats_is_derived (type, field);

    for (guint i = 0; !told && lists != NULL && lists[i] != NULL; i++)
      told = is_named (lists[i], field);
    if (!told)
      callstats_report_set_node (report, field, node);
  }
}

static void
begin_object (CallstatsReport *report, const char *type, const char *id, JsonObject *told)
{
  JsonNode *time = json_object_get_member (told, "timestamp");

  if (time == NULL)
    time = json_object_get_member (told, "timestampUs");
  callstats_report_add_stats (report, type, id);
  callstats_report_set_timestamp (
      report, rest_stats_read_time (time, callstats_report_get_time (report)));
}

/* ---- Shapes ---- */

static const char *
get_id (JsonObject *object)
{
  const char *id = get_text (object, "id");

  return id != NULL ? id : get_text (object, "reportId");
}

/* An object that is about no stream. */
static void
add_plain (CallstatsReport *report, JsonObject *object, const char *told_type)
{
  const RestStatType *type = rest_stats_find_type (told_type);
  const RestStatName *const lists[] = { type != NULL ? type->names : NULL, NULL };
  const char *name = type != NULL ? type->to : told_type;
  const char *id = get_id (object);
  g_autofree char *made = NULL;

  if (id == NULL)
    id = made = g_strdup_printf ("%s-%u", told_type, callstats_report_n_objects (report));
  begin_object (report, name, id, object);
  if (type != NULL)
    set_all_named (report, type->names, object);
  set_others (report, type != NULL ? lists : NULL, name, object);
}

/* Android's early clients wrapped W3C's fields. */
static void
add_wrapped (CallstatsReport *report, JsonObject *object, JsonObject *members)
{
  const char *type = get_text (object, "type");
  const char *id = get_id (object);

  if (type == NULL || id == NULL)
    return;
  begin_object (report, type, id, object);
  set_others (report, NULL, type, members);
}

static void
set_stream (CallstatsReport *report, JsonObject *object)
{
  double ssrc = read_number (json_object_get_member (object, "ssrc"));
  const char *kind = get_text (object, "mediaType");

  if (ssrc >= 0 && ssrc <= G_MAXUINT32)
    set_number (report, "ssrc", ssrc);
  if (kind != NULL)
    callstats_report_set_string (report, "kind", kind);
}

/* What the other end says of the stream; an object without anything is none. */
static void
add_remote (CallstatsReport *report, const RestStatStream *stream, const char *ssrc,
    JsonObject *object)
{
  g_autofree char *id = g_strdup_printf ("%s-%s", stream->remote_type, ssrc);
  g_autofree char *local = g_strdup_printf ("%s-%s", stream->type, ssrc);
  g_autoptr (CallstatsReport) probe =
      callstats_report_new (callstats_report_get_time (report));

  callstats_report_add_stats (probe, stream->remote_type, id);
  if (set_all_named (probe, stream->remote_names, object) == 0)
    return;
  begin_object (report, stream->remote_type, id, object);
  set_stream (report, object);
  callstats_report_set_string (report, "localId", local);
  set_all_named (report, stream->remote_names, object);
}

static void
add_stream (CallstatsReport *report, JsonObject *object, const RestStatStream *stream)
{
  static const RestStatName head[] = { { .from = "ssrc" }, { .from = "mediaType" },
    { .from = NULL } };
  const RestStatName *const lists[] = { head, stream->names, stream->remote_names, NULL };
  double number = read_number (json_object_get_member (object, "ssrc"));
  g_autofree char *ssrc = NULL;
  g_autofree char *id = NULL;

  if (!(number >= 0 && number <= G_MAXUINT32))
    return;
  ssrc = g_strdup_printf ("%u", (guint32)number);
  id = g_strdup_printf ("%s-%s", stream->type, ssrc);
  begin_object (report, stream->type, id, object);
  set_stream (report, object);
  set_all_named (report, stream->names, object);
  set_others (report, lists, stream->type, object);
  add_remote (report, stream, ssrc, object);
}

/* Chrome's legacy streams tell their direction by what they have, and by their id. */
static gboolean
is_sent (JsonObject *object)
{
  const char *id = get_id (object);

  if (json_object_has_member (object, "packetsSent") ||
      json_object_has_member (object, "bytesSent"))
    return TRUE;
  return id != NULL && g_str_has_suffix (id, "_send");
}

/* Early clients put a stream's fields into its "data". */
static void
add_nested (CallstatsReport *report, JsonObject *object, JsonObject *data)
{
  const char *type = get_text (object, "streamType");
  const char *const outer[] = { "ssrc", "mediaType", "cname", "msid" };
  gboolean sent = type != NULL ? strcmp (type, "outbound") == 0 : is_sent (data);

  for (gsize i = 0; i < G_N_ELEMENTS (outer); i++)
    if (!json_object_has_member (data, outer[i]) &&
        json_object_has_member (object, outer[i]))
      json_object_set_member (data, outer[i], json_object_dup_member (object, outer[i]));
  add_stream (report, data, rest_stats_legacy_stream (sent));
}

static void
add_object (CallstatsReport *report, JsonObject *object)
{
  JsonObject *data = callstats_json_get_object (object, "data");
  JsonObject *members = callstats_json_get_object (object, "members");
  const char *type = get_text (object, "type");

  if (members != NULL)
    add_wrapped (report, object, members);
  else if (type == NULL && data != NULL)
    add_nested (report, object, data);
  else if (type == NULL || strcmp (type, "ssrc") == 0)
    add_stream (report, object, rest_stats_legacy_stream (is_sent (object)));
  else if (strcmp (type, "inbound") == 0 || strcmp (type, "outbound") == 0)
    add_stream (report, object, rest_stats_bridge_stream (type[0] == 'o'));
  else
    add_plain (report, object, type);
}

static void
add_list (CallstatsReport *report, JsonArray *list, const char *type)
{
  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
    JsonNode *node = json_array_get_element (list, i);

    if (!JSON_NODE_HOLDS_OBJECT (node))
      continue;
    if (type != NULL && !json_object_has_member (json_node_get_object (node), "type"))
      add_plain (report, json_node_get_object (node), type);
    else
      add_object (report, json_node_get_object (node));
  }
}

static gboolean
is_sample (JsonObject *object)
{
  return json_object_has_member (object, "tracks") ||
         json_object_has_member (object, "candidatePairs");
}

static guint
count_elements (JsonObject *object, const char *name)
{
  JsonArray *array = callstats_json_get_array (object, name);

  return array != NULL ? json_array_get_length (array) : 0;
}

guint
rest_stats_count_objects (JsonArray *list)
{
  guint n = json_array_get_length (list);

  for (guint i = 0, all = n; i < all; i++) {
    JsonNode *node = json_array_get_element (list, i);

    if (JSON_NODE_HOLDS_OBJECT (node))
      n += count_elements (json_node_get_object (node), "tracks") +
           count_elements (json_node_get_object (node), "candidatePairs");
  }
  return n;
}

static void
keep (GPtrArray *reports, CallstatsReport *report)
{
  if (callstats_report_n_objects (report) > 0)
    g_ptr_array_add (reports, callstats_report_ref (report));
}

GPtrArray *
rest_stats_make_reports (JsonArray *list, gint64 time)
{
  GPtrArray *reports =
      g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_report_unref);
  g_autoptr (CallstatsReport) flat = callstats_report_new (time);

  for (guint i = 0; i < json_array_get_length (list); i++) {
    JsonNode *node = json_array_get_element (list, i);
    JsonObject *object =
        JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
    g_autoptr (CallstatsReport) sample = NULL;

    if (object != NULL && is_sample (object)) {
      sample = callstats_report_new (
          rest_stats_read_time (json_object_get_member (object, "timestamp"), time));
      add_list (sample, callstats_json_get_array (object, "tracks"), NULL);
      add_list (
          sample, callstats_json_get_array (object, "candidatePairs"), "candidate-pair");
      keep (reports, sample);
    } else if (object != NULL) {
      add_object (flat, object);
    }
  }
  keep (reports, flat);
  return reports;
}

void
rest_stats_add_object (CallstatsReport *report, const char *name, JsonObject *object)
{
  callstats_report_add_stats (report, name, name);
  set_others (report, NULL, name, object);
}
