/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clients with a spool, against a collector that comes and goes: what one leaves behind,
 * killed or not, the next one delivers, once and in order.
 */
#include <callstats/callstats.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "callstats-json-private.h"
#include "fake-collector.h"
#include "waiting.h"

#define PACE_US 20000
#define NUMBERED "audioMute" /* the event that carries a number */

static const char *program;

typedef struct {
  char *folder;
  guint port;
  char *url;
  FakeCollector *collector; /* NULL: away */
  GPtrArray *warnings;      /* GError */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("callstats-spool-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->collector = fake_collector_new (0);
  fixture->port = fake_collector_get_port (fixture->collector);
  fixture->url = fake_collector_get_url (fixture->collector);
  fixture->warnings = g_ptr_array_new_with_free_func ((GDestroyNotify)g_error_free);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    if (g_file_test (child, G_FILE_TEST_IS_DIR))
      remove_tree (child);
    else
      g_unlink (child);
  }
  g_rmdir (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->collector, fake_collector_free);
  remove_tree (fixture->folder);
  g_ptr_array_unref (fixture->warnings);
  g_free (fixture->folder);
  g_free (fixture->url);
}

static void
take_collector_away (Fixture *fixture)
{
  g_clear_pointer (&fixture->collector, fake_collector_free);
}

static void
bring_collector_back (Fixture *fixture)
{
  fixture->collector = fake_collector_new (fixture->port);
}

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_ptr_array_add (fixture->warnings, g_error_copy (error));
}

static CallstatsClient *
make_client (Fixture *fixture, const char *conference)
{
  CallstatsClient *client = callstats_client_new (FAKE_APP, "alice");

  g_object_set (client, "app-secret", FAKE_SECRET, "conference-id", conference,
      "backend-url", fixture->url, "spool-dir", fixture->folder, NULL);
  g_signal_connect (client, "warning", G_CALLBACK (on_warning), fixture);
  return client;
}

/* Whether nobody holds a journal below the folder. */
static gboolean
is_free (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  gboolean held = FALSE;
  const char *name;

  while (folder != NULL && !held && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    int lock;

    if (g_file_test (child, G_FILE_TEST_IS_DIR)) {
      held = !is_free (child);
    } else if (strcmp (name, "lock") == 0 && (lock = open (child, O_RDONLY)) >= 0) {
      held = flock (lock, LOCK_EX | LOCK_NB) != 0;
      close (lock);
    }
  }
  return !held;
}

static void
drop_client (Fixture *fixture, CallstatsClient **client)
{
  g_signal_handlers_disconnect_by_data (*client, fixture);
  g_clear_object (client);
}

/* As if its process had ended. */
static void
end_client (Fixture *fixture, CallstatsClient **client)
{
  drop_client (fixture, client);
  WAIT_UNTIL (is_free (fixture->folder));
}
static guint64
get_stat (CallstatsClient *client, const char *name)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  guint64 value = 0;

  g_assert_true (g_variant_lookup (stats, name, "t", &value));
  return value;
}

static char *
add_fabric (CallstatsClient *client)
{
  return callstats_client_add_new_fabric (
      client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, NULL);
}

static void
send_numbered (CallstatsClient *client, const char *fabric, guint n)
{
  g_autoptr (GVariant) data =
      g_variant_ref_sink (g_variant_new_parsed ("{'n': <%u>}", n));
  g_autoptr (GError) error = NULL;

  callstats_client_send_fabric_event (client, fabric, NUMBERED, data, &error);
  g_assert_no_error (error);
}

static void
send_report (CallstatsClient *client, const char *fabric, gint64 n, gsize size)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (g_get_real_time ());
  g_autofree char *filler = g_strnfill (size, 'a' + (char)(n % 26));

  callstats_report_add_stats (report, "t", "object");
  callstats_report_set_int (report, "n", n);
  callstats_report_set_string (report, "filler", filler);
  callstats_client_send_report (client, fabric, report);
}

static gint64
number_of (const CallstatsRecord *record)
{
  g_autoptr (JsonObject) data =
      callstats_json_parse_object (record->data, strlen (record->data), NULL);

  return callstats_json_get_int (data, "n", -1);
}

/* The numbered events of the fabric are 1, 2, … Returns: how many. */
static guint
assert_in_order (FakeCollector *collector, const char *fabric)
{
  g_autoptr (GPtrArray) records = fake_collector_get_records (collector);
  guint i, n = 0;

  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];

    if (g_strcmp0 (record->name, NUMBERED) != 0 ||
        g_strcmp0 (record->fabric, fabric) != 0)
      continue;
    n++;
    g_assert_cmpint (number_of (record), ==, n);
  }
  return n;
}

static guint64
disk_usage (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint64 bytes = 0;
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    struct stat info;

    if (g_file_test (child, G_FILE_TEST_IS_DIR))
      bytes += disk_usage (child);
    else if (stat (child, &info) == 0)
      bytes += (guint64)info.st_size;
  }
  return bytes;
}

static char *
session_of (FakeCollector *collector, guint hello)
{
  g_autoptr (JsonObject) object = fake_collector_get_hello (collector, hello);

  return g_strdup (callstats_json_get_string (object, "session", ""));
}

/* Tests */

static void
test_the_next_client_delivers_what_one_left (Fixture *fixture, gconstpointer data)
{
  CallstatsClient *first, *second;
  g_autofree char *fabric = NULL, *other = NULL;
  g_autofree char *one = NULL, *two = NULL;
  guint i;

  take_collector_away (fixture);
  first = make_client (fixture, "c1");
  fabric = add_fabric (first);
  for (i = 1; i <= 100; i++)
    send_numbered (first, fabric, i);
  g_assert_true (callstats_client_flush (first, DEADLINE_SECONDS * 1000));
  g_assert_cmpuint (get_stat (first, "bytes-spooled"), >, 100 * 50);
  end_client (fixture, &first);

  bring_collector_back (fixture);
  second = make_client (fixture, "c2");
  other = add_fabric (second);
  send_numbered (second, other, 1);
  WAIT_UNTIL (assert_in_order (fixture->collector, other) == 1);
  g_assert_cmpuint (assert_in_order (fixture->collector, fabric), ==, 100);
  /* Each under its own session. */
  g_assert_cmpuint (fake_collector_n_hellos (fixture->collector), ==, 2);
  one = session_of (fixture->collector, 0);
  two = session_of (fixture->collector, 1);
  g_assert_cmpstr (one, !=, two);
  g_assert_true (callstats_client_flush (second, DEADLINE_SECONDS * 1000));
  drop_client (fixture, &second);
  /* Nothing is left behind. */
  WAIT_UNTIL (disk_usage (fixture->folder) == 0);
}

static void
test_what_was_delivered_leaves_nothing (Fixture *fixture, gconstpointer data)
{
  CallstatsClient *client = make_client (fixture, "c1");
  g_autofree char *fabric = add_fabric (client);
  guint i;

  for (i = 1; i <= 50; i++)
    send_numbered (client, fabric, i);
  g_assert_true (callstats_client_flush (client, DEADLINE_SECONDS * 1000));
  g_assert_cmpuint (assert_in_order (fixture->collector, fabric), ==, 50);
  drop_client (fixture, &client);
  WAIT_UNTIL (disk_usage (fixture->folder) == 0);
}

static void
test_secrets_stay_off_the_disk (Fixture *fixture, gconstpointer data)
{
  CallstatsClient *client;
  g_autofree char *fabric = NULL, *command = NULL, *output = NULL;

  take_collector_away (fixture);
  client = make_client (fixture, "c1");
  fabric = add_fabric (client);
  send_numbered (client, fabric, 1);
  g_assert_true (callstats_client_flush (client, DEADLINE_SECONDS * 1000));
  command =
      g_strdup_printf ("grep -raE '%s|eyJ|Bearer' %s", FAKE_SECRET, fixture->folder);
  g_assert_true (g_spawn_command_line_sync (command, &output, NULL, NULL, NULL));
  g_assert_cmpstr (output, ==, "");
  drop_client (fixture, &client);
}

/* More than memory may hold waits on disk, and comes in order all the same. */
static void
test_the_disk_holds_more_than_memory (Fixture *fixture, gconstpointer data)
{
  CallstatsClient *client;
  g_autofree char *fabric = NULL;
  guint i;

  take_collector_away (fixture);
  client = make_client (fixture, "c1");
  g_object_set (client, "memory-max-bytes", (guint64)512 * 1024, NULL);
  fabric = add_fabric (client);
  for (i = 1; i <= 300; i++) {
    guint k;

    send_numbered (client, fabric, i);
    for (k = 0; k < 4; k++)
      send_report (client, fabric, i * 4 + k, 1500);
    if (i % 5 == 0)
      g_assert_true (callstats_client_flush (client, DEADLINE_SECONDS * 1000));
  }
  g_assert_cmpuint (get_stat (client, "bytes-queued"), <=, 512 * 1024);
  g_assert_cmpuint (get_stat (client, "records-spooled"), >, 0);
  g_assert_cmpuint (
      get_stat (client, "records-spooled"), <=, get_stat (client, "records-queued"));
  g_assert_cmpuint (get_stat (client, "bytes-spooled"), >, 1200 * 1500);
  g_assert_cmpuint (get_stat (client, "records-thinned"), ==, 0);
  bring_collector_back (fixture);
  WAIT_UNTIL (assert_in_order (fixture->collector, fabric) == 300);
  WAIT_UNTIL (get_stat (client, "records-queued") == 0);
  g_assert_cmpuint (get_stat (client, "records-dropped"), ==, 0);
  g_assert_cmpuint (fake_collector_count (fixture->collector, "gap"), ==, 0);
  drop_client (fixture, &client);
}

/* What arrives and what the gaps count is all there was; the disk is bounded. */
static void
test_a_full_spool_thins_and_counts (Fixture *fixture, gconstpointer data)
{
  const guint n = 3000;
  g_autoptr (GPtrArray) records = NULL;
  CallstatsClient *client;
  g_autofree char *fabric = NULL;
  guint64 reports = 0, missing = 0;
  guint i;

  take_collector_away (fixture);
  client = make_client (fixture, "c1");
  g_object_set (client, "spool-max-bytes", (guint64)1024 * 1024, NULL);
  fabric = add_fabric (client);
  for (i = 1; i <= n; i++) {
    send_report (client, fabric, i, 1000);
    if (i % 50 == 0) {
      send_numbered (client, fabric, i / 50);
      callstats_client_flush (client, DEADLINE_SECONDS * 1000);
      g_assert_cmpuint (disk_usage (fixture->folder), <, 1300 * 1024);
    }
  }
  g_assert_cmpuint (get_stat (client, "records-thinned"), >, n / 2);
  bring_collector_back (fixture);
  WAIT_UNTIL (assert_in_order (fixture->collector, fabric) == n / 50);
  WAIT_UNTIL (get_stat (client, "records-queued") == 0);
  records = fake_collector_get_records (fixture->collector);
  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];
    g_autoptr (JsonObject) gap = NULL;

    reports += record->kind == CALLSTATS_RECORD_REPORT;
    if (g_strcmp0 (record->name, "gap") != 0)
      continue;
    gap = callstats_json_parse_object (record->data, strlen (record->data), NULL);
    g_assert_cmpstr (callstats_json_get_string (gap, "reason", ""), ==, "disk");
    missing += (guint64)callstats_json_get_int (gap, "dropped", 0);
  }
  g_assert_cmpuint (reports + missing, ==, n);
  g_assert_cmpuint (missing, ==,
      get_stat (client, "records-thinned") + get_stat (client, "records-dropped"));
  g_assert_cmpuint (reports, >, 200);
  drop_client (fixture, &client);
}

static void
test_an_unusable_folder_is_one_warning (Fixture *fixture, gconstpointer data)
{
  CallstatsClient *client = make_client (fixture, "c1");
  g_autofree char *file = g_build_filename (fixture->folder, "file", NULL);
  g_autofree char *fabric = NULL;
  guint i;

  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_object_set (client, "spool-dir", file, NULL);
  fabric = add_fabric (client);
  for (i = 1; i <= 20; i++)
    send_numbered (client, fabric, i);
  WAIT_UNTIL (assert_in_order (fixture->collector, fabric) == 20);
  WAIT_UNTIL (fixture->warnings->len > 0);
  g_assert_true (callstats_client_flush (client, DEADLINE_SECONDS * 1000));
  g_assert_cmpuint (fixture->warnings->len, ==, 1);
  g_assert_nonnull (
      strstr (((GError *)fixture->warnings->pdata[0])->message, "memory only"));
  drop_client (fixture, &client);
}

/* A small tmpfs of our own, which is full before the records end. */
static void
test_a_full_disk_is_one_warning_and_no_loss (Fixture *fixture, gconstpointer data)
{
  g_autofree char *disk = g_build_filename (fixture->folder, "disk", NULL);
  CallstatsClient *client;
  g_autofree char *fabric = NULL;
  guint i, about_disk = 0;

  g_assert_cmpint (g_mkdir (disk, 0700), ==, 0);
  if (mount ("tmpfs", disk, "tmpfs", 0, "size=256k,mode=0700") != 0) {
    g_test_skip ("needs the right to mount");
    return;
  }
  take_collector_away (fixture);
  client = make_client (fixture, "c1");
  g_object_set (client, "spool-dir", disk, NULL);
  fabric = add_fabric (client);
  for (i = 1; i <= 300; i++) {
    send_numbered (client, fabric, i);
    send_report (client, fabric, i, 2000);
    if (i % 10 == 0)
      callstats_client_flush (client, DEADLINE_SECONDS * 1000);
  }
  bring_collector_back (fixture);
  WAIT_UNTIL (assert_in_order (fixture->collector, fabric) == 300);
  WAIT_UNTIL (get_stat (client, "records-queued") == 0);
  g_assert_cmpuint (get_stat (client, "records-dropped"), ==, 0);
  g_assert_cmpuint (get_stat (client, "records-thinned"), ==, 0);
  for (i = 0; i < fixture->warnings->len; i++)
    about_disk +=
        strstr (((GError *)fixture->warnings->pdata[i])->message, "memory only") != NULL;
  g_assert_cmpuint (about_disk, ==, 1);
  drop_client (fixture, &client);
  WAIT_UNTIL (umount (disk) == 0);
}

static void
test_old_records_are_given_up_and_counted (Fixture *fixture, gconstpointer data)
{
  CallstatsClient *first, *second;
  g_autofree char *fabric = NULL;
  g_autoptr (GPtrArray) records = NULL;
  CallstatsRecord *record;
  g_autoptr (JsonObject) gap = NULL;

  take_collector_away (fixture);
  first = make_client (fixture, "c1");
  fabric = add_fabric (first);
  send_numbered (first, fabric, 1);
  g_assert_true (callstats_client_flush (first, DEADLINE_SECONDS * 1000));
  end_client (fixture, &first);
  g_usleep (1100 * 1000); /* they must be older than a second by the clock */

  bring_collector_back (fixture);
  second = make_client (fixture, "c2");
  g_object_set (second, "spool-max-age", (guint64)1, NULL);
  callstats_client_initialize (second);
  WAIT_UNTIL (fake_collector_count (fixture->collector, "gap") == 1);
  records = fake_collector_get_records (fixture->collector);
  record = records->pdata[0];
  g_assert_cmpuint (records->len, ==, 1);
  gap = callstats_json_parse_object (record->data, strlen (record->data), NULL);
  g_assert_cmpstr (callstats_json_get_string (gap, "reason", ""), ==, "age");
  /* userJoined, addNewFabric, numbered */
  g_assert_cmpint (callstats_json_get_int (gap, "dropped", 0), ==, 3);
  drop_client (fixture, &second);
}

/* Two at a time: each has a journal of its own. */
static void
test_two_clients_at_a_time_share_nothing (Fixture *fixture, gconstpointer data)
{
  CallstatsClient *clients[2], *last;
  char *fabrics[2];
  guint i, k;

  take_collector_away (fixture);
  for (k = 0; k < 2; k++) {
    clients[k] = make_client (fixture, "c1");
    fabrics[k] = add_fabric (clients[k]);
    for (i = 1; i <= 30; i++)
      send_numbered (clients[k], fabrics[k], i);
    g_assert_true (callstats_client_flush (clients[k], DEADLINE_SECONDS * 1000));
  }
  for (k = 0; k < 2; k++)
    drop_client (fixture, &clients[k]);
  WAIT_UNTIL (is_free (fixture->folder));
  bring_collector_back (fixture);
  last = make_client (fixture, "c2");
  callstats_client_initialize (last);
  for (k = 0; k < 2; k++) {
    WAIT_UNTIL (assert_in_order (fixture->collector, fabrics[k]) == 30);
    g_free (fabrics[k]);
  }
  drop_client (fixture, &last);
}

/* A store that forgot everything gets what is left under a new name, once. */
static void
test_a_store_that_forgot_begins_anew (Fixture *fixture, gconstpointer data)
{
  CallstatsClient *client = make_client (fixture, "c1");
  FakeBehaviour forgets = { .forced_stored = -1 };
  g_autofree char *fabric = add_fabric (client);
  g_autofree char *one = NULL, *two = NULL;
  guint i, n;

  for (i = 1; i <= 10; i++)
    send_numbered (client, fabric, i);
  g_assert_true (callstats_client_flush (client, DEADLINE_SECONDS * 1000));
  forgets.forced_stored = 0;
  fake_collector_behave (fixture->collector, &forgets);
  fake_collector_drop (fixture->collector);
  for (i = 11; i <= 20; i++)
    send_numbered (client, fabric, i);
  WAIT_UNTIL (assert_in_order (fixture->collector, fabric) == 20);
  n = fake_collector_n_hellos (fixture->collector);
  one = session_of (fixture->collector, 0);
  two = session_of (fixture->collector, n - 1);
  g_assert_cmpstr (one, !=, two);
  drop_client (fixture, &client);
}

/* Processes that are killed */

/* Tells numbers of one fabric until it is killed; prints what is stored or on disk. The
 * end-to-end test of faults runs it too. */
static void
run_child (const char *folder, const char *url)
{
  CallstatsClient *client = callstats_client_new (FAKE_APP, "alice");
  g_autofree char *fabric = NULL;
  guint n = 0;

  g_object_set (client, "app-secret", FAKE_SECRET, "conference-id", "c1", "backend-url",
      url, "spool-dir", folder, NULL);
  fabric = add_fabric (client);
  g_print ("%s\n", fabric);
  for (;;) {
    guint i;

    for (i = 0; i < 10; i++)
      send_numbered (client, fabric, ++n);
    if (callstats_client_flush (client, DEADLINE_SECONDS * 1000))
      g_print ("%u\n", n);
    g_usleep (PACE_US);
  }
}

typedef struct {
  char *fabric;
  guint promised;
} Victim;

static char *
read_line (GDataInputStream *stream)
{
  return g_data_input_stream_read_line (stream, NULL, NULL, NULL);
}

static Victim
kill_child_soon (Fixture *fixture, gboolean silent)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE,
      &error, program, "--child", fixture->folder, fixture->url, NULL);
  g_autoptr (GDataInputStream) output = NULL;
  Victim victim = { 0 };
  char *line;

  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (child));
  victim.fabric = read_line (output);
  if (!silent)
    g_free (read_line (output));
  g_usleep ((gulong)g_test_rand_int_range (0, silent ? 200000 : 20000));
  g_subprocess_force_exit (child);
  while ((line = read_line (output)) != NULL) {
    victim.promised = (guint)atoi (line);
    g_free (line);
  }
  g_assert_true (g_subprocess_wait (child, NULL, NULL));
  return victim;
}

/* With the backend there, away, or mute about what it stored. */
static void
test_killed_clients_lose_and_double_nothing (Fixture *fixture, gconstpointer data)
{
  FakeBehaviour silent = { .forced_stored = -1, .no_acks = TRUE };
  FakeBehaviour away = { .forced_stored = -1, .refuse = SOUP_STATUS_SERVICE_UNAVAILABLE };
  FakeBehaviour good = { .forced_stored = -1 };
  CallstatsClient *last;
  Victim victims[9];
  g_autofree char *fabric = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (victims); i++) {
    fake_collector_behave (fixture->collector, i % 3 == 1   ? &silent
                                               : i % 3 == 2 ? &away
                                                            : &good);
    victims[i] = kill_child_soon (fixture, i % 3 == 1);
  }
  fake_collector_behave (fixture->collector, &good);
  last = make_client (fixture, "c2");
  fabric = add_fabric (last);
  send_numbered (last, fabric, 1);
  WAIT_UNTIL (assert_in_order (fixture->collector, fabric) == 1);
  for (i = 0; i < G_N_ELEMENTS (victims); i++) {
    guint n = assert_in_order (fixture->collector, victims[i].fabric);

    g_assert_cmpuint (n, >=, victims[i].promised);
    g_free (victims[i].fabric);
  }
  drop_client (fixture, &last);
}

int
main (int argc, char **argv)
{
  if (argc == 4 && strcmp (argv[1], "--child") == 0)
    run_child (argv[2], argv[3]);
  program = argv[0];
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) \
  g_test_add ("/spool/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("the-next-client-delivers-what-one-left",
      test_the_next_client_delivers_what_one_left);
  ADD ("what-was-delivered-leaves-nothing", test_what_was_delivered_leaves_nothing);
  ADD ("secrets-stay-off-the-disk", test_secrets_stay_off_the_disk);
  ADD ("the-disk-holds-more-than-memory", test_the_disk_holds_more_than_memory);
  ADD ("a-full-spool-thins-and-counts", test_a_full_spool_thins_and_counts);
  ADD ("an-unusable-folder-is-one-warning", test_an_unusable_folder_is_one_warning);
  ADD ("a-full-disk-is-one-warning-and-no-loss",
      test_a_full_disk_is_one_warning_and_no_loss);
  ADD ("old-records-are-given-up-and-counted", test_old_records_are_given_up_and_counted);
  ADD ("two-clients-at-a-time-share-nothing", test_two_clients_at_a_time_share_nothing);
  ADD ("a-store-that-forgot-begins-anew", test_a_store_that_forgot_begins_anew);
  ADD ("killed-clients-lose-and-double-nothing",
      test_killed_clients_lose_and_double_nothing);
#undef ADD
  return g_test_run ();
}
