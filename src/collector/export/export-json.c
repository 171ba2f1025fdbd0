/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A whole conference as one JSON document, in the query API's words. In the pool.
 */
#include "callstats/callstats-json-private.h"
#include "callstats/callstats-record-private.h"
#include "export-private.h"
#include "query-json.h"

static void
begin_list (GString *out, const char *name)
{
  callstats_json_append_member (out, name);
  g_string_append_c (out, '[');
}

static void
separate (Export *export, GString *out)
{
  if (export->has_begun)
    g_string_append (out, ",\n");
  export->has_begun = TRUE;
}

/* FALSE with an error. */
static gboolean
append_summary (Export *export, GString *out, GError **error)
{
  GError *failure = NULL;
  gsize length = 0;
  g_autofree char *text =
      store_read_summary (export->store, &export->id, &length, &failure);

  callstats_json_append_member (out, "summary");
  if (text != NULL)
    g_string_append_len (out, text, (gssize)length);
  else
    g_string_append (out, "null");
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static gboolean
write_head (Export *export, GString *out, GError **error)
{
  gint64 now = g_get_real_time ();

  g_string_append_c (out, '{');
  callstats_json_append_member (out, "app");
  callstats_json_append_string (out, export->app);
  callstats_json_append_member (out, "exported");
  callstats_json_append_int (out, now / 1000);
  callstats_json_append_member (out, "conference");
  query_json_append_conference (out, export->detail->conference, now);
  if (!append_summary (export, out, error))
    return FALSE;
  begin_list (out, "participants");
  for (guint i = 0; i < export->detail->participants->len; i++) {
    if (i > 0)
      g_string_append (out, ",\n");
    query_json_append_participant (out, export->detail->participants->pdata[i]);
  }
  g_string_append_c (out, ']');
  begin_list (out, "fabrics");
  return TRUE;
}

typedef struct {
  Export *export;
  GString *out;
} Writing;

static void
write_report (gint64 time, const char *stats, gsize length, gpointer user_data)
{
  Writing *writing = user_data;

  separate (writing->export, writing->out);
  g_string_append_c (writing->out, '{');
  callstats_json_append_member (writing->out, "time");
  callstats_record_append_time (time, writing->out);
  callstats_json_append_member (writing->out, "stats");
  g_string_append_len (writing->out, stats, length);
  g_string_append_c (writing->out, '}');
}

/* The row's closing brace comes behind its reports. */
static void
begin_fabric (Export *export, GString *out)
{
  query_json_append_fabric (out, export->fabric);
  g_string_truncate (out, out->len - 1);
  begin_list (out, "samples");
}

static gboolean
write_fabrics (Export *export, GString *out, GError **error)
{
  Writing writing = { export, out };
  gboolean more;

  if (export->fabric == NULL) {
    gboolean first = export->last_fabric == 0;

    if (!export_next_fabric (export, error))
      return FALSE;
    if (export->fabric == NULL) {
      g_string_append_c (out, ']');
      begin_list (out, "events");
      export_rewind (export);
      return TRUE;
    }
    if (!first)
      g_string_append (out, ",\n");
    begin_fabric (export, out);
  }
  if (!export_read_reports (export, write_report, &writing, &more, error))
    return FALSE;
  if (!more) {
    g_string_append (out, "]}");
    export_end_fabric (export);
  }
  return FALSE;
}

static gboolean
write_events (Export *export, GString *out, GError **error)
{
  gboolean more;
  g_autoptr (GPtrArray) events = export_next_events (export, NULL, &more, error);

  for (guint i = 0; events != NULL && i < events->len; i++) {
    separate (export, out);
    query_json_append_event (out, events->pdata[i]);
  }
  if (events == NULL || more)
    return FALSE;
  g_string_append_c (out, ']');
  begin_list (out, "others");
  export_rewind (export);
  return TRUE;
}

static gboolean
write_others (Export *export, GString *out, GError **error)
{
  gboolean more;
  g_autoptr (GPtrArray) others = export_next_others (export, &more, error);

  for (guint i = 0; others != NULL && i < others->len; i++) {
    const StoreOther *other = others->pdata[i];

    separate (export, out);
    g_string_append_c (out, '{');
    callstats_json_append_member (out, "user");
    callstats_json_append_string (out, other->user);
    callstats_json_append_member (out, "record");
    g_string_append (out, other->record);
    g_string_append_c (out, '}');
  }
  if (others == NULL || more)
    return FALSE;
  g_string_append (out, "]}\n");
  return TRUE;
}

static const ExportPhase phases[] = { write_head, write_fabrics, write_events,
  write_others, NULL };

const ExportFormat export_json = { "json", "application/json", ".json", phases };
