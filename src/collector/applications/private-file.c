/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that hold secrets. Any thread.
 */
#include "private-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "callstats/callstats-error.h"

#define MAX_FILE (1024 * 1024)

void
private_file_free (PrivateFile *file)
{
  if (file == NULL)
    return;
  if (file->text != NULL)
    explicit_bzero (file->text, file->length);
  g_free (file->text);
  g_free (file);
}

static gpointer
fail (GError **error, const char *what, const char *path, const char *why)
{
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_NOT_FOUND,
      "%s \"%s\" cannot be read: %s; check the path and its permissions", what, path,
      why);
  return NULL;
}

/* systemd gives a service its credentials by an access list, which shows as permissions
 * of the group; it keeps the folder itself from everybody else. */
static gboolean
is_credential (const char *path)
{
  const char *folder = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *real = folder != NULL ? realpath (path, NULL) : NULL;
  gsize length = folder != NULL ? strlen (folder) : 0;

  return real != NULL && length > 0 && strncmp (real, folder, length) == 0 &&
         real[length] == '/';
}

/* Of an open file, so that what is checked is what is read. */
static gboolean
read_all (PrivateFile *file, int fd)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 buffer[4096];
  gssize n;

  do {
    n = read (fd, buffer, sizeof buffer);
    if (n > 0)
      g_byte_array_append (bytes, buffer, n);
    if (bytes->len > MAX_FILE)
      errno = EFBIG;
  } while ((n > 0 && bytes->len <= MAX_FILE) || (n < 0 && errno == EINTR));
  explicit_bzero (buffer, sizeof buffer);
  file->length = bytes->len;
  g_byte_array_append (bytes, (const guint8 *)"", 1);
  file->text = (char *)g_byte_array_free (g_steal_pointer (&bytes), FALSE);
  return n == 0;
}

PrivateFile *
private_file_read (const char *what, const char *path, GError **error)
{
  g_autoptr (PrivateFile) file = g_new0 (PrivateFile, 1);
  struct stat status;
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  gboolean read;
  int problem;

  if (fd == -1)
    return fail (error, what, path, g_strerror (errno));
  read = fstat (fd, &status) == 0 && read_all (file, fd);
  problem = errno;
  g_close (fd, NULL);
  if (!read)
    return fail (error, what, path, g_strerror (problem));
  file->mode = status.st_mode & 07777;
  file->exposed = (file->mode & 077) != 0 && !is_credential (path);
  return g_steal_pointer (&file);
}

gboolean
private_file_check_mode (
    const PrivateFile *file, const char *what, const char *path, GError **error)
{
  if (!file->exposed)
    return TRUE;
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT,
      "%s \"%s\" is open to others than its owner (mode %04o); its secrets are for the "
      "collector alone: chmod 600 it",
      what, path, file->mode);
  return FALSE;
}

/* ---- Writing ---- */

static gboolean
write_all (int fd, const char *text, gsize length)
{
  while (length > 0) {
    gssize n = write (fd, text, length);

    if (n < 0 && errno != EINTR)
      return FALSE;
    text += MAX (n, 0);
    length -= MAX (n, 0);
  }
  return fsync (fd) == 0;
}

/* Root may take care of a file that the collector reads as another user. */
static gboolean
keep_owner (int fd, int folder, const char *name)
{
  struct stat before, now;

  if (fstatat (folder, name, &before, 0) != 0)
    return errno == ENOENT;
  return fstat (fd, &now) == 0 &&
         ((before.st_uid == now.st_uid && before.st_gid == now.st_gid) ||
             fchown (fd, before.st_uid, before.st_gid) == 0);
}

static gboolean
write_new (
    int folder, const char *fresh, const char *name, const char *text, gsize length)
{
  int fd = openat (folder, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  gboolean written;
  int problem;

  if (fd == -1)
    return FALSE;
  written = keep_owner (fd, folder, name) && write_all (fd, text, length);
  problem = errno;
  if (close (fd) == 0 && written && renameat (folder, fresh, folder, name) == 0)
    return fsync (folder) == 0;
  if (written)
    problem = errno;
  unlinkat (folder, fresh, 0);
  errno = problem;
  return FALSE;
}

gboolean
private_file_replace (
    int folder, const char *name, const char *text, gsize length, GError **error)
{
  g_autofree char *random = g_uuid_string_random ();
  g_autofree char *fresh = g_strdup_printf (".%s.%s", name, random);

  if (write_new (folder, fresh, name, text, length))
    return TRUE;
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
      "\"%s\" cannot be written: %s; check the room and the permissions of its folder",
      name, g_strerror (errno));
  return FALSE;
}
