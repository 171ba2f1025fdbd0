/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The journal on disk and its folders: what comes back after crashes, damage and full
 * disks, and whom it does not trust.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "callstats-json-private.h"
#include "callstats-journal-private.h"
#include "callstats-spool-folder-private.h"

#define SEGMENT (64 * 1024)
#define NAME "identity"

typedef struct {
  char *path;
  int folder;
  CallstatsSpoolHome *home;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->path = g_dir_make_tmp ("callstats-journal-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->folder = callstats_spool_folder_open (fixture->path, NAME, &error);
  g_assert_no_error (error);
  fixture->home = callstats_spool_folder_make (fixture->folder, "s1", SEGMENT, &error);
  g_assert_no_error (error);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    if (!g_file_test (child, G_FILE_TEST_IS_SYMLINK) &&
        g_file_test (child, G_FILE_TEST_IS_DIR))
      remove_tree (child);
    else
      g_unlink (child);
  }
  g_rmdir (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  callstats_spool_home_close (fixture->home, FALSE);
  close (fixture->folder);
  remove_tree (fixture->path);
  g_free (fixture->path);
}

static CallstatsJournal *
journal_of (Fixture *fixture)
{
  return fixture->home->journal;
}

static CallstatsJournalEntry
make_entry (guint64 index, gsize filler)
{
  g_autofree char *text = g_strnfill (filler, 'x');
  g_autofree char *data =
      g_strdup_printf ("{\"n\":%" G_GUINT64_FORMAT ",\"filler\":\"%s\"}", index, text);

  return (CallstatsJournalEntry){ .index = index,
    .follows = index - 1,
    .time = (gint64)index * G_USEC_PER_SEC,
    .keep = CALLSTATS_KEEP_EVENT,
    .record = callstats_record_new_event ("e", (gint64)index * G_USEC_PER_SEC, data) };
}

static void
append (Fixture *fixture, guint64 from, guint64 to, gsize filler)
{
  g_autoptr (GError) error = NULL;
  guint64 i;

  for (i = from; i <= to; i++) {
    CallstatsJournalEntry entry = make_entry (i, filler);

    callstats_journal_append (journal_of (fixture), &entry, 1, &error);
    g_assert_no_error (error);
    callstats_journal_entry_clear (&entry);
  }
}

static void
write_state (Fixture *fixture, guint64 acknowledged, guint64 through)
{
  CallstatsJournalState state = {
    .session = (char *)"s1", .acknowledged = acknowledged, .through = through
  };
  g_autoptr (GError) error = NULL;

  callstats_journal_write_state (journal_of (fixture), &state, &error);
  g_assert_no_error (error);
}

static void
drop (Fixture *fixture, guint64 first, guint64 last, guint64 step)
{
  g_autoptr (GArray) indexes = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr (GError) error = NULL;
  CallstatsGap gap = { 0 };

  for (; first <= last; first += step) {
    gint64 time = (gint64)first * G_USEC_PER_SEC;

    g_array_append_val (indexes, first);
    callstats_gap_add (&gap, 1, time, time);
  }
  callstats_journal_drop (
      journal_of (fixture), CALLSTATS_LOSS_DISK, &gap, indexes, &error);
  g_assert_no_error (error);
}

/* As the next process would. */
static void
reopen (Fixture *fixture)
{
  g_autoptr (GPtrArray) homes = NULL;

  callstats_spool_home_close (fixture->home, FALSE);
  fixture->home = NULL;
  homes = callstats_spool_folder_adopt (fixture->folder, SEGMENT);
  g_assert_cmpuint (homes->len, <=, 1);
  if (homes->len > 0)
    fixture->home = homes->pdata[0];
}

static guint64
index_at (Fixture *fixture, guint i)
{
  return g_array_index (fixture->home->entries, CallstatsJournalEntry, i).index;
}

static char *
session_path (Fixture *fixture)
{
  return g_build_filename (fixture->path, NAME, fixture->home->name, NULL);
}

static char *
segment_path (Fixture *fixture, guint number)
{
  g_autofree char *folder = session_path (fixture);

  return g_strdup_printf ("%s/%08x.journal", folder, number);
}

static guint
count_segments (Fixture *fixture)
{
  g_autofree char *path = session_path (fixture);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (folder)) != NULL)
    n += g_str_has_suffix (name, ".journal");
  return n;
}

/* Every record from..to is there once, with its own text. */
static void
assert_records (Fixture *fixture, guint64 from, guint64 to)
{
  g_autoptr (GArray) read = g_array_new (FALSE, FALSE, sizeof (CallstatsJournalEntry));
  g_autoptr (GError) error = NULL;
  guint64 i;

  g_array_set_clear_func (read, callstats_journal_entry_clear);
  callstats_journal_read (journal_of (fixture), from, G_MAXSIZE, read, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (read->len, ==, to - from + 1);
  for (i = from; i <= to; i++) {
    CallstatsJournalEntry *entry =
        &g_array_index (read, CallstatsJournalEntry, (guint)(i - from));
    g_autofree char *expected = g_strdup_printf ("{\"n\":%" G_GUINT64_FORMAT, i);

    g_assert_cmpuint (entry->index, ==, i);
    g_assert_nonnull (entry->record);
    g_assert_true (g_str_has_prefix (entry->record->data, expected));
    g_assert_cmpint (entry->record->time, ==, (gint64)i * G_USEC_PER_SEC);
  }
}

/* Tests */

static void
test_what_was_written_comes_back (Fixture *fixture, gconstpointer data)
{
  write_state (fixture, 0, 0);
  append (fixture, 1, 20, 10);
  reopen (fixture);
  g_assert_cmpuint (fixture->home->entries->len, ==, 20);
  g_assert_cmpstr (callstats_journal_get_state (journal_of (fixture))->session, ==, "s1");
  assert_records (fixture, 1, 20);
  /* And again, with more behind it. */
  append (fixture, 21, 25, 10);
  reopen (fixture);
  assert_records (fixture, 1, 25);
}

static void
test_what_was_acknowledged_does_not (Fixture *fixture, gconstpointer data)
{
  append (fixture, 1, 20, 10);
  write_state (fixture, 12, 12);
  reopen (fixture);
  g_assert_cmpuint (fixture->home->entries->len, ==, 8);
  g_assert_cmpuint (index_at (fixture, 0), ==, 13);
  g_assert_cmpuint (
      callstats_journal_get_state (journal_of (fixture))->acknowledged, ==, 12);
  write_state (fixture, 20, 20);
  reopen (fixture);
  g_assert_null (fixture->home); /* through, and thus removed */
}

static void
test_dropped_records_are_counted_and_keep_no_place (Fixture *fixture, gconstpointer data)
{
  const CallstatsJournalState *state;

  write_state (fixture, 0, 0);
  append (fixture, 1, 10, 10);
  drop (fixture, 3, 7, 2);
  reopen (fixture);
  state = callstats_journal_get_state (journal_of (fixture));
  g_assert_cmpuint (fixture->home->entries->len, ==, 7);
  g_assert_cmpuint (index_at (fixture, 2), ==, 4);
  g_assert_cmpuint (state->gaps[CALLSTATS_LOSS_DISK].count, ==, 3);
  g_assert_cmpint (state->gaps[CALLSTATS_LOSS_DISK].from, ==, 3 * G_USEC_PER_SEC);
  g_assert_cmpint (state->gaps[CALLSTATS_LOSS_DISK].to, ==, 7 * G_USEC_PER_SEC);
  /* The highest index is not given again, dropped or not. */
  drop (fixture, 10, 10, 1);
  reopen (fixture);
  g_assert_cmpuint (callstats_journal_get_state (journal_of (fixture))->last, ==, 10);
}

static void
test_a_told_gap_is_not_told_again (Fixture *fixture, gconstpointer data)
{
  CallstatsGap gap = { 3, 3 * G_USEC_PER_SEC, 7 * G_USEC_PER_SEC };
  CallstatsJournalEntry entry = { .index = 11,
    .follows = 10,
    .keep = CALLSTATS_KEEP_GAP,
    .record = callstats_gap_make_record (&gap, CALLSTATS_LOSS_DISK) };

  append (fixture, 1, 10, 10);
  drop (fixture, 3, 8, 2);
  drop (fixture, 4, 4, 1);
  callstats_journal_append (journal_of (fixture), &entry, 1, NULL);
  callstats_journal_entry_clear (&entry);
  reopen (fixture);
  g_assert_cmpuint (
      callstats_journal_get_state (journal_of (fixture))->gaps[CALLSTATS_LOSS_DISK].count,
      ==, 1);
}

/* Whatever the last write was torn at: all before it is there, and what comes next. */
static void
test_a_torn_tail_is_cut_at_every_byte (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = segment_path (fixture, 1);
  g_autofree char *whole = NULL;
  gsize before, length, cut;
  struct stat info;

  write_state (fixture, 0, 0);
  append (fixture, 1, 3, 10);
  g_assert_cmpint (stat (path, &info), ==, 0);
  before = (gsize)info.st_size;
  append (fixture, 4, 4, 10);
  g_assert_true (g_file_get_contents (path, &whole, &length, NULL));
  for (cut = before; cut < length; cut++) {
    g_assert_true (g_file_set_contents (path, whole, (gssize)cut, NULL));
    reopen (fixture);
    g_assert_nonnull (fixture->home);
    g_assert_cmpuint (fixture->home->entries->len, ==, 3);
    g_assert_cmpint (stat (path, &info), ==, 0);
    g_assert_cmpuint (info.st_size, ==, before);
  }
  append (fixture, 4, 6, 10);
  reopen (fixture);
  assert_records (fixture, 1, 6);
}

/* Any byte may flip: never a wrong record, never a crash, and the others keep their
 * places. */
static void
test_a_flipped_byte_costs_one_record_at_most (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = segment_path (fixture, 1);
  g_autofree char *whole = NULL;
  gsize length, at;

  write_state (fixture, 0, 0);
  append (fixture, 1, 8, 5);
  g_assert_true (g_file_get_contents (path, &whole, &length, NULL));
  for (at = 0; at < length; at++) {
    guint i, lost = 0;

    whole[at] ^= 0x10;
    g_assert_true (g_file_set_contents (path, whole, (gssize)length, NULL));
    whole[at] ^= 0x10;
    reopen (fixture);
    g_assert_nonnull (fixture->home);
    g_assert_cmpuint (fixture->home->entries->len, >=, 7);
    for (i = 0; i < fixture->home->entries->len; i++) {
      CallstatsJournalEntry *entry =
          &g_array_index (fixture->home->entries, CallstatsJournalEntry, i);

      g_assert_cmpuint (entry->index, ==, i + 1);
      lost += entry->lost;
    }
    lost += 8 - fixture->home->entries->len; /* the last one, cut as torn */
    g_assert_cmpuint (lost, <=, 1);
  }
}

static void
test_acknowledged_segments_free_the_disk (Fixture *fixture, gconstpointer data)
{
  append (fixture, 1, 400, 1000);
  g_assert_cmpuint (count_segments (fixture), >, 5);
  write_state (fixture, 390, 390);
  callstats_journal_trim (journal_of (fixture));
  g_assert_cmpuint (count_segments (fixture), <=, 2);
  g_assert_cmpuint (
      callstats_journal_bytes (journal_of (fixture)), <=, 2 * SEGMENT + 4096);
  reopen (fixture);
  g_assert_cmpuint (fixture->home->entries->len, ==, 10);
  assert_records (fixture, 391, 400);
}

static void
test_compaction_keeps_what_lives (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GArray) live = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr (GError) error = NULL;
  gsize before;
  guint64 i;
  guint k;

  append (fixture, 1, 400, 1000);
  write_state (fixture, 20, 20);
  drop (fixture, 21, 399, 2);
  for (i = 22; i <= 400; i += 2)
    g_array_append_val (live, i);
  before = callstats_journal_bytes (journal_of (fixture));
  {
    CallstatsJournalState state = *callstats_journal_get_state (journal_of (fixture));

    g_assert_true (callstats_journal_write_state (journal_of (fixture), &state, &error));
  }
  g_assert_true (callstats_journal_compact (journal_of (fixture), live, 0, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (callstats_journal_bytes (journal_of (fixture)), <, before * 6 / 10);
  append (fixture, 401, 410, 10);
  reopen (fixture);
  g_assert_cmpuint (fixture->home->entries->len, ==, 190 + 10);
  for (k = 0; k < 190; k++) {
    g_assert_cmpuint (index_at (fixture, k), ==, 22 + 2 * k);
    g_assert_false (
        g_array_index (fixture->home->entries, CallstatsJournalEntry, k).lost);
  }
  g_assert_cmpuint (
      callstats_journal_get_state (journal_of (fixture))->gaps[CALLSTATS_LOSS_DISK].count,
      ==, 190);
}

static gboolean
contains (const char *bytes, gsize length, const char *text)
{
  gsize at, n = strlen (text);

  for (at = 0; at + n <= length; at++) {
    if (memcmp (bytes + at, text, n) == 0)
      return TRUE;
  }
  return FALSE;
}

static void
test_old_records_leave_their_place_only (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GArray) live = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  gsize length;
  guint64 i;
  guint k;

  append (fixture, 1, 10, 10);
  for (i = 1; i <= 10; i++)
    g_array_append_val (live, i);
  g_assert_true (
      callstats_journal_compact (journal_of (fixture), live, 6 * G_USEC_PER_SEC, NULL));
  path = segment_path (fixture, 1);
  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  g_assert_false (contains (text, length, "\"n\":5,"));
  g_assert_true (contains (text, length, "\"n\":6,"));
  reopen (fixture);
  g_assert_cmpuint (fixture->home->entries->len, ==, 10);
  for (k = 0; k < 10; k++) {
    CallstatsJournalEntry *entry =
        &g_array_index (fixture->home->entries, CallstatsJournalEntry, k);

    g_assert_cmpint (entry->lost, ==, k < 5);
    if (k < 5)
      g_assert_cmpint (entry->loss, ==, CALLSTATS_LOSS_AGE);
  }
}

/* Who may look, and who holds it */

static void
test_only_its_user_may_read (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = session_path (fixture);
  g_autofree char *file = segment_path (fixture, 1);
  struct stat info;

  append (fixture, 1, 1, 10);
  g_assert_cmpint (stat (folder, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0700);
  g_assert_cmpint (stat (file, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0600);
}

static void
test_names_tell_nobody (Fixture *fixture, gconstpointer data)
{
  g_autofree char *one = callstats_spool_folder_name ("wss://b", "app", "alice");
  g_autofree char *other = callstats_spool_folder_name ("wss://b", "appa", "lice");

  g_assert_cmpuint (strlen (one), ==, 64);
  g_assert_null (strstr (one, "alice"));
  g_assert_cmpstr (one, !=, other);
}

static void
test_what_another_holds_is_left_to_it (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) homes = NULL;
  int status;
  pid_t child;

  append (fixture, 1, 5, 10);
  homes = callstats_spool_folder_adopt (fixture->folder, SEGMENT);
  g_assert_cmpuint (homes->len, ==, 0);
  /* Another process neither. */
  child = fork ();
  if (child == 0) {
    int folder = callstats_spool_folder_open (fixture->path, NAME, NULL);
    GPtrArray *found = callstats_spool_folder_adopt (folder, SEGMENT);

    _exit ((int)found->len);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

static void
test_sessions_come_back_in_their_order (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) homes = NULL;
  guint i;

  append (fixture, 1, 1, 10);
  for (i = 2; i <= 12; i++) {
    g_autofree char *session = g_strdup_printf ("s%u", i);
    CallstatsSpoolHome *home =
        callstats_spool_folder_make (fixture->folder, session, SEGMENT, NULL);
    CallstatsJournalEntry entry = make_entry (1, 10);

    callstats_journal_append (home->journal, &entry, 1, NULL);
    callstats_journal_entry_clear (&entry);
    callstats_spool_home_close (home, FALSE);
  }
  callstats_spool_home_close (g_steal_pointer (&fixture->home), FALSE);
  homes = callstats_spool_folder_adopt (fixture->folder, SEGMENT);
  g_assert_cmpuint (homes->len, ==, 12);
  for (i = 0; i < homes->len; i++) {
    CallstatsSpoolHome *home = homes->pdata[i];
    g_autofree char *session = g_strdup_printf ("s%u", i + 1);

    g_assert_cmpstr (callstats_journal_get_state (home->journal)->session, ==, session);
    callstats_spool_home_close (home, TRUE);
  }
}

static void
test_planted_links_are_not_followed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = segment_path (fixture, 1);
  g_autofree char *elsewhere = g_build_filename (fixture->path, "elsewhere", NULL);
  g_autofree char *link_name = g_build_filename (fixture->path, "link", NULL);
  g_autofree char *planted = segment_path (fixture, 2);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  CallstatsJournalEntry entry = make_entry (100, 100);
  gsize length;

  append (fixture, 1, 3, 10);
  /* The folder itself. */
  g_assert_cmpint (symlink (fixture->path, link_name), ==, 0);
  g_assert_cmpint (callstats_spool_folder_open (link_name, NAME, &error), ==, -1);
  g_assert_nonnull (error);
  g_clear_error (&error);
  /* The next segment: nothing is written where it points. */
  g_assert_true (g_file_set_contents (elsewhere, "precious", -1, NULL));
  g_assert_cmpint (symlink (elsewhere, planted), ==, 0);
  append (fixture, 4, 50, 1000);
  while (callstats_journal_append (journal_of (fixture), &entry, 1, &error))
    entry.index++;
  g_assert_nonnull (strstr (error->message, g_strerror (EEXIST)));
  callstats_journal_entry_clear (&entry);
  g_assert_true (g_file_get_contents (elsewhere, &text, &length, NULL));
  g_assert_cmpstr (text, ==, "precious");
  g_unlink (planted);
  /* A segment with a second name elsewhere is not ours alone. */
  g_assert_cmpint (link (path, planted), ==, 0);
  reopen (fixture);
  g_assert_null (fixture->home);
}

static void
test_a_folder_for_others_is_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *identity = g_build_filename (fixture->path, NAME, NULL);

  g_assert_cmpint (g_chmod (identity, 0750), ==, 0);
  g_assert_cmpint (callstats_spool_folder_open (fixture->path, NAME, &error), ==, -1);
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (g_chmod (identity, 0700), ==, 0);
  g_assert_cmpint (g_chmod (fixture->path, 0777), ==, 0);
  g_assert_cmpint (callstats_spool_folder_open (fixture->path, NAME, &error), ==, -1);
  g_assert_nonnull (error);
}

/* A small tmpfs of our own. */
static void
test_a_full_disk_takes_whole_records_or_none (Fixture *fixture, gconstpointer data)
{
  g_autofree char *disk = g_build_filename (fixture->path, "disk", NULL);
  g_autoptr (GPtrArray) homes = NULL;
  CallstatsSpoolHome *home;
  guint64 written = 0;
  int folder;

  g_assert_cmpint (g_mkdir (disk, 0700), ==, 0);
  if (mount ("tmpfs", disk, "tmpfs", 0, "size=256k,mode=0700") != 0) {
    g_test_skip ("needs the right to mount");
    return;
  }
  folder = callstats_spool_folder_open (disk, NAME, NULL);
  home = callstats_spool_folder_make (folder, "s1", SEGMENT, NULL);
  for (;;) {
    CallstatsJournalEntry entry = make_entry (written + 1, 700);
    g_autoptr (GError) error = NULL;
    gboolean ok = callstats_journal_append (home->journal, &entry, 1, &error);

    callstats_journal_entry_clear (&entry);
    if (!ok) {
      g_assert_nonnull (strstr (error->message, g_strerror (ENOSPC)));
      break;
    }
    written++;
  }
  g_assert_cmpuint (written, >, 100);
  callstats_spool_home_close (home, FALSE);
  homes = callstats_spool_folder_adopt (folder, SEGMENT);
  g_assert_cmpuint (homes->len, ==, 1);
  home = homes->pdata[0];
  g_assert_cmpuint (home->entries->len, ==, written);
  callstats_spool_home_close (home, TRUE);
  close (folder);
  g_assert_cmpint (umount (disk), ==, 0);
}

/* A child appends and tells over a pipe what is written; it dies at any moment. What it
 * told is there once, in order, and nothing that it did not write. */
static void
run_child (Fixture *fixture, int told)
{
  GPtrArray *homes = callstats_spool_folder_adopt (fixture->folder, SEGMENT);
  CallstatsSpoolHome *home = homes->pdata[0];
  guint64 i = callstats_journal_get_state (home->journal)->last;

  for (;;) {
    CallstatsJournalEntry batch[7];
    guint k;

    for (k = 0; k < G_N_ELEMENTS (batch); k++, i++)
      batch[k] = make_entry (i + 1, (i * 37) % 3000);
    if (!callstats_journal_append (home->journal, batch, G_N_ELEMENTS (batch), NULL))
      _exit (1);
    for (k = 0; k < G_N_ELEMENTS (batch); k++)
      callstats_journal_entry_clear (&batch[k]);
    if (write (told, &i, sizeof i) != sizeof i)
      _exit (1);
  }
}

static guint64
kill_child_soon (Fixture *fixture)
{
  guint64 promised = 0, last;
  int ends[2], status;
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0) {
    close (ends[0]);
    run_child (fixture, ends[1]);
  }
  close (ends[1]);
  g_assert_cmpint ((int)read (ends[0], &promised, sizeof promised), ==, sizeof promised);
  g_usleep ((gulong)g_test_rand_int_range (0, 4000));
  kill (child, SIGKILL);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  while (read (ends[0], &last, sizeof last) == sizeof last)
    promised = last;
  close (ends[0]);
  return promised;
}

static void
test_a_killed_process_loses_nothing_it_promised (Fixture *fixture, gconstpointer data)
{
  guint round;

  append (fixture, 1, 1, 10);
  for (round = 0; round < 40; round++) {
    guint64 promised, there, acknowledged;

    callstats_spool_home_close (g_steal_pointer (&fixture->home), FALSE);
    promised = kill_child_soon (fixture);
    reopen (fixture);
    g_assert_nonnull (fixture->home);
    there = callstats_journal_get_state (journal_of (fixture))->last;
    g_assert_cmpuint (there, >=, promised);
    acknowledged = index_at (fixture, 0) - 1;
    assert_records (fixture, acknowledged + 1, there);
    write_state (fixture, there - 1, there - 1);
    callstats_journal_trim (journal_of (fixture));
    reopen (fixture);
    g_assert_cmpuint (fixture->home->entries->len, ==, 1);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) \
  g_test_add ("/journal/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("what-was-written-comes-back", test_what_was_written_comes_back);
  ADD ("what-was-acknowledged-does-not", test_what_was_acknowledged_does_not);
  ADD ("dropped-records-are-counted-and-keep-no-place",
      test_dropped_records_are_counted_and_keep_no_place);
  ADD ("a-told-gap-is-not-told-again", test_a_told_gap_is_not_told_again);
  ADD ("a-torn-tail-is-cut-at-every-byte", test_a_torn_tail_is_cut_at_every_byte);
  ADD ("a-flipped-byte-costs-one-record-at-most",
      test_a_flipped_byte_costs_one_record_at_most);
  ADD ("acknowledged-segments-free-the-disk", test_acknowledged_segments_free_the_disk);
  ADD ("compaction-keeps-what-lives", test_compaction_keeps_what_lives);
  ADD ("old-records-leave-their-place-only", test_old_records_leave_their_place_only);
  ADD ("only-its-user-may-read", test_only_its_user_may_read);
  ADD ("names-tell-nobody", test_names_tell_nobody);
  ADD ("what-another-holds-is-left-to-it", test_what_another_holds_is_left_to_it);
  ADD ("sessions-come-back-in-their-order", test_sessions_come_back_in_their_order);
  ADD ("planted-links-are-not-followed", test_planted_links_are_not_followed);
  ADD ("a-folder-for-others-is-refused", test_a_folder_for_others_is_refused);
  ADD ("a-full-disk-takes-whole-records-or-none",
      test_a_full_disk_takes_whole_records_or_none);
  ADD ("a-killed-process-loses-nothing-it-promised",
      test_a_killed_process_loses_nothing_it_promised);
#undef ADD
  return g_test_run ();
}
