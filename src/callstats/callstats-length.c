/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long a record's JSON is, without writing all of it. Pure, any thread.
 */
#include <string.h>

#include "callstats-json-private.h"
#include "callstats-record-private.h"
#include "callstats-report-private.h"

/* Much of a report are times, and most of these the same one. */
typedef struct {
  double number; /* 0: none yet */
  gsize length;  /* its text's */
  GString *text; /* to write in */
} Last;

static gsize
count_written (GString *text)
{
  gsize length = text->len;

  g_string_truncate (text, 0);
  return length;
}

static gsize
string_length (const char *string, Last *last)
{
  const guchar *p;

  for (p = (const guchar *)string; *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\';
       p++)
    ;
  if (*p == '\0')
    return (gsize)((const char *)p - string) + 2;
  callstats_json_append_string (last->text, string);
  return count_written (last->text);
}

static gsize
double_length (const CallstatsField *field, Last *last)
{
  if (field->d == last->number && field->d != 0)
    return last->length;
  callstats_field_append_json (field, last->text);
  last->number = field->d;
  last->length = count_written (last->text);
  return last->length;
}

static gsize
int_length (gint64 value)
{
  guint64 rest = value < 0 ? (guint64)0 - (guint64)value : (guint64)value;
  gsize length = value < 0 ? 2 : 1;

  while ((rest /= 10) > 0)
    length++;
  return length;
}

static gsize
value_length (const CallstatsField *field, Last *last)
{
  switch (field->kind) {
  case CALLSTATS_VALUE_INT:
    if (ABS (field->i) < G_MAXINT32)
      return int_length (field->i);
    break;
  case CALLSTATS_VALUE_DOUBLE:
    return double_length (field, last);
  case CALLSTATS_VALUE_STRING:
    return string_length (field->s, last);
  case CALLSTATS_VALUE_JSON:
    return strlen (field->s);
  default:
    break;
  }
  callstats_field_append_json (field, last->text);
  return count_written (last->text);
}

/* Braces, and a colon and, but for the last, a comma for each member. */
static gsize
punctuation (guint n_members)
{
  return n_members > 0 ? 2 * (gsize)n_members + 1 : 2;
}

static gsize
stats_length (const CallstatsReport *report, Last *last)
{
  guint n = callstats_report_n_objects (report);
  gsize length = punctuation (n);
  guint i, j;

  for (i = 0; i < n; i++) {
    const CallstatsStatsObject *object = callstats_report_object (report, i);
    const CallstatsField *fields = callstats_report_fields (report, object);

    length += string_length (object->id, last) + punctuation (object->n_fields);
    for (j = 0; j < object->n_fields; j++)
      length += string_length (fields[j].name, last) + value_length (&fields[j], last);
  }
  return length;
}

gsize
callstats_record_json_length (const CallstatsRecord *record)
{
  g_autoptr (GString) text = g_string_sized_new (256);
  Last last = { .text = text };
  gsize length;

  if (record->kind != CALLSTATS_RECORD_REPORT) {
    callstats_record_append_json (record, text);
    return text->len;
  }
  callstats_record_append_head (record, "report", text);
  length = count_written (text);
  return strlen ("{,\"stats\":}") + length + stats_length (record->report, &last);
}
