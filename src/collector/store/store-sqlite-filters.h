/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What conferences are looked for, as SQL. Few that a condition leaves are fetched by
 * their ids, and sorted; where all conditions leave many, all conferences are walked
 * through in the order of the list, which soon fills a page.
 *
 * Any thread, a connection for each.
 */
#pragma once

#include "store-sqlite-private.h"

/* Rows of conferences c. columns: what is selected.
 * Returns: (nullable): NULL with an error. */
sqlite3_stmt *sqlite_prepare_search (sqlite3 *db, const char *app,
    const StoreSearch *search, const char *columns, GError **error);
/* A score as the time of a cursor. */
gint64 sqlite_score_to_key (double score);
/* Behind all that begins with the prefix. */
char *sqlite_end_of_prefix (const char *prefix);
