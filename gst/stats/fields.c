/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading fields of GStreamer's structures. Pure, any thread.
 */
#include "fields.h"

#include <math.h>

#define SECONDS_TO_1970 2208988800.0

static gboolean
get_signed (const GValue *value, gint64 *number)
{
  if (G_VALUE_HOLDS_INT (value))
    *number = g_value_get_int (value);
  else if (G_VALUE_HOLDS_INT64 (value))
    *number = g_value_get_int64 (value);
  else if (G_VALUE_HOLDS_LONG (value))
    *number = g_value_get_long (value);
  else
    return FALSE;
  return TRUE;
}

static gboolean
get_unsigned (const GValue *value, guint64 *number)
{
  if (G_VALUE_HOLDS_UINT (value))
    *number = g_value_get_uint (value);
  else if (G_VALUE_HOLDS_UINT64 (value))
    *number = g_value_get_uint64 (value);
  else if (G_VALUE_HOLDS_ULONG (value))
    *number = g_value_get_ulong (value);
  else
    return FALSE;
  return TRUE;
}

static gboolean
get_real (const GValue *value, double *number)
{
  if (G_VALUE_HOLDS_DOUBLE (value))
    *number = g_value_get_double (value);
  else if (G_VALUE_HOLDS_FLOAT (value))
    *number = g_value_get_float (value);
  else
    return FALSE;
  return TRUE;
}

gboolean
gst_callstats_value_to_double (const GValue *value, double *number)
{
  gint64 integer;
  guint64 natural;

  if (value == NULL)
    return FALSE;
  if (get_signed (value, &integer))
    *number = (double)integer;
  else if (get_unsigned (value, &natural))
    *number = (double)natural;
  else
    return get_real (value, number) && isfinite (*number);
  return TRUE;
}

gboolean
gst_callstats_value_to_count (const GValue *value, guint64 *count)
{
  gint64 integer;

  if (value == NULL)
    return FALSE;
  if (get_unsigned (value, count))
    return TRUE;
  if (!get_signed (value, &integer) || integer < 0)
    return FALSE;
  *count = (guint64)integer;
  return TRUE;
}

gboolean
gst_callstats_get_double (const GstStructure *fields, const char *name, double *number)
{
  return gst_callstats_value_to_double (gst_structure_get_value (fields, name), number);
}

gboolean
gst_callstats_get_count (const GstStructure *fields, const char *name, guint64 *count)
{
  return gst_callstats_value_to_count (gst_structure_get_value (fields, name), count);
}

static gboolean
convert (GstCallstatsUnit unit, double *number)
{
  switch (unit) {
  case GST_CALLSTATS_UNIT_NS:
    *number /= GST_SECOND;
    return *number >= 0;
  case GST_CALLSTATS_UNIT_NS_SIGNED:
    *number /= GST_SECOND;
    return TRUE;
  case GST_CALLSTATS_UNIT_NTP_SHORT:
    *number /= 65536;
    return TRUE;
  case GST_CALLSTATS_UNIT_NTP:
    *number = (*number / 4294967296.0 - SECONDS_TO_1970) * 1000;
    return *number > 0;
  case GST_CALLSTATS_UNIT_NTP_SECONDS:
    *number = (*number - SECONDS_TO_1970) * 1000;
    return *number > 0;
  case GST_CALLSTATS_UNIT_FRACTION:
    *number /= 256;
    return TRUE;
  case GST_CALLSTATS_UNIT_PERCENT:
    *number /= 100;
    return TRUE;
  default:
    return TRUE;
  }
}

static void
tell_number (const char *name, const GValue *value, CallstatsReport *report)
{
  gint64 integer;
  guint64 natural;
  double real;

  if (get_unsigned (value, &natural))
    callstats_report_set_uint (report, name, natural);
  else if (get_signed (value, &integer))
    callstats_report_set_int (report, name, integer);
  else if (get_real (value, &real) && isfinite (real))
    callstats_report_set_double (report, name, real);
}

static void
tell_enum (const char *name, const GValue *value, CallstatsReport *report)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (G_VALUE_TYPE (value));
  GEnumValue *found = g_enum_get_value (klass, g_value_get_enum (value));

  if (found != NULL)
    callstats_report_set_string (report, name, found->value_nick);
}

static void
tell_as_is (const char *name, const GValue *value, CallstatsReport *report)
{
  if (G_VALUE_HOLDS_BOOLEAN (value))
    callstats_report_set_boolean (report, name, g_value_get_boolean (value));
  else if (G_VALUE_HOLDS_STRING (value))
    callstats_report_set_string (report, name, g_value_get_string (value));
  else if (G_VALUE_HOLDS_ENUM (value))
    tell_enum (name, value, report);
  else
    tell_number (name, value, report);
}

void
gst_callstats_field_tell (
    const GstCallstatsField *field, const GValue *value, CallstatsReport *report)
{
  guint64 count;
  double number;

  if (field->w3c == NULL || value == NULL)
    return;
  if (field->unit == GST_CALLSTATS_UNIT_AS_IS)
    tell_as_is (field->w3c, value, report);
  else if (field->unit == GST_CALLSTATS_UNIT_UNSIGNED) {
    if (gst_callstats_value_to_count (value, &count))
      callstats_report_set_uint (report, field->w3c, count);
  } else if (gst_callstats_value_to_double (value, &number) &&
             convert (field->unit, &number))
    callstats_report_set_double (report, field->w3c, number);
}

void
gst_callstats_fields_tell (const GstCallstatsField *table, guint n,
    const GstStructure *fields, CallstatsReport *report)
{
  guint i;

  for (i = 0; i < n; i++)
    gst_callstats_field_tell (
        &table[i], gst_structure_get_value (fields, table[i].gst), report);
}
