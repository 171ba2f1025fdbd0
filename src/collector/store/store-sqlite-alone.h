/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A task that the writer runs in a transaction of its own, while a thread waits for it.
 */
#pragma once

#include "store-sqlite-private.h"

typedef struct _SqliteAloneJob SqliteAloneJob;

/* The thread that waits. */
SqliteAloneJob *sqlite_alone_new (SqliteTask task, gpointer user_data, SqliteAlone how);
/* Frees it. */
gboolean sqlite_alone_wait (SqliteAloneJob *alone, GError **error);

/* The writer, between transactions. */
void sqlite_alone_run (SqliteAloneJob *alone, sqlite3 *db, SqliteRows *rows);
