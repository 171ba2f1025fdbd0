/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clients that write to a file: what stands in it, and what becomes of the records where
 * the file is torn, moved, locked, full or somebody else's.
 */
#include <callstats/callstats.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "callstats-json-private.h"
#include "waiting.h"

#define DEADLINE_MS (DEADLINE_SECONDS * 1000)
#define NUMBERED "audioMute" /* the event that carries a number */
#define WRITERS 4
#define WRITES 400

static const char *program;

typedef struct {
  char *folder;
  char *path;
  CallstatsClient *client;
  char *fabric;
  GPtrArray *warnings; /* GError */
  guint n_initialized;
} Fixture;

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_ptr_array_add (fixture->warnings, g_error_copy (error));
}

static void
on_initialized (
    CallstatsClient *client, const char *error, const char *message, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_initialized += strcmp (error, "success") == 0;
}

static CallstatsClient *
make_client (const char *path, const char *user)
{
  CallstatsClient *client = callstats_client_new ("app", user);
  g_autofree char *url = g_filename_to_uri (path, NULL, NULL);

  g_object_set (client, "conference-id", "c1", "backend-url", url, NULL);
  return client;
}

static char *
add_fabric (CallstatsClient *client)
{
  return callstats_client_add_new_fabric (
      client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, NULL);
}

static void
start (Fixture *fixture)
{
  fixture->client = make_client (fixture->path, "alice");
  g_signal_connect (fixture->client, "warning", G_CALLBACK (on_warning), fixture);
  g_signal_connect (fixture->client, "initialized", G_CALLBACK (on_initialized), fixture);
  fixture->fabric = add_fabric (fixture->client);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("callstats-recording-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->folder, "a call.jsonl", NULL);
  fixture->warnings = g_ptr_array_new_with_free_func ((GDestroyNotify)g_error_free);
}

static void
drop_client (Fixture *fixture)
{
  if (fixture->client == NULL)
    return;
  g_signal_handlers_disconnect_by_data (fixture->client, fixture);
  g_clear_object (&fixture->client);
  g_clear_pointer (&fixture->fabric, g_free);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDir) folder = g_dir_open (fixture->folder, 0, NULL);
  const char *name;

  drop_client (fixture);
  while ((name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

    g_remove (path);
  }
  g_rmdir (fixture->folder);
  g_ptr_array_unref (fixture->warnings);
  g_free (fixture->folder);
  g_free (fixture->path);
}

static guint64
get_stat (CallstatsClient *client, const char *name)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  guint64 value = 0;

  g_assert_true (g_variant_lookup (stats, name, "t", &value));
  return value;
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

static void
flush (Fixture *fixture)
{
  g_assert_true (callstats_client_flush (fixture->client, DEADLINE_MS));
}

/* What a reader makes of a file */

typedef struct {
  guint heads, records, reports, broken;
  guint64 missing;      /* that gap records tell of */
  GHashTable *sequence; /* session → the last one */
  GHashTable *number;   /* session → of the last numbered event */
} Contents;

static void
contents_clear (Contents *contents)
{
  g_hash_table_unref (contents->sequence);
  g_hash_table_unref (contents->number);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Contents, contents_clear)

/* One after another, whoever else writes. */
static void
step (GHashTable *table, const char *session, gint64 value)
{
  g_assert_cmpint (value, ==, GPOINTER_TO_INT (g_hash_table_lookup (table, session)) + 1);
  g_hash_table_replace (table, g_strdup (session), GINT_TO_POINTER ((int)value));
}

static void
take_record (Contents *contents, const char *session, JsonObject *record)
{
  const char *type = callstats_json_get_string (record, "type", "");
  JsonObject *data = callstats_json_get_object (record, "data");

  contents->records++;
  contents->reports += strcmp (type, "report") == 0;
  if (strcmp (type, "gap") == 0) {
    g_assert_cmpstr (callstats_json_get_string (record, "reason", ""), ==, "memory");
    contents->missing += (guint64)callstats_json_get_int (record, "dropped", 0);
    return;
  }
  g_assert_cmpstr (callstats_json_get_string (record, "conference", ""), ==, "c1");
  if (strcmp (callstats_json_get_string (record, "name", ""), NUMBERED) == 0)
    step (contents->number, session, callstats_json_get_int (data, "n", -1));
}

static void
take_line (Contents *contents, const char *line)
{
  g_autoptr (JsonObject) object = callstats_json_parse_object (line, strlen (line), NULL);
  const char *session;

  if (object == NULL) {
    contents->broken++;
    return;
  }
  session = callstats_json_get_string (object, "session", NULL);
  g_assert_nonnull (session);
  if (strcmp (callstats_json_get_string (object, "type", ""), "session") == 0) {
    g_assert_cmpint (callstats_json_get_int (object, "format", 0), ==, 1);
    g_assert_cmpstr (callstats_json_get_string (object, "app", ""), ==, "app");
    g_assert_nonnull (callstats_json_get_string (object, "user", NULL));
    g_assert_nonnull (callstats_json_get_object (object, "client"));
    contents->heads++;
    return;
  }
  step (contents->sequence, session, callstats_json_get_int (object, "sequence", -1));
  take_record (contents, session, callstats_json_get_object (object, "record"));
}

/* Every file, in this order, is read as one. */
static void
read_files (Contents *contents, const char *const *paths)
{
  *contents = (Contents){
    .sequence = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .number = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
  };
  for (; *paths != NULL; paths++) {
    g_autofree char *text = NULL;
    g_auto (GStrv) lines = NULL;
    guint i;

    g_assert_true (g_file_get_contents (*paths, &text, NULL, NULL));
    g_assert_true (g_str_has_suffix (text, "\n"));
    text[strlen (text) - 1] = '\0';
    lines = g_strsplit (text, "\n", -1);
    for (i = 0; lines[i] != NULL; i++)
      take_line (contents, lines[i]);
  }
}

static void
read_file (Contents *contents, const char *path)
{
  const char *const paths[] = { path, NULL };

  read_files (contents, paths);
}

/* Whether the file holds a whole line with these words. */
static gboolean
has_line (const char *path, const char *words)
{
  g_autofree char *text = NULL;
  const char *found = NULL;

  if (g_file_get_contents (path, &text, NULL, NULL))
    found = strstr (text, words);
  return found != NULL && strchr (found, '\n') != NULL;
}

/* Tests */

static void
test_lines_are_what_was_reported (Fixture *fixture, gconstpointer data)
{
  g_auto (Contents) contents = { 0 };
  struct stat info;
  guint i;

  start (fixture);
  for (i = 1; i <= 100; i++) {
    send_numbered (fixture->client, fixture->fabric, i);
    send_report (fixture->client, fixture->fabric, i, 100);
  }
  flush (fixture);
  read_file (&contents, fixture->path);
  g_assert_cmpuint (contents.heads, ==, 1);
  g_assert_cmpuint (contents.broken, ==, 0);
  g_assert_cmpuint (contents.reports, ==, 100);
  g_assert_cmpuint (contents.records, ==, get_stat (fixture->client, "records-acked"));
  g_assert_cmpuint (contents.records, ==, get_stat (fixture->client, "records-sent"));
  g_assert_cmpuint (get_stat (fixture->client, "records-queued"), ==, 0);
  g_assert_cmpint (stat (fixture->path, &info), ==, 0);
  g_assert_cmphex (info.st_mode & 07777, ==, 0600);
  WAIT_UNTIL (fixture->n_initialized == 1);
  g_assert_cmpuint (fixture->warnings->len, ==, 0);
}

static void
test_nothing_needs_a_flush (Fixture *fixture, gconstpointer data)
{
  start (fixture);
  send_numbered (fixture->client, fixture->fabric, 1);
  WAIT_UNTIL (get_stat (fixture->client, "records-acked") >= 3 &&
              get_stat (fixture->client, "records-queued") == 0);
}

/* Returns: how many reports are in the file by now. */
static guint
count_reports (const char *path)
{
  g_autofree char *text = NULL;
  const char *p;
  guint n = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  for (p = text; (p = strstr (p, "\"type\":\"report\"")) != NULL; p++)
    n++;
  return n;
}

static void
test_what_a_freed_client_had_is_written (Fixture *fixture, gconstpointer data)
{
  const guint n = 200; /* memory holds them */
  g_auto (Contents) contents = { 0 };
  guint i;

  start (fixture);
  for (i = 1; i <= n; i++)
    send_report (fixture->client, fixture->fabric, i, 500);
  send_numbered (fixture->client, fixture->fabric, 1);
  drop_client (fixture);
  WAIT_UNTIL (count_reports (fixture->path) == n);
  WAIT_UNTIL (has_line (fixture->path, NUMBERED));
  read_file (&contents, fixture->path);
  g_assert_cmpuint (contents.broken, ==, 0);
}

static void
test_a_torn_line_stays_alone (Fixture *fixture, gconstpointer data)
{
  g_auto (Contents) contents = { 0 };

  g_assert_true (
      g_file_set_contents (fixture->path, "{\"session\":\"x\",\"seq", -1, NULL));
  start (fixture);
  send_numbered (fixture->client, fixture->fabric, 1);
  flush (fixture);
  read_file (&contents, fixture->path);
  g_assert_cmpuint (contents.broken, ==, 1);
  g_assert_cmpuint (contents.heads, ==, 1);
  g_assert_cmpuint (contents.records, ==, get_stat (fixture->client, "records-acked"));
}

static GSubprocess *
spawn_writer (const char *path, const char *user)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *writer = g_subprocess_new (
      G_SUBPROCESS_FLAGS_NONE, &error, program, "--writer", path, user, NULL);

  g_assert_no_error (error);
  return writer;
}

static int
run_writer (const char *path, const char *user)
{
  g_autoptr (CallstatsClient) client = make_client (path, user);
  g_autofree char *fabric = add_fabric (client);
  guint i;

  for (i = 1; i <= WRITES; i++) {
    send_numbered (client, fabric, i);
    send_report (client, fabric, i, 3000);
    if (i % 50 == 0 && !callstats_client_flush (client, DEADLINE_MS))
      return 1;
  }
  return callstats_client_flush (client, DEADLINE_MS) ? 0 : 1;
}

static void
test_many_processes_do_not_mix_lines (Fixture *fixture, gconstpointer data)
{
  g_auto (Contents) contents = { 0 };
  g_autoptr (GPtrArray) writers = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer number;
  guint i;

  for (i = 0; i < WRITERS; i++)
    g_ptr_array_add (writers, spawn_writer (fixture->path, "alice"));
  for (i = 0; i < WRITERS; i++)
    g_assert_true (g_subprocess_wait_check (writers->pdata[i], NULL, NULL));
  read_file (&contents, fixture->path);
  g_assert_cmpuint (contents.heads, ==, WRITERS);
  g_assert_cmpuint (contents.broken, ==, 0);
  g_assert_cmpuint (contents.reports, ==, WRITERS * WRITES);
  g_assert_cmpuint (g_hash_table_size (contents.number), ==, WRITERS);
  g_hash_table_iter_init (&iter, contents.number);
  while (g_hash_table_iter_next (&iter, NULL, &number))
    g_assert_cmpint (GPOINTER_TO_INT (number), ==, WRITES);
}

/* As log rotation does, in both of its ways. */
static void
test_a_moved_file_is_followed_by_another (Fixture *fixture, gconstpointer data)
{
  g_autofree char *moved = g_strconcat (fixture->path, ".1", NULL);
  const char *const paths[] = { moved, fixture->path, NULL };
  g_auto (Contents) contents = { 0 };

  start (fixture);
  send_numbered (fixture->client, fixture->fabric, 1);
  flush (fixture);
  g_assert_cmpint (g_rename (fixture->path, moved), ==, 0);
  send_numbered (fixture->client, fixture->fabric, 2);
  flush (fixture);
  read_files (&contents, paths);
  g_assert_cmpuint (contents.heads, ==, 2);
  g_assert_cmpuint (contents.records, ==, get_stat (fixture->client, "records-acked"));
}

static void
test_an_emptied_file_begins_anew (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  start (fixture);
  send_numbered (fixture->client, fixture->fabric, 1);
  flush (fixture);
  g_assert_cmpint (truncate (fixture->path, 0), ==, 0);
  send_numbered (fixture->client, fixture->fabric, 2);
  flush (fixture);
  g_assert_true (g_file_get_contents (fixture->path, &text, NULL, NULL));
  g_assert_true (g_str_has_prefix (text, "{\"type\":\"session\""));
  g_assert_nonnull (strstr (text, "\"n\":2"));
}

static void
test_a_lock_is_waited_for (Fixture *fixture, gconstpointer data)
{
  int file = open (fixture->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  g_assert_cmpint (flock (file, LOCK_EX), ==, 0);
  start (fixture);
  send_numbered (fixture->client, fixture->fabric, 1);
  g_assert_false (callstats_client_flush (fixture->client, 500));
  g_assert_cmpint (lseek (file, 0, SEEK_END), ==, 0);
  close (file);
  flush (fixture);
  g_assert_true (has_line (fixture->path, NUMBERED));
  g_assert_cmpuint (fixture->warnings->len, ==, 0);
}

static void
assert_one_warning (Fixture *fixture, const char *says)
{
  WAIT_UNTIL (fixture->warnings->len > 0);
  g_assert_cmpuint (fixture->warnings->len, ==, 1);
  g_assert_nonnull (strstr (((GError *)fixture->warnings->pdata[0])->message, says));
}

/* Everything that was pushed is in the file or counted there. */
static void
assert_complete (Fixture *fixture, guint reports, guint events)
{
  g_auto (Contents) contents = { 0 };

  WAIT_UNTIL (get_stat (fixture->client, "records-queued") == 0);
  read_file (&contents, fixture->path);
  g_assert_cmpuint (contents.reports + contents.missing, ==, reports);
  g_assert_cmpuint (g_hash_table_size (contents.number), ==, 1);
  g_assert_cmpuint (contents.missing, ==,
      get_stat (fixture->client, "records-thinned") +
          get_stat (fixture->client, "records-dropped"));
  g_assert_cmpuint (contents.records, ==, get_stat (fixture->client, "records-acked"));
  g_assert_cmpuint (contents.missing, >, reports / 8);
  g_assert_cmpuint (contents.reports, >, reports / 8);
}

static void
fill (Fixture *fixture, guint n)
{
  guint i;

  for (i = 1; i <= n; i++) {
    if (i % 50 == 0)
      send_numbered (fixture->client, fixture->fabric, i / 50);
    send_report (fixture->client, fixture->fabric, i, 1000);
    if (i % 10 == 0)
      callstats_client_flush (fixture->client, DEADLINE_MS);
  }
}

static void
test_a_full_disk_loses_what_the_file_tells (Fixture *fixture, gconstpointer data)
{
  g_autofree char *disk = g_build_filename (fixture->folder, "disk", NULL);

  g_assert_cmpint (g_mkdir (disk, 0700), ==, 0);
  if (mount ("tmpfs", disk, "tmpfs", 0, "size=128k,mode=0700") != 0) {
    g_test_skip ("needs the right to mount");
    return;
  }
  g_free (fixture->path);
  fixture->path = g_build_filename (disk, "call.jsonl", NULL);
  start (fixture);
  g_object_set (fixture->client, "memory-max-bytes", (guint64)256 * 1024, NULL);
  fill (fixture, 1500);
  assert_one_warning (fixture, g_strerror (ENOSPC));
  g_assert_cmpint (mount ("tmpfs", disk, "tmpfs", MS_REMOUNT, "size=16m"), ==, 0);
  assert_complete (fixture, 1500, 30);
  g_assert_cmpuint (fixture->warnings->len, ==, 1);
  drop_client (fixture);
  WAIT_UNTIL (umount (disk) == 0);
}

/* A limit of file size ends a process that does not expect it. */
static void
test_a_size_limit_is_a_full_disk (Fixture *fixture, gconstpointer data)
{
  struct rlimit before, limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  limit = before;
  limit.rlim_cur = 128 * 1024 + 7;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  start (fixture);
  g_object_set (fixture->client, "memory-max-bytes", (guint64)256 * 1024, NULL);
  fill (fixture, 1500);
  assert_one_warning (fixture, g_strerror (EFBIG));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  assert_complete (fixture, 1500, 30);
}

static void
make_link (const char *path)
{
  g_assert_cmpint (symlink ("/dev/null", path), ==, 0);
}

static void
make_fifo (const char *path)
{
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
}

static void
make_second_name (const char *path)
{
  g_autofree char *other = g_strconcat (path, "-too", NULL);

  g_assert_true (g_file_set_contents (other, "mine\n", -1, NULL));
  g_assert_cmpint (link (other, path), ==, 0);
}

static void
make_foreign (const char *path)
{
  g_assert_true (g_file_set_contents (path, "", -1, NULL));
  if (chown (path, 12345, 12345) != 0)
    g_test_skip ("needs the right to give a file away");
}

static void
make_folder (const char *path)
{
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
}

static const struct {
  const char *name;
  void (*make) (const char *path);
  const char *says;
} refused[] = {
  { "link", make_link, "symbolic link" },
  { "fifo", make_fifo, "no regular file" },
  { "linked-one", make_second_name, "another name" },
  { "foreign-one", make_foreign, "another user" },
  { "folder", make_folder, "directory" },
};

static void
test_what_is_no_file_of_ours_gets_nothing (Fixture *fixture, gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  struct stat before, now;

  refused[row].make (fixture->path);
  if (g_test_failed () || lstat (fixture->path, &before) != 0)
    return;
  start (fixture);
  send_numbered (fixture->client, fixture->fabric, 1);
  assert_one_warning (fixture, refused[row].says);
  /* Nobody waits for what cannot be. */
  callstats_client_flush (fixture->client, DEADLINE_MS);
  g_assert_cmpint (lstat (fixture->path, &now), ==, 0);
  g_assert_cmpint (now.st_size, ==, before.st_size);
  g_assert_cmpuint (get_stat (fixture->client, "records-queued"), >=, 3);
  g_assert_cmpuint (get_stat (fixture->client, "records-acked"), ==, 0);
}

static void
test_no_folder_is_made (Fixture *fixture, gconstpointer data)
{
  g_autofree char *below = g_build_filename (fixture->folder, "none", "call.jsonl", NULL);

  g_free (fixture->path);
  fixture->path = g_steal_pointer (&below);
  start (fixture);
  assert_one_warning (fixture, "folder does not exist");
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

typedef struct {
  gboolean called, stored;
} Outcome;

static void
on_feedback (GObject *client, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->stored = callstats_client_send_user_feedback_finish (
      CALLSTATS_CLIENT (client), result, NULL);
  outcome->called = TRUE;
}

static void
test_feedback_is_told_when_written (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;
  Outcome outcome = { 0 };

  start (fixture);
  callstats_client_send_user_feedback (fixture->client, "c1",
      g_variant_new_parsed ("{'overall': <4>}"), NULL, on_feedback, &outcome);
  WAIT_UNTIL (outcome.called);
  g_assert_true (outcome.stored);
  g_assert_true (g_file_get_contents (fixture->path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "userFeedback"));
}

/* Whoever imports the file can tell who it was. */
static void
test_nobody_needs_a_name (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = g_filename_to_uri (fixture->path, NULL, NULL);
  g_autofree char *text = NULL;

  fixture->client = g_object_new (
      CALLSTATS_TYPE_CLIENT, "backend-url", url, "conference-id", "c1", NULL);
  g_signal_connect (fixture->client, "warning", G_CALLBACK (on_warning), fixture);
  fixture->fabric = add_fabric (fixture->client);
  flush (fixture);
  g_assert_true (g_file_get_contents (fixture->path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "addNewFabric"));
  g_assert_null (strstr (text, "\"app\""));
  g_assert_null (strstr (text, "\"user\""));
  g_assert_cmpuint (fixture->warnings->len, ==, 0);
}

int
main (int argc, char **argv)
{
  guint i;

  if (argc == 4 && strcmp (argv[1], "--writer") == 0)
    return run_writer (argv[2], argv[3]);
  program = argv[0];
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) \
  g_test_add ("/recording/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("file/lines-are-what-was-reported", test_lines_are_what_was_reported);
  ADD ("file/nothing-needs-a-flush", test_nothing_needs_a_flush);
  ADD (
      "file/what-a-freed-client-had-is-written", test_what_a_freed_client_had_is_written);
  ADD ("file/a-torn-line-stays-alone", test_a_torn_line_stays_alone);
  ADD ("file/many-processes-do-not-mix-lines", test_many_processes_do_not_mix_lines);
  ADD ("file/a-moved-file-is-followed-by-another",
      test_a_moved_file_is_followed_by_another);
  ADD ("file/an-emptied-file-begins-anew", test_an_emptied_file_begins_anew);
  ADD ("file/a-lock-is-waited-for", test_a_lock_is_waited_for);
  ADD ("full/a-disk-loses-what-the-file-tells",
      test_a_full_disk_loses_what_the_file_tells);
  ADD ("full/a-size-limit-is-one", test_a_size_limit_is_a_full_disk);
  ADD ("file/no-folder-is-made", test_no_folder_is_made);
  ADD ("file/feedback-is-told-when-written", test_feedback_is_told_when_written);
  ADD ("file/nobody-needs-a-name", test_nobody_needs_a_name);
#undef ADD
  for (i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autofree char *name =
        g_strconcat ("/recording/file/nothing-goes-into-a-", refused[i].name, NULL);

    g_test_add (name, Fixture, GUINT_TO_POINTER (i), set_up,
        test_what_is_no_file_of_ours_gets_nothing, tear_down);
  }
  return g_test_run ();
}
