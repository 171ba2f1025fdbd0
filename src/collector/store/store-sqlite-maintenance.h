/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is done with a database that may be in use. Any thread, connections of its own.
 */
#pragma once

#include "store-sqlite-private.h"

/* As store_backup() has it. */
gboolean sqlite_backup (const char *path, const char *file, StoreProgressFunc progress,
    gpointer user_data, GError **error);
/* As store_check() has it. */
gboolean sqlite_check (const char *path, StoreFindingFunc found,
    StoreProgressFunc progress, gpointer user_data, GError **error);
