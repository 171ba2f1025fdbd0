/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames to records. Pure; belongs to one connection. What it reads is not to be trusted:
 * every bound of docs/protocol.md is checked here.
 */
#include <math.h>
#include <string.h>

#include "callstats-codec-private.h"
#include "callstats-error.h"
#include "callstats-inflater-private.h"
#include "callstats-json-private.h"
#include "callstats-slot-private.h"

typedef struct {
  char *conference;
  char *fabric;
  char *remote_user;
  CallstatsSlot *columns;
  GArray *at; /* guint: the columns of the last difference */
} Slot;

struct _CallstatsDecoder {
  gboolean control; /* only such messages may come */
  CallstatsInflater *inflater;
  GHashTable *slots; /* number → Slot */
  gsize slot_bytes;
  gsize delta_bytes; /* of the samples that the message's deltas stand for */
  GString *parts;    /* a large record that is still coming; NULL: none */
  guint64 parts_sequence;
  guint n_parts;
};

static void
slot_free (gpointer data)
{
  Slot *slot = data;

  g_free (slot->conference);
  g_free (slot->fabric);
  g_free (slot->remote_user);
  callstats_slot_free (slot->columns);
  g_array_unref (slot->at);
  g_free (slot);
}

CallstatsDecoder *
callstats_decoder_new (void)
{
  CallstatsDecoder *decoder = g_new0 (CallstatsDecoder, 1);

  decoder->inflater = callstats_inflater_new (CALLSTATS_MAX_FRAME);
  decoder->slots = g_hash_table_new_full (NULL, NULL, NULL, slot_free);
  return decoder;
}

CallstatsDecoder *
callstats_decoder_new_for_client (void)
{
  CallstatsDecoder *decoder = callstats_decoder_new ();

  decoder->control = TRUE;
  return decoder;
}

static void
drop_parts (CallstatsDecoder *decoder)
{
  if (decoder->parts != NULL)
    g_string_free (decoder->parts, TRUE);
  decoder->parts = NULL;
  decoder->n_parts = 0;
}

void
callstats_decoder_free (CallstatsDecoder *decoder)
{
  if (decoder == NULL)
    return;
  callstats_inflater_free (decoder->inflater);
  g_hash_table_unref (decoder->slots);
  drop_parts (decoder);
  g_free (decoder);
}

void
callstats_message_free (CallstatsMessage *message)
{
  if (message == NULL)
    return;
  g_clear_pointer (&message->object, json_object_unref);
  g_clear_pointer (&message->records, g_ptr_array_unref);
  g_free (message);
}

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL && *error == NULL)
    *error = g_error_new_valist (CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL, format, args);
  va_end (args);
  return FALSE;
}

static gboolean
fail_too_long (GError **error, const char *what, gsize limit)
{
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_TOO_LONG,
      "%s is past the limit of %" G_GSIZE_FORMAT " bytes", what, limit);
  return FALSE;
}

static JsonObject *
parse_frame (CallstatsDecoder *decoder, gboolean binary, GBytes *frame, GError **error)
{
  gsize length;
  const char *text = g_bytes_get_data (frame, &length);

  if (length > CALLSTATS_MAX_FRAME) {
    fail_too_long (error, "A frame", CALLSTATS_MAX_FRAME);
    return NULL;
  }
  if (binary) {
    text = callstats_inflater_push (decoder->inflater, text, length, &length, error);
    if (text == NULL)
      return NULL;
  }
  /* A tree takes a hundred times the bytes of its text. */
  if (decoder->control &&
      callstats_json_count_values (text, length) > CALLSTATS_MAX_CONTROL_VALUES) {
    fail (error, "A message of a backend has more than %d values",
        CALLSTATS_MAX_CONTROL_VALUES);
    return NULL;
  }
  return callstats_json_parse_object (text, length, error);
}

static void
forget_slot (CallstatsDecoder *decoder, guint number)
{
  Slot *slot = g_hash_table_lookup (decoder->slots, GUINT_TO_POINTER (number));

  if (slot == NULL)
    return;
  decoder->slot_bytes -= callstats_slot_bytes (slot->columns);
  g_hash_table_remove (decoder->slots, GUINT_TO_POINTER (number));
}

static void
forget_fabric (CallstatsDecoder *decoder, const char *fabric)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, decoder->slots);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Slot *slot = value;

    if (g_strcmp0 (slot->fabric, fabric) == 0) {
      decoder->slot_bytes -= callstats_slot_bytes (slot->columns);
      g_hash_table_iter_remove (&iter);
    }
  }
}

static gboolean
check_budget (CallstatsDecoder *decoder, GError **error)
{
  if (decoder->slot_bytes > CALLSTATS_MAX_SLOT_BYTES)
    return fail_too_long (
        error, "What a connection keeps for differences", CALLSTATS_MAX_SLOT_BYTES);
  return TRUE;
}

static gboolean
read_slot_number (JsonObject *object, guint *number, GError **error)
{
  gint64 value = callstats_json_get_int (object, "slot", -1);

  if (value < 0 || value >= CALLSTATS_MAX_SLOTS)
    return fail (error, "“slot” must be a whole number below %d", CALLSTATS_MAX_SLOTS);
  *number = (guint)value;
  return TRUE;
}

static gboolean
open_slot (CallstatsDecoder *decoder, const CallstatsRecord *record, JsonObject *object,
    GError **error)
{
  guint number = 0;
  Slot *slot;

  if (!read_slot_number (object, &number, error))
    return FALSE;
  forget_slot (decoder, number);

  slot = g_new0 (Slot, 1);
  slot->conference = g_strdup (record->conference);
  slot->fabric = g_strdup (record->fabric);
  slot->remote_user = g_strdup (record->remote_user);
  slot->columns = callstats_slot_new (record->report);
  slot->at = g_array_new (FALSE, FALSE, sizeof (guint));
  g_hash_table_insert (decoder->slots, GUINT_TO_POINTER (number), slot);
  decoder->slot_bytes += callstats_slot_bytes (slot->columns);
  return check_budget (decoder, error);
}

static gboolean
get_int_element (JsonArray *array, guint index, gint64 *value)
{
  JsonNode *node = json_array_get_element (array, index);

  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *value = json_node_get_int (node);
  return TRUE;
}

static CallstatsColumn *
get_column (Slot *slot, gint64 number, GError **error)
{
  CallstatsColumn *column = NULL;

  if (number >= 0 && number < G_MAXUINT)
    column = callstats_slot_column (slot->columns, (guint)number);
  if (column == NULL)
    fail (error, "A difference names column %" G_GINT64_FORMAT " of %u", number,
        callstats_slot_n_columns (slot->columns));
  return column;
}

static gboolean
apply_units (Slot *slot, JsonArray *array, GError **error)
{
  guint n = array != NULL ? json_array_get_length (array) : 0;
  guint i;

  for (i = 0; i < n; i++) {
    JsonNode *node = json_array_get_element (array, i);
    JsonArray *pair = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
    CallstatsColumn *column;
    gint64 number, unit;

    if (pair == NULL || json_array_get_length (pair) != 2 ||
        !get_int_element (pair, 0, &number) || !get_int_element (pair, 1, &unit) ||
        unit < 1 || unit > G_GINT64_CONSTANT (1000000000))
      return fail (error, "“units” must list [column, unit] pairs");
    column = get_column (slot, number, error);
    if (column == NULL)
      return FALSE;
    column->unit = unit;
  }
  return TRUE;
}

/* Absent: the columns of the last difference. */
static gboolean
apply_at (Slot *slot, JsonArray *array, GError **error)
{
  guint n, i;

  if (array == NULL)
    return TRUE;
  n = json_array_get_length (array);
  if (n > callstats_slot_n_columns (slot->columns))
    return fail (error, "“at” lists more columns than there are");
  g_array_set_size (slot->at, 0);
  for (i = 0; i < n; i++) {
    gint64 number;
    guint column;

    if (!get_int_element (array, i, &number) || get_column (slot, number, error) == NULL)
      return fail (error, "“at” must list columns");
    column = (guint)number;
    g_array_append_val (slot->at, column);
  }
  return TRUE;
}

static gboolean
apply_difference (CallstatsColumn *column, gint64 difference)
{
  gint64 units;

  return column->alive &&
         callstats_field_to_units (&column->value, column->unit, &units) &&
         difference > -CALLSTATS_MAX_DIFFERENCE &&
         difference < CALLSTATS_MAX_DIFFERENCE &&
         callstats_field_from_units (&column->value, column->unit, units + difference);
}

static gboolean
apply_by (Slot *slot, JsonArray *array, GError **error)
{
  guint n = array != NULL ? json_array_get_length (array) : 0;
  guint i;

  if (n != slot->at->len)
    return fail (error, "“by” has %u differences for %u columns", n, slot->at->len);
  for (i = 0; i < n; i++) {
    guint number = g_array_index (slot->at, guint, i);
    gint64 difference;

    if (!get_int_element (array, i, &difference) ||
        !apply_difference (callstats_slot_column (slot->columns, number), difference))
      return fail (error, "The difference at column %u cannot be applied", number);
  }
  return TRUE;
}

/* The values are read into a report of their own first: it knows every kind. */
static gboolean
apply_set (Slot *slot, JsonObject *set, GError **error)
{
  g_autoptr (CallstatsReport) values = NULL;
  guint i, j;

  if (set == NULL)
    return TRUE;
  values = callstats_report_new_from_object (0, set, error);
  if (values == NULL)
    return FALSE;
  for (i = 0; i < callstats_report_n_objects (values); i++) {
    const CallstatsStatsObject *object = callstats_report_object (values, i);
    const CallstatsField *fields = callstats_report_fields (values, object);

    for (j = 0; j < object->n_fields; j++)
      callstats_slot_put (slot->columns, object->id, &fields[j]);
  }
  return TRUE;
}

static gboolean
apply_gone (Slot *slot, JsonArray *array, GError **error)
{
  guint n = array != NULL ? json_array_get_length (array) : 0;
  guint i;

  for (i = 0; i < n; i++) {
    CallstatsColumn *column = NULL;
    gint64 number;

    if (get_int_element (array, i, &number))
      column = get_column (slot, number, error);
    if (column == NULL)
      return fail (error, "“gone” must list columns");
    column->alive = FALSE;
  }
  return TRUE;
}

static gboolean
apply_delta (Slot *slot, JsonObject *object, GError **error)
{
  gint64 after = callstats_json_get_int (object, "after", -1);

  gint64 time = callstats_slot_get_time (slot->columns);

  if (after < 0 || after > CALLSTATS_MAX_AFTER ||
      !callstats_record_time_is_valid (time + after))
    return fail (error, "“after” must be microseconds since the last sample");
  callstats_slot_set_time (slot->columns, time + after);
  return apply_units (slot, callstats_json_get_array (object, "units"), error) &&
         apply_at (slot, callstats_json_get_array (object, "at"), error) &&
         apply_by (slot, callstats_json_get_array (object, "by"), error) &&
         apply_set (slot, callstats_json_get_object (object, "set"), error) &&
         apply_gone (slot, callstats_json_get_array (object, "gone"), error);
}

static CallstatsRecord *
slot_to_record (Slot *slot)
{
  g_autoptr (CallstatsReport) report = callstats_slot_to_report (slot->columns);
  CallstatsRecord *record = callstats_record_new_report (report);

  record->conference = g_strdup (slot->conference);
  record->fabric = g_strdup (slot->fabric);
  record->remote_user = g_strdup (slot->remote_user);
  return record;
}

static CallstatsRecord *
read_delta (CallstatsDecoder *decoder, JsonObject *object, GError **error)
{
  guint number = 0;
  Slot *slot;
  gsize bytes;

  if (!read_slot_number (object, &number, error))
    return NULL;
  slot = g_hash_table_lookup (decoder->slots, GUINT_TO_POINTER (number));
  if (slot == NULL) {
    fail (error, "A difference comes before the sample of its slot %u", number);
    return NULL;
  }
  bytes = callstats_slot_bytes (slot->columns);
  if (!apply_delta (slot, object, error))
    return NULL;
  decoder->slot_bytes += callstats_slot_bytes (slot->columns) - bytes;
  decoder->delta_bytes += callstats_slot_bytes (slot->columns);
  if (decoder->delta_bytes > CALLSTATS_MAX_DELTA_BYTES) {
    fail_too_long (
        error, "What the deltas of a message stand for", CALLSTATS_MAX_DELTA_BYTES);
    return NULL;
  }
  return check_budget (decoder, error) ? slot_to_record (slot) : NULL;
}

static gboolean
ends_fabric (const CallstatsRecord *record)
{
  return record->kind == CALLSTATS_RECORD_EVENT && record->fabric != NULL &&
         strcmp (record->name, "fabricTerminated") == 0;
}

/* A whole sample, and the end of its fabric, free the slot that the fabric had. */
static CallstatsRecord *
read_whole (CallstatsDecoder *decoder, JsonObject *object, GError **error)
{
  g_autoptr (CallstatsRecord) record = callstats_record_new_from_object (object, error);

  if (record == NULL)
    return NULL;
  if (record->kind == CALLSTATS_RECORD_REPORT || ends_fabric (record))
    forget_fabric (decoder, record->fabric);
  if (record->kind == CALLSTATS_RECORD_REPORT &&
      json_object_has_member (object, "slot") &&
      !open_slot (decoder, record, object, error))
    return NULL;
  return g_steal_pointer (&record);
}

static CallstatsRecord *
read_record (CallstatsDecoder *decoder, JsonNode *node, GError **error)
{
  JsonObject *object;

  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    fail (error, "A record must be an object");
    return NULL;
  }
  object = json_node_get_object (node);
  if (g_strcmp0 (callstats_json_get_string (object, "type", NULL), "delta") == 0)
    return read_delta (decoder, object, error);
  return read_whole (decoder, object, error);
}

static CallstatsMessage *
records_message_new (guint64 first)
{
  CallstatsMessage *message = g_new0 (CallstatsMessage, 1);

  message->kind = CALLSTATS_MESSAGE_RECORDS;
  message->first = first;
  message->records =
      g_ptr_array_new_with_free_func ((GDestroyNotify)callstats_record_unref);
  return message;
}

static CallstatsMessage *
read_records (CallstatsDecoder *decoder, JsonObject *object, GError **error)
{
  g_autoptr (CallstatsMessage) message = NULL;
  JsonArray *array = callstats_json_get_array (object, "records");
  guint64 first;
  guint i;

  if (array == NULL || !callstats_json_get_sequence (object, "first", &first) ||
      first == 0) {
    fail (error, "A records message needs “first” from 1 on and “records”");
    return NULL;
  }
  if (decoder->parts != NULL) {
    fail (error, "Records came before the last part of record %" G_GUINT64_FORMAT,
        decoder->parts_sequence);
    return NULL;
  }
  decoder->delta_bytes = 0;
  message = records_message_new (first);
  for (i = 0; i < json_array_get_length (array); i++) {
    CallstatsRecord *record =
        read_record (decoder, json_array_get_element (array, i), error);

    if (record == NULL)
      return NULL;
    g_ptr_array_add (message->records, record);
  }
  return g_steal_pointer (&message);
}

static gboolean
take_part (CallstatsDecoder *decoder, JsonObject *object, GError **error)
{
  const char *text = callstats_json_get_string (object, "text", NULL);
  gint64 index = callstats_json_get_int (object, "index", -1);
  guint64 sequence;

  if (text == NULL || !callstats_json_get_sequence (object, "sequence", &sequence) ||
      sequence == 0 || index < 0)
    return fail (error, "A part needs “sequence”, “index” and “text”");
  if (index == 0) {
    drop_parts (decoder);
    decoder->parts = g_string_new (NULL);
    decoder->parts_sequence = sequence;
  }
  if (decoder->parts == NULL || sequence != decoder->parts_sequence ||
      index != (gint64)decoder->n_parts)
    return fail (
        error, "A part of record %" G_GUINT64_FORMAT " is out of order", sequence);
  if (decoder->parts->len + strlen (text) > CALLSTATS_MAX_RECORD)
    return fail_too_long (error, "A record in parts", CALLSTATS_MAX_RECORD);

  g_string_append (decoder->parts, text);
  decoder->n_parts++;
  return TRUE;
}

static CallstatsRecord *
join_parts (CallstatsDecoder *decoder, GError **error)
{
  g_autoptr (JsonObject) object =
      callstats_json_parse_object (decoder->parts->str, decoder->parts->len, error);

  drop_parts (decoder);
  return object != NULL ? read_whole (decoder, object, error) : NULL;
}

static CallstatsMessage *
read_part (CallstatsDecoder *decoder, JsonObject *object, GError **error)
{
  g_autoptr (CallstatsMessage) message = NULL;
  gboolean last = json_object_has_member (object, "last") &&
                  json_object_get_boolean_member_with_default (object, "last", FALSE);
  CallstatsRecord *record;

  if (!take_part (decoder, object, error))
    return NULL;
  message = records_message_new (decoder->parts_sequence);
  if (!last)
    return g_steal_pointer (&message);
  record = join_parts (decoder, error);
  if (record == NULL)
    return NULL;
  g_ptr_array_add (message->records, record);
  return g_steal_pointer (&message);
}

CallstatsMessage *
callstats_decoder_push (
    CallstatsDecoder *decoder, gboolean binary, GBytes *frame, GError **error)
{
  g_autoptr (JsonObject) object = parse_frame (decoder, binary, frame, error);
  CallstatsMessage *message;
  const char *type;

  if (object == NULL)
    return NULL;
  type = callstats_json_get_string (object, "type", NULL);
  if (type == NULL) {
    fail (error, "A message needs a “type”");
    return NULL;
  }
  if (decoder->control && (strcmp (type, "records") == 0 || strcmp (type, "part") == 0)) {
    fail (error, "A backend sends no records");
    return NULL;
  }
  if (strcmp (type, "records") == 0)
    return read_records (decoder, object, error);
  if (strcmp (type, "part") == 0)
    return read_part (decoder, object, error);

  message = g_new0 (CallstatsMessage, 1);
  message->kind = CALLSTATS_MESSAGE_CONTROL;
  message->type = type;
  message->object = g_steal_pointer (&object);
  return message;
}
