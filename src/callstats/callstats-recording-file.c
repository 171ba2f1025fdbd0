/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The file that a session is recorded in. Blocks on the disk; one thread at a time.
 */
#include "callstats-recording-file-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "callstats-error.h"

struct _CallstatsRecordingFile {
  char *path;
  char *head;
  int fd;     /* -1: not open */
  off_t size; /* at the end of what was appended last */
  gboolean head_due;
  gboolean folder_due; /* it may not know the file yet when the power goes */
};

CallstatsRecordingFile *
callstats_recording_file_new (const char *path, const char *head)
{
  CallstatsRecordingFile *self = g_new0 (CallstatsRecordingFile, 1);

  self->path = g_strdup (path);
  self->head = g_strdup (head);
  self->fd = -1;
  return self;
}

void
callstats_recording_file_free (CallstatsRecordingFile *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self->head);
  g_free (self);
}

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error_literal (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE, why);
  return FALSE;
}

static gboolean
fail (GError **error, int code)
{
  if (code == ELOOP)
    return refuse (error, "it is a symbolic link, which is not followed");
  if (code == ENOENT)
    return refuse (error, "its folder does not exist");
  return refuse (error, g_strerror (code));
}

/* Opening */

/* What somebody else has put there gets no records. */
static gboolean
check (int fd, GError **error)
{
  struct stat info;

  if (fstat (fd, &info) != 0)
    return fail (error, errno);
  if (!S_ISREG (info.st_mode))
    return refuse (error, "it is no regular file");
  if (info.st_uid != geteuid ())
    return refuse (error, "it belongs to another user");
  if (info.st_nlink != 1)
    return refuse (error, "it has another name too, or none any more");
  return TRUE;
}

/* O_NONBLOCK: a FIFO must not be waited for. */
static gboolean
open_file (CallstatsRecordingFile *self, GError **error)
{
  int fd = open (self->path,
      O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

  if (fd < 0)
    return fail (error, errno);
  if (!check (fd, error)) {
    close (fd);
    return FALSE;
  }
  self->fd = fd;
  self->size = 0;
  self->head_due = TRUE;
  self->folder_due = TRUE;
  return TRUE;
}

static gboolean
is_in_place (CallstatsRecordingFile *self)
{
  struct stat ours, there;

  return fstat (self->fd, &ours) == 0 &&
         fstatat (AT_FDCWD, self->path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* A file that was moved away or removed in mid-call is followed by a new one. */
static gboolean
ensure_open (CallstatsRecordingFile *self, GError **error)
{
  if (self->fd >= 0 && is_in_place (self))
    return TRUE;
  if (self->fd >= 0) {
    if (!callstats_recording_file_sync (self, error))
      return FALSE;
    close (self->fd);
    self->fd = -1;
  }
  return open_file (self, error);
}

/* Appending, with the lock */

/* Returns: how much of it is in the file; less than length with an error. */
static gsize
write_all (CallstatsRecordingFile *self, const char *text, gsize length, GError **error)
{
  gsize written = 0;

  while (written < length) {
    ssize_t n = write (self->fd, text + written, length - written);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      fail (error, n == 0 ? EIO : errno);
      break;
    }
    written += (gsize)n;
    self->size += n;
  }
  return written;
}

static gboolean
is_torn (CallstatsRecordingFile *self)
{
  char last = '\n';

  return self->size > 0 && pread (self->fd, &last, 1, self->size - 1) == 1 &&
         last != '\n';
}

/* What has to come before the text. A file that became shorter lost its beginning. */
static char *
make_prefix (CallstatsRecordingFile *self, GError **error)
{
  struct stat info;

  if (fstat (self->fd, &info) != 0) {
    fail (error, errno);
    return NULL;
  }
  self->head_due |= info.st_size < self->size;
  self->size = info.st_size;
  return g_strconcat (is_torn (self) ? "\n" : "", self->head_due ? self->head : "", NULL);
}

static CallstatsRecordingResult
append (CallstatsRecordingFile *self, const char *text, gsize length, gsize *written,
    GError **error)
{
  g_autofree char *prefix = make_prefix (self, error);
  gsize prefix_length = prefix != NULL ? strlen (prefix) : 0;

  if (prefix == NULL || write_all (self, prefix, prefix_length, error) < prefix_length)
    return CALLSTATS_RECORDING_FAILED;
  self->head_due = FALSE;
  *written = write_all (self, text, length, error);
  return *written == length ? CALLSTATS_RECORDING_WRITTEN : CALLSTATS_RECORDING_FAILED;
}

/* The lock lasts as long as one append, so nobody waits for it. Where the file system has
 * none, O_APPEND still keeps what one write brings together. */
CallstatsRecordingResult
callstats_recording_file_append (CallstatsRecordingFile *self, const char *text,
    gsize length, gsize *written, GError **error)
{
  CallstatsRecordingResult result;

  *written = 0;
  if (!ensure_open (self, error))
    return CALLSTATS_RECORDING_FAILED;
  if (flock (self->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return CALLSTATS_RECORDING_BUSY;
  result = append (self, text, length, written, error);
  flock (self->fd, LOCK_UN);
  return result;
}

static void
sync_folder (CallstatsRecordingFile *self)
{
  g_autofree char *path = g_path_get_dirname (self->path);
  int folder = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  /* One that may not be read cannot be synced. */
  if (folder < 0)
    return;
  fsync (folder);
  close (folder);
}

gboolean
callstats_recording_file_sync (CallstatsRecordingFile *self, GError **error)
{
  if (self->fd < 0)
    return TRUE;
  if (fdatasync (self->fd) != 0)
    return fail (error, errno);
  if (self->folder_due)
    sync_folder (self);
  self->folder_due = FALSE;
  return TRUE;
}
