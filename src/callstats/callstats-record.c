/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records and their self-contained JSON form. Filled by one thread, then read by any.
 */
#include <math.h>
#include <string.h>

#include "callstats-error.h"
#include "callstats-json-private.h"
#include "callstats-record-private.h"
#include "callstats-report-private.h"

/* Past the year 10000 or before 1970 a time is garbage. */
#define MAX_TIME_MS G_GINT64_CONSTANT (253402300800000)

static CallstatsRecord *
record_new (CallstatsRecordKind kind, gint64 time)
{
  CallstatsRecord *record = g_new0 (CallstatsRecord, 1);

  g_atomic_ref_count_init (&record->ref_count);
  record->kind = kind;
  record->time = time;
  return record;
}

CallstatsRecord *
callstats_record_new_event (const char *name, gint64 time, const char *data)
{
  CallstatsRecord *record = record_new (CALLSTATS_RECORD_EVENT, time);

  record->name = g_strdup (name);
  record->data = g_strdup (data != NULL ? data : "{}");
  return record;
}

CallstatsRecord *
callstats_record_new_report (CallstatsReport *report)
{
  CallstatsRecord *record =
      record_new (CALLSTATS_RECORD_REPORT, callstats_report_get_time (report));

  record->report = callstats_report_ref (report);
  return record;
}

/* json: the whole record, an object with “type” and “time”. */
CallstatsRecord *
callstats_record_new_other (const char *type, gint64 time, const char *json)
{
  CallstatsRecord *record = record_new (CALLSTATS_RECORD_OTHER, time);

  record->name = g_strdup (type);
  record->data = g_strdup (json);
  return record;
}

CallstatsRecord *
callstats_record_ref (CallstatsRecord *record)
{
  g_atomic_ref_count_inc (&record->ref_count);
  return record;
}

void
callstats_record_settle (CallstatsRecord *record, gboolean stored)
{
  void (*settled) (gboolean, gpointer) = g_steal_pointer (&record->settled);

  if (settled != NULL)
    settled (stored, record->settled_data);
}

void
callstats_record_unref (CallstatsRecord *record)
{
  if (record == NULL || !g_atomic_ref_count_dec (&record->ref_count))
    return;
  callstats_record_settle (record, FALSE);
  g_free (record->user);
  g_free (record->conference);
  g_free (record->fabric);
  g_free (record->remote_user);
  g_free (record->name);
  g_free (record->data);
  callstats_report_unref (record->report);
  g_free (record);
}

void
callstats_record_append_time (gint64 time, GString *json)
{
  g_string_append_printf (json, "%" G_GINT64_FORMAT, time / 1000);
  if (time % 1000 != 0)
    g_string_append_printf (json, ".%03d", (int)(ABS (time) % 1000));
}

static void
append_optional (GString *json, const char *name, const char *value)
{
  if (value == NULL)
    return;
  callstats_json_append_member (json, name);
  callstats_json_append_string (json, value);
}

void
callstats_record_append_head (
    const CallstatsRecord *record, const char *type, GString *json)
{
  append_optional (json, "type", type);
  callstats_json_append_member (json, "time");
  callstats_record_append_time (record->time, json);
  append_optional (json, "user", record->user);
  append_optional (json, "conference", record->conference);
  append_optional (json, "fabric", record->fabric);
  append_optional (json, "remoteUser", record->remote_user);
}

void
callstats_record_append_json (const CallstatsRecord *record, GString *json)
{
  if (record->kind == CALLSTATS_RECORD_OTHER) {
    g_string_append (json, record->data);
    return;
  }

  g_string_append_c (json, '{');
  if (record->kind == CALLSTATS_RECORD_EVENT) {
    callstats_record_append_head (record, "event", json);
    append_optional (json, "name", record->name);
    callstats_json_append_member (json, "data");
    g_string_append (json, record->data);
  } else {
    callstats_record_append_head (record, "report", json);
    callstats_json_append_member (json, "stats");
    callstats_report_append_json (record->report, json);
  }
  g_string_append_c (json, '}');
}

gboolean
callstats_record_time_is_valid (gint64 time)
{
  return time >= 0 && time < MAX_TIME_MS * 1000;
}

gboolean
callstats_record_read_time (JsonObject *object, gint64 *time, GError **error)
{
  double ms = callstats_json_get_double (object, "time", NAN);

  if (!(ms >= 0 && ms < (double)MAX_TIME_MS)) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "A record needs a “time” in milliseconds since the epoch");
    return FALSE;
  }
  *time = (gint64)round (ms * 1000);
  return TRUE;
}

/* FALSE: the member is there, but no string. */
static gboolean
read_optional (JsonObject *object, const char *name, char **value, GError **error)
{
  if (!json_object_has_member (object, name))
    return TRUE;
  *value = g_strdup (callstats_json_get_string (object, name, NULL));
  if (*value != NULL)
    return TRUE;
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
      "“%s” of a record must be a string", name);
  return FALSE;
}

static gboolean
read_head (CallstatsRecord *record, JsonObject *object, GError **error)
{
  return callstats_record_read_time (object, &record->time, error) &&
         read_optional (object, "user", &record->user, error) &&
         read_optional (object, "conference", &record->conference, error) &&
         read_optional (object, "fabric", &record->fabric, error) &&
         read_optional (object, "remoteUser", &record->remote_user, error);
}

static gboolean
read_event (CallstatsRecord *record, JsonObject *object, GError **error)
{
  JsonNode *data = json_object_get_member (object, "data");
  GString *text;

  if (!read_optional (object, "name", &record->name, error))
    return FALSE;
  if (record->name == NULL || *record->name == '\0') {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "An event record needs a “name”");
    return FALSE;
  }
  if (data != NULL && !JSON_NODE_HOLDS_OBJECT (data)) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "“data” of an event record must be an object");
    return FALSE;
  }

  text = g_string_new (NULL);
  if (data != NULL)
    callstats_json_append_node (text, data);
  else
    g_string_append (text, "{}");
  record->data = g_string_free (text, FALSE);
  return TRUE;
}

static gboolean
read_report (CallstatsRecord *record, JsonObject *object, GError **error)
{
  JsonObject *stats = callstats_json_get_object (object, "stats");

  if (stats == NULL || record->fabric == NULL) {
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL,
        "A report record needs a “fabric” and a “stats” object");
    return FALSE;
  }
  record->report = callstats_report_new_from_object (record->time, stats, error);
  return record->report != NULL;
}

static void
read_other (CallstatsRecord *record, const char *type, JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  GString *text = g_string_new (NULL);

  json_node_set_object (node, object);
  callstats_json_append_node (text, node);
  record->name = g_strdup (type);
  record->data = g_string_free (text, FALSE);
}

/* Returns: (transfer full): NULL with a CALLSTATS_ERROR_PROTOCOL. */
CallstatsRecord *
callstats_record_new_from_object (JsonObject *object, GError **error)
{
  const char *type = callstats_json_get_string (object, "type", NULL);
  g_autoptr (CallstatsRecord) record = record_new (CALLSTATS_RECORD_OTHER, 0);
  gboolean ok = TRUE;

  if (type == NULL) {
    g_set_error_literal (
        error, CALLSTATS_ERROR, CALLSTATS_ERROR_PROTOCOL, "A record needs a “type”");
    return NULL;
  }
  if (!read_head (record, object, error))
    return NULL;

  if (strcmp (type, "event") == 0) {
    record->kind = CALLSTATS_RECORD_EVENT;
    ok = read_event (record, object, error);
  } else if (strcmp (type, "report") == 0) {
    record->kind = CALLSTATS_RECORD_REPORT;
    ok = read_report (record, object, error);
  } else {
    read_other (record, type, object);
  }
  return ok ? g_steal_pointer (&record) : NULL;
}

/* As glibc has it: 8 bytes of its own, in steps of 16. */
gsize
callstats_heap_bytes (gsize n)
{
  return MAX (32, (n + 8 + 15) & ~(gsize)15);
}

static gsize
string_bytes (const char *string)
{
  return string != NULL ? callstats_heap_bytes (strlen (string) + 1) : 0;
}

gsize
callstats_record_size (const CallstatsRecord *record)
{
  return callstats_heap_bytes (sizeof *record) + string_bytes (record->user) +
         string_bytes (record->conference) + string_bytes (record->fabric) +
         string_bytes (record->remote_user) + string_bytes (record->name) +
         string_bytes (record->data) +
         (record->report != NULL ? callstats_report_size (record->report) : 0);
}
