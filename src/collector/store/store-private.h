/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a database behind the store interface has to provide. Threads as in store.h.
 */
#pragma once

#include "store.h"

typedef struct {
  const char *scheme; /* of the location */
  Store *(*open) (const char *path, GError **error);
  void (*free) (Store *store);
  void (*set_tally) (Store *store, Tally *tally);
  void (*flush) (Store *store, GSourceFunc func, gpointer user_data);
  void (*probe) (Store *store, StoreProbed func, gpointer user_data);

  StoreSession *(*session_open) (Store *store, const char *app, const char *user,
      const char *user_name, const char *name, const StoreSessionEvents *events,
      gpointer user_data, GDestroyNotify destroy);
  void (*session_set_clock) (StoreSession *session, gint64 behind);
  void (*session_append) (
      StoreSession *session, guint64 first, GPtrArray *records, gsize bytes);
  void (*session_close) (StoreSession *session);

  void (*watch) (Store *store, StoreWatchFunc func, gpointer user_data);
  void (*unwatch) (Store *store, StoreWatchFunc func, gpointer user_data);

  GPtrArray *(*search_conferences) (
      Store *store, const char *app, const StoreSearch *search, GError **error);
  gboolean (*read_figures) (Store *store, const char *app, StoreSearch *search,
      StoreFiguresFunc func, gpointer user_data, gboolean *more, GError **error);
  gboolean (*find_span) (
      Store *store, const char *app, gint64 *first, gint64 *last, GError **error);
  GPtrArray *(*list_users) (Store *store, const char *app, const char *prefix,
      const char *after, guint limit, GError **error);
  GPtrArray *(*list_events) (
      Store *store, const StoreEventSearch *search, gboolean *more, GError **error);
  GPtrArray *(*list_changed) (
      Store *store, const char *app, gint64 after, guint limit, GError **error);
  gint64 (*find_last_change) (Store *store, GError **error);
  GPtrArray *(*list_others) (Store *store, const StoreConferenceId *conference,
      gint64 after, guint limit, gsize max_bytes, gboolean *more, GError **error);
  GPtrArray *(*search_others) (Store *store, const char *app,
      const StoreOtherSearch *search, gboolean *more, GError **error);
  GPtrArray *(*list_fabrics) (Store *store, const StoreConferenceId *conference,
      gint64 after, guint limit, GError **error);
  StoreFabricDetail *(*read_fabric) (
      Store *store, const char *app, const char *fabric, GError **error);
  StoreDetail *(*read_conference) (
      Store *store, const StoreConferenceId *conference, gboolean events, GError **error);
  StoreFabricKey *(*find_fabric) (
      Store *store, const char *app, const char *fabric, GError **error);
  int (*read_reports) (Store *store, const StoreFabricKey *fabric, StoreCursor *cursor,
      gint64 to, guint max_reports, gsize max_bytes, StoreReportFunc func, gpointer data,
      gboolean *more, GError **error);
  gboolean (*read_series) (
      Store *store, const StoreFabricKey *fabric, SeriesTable *table, GError **error);

  GPtrArray *(*list_activity) (Store *store, gint64 now, GError **error);
  guint64 (*get_size) (Store *store);
  GPtrArray *(*list_stale_calls) (Store *store, gint64 now, guint limit, GError **error);
  GPtrArray *(*list_untold_calls) (
      Store *store, gint64 after, guint limit, GError **error);
  StoreDetail *(*read_call) (
      Store *store, gint64 id, gint64 *changes, gboolean *expired, GError **error);
  char *(*read_summary) (
      Store *store, const StoreConferenceId *conference, gsize *length, GError **error);
  void (*write_summary) (Store *store, StoreSummary *summary, StoreSummaryWritten written,
      gpointer user_data);
  void (*mark_told) (Store *store, gint64 id);

  void (*add_deliveries) (Store *store, GPtrArray *deliveries, gint64 now,
      guint max_waiting, StoreDeliveriesAdded added, gpointer user_data);
  void (*find_delivery) (Store *store, const char *webhook, const char *settled,
      gint64 settled_due, gint64 oldest, StoreDeliveryFound found, gpointer user_data);
  void (*keep_webhooks) (Store *store, const char *const *webhooks,
      StoreDeliveriesGivenUp given_up, gpointer user_data);
  gboolean (*compact) (
      Store *store, StoreProgressFunc progress, gpointer user_data, GError **error);
  void (*set_retention) (Store *store, StoreRetention *retention);
  gboolean (*retain) (Store *store, const StoreRetention *retention, gint64 now,
      StoreRemoved *removed, StoreProgressFunc progress, gpointer user_data,
      GError **error);
  gboolean (*vacuum) (const char *path, GError **error);
  gboolean (*exists) (const char *path, GError **error);
  gboolean (*backup) (const char *path, const char *file, StoreProgressFunc progress,
      gpointer user_data, GError **error);
  gboolean (*check) (const char *path, StoreFindingFunc found, StoreProgressFunc progress,
      gpointer user_data, GError **error);
} StoreBackend;

/* Every store begins with this, and so does every session. */
struct _Store {
  const StoreBackend *backend;
};

struct _StoreSession {
  Store *store;
};

extern const StoreBackend store_sqlite;

StoreDetail *store_detail_new (void);
/* FALSE with an error: it is to be interrupted. progress: (nullable) */
gboolean store_progress (StoreProgressFunc progress, gpointer user_data, const char *what,
    guint64 done, guint64 total, GError **error);
