/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A conference as a dump of rtcstats, version 3 of its file format: a line of magic, one
 * of metadata, then events [method, connection, value, milliseconds since the line
 * before]. A fabric is a connection. In the pool.
 */
#include <string.h>

#include "callstats/callstats-json-private.h"
#include "callstats/callstats-record-private.h"
#include "callstats/callstats-report-private.h"
#include "export-private.h"

static gboolean
write_head (Export *export, GString *out, GError **error)
{
  g_string_append (out, "RTCStatsDump\n{\"fileFormat\":3");
  callstats_json_append_member (out, "origin");
  callstats_json_append_string (out, "callstats-collector");
  callstats_json_append_member (out, "app");
  callstats_json_append_string (out, export->app);
  callstats_json_append_member (out, "conference");
  callstats_json_append_string (out, export->id.conference);
  g_string_append (out, "}\n");
  export->time = 0;
  return TRUE;
}

static void
begin_line (GString *out, const char *method, const char *connection)
{
  g_string_append_c (out, '[');
  callstats_json_append_string (out, method);
  g_string_append_c (out, ',');
  if (connection != NULL)
    callstats_json_append_string (out, connection);
  else
    g_string_append (out, "null");
  g_string_append_c (out, ',');
}

static void
end_line (Export *export, GString *out, gint64 time)
{
  g_string_append_c (out, ',');
  callstats_record_append_time (time - export->time, out);
  g_string_append (out, "]\n");
  export->time = time;
}

/* What rtcstats has a word of its own for. */
static const struct {
  const char *event;
  const char *state; /* of a fabricStateChange; NULL: of any */
  const char *method;
  const char *value; /* the member of the data; NULL: all of it */
} methods[] = {
  { "addNewFabric", NULL, "create", NULL },
  { "fabricStateChange", "iceConnectionState", "oniceconnectionstatechange", "newState" },
  { "fabricStateChange", "iceGatheringState", "onicegatheringstatechange", "newState" },
  { "fabricStateChange", "signalingState", "onsignalingstatechange", "newState" },
  { "fabricTerminated", NULL, "close", NULL },
};

static void
write_event (Export *export, GString *out, const StoreEvent *event)
{
  g_autoptr (JsonObject) data =
      callstats_json_parse_object (event->data, strlen (event->data), NULL);
  const char *method = event->name, *value = NULL;

  for (guint i = 0; data != NULL && i < G_N_ELEMENTS (methods); i++) {
    if (strcmp (event->name, methods[i].event) != 0 ||
        (methods[i].state != NULL &&
            strcmp (callstats_json_get_string (data, "changedState", ""),
                methods[i].state) != 0))
      continue;
    method = methods[i].method;
    if (methods[i].value != NULL)
      value = callstats_json_get_string (data, methods[i].value, NULL);
  }
  begin_line (out, method, event->fabric);
  if (value != NULL)
    callstats_json_append_string (out, value);
  else
    g_string_append (out, event->data);
  end_line (export, out, event->time);
}

/* Of the conference: without a connection. Those of fabrics come with them. */
static gboolean
write_events (Export *export, GString *out, GError **error)
{
  gboolean more;
  g_autoptr (GPtrArray) events = export_next_events (
      export, export->fabric != NULL ? export->fabric->fabric : NULL, &more, error);

  for (guint i = 0; events != NULL && i < events->len; i++) {
    const StoreEvent *event = events->pdata[i];

    if ((event->fabric != NULL) == (export->fabric != NULL))
      write_event (export, out, event);
  }
  if (events == NULL || more)
    return FALSE;
  export_rewind (export);
  return TRUE;
}

typedef struct {
  Export *export;
  GString *out;
} Writing;

static GHashTable *
list_ids (CallstatsReport *report)
{
  GHashTable *ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < callstats_report_n_objects (report); i++)
    g_hash_table_add (ids, g_strdup (callstats_report_object (report, i)->id));
  return ids;
}

/* Readers keep what a line does not tell; an object that has gone is null. */
static void
append_gone (Export *export, GString *out, GHashTable *ids)
{
  GHashTableIter iter;
  gpointer id;

  if (export->ids == NULL)
    return;
  g_hash_table_iter_init (&iter, export->ids);
  while (g_hash_table_iter_next (&iter, &id, NULL)) {
    if (g_hash_table_contains (ids, id))
      continue;
    callstats_json_append_member (out, id);
    g_string_append (out, "null");
  }
  g_hash_table_unref (export->ids);
}

static void
write_report (gint64 time, const char *stats, gsize length, gpointer user_data)
{
  Writing *writing = user_data;
  g_autoptr (CallstatsReport) report = callstats_report_new_from_json (time, stats, NULL);
  GString *out = writing->out;
  GHashTable *ids;

  if (report == NULL)
    return;
  ids = list_ids (report);
  begin_line (out, "getStats", writing->export->fabric->fabric);
  g_string_append_len (out, stats, (gssize)length - 1);
  append_gone (writing->export, out, ids);
  writing->export->ids = ids;
  g_string_append_c (out, '}');
  end_line (writing->export, out, time);
}

static gboolean
write_reports (Export *export, GString *out, GError **error)
{
  Writing writing = { export, out };
  gboolean more;

  if (!export_read_reports (export, write_report, &writing, &more, error) || more)
    return FALSE;
  g_clear_pointer (&export->ids, g_hash_table_unref);
  export_end_fabric (export);
  return TRUE;
}

/* Of each fabric first its events, then its reports; readers go by the times. */
static gboolean
write_fabrics (Export *export, GString *out, GError **error)
{
  if (export->fabric == NULL) {
    if (!export_next_fabric (export, error))
      return FALSE;
    if (export->fabric == NULL)
      return TRUE;
    export->events_are_out = FALSE;
  }
  if (!export->events_are_out)
    export->events_are_out = write_events (export, out, error);
  else
    write_reports (export, out, error);
  return FALSE;
}

static const ExportPhase phases[] = { write_head, write_events, write_fabrics, NULL };

const ExportFormat export_rtcstats = { "rtcstats", "application/octet-stream",
  ".rtcstats", phases };
