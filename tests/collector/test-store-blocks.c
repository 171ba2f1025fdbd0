/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports that became blocks are read as they were as rows.
 */
#include <string.h>

#include "../unit/canonical-json.h"
#include "store-fixture.h"
#include "store-sqlite-blocks.h"

#define APP STORE_FIXTURE_APP

static void
compact (StoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  store_compact (fixture->store, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
take_report (gint64 time, const char *stats, gsize length, gpointer data)
{
  g_autofree char *text = canonical_json (stats);

  g_assert_cmpuint (length, ==, strlen (stats));
  g_ptr_array_add (data, g_strdup_printf ("%" G_GINT64_FORMAT " %s", time, text));
}

static GPtrArray *
read_range (StoreFixture *fixture, const char *fabric, gint64 from, gint64 to, guint page)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (StoreFabricKey) key =
      store_find_fabric (fixture->store, APP, fabric, &error);
  GPtrArray *texts = g_ptr_array_new_with_free_func (g_free);
  StoreCursor cursor = { from, -1 };
  gboolean more = TRUE;

  g_assert_no_error (error);
  while (more) {
    guint before = texts->len;
    int n = store_read_reports (fixture->store, key, &cursor, to, page, G_MAXSIZE,
        take_report, texts, &more, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (texts->len - before, ==, n);
    g_assert_cmpint (n, <=, page);
    g_assert_true (!more || n == (int)page);
  }
  return texts;
}

static GPtrArray *
read_all (StoreFixture *fixture, const char *fabric, guint page)
{
  return read_range (fixture, fabric, G_MININT64, G_MAXINT64, page);
}

static void
assert_same (GPtrArray *one, GPtrArray *other)
{
  g_assert_cmpuint (one->len, ==, other->len);
  for (guint i = 0; i < one->len; i++)
    g_assert_cmpstr (one->pdata[i], ==, other->pdata[i]);
}

/* In pages of several lengths, and from and to anywhere. */
static void
assert_reads (StoreFixture *fixture, const char *fabric, GPtrArray *wanted)
{
  const guint pages[] = { 29, 100000 };

  for (gsize i = 0; i < G_N_ELEMENTS (pages); i++) {
    g_autoptr (GPtrArray) got = read_all (fixture, fabric, pages[i]);

    assert_same (got, wanted);
  }
  for (guint i = 0; i < 3; i++) {
    guint from = (guint)g_test_rand_int_range (0, (int)wanted->len);
    guint to = (guint)g_test_rand_int_range ((int)from, (int)wanted->len);
    gint64 since = g_ascii_strtoll (wanted->pdata[from], NULL, 10);
    gint64 until = g_ascii_strtoll (wanted->pdata[to], NULL, 10);
    g_autoptr (GPtrArray) got = read_range (fixture, fabric, since, until, 50);

    for (guint j = 0; j < got->len; j++) {
      gint64 time = g_ascii_strtoll (got->pdata[j], NULL, 10);

      g_assert_true (time >= since && time < until);
    }
    if (since < until)
      g_assert_cmpstr (got->pdata[got->len - 1], <, wanted->pdata[to]);
  }
}

static void
test_blocks_are_read_as_rows (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) first = NULL, second = NULL;

  store_fixture_append (fixture, "f1", 1, 1, 300);
  store_fixture_append (fixture, "f2", 1, 1, 10);
  first = read_all (fixture, "f1", 1000);
  second = read_all (fixture, "f2", 1000);
  g_assert_cmpuint (first->len, ==, 300);
  compact (fixture);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT count(*) FROM reports"), ==, 0);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT count(*) FROM blocks"), ==, 3);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT sum(reports) FROM blocks"), ==, 310);
  assert_reads (fixture, "f1", first);
  assert_reads (fixture, "f2", second);
}

/* Late ones, early ones, ones of the same time; rows and blocks of all kinds. */
static void
test_late_reports_are_merged (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) rows = NULL, before = NULL;

  store_fixture_append (fixture, "f1", 1000, 2, 140);
  store_fixture_append (fixture, "f1", 1001, 4, 50);
  store_fixture_append (fixture, "f1", 1000, 20, 14);
  store_fixture_append (fixture, "f1", 1, 3, 20);
  store_fixture_append (fixture, "f1", 1000, 50, 5);
  rows = read_all (fixture, "f1", 10000);

  store_fixture_append (fixture, "f2", 1000, 2, 140);
  compact (fixture);
  store_fixture_append (fixture, "f2", 1001, 4, 50);
  store_fixture_append (fixture, "f2", 1000, 20, 14);
  compact (fixture);
  store_fixture_append (fixture, "f2", 1, 3, 20);
  compact (fixture);
  store_fixture_append (fixture, "f2", 1000, 50, 5);
  before = read_all (fixture, "f2", 10000);
  assert_same (before, rows);
  assert_reads (fixture, "f2", rows);
}

static void
test_short_blocks_go_on (StoreFixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 64; i++) {
    store_fixture_append (fixture, "f1", 1 + i, 1, 1);
    compact (fixture);
  }
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT sum(reports) FROM blocks"), ==, 64);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT count(*) FROM blocks"), <, 32);
}

/* Their blocks are full with fewer of them. */
static void
test_long_texts_are_packed_all (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_append (fixture, "f1", 1, 1, 1);
  store_fixture_write (fixture,
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
      " INSERT INTO reports (fabric, time, stats) SELECT 1, i, '{\"T1\":{\"x\":\"' ||"
      " hex (zeroblob (20000)) || '\"}}' FROM n");
  compact (fixture);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT count(*) FROM reports"), ==, 0);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT sum(reports) FROM blocks"), ==, 301);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT count(*) FROM blocks"), >, 2);
}

static gpointer
compact_in_thread (gpointer fixture)
{
  compact (fixture);
  return NULL;
}

/* A reader sees each report once, whatever becomes a block meanwhile. */
static void
test_reader_beside_compaction_misses_nothing (StoreFixture *fixture, gconstpointer data)
{
  GThread *thread;

  for (guint fabric = 0; fabric < 4; fabric++) {
    g_autofree char *name = g_strdup_printf ("f%u", fabric);

    store_fixture_append (fixture, name, 1, 1, 300);
  }
  thread = g_thread_new ("compacts", compact_in_thread, fixture);
  while (store_fixture_read (fixture, "SELECT count(*) FROM reports") > 0) {
    g_autoptr (GPtrArray) last = read_all (fixture, "f3", 1000);

    g_assert_cmpuint (last->len, ==, 300);
  }
  g_thread_join (thread);
}

/* As a command beside a collector. */
static void
test_two_that_compact_do_not_meet (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) before = NULL, after = NULL;
  GThread *thread;

  store_fixture_append (fixture, "f1", 1, 1, 600);
  store_fixture_append (fixture, "f2", 1, 1, 300);
  before = read_all (fixture, "f1", 10000);
  thread = g_thread_new ("compacts", compact_in_thread, fixture);
  compact (fixture);
  g_thread_join (thread);
  compact (fixture);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT count(*) FROM reports"), ==, 0);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT sum(reports) FROM blocks"), ==, 900);
  after = read_all (fixture, "f1", 10000);
  assert_same (after, before);
}

static SqliteBlock *
pack (StoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  sqlite3 *db = sqlite_store_take_reader (fixture->store, &error);
  SqliteBlock *block;

  g_assert_no_error (error);
  block = sqlite_block_pack (db, 1, &error);
  g_assert_no_error (error);
  sqlite_store_give_reader_back (fixture->store, db);
  return block;
}

static gboolean
store_block (sqlite3 *db, gpointer block, GError **error)
{
  return sqlite_block_store (db, block, error);
}

/* SQLite uses the ids of rows that went for others. */
static void
test_slow_one_takes_no_other_rows (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) before = NULL, after = NULL;
  g_autoptr (GError) error = NULL;
  SqliteBlock *slow;

  store_fixture_append (fixture, "f1", 1, 1, 10);
  slow = pack (fixture);
  compact (fixture);
  store_fixture_append (fixture, "f1", 101, 1, 10);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT max(id) FROM reports"), ==, 10);
  before = read_all (fixture, "f1", 1000);
  sqlite_store_run_alone (fixture->store, store_block, slow, SQLITE_ALONE_WRITES, &error);
  g_assert_no_error (error);
  after = read_all (fixture, "f1", 1000);
  assert_same (after, before);
  sqlite_block_free (slow);
}

/* Late rows, whose rollup was made before there was another one of their time. */
static void
test_slow_one_drops_no_rollups (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  SqliteBlock *slow;

  store_fixture_append (fixture, "f1", 100, 2, 100);
  compact (fixture);
  store_fixture_append (fixture, "f1", 101, 40, 2);
  slow = pack (fixture);
  store_fixture_write (
      fixture, "UPDATE rollups SET reports = reports + 1, id = id + 1 WHERE fabric = 1");
  sqlite_store_run_alone (fixture->store, store_block, slow, SQLITE_ALONE_WRITES, &error);
  g_assert_no_error (error);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT count(*) FROM reports"), ==, 2);
  g_assert_cmpint (
      store_fixture_read (fixture, "SELECT sum(reports) FROM rollups"), ==, 101);
  sqlite_block_free (slow);
}

static gboolean
on_poll (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* A fabric that goes on has many rows, one that ended has few. */
static void
test_store_packs_by_itself (StoreFixture *fixture, gconstpointer data)
{
  guint poll = g_timeout_add (50, on_poll, NULL);

  store_fixture_append (fixture, "f1", 1, 1, 300);
  while (store_fixture_read (fixture, "SELECT count(*) FROM reports") > 44)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT count(*) FROM reports"), ==, 44);
  g_assert_cmpint (store_fixture_read (fixture, "SELECT count(*) FROM blocks"), ==, 1);
  g_source_remove (poll);
}

static gint64
used_bytes (StoreFixture *fixture)
{
  return store_fixture_read (fixture,
      "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count,"
      " pragma_freelist_count, pragma_page_size");
}

static void
test_report_at_rest_takes_at_most_100_bytes (StoreFixture *fixture, gconstpointer data)
{
  gint64 before = used_bytes (fixture), bytes;

  for (guint i = 0; i < 6; i++) {
    g_autofree char *name = g_strdup_printf ("f%u", i);

    store_fixture_append (fixture, name, 1, 1, 256);
  }
  compact (fixture);
  bytes = used_bytes (fixture) - before;
  g_test_message ("%.1f bytes a report", (double)bytes / (6 * 256));
  g_assert_cmpint (bytes, <=, 6 * 256 * 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) \
  g_test_add ("/store/blocks/" name, StoreFixture, NULL, store_fixture_set_up, function, \
      store_fixture_tear_down)
  ADD ("read-as-rows", test_blocks_are_read_as_rows);
  ADD ("late-reports", test_late_reports_are_merged);
  ADD ("short-blocks", test_short_blocks_go_on);
  ADD ("long-texts", test_long_texts_are_packed_all);
  ADD ("reader-beside-compaction", test_reader_beside_compaction_misses_nothing);
  ADD ("two-at-once", test_two_that_compact_do_not_meet);
  ADD ("slow-rows", test_slow_one_takes_no_other_rows);
  ADD ("slow-rollups", test_slow_one_drops_no_rollups);
  ADD ("by-itself", test_store_packs_by_itself);
  ADD ("room-at-rest", test_report_at_rest_takes_at_most_100_bytes);
  return g_test_run ();
}
