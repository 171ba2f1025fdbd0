/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the second schema adds to the first. Statements are run in the order of the list,
 * in one transaction. A table that refers to conferences or fabrics says so with
 * REFERENCES and has an index that begins with that column: its rows go with them.
 */
#pragma once

/* A block is up to 256 reports of a fabric, packed (store-sqlite-blocks.c). checksum:
 * CRC-32 of data. expired: reports that were removed before their fabric. */
static const char schema_2_blocks[] =
    "CREATE TABLE blocks ("
    "  id INTEGER PRIMARY KEY,"
    "  fabric INTEGER NOT NULL REFERENCES fabrics (id),"
    "  first_time INTEGER NOT NULL,"
    "  last_time INTEGER NOT NULL,"
    "  reports INTEGER NOT NULL,"
    "  checksum INTEGER NOT NULL,"
    "  data BLOB NOT NULL);"
    "CREATE INDEX blocks_by_fabric ON blocks (fabric, last_time, first_time);"
    "ALTER TABLE fabrics ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE sessions ADD COLUMN last_heard INTEGER;"
    "CREATE INDEX participants_by_user ON participants (user);"
    "CREATE INDEX events_by_fabric ON events (fabric) WHERE fabric IS NOT NULL;"
    "CREATE INDEX others_by_user ON others (user);";

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

static const char *const schema_2[] = {
  schema_2_blocks,
  schema_2_deliveries,
};
