/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lines of a file or a pipe, in bounded memory.
 *
 * Belongs to one thread.
 */
#pragma once

#include <gio/gio.h>

typedef struct _LineReader LineReader;

typedef enum {
  LINE_READER_LINE,
  LINE_READER_CUT,      /* the last one, which has no end */
  LINE_READER_TOO_LONG, /* it was passed over */
  LINE_READER_MORE,     /* line_reader_fill() has to come first */
  LINE_READER_END,
} LineReaderResult;

/* path: "-" is the standard input. Lines may be max_line bytes long. */
LineReader *line_reader_open (const char *path, gsize max_line, GError **error);
void line_reader_free (LineReader *reader);

/* For polling. */
int line_reader_get_fd (LineReader *reader);
/* Reads once, which may block. */
gboolean line_reader_fill (LineReader *reader, GError **error);
/* text is without the line end, and good until the next call. */
LineReaderResult line_reader_next (LineReader *reader, const char **text, gsize *length);

/* Of the line that came last, from 1 on. */
guint64 line_reader_get_number (LineReader *reader);
/* From 0 to 1; negative where that is not known. */
double line_reader_get_progress (LineReader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LineReader, line_reader_free)
