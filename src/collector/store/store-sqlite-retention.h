/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Removal of what is old. Any thread but the writer's.
 */
#pragma once

#include "store-sqlite-private.h"

/* As store_retain() has it. */
gboolean sqlite_retain (Store *store, const StoreRetention *retention, gint64 now,
    StoreRemoved *removed, StoreProgressFunc progress, gpointer user_data,
    GError **error);
/* As store_vacuum() has it. */
gboolean sqlite_vacuum (const char *path, GError **error);
