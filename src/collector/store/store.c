/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The store interface: finds the database a location names, and hands calls on to it.
 * Threads as in store.h.
 */
#include "store-private.h"

#include <math.h>
#include <string.h>

#define MAX_SESSION_NAME 64

G_DEFINE_QUARK (collector_store_error, store_error)

static const StoreBackend *const backends[] = { &store_sqlite };

/* path: the rest of the location. */
static const StoreBackend *
find_backend (const char *location, const char **path, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (backends); i++) {
    gsize length = strlen (backends[i]->scheme);

    *path = location + length + 1;
    if (strncmp (location, backends[i]->scheme, length) == 0 && location[length] == ':' &&
        **path != '\0')
      return backends[i];
  }
  g_set_error (error, STORE_ERROR, STORE_ERROR_INVALID,
      "--store: \"%s\" names no store; write it like "
      "sqlite:/var/lib/callstats-collector/calls.db",
      location);
  return NULL;
}

Store *
store_open (const char *location, GError **error)
{
  const char *path;
  const StoreBackend *backend = find_backend (location, &path, error);

  return backend != NULL ? backend->open (path, error) : NULL;
}

void
store_free (Store *store)
{
  if (store != NULL)
    store->backend->free (store);
}

void
store_set_tally (Store *store, Tally *tally)
{
  store->backend->set_tally (store, tally);
}

void
store_probe (Store *store, StoreProbed func, gpointer user_data)
{
  store->backend->probe (store, func, user_data);
}

void
store_flush (Store *store, GSourceFunc func, gpointer user_data)
{
  store->backend->flush (store, func, user_data);
}

gboolean
store_session_name_is_valid (const char *name)
{
  static const char allowed[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-";

  return name != NULL && *name != '\0' && strlen (name) <= MAX_SESSION_NAME &&
         name[strspn (name, allowed)] == '\0';
}

StoreSession *
store_session_open (Store *store, const char *app, const char *user,
    const char *user_name, const char *name, const StoreSessionEvents *events,
    gpointer user_data, GDestroyNotify destroy)
{
  return store->backend->session_open (
      store, app, user, user_name, name, events, user_data, destroy);
}

void
store_session_set_clock (StoreSession *session, gint64 behind)
{
  session->store->backend->session_set_clock (session, behind);
}

void
store_session_append (
    StoreSession *session, guint64 first, GPtrArray *records, gsize bytes)
{
  session->store->backend->session_append (session, first, records, bytes);
}

void
store_session_close (StoreSession *session)
{
  if (session != NULL)
    session->store->backend->session_close (session);
}

void
store_watch (Store *store, StoreWatchFunc func, gpointer user_data)
{
  store->backend->watch (store, func, user_data);
}

void
store_unwatch (Store *store, StoreWatchFunc func, gpointer user_data)
{
  store->backend->unwatch (store, func, user_data);
}

GPtrArray *
store_search_conferences (
    Store *store, const char *app, const StoreSearch *search, GError **error)
{
  return store->backend->search_conferences (store, app, search, error);
}

GPtrArray *
store_list_conferences (
    Store *store, const char *app, const StoreCursor *before, guint limit, GError **error)
{
  StoreSearch search = {
    .from = G_MININT64, .to = G_MAXINT64, .low_score = NAN, .limit = limit
  };

  if (before != NULL) {
    search.has_cursor = TRUE;
    search.cursor = *before;
  }
  return store_search_conferences (store, app, &search, error);
}

gboolean
store_read_figures (Store *store, const char *app, StoreSearch *search,
    StoreFiguresFunc func, gpointer user_data, gboolean *more, GError **error)
{
  return store->backend->read_figures (store, app, search, func, user_data, more, error);
}

static double
get_delay (const guint8 *bytes)
{
  guint32 bits;
  float delay;

  memcpy (&bits, bytes, sizeof bits);
  bits = GUINT32_FROM_LE (bits);
  memcpy (&delay, &bits, sizeof delay);
  return delay;
}

void
store_figures_get_setup (const StoreFigures *figures, guint index, StoreSetup *setup)
{
  const guint8 *bytes = figures->setups + (gsize)index * STORE_SETUP_BYTES;

  setup->delay = get_delay (bytes);
  setup->ice_gathering_delay = get_delay (bytes + 4);
  setup->ice_connectivity_delay = get_delay (bytes + 8);
}

gboolean
store_find_span (
    Store *store, const char *app, gint64 *first, gint64 *last, GError **error)
{
  return store->backend->find_span (store, app, first, last, error);
}

GPtrArray *
store_list_users (Store *store, const char *app, const char *prefix, const char *after,
    guint limit, GError **error)
{
  return store->backend->list_users (store, app, prefix, after, limit, error);
}

GPtrArray *
store_list_events (
    Store *store, const StoreEventSearch *search, gboolean *more, GError **error)
{
  return store->backend->list_events (store, search, more, error);
}

GPtrArray *
store_list_changed (
    Store *store, const char *app, gint64 after, guint limit, GError **error)
{
  return store->backend->list_changed (store, app, after, limit, error);
}

gint64
store_find_last_change (Store *store, GError **error)
{
  return store->backend->find_last_change (store, error);
}

GPtrArray *
store_list_others (Store *store, const StoreConferenceId *conference, gint64 after,
    guint limit, gsize max_bytes, gboolean *more, GError **error)
{
  return store->backend->list_others (
      store, conference, after, limit, max_bytes, more, error);
}

GPtrArray *
store_search_others (Store *store, const char *app, const StoreOtherSearch *search,
    gboolean *more, GError **error)
{
  return store->backend->search_others (store, app, search, more, error);
}

GPtrArray *
store_list_fabrics (Store *store, const StoreConferenceId *conference, gint64 after,
    guint limit, GError **error)
{
  return store->backend->list_fabrics (store, conference, after, limit, error);
}

StoreFabricDetail *
store_read_fabric (Store *store, const char *app, const char *fabric, GError **error)
{
  return store->backend->read_fabric (store, app, fabric, error);
}

StoreDetail *
store_read_conference (
    Store *store, const char *app, const char *conference, GError **error)
{
  return store_read_occurrence (store, app, conference, 0, error);
}

StoreDetail *
store_read_occurrence (Store *store, const char *app, const char *conference,
    gint64 occurrence, GError **error)
{
  StoreConferenceId id = { app, conference, occurrence };

  return store->backend->read_conference (store, &id, TRUE, error);
}

StoreDetail *
store_read_states (Store *store, const StoreConferenceId *conference, GError **error)
{
  return store->backend->read_conference (store, conference, FALSE, error);
}

StoreFabricKey *
store_find_fabric (Store *store, const char *app, const char *fabric, GError **error)
{
  return store->backend->find_fabric (store, app, fabric, error);
}

int
store_read_reports (Store *store, const StoreFabricKey *fabric, StoreCursor *cursor,
    gint64 to, guint max_reports, gsize max_bytes, StoreReportFunc func, gpointer data,
    gboolean *more, GError **error)
{
  return store->backend->read_reports (
      store, fabric, cursor, to, max_reports, max_bytes, func, data, more, error);
}

gboolean
store_compact (
    Store *store, StoreProgressFunc progress, gpointer user_data, GError **error)
{
  return store->backend->compact (store, progress, user_data, error);
}

void
store_set_retention (Store *store, StoreRetention *retention)
{
  store->backend->set_retention (store, retention);
}

gboolean
store_retain (Store *store, const StoreRetention *retention, gint64 now,
    StoreRemoved *removed, StoreProgressFunc progress, gpointer user_data, GError **error)
{
  return store->backend->retain (
      store, retention, now, removed, progress, user_data, error);
}

gboolean
store_vacuum (const char *location, GError **error)
{
  const char *path;
  const StoreBackend *backend = find_backend (location, &path, error);

  return backend != NULL && backend->vacuum (path, error);
}

gboolean
store_exists (const char *location, GError **error)
{
  const char *path;
  const StoreBackend *backend = find_backend (location, &path, error);

  return backend != NULL && backend->exists (path, error);
}

gboolean
store_backup (const char *location, const char *file, StoreProgressFunc progress,
    gpointer user_data, GError **error)
{
  const char *path;
  const StoreBackend *backend = find_backend (location, &path, error);

  return backend != NULL && backend->backup (path, file, progress, user_data, error);
}

gboolean
store_check (const char *location, StoreFindingFunc found, StoreProgressFunc progress,
    gpointer user_data, GError **error)
{
  const char *path;
  const StoreBackend *backend = find_backend (location, &path, error);

  return backend != NULL && backend->check (path, found, progress, user_data, error);
}

gboolean
store_progress (StoreProgressFunc progress, gpointer user_data, const char *what,
    guint64 done, guint64 total, GError **error)
{
  if (progress == NULL || progress (what, done, total, user_data))
    return TRUE;
  g_set_error_literal (error, STORE_ERROR, STORE_ERROR_INTERRUPTED, "interrupted");
  return FALSE;
}

gboolean
store_read_series (
    Store *store, const StoreFabricKey *fabric, SeriesTable *table, GError **error)
{
  return store->backend->read_series (store, fabric, table, error);
}

GPtrArray *
store_list_stale_calls (Store *store, gint64 now, guint limit, GError **error)
{
  return store->backend->list_stale_calls (store, now, limit, error);
}

GPtrArray *
store_list_untold_calls (Store *store, gint64 after, guint limit, GError **error)
{
  return store->backend->list_untold_calls (store, after, limit, error);
}

StoreDetail *
store_read_call (
    Store *store, gint64 id, gint64 *changes, gboolean *expired, GError **error)
{
  return store->backend->read_call (store, id, changes, expired, error);
}

char *
store_read_summary (
    Store *store, const StoreConferenceId *conference, gsize *length, GError **error)
{
  return store->backend->read_summary (store, conference, length, error);
}

void
store_write_summary (
    Store *store, StoreSummary *summary, StoreSummaryWritten written, gpointer user_data)
{
  store->backend->write_summary (store, summary, written, user_data);
}

void
store_mark_told (Store *store, gint64 id)
{
  store->backend->mark_told (store, id);
}

void
store_stale_call_free (StoreStaleCall *call)
{
  if (call == NULL)
    return;
  g_free (call->app);
  g_free (call->conference);
  g_free (call);
}

void
store_summary_free (StoreSummary *summary)
{
  if (summary == NULL)
    return;
  g_array_unref (summary->pairs);
  g_free (summary->json);
  g_free (summary);
}

void
store_conference_free (StoreConference *conference)
{
  if (conference == NULL)
    return;
  g_free (conference->conference);
  g_free (conference->site);
  g_free (conference);
}

static void
participant_free (StoreParticipant *participant)
{
  g_free (participant->user);
  g_free (participant->user_name);
  g_free (participant->endpoint_info);
  g_free (participant);
}

void
store_fabric_free (StoreFabric *fabric)
{
  if (fabric == NULL)
    return;
  g_free (fabric->fabric);
  g_free (fabric->user);
  g_free (fabric->remote_user);
  g_free (fabric->usage);
  g_free (fabric->state);
  g_free (fabric);
}

void
store_event_free (StoreEvent *event)
{
  g_free (event->user);
  g_free (event->fabric);
  g_free (event->remote_user);
  g_free (event->name);
  g_free (event->data);
  g_free (event);
}

void
store_other_free (StoreOther *other)
{
  g_free (other->user);
  g_free (other->type);
  g_free (other->record);
  g_free (other);
}

StoreDetail *
store_detail_new (void)
{
  StoreDetail *detail = g_new0 (StoreDetail, 1);

  detail->participants =
      g_ptr_array_new_with_free_func ((GDestroyNotify)participant_free);
  detail->fabrics = g_ptr_array_new_with_free_func ((GDestroyNotify)store_fabric_free);
  detail->events = g_ptr_array_new_with_free_func ((GDestroyNotify)store_event_free);
  return detail;
}

void
store_detail_free (StoreDetail *detail)
{
  if (detail == NULL)
    return;
  store_conference_free (detail->conference);
  g_ptr_array_unref (detail->participants);
  g_ptr_array_unref (detail->fabrics);
  g_ptr_array_unref (detail->events);
  g_free (detail);
}

void
store_fabric_detail_free (StoreFabricDetail *detail)
{
  if (detail == NULL)
    return;
  store_fabric_free (detail->fabric);
  g_free (detail->conference);
  g_free (detail->paired);
  g_free (detail->paired_user);
  g_free (detail);
}

void
store_user_free (StoreUser *user)
{
  g_free (user->user);
  g_free (user->user_name);
  g_free (user);
}

void
store_fabric_key_free (StoreFabricKey *key)
{
  if (key == NULL)
    return;
  g_free (key->fabric);
  g_free (key->user);
  g_free (key->conference);
  g_free (key);
}

GPtrArray *
store_list_activity (Store *store, gint64 now, GError **error)
{
  return store->backend->list_activity (store, now, error);
}

guint64
store_get_size (Store *store)
{
  return store->backend->get_size (store);
}

void
store_add_deliveries (Store *store, GPtrArray *deliveries, gint64 now, guint max_waiting,
    StoreDeliveriesAdded added, gpointer user_data)
{
  store->backend->add_deliveries (store, deliveries, now, max_waiting, added, user_data);
}

void
store_keep_webhooks (Store *store, const char *const *webhooks,
    StoreDeliveriesGivenUp given_up, gpointer user_data)
{
  store->backend->keep_webhooks (store, webhooks, given_up, user_data);
}

void
store_find_delivery (Store *store, const char *webhook, const char *settled,
    gint64 settled_due, gint64 oldest, StoreDeliveryFound found, gpointer user_data)
{
  store->backend->find_delivery (
      store, webhook, settled, settled_due, oldest, found, user_data);
}

void
store_delivery_free (StoreDelivery *delivery)
{
  if (delivery == NULL)
    return;
  g_free (delivery->id);
  g_free (delivery->webhook);
  g_free (delivery->event);
  g_free (delivery->body);
  g_free (delivery->after);
  g_free (delivery);
}
