/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Downloads of whole conferences. Threads as in query-job.h; a chunk is made when the
 * client has taken the one before, so it needs no more memory than one.
 */
#include <string.h>

#include "download-name.h"
#include "export-private.h"
#include "query-params.h"
#include "query-routes.h"
#include "query-stream.h"

#define CHUNK_BYTES (256 * 1024)
#define CHUNK_ROUNDS 256 /* of which each may bring nothing */
#define LIST_ROWS 1000
#define OTHER_ROWS 100

static const ExportFormat *const formats[] = { &export_json, &export_lines, &export_csv,
  &export_rtcstats };
static const char *const format_names[] = { "json", "jsonl", "csv", "rtcstats", NULL };

typedef struct {
  const ExportFormat *format;
  Export export;
} Download;

static void
download_free (gpointer data)
{
  Download *download = data;
  Export *export = &download->export;

  store_detail_free (export->detail);
  if (export->fabric != NULL)
    store_fabric_free (export->fabric);
  g_free (export->session);
  g_hash_table_unref (export->sequences);
  g_clear_pointer (&export->ids, g_hash_table_unref);
  g_free (download);
}

/* ---- The walk, in the pool ---- */

void
export_rewind (Export *export)
{
  export->cursor = (StoreCursor){ G_MININT64, G_MININT64 };
  export->has_begun = FALSE;
}

void
export_end_fabric (Export *export)
{
  g_clear_pointer (&export->fabric, store_fabric_free);
  export_rewind (export);
}

/* It may be removed, for its age, while it is walked through. */
static gboolean
set_gone (GError **error)
{
  if (*error == NULL)
    g_set_error_literal (error, STORE_ERROR, STORE_ERROR_FAILED,
        "The conference was removed while it was exported");
  return FALSE;
}

gboolean
export_next_fabric (Export *export, GError **error)
{
  g_autoptr (GPtrArray) list =
      store_list_fabrics (export->store, &export->id, export->last_fabric, 1, error);

  if (list == NULL)
    return set_gone (error);
  if (list->len == 0)
    return TRUE;
  export->fabric = g_ptr_array_steal_index (list, 0);
  export->last_fabric = export->fabric->id;
  export_rewind (export);
  return TRUE;
}

gboolean
export_read_reports (
    Export *export, StoreReportFunc func, gpointer data, gboolean *more, GError **error)
{
  StoreFabricKey key = { .id = export->fabric->id };

  return store_read_reports (export->store, &key, &export->cursor, G_MAXINT64, G_MAXINT,
             EXPORT_PIECE, func, data, more, error) >= 0;
}

GPtrArray *
export_next_events (Export *export, const char *fabric, gboolean *more, GError **error)
{
  StoreEventSearch search = { .conference = export->id,
    .fabric = fabric,
    .from = G_MININT64,
    .to = G_MAXINT64,
    .after = export->cursor,
    .limit = LIST_ROWS,
    .max_bytes = EXPORT_PIECE };
  GPtrArray *events = store_list_events (export->store, &search, more, error);

  if (events == NULL)
    set_gone (error);
  else if (events->len > 0) {
    const StoreEvent *last = events->pdata[events->len - 1];

    export->cursor = (StoreCursor){ last->time, last->id };
  }
  return events;
}

GPtrArray *
export_next_others (Export *export, gboolean *more, GError **error)
{
  GPtrArray *others = store_list_others (export->store, &export->id, export->last_other,
      OTHER_ROWS, EXPORT_PIECE, more, error);

  if (others == NULL) {
    set_gone (error);
    return NULL;
  }
  if (others->len > 0)
    export->last_other = ((StoreOther *)others->pdata[others->len - 1])->id;
  return others;
}

/* Returns: FALSE where there is no such conference, and on error. */
static gboolean
read_head (QueryJob *job, Export *export)
{
  export->store = job->query->store;
  export->app = job->app;
  export->id.app = job->app;
  export->id.conference = job->id;
  export->detail = store_read_states (export->store, &export->id, &job->error);
  if (export->detail == NULL)
    return FALSE;
  export->id.occurrence = export->detail->conference->id;
  g_ptr_array_set_size (export->detail->fabrics, 0);
  export_rewind (export);
  return TRUE;
}

static void
work_chunk (QueryJob *job)
{
  Download *download = job->request;
  Export *export = &download->export;
  const ExportPhase *phases = download->format->phases;

  if (export->detail == NULL && !read_head (job, export))
    return;
  job->found = TRUE;
  job->json = g_string_sized_new (CHUNK_BYTES);
  for (guint round = 0; round < CHUNK_ROUNDS && job->json->len < CHUNK_BYTES &&
                        job->error == NULL && phases[export->phase] != NULL;
       round++) {
    if (phases[export->phase](export, job->json, &job->error))
      export->phase++;
  }
  job->more = phases[export->phase] != NULL;
}

/* ---- Main thread ---- */

static void
set_headers (QueryJob *job)
{
  Download *download = job->request;
  g_autofree char *disposition =
      download_name_disposition ("conference-", job->id, download->format->suffix);

  soup_message_headers_replace (soup_server_message_get_response_headers (job->message),
      "Content-Disposition", disposition);
}

static void
serve_export (
    SoupServerMessage *message, char **ids, GHashTable *params, gpointer user_data)
{
  QueryParams given = { message, params, FALSE };
  Download *download = g_new0 (Download, 1);
  QueryJob *job;
  gint64 step;

  download->export.sequences =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  download->export.id.occurrence = query_params_id (&given, "occurrence");
  download->format = formats[query_params_choice (&given, "format", format_names)];
  step = query_params_step (&given, "step");
  download->export.step = MAX (step, 0);
  if (given.refused) {
    download_free (download);
    return;
  }
  job = query_job_new (user_data, message, ids, download, download_free);
  if (job != NULL)
    query_job_stream (job, download->format->content_type, work_chunk, set_headers);
}

void
export_add_routes (Query *query, Router *router)
{
  router_add (router, "GET", "/api/v1/apps/*/conferences/*/export", ROUTE_READ, 0,
      serve_export, query);
}
