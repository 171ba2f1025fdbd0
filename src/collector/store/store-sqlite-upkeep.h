/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a store does by itself, on a thread of its own: packs reports of which no more are
 * likely to come, and removes what is old.
 */
#pragma once

#include "store-sqlite-private.h"

typedef struct _SqliteUpkeep SqliteUpkeep;

SqliteUpkeep *sqlite_upkeep_start (Store *store);
/* Waits for what it is at, which is little. */
void sqlite_upkeep_stop (SqliteUpkeep *upkeep);
/* retention: (nullable). Any thread. */
void sqlite_upkeep_set_retention (SqliteUpkeep *upkeep, StoreRetention *retention);

/* store-sqlite.c */
SqliteUpkeep *sqlite_store_get_upkeep (Store *store);

/* Packs all rows there are. Any thread but the writer's. */
gboolean sqlite_compact (
    Store *store, StoreProgressFunc progress, gpointer user_data, GError **error);
