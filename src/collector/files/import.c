/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats-collector import. The main thread reads and parses, the store's writer
 * writes: by turns, so that a collector on the same database gets its turn as well.
 */
#include "import.h"

#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "import-options.h"
#include "import-sessions.h"
#include "line-reader.h"

#define ROUND_BYTES (8 * 1024 * 1024) /* of records read before they are stored */
#define MAX_TOLD 20                   /* lines of a file that are told one by one */
#define PROGRESS_US (G_USEC_PER_SEC / 4)

enum {
  STATUS_OK,
  STATUS_INCOMPLETE,
  STATUS_FAILED,
};

typedef struct {
  const ImportOptions *options;
  GMainLoop *loop;
  Store *store;
  ImportSessions *sessions;

  guint next_file;
  const char *name;   /* of the file */
  LineReader *reader; /* NULL: between files */
  guint input;        /* the source that waits for more of it; 0: none */
  gsize round_bytes;  /* read and not stored yet */
  guint told;         /* lines of this file */
  gboolean known;     /* one of them is of a recorded call */

  guint64 records, skipped;
  gboolean storing, interrupted, unreadable;
  gboolean shows_progress;
  gint64 progress_at;
} Import;

static void read_on (Import *import);

/* Talking */

static void
clear_progress (Import *import)
{
  if (import->progress_at > 0)
    fputs ("\r\033[K", stderr);
  import->progress_at = 0;
}

static void
show_progress (Import *import)
{
  gint64 now = g_get_monotonic_time ();
  double part = import->reader != NULL ? line_reader_get_progress (import->reader) : -1;

  if (!import->shows_progress || now - import->progress_at < PROGRESS_US)
    return;
  import->progress_at = now;
  fprintf (stderr, "\r\033[K%s: ", import->name);
  if (part >= 0)
    fprintf (stderr, "%.0f %%, ", part * 100);
  fprintf (stderr, "%" G_GUINT64_FORMAT " records", import->records);
}

static void
tell (Import *import, const char *name, const char *message)
{
  g_autofree char *valid = g_utf8_make_valid (message, -1);

  clear_progress (import);
  fprintf (stderr, "callstats-collector: %s%s%s\n", name != NULL ? name : "",
      name != NULL ? ": " : "", valid);
}

static void
skip_line (Import *import, const char *why)
{
  g_autofree char *where = g_strdup_printf (
      "%s:%" G_GUINT64_FORMAT, import->name, line_reader_get_number (import->reader));

  import->skipped++;
  if (++import->told <= MAX_TOLD)
    tell (import, where, why);
  if (import->told == MAX_TOLD)
    tell (import, import->name, "further lines that are passed over are only counted");
}

static void
sum_up (Import *import)
{
  guint64 written = import_sessions_get_written (import->sessions);

  clear_progress (import);
  printf ("%" G_GUINT64_FORMAT " records read, %" G_GUINT64_FORMAT
          " stored now, %" G_GUINT64_FORMAT " lines passed over\n",
      import->records, written, import->skipped);
}

/* Lines */

static void
take_line (Import *import, const char *text, gsize length, gboolean cut)
{
  g_auto (RecordLine) line = { 0 };
  g_autoptr (GError) error = NULL;

  if (!record_line_parse (&line, text, length, &error)) {
    skip_line (
        import, cut ? "the last line ends in the middle of a record" : error->message);
    return;
  }
  import->known |= line.kind != RECORD_LINE_OTHER;
  if (line.kind == RECORD_LINE_SESSION)
    import_sessions_introduce (import->sessions, &line);
  if (line.kind != RECORD_LINE_RECORD)
    return;
  if (!import_sessions_take (import->sessions, &line, &error)) {
    skip_line (import, error->message);
    return;
  }
  import->records++;
  import->round_bytes += callstats_record_size (line.record);
}

static LineReaderResult
take_next (Import *import)
{
  const char *text;
  gsize length;
  LineReaderResult result = line_reader_next (import->reader, &text, &length);

  if (result == LINE_READER_TOO_LONG)
    skip_line (import, "the line is longer than any record");
  else if (result == LINE_READER_LINE || result == LINE_READER_CUT)
    take_line (import, text, length, result == LINE_READER_CUT);
  return result;
}

/* Files */

static void
give_up_file (Import *import, const GError *error)
{
  import->unreadable = TRUE;
  tell (import, import->name, error->message);
  g_clear_pointer (&import->reader, line_reader_free);
}

/* FALSE: there is no other. */
static gboolean
open_next (Import *import)
{
  const char *path = import->options->files[import->next_file];
  g_autoptr (GError) error = NULL;

  if (path == NULL)
    return FALSE;
  import->next_file++;
  import->name = strcmp (path, "-") == 0 ? "standard input" : path;
  import->told = 0;
  import->known = FALSE;
  import->reader = line_reader_open (path, RECORD_LINE_MAX, &error);
  if (import->reader == NULL)
    give_up_file (import, error);
  return TRUE;
}

/* The whole of it was passed over without a word otherwise. */
static void
close_file (Import *import)
{
  if (!import->known && import->told == 0 && line_reader_get_number (import->reader) > 0)
    skip_line (import, "no line of it is of a call that callstatsmon recorded");
  g_clear_pointer (&import->reader, line_reader_free);
}

static gboolean
on_stored (gpointer user_data)
{
  Import *import = user_data;

  import->storing = FALSE;
  show_progress (import);
  if (import->interrupted || import_sessions_get_error (import->sessions) != NULL)
    g_main_loop_quit (import->loop);
  else
    read_on (import);
  return G_SOURCE_REMOVE;
}

static void
store_round (Import *import)
{
  import->round_bytes = 0;
  import->storing = TRUE;
  import_sessions_submit (import->sessions);
  store_flush (import->store, on_stored, import);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  Import *import = user_data;
  g_autoptr (GError) error = NULL;

  import->input = 0;
  if (!line_reader_fill (import->reader, &error))
    give_up_file (import, error);
  read_on (import);
  return G_SOURCE_REMOVE;
}

/* What came does not wait for what may come late. */
static void
wait_for_input (Import *import)
{
  GPollFD input = { .fd = line_reader_get_fd (import->reader), .events = G_IO_IN };

  if (import->round_bytes > 0 && g_poll (&input, 1, 0) == 0)
    store_round (import);
  else
    import->input =
        g_unix_fd_add (input.fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, import);
}

/* Up to the end of a round, of what was read of the file, or of all. */
static void
read_on (Import *import)
{
  while (import->round_bytes < ROUND_BYTES) {
    LineReaderResult result;

    if (import->reader == NULL && !open_next (import)) {
      g_main_loop_quit (import->loop);
      return;
    }
    if (import->reader == NULL)
      continue;
    result = take_next (import);
    if (result == LINE_READER_MORE) {
      wait_for_input (import);
      return;
    }
    if (result == LINE_READER_END)
      close_file (import);
  }
  store_round (import);
}

/* The whole of it */

static gboolean
on_start (gpointer user_data)
{
  read_on (user_data);
  return G_SOURCE_REMOVE;
}

/* The second signal ends the process as usual. */
static gboolean
on_signal (gpointer user_data)
{
  Import *import = user_data;

  import->interrupted = TRUE;
  if (!import->storing)
    g_main_loop_quit (import->loop);
  return G_SOURCE_REMOVE;
}

/* The store writes what it was given before it goes, and answers. */
static void
finish (Import *import)
{
  if (import->input != 0)
    g_source_remove (import->input);
  import_sessions_submit (import->sessions);
  import_sessions_close (import->sessions);
  g_clear_pointer (&import->store, store_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_pointer (&import->reader, line_reader_free);
}

static int
judge (Import *import)
{
  const GError *error = import_sessions_get_error (import->sessions);

  sum_up (import);
  if (error != NULL)
    tell (import, NULL, error->message);
  if (import->interrupted)
    tell (import, NULL, "interrupted; import the same files again for the rest");
  if (error != NULL || import->interrupted || import->unreadable)
    return STATUS_FAILED;
  return import->skipped > 0 ? STATUS_INCOMPLETE : STATUS_OK;
}

static int
run (Import *import)
{
  int status;

  import->loop = g_main_loop_new (NULL, FALSE);
  import->sessions =
      import_sessions_new (import->store, import->options->app, import->options->user);
  import->shows_progress = isatty (STDERR_FILENO);
  g_unix_signal_add (SIGINT, on_signal, import);
  g_unix_signal_add (SIGTERM, on_signal, import);
  g_idle_add (on_start, import);
  g_main_loop_run (import->loop);
  finish (import);
  status = judge (import);
  import_sessions_free (import->sessions);
  g_main_loop_unref (import->loop);
  return status;
}

int
import_main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ImportOptions) options = NULL;
  Import import = { 0 };

  g_set_prgname ("callstats-collector import");
  options = import_options_parse (argc, argv, &error);
  if (options != NULL)
    import.store = store_open (options->store, &error);
  if (import.store == NULL) {
    tell (&import, NULL, error->message);
    return STATUS_FAILED;
  }
  import.options = options;
  return run (&import);
}
