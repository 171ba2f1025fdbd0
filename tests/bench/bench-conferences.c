/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Conferences by SQL. Numbers are scattered, and the same with each run but for the time
 * of the last call. Threads as in the header.
 */
#include "bench-conferences.h"

#include "store-sqlite-setups.h"

/* A number from 0 to below 1, another one for each pair of integers: a square has little
 * to do with its root. */
#define ROOT(n, salt) "((" n " * 2654435761 + " salt " * 2246822519) & 2147483647)"
#define SCATTER(n, salt) \
  "((" ROOT (n, salt) " * " ROOT (n, salt) " >> 20 & 4294967295) / 4294967296.0)"

/* :n conferences, one each :apart µs, the last one an hour before :now. */
#define NUMBERS \
  "WITH RECURSIVE numbers (i) AS" \
  " (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < :n)"

static const char users_sql[] =
    NUMBERS " INSERT INTO users (id, app, name, display_name)"
            " SELECT i, 1, printf ('user-%06d', i),"
            "   printf ('%s %s %d', CASE i % 7 WHEN 0 THEN 'Alice' WHEN 1 THEN 'bob'"
            "     WHEN 2 THEN 'Zoë' WHEN 3 THEN 'Dmitri' WHEN 4 THEN 'Mei'"
            "     WHEN 5 THEN 'Carlos' ELSE 'Ngozi' END,"
            "     CASE i % 11 WHEN 0 THEN 'Smith' WHEN 1 THEN 'Ito' ELSE 'Novák' END, i)"
            " FROM numbers LIMIT 1 + :n / 5";

static const char conferences_sql[] = NUMBERS
    " INSERT INTO conferences (id, app, name, start, last_seen, last_heard, first_time,"
    "   last_time, participants, fabrics, set_up, failed, dropped, reports, score, site,"
    "   ended, stale, told, stored, version, disruptions, one_way)"
    " SELECT i, 1, printf ('room-%07d', i), start, start + length, start + length, start,"
    "   start + length, 2 + (i % 10 = 0) + (i % 50 = 0) + (i % 100 = 0), 2, 0, 0, 0, 0,"
    "   CASE WHEN i % 40 > 0 THEN"
    "     round (4.5 - 3.2 * u * u * u, 4) END,"
    "   printf ('site-%02d', i % 23), start + length + 30000000, 0, 1, start + length, i,"
    "   i % 30 = 0, i % 200 = 0"
    " FROM (SELECT i, :now - 3600000000 - (:n - i) * :apart AS start,"
    "   CAST (20000000 + 3580000000 * " SCATTER (
        "i", "1") " AS INTEGER) AS length,"
                  "   " SCATTER ("i", "2") " AS u FROM numbers)";

static const char participants_sql[] =
    "INSERT INTO participants (conference, user, user_name, joined, left, site)"
    " SELECT c.id, 1 + (c.id * 7919 + k.value * 104729) % (1 + :n / 5), NULL,"
    "   c.start + k.value * 1000000, c.last_seen, c.site"
    " FROM conferences c, json_each ('[0,1,2,3,4]') k WHERE k.value < c.participants"
    " ORDER BY c.id ON CONFLICT DO NOTHING";

static const char fabrics_sql[] =
    "INSERT INTO fabrics (user, name, conference, usage, state, added, set_up,"
    "   setup_delay, ice_gathering_delay, ice_connectivity_delay, failed, dropped,"
    "   terminated, failure_reason)"
    " SELECT 1 + (conference * 7919 + k * 104729) % (1 + :n / 5),"
    "   printf ('fabric-%07d-%d', conference, k), conference, 'multiplex',"
    "   CASE WHEN failed THEN 'failed' WHEN dropped THEN 'dropped' ELSE 'terminated' END,"
    "   start, CASE WHEN NOT failed THEN start + 900000 END,"
    "   CASE WHEN NOT failed THEN round (150 + 300 * u + 6000 * u * u * u * u * u, 3) "
    "END,"
    "   CASE WHEN NOT failed THEN round (20 + 90 * u, 3) END,"
    "   CASE WHEN NOT failed THEN round (30 + 200 * u * u, 3) END,"
    "   CASE WHEN failed THEN start + 10000000 END,"
    "   CASE WHEN dropped THEN last_seen - 1000000 END,"
    "   CASE WHEN NOT failed AND NOT dropped THEN last_seen END,"
    "   CASE WHEN failed THEN CASE WHEN w < 0.02 THEN 'IceConnectionFailure'"
    "     WHEN w < 0.025 THEN 'NegotiationFailure' ELSE 'TransportFailure' END END"
    " FROM (SELECT c.id AS conference, k.value AS k, c.start, c.last_seen,"
    "     " SCATTER ("(c.id * 2 + k.value)",
        "3") " AS u,"
             "     " SCATTER ("(c.id * 2 + k.value)",
                 "4") " AS w,"
                      "     " SCATTER ("(c.id * 2 + k.value)",
                          "4") " < 0.03 AS failed,"
                               "     " SCATTER ("(c.id * 2 + k.value)",
                                   "4") " > 0.99 AS dropped"
                                        "   FROM conferences c, json_each ('[0,1]') k "
                                        "ORDER BY c.id)";

static const char counts_sql[] =
    "UPDATE conferences SET (set_up, failed, dropped) = (SELECT count(set_up),"
    "   count(CASE WHEN set_up IS NULL THEN failed END), count(dropped)"
    "   FROM fabrics WHERE conference = conferences.id),"
    " (setups, failures) = (" SQLITE_SELECT_SETUPS ("conferences.id") ")";

static void
run (sqlite3 *db, const char *sql, const BenchSize *size, gint64 now)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (sqlite3_stmt) statement = sqlite_prepare (db, sql, &error);
  gint64 n = (gint64)size->days * size->conferences;
  const struct {
    const char *name;
    gint64 value;
  } values[] = { { ":n", n }, { ":now", now },
    { ":apart", G_TIME_SPAN_DAY / MAX (size->conferences, 1) } };

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    sqlite3_bind_int64 (statement,
        sqlite3_bind_parameter_index (statement, values[i].name), values[i].value);
  if (sqlite3_step (statement) != SQLITE_DONE)
    g_error ("bench: %s", sqlite3_errmsg (db));
}

void
bench_make_conferences (const char *path, const BenchSize *size, gint64 now)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (sqlite3) db = sqlite_open_writer (path, &error);

  g_assert_no_error (error);
  sqlite_execute (db,
      "PRAGMA foreign_keys=OFF; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
      "PRAGMA cache_size=-262144; BEGIN;"
      "INSERT INTO apps VALUES (1, '" BENCH_APP "');",
      &error);
  g_assert_no_error (error);
  run (db, users_sql, size, now);
  run (db, conferences_sql, size, now);
  run (db, participants_sql, size, now);
  run (db, fabrics_sql, size, now);
  run (db, counts_sql, size, now);
  sqlite_execute (db,
      "INSERT INTO user_names SELECT app, display_name, id FROM users;"
      "UPDATE versions SET n = (SELECT max(version) FROM conferences); COMMIT;"
      "PRAGMA journal_mode=WAL;",
      &error);
  g_assert_no_error (error);
}
