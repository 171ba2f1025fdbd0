/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lists, as store.h has them. Any thread.
 */
#pragma once

#include "store.h"

GPtrArray *sqlite_search_conferences (
    Store *store, const char *app, const StoreSearch *search, GError **error);
gboolean sqlite_read_figures (Store *store, const char *app, StoreSearch *search,
    StoreFiguresFunc func, gpointer user_data, gboolean *more, GError **error);
gboolean sqlite_find_span (
    Store *store, const char *app, gint64 *first, gint64 *last, GError **error);
GPtrArray *sqlite_list_users (Store *store, const char *app, const char *prefix,
    const char *after, guint limit, GError **error);
GPtrArray *sqlite_list_events (
    Store *store, const StoreEventSearch *search, gboolean *more, GError **error);
GPtrArray *sqlite_list_changed (
    Store *store, const char *app, gint64 after, guint limit, GError **error);
gint64 sqlite_find_last_change (Store *store, GError **error);
GPtrArray *sqlite_list_others (Store *store, const StoreConferenceId *conference,
    gint64 after, guint limit, gsize max_bytes, gboolean *more, GError **error);
GPtrArray *sqlite_search_others (Store *store, const char *app,
    const StoreOtherSearch *search, gboolean *more, GError **error);
GPtrArray *sqlite_list_fabrics (Store *store, const StoreConferenceId *conference,
    gint64 after, guint limit, GError **error);
StoreFabricDetail *sqlite_read_fabric (
    Store *store, const char *app, const char *fabric, GError **error);
