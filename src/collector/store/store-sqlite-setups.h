/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The delays of a conference's fabrics in one column of its row, so that an overview of
 * many conferences reads no other.
 *
 * Any thread, a connection for each.
 */
#pragma once

#include "store-sqlite-private.h"

/* Columns setups and failures of the conference. Of reasons the most frequent are
 * named. */
#define SQLITE_SELECT_SETUPS(conference) \
  "SELECT pack_setups (setup_delay, ice_gathering_delay, ice_connectivity_delay)," \
  " (SELECT nullif (json_group_object (failure_reason, n), '{}') FROM" \
  "   (SELECT failure_reason, count(*) AS n FROM fabrics" \
  "   WHERE conference = " conference " AND set_up IS NULL AND failed IS NOT NULL" \
  "   AND failure_reason IS NOT NULL" \
  "   GROUP BY failure_reason ORDER BY n DESC, failure_reason LIMIT 16))" \
  " FROM fabrics WHERE conference = " conference

/* Adds the SQL function pack_setups(), which the statements above need. */
gboolean sqlite_add_setups (sqlite3 *db, GError **error);
