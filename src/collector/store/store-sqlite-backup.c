/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A copy of a database that others write to meanwhile: of one moment, and under its name
 * only once it is whole and on the disk. Any thread, connections of its own.
 *
 * SQLite reads whatever log lies beside a database into it. So a database that is to be
 * exchanged takes its log in first, and nobody else has it open until the copy has its
 * name: at each moment there is the old one or the new one, whole.
 */
#include "store-sqlite-maintenance.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PAGES 256 /* a step */

static gboolean
fail (const char *file, int number, GError **error)
{
  g_set_error (error, STORE_ERROR, STORE_ERROR_FAILED, "\"%s\" cannot be written: %s",
      file, g_strerror (number));
  return FALSE;
}

static gboolean
fail_making (const char *file, int number, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (file);

  if (number != ENOENT)
    return fail (file, number, error);
  g_set_error (error, STORE_ERROR, STORE_ERROR_FAILED,
      "\"%s\" cannot be written: there is no folder \"%s\"; make it, or name a file in "
      "another one",
      file, folder);
  return FALSE;
}

static gboolean
fail_copying (sqlite3 *db, GError **error)
{
  return sqlite_set_error (db, "The database cannot be copied", error);
}

static gboolean
sync_path (const char *path, int flags, GError **error)
{
  int fd = g_open (path, flags | O_CLOEXEC, 0);
  gboolean synced;

  if (fd < 0)
    return fail (path, errno, error);
  synced = fsync (fd) == 0 || fail (path, errno, error);
  close (fd);
  return synced;
}

static gboolean
step_through (sqlite3_backup *backup, sqlite3 *to, StoreProgressFunc progress,
    gpointer user_data, GError **error)
{
  int status;

  do {
    status = sqlite3_backup_step (backup, PAGES);
    if (status != SQLITE_OK && status != SQLITE_DONE)
      return fail_copying (to, error);
    if (!store_progress (progress, user_data, "pages copied",
            (guint64)(sqlite3_backup_pagecount (backup) -
                      sqlite3_backup_remaining (backup)),
            (guint64)sqlite3_backup_pagecount (backup), error))
      return FALSE;
  } while (status == SQLITE_OK);
  return TRUE;
}

/* The transaction keeps it at one moment: otherwise each commit would begin it anew. */
static gboolean
copy_database (sqlite3 *from, sqlite3 *to, StoreProgressFunc progress, gpointer user_data,
    GError **error)
{
  sqlite3_backup *backup;
  gboolean copied;
  gint64 tables;

  if (!sqlite_execute (to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", error) ||
      !sqlite_execute (from, "BEGIN", error))
    return FALSE;
  if (!sqlite_read_number (from, "SELECT count(*) FROM sqlite_schema", &tables))
    return fail_copying (from, error);
  backup = sqlite3_backup_init (to, "main", from, "main");
  if (backup == NULL)
    return fail_copying (to, error);
  copied = step_through (backup, to, progress, user_data, error);
  if (sqlite3_backup_finish (backup) != SQLITE_OK && copied)
    copied = fail_copying (to, error);
  sqlite3_exec (from, "COMMIT", NULL, NULL, NULL);
  return copied;
}

static gboolean
copy_to (sqlite3 *from, const char *path, StoreProgressFunc progress, gpointer user_data,
    GError **error)
{
  g_autoptr (sqlite3) to = NULL;

  if (sqlite3_open_v2 (path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
      SQLITE_OK)
    return fail_copying (to, error);
  return copy_database (from, to, progress, user_data, error);
}

static gboolean
is_same_file (const char *one, const char *other)
{
  GStatBuf first, second;

  return g_stat (one, &first) == 0 && g_stat (other, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static gboolean
refuse_target (sqlite3 *target, const char *file, GError **error)
{
  int code = sqlite3_errcode (target);

  if (code == SQLITE_BUSY)
    g_set_error (error, STORE_ERROR, STORE_ERROR_INVALID,
        "\"%s\" is a database in use; stop what has it open, or name another file", file);
  else
    g_set_error (error, STORE_ERROR, STORE_ERROR_INVALID,
        "\"%s\" cannot be exchanged: %s; take it away, or name another file", file,
        sqlite3_errmsg (target));
  return FALSE;
}

/* Returns: (nullable): what keeps others from the database at the file, its log taken in;
 * NULL without an error where there is none, or nothing that SQLite knows. */
static sqlite3 *
take_target (const char *file, GError **error)
{
  g_autoptr (sqlite3) target = NULL;
  int code;

  if (!g_file_test (file, G_FILE_TEST_EXISTS))
    return NULL;
  if (sqlite3_open_v2 (file, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
          NULL) == SQLITE_OK &&
      sqlite3_exec (target,
          "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=TRUNCATE; BEGIN EXCLUSIVE",
          NULL, NULL, NULL) == SQLITE_OK)
    return g_steal_pointer (&target);
  code = sqlite3_errcode (target);
  if (code != SQLITE_NOTADB && code != SQLITE_CORRUPT)
    refuse_target (target, file, error);
  return NULL;
}

/* What is taken in. Where nobody has the database open, nobody has these. */
static void
remove_logs (const char *file)
{
  g_autofree char *journal = g_strconcat (file, "-journal", NULL);
  g_autofree char *index = g_strconcat (file, "-shm", NULL);
  GStatBuf status;

  if (g_stat (journal, &status) == 0 && status.st_size == 0)
    g_unlink (journal);
  g_unlink (index);
}

/* A log without its database. Files without anything in them are left by readers. */
static gboolean
check_logs (const char *file, GError **error)
{
  static const char *const endings[] = { "-wal", "-journal" };

  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++) {
    g_autofree char *log = g_strconcat (file, endings[i], NULL);
    GStatBuf status;

    if (g_stat (log, &status) == 0 && status.st_size > 0) {
      g_set_error (error, STORE_ERROR, STORE_ERROR_INVALID,
          "\"%s\" is the log of another database and would be read into this copy; take "
          "it away, or name another file",
          log);
      return FALSE;
    }
  }
  return TRUE;
}

/* part: on the disk */
static gboolean
exchange (const char *part, const char *file, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (file);
  g_autoptr (GError) failure = NULL;
  g_autoptr (sqlite3) target = take_target (file, &failure);

  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  if (target != NULL)
    remove_logs (file);
  /* A power cut must not bring the old log back beside the new name. */
  if (!check_logs (file, error) || !sync_path (folder, O_RDONLY | O_DIRECTORY, error))
    return FALSE;
  if (g_rename (part, file) != 0)
    return fail (file, errno, error);
  return sync_path (folder, O_RDONLY | O_DIRECTORY, error);
}

static gboolean
publish (const char *part, const char *file, GError **error)
{
  return sync_path (part, O_RDWR, error) && exchange (part, file, error);
}

gboolean
sqlite_backup (const char *path, const char *file, StoreProgressFunc progress,
    gpointer user_data, GError **error)
{
  g_autoptr (sqlite3) from = sqlite_open_existing (path, error);
  g_autofree char *part = g_strconcat (file, ".part-XXXXXX", NULL);
  int fd;

  if (from == NULL)
    return FALSE;
  if (is_same_file (path, file)) {
    g_set_error (error, STORE_ERROR, STORE_ERROR_INVALID,
        "\"%s\" is the store itself; name another file", file);
    return FALSE;
  }
  fd = g_mkstemp_full (part, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail_making (file, errno, error);
  close (fd);
  if (copy_to (from, part, progress, user_data, error) && publish (part, file, error))
    return TRUE;
  g_unlink (part);
  return FALSE;
}
