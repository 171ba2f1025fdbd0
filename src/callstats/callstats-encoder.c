/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records to frames: batches, differences, parts, compression. Pure; belongs to one
 * connection.
 */
#include <string.h>
#include <zlib.h>

#include "callstats-codec-private.h"
#include "callstats-json-private.h"
#include "callstats-slot-private.h"

/* Deflate can grow incompressible text by a few bytes a block. */
#define MAX_TEXT (CALLSTATS_MAX_FRAME - 128)
#define PART_BYTES (24 * 1024) /* escaping may double it */

typedef struct {
  guint number;
  char *conference;
  char *remote_user;
  CallstatsSlot *columns;
  GArray *at; /* guint: the columns of the last difference */
  guint generation;
  gboolean stale; /* the next sample goes whole */
} Slot;

struct _CallstatsEncoder {
  gboolean compress;
  z_stream deflate;
  GHashTable *slots;        /* fabric → Slot */
  GHashTable *free_numbers; /* set of slot numbers that an ended fabric gave back */
  guint next_number;
  gsize slot_bytes;
  GString *frame;    /* the batch being built; empty: none */
  gsize delta_bytes; /* of the samples that it tells as differences */
  guint64 next_sequence;
};

static void
slot_free (gpointer data)
{
  Slot *slot = data;

  g_free (slot->conference);
  g_free (slot->remote_user);
  callstats_slot_free (slot->columns);
  g_array_unref (slot->at);
  g_free (slot);
}

CallstatsEncoder *
callstats_encoder_new (gboolean compress)
{
  CallstatsEncoder *encoder = g_new0 (CallstatsEncoder, 1);

  encoder->compress = compress;
  encoder->slots = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, slot_free);
  encoder->free_numbers = g_hash_table_new (NULL, NULL);
  encoder->frame = g_string_new (NULL);
  if (compress && deflateInit2 (&encoder->deflate, Z_BEST_COMPRESSION, Z_DEFLATED, -15, 8,
                      Z_DEFAULT_STRATEGY) != Z_OK)
    g_error ("zlib cannot allocate its state");
  return encoder;
}

void
callstats_encoder_free (CallstatsEncoder *encoder)
{
  if (encoder == NULL)
    return;
  if (encoder->compress)
    deflateEnd (&encoder->deflate);
  g_hash_table_unref (encoder->slots);
  g_hash_table_unref (encoder->free_numbers);
  g_string_free (encoder->frame, TRUE);
  g_free (encoder);
}

gboolean
callstats_encoder_is_binary (CallstatsEncoder *encoder)
{
  return encoder->compress;
}

void
callstats_encoder_request_keyframe (CallstatsEncoder *encoder)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, encoder->slots);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    ((Slot *)value)->stale = TRUE;
}

static void
forget_slot (CallstatsEncoder *encoder, const char *fabric)
{
  Slot *slot = g_hash_table_lookup (encoder->slots, fabric);

  if (slot == NULL)
    return;
  encoder->slot_bytes -= callstats_slot_bytes (slot->columns);
  g_hash_table_add (encoder->free_numbers, GUINT_TO_POINTER (slot->number));
  g_hash_table_remove (encoder->slots, fabric);
}

static gboolean
take_number (CallstatsEncoder *encoder, guint *number)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, encoder->free_numbers);
  if (g_hash_table_iter_next (&iter, &key, NULL)) {
    *number = GPOINTER_TO_UINT (key);
    g_hash_table_iter_remove (&iter);
    return TRUE;
  }
  if (encoder->next_number == CALLSTATS_MAX_SLOTS)
    return FALSE;
  *number = encoder->next_number++;
  return TRUE;
}

/* NULL: the connection's budget for slots is spent; the sample goes without one. */
static Slot *
open_slot (CallstatsEncoder *encoder, const CallstatsRecord *record)
{
  g_autoptr (CallstatsSlot) columns = callstats_slot_new (record->report);
  gsize bytes = callstats_slot_bytes (columns);
  guint number;
  Slot *slot;

  forget_slot (encoder, record->fabric);
  if (encoder->slot_bytes + bytes > CALLSTATS_MAX_SLOT_BYTES ||
      !take_number (encoder, &number))
    return NULL;

  slot = g_new0 (Slot, 1);
  slot->number = number;
  slot->conference = g_strdup (record->conference);
  slot->remote_user = g_strdup (record->remote_user);
  slot->columns = g_steal_pointer (&columns);
  slot->at = g_array_new (FALSE, FALSE, sizeof (guint));
  g_hash_table_insert (encoder->slots, g_strdup (record->fabric), slot);
  encoder->slot_bytes += bytes;
  return slot;
}

static gboolean
slot_fits (Slot *slot, const CallstatsRecord *record)
{
  return !slot->stale && g_strcmp0 (slot->conference, record->conference) == 0 &&
         g_strcmp0 (slot->remote_user, record->remote_user) == 0 &&
         record->time >= callstats_slot_get_time (slot->columns) &&
         record->time - callstats_slot_get_time (slot->columns) <= CALLSTATS_MAX_AFTER;
}

/* What a clock ticks in: milliseconds and microseconds, RTP clocks, 1/65536 s of RTCP. */
static const gint64 units[] = { 1, 1000, 90000, 48000, 65536, 1000000, 8000, 1000000000 };

static gboolean
is_exact (const CallstatsField *field, gint64 unit)
{
  CallstatsField back = *field;
  gint64 n;

  return callstats_field_to_units (field, unit, &n) &&
         callstats_field_from_units (&back, unit, n) &&
         callstats_field_equal (field, &back);
}

/* 0: no unit holds the value exactly. */
static gint64
find_unit (const CallstatsField *field, gint64 preferred)
{
  guint i;

  if (is_exact (field, preferred))
    return preferred;
  for (i = 0; i < G_N_ELEMENTS (units); i++) {
    if (is_exact (field, units[i]))
      return units[i];
  }
  return 0;
}

/* The difference between two samples, in the making. */
typedef struct {
  GString *units;
  GArray *at; /* guint */
  GString *by;
  GString *set;
  GString *gone;
  const char *set_id; /* the object that set is in the middle of */
} Delta;

static void
delta_init (Delta *delta)
{
  delta->units = g_string_new (NULL);
  delta->at = g_array_new (FALSE, FALSE, sizeof (guint));
  delta->by = g_string_new (NULL);
  delta->set = g_string_new (NULL);
  delta->gone = g_string_new (NULL);
  delta->set_id = NULL;
}

static void
delta_clear (Delta *delta)
{
  g_string_free (delta->units, TRUE);
  g_array_unref (delta->at);
  g_string_free (delta->by, TRUE);
  g_string_free (delta->set, TRUE);
  g_string_free (delta->gone, TRUE);
}

static void
append_element (GString *list, gint64 value)
{
  if (list->len > 0)
    g_string_append_c (list, ',');
  g_string_append_printf (list, "%" G_GINT64_FORMAT, value);
}

static void
delta_set (Delta *delta, const char *id, const CallstatsField *field)
{
  if (delta->set_id != id) {
    if (delta->set_id != NULL)
      g_string_append (delta->set, "},");
    callstats_json_append_string (delta->set, id);
    g_string_append (delta->set, ":{");
    delta->set_id = id;
  }
  callstats_json_append_member (delta->set, field->name);
  callstats_field_append_json (field, delta->set);
}

/* FALSE: the change cannot be told as a difference of whole units. */
static gboolean
delta_add (
    Delta *delta, CallstatsColumn *column, guint number, const CallstatsField *field)
{
  gint64 unit = find_unit (field, column->unit);
  gint64 before, now;

  if (unit == 0 || !callstats_field_to_units (&column->value, unit, &before) ||
      !callstats_field_to_units (field, unit, &now) ||
      ABS (now - before) >= CALLSTATS_MAX_DIFFERENCE)
    return FALSE;

  if (unit != column->unit) {
    if (delta->units->len > 0)
      g_string_append_c (delta->units, ',');
    g_string_append_printf (delta->units, "[%u,%" G_GINT64_FORMAT "]", number, unit);
    column->unit = unit;
  }
  g_array_append_val (delta->at, number);
  append_element (delta->by, now - before);
  column->value.kind = field->kind;
  if (field->kind == CALLSTATS_VALUE_INT)
    column->value.i = field->i;
  else
    column->value.d = field->d;
  return TRUE;
}

static void
diff_field (Slot *slot, Delta *delta, const char *id, const CallstatsField *field)
{
  guint number;
  CallstatsColumn *column = callstats_slot_find (slot->columns, id, field->name, &number);

  /* A field that an object has twice is told as readers of JSON see it: the last counts.
   */
  if (column != NULL && column->alive && column->seen != slot->generation) {
    column->seen = slot->generation;
    if (callstats_field_equal (&column->value, field) ||
        delta_add (delta, column, number, field))
      return;
  }
  delta_set (delta, id, field);
  callstats_slot_put (slot->columns, id, field)->seen = slot->generation;
}

static void
diff_gone (Slot *slot, Delta *delta)
{
  guint i;

  for (i = 0; i < callstats_slot_n_columns (slot->columns); i++) {
    CallstatsColumn *column = callstats_slot_column (slot->columns, i);

    if (column->alive && column->seen != slot->generation) {
      column->alive = FALSE;
      append_element (delta->gone, i);
    }
  }
}

static void
diff_report (Slot *slot, Delta *delta, CallstatsReport *report)
{
  guint i, j;

  slot->generation++;
  for (i = 0; i < callstats_report_n_objects (report); i++) {
    const CallstatsStatsObject *object = callstats_report_object (report, i);
    const CallstatsField *fields = callstats_report_fields (report, object);

    for (j = 0; j < object->n_fields; j++)
      diff_field (slot, delta, object->id, &fields[j]);
  }
  diff_gone (slot, delta);
}

static gboolean
same_columns (GArray *a, GArray *b)
{
  return a->len == b->len &&
         (a->len == 0 || memcmp (a->data, b->data, a->len * sizeof (guint)) == 0);
}

/* Left out when they are those of the last difference. */
static void
write_columns (Slot *slot, Delta *delta, GString *json)
{
  guint i;

  if (same_columns (slot->at, delta->at))
    return;
  g_string_append (json, ",\"at\":[");
  for (i = 0; i < delta->at->len; i++)
    g_string_append_printf (
        json, i > 0 ? ",%u" : "%u", g_array_index (delta->at, guint, i));
  g_string_append_c (json, ']');
  g_array_set_size (slot->at, 0);
  g_array_append_vals (slot->at, delta->at->data, delta->at->len);
}

static void
write_delta (Slot *slot, Delta *delta, gint64 after, GString *json)
{
  g_string_append_printf (json,
      "{\"type\":\"delta\",\"slot\":%u,\"after\":%" G_GINT64_FORMAT, slot->number, after);
  if (delta->units->len > 0)
    g_string_append_printf (json, ",\"units\":[%s]", delta->units->str);
  write_columns (slot, delta, json);
  g_string_append_printf (json, ",\"by\":[%s]", delta->by->str);
  if (delta->set->len > 0)
    g_string_append_printf (json, ",\"set\":{%s}}", delta->set->str);
  if (delta->gone->len > 0)
    g_string_append_printf (json, ",\"gone\":[%s]", delta->gone->str);
  g_string_append_c (json, '}');
}

static void
encode_delta (
    CallstatsEncoder *encoder, Slot *slot, const CallstatsRecord *record, GString *json)
{
  gint64 after = record->time - callstats_slot_get_time (slot->columns);
  gsize bytes = callstats_slot_bytes (slot->columns);
  Delta delta;

  delta_init (&delta);
  callstats_slot_set_time (slot->columns, record->time);
  diff_report (slot, &delta, record->report);
  write_delta (slot, &delta, after, json);
  delta_clear (&delta);
  encoder->slot_bytes += callstats_slot_bytes (slot->columns) - bytes;
  encoder->delta_bytes += callstats_slot_bytes (slot->columns);
}

static void
encode_keyframe (CallstatsEncoder *encoder, const CallstatsRecord *record, GString *json)
{
  Slot *slot = open_slot (encoder, record);

  g_string_append_c (json, '{');
  callstats_record_append_head (record, "report", json);
  if (slot != NULL)
    g_string_append_printf (json, ",\"slot\":%u", slot->number);
  g_string_append (json, ",\"stats\":");
  callstats_report_append_json (record->report, json);
  g_string_append_c (json, '}');
}

static gboolean
encode_record (CallstatsEncoder *encoder, const CallstatsRecord *record, GString *json)
{
  Slot *slot;

  if (record->kind != CALLSTATS_RECORD_REPORT || record->fabric == NULL) {
    callstats_record_append_json (record, json);
    return TRUE;
  }
  slot = g_hash_table_lookup (encoder->slots, record->fabric);
  if (slot != NULL && slot_fits (slot, record))
    encode_delta (encoder, slot, record, json);
  else
    encode_keyframe (encoder, record, json);
  return encoder->slot_bytes <= CALLSTATS_MAX_SLOT_BYTES &&
         encoder->delta_bytes <= CALLSTATS_MAX_DELTA_BYTES;
}

static gboolean
ends_fabric (const CallstatsRecord *record)
{
  return record->kind == CALLSTATS_RECORD_EVENT && record->fabric != NULL &&
         strcmp (record->name, "fabricTerminated") == 0;
}

/* A record that did not fit has stepped its fabric's columns already: it starts over with
 * a keyframe. */
gboolean
callstats_encoder_add (
    CallstatsEncoder *encoder, guint64 sequence, const CallstatsRecord *record)
{
  g_autoptr (GString) json = g_string_sized_new (1024);
  gboolean begun = encoder->frame->len > 0;

  g_return_val_if_fail (!begun || sequence == encoder->next_sequence, FALSE);

  if (!begun)
    encoder->delta_bytes = 0;

  if (!encode_record (encoder, record, json) ||
      encoder->frame->len + json->len + 64 > MAX_TEXT) {
    if (record->fabric != NULL)
      forget_slot (encoder, record->fabric);
    return FALSE;
  }

  if (begun)
    g_string_append_c (encoder->frame, ',');
  else
    g_string_printf (encoder->frame,
        "{\"type\":\"records\",\"first\":%" G_GUINT64_FORMAT ",\"records\":[", sequence);
  g_string_append_len (encoder->frame, json->str, json->len);
  encoder->next_sequence = sequence + 1;
  if (ends_fabric (record))
    forget_slot (encoder, record->fabric);
  return TRUE;
}

/* One segment of the connection's deflate stream, without the four bytes that every
 * sync flush ends with. */
static GBytes *
compress_text (CallstatsEncoder *encoder, const char *text, gsize length)
{
  gsize size = deflateBound (&encoder->deflate, length) + 16;
  guint8 *out = g_malloc (size);

  encoder->deflate.next_in = (Bytef *)text;
  encoder->deflate.avail_in = length;
  encoder->deflate.next_out = out;
  encoder->deflate.avail_out = size;
  if (deflate (&encoder->deflate, Z_SYNC_FLUSH) != Z_OK)
    g_error ("zlib cannot compress: its state is damaged");
  size -= encoder->deflate.avail_out;
  return g_bytes_new_take (out, size - 4);
}

static GBytes *
make_frame (CallstatsEncoder *encoder, const char *text, gsize length)
{
  return encoder->compress ? compress_text (encoder, text, length)
                           : g_bytes_new (text, length);
}

GBytes *
callstats_encoder_finish (CallstatsEncoder *encoder)
{
  GBytes *frame;

  if (encoder->frame->len == 0)
    return NULL;
  g_string_append (encoder->frame, "]}");
  frame = make_frame (encoder, encoder->frame->str, encoder->frame->len);
  g_string_truncate (encoder->frame, 0);
  return frame;
}

GBytes *
callstats_encoder_message (CallstatsEncoder *encoder, const char *json)
{
  return make_frame (encoder, json, strlen (json));
}

/* A piece ends where a character does. */
static gsize
piece_length (const char *text, gsize rest)
{
  gsize length = MIN (rest, PART_BYTES);

  while (length < rest && ((guchar)text[length] & 0xc0) == 0x80)
    length--;
  return length;
}

static GBytes *
make_part (CallstatsEncoder *encoder, guint64 sequence, guint index, gboolean last,
    const char *piece)
{
  g_autoptr (GString) json = g_string_sized_new (PART_BYTES);

  g_string_printf (json,
      "{\"type\":\"part\",\"sequence\":%" G_GUINT64_FORMAT
      ",\"index\":%u,\"last\":%s,\"text\":",
      sequence, index, last ? "true" : "false");
  callstats_json_append_string (json, piece);
  g_string_append_c (json, '}');
  return make_frame (encoder, json->str, json->len);
}

GPtrArray *
callstats_encoder_parts (
    CallstatsEncoder *encoder, guint64 sequence, const CallstatsRecord *record)
{
  g_autoptr (GString) json = g_string_new (NULL);
  GPtrArray *frames;
  gsize done = 0;

  g_return_val_if_fail (encoder->frame->len == 0, NULL);

  callstats_record_append_json (record, json);
  if (json->len > CALLSTATS_MAX_RECORD || !callstats_json_members_fit (json->str))
    return NULL;

  frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  while (done < json->len) {
    gsize length = piece_length (json->str + done, json->len - done);
    g_autofree char *piece = g_strndup (json->str + done, length);

    done += length;
    g_ptr_array_add (
        frames, make_part (encoder, sequence, frames->len, done == json->len, piece));
  }
  return frames;
}
