/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A call from the store to its summary: events first, then the reports of one fabric
 * after the other, in pieces. Any thread.
 */
#include "summary-maker.h"

#include <string.h>

#include "log.h"
#include "summarizer.h"

/* Reports are read in pieces; streams of all fabrics of a call. */
#define READ_REPORTS 1000
#define READ_BYTES (1024 * 1024)
#define MAX_STREAMS 16384

typedef struct {
  Store *store;
  const char *app;
  const int *stopping; /* atomic */
  const StoreDetail *call;
  gboolean over;
  Histogram scores;
  GPtrArray *fabrics;  /* SummaryFabric */
  GHashTable *readers; /* name of a fabric and its user → FabricReader */
  guint streams;
  gboolean truncated;
} Making;

static gboolean
is_stopping (const Making *making)
{
  return g_atomic_int_get (making->stopping) != 0;
}

static void
take_report (gint64 time, const char *stats, gsize length, gpointer user_data)
{
  fabric_reader_take_report (user_data, time, stats, length);
}

/* What follows damaged reports is left out. damaged: set there. */
static gboolean
read_reports (Making *making, const StoreFabric *row, FabricReader *reader,
    gboolean *damaged, GError **error)
{
  StoreFabricKey key = { .id = row->id, .fabric = row->fabric, .user = row->user };
  StoreCursor cursor = { .time = G_MININT64 };
  g_autoptr (GError) failure = NULL;
  gboolean more = row->reports > 0;

  while (more && failure == NULL && !is_stopping (making))
    store_read_reports (making->store, &key, &cursor, G_MAXINT64, READ_REPORTS,
        READ_BYTES, take_report, reader, &more, &failure);
  *damaged = g_error_matches (failure, STORE_ERROR, STORE_ERROR_DAMAGED);
  if (*damaged)
    log_warning ("reports-damaged", "app", making->app, "conference",
        making->call->conference->conference, "fabric", row->fabric, "reason",
        failure->message, NULL);
  if (failure == NULL || *damaged)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* When the user of a fabric left the call. */
static gint64
find_leaving (const StoreDetail *call, const char *user)
{
  for (guint i = 0; i < call->participants->len; i++) {
    const StoreParticipant *participant = call->participants->pdata[i];

    if (strcmp (participant->user, user) == 0)
      return participant->left;
  }
  return STORE_UNKNOWN_TIME;
}

static char *
make_key (const char *fabric, const char *user)
{
  return g_strjoin ("\n", fabric, user, NULL);
}

static void
begin_fabrics (Making *making)
{
  const GPtrArray *rows = making->call->fabrics;

  making->truncated |= rows->len > SUMMARY_MAX_FABRICS;
  for (guint i = 0; i < MIN (rows->len, SUMMARY_MAX_FABRICS); i++) {
    const StoreFabric *row = rows->pdata[i];

    g_hash_table_insert (
        making->readers, make_key (row->fabric, row->user), fabric_reader_new (row));
  }
}

static void
take_events (Making *making)
{
  for (guint i = 0; i < making->call->events->len; i++) {
    const StoreEvent *event = making->call->events->pdata[i];
    g_autofree char *key = make_key (event->fabric, event->user);
    FabricReader *reader = g_hash_table_lookup (making->readers, key);

    if (event->fabric != NULL && reader != NULL)
      fabric_reader_take_event (reader, event);
  }
}

/* Reports are read once a call is over; one fabric at a time is held in memory. */
static gboolean
finish_fabrics (Making *making, GError **error)
{
  const GPtrArray *rows = making->call->fabrics;

  for (guint i = 0; i < MIN (rows->len, SUMMARY_MAX_FABRICS); i++) {
    const StoreFabric *row = rows->pdata[i];
    g_autofree char *key = make_key (row->fabric, row->user);
    g_autofree char *stolen = NULL;
    FabricReader *reader = NULL;
    SummaryFabric *fabric;
    gboolean damaged = FALSE;
    gboolean done;

    if (!g_hash_table_steal_extended (
            making->readers, key, (gpointer *)&stolen, (gpointer *)&reader))
      continue;
    done = !making->over || making->streams >= MAX_STREAMS ||
           read_reports (making, row, reader, &damaged, error);
    making->truncated |= making->streams >= MAX_STREAMS;
    fabric = fabric_reader_finish (
        reader, &making->scores, making->over, find_leaving (making->call, row->user));
    fabric->truncated |= damaged;
    making->truncated |= damaged;
    making->streams += fabric->streams->len;
    g_ptr_array_add (making->fabrics, fabric);
    if (!done || is_stopping (making))
      return done;
  }
  return TRUE;
}

static void
free_reader (gpointer reader)
{
  fabric_reader_free (reader);
}

Summary *
summary_make (Store *store, const char *app, const StoreDetail *call, gboolean over,
    const int *stopping, GError **error)
{
  g_autoptr (GPtrArray) fabrics =
      g_ptr_array_new_with_free_func ((GDestroyNotify)summary_fabric_free);
  g_autoptr (GHashTable) readers =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_reader);
  Making making = { .store = store,
    .app = app,
    .stopping = stopping,
    .call = call,
    .over = over,
    .fabrics = fabrics,
    .readers = readers,
    .truncated = call->truncated };
  Summary *summary = NULL;

  begin_fabrics (&making);
  take_events (&making);
  if (finish_fabrics (&making, error) && !is_stopping (&making))
    summary = summary_new (app, call, fabrics, &making.scores, over, making.truncated);
  histogram_clear (&making.scores);
  return summary;
}
