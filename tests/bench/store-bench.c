/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a store with many conferences takes: room, and time to answer, to remove what is
 * old and to bring a database of the first schema up to date. Prints a line each.
 *
 *   store-bench --days 30 --conferences 1000 --reports 60 --goals
 *   store-bench --conferences-only --days 30 --conferences 33334 --folder DIR --keep
 *
 * The second one is of many conferences without reports, and of lists and overviews
 * alone.
 *
 * Main thread only.
 */
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "bench-calls.h"
#include "bench-conferences.h"
#include "overview.h"
#include "store-sqlite-private.h"

#define ROUNDS 20
#define PAGE 50
#define LIST_GOAL 50.0 /* ms */
#define DETAIL_GOAL 100.0
#define BYTES_GOAL 100.0
#define OVERVIEW_DAY_GOAL 100.0 /* ms */
#define OVERVIEW_GOAL 1500.0
#define QUICK_ROUNDS 3 /* the quickest counts */
#define PIECE 20000

typedef struct {
  BenchSize size;
  char *folder;
  gboolean conferences_only;
  gboolean keep;
  gboolean goals; /* a figure beyond its goal fails */
  char *path, *location;
  Store *store;
  gint64 now;
  guint64 reports;
  gboolean failed;
} Bench;

static double
ms_since (gint64 begin)
{
  return (double)(g_get_monotonic_time () - begin) / 1000;
}

/* What this thread computed, so that others who use the machine are not in it. */
static double
computing_ms (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void
print (const char *what, double value, const char *unit)
{
  g_print ("%-46s %12.1f %s\n", what, value, unit);
}

static void
print_goal (Bench *bench, const char *what, double value, const char *unit, double goal)
{
  g_print ("%-46s %12.1f %s (goal %.0f)\n", what, value, unit, goal);
  bench->failed |= bench->goals && value > goal;
}

static void
fail_on (const GError *error)
{
  if (error != NULL)
    g_error ("store-bench: %s", error->message);
}

static void
open_store (Bench *bench)
{
  g_autoptr (GError) error = NULL;

  bench->store = store_open (bench->location, &error);
  fail_on (error);
}

static gint64
read_number (Bench *bench, const char *sql)
{
  sqlite3 *db = sqlite_store_take_reader (bench->store, NULL);
  gint64 number = -1;

  sqlite_read_number (db, sql, &number);
  sqlite_store_give_reader_back (bench->store, db);
  return number;
}

/* What others would only do in weeks. */
static void
write_past (Bench *bench, const char *sql)
{
  g_autoptr (sqlite3) db = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (sqlite3_open (bench->path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 60000);
  sqlite_execute (db, sql, &error);
  fail_on (error);
}

/* ---- Figures ---- */

static void
fill (Bench *bench)
{
  gint64 begin = g_get_monotonic_time ();
  double ms;

  bench->reports = bench_fill (bench->store, &bench->size, bench->now);
  ms = ms_since (begin);
  print ("conferences", bench->size.days * bench->size.conferences, "");
  print ("reports", (double)bench->reports, "");
  print ("stored and packed in", ms / 1000, "s");
  print ("reports a second, with packing", (double)bench->reports / (ms / 1000), "/s");
}

static void
measure_room (Bench *bench)
{
  gint64 used = read_number (bench,
      "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count,"
      " pragma_freelist_count, pragma_page_size");
  gint64 blocks = read_number (bench,
      "SELECT sum(pgsize) FROM dbstat WHERE name IN ('blocks', 'blocks_by_fabric',"
      " 'blocks_by_age')");

  print ("database", (double)used / 1e6, "MB");
  if (blocks > 0 && bench->reports > 0)
    print_goal (bench, "bytes a report at rest", (double)blocks / (double)bench->reports,
        "B", BYTES_GOAL);
  if (bench->reports > 0)
    print ("bytes of all tables by reports", (double)used / (double)bench->reports, "B");
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double one = *(const double *)a, other = *(const double *)b;

  return one < other ? -1 : one > other;
}

/* The median and the longest of some rounds. */
static void
measure (Bench *bench, const char *what, void (*round) (Bench *, guint), double goal)
{
  g_autofree char *longest = g_strdup_printf ("%s, longest", what);
  double ms[ROUNDS];

  for (guint i = 0; i < ROUNDS; i++) {
    gint64 begin = g_get_monotonic_time ();

    round (bench, i);
    ms[i] = ms_since (begin);
  }
  qsort (ms, ROUNDS, sizeof *ms, compare_doubles);
  print_goal (bench, what, ms[ROUNDS / 2], "ms", goal);
  print (longest, ms[ROUNDS - 1], "ms");
}

static void
search_conferences (Bench *bench, StoreSearch *what, guint least)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;

  what->limit = PAGE;
  list = store_search_conferences (bench->store, BENCH_APP, what, &error);
  fail_on (error);
  g_assert_cmpuint (list->len, >=, least);
  g_ptr_array_set_free_func (list, (GDestroyNotify)store_conference_free);
}

#define ANY \
  { \
    .from = G_MININT64, .to = G_MAXINT64, .low_score = NAN \
  }

static void
list_first (Bench *bench, guint round)
{
  StoreSearch any = ANY;

  search_conferences (bench, &any, 1);
}

static void
list_late (Bench *bench, guint round)
{
  StoreSearch any = ANY;

  any.has_cursor = TRUE;
  any.cursor.time = bench->now - bench->size.days * G_TIME_SPAN_DAY +
                    round * G_TIME_SPAN_HOUR / 2 + G_TIME_SPAN_HOUR;
  any.cursor.id = G_MAXINT64;
  search_conferences (bench, &any, 1);
}

static void
list_failed (Bench *bench, guint round)
{
  StoreSearch failed = ANY;

  failed.failed = TRUE;
  search_conferences (bench, &failed, 1);
}

static void
list_user (Bench *bench, guint round)
{
  g_autofree char *user = g_strdup_printf ("user-%u", round * 31);
  StoreSearch of_user = ANY;

  of_user.user = user;
  search_conferences (bench, &of_user, 0);
}

static void
read_detail (Bench *bench, guint round)
{
  guint day = round * 7 % bench->size.days, index = round * 131 % bench->size.conferences;
  g_autofree char *name = bench_conference_name (day, index);
  g_autoptr (GError) error = NULL;
  g_autoptr (StoreDetail) detail =
      store_read_conference (bench->store, BENCH_APP, name, &error);

  fail_on (error);
  g_assert_cmpuint (detail->participants->len, ==, 2);
  g_assert_cmpuint (detail->fabrics->len, ==, 2);
}

static void
take_report (gint64 time, const char *stats, gsize length, gpointer data)
{
  ++*(guint *)data;
}

static void
read_reports (Bench *bench, gint64 from, gint64 to, guint wanted)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (StoreFabricKey) key =
      store_find_fabric (bench->store, BENCH_APP, "fabric-hour", &error);
  StoreCursor cursor = { from, -1 };
  gboolean more = TRUE;
  guint n = 0;

  fail_on (error);
  while (more) {
    store_read_reports (bench->store, key, &cursor, to, G_MAXINT, G_MAXSIZE, take_report,
        &n, &more, &error);
    fail_on (error);
  }
  g_assert_cmpuint (n, ==, wanted);
}

/* ---- Lists and overviews of many ---- */

#define ANY_OF(...) \
  { \
    .from = G_MININT64, .to = G_MAXINT64, .low_score = NAN, __VA_ARGS__ \
  }

static const struct {
  const char *what;
  StoreSearch search;
} lists[] = {
  { "list", ANY_OF (.failed = FALSE) },
  { "list of those that failed", ANY_OF (.failed = TRUE) },
  { "list of those that dropped", ANY_OF (.dropped = TRUE) },
  { "list below a score of 2", { .from = G_MININT64, .to = G_MAXINT64, .low_score = 2 } },
  { "list below a score of 4", { .from = G_MININT64, .to = G_MAXINT64, .low_score = 4 } },
  { "list of a user", ANY_OF (.user = "user-000007") },
  { "list of a site", ANY_OF (.site = "site-03") },
  { "list by the id of one", ANY_OF (.prefix = "room-0000017") },
  { "list by the ids of many", ANY_OF (.prefix = "room-0") },
  { "list by a user's name", ANY_OF (.prefix = "ALICE Smith 77") },
  { "list by a name of many", ANY_OF (.prefix = "alice") },
  { "list by a name of nobody", ANY_OF (.prefix = "nobody") },
};

static const char *const sort_names[] = { [STORE_SORT_START] = "start",
  [STORE_SORT_DURATION] = "duration",
  [STORE_SORT_PARTICIPANTS] = "participants",
  [STORE_SORT_FAILURES] = "failures",
  [STORE_SORT_SCORE] = "score" };

/* Ten pages on at a time, there to the third. Returns: ms of the slowest page. */
static double
measure_pages (Bench *bench, StoreSearch search)
{
  double slowest = 0;

  for (guint page = 0; page < 3; page++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) skipped = NULL;
    const StoreConference *last;
    double fastest = G_MAXDOUBLE;

    for (guint i = 0; i < QUICK_ROUNDS; i++) {
      double begin = computing_ms ();

      search_conferences (bench, &search, 0);
      fastest = MIN (fastest, computing_ms () - begin);
    }
    slowest = MAX (slowest, fastest);
    search.limit = 10 * PAGE;
    skipped = store_search_conferences (bench->store, BENCH_APP, &search, &error);
    fail_on (error);
    g_ptr_array_set_free_func (skipped, (GDestroyNotify)store_conference_free);
    if (skipped->len < search.limit)
      break;
    last = skipped->pdata[skipped->len - 1];
    search.has_cursor = TRUE;
    search.cursor = (StoreCursor){ last->sort_key, last->id };
  }
  return slowest;
}

static void
measure_lists (Bench *bench)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++) {
    double slowest = 0;
    guint worst = 0;

    for (guint order = 0; order < 2 * G_N_ELEMENTS (sort_names); order++) {
      StoreSearch search = lists[i].search;
      double ms;

      search.sort = order / 2;
      search.ascending = order % 2 == 1;
      ms = measure_pages (bench, search);
      worst = ms > slowest ? order : worst;
      slowest = MAX (slowest, ms);
    }
    print_goal (bench, lists[i].what, slowest, "ms", LIST_GOAL);
    g_print ("  slowest by %s, %s\n", sort_names[worst / 2],
        worst % 2 == 1 ? "rising" : "falling");
  }
}

static void
add_figures (const StoreFigures *figures, gpointer user_data)
{
  overview_add (user_data, figures);
}

/* Returns: how many conferences are in it. */
static guint64
make_overview (Bench *bench, StoreSearch search)
{
  g_autoptr (Overview) overview = overview_new (search.from / 1000, search.to / 1000, 0);
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  search.ascending = TRUE;
  search.limit = PIECE;
  while (more) {
    store_read_figures (
        bench->store, BENCH_APP, &search, add_figures, overview, &more, &error);
    fail_on (error);
  }
  overview_append_json (overview, json);
  return overview->totals.conferences;
}

static void
measure_overview (Bench *bench, const char *what, StoreSearch search, double goal)
{
  double fastest = G_MAXDOUBLE;

  for (guint i = 0; i < QUICK_ROUNDS; i++) {
    double begin = computing_ms ();

    g_assert_cmpuint (make_overview (bench, search), >, 0);
    fastest = MIN (fastest, computing_ms () - begin);
  }
  print_goal (bench, what, fastest, "ms", goal);
}

static void
measure_overviews (Bench *bench)
{
  StoreSearch search = ANY;

  search.from = read_number (bench, "SELECT min(start) FROM conferences");
  search.to = bench->now;
  measure_overview (bench, "overview", search, OVERVIEW_GOAL);
  search.failed = TRUE;
  measure_overview (bench, "overview of those that failed", search, OVERVIEW_GOAL);
  search.failed = FALSE;
  search.site = "site-03";
  measure_overview (bench, "overview of a site", search, OVERVIEW_GOAL);
  search.site = NULL;
  search.from = bench->now - G_TIME_SPAN_DAY;
  measure_overview (bench, "overview of a day", search, OVERVIEW_DAY_GOAL);
}

static void
measure_hour (Bench *bench)
{
  gint64 start = bench->now - 2 * G_TIME_SPAN_HOUR, begin;

  bench_add_hour (bench->store, "meeting-hour", "fabric-hour", start);
  begin = g_get_monotonic_time ();
  read_reports (bench, G_MININT64, G_MAXINT64, 3600);
  print ("reports of an hour-long fabric", ms_since (begin), "ms");
  begin = g_get_monotonic_time ();
  read_reports (bench, start + 1800 * G_USEC_PER_SEC, start + 1810 * G_USEC_PER_SEC, 10);
  print ("ten seconds out of it", ms_since (begin), "ms");
}

/* Each conference is as old as its start says. */
static void
measure_retention (Bench *bench)
{
  const StoreDays days = { MAX (bench->size.days / 3, 1),
    MAX (2 * bench->size.days / 3, 1) };
  g_autoptr (StoreRetention) retention = store_retention_new (&days);
  g_autoptr (GError) error = NULL;
  StoreRemoved removed;
  gint64 begin;

  write_past (bench, "UPDATE conferences SET stored = start;"
                     "UPDATE blocks SET written = first_time;");
  begin = g_get_monotonic_time ();
  store_retain (bench->store, retention, bench->now, &removed, NULL, NULL, &error);
  fail_on (error);
  print ("retention run", ms_since (begin), "ms");
  print ("reports removed", (double)removed.reports, "");
  print ("conferences removed", (double)removed.conferences, "");
  print ("given back", (double)removed.bytes / 1e6, "MB");
  g_assert_cmpint (
      read_number (bench, "SELECT count(*) FROM pragma_foreign_key_check"), ==, 0);
}

static void
remove_database (Bench *bench)
{
  g_autofree char *log = g_strconcat (bench->path, "-wal", NULL);
  g_autofree char *index = g_strconcat (bench->path, "-shm", NULL);

  g_clear_pointer (&bench->store, store_free);
  g_unlink (bench->path);
  g_unlink (log);
  g_unlink (index);
}

static void
measure_migration (Bench *bench)
{
  g_autoptr (GError) error = NULL;
  gint64 begin;
  guint64 reports = bench_make_first_schema (bench->path, &bench->size, bench->now);

  print ("first schema: reports", (double)reports, "");
  begin = g_get_monotonic_time ();
  open_store (bench);
  print ("first schema: tables migrated in", ms_since (begin), "ms");
  begin = g_get_monotonic_time ();
  store_compact (bench->store, NULL, NULL, &error);
  fail_on (error);
  print ("first schema: reports packed in", ms_since (begin), "ms");
}

static void
run (Bench *bench)
{
  open_store (bench);
  fill (bench);
  measure_room (bench);
  measure (bench, "first page of the list", list_first, LIST_GOAL);
  measure (bench, "late page of the list", list_late, LIST_GOAL);
  measure (bench, "first page of those that failed", list_failed, LIST_GOAL);
  measure (bench, "first page of a user's", list_user, LIST_GOAL);
  measure (bench, "conference with its events", read_detail, DETAIL_GOAL);
  measure_hour (bench);
  measure_retention (bench);
  remove_database (bench);
  measure_migration (bench);
  remove_database (bench);
}

static void
make_conferences (Bench *bench)
{
  gint64 begin = g_get_monotonic_time ();

  bench_make_conferences (bench->path, &bench->size, bench->now);
  print ("written in", ms_since (begin) / 1000, "s");
}

/* Those that were kept are measured as they are. */
static void
run_conferences (Bench *bench)
{
  if (!g_file_test (bench->path, G_FILE_TEST_EXISTS))
    make_conferences (bench);
  open_store (bench);
  bench->now = read_number (bench, "SELECT max(start) FROM conferences") + G_USEC_PER_SEC;
  print (
      "conferences", (double)read_number (bench, "SELECT count(*) FROM conferences"), "");
  measure_room (bench);
  measure_lists (bench);
  measure_overviews (bench);
  if (bench->keep)
    g_clear_pointer (&bench->store, store_free);
  else
    remove_database (bench);
}

int
main (int argc, char **argv)
{
  Bench bench = { .size = { 2, 20, 20 }, .now = g_get_real_time () };
  const GOptionEntry entries[] = {
    { "days", 0, 0, G_OPTION_ARG_INT, &bench.size.days, "Days of conferences (2)", "N" },
    { "conferences", 0, 0, G_OPTION_ARG_INT, &bench.size.conferences, "A day (20)", "N" },
    { "reports", 0, 0, G_OPTION_ARG_INT, &bench.size.reports, "Of a fabric (20)", "N" },
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &bench.folder,
        "Where the database is made (a new one)", "FOLDER" },
    { "conferences-only", 0, 0, G_OPTION_ARG_NONE, &bench.conferences_only,
        "Many conferences without reports; measure lists and overviews", NULL },
    { "keep", 0, 0, G_OPTION_ARG_NONE, &bench.keep, "Leave the database", NULL },
    { "goals", 0, 0, G_OPTION_ARG_NONE, &bench.goals, "Fail where a goal is missed",
        NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- measure a store");
  g_autoptr (GError) error = NULL;
  gboolean made = FALSE;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    fail_on (error);
  if (bench.folder == NULL) {
    bench.folder = g_dir_make_tmp ("store-bench-XXXXXX", &error);
    fail_on (error);
    made = TRUE;
  }
  bench.path = g_build_filename (bench.folder, "bench.db", NULL);
  bench.location = g_strdup_printf ("sqlite:%s", bench.path);
  if (bench.conferences_only)
    run_conferences (&bench);
  else
    run (&bench);
  if (made && !bench.keep)
    g_rmdir (bench.folder);
  g_free (bench.folder);
  g_free (bench.path);
  g_free (bench.location);
  return bench.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
