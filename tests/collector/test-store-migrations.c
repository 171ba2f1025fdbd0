/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Databases of earlier schema versions, as they are when a store is opened.
 */
#include <glib/gstdio.h>
#include <math.h>

#include "store-sqlite-private.h"
#include "store-sqlite-schema-1.h"
#include "store-sqlite-schema-2.h"

#define CALL \
  "INSERT INTO apps VALUES (1, 'demo');" \
  "INSERT INTO users VALUES (1, 1, 'alice', NULL);" \
  "INSERT INTO sessions VALUES (1, 1, 's1', 3);" \
  "INSERT INTO conferences VALUES (1, 1, 'c1', 1000, 3000, 3000);" \
  "INSERT INTO participants (conference, user) VALUES (1, 1);" \
  "INSERT INTO fabrics (id, user, name, conference, reports, first_report, last_report)" \
  "  VALUES (1, 1, 'f1', 1, 2, 1000, 2000);" \
  "INSERT INTO events VALUES (1, 1, 1, 1, 3000, 'audioMute', '{}');" \
  "INSERT INTO reports VALUES (1, 1, 1000, '{\"a\":{\"x\":1}}')," \
  "  (2, 1, 2000, '{\"a\":{\"x\":2}}');"

typedef struct {
  char *folder;
  char *path;
  char *location;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("callstats-store-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->folder, "calls.db", NULL);
  fixture->location = g_strdup_printf ("sqlite:%s", fixture->path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->location);
}

static sqlite3 *
open_database (const Fixture *fixture)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  return db;
}

static void
execute (const Fixture *fixture, const char *sql)
{
  g_autoptr (sqlite3) db = open_database (fixture);
  g_autoptr (GError) error = NULL;

  sqlite_execute (db, sql, &error);
  g_assert_no_error (error);
}

static gint64
read_number (const Fixture *fixture, const char *sql)
{
  g_autoptr (sqlite3) db = open_database (fixture);
  gint64 number;

  g_assert_true (sqlite_read_number (db, sql, &number));
  return number;
}

static void
make_version_1 (const Fixture *fixture, const char *more)
{
  g_autofree char *sql = g_strdup_printf ("%s PRAGMA application_id=%d;"
                                          "PRAGMA user_version=1; %s",
      schema_1, SQLITE_SCHEMA_APPLICATION_ID, more);

  execute (fixture, sql);
}

static void
open_and_close (const Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  Store *store = store_open (fixture->location, &error);

  g_assert_no_error (error);
  store_free (store);
}

/* Without what SQLite makes of spaces. */
static char *
describe_schema (const Fixture *fixture)
{
  g_autoptr (sqlite3) db = open_database (fixture);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (sqlite3_stmt) rows = NULL;

  g_assert_cmpint (sqlite3_prepare_v2 (db,
                       "SELECT replace (sql, ' ', '') FROM sqlite_schema"
                       " WHERE sql IS NOT NULL ORDER BY name",
                       -1, &rows, NULL),
      ==, SQLITE_OK);
  while (sqlite3_step (rows) == SQLITE_ROW)
    g_string_append_printf (text, "%s\n", sqlite3_column_text (rows, 0));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
take_report (gint64 time, const char *stats, gsize length, gpointer data)
{
  g_string_append_printf (data, "%" G_GINT64_FORMAT " %s\n", time, stats);
}

static void
assert_call_is_read (const Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Store) store = store_open (fixture->location, &error);
  g_autoptr (StoreDetail) detail = NULL;
  g_autoptr (StoreFabricKey) key = NULL;
  g_autoptr (GString) reports = g_string_new (NULL);
  StoreCursor cursor = { G_MININT64, 0 };
  gboolean more;

  g_assert_no_error (error);
  detail = store_read_conference (store, "demo", "c1", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (detail->fabrics->len, ==, 1);
  g_assert_cmpuint (detail->events->len, ==, 1);
  key = store_find_fabric (store, "demo", "f1", &error);
  g_assert_no_error (error);
  g_assert_cmpint (store_read_reports (store, key, &cursor, G_MAXINT64, 10, 1000,
                       take_report, reports, &more, &error),
      ==, 2);
  g_assert_cmpstr (reports->str, ==, "1000 {\"a\":{\"x\":1}}\n2000 {\"a\":{\"x\":2}}\n");
}

static void
test_first_version_is_brought_up_to_date (Fixture *fixture, gconstpointer data)
{
  const char *more = data;
  g_autofree char *migrated = NULL, *fresh = NULL;

  make_version_1 (fixture, more);
  execute (fixture, CALL);
  assert_call_is_read (fixture);
  g_assert_cmpint (
      read_number (fixture, "PRAGMA user_version"), ==, sqlite_schema_version ());
  assert_call_is_read (fixture);

  migrated = describe_schema (fixture);
  g_unlink (fixture->path);
  open_and_close (fixture);
  fresh = describe_schema (fixture);
  g_assert_cmpstr (migrated, ==, fresh);
}

static void
test_records_of_the_first_version_are_found (Fixture *fixture, gconstpointer data)
{
  const StoreOtherSearch search = { .type = "gap",
    .from = G_MININT64,
    .to = G_MAXINT64,
    .before = { G_MAXINT64, G_MAXINT64 },
    .limit = 10,
    .max_bytes = 1000 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Store) store = NULL;
  g_autoptr (GPtrArray) list = NULL;
  const StoreOther *other;
  gboolean more;

  make_version_1 (fixture, CALL);
  execute (fixture, "INSERT INTO others (user, time, record) VALUES"
                    " (1, 1000, '{\"type\":\"gap\",\"time\":1}'), (1, 2000, '{}'),"
                    " (1, 3000, 'no JSON'), (1, 4000, '{\"type\":\"new\"}')");
  store = store_open (fixture->location, &error);
  g_assert_no_error (error);
  list = store_search_others (store, "demo", &search, &more, &error);
  g_assert_no_error (error);
  g_assert_false (more);
  g_assert_cmpuint (list->len, ==, 1);
  other = list->pdata[0];
  g_assert_cmpint (other->time, ==, 1000);
  g_assert_cmpstr (other->user, ==, "alice");
  g_assert_cmpstr (other->type, ==, "gap");
}

/* As the second version left it: a fabric was set up, two failed, and one of them told
 * nothing of why. */
#define VERSION_2_CALL \
  "UPDATE users SET display_name = 'Alice';" \
  "INSERT INTO users VALUES (2, 1, 'bob', NULL);" \
  "INSERT INTO participants (conference, user, user_name, joined)" \
  "  VALUES (1, 2, 'Bob B.', 1000);" \
  "INSERT INTO fabrics (id, user, name, conference, failed) VALUES" \
  "  (2, 1, 'f2', 1, 2000), (3, 1, 'f3', 1, 2000), (4, 1, 'f4', 1, 2000);" \
  "UPDATE fabrics SET set_up = 2500, setup_delay = 1.5, ice_gathering_delay = 0.25" \
  "  WHERE id IN (1, 4);" \
  "INSERT INTO events VALUES" \
  "  (2, 1, 1, 2, 2001, 'fabricSetupFailed', '{\"reason\":\"late\"}')," \
  "  (3, 1, 1, 2, 2000, 'fabricSetupFailed', '{\"reason\":\"first\"}')," \
  "  (4, 1, 1, 3, 2000, 'fabricSetupFailed', 'no JSON')," \
  "  (5, 1, 1, 4, 2000, 'iceFailed', '{}');" \
  "UPDATE conferences SET fabrics = 4, set_up = 2, failed = 2;"

static void
take_figures (const StoreFigures *figures, gpointer user_data)
{
  StoreSetup setup;

  g_assert_cmpstr (figures->failures, ==, "{\"first\":1}");
  g_assert_false (figures->media_known);
  g_assert_cmpuint (figures->n_setups, ==, 2);
  store_figures_get_setup (figures, 0, &setup);
  g_assert_cmpfloat (setup.delay, ==, 1.5);
  g_assert_cmpfloat (setup.ice_gathering_delay, ==, 0.25);
  g_assert_true (isnan (setup.ice_connectivity_delay));
  ++*(guint *)user_data;
}

static void
make_version_2 (const Fixture *fixture)
{
  make_version_1 (fixture, CALL);
  execute (fixture, schema_1_holes);
  for (gsize i = 0; i < G_N_ELEMENTS (schema_2); i++)
    execute (fixture, schema_2[i]);
  execute (fixture, VERSION_2_CALL "PRAGMA user_version=2");
}

static void
test_figures_of_the_second_version_are_there (Fixture *fixture, gconstpointer data)
{
  StoreSearch search = {
    .from = G_MININT64, .to = G_MAXINT64, .low_score = NAN, .ascending = TRUE, .limit = 2
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (Store) store = NULL;
  guint n = 0;
  gboolean more;

  make_version_2 (fixture);
  store = store_open (fixture->location, &error);
  g_assert_no_error (error);
  g_assert_true (
      store_read_figures (store, "demo", &search, take_figures, &n, &more, &error));
  g_assert_cmpuint (n, ==, 1);
  g_assert_false (more);
}

static void
test_names_of_the_second_version_are_found (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Store) store = NULL;
  g_autoptr (GPtrArray) bobs = NULL, alices = NULL;

  make_version_2 (fixture);
  store = store_open (fixture->location, &error);
  g_assert_no_error (error);
  bobs = store_list_users (store, "demo", "bOB b", "", 10, &error);
  alices = store_list_users (store, "demo", "ALI", "", 10, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (bobs->len, ==, 1);
  g_assert_cmpstr (((StoreUser *)bobs->pdata[0])->user_name, ==, "Bob B.");
  g_assert_cmpuint (alices->len, ==, 1);
}

/* A step that fails leaves all as it was. */
static void
test_failed_step_changes_nothing (Fixture *fixture, gconstpointer data)
{
  g_autofree char *before = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;

  make_version_1 (fixture, CALL);
  execute (fixture, "CREATE TABLE others_by_user (id INTEGER)");
  before = describe_schema (fixture);
  g_assert_null (store_open (fixture->location, &error));
  g_assert_error (error, STORE_ERROR, STORE_ERROR_FAILED);
  after = describe_schema (fixture);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpint (read_number (fixture, "PRAGMA user_version"), ==, 1);

  execute (fixture, "DROP TABLE others_by_user");
  assert_call_is_read (fixture);
}

static void
test_newer_version_is_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *newer = NULL;
  g_autoptr (GError) error = NULL;

  open_and_close (fixture);
  newer = g_strdup_printf ("PRAGMA user_version=%d", sqlite_schema_version () + 1);
  execute (fixture, newer);
  g_assert_null (store_open (fixture->location, &error));
  g_assert_error (error, STORE_ERROR, STORE_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "newer callstats-collector"));
}

/* Two processes that open an old database at once. */
static gpointer
open_in_thread (gpointer fixture)
{
  open_and_close (fixture);
  return NULL;
}

static void
test_two_that_migrate_do_not_meet (Fixture *fixture, gconstpointer data)
{
  GThread *threads[4];

  make_version_1 (fixture, CALL);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("migrates", open_in_thread, fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  assert_call_is_read (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, data, function) \
  g_test_add ("/store/migrations/" name, Fixture, data, set_up, function, tear_down)
  ADD ("first-version", schema_1_holes, test_first_version_is_brought_up_to_date);
  ADD ("first-version-without-holes", "", test_first_version_is_brought_up_to_date);
  ADD ("records-of-the-first-version", NULL, test_records_of_the_first_version_are_found);
  ADD ("figures-of-the-second-version", NULL,
      test_figures_of_the_second_version_are_there);
  ADD ("names-of-the-second-version", NULL, test_names_of_the_second_version_are_found);
  ADD ("failed-step", NULL, test_failed_step_changes_nothing);
  ADD ("newer-version", NULL, test_newer_version_is_refused);
  ADD ("two-at-once", NULL, test_two_that_migrate_do_not_meet);
  return g_test_run ();
}
