/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the second schema adds to the first. Statements are run in the order of the list,
 * in one transaction. A table that refers to conferences or fabrics says so with
 * REFERENCES and has an index that begins with that column: its rows go with them.
 */
#pragma once

/* Calls of the same id are told apart by time (store-sqlite-conferences.c): first_time
 * and last_time are by the collector's clock, as far as it is known how the clients'
 * differ, and those of one name are apart from each other. Counts are kept by each
 * commit.
 *
 * setup_delay: the median, ms; score: the lowest of its fabrics' medians; site: the first
 * that was told; ended: when that was seen; stale: 0 where the summary has all, 1 where
 * reports came since, 2 where more did; changes: counts commits; told: whether all
 * listeners know that it ended; stored: when a record of it last was. merges: how often
 * two calls turned out to be one, so that ids that are cached are good no more. */
static const char schema_2_conferences[] =
    "CREATE TABLE calls ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  app INTEGER NOT NULL REFERENCES apps (id),"
    "  name TEXT NOT NULL,"
    "  start INTEGER NOT NULL,"
    "  last_seen INTEGER NOT NULL,"
    "  last_heard INTEGER NOT NULL,"
    "  first_time INTEGER NOT NULL,"
    "  last_time INTEGER NOT NULL,"
    "  participants INTEGER NOT NULL DEFAULT 0,"
    "  present INTEGER NOT NULL DEFAULT 0,"
    "  fabrics INTEGER NOT NULL DEFAULT 0,"
    "  set_up INTEGER NOT NULL DEFAULT 0,"
    "  failed INTEGER NOT NULL DEFAULT 0,"
    "  dropped INTEGER NOT NULL DEFAULT 0,"
    "  reports INTEGER NOT NULL DEFAULT 0,"
    "  setup_delay REAL,"
    "  score REAL,"
    "  site TEXT,"
    "  ended INTEGER,"
    "  stale INTEGER NOT NULL DEFAULT 2,"
    "  changes INTEGER NOT NULL DEFAULT 0,"
    "  told INTEGER NOT NULL DEFAULT 1,"
    "  stored INTEGER NOT NULL);"
    "INSERT INTO calls (id, app, name, start, last_seen, last_heard, stored, first_time,"
    "   last_time, ended, participants, present, fabrics, set_up, failed, dropped,"
    "   reports)"
    " SELECT c.id, c.app, c.name, c.start, c.last_seen, c.last_heard, c.last_heard, "
    "c.start,"
    "   c.last_seen, c.last_heard,"
    "   (SELECT count(*) FROM participants p WHERE p.conference = c.id),"
    "   (SELECT count(*) - count(left) FROM participants p WHERE p.conference = c.id),"
    "   count(f.id), count(f.set_up),"
    "   count(CASE WHEN f.set_up IS NULL THEN f.failed END), count(f.dropped),"
    "   coalesce (sum(f.reports), 0)"
    " FROM conferences c LEFT JOIN fabrics f ON f.conference = c.id GROUP BY c.id;"
    "DROP TABLE conferences;"
    "ALTER TABLE calls RENAME TO conferences;"
    "CREATE INDEX conferences_by_start ON conferences (app, start);"
    "CREATE INDEX conferences_by_name ON conferences (app, name, first_time);"
    "CREATE INDEX conferences_by_site ON conferences (app, site, start)"
    "  WHERE site IS NOT NULL;"
    "CREATE INDEX conferences_by_score ON conferences (app, score, start)"
    "  WHERE score IS NOT NULL;"
    "CREATE INDEX conferences_failed ON conferences (app, start) WHERE failed > 0;"
    "CREATE INDEX conferences_dropped ON conferences (app, start) WHERE dropped > 0;"
    "CREATE INDEX conferences_stale ON conferences (stale) WHERE stale > 0;"
    "CREATE INDEX conferences_active ON conferences (app) WHERE ended IS NULL;"
    "CREATE INDEX conferences_untold ON conferences (id) WHERE told = 0;"
    "ALTER TABLE participants ADD COLUMN site TEXT;"
    "CREATE INDEX participants_by_site ON participants (site) WHERE site IS NOT NULL;"
    "CREATE TABLE merges (n INTEGER NOT NULL);"
    "INSERT INTO merges VALUES (0);";

/* summary: the JSON of summarizer.h, deflated. A fabric's paired is the one at the other
 * end of its connection, 0 where there is none. */
static const char schema_2_summaries[] =
    "CREATE TABLE summaries ("
    "  conference INTEGER PRIMARY KEY REFERENCES conferences (id),"
    "  time INTEGER NOT NULL,"
    "  length INTEGER NOT NULL,"
    "  summary BLOB NOT NULL);"
    "ALTER TABLE fabrics ADD COLUMN paired INTEGER NOT NULL DEFAULT 0;";

/* A block is up to 256 reports of a fabric, packed (store-sqlite-blocks.c). written: when
 * something of its conference was last stored. checksum: CRC-32 of data. expired: reports
 * that were removed before their fabric. */
static const char schema_2_blocks[] =
    "CREATE TABLE blocks ("
    "  id INTEGER PRIMARY KEY,"
    "  fabric INTEGER NOT NULL REFERENCES fabrics (id),"
    "  first_time INTEGER NOT NULL,"
    "  last_time INTEGER NOT NULL,"
    "  reports INTEGER NOT NULL,"
    "  written INTEGER NOT NULL,"
    "  checksum INTEGER NOT NULL,"
    "  data BLOB NOT NULL);"
    "CREATE INDEX blocks_by_fabric ON blocks (fabric, last_time, first_time);"
    "CREATE INDEX blocks_by_age ON blocks (written);"
    "ALTER TABLE fabrics ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE sessions ADD COLUMN last_heard INTEGER;"
    "UPDATE sessions SET last_heard = CAST (strftime ('%s', 'now') AS INTEGER) * 1000000;"
    "CREATE INDEX participants_by_user ON participants (user);"
    "CREATE INDEX events_by_fabric ON events (fabric) WHERE fabric IS NOT NULL;"
    "CREATE INDEX others_by_user ON others (user, time);"
    "CREATE INDEX others_gaps ON others (user, time) WHERE record LIKE '%\"gap\"%';"
    "ALTER TABLE others ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;"
    "UPDATE others SET stored = CAST (strftime ('%s', 'now') AS INTEGER) * 1000000;";

/* app: of the user; type: the record's. */
static const char schema_2_others[] =
    "ALTER TABLE others ADD COLUMN app INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE others ADD COLUMN type TEXT NOT NULL DEFAULT '';"
    "UPDATE others SET app = (SELECT app FROM users WHERE id = user),"
    "  type = CASE WHEN json_valid (record)"
    "    THEN coalesce (json_extract (record, '$.type'), '') ELSE '' END;"
    "CREATE INDEX others_by_time ON others (app, time);"
    "CREATE INDEX others_by_type ON others (app, type, time);";

/* What charts need of reports (store-sqlite-rollups.c), kept when these are removed.
 * tail: what it takes to go on, of the last one only. */
static const char schema_2_rollups[] =
    "CREATE TABLE rollups ("
    "  id INTEGER PRIMARY KEY,"
    "  fabric INTEGER NOT NULL REFERENCES fabrics (id),"
    "  first_time INTEGER NOT NULL,"
    "  last_time INTEGER NOT NULL,"
    "  reports INTEGER NOT NULL,"
    "  fine BLOB NOT NULL,"
    "  coarse BLOB NOT NULL,"
    "  tail BLOB);"
    "CREATE INDEX rollups_by_fabric ON rollups (fabric, first_time);";

/* What webhooks are to be told (store-sqlite-deliveries.c). due: when it is tried next;
 * NULL once it was delivered or given up, and then there is no body either. */
static const char schema_2_deliveries[] =
    "CREATE TABLE deliveries ("
    "  id TEXT PRIMARY KEY,"
    "  webhook TEXT NOT NULL,"
    "  event TEXT NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  due INTEGER,"
    "  attempts INTEGER NOT NULL DEFAULT 0,"
    "  body TEXT);"
    "CREATE INDEX deliveries_by_due ON deliveries (webhook, due) WHERE due IS NOT NULL;"
    "CREATE INDEX deliveries_by_creation ON deliveries (created);";

/* version: rises with each change of any conference, so that those that changed since one
 * are found (live updates), whoever wrote them. versions: the last one, which none has
 * again when its conference is removed. */
static const char schema_2_versions[] =
    "ALTER TABLE conferences ADD COLUMN version INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX conferences_by_version ON conferences (version);"
    "CREATE TABLE versions (n INTEGER NOT NULL);"
    "INSERT INTO versions VALUES (0);"
    "CREATE TRIGGER conferences_versions"
    "  AFTER UPDATE OF changes, ended, score, site ON conferences BEGIN"
    "  UPDATE versions SET n = n + 1;"
    "  UPDATE conferences SET version = (SELECT n FROM versions) WHERE id = new.id;"
    "  END;";

static const char *const schema_2[] = {
  schema_2_conferences,
  schema_2_versions,
  schema_2_summaries,
  schema_2_blocks,
  schema_2_rollups,
  schema_2_deliveries,
  schema_2_others,
};
