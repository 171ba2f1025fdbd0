/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The columns of a fabric's last sample. Pure; belongs to one encoder or decoder.
 */
#include <math.h>
#include <string.h>

#include "callstats-slot-private.h"

#define COLUMN_BYTES 16 /* what a column counts beside its texts */
#define FEW_COLUMNS 64  /* of one object: looked through one by one */
#define MAX_UNITS ((double)(G_GINT64_CONSTANT (1) << 53))

typedef struct {
  char *id;
  GArray *columns;     /* guint: their numbers */
  guint next;          /* where the next look-up most likely hits */
  GHashTable *by_name; /* name → number; NULL while there are few */
} Object;

struct _CallstatsSlot {
  gint64 time;
  GArray *columns;    /* CallstatsColumn */
  GPtrArray *objects; /* Object, in order of appearance */
  GHashTable *by_id;  /* id → Object, both the objects' own */
  Object *last;       /* the last one looked up */
  gsize bytes;
};

static void
object_free (gpointer data)
{
  Object *object = data;

  g_free (object->id);
  g_array_unref (object->columns);
  g_clear_pointer (&object->by_name, g_hash_table_unref);
  g_free (object);
}

static gboolean
has_text (const CallstatsField *field)
{
  return field->kind == CALLSTATS_VALUE_STRING || field->kind == CALLSTATS_VALUE_JSON;
}

static gsize
text_bytes (const CallstatsField *field)
{
  return has_text (field) ? strlen (field->s) : 0;
}

static void
clear_text (CallstatsField *field)
{
  if (has_text (field))
    g_free ((char *)field->s);
}

static void
column_clear (gpointer data)
{
  CallstatsColumn *column = data;

  clear_text (&column->value);
  g_free ((char *)column->value.name);
}

CallstatsSlot *
callstats_slot_new (CallstatsReport *keyframe)
{
  CallstatsSlot *slot = g_new0 (CallstatsSlot, 1);
  guint i, j;

  slot->time = callstats_report_get_time (keyframe);
  slot->columns = g_array_sized_new (FALSE, FALSE, sizeof (CallstatsColumn), 128);
  g_array_set_clear_func (slot->columns, column_clear);
  slot->objects = g_ptr_array_new_with_free_func (object_free);
  slot->by_id = g_hash_table_new (g_str_hash, g_str_equal);

  for (i = 0; i < callstats_report_n_objects (keyframe); i++) {
    const CallstatsStatsObject *object = callstats_report_object (keyframe, i);
    const CallstatsField *fields = callstats_report_fields (keyframe, object);

    for (j = 0; j < object->n_fields; j++)
      callstats_slot_put (slot, object->id, &fields[j]);
  }
  return slot;
}

void
callstats_slot_free (CallstatsSlot *slot)
{
  if (slot == NULL)
    return;
  g_hash_table_unref (slot->by_id);
  g_ptr_array_unref (slot->objects);
  g_array_unref (slot->columns);
  g_free (slot);
}

gint64
callstats_slot_get_time (CallstatsSlot *slot)
{
  return slot->time;
}

static void
set_number (CallstatsField *field, double value)
{
  field->kind = CALLSTATS_VALUE_DOUBLE;
  field->d = value;
}

/* The time in milliseconds, with the 15 digits that a report holds. */
static double
report_timestamp (gint64 time_us)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  return g_ascii_strtod (
      g_ascii_formatd (text, sizeof text, "%.15g", time_us / 1000.0), NULL);
}

void
callstats_slot_set_time (CallstatsSlot *slot, gint64 time_us)
{
  CallstatsField before = { .kind = CALLSTATS_VALUE_DOUBLE };
  double now = report_timestamp (time_us);
  guint i;

  before.d = report_timestamp (slot->time);
  for (i = 0; i < slot->columns->len; i++) {
    CallstatsColumn *column = &g_array_index (slot->columns, CallstatsColumn, i);

    if (strcmp (column->value.name, "timestamp") == 0 &&
        callstats_field_equal (&column->value, &before))
      set_number (&column->value, now);
  }
  slot->time = time_us;
}

guint
callstats_slot_n_columns (CallstatsSlot *slot)
{
  return slot->columns->len;
}

CallstatsColumn *
callstats_slot_column (CallstatsSlot *slot, guint index)
{
  if (index >= slot->columns->len)
    return NULL;
  return &g_array_index (slot->columns, CallstatsColumn, index);
}

static Object *
find_object (CallstatsSlot *slot, const char *id)
{
  if (slot->last == NULL || strcmp (slot->last->id, id) != 0)
    slot->last = g_hash_table_lookup (slot->by_id, id);
  return slot->last;
}

/* Where the name of the object may be in its list, and how many to look at. A sender may
 * make objects of any size: their look-ups must not be linear. */
static guint
narrow (Object *object, const char *name)
{
  gpointer at;

  if (object == NULL)
    return 0;
  if (object->by_name == NULL)
    return object->columns->len;
  if (!g_hash_table_lookup_extended (object->by_name, name, NULL, &at))
    return 0;
  object->next = GPOINTER_TO_UINT (at);
  return 1;
}

/* Samples have their fields in the same order: start behind the last hit. */
CallstatsColumn *
callstats_slot_find (CallstatsSlot *slot, const char *id, const char *name, guint *index)
{
  Object *object = find_object (slot, id);
  guint tries = narrow (object, name);
  guint n = object != NULL ? object->columns->len : 0;
  guint i;

  for (i = 0; i < tries; i++) {
    guint at = (object->next + i) % n;
    guint number = g_array_index (object->columns, guint, at);
    CallstatsColumn *column = callstats_slot_column (slot, number);

    if (strcmp (column->value.name, name) == 0) {
      object->next = at + 1;
      if (index != NULL)
        *index = number;
      return column;
    }
  }
  return NULL;
}

static Object *
ensure_object (CallstatsSlot *slot, const char *id)
{
  Object *object = find_object (slot, id);

  if (object != NULL)
    return object;
  object = g_new0 (Object, 1);
  object->id = g_strdup (id);
  object->columns = g_array_new (FALSE, FALSE, sizeof (guint));
  g_ptr_array_add (slot->objects, object);
  g_hash_table_insert (slot->by_id, object->id, object);
  slot->last = object;
  return object;
}

/* Begins at the last column; all of them where there was no table yet. */
static void
index_names (CallstatsSlot *slot, Object *object)
{
  guint i = object->columns->len - 1;

  if (i < FEW_COLUMNS)
    return;
  if (object->by_name == NULL) {
    object->by_name = g_hash_table_new (g_str_hash, g_str_equal);
    i = 0;
  }
  for (; i < object->columns->len; i++) {
    guint number = g_array_index (object->columns, guint, i);

    g_hash_table_insert (object->by_name,
        (gpointer)callstats_slot_column (slot, number)->value.name, GUINT_TO_POINTER (i));
  }
}

static CallstatsColumn *
add_column (CallstatsSlot *slot, const char *id, const char *name)
{
  Object *object = ensure_object (slot, id);
  CallstatsColumn column = { .id = object->id, .unit = 1 };
  guint number = slot->columns->len;

  column.value.name = g_strdup (name);
  column.value.kind = CALLSTATS_VALUE_BOOLEAN;
  g_array_append_val (slot->columns, column);
  g_array_append_val (object->columns, number);
  index_names (slot, object);
  slot->bytes += COLUMN_BYTES + strlen (id) + strlen (name);
  return callstats_slot_column (slot, number);
}

CallstatsColumn *
callstats_slot_put (CallstatsSlot *slot, const char *id, const CallstatsField *field)
{
  CallstatsColumn *column = callstats_slot_find (slot, id, field->name, NULL);
  const char *name;

  if (column == NULL)
    column = add_column (slot, id, field->name);

  slot->bytes -= text_bytes (&column->value);
  clear_text (&column->value);
  name = column->value.name;
  column->value = *field;
  column->value.name = name;
  if (has_text (field))
    column->value.s = g_strdup (field->s);
  slot->bytes += text_bytes (&column->value);
  column->alive = TRUE;
  return column;
}

gboolean
callstats_field_to_units (const CallstatsField *field, gint64 unit, gint64 *units)
{
  double value;

  if (field->kind == CALLSTATS_VALUE_INT)
    value = (double)field->i * (double)unit;
  else if (field->kind == CALLSTATS_VALUE_DOUBLE)
    value = field->d * (double)unit;
  else
    return FALSE;

  if (!(fabs (value) < MAX_UNITS))
    return FALSE;
  *units = (gint64)round (value);
  return TRUE;
}

gboolean
callstats_field_from_units (CallstatsField *field, gint64 unit, gint64 units)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (!(fabs ((double)units) < MAX_UNITS))
    return FALSE;
  if (unit == 1) {
    field->kind = CALLSTATS_VALUE_INT;
    field->i = units;
    return TRUE;
  }
  g_ascii_formatd (text, sizeof text, "%.15g", (double)units / (double)unit);
  set_number (field, g_ascii_strtod (text, NULL));
  return TRUE;
}

gsize
callstats_slot_bytes (CallstatsSlot *slot)
{
  return slot->bytes;
}

static gboolean
object_is_alive (CallstatsSlot *slot, Object *object)
{
  guint i;

  for (i = 0; i < object->columns->len; i++) {
    if (callstats_slot_column (slot, g_array_index (object->columns, guint, i))->alive)
      return TRUE;
  }
  return FALSE;
}

CallstatsReport *
callstats_slot_to_report (CallstatsSlot *slot)
{
  CallstatsReport *report = callstats_report_new (slot->time);
  guint i, j;

  for (i = 0; i < slot->objects->len; i++) {
    Object *object = g_ptr_array_index (slot->objects, i);

    if (!object_is_alive (slot, object))
      continue;
    callstats_report_add_object (report, object->id);
    for (j = 0; j < object->columns->len; j++) {
      guint number = g_array_index (object->columns, guint, j);
      CallstatsColumn *column = callstats_slot_column (slot, number);

      if (column->alive)
        callstats_report_copy_field (report, &column->value);
    }
  }
  return report;
}
