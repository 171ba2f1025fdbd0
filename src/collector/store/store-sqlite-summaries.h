/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Summaries, as store.h has them.
 */
#pragma once

#include "store.h"

/* Any thread. */
GPtrArray *sqlite_list_stale_calls (
    Store *store, gint64 now, guint limit, GError **error);
GPtrArray *sqlite_list_untold_calls (
    Store *store, gint64 after, guint limit, GError **error);
char *sqlite_read_summary (
    Store *store, const StoreConferenceId *conference, gsize *length, GError **error);

/* The opener's thread. */
void sqlite_write_summary (
    Store *store, StoreSummary *summary, StoreSummaryWritten written, gpointer user_data);
void sqlite_mark_told (Store *store, gint64 id);

/* ---- store-sqlite-calls.c: any thread ---- */

StoreDetail *sqlite_read_call (
    Store *store, gint64 id, gint64 *changes, gboolean *expired, GError **error);
