/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lines of a file or a pipe. Belongs to one thread.
 */
#include "line-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "callstats/callstats-error.h"

#define READ_BYTES (64 * 1024)

struct _LineReader {
  int fd;
  gsize max_line;
  GByteArray *buffer;
  gsize start;   /* of what was not given out yet */
  gsize scanned; /* up to here there is no line end behind start */
  gboolean skipping, ended;
  guint64 number;
  guint64 read, size; /* bytes; size 0: unknown */
};

static gboolean
fail (GError **error, int code)
{
  g_set_error_literal (
      error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE, g_strerror (code));
  return FALSE;
}

LineReader *
line_reader_open (const char *path, gsize max_line, GError **error)
{
  int fd = strcmp (path, "-") == 0 ? fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                   : open (path, O_RDONLY | O_CLOEXEC);
  LineReader *self;
  struct stat info;

  if (fd < 0) {
    fail (error, errno);
    return NULL;
  }
  self = g_new0 (LineReader, 1);
  self->fd = fd;
  self->max_line = max_line;
  self->buffer = g_byte_array_new ();
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode))
    self->size = (guint64)info.st_size;
  return self;
}

void
line_reader_free (LineReader *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_byte_array_unref (self->buffer);
  g_free (self);
}

int
line_reader_get_fd (LineReader *self)
{
  return self->fd;
}

static void
drop_what_was_given_out (LineReader *self)
{
  if (self->start == 0)
    return;
  g_byte_array_remove_range (self->buffer, 0, (guint)self->start);
  self->scanned -= self->start;
  self->start = 0;
}

gboolean
line_reader_fill (LineReader *self, GError **error)
{
  gsize length;
  ssize_t n;

  drop_what_was_given_out (self);
  length = self->buffer->len;
  g_byte_array_set_size (self->buffer, (guint)(length + READ_BYTES));
  do
    n = read (self->fd, self->buffer->data + length, READ_BYTES);
  while (n < 0 && errno == EINTR);
  g_byte_array_set_size (self->buffer, (guint)(length + (gsize)MAX (n, 0)));
  if (n < 0)
    return fail (error, errno);
  self->ended = n == 0;
  self->read += (guint64)n;
  return TRUE;
}

/* The line from start to end; a line end is behind it, or the end of all. */
static LineReaderResult
give_out (LineReader *self, gsize end, gboolean cut, const char **text, gsize *length)
{
  gboolean too_long = self->skipping || end - self->start > self->max_line;

  *text = (const char *)self->buffer->data + self->start;
  *length = end - self->start;
  self->start = self->scanned = MIN (end + 1, self->buffer->len);
  self->skipping = FALSE;
  self->number++;
  if (too_long)
    return LINE_READER_TOO_LONG;
  return cut ? LINE_READER_CUT : LINE_READER_LINE;
}

/* Of a line that is too long already, nothing is kept. */
static void
note_unfinished (LineReader *self)
{
  self->scanned = self->buffer->len;
  self->skipping |= self->scanned - self->start > self->max_line;
  if (self->skipping)
    self->start = self->scanned;
}

LineReaderResult
line_reader_next (LineReader *self, const char **text, gsize *length)
{
  const guint8 *data = self->buffer->data;
  const guint8 *end = NULL;

  if (self->scanned < self->buffer->len)
    end = memchr (data + self->scanned, '\n', self->buffer->len - self->scanned);
  if (end != NULL)
    return give_out (self, (gsize)(end - data), FALSE, text, length);
  if (self->ended && (self->skipping || self->start < self->buffer->len))
    return give_out (self, self->buffer->len, TRUE, text, length);
  if (self->ended)
    return LINE_READER_END;
  note_unfinished (self);
  return LINE_READER_MORE;
}

guint64
line_reader_get_number (LineReader *self)
{
  return self->number;
}

double
line_reader_get_progress (LineReader *self)
{
  return self->size > 0 ? MIN ((double)self->read / (double)self->size, 1) : -1;
}
