/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows of reports to blocks. Threads as told with each function.
 */
#pragma once

#include "store-sqlite-private.h"

/* What is to take the place of rows. */
typedef struct _SqliteBlock SqliteBlock;

/* Reads up to REPORT_BLOCK_MAX of the fabric's oldest rows, and its last block if that is
 * short; packs them. Any thread. */
SqliteBlock *sqlite_block_pack (sqlite3 *db, gint64 fabric, GError **error);
void sqlite_block_free (SqliteBlock *block);
guint sqlite_block_n_rows (const SqliteBlock *block);
/* Whether it is full, so that there may be more rows of its fabric. */
gboolean sqlite_block_is_full (const SqliteBlock *block);
/* In the caller's transaction. Nothing is done where a row is there no more. */
gboolean sqlite_block_store (sqlite3 *db, const SqliteBlock *block, GError **error);

/* row: at a block, whose data and checksum are its columns 0 and 1. Appends the
 * StoredReports past the cursor and before the time; parsed: as there. */
gboolean sqlite_unpack_block (sqlite3_stmt *row, const StoreCursor *after, gint64 to,
    gboolean parsed, GArray *reports, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SqliteBlock, sqlite_block_free)
