/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where journals lie, and who holds them. Blocks on the disk; any thread.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "callstats-error.h"
#include "callstats-spool-folder-private.h"

#define LOCK_NAME "lock"
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

char *
callstats_spool_folder_name (const char *origin, const char *app, const char *user)
{
  g_autofree char *key = g_strjoin ("\n", origin, app, user, NULL);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);
}

static gboolean
fail (GError **error, const char *what, int code)
{
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE, "%s: %s", what,
      g_strerror (code));
  return FALSE;
}

/* Nobody else may put files into it: a sticky folder for all is fine at the top. */
static gboolean
is_safe (int folder, gboolean ours_alone)
{
  struct stat info;

  if (fstat (folder, &info) != 0)
    return FALSE;
  if (ours_alone)
    return info.st_uid == geteuid () && (info.st_mode & 077) == 0;
  return (info.st_uid == geteuid () || info.st_uid == 0) &&
         ((info.st_mode & 022) == 0 || (info.st_mode & S_ISVTX) != 0);
}

static int
open_checked (int parent, const char *name, gboolean ours_alone, GError **error)
{
  int folder = openat (parent, name, FOLDER_FLAGS);

  if (folder < 0) {
    fail (error, "it cannot be opened", errno);
    return -1;
  }
  if (!is_safe (folder, ours_alone)) {
    close (folder);
    g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
        "others than its user may write or read it");
    return -1;
  }
  return folder;
}

int
callstats_spool_folder_open (const char *path, const char *name, GError **error)
{
  int top, folder = -1;

  if (g_mkdir_with_parents (path, 0700) != 0) {
    fail (error, "it cannot be made", errno);
    return -1;
  }
  top = open_checked (AT_FDCWD, path, FALSE, error);
  if (top < 0)
    return -1;
  if (mkdirat (top, name, 0700) != 0 && errno != EEXIST)
    fail (error, "a folder cannot be made there", errno);
  else
    folder = open_checked (top, name, TRUE, error);
  close (top);
  return folder;
}

/* Locks */

/* Returns: a descriptor that holds the lock; -1: somebody else does, or it is gone. */
static int
take_lock (int folder)
{
  int lock = openat (folder, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  struct stat info;

  if (lock >= 0 && flock (lock, LOCK_EX | LOCK_NB) == 0 && fstat (lock, &info) == 0 &&
      S_ISREG (info.st_mode) && info.st_nlink == 1)
    return lock;
  if (lock >= 0)
    close (lock);
  return -1;
}

/* Homes */

static CallstatsSpoolHome *
home_new (int parent, int folder, int lock, const char *name, gsize segment_bytes)
{
  CallstatsSpoolHome *home = g_new0 (CallstatsSpoolHome, 1);
  const char *session = strchr (name, '-');

  home->journal = callstats_journal_new (folder, segment_bytes, session + 1);
  home->parent = fcntl (parent, F_DUPFD_CLOEXEC, 0);
  home->lock = lock;
  home->name = g_strdup (name);
  return home;
}

static void
remove_folder (int parent, int folder, const char *name)
{
  unlinkat (folder, LOCK_NAME, 0);
  unlinkat (parent, name, AT_REMOVEDIR);
}

void
callstats_spool_home_close (CallstatsSpoolHome *home, gboolean through)
{
  if (home == NULL)
    return;
  if (through && callstats_journal_remove (home->journal, NULL)) {
    int folder = openat (home->parent, home->name, FOLDER_FLAGS);

    if (folder >= 0) {
      remove_folder (home->parent, folder, home->name);
      close (folder);
    }
  }
  callstats_journal_free (home->journal);
  g_clear_pointer (&home->entries, g_array_unref);
  close (home->lock);
  close (home->parent);
  g_free (home->name);
  g_free (home);
}

/* A session's folder: eight digits that count them, a hyphen, the session's first name.
 */
static gboolean
parse_name (const char *name, guint64 *number)
{
  g_autofree char *digits = NULL;

  if (strlen (name) < 10 || name[8] != '-')
    return FALSE;
  digits = g_strndup (name, 8);
  return g_ascii_string_to_unsigned (digits, 16, 1, G_MAXUINT32, number, NULL);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* (element-type utf8): in order */
static GPtrArray *
list_names (int folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  int copy = openat (folder, ".", FOLDER_FLAGS);
  DIR *list = copy >= 0 ? fdopendir (copy) : NULL;
  struct dirent *item;
  guint64 number;

  while (list != NULL && (item = readdir (list)) != NULL) {
    if (parse_name (item->d_name, &number))
      g_ptr_array_add (names, g_strdup (item->d_name));
  }
  if (list != NULL)
    closedir (list);
  else if (copy >= 0)
    close (copy);
  g_ptr_array_sort (names, compare_names);
  return names;
}

static CallstatsSpoolHome *
adopt (int parent, const char *name, gsize segment_bytes)
{
  int folder = open_checked (parent, name, TRUE, NULL);
  int lock = folder >= 0 ? take_lock (folder) : -1;
  CallstatsSpoolHome *home;

  if (lock < 0) {
    if (folder >= 0)
      close (folder);
    return NULL;
  }
  home = home_new (parent, folder, lock, name, segment_bytes);
  home->entries = callstats_journal_recover (home->journal, NULL);
  if (home->entries != NULL)
    return home;
  callstats_spool_home_close (home, FALSE);
  return NULL;
}

static gboolean
is_through (CallstatsSpoolHome *home)
{
  const CallstatsJournalState *state = callstats_journal_get_state (home->journal);
  guint i;

  for (i = 0; i < CALLSTATS_N_LOSSES; i++) {
    if (state->gaps[i].count > 0)
      return FALSE;
  }
  return home->entries->len == 0;
}

GPtrArray *
callstats_spool_folder_adopt (int folder, gsize segment_bytes)
{
  GPtrArray *homes = g_ptr_array_new ();
  g_autoptr (GPtrArray) names = list_names (folder);
  guint i;

  for (i = 0; i < names->len; i++) {
    CallstatsSpoolHome *home = adopt (folder, names->pdata[i], segment_bytes);

    if (home != NULL && is_through (home))
      callstats_spool_home_close (home, TRUE);
    else if (home != NULL)
      g_ptr_array_add (homes, home);
  }
  return homes;
}

static char *
next_name (int folder, const char *session)
{
  g_autoptr (GPtrArray) names = list_names (folder);
  guint64 number = 0;

  if (names->len > 0)
    parse_name (names->pdata[names->len - 1], &number);
  return g_strdup_printf ("%08x-%s", (guint)number + 1, session);
}

/* Under a name that nobody adopts until the lock is held. */
CallstatsSpoolHome *
callstats_spool_folder_make (
    int parent, const char *session, gsize segment_bytes, GError **error)
{
  g_autofree char *temporary = g_strconcat (".", session, NULL);
  g_autofree char *name = next_name (parent, session);
  int folder = -1, lock = -1;

  if (mkdirat (parent, temporary, 0700) == 0)
    folder = open_checked (parent, temporary, TRUE, error);
  else
    fail (error, "a folder cannot be made there", errno);
  if (folder >= 0)
    lock = take_lock (folder);
  if (lock >= 0 && renameat (parent, temporary, parent, name) == 0 && fsync (parent) == 0)
    return home_new (parent, folder, lock, name, segment_bytes);
  if (folder >= 0) {
    if (error != NULL && *error == NULL)
      fail (error, "a file cannot be made there", errno);
    remove_folder (parent, folder, temporary);
    close (folder);
  }
  if (lock >= 0)
    close (lock);
  return NULL;
}
