/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the third schema adds to the second: what overviews need, so that they read one
 * row a conference, an index for each order of lists, and the names of users. Statements
 * are run in the order of the list, in one transaction.
 */
#pragma once

#include "store-sqlite-setups.h"

/* failure_reason: of the first failure of its setup. */
static const char schema_3_fabrics[] =
    "ALTER TABLE fabrics ADD COLUMN failure_reason TEXT;"
    "UPDATE fabrics SET failure_reason = (SELECT substr (CASE WHEN json_valid (e.data)"
    "     AND json_type (e.data, '$.reason') = 'text' THEN json_extract (e.data, "
    "'$.reason')"
    "   WHEN e.name = 'iceFailed' THEN 'IceConnectionFailure' END, 1, 256)"
    " FROM events e WHERE e.fabric = fabrics.id"
    "   AND e.name IN ('fabricSetupFailed', 'iceFailed') ORDER BY e.time, e.id LIMIT 1)"
    " WHERE failed IS NOT NULL;";

/* Indexes of few conferences have what all lists are ordered by, so that these are
 * sorted without a look at the conferences themselves. */
#define SCHEMA_3_ORDERS \
  " (app, start, duration, participants, troubles, score, failed, dropped)"

/* Of its fabrics, kept by each commit: setups: the delays of those that were set up;
 * failures: how many were not, by reason. Of its summary: disruptions; one_way: streams
 * that came to nobody; NULL where that is not known. */
static const char schema_3_conferences[] =
    "ALTER TABLE conferences ADD COLUMN duration INTEGER"
    "  GENERATED ALWAYS AS (last_seen - start) VIRTUAL;"
    "ALTER TABLE conferences ADD COLUMN troubles INTEGER"
    "  GENERATED ALWAYS AS (failed + dropped) VIRTUAL;"
    "ALTER TABLE conferences ADD COLUMN setups BLOB;"
    "ALTER TABLE conferences ADD COLUMN failures TEXT;"
    "ALTER TABLE conferences ADD COLUMN disruptions INTEGER;"
    "ALTER TABLE conferences ADD COLUMN one_way INTEGER;"
    "UPDATE conferences SET (setups, failures) ="
    "  (" SQLITE_SELECT_SETUPS (
        "conferences.id") ");"
                          "DROP INDEX conferences_by_site;"
                          "DROP INDEX conferences_failed;"
                          "DROP INDEX conferences_dropped;"
                          "DROP INDEX conferences_by_score;"
                          "CREATE INDEX conferences_by_score ON conferences (app, score)"
                          "  WHERE score IS NOT NULL;"
                          "CREATE INDEX conferences_failed ON conferences" SCHEMA_3_ORDERS
                          " WHERE failed > 0;"
                          "CREATE INDEX conferences_dropped ON "
                          "conferences" SCHEMA_3_ORDERS "  WHERE dropped > 0;"
                          "CREATE INDEX conferences_by_duration ON conferences (app, "
                          "duration);"
                          "CREATE INDEX conferences_by_participants ON conferences (app, "
                          "participants);"
                          "CREATE INDEX conferences_by_troubles ON conferences (app, "
                          "troubles);";

/* All names that users were ever told by, whatever their case. */
static const char schema_3_names[] =
    "CREATE TABLE user_names ("
    "  app INTEGER NOT NULL REFERENCES apps (id),"
    "  name TEXT NOT NULL COLLATE NOCASE,"
    "  user INTEGER NOT NULL REFERENCES users (id),"
    "  PRIMARY KEY (app, name, user)) WITHOUT ROWID;"
    "CREATE INDEX user_names_by_user ON user_names (user);"
    "UPDATE users SET display_name = (SELECT p.user_name FROM participants p"
    "  WHERE p.user = users.id AND p.user_name <> '' ORDER BY p.joined DESC LIMIT 1)"
    "  WHERE display_name IS NULL;"
    "INSERT OR IGNORE INTO user_names SELECT app, display_name, id FROM users"
    "  WHERE display_name <> '';"
    "INSERT OR IGNORE INTO user_names SELECT u.app, p.user_name, u.id"
    "  FROM participants p JOIN users u ON u.id = p.user WHERE p.user_name <> '';";

static const char *const schema_3[] = {
  schema_3_fabrics,
  schema_3_conferences,
  schema_3_names,
};
