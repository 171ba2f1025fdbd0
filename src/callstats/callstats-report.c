/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One sample of statistics: filled by one thread, then read by any.
 *
 * Objects and their fields lie in two flat arrays, their strings in one chunk: a report
 * is made every second for every call and must cost a handful of allocations, not
 * hundreds.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-record-private.h"
#include "callstats-report-private.h"

#define STRING_CHUNK 2048
#define STRING_CHUNK_ON 256
/* What GLib's own structures take. */
#define STRING_CHUNK_STRUCT 40
#define LINK_BYTES 32

struct _CallstatsReport {
  gatomicrefcount ref_count;
  gint64 time;
  double timestamp; /* the same, as its objects have it */
  GArray *objects;  /* CallstatsStatsObject */
  GArray *fields;   /* CallstatsField */
  GStringChunk *strings;
  gsize string_bytes; /* of heap */
  gsize string_room;  /* left of the last piece of it */
  /* What was allocated to begin with. */
  guint n_objects, n_fields;
  gsize string_chunk;
  CallstatsReport *base; /* NULL, or whose strings are shared */
};

G_DEFINE_BOXED_TYPE (
    CallstatsReport, callstats_report, callstats_report_ref, callstats_report_unref)

/* Reports hold 15 significant digits, so that what is written as text and read again is
 * the same value, bit for bit. */
static double
round_to_15_digits (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (value == 0)
    return 0;
  if (fabs (value) < 1e15 && value == floor (value))
    return value;
  return g_ascii_strtod (g_ascii_formatd (text, sizeof text, "%.15g", value), NULL);
}

/* The power of two that an array or string chunk of so many bytes has. */
static gsize
ceil_power (gsize n)
{
  return n <= 1 ? 1 : (gsize)1 << g_bit_storage (n - 1);
}

static CallstatsReport *
report_new_sized (gint64 time_us, guint n_objects, guint n_fields, gsize string_chunk)
{
  CallstatsReport *report = g_new0 (CallstatsReport, 1);

  g_atomic_ref_count_init (&report->ref_count);
  report->time = time_us;
  report->timestamp = round_to_15_digits (time_us / 1000.0);
  report->objects =
      g_array_sized_new (FALSE, FALSE, sizeof (CallstatsStatsObject), n_objects);
  report->fields = g_array_sized_new (FALSE, FALSE, sizeof (CallstatsField), n_fields);
  report->strings = g_string_chunk_new (string_chunk);
  report->n_objects = n_objects;
  report->n_fields = n_fields;
  report->string_chunk = string_chunk;
  return report;
}

/**
 * callstats_report_new:
 * @time_us: when the sample was taken, in microseconds since the epoch
 *
 * Makes an empty report. Add a stats object with [method@Callstats.Report.add_stats],
 * then its fields, then the next object.
 *
 * Returns: (transfer full): a report
 */
CallstatsReport *
callstats_report_new (gint64 time_us)
{
  return report_new_sized (time_us, 16, 128, STRING_CHUNK);
}

/**
 * callstats_report_ref:
 * @report: a report
 *
 * Returns: (transfer full): @report, with one more reference
 */
CallstatsReport *
callstats_report_ref (CallstatsReport *report)
{
  g_return_val_if_fail (report != NULL, NULL);

  g_atomic_ref_count_inc (&report->ref_count);
  return report;
}

/**
 * callstats_report_unref:
 * @report: (transfer full) (nullable): a report
 *
 * Drops a reference, and frees the report with the last one.
 */
void
callstats_report_unref (CallstatsReport *report)
{
  if (report == NULL || !g_atomic_ref_count_dec (&report->ref_count))
    return;
  g_array_unref (report->objects);
  g_array_unref (report->fields);
  g_string_chunk_free (report->strings);
  callstats_report_unref (report->base);
  g_free (report);
}

/* As a string chunk allocates: pieces of one size, longer ones for longer strings. */
static void
note_string (CallstatsReport *report, gsize length)
{
  if (length > report->string_room) {
    report->string_room = MAX (report->string_chunk, ceil_power (length));
    report->string_bytes += callstats_heap_bytes (report->string_room) + LINK_BYTES;
  }
  report->string_room -= length;
}

static const char *
keep_string (CallstatsReport *report, const char *string)
{
  note_string (report, strlen (string) + 1);
  return g_string_chunk_insert (report->strings, string);
}

/* Names that are not valid UTF-8 would be no JSON and no GVariant. */
static const char *
keep_name (CallstatsReport *report, const char *name)
{
  g_autofree char *valid = NULL;

  if (!g_utf8_validate (name, -1, NULL))
    name = valid = g_utf8_make_valid (name, -1);
  return keep_string (report, name);
}

/* id: valid UTF-8, kept by the report. */
static void
append_object (CallstatsReport *report, const char *id)
{
  CallstatsStatsObject object = {
    .id = id, .hash = g_str_hash (id), .first = report->fields->len
  };

  g_array_append_val (report->objects, object);
}

void
callstats_report_add_object (CallstatsReport *report, const char *id)
{
  append_object (report, keep_string (report, id));
}

/* name: valid UTF-8, kept by the report. */
static CallstatsField *
append_field (CallstatsReport *report, const char *name, CallstatsValueKind kind)
{
  CallstatsField field = { .name = name, .kind = kind };

  g_array_append_val (report->fields, field);
  g_array_index (report->objects, CallstatsStatsObject, report->objects->len - 1)
      .n_fields++;
  return &g_array_index (report->fields, CallstatsField, report->fields->len - 1);
}

CallstatsReport *
callstats_report_new_on (CallstatsReport *base)
{
  CallstatsReport *report = report_new_sized (base->time, base->objects->len + 1,
      base->fields->len + 3 * base->objects->len, STRING_CHUNK_ON);

  report->base = callstats_report_ref (base);
  return report;
}

void
callstats_report_share_object (
    CallstatsReport *report, const CallstatsStatsObject *object)
{
  const CallstatsField *fields = callstats_report_fields (report->base, object);

  append_object (report, object->id);
  g_array_append_vals (report->fields, fields, object->n_fields);
  g_array_index (report->objects, CallstatsStatsObject, report->objects->len - 1)
      .n_fields = object->n_fields;
}

/* The new field of the last object, or NULL where there is no object to take it. */
static CallstatsField *
add_field (CallstatsReport *report, const char *name, CallstatsValueKind kind)
{
  g_return_val_if_fail (report != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (report->objects->len > 0, NULL);

  return append_field (report, keep_name (report, name), kind);
}

/* Two objects of one id cannot be told apart in JSON: the later one counts. */
static void
forget_object (CallstatsReport *report, const char *id)
{
  guint hash = g_str_hash (id);
  guint i;

  for (i = 0; i < report->objects->len; i++) {
    const CallstatsStatsObject *object = callstats_report_object (report, i);

    if (object->hash == hash && strcmp (object->id, id) == 0) {
      g_array_remove_index (report->objects, i);
      return;
    }
  }
}

/**
 * callstats_report_add_stats:
 * @report: a report that is still being filled
 * @type: the W3C RTCStatsType, such as `inbound-rtp`
 * @id: the object's id, unique in the report and stable over the call
 *
 * Begins a stats object. It gets its `id`, its `type` and, as `timestamp`, the report's
 * time in milliseconds since the epoch; the fields set from now on are its own. An
 * earlier object of the same id is replaced.
 */
void
callstats_report_add_stats (CallstatsReport *report, const char *type, const char *id)
{
  g_return_if_fail (report != NULL);
  g_return_if_fail (type != NULL && id != NULL);

  id = keep_name (report, id);
  forget_object (report, id);
  append_object (report, id);
  callstats_report_set_string (report, "type", type);
  callstats_report_set_string (report, "id", id);
  append_field (report, "timestamp", CALLSTATS_VALUE_DOUBLE)->d = report->timestamp;
}

/**
 * callstats_report_set_timestamp:
 * @report: a report that is still being filled
 * @time_us: when its values were taken, in microseconds since the epoch
 *
 * Changes the `timestamp` of the last stats object, which is the report's time: for
 * values that came from the other end, and so are older.
 */
void
callstats_report_set_timestamp (CallstatsReport *report, gint64 time_us)
{
  const CallstatsStatsObject *object;
  guint i;

  g_return_if_fail (report != NULL);
  g_return_if_fail (report->objects->len > 0);

  object = callstats_report_object (report, report->objects->len - 1);
  for (i = object->first; i < object->first + object->n_fields; i++) {
    CallstatsField *field = &g_array_index (report->fields, CallstatsField, i);

    if (strcmp (field->name, "timestamp") == 0)
      field->d = round_to_15_digits (time_us / 1000.0);
  }
}

/**
 * callstats_report_set_int:
 * @report: a report that is still being filled
 * @field: the W3C name
 * @value: the value
 *
 * Adds a whole number to the last stats object.
 */
void
callstats_report_set_int (CallstatsReport *report, const char *field, gint64 value)
{
  CallstatsField *added = add_field (report, field, CALLSTATS_VALUE_INT);

  if (added != NULL)
    added->i = value;
}

/**
 * callstats_report_set_uint:
 * @report: a report that is still being filled
 * @field: the W3C name
 * @value: the value
 *
 * Adds a whole number to the last stats object.
 */
void
callstats_report_set_uint (CallstatsReport *report, const char *field, guint64 value)
{
  CallstatsField *added;

  if (value <= G_MAXINT64) {
    callstats_report_set_int (report, field, (gint64)value);
    return;
  }
  added = add_field (report, field, CALLSTATS_VALUE_UINT);
  if (added != NULL)
    added->u = value;
}

/**
 * callstats_report_set_double:
 * @report: a report that is still being filled
 * @field: the W3C name
 * @value: the value; one that is not finite is left out
 *
 * Adds a number to the last stats object, rounded to 15 significant digits.
 */
void
callstats_report_set_double (CallstatsReport *report, const char *field, double value)
{
  CallstatsField *added;

  value = round_to_15_digits (value);
  if (!isfinite (value)) /* before, or the largest of all by rounding */
    return;
  added = add_field (report, field, CALLSTATS_VALUE_DOUBLE);
  if (added != NULL)
    added->d = value;
}

/**
 * callstats_report_set_boolean:
 * @report: a report that is still being filled
 * @field: the W3C name
 * @value: the value
 *
 * Adds a truth value to the last stats object.
 */
void
callstats_report_set_boolean (CallstatsReport *report, const char *field, gboolean value)
{
  CallstatsField *added = add_field (report, field, CALLSTATS_VALUE_BOOLEAN);

  if (added != NULL)
    added->b = !!value;
}

/**
 * callstats_report_set_string:
 * @report: a report that is still being filled
 * @field: the W3C name
 * @value: (nullable): the value; %NULL is left out
 *
 * Adds a string to the last stats object. What is not valid UTF-8 in it is replaced.
 */
void
callstats_report_set_string (
    CallstatsReport *report, const char *field, const char *value)
{
  g_autofree char *valid = NULL;
  CallstatsField *added;

  if (value == NULL)
    return;
  added = add_field (report, field, CALLSTATS_VALUE_STRING);
  if (added == NULL)
    return;
  if (!g_utf8_validate (value, -1, NULL))
    value = valid = g_utf8_make_valid (value, -1);
  added->s = keep_string (report, value);
}

/* text: an array or object, well formed. */
void
callstats_report_set_json (CallstatsReport *report, const char *field, const char *text)
{
  CallstatsField *added = add_field (report, field, CALLSTATS_VALUE_JSON);

  if (added != NULL)
    added->s = keep_string (report, text);
}

void
callstats_report_copy_field (CallstatsReport *report, const CallstatsField *field)
{
  const char *name = keep_string (report, field->name);
  CallstatsField *added = append_field (report, name, field->kind);

  *added = *field;
  added->name = name;
  if (field->kind == CALLSTATS_VALUE_STRING || field->kind == CALLSTATS_VALUE_JSON)
    added->s = keep_string (report, field->s);
}

static void
set_value_node (CallstatsReport *report, const char *field, JsonNode *node)
{
  switch (json_node_get_value_type (node)) {
  case G_TYPE_STRING:
    callstats_report_set_string (report, field, json_node_get_string (node));
    break;
  case G_TYPE_BOOLEAN:
    callstats_report_set_boolean (report, field, json_node_get_boolean (node));
    break;
  case G_TYPE_INT64:
    callstats_report_set_int (report, field, json_node_get_int (node));
    break;
  default:
    callstats_report_set_double (report, field, json_node_get_double (node));
  }
}

/* A null is a value that is not known: left out. */
void
callstats_report_set_node (CallstatsReport *report, const char *field, JsonNode *node)
{
  if (JSON_NODE_HOLDS_VALUE (node)) {
    set_value_node (report, field, node);
  } else if (!JSON_NODE_HOLDS_NULL (node)) {
    g_autoptr (GString) text = g_string_new (NULL);

    callstats_json_append_node (text, node);
    callstats_report_set_json (report, field, text->str);
  }
}

/* An object of which nothing is known is left out, as a value is. */
static void
add_object_node (CallstatsReport *report, const char *id, JsonObject *object)
{
  guint fields = report->fields->len;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  callstats_report_add_object (report, id);
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    callstats_report_set_node (report, name, value);
  if (report->fields->len == fields)
    g_array_set_size (report->objects, report->objects->len - 1);
}

CallstatsReport *
callstats_report_new_from_object (gint64 time_us, JsonObject *stats, GError **error)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (time_us);
  JsonObjectIter objects;
  const char *id;
  JsonNode *node;

  json_object_iter_init_ordered (&objects, stats);
  while (json_object_iter_next_ordered (&objects, &id, &node)) {
    if (!JSON_NODE_HOLDS_OBJECT (node)) {
      g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
          "Stats “%s” is not an object", id);
      return NULL;
    }
    add_object_node (report, id, json_node_get_object (node));
  }
  return g_steal_pointer (&report);
}

/**
 * callstats_report_new_from_json:
 * @time_us: when the sample was taken, in microseconds since the epoch
 * @json: a JSON object: stats id → stats object
 * @error: return location for an error
 *
 * Reads what [method@Callstats.Report.to_json] writes, or what a browser's getStats()
 * gives, as an object by id. Nulls are left out.
 *
 * Returns: (transfer full): a report, or %NULL with a `CALLSTATS_ERROR_PROTOCOL`
 */
CallstatsReport *
callstats_report_new_from_json (gint64 time_us, const char *json, GError **error)
{
  g_autoptr (JsonObject) stats = NULL;

  g_return_val_if_fail (json != NULL, NULL);

  stats = callstats_json_parse_object (json, strlen (json), error);
  if (stats != NULL && callstats_json_depth (json) > CALLSTATS_RECORD_MAX_DEPTH) {
    g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "Stats are nested deeper than %d levels", CALLSTATS_RECORD_MAX_DEPTH);
    return NULL;
  }
  return stats != NULL ? callstats_report_new_from_object (time_us, stats, error) : NULL;
}

/**
 * callstats_report_get_time:
 * @report: a report
 *
 * Returns: when the sample was taken, in microseconds since the epoch
 */
gint64
callstats_report_get_time (CallstatsReport *report)
{
  g_return_val_if_fail (report != NULL, 0);

  return report->time;
}

guint
callstats_report_n_objects (const CallstatsReport *report)
{
  return report->objects->len;
}

const CallstatsStatsObject *
callstats_report_object (const CallstatsReport *report, guint index)
{
  return &g_array_index (report->objects, CallstatsStatsObject, index);
}

const CallstatsField *
callstats_report_fields (
    const CallstatsReport *report, const CallstatsStatsObject *object)
{
  return &g_array_index (report->fields, CallstatsField, object->first);
}

static gsize
array_bytes (const GArray *array, guint initial, gsize element)
{
  gsize n = MAX (MAX (array->len, initial), 1);

  return callstats_heap_bytes (sizeof (GArray) + 16) +
         callstats_heap_bytes (ceil_power (n * element));
}

gsize
callstats_report_size (const CallstatsReport *report)
{
  return callstats_heap_bytes (sizeof *report) +
         array_bytes (report->objects, report->n_objects, sizeof (CallstatsStatsObject)) +
         array_bytes (report->fields, report->n_fields, sizeof (CallstatsField)) +
         callstats_heap_bytes (STRING_CHUNK_STRUCT) + report->string_bytes +
         (report->base != NULL ? callstats_report_size (report->base) : 0);
}

static gboolean
as_number (const CallstatsField *field, double *number)
{
  if (field->kind == CALLSTATS_VALUE_INT)
    *number = (double)field->i;
  else if (field->kind == CALLSTATS_VALUE_DOUBLE)
    *number = field->d;
  else
    return FALSE;
  return TRUE;
}

/* Equal as JSON values: there, 1 and 1.0 are the same number. */
gboolean
callstats_field_equal (const CallstatsField *a, const CallstatsField *b)
{
  double x, y;

  if (a->kind == b->kind) {
    switch (a->kind) {
    case CALLSTATS_VALUE_INT:
      return a->i == b->i;
    case CALLSTATS_VALUE_UINT:
      return a->u == b->u;
    case CALLSTATS_VALUE_DOUBLE:
      return a->d == b->d;
    case CALLSTATS_VALUE_BOOLEAN:
      return a->b == b->b;
    case CALLSTATS_VALUE_STRING:
    case CALLSTATS_VALUE_JSON:
      return strcmp (a->s, b->s) == 0;
    }
  }
  return as_number (a, &x) && as_number (b, &y) && x == y;
}

void
callstats_field_append_json (const CallstatsField *field, GString *json)
{
  switch (field->kind) {
  case CALLSTATS_VALUE_INT:
    callstats_json_append_int (json, field->i);
    break;
  case CALLSTATS_VALUE_UINT:
    callstats_json_append_uint (json, field->u);
    break;
  case CALLSTATS_VALUE_DOUBLE:
    callstats_json_append_double (json, field->d);
    break;
  case CALLSTATS_VALUE_BOOLEAN:
    g_string_append (json, field->b ? "true" : "false");
    break;
  case CALLSTATS_VALUE_STRING:
    callstats_json_append_string (json, field->s);
    break;
  case CALLSTATS_VALUE_JSON:
    g_string_append (json, field->s);
    break;
  }
}

static void
append_object_json (
    const CallstatsReport *report, const CallstatsStatsObject *object, GString *json)
{
  const CallstatsField *fields = callstats_report_fields (report, object);
  guint i;

  g_string_append_c (json, '{');
  for (i = 0; i < object->n_fields; i++) {
    callstats_json_append_member (json, fields[i].name);
    callstats_field_append_json (&fields[i], json);
  }
  g_string_append_c (json, '}');
}

void
callstats_report_append_json (const CallstatsReport *report, GString *json)
{
  guint i;

  g_string_append_c (json, '{');
  for (i = 0; i < report->objects->len; i++) {
    const CallstatsStatsObject *object = callstats_report_object (report, i);

    callstats_json_append_member (json, object->id);
    append_object_json (report, object, json);
  }
  g_string_append_c (json, '}');
}

/**
 * callstats_report_to_json:
 * @report: a report
 *
 * Returns: (transfer full): a JSON object: stats id → stats object with W3C names. Whole
 *   numbers above 2⁵³ are strings.
 */
char *
callstats_report_to_json (CallstatsReport *report)
{
  GString *json = g_string_sized_new (4096);

  g_return_val_if_fail (report != NULL, NULL);

  callstats_report_append_json (report, json);
  return g_string_free (json, FALSE);
}

static GVariant *
field_to_variant (const CallstatsField *field)
{
  switch (field->kind) {
  case CALLSTATS_VALUE_INT:
    return g_variant_new_int64 (field->i);
  case CALLSTATS_VALUE_UINT:
    return g_variant_new_uint64 (field->u);
  case CALLSTATS_VALUE_DOUBLE:
    return g_variant_new_double (field->d);
  case CALLSTATS_VALUE_BOOLEAN:
    return g_variant_new_boolean (field->b);
  case CALLSTATS_VALUE_STRING:
  case CALLSTATS_VALUE_JSON:
  default:
    return g_variant_new_string (field->s);
  }
}

static GVariant *
object_to_variant (const CallstatsReport *report, const CallstatsStatsObject *object)
{
  const CallstatsField *fields = callstats_report_fields (report, object);
  GVariantDict dict;
  guint i;

  g_variant_dict_init (&dict, NULL);
  for (i = 0; i < object->n_fields; i++)
    g_variant_dict_insert_value (&dict, fields[i].name, field_to_variant (&fields[i]));
  return g_variant_dict_end (&dict);
}

/**
 * callstats_report_to_variant:
 * @report: a report
 *
 * Gives the report as `a{sv}`: stats id → `a{sv}` of W3C name → value, where a value is a
 * string, boolean, int64, uint64 (only above 2⁶³) or double; an array or object is a
 * string of JSON.
 *
 * Returns: (transfer full): a variant of type `a{sv}`
 */
GVariant *
callstats_report_to_variant (CallstatsReport *report)
{
  GVariantDict dict;
  guint i;

  g_return_val_if_fail (report != NULL, NULL);

  g_variant_dict_init (&dict, NULL);
  for (i = 0; i < report->objects->len; i++) {
    const CallstatsStatsObject *object = callstats_report_object (report, i);

    g_variant_dict_insert_value (&dict, object->id, object_to_variant (report, object));
  }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}
