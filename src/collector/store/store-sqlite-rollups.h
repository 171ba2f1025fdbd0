/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rollups: what charts need of reports, kept longer than these. Threads as told with each
 * function.
 */
#pragma once

#include "series-table.h"
#include "store-sqlite-private.h"

/* The steps that are kept. */
#define ROLLUP_FINE STORE_SERIES_STEP
#define ROLLUP_COARSE (60 * G_TIME_SPAN_SECOND)

/* The rollup of reports that become a block, and of what has to be made anew with them.
 */
typedef struct _SqliteRollup SqliteRollup;

/* reports: (element-type CallstatsReport): all that are to be in the block, in order of
 * their times; they are rows or blocks still. Any thread. */
SqliteRollup *sqlite_rollup_make (
    sqlite3 *db, gint64 fabric, GPtrArray *reports, GError **error);
void sqlite_rollup_free (SqliteRollup *rollup);
/* current: whether the rollups of its time are those that it was made beside. In the
 * caller's transaction, as the next one. rollup: (nullable) */
gboolean sqlite_rollup_is_current (
    sqlite3 *db, const SqliteRollup *rollup, gboolean *current, GError **error);
/* rollup: (nullable) */
gboolean sqlite_rollup_store (sqlite3 *db, const SqliteRollup *rollup, GError **error);

/* As in store.h; any thread. */
gboolean sqlite_read_series (
    Store *store, const StoreFabricKey *fabric, SeriesTable *table, GError **error);

/* ---- store-sqlite-gaps.c ---- */

/* Returns: (transfer full) (element-type SeriesGap): sorted by their beginning; those
 * that were given up at least that late. NULL with an error. Any thread. */
GArray *sqlite_read_gaps (sqlite3 *db, gint64 fabric, gint64 from, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SqliteRollup, sqlite_rollup_free)
