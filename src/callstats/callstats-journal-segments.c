/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A journal's segments: their files, reading them again, freeing their disk. Blocks on
 * the disk; any thread, one at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "callstats-error.h"
#include "callstats-journal-inside-private.h"
#include "callstats-json-private.h"

#define REWRITTEN_SUFFIX ".new"
#define MAX_SEGMENT (64 * 1024 * 1024) /* what is longer is none of ours */

gboolean
callstats_journal_fail (GError **error, const char *what, int code)
{
  g_set_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_UNAVAILABLE,
      "a journal cannot be %s: %s", what, g_strerror (code));
  return FALSE;
}

char *
callstats_segment_name (guint64 number, const char *suffix)
{
  return g_strdup_printf ("%08" G_GINT64_MODIFIER "x%s", number, suffix);
}

/* Ours alone: a plain file without a second name elsewhere. */
static gboolean
is_ours (int file, gsize *length)
{
  struct stat info;

  if (fstat (file, &info) != 0 || !S_ISREG (info.st_mode) || info.st_uid != geteuid () ||
      info.st_nlink > 1)
    return FALSE;
  *length = (gsize)info.st_size;
  return TRUE;
}

int
callstats_segment_open (
    CallstatsJournal *self, guint64 number, gboolean writable, GError **error)
{
  g_autofree char *name = callstats_segment_name (number, CALLSTATS_SEGMENT_SUFFIX);
  int file = openat (self->folder, name,
      (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  gsize length;

  if (file < 0) {
    callstats_journal_fail (error, "opened", errno);
    return -1;
  }
  if (!is_ours (file, &length)) {
    close (file);
    callstats_journal_fail (error, "opened", EPERM);
    return -1;
  }
  return file;
}

static GByteArray *
read_whole (int file, gsize length, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gsize done = 0;

  g_byte_array_set_size (bytes, (guint)length);
  while (done < length) {
    gssize n = pread (file, bytes->data + done, length - done, (off_t)done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      callstats_journal_fail (error, "read", errno);
      return NULL;
    }
    if (n == 0)
      break;
    done += (gsize)n;
  }
  g_byte_array_set_size (bytes, (guint)done);
  return g_steal_pointer (&bytes);
}

GByteArray *
callstats_segment_load (
    CallstatsJournal *self, const CallstatsSegment *segment, GError **error)
{
  int file = callstats_segment_open (self, segment->number, FALSE, error);
  GByteArray *bytes = NULL;
  gsize length;

  if (file < 0)
    return NULL;
  if (is_ours (file, &length))
    bytes = read_whole (file, MIN (length, MAX_SEGMENT), error);
  close (file);
  return bytes;
}

/* All or nothing: what was written of it is cut again. */
gboolean
callstats_segment_write (int file, gsize offset, const GByteArray *bytes, GError **error)
{
  gsize done = 0;

  while (done < bytes->len) {
    gssize n =
        pwrite (file, bytes->data + done, bytes->len - done, (off_t)(offset + done));
    int code = errno;

    if (n < 0 && code == EINTR)
      continue;
    if (n <= 0) {
      if (ftruncate (file, (off_t)offset) != 0)
        code = errno;
      return callstats_journal_fail (error, "written", n < 0 ? code : ENOSPC);
    }
    done += (gsize)n;
  }
  return TRUE;
}

/* Frames */

void
callstats_frame_reader_init (CallstatsFrameReader *reader, const GByteArray *bytes)
{
  *reader = (CallstatsFrameReader){ .bytes = bytes->data, .length = bytes->len };
  if (bytes->len >= CALLSTATS_JOURNAL_MAGIC_BYTES)
    reader->offset = reader->good = CALLSTATS_JOURNAL_MAGIC_BYTES;
}

gboolean
callstats_frame_reader_next (CallstatsFrameReader *reader, CallstatsJournalFrame *frame)
{
  for (; reader->offset < reader->length; reader->offset++) {
    gsize whole = callstats_journal_frame_read (
        reader->bytes + reader->offset, reader->length - reader->offset, frame);

    if (whole > 0) {
      reader->offset += whole;
      reader->good = reader->offset;
      return TRUE;
    }
  }
  return FALSE;
}

/* Reading */

static CallstatsRecord *
parse_record (const CallstatsJournalFrame *frame)
{
  g_autoptr (JsonObject) object = NULL;
  CallstatsRecord *record;

  if (frame->entry.lost)
    return NULL;
  object = callstats_json_parse_object (frame->payload, frame->length, NULL);
  record = object != NULL ? callstats_record_new_from_object (object, NULL) : NULL;
  /* The text has three decimals, and a double not always the last of them. */
  if (record != NULL)
    record->time = frame->entry.time;
  return record;
}

/* Returns: bytes read, of records from `from` on. */
static gsize
read_segment (const GByteArray *bytes, guint64 from, gsize max_bytes, GArray *entries)
{
  CallstatsFrameReader reader;
  CallstatsJournalFrame frame;
  gsize total = 0;

  callstats_frame_reader_init (&reader, bytes);
  while (total < max_bytes && callstats_frame_reader_next (&reader, &frame)) {
    if (frame.type != CALLSTATS_FRAME_RECORD || frame.entry.index < from)
      continue;
    frame.entry.record = parse_record (&frame);
    frame.entry.lost = frame.entry.record == NULL;
    total += frame.length + CALLSTATS_JOURNAL_HEADER_BYTES;
    g_array_append_val (entries, frame.entry);
  }
  return total;
}

gboolean
callstats_journal_read (CallstatsJournal *self, guint64 from, gsize max_bytes,
    GArray *entries, GError **error)
{
  gsize total = 0;
  guint i;

  for (i = 0; i < self->segments->len && total < max_bytes; i++) {
    CallstatsSegment *segment = &g_array_index (self->segments, CallstatsSegment, i);
    g_autoptr (GByteArray) bytes = NULL;

    if (segment->last_index < from || segment->first_index > segment->last_index)
      continue;
    bytes = callstats_segment_load (self, segment, error);
    if (bytes == NULL)
      return FALSE;
    total += read_segment (bytes, from, max_bytes - total, entries);
  }
  return TRUE;
}

/* Freeing the disk */

static void
unlink_segment (CallstatsJournal *self, guint64 number)
{
  g_autofree char *name = callstats_segment_name (number, CALLSTATS_SEGMENT_SUFFIX);

  unlinkat (self->folder, name, 0);
}

void
callstats_journal_trim (CallstatsJournal *self)
{
  guint n = 0;

  /* The state that makes them superfluous must outlive the power too. */
  while (n + 1 < self->segments->len &&
         g_array_index (self->segments, CallstatsSegment, n).last_index <=
             self->state.through)
    n++;
  if (n == 0 || !callstats_journal_sync (self, NULL))
    return;
  while (n-- > 0) {
    unlink_segment (self, g_array_index (self->segments, CallstatsSegment, 0).number);
    g_array_remove_index (self->segments, 0);
  }
}

gboolean
callstats_journal_remove (CallstatsJournal *self, GError **error)
{
  if (self->file >= 0)
    close (self->file);
  self->file = -1;
  /* The newest last: it has the state. */
  while (self->segments->len > 0) {
    unlink_segment (self, g_array_index (self->segments, CallstatsSegment, 0).number);
    g_array_remove_index (self->segments, 0);
  }
  return fsync (self->folder) == 0 || callstats_journal_fail (error, "removed", errno);
}

/* Compaction */

/* previous: the live index before it, 0 for none. */
static gboolean
is_live (const GArray *live, guint64 index, guint64 *previous)
{
  guint low = 0, high = live->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (g_array_index (live, guint64, middle) < index)
      low = middle + 1;
    else
      high = middle;
  }
  *previous = low > 0 ? g_array_index (live, guint64, low - 1) : 0;
  return low < live->len && g_array_index (live, guint64, low) == index;
}

/* Drops and states stay: they speak of other segments too. */
static void
copy_frame (GByteArray *to, CallstatsJournalFrame *frame, const GArray *live,
    gint64 before, CallstatsSegment *segment)
{
  if (frame->type == CALLSTATS_FRAME_RECORD) {
    if (!is_live (live, frame->entry.index, &frame->entry.follows))
      return;
    if (frame->entry.time < before && frame->entry.keep != CALLSTATS_KEEP_GAP) {
      frame->length = 0;
      frame->entry.lost = TRUE;
      frame->entry.loss = CALLSTATS_LOSS_AGE;
    }
    callstats_segment_note (segment, frame->entry.index);
  }
  callstats_journal_frame_append (to, frame);
}

/* Under another name first, so that either the old one or the new one is there. */
static gboolean
replace_segment (
    CallstatsJournal *self, guint64 number, const GByteArray *bytes, GError **error)
{
  g_autofree char *name = callstats_segment_name (number, CALLSTATS_SEGMENT_SUFFIX);
  g_autofree char *temporary = callstats_segment_name (number, REWRITTEN_SUFFIX);
  gboolean ok;
  int file;

  unlinkat (self->folder, temporary, 0);
  file = openat (self->folder, temporary,
      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0)
    return callstats_journal_fail (error, "compacted", errno);
  ok = callstats_segment_write (file, 0, bytes, error) &&
       (fdatasync (file) == 0 || callstats_journal_fail (error, "synced", errno)) &&
       (renameat (self->folder, temporary, self->folder, name) == 0 ||
           callstats_journal_fail (error, "compacted", errno));
  close (file);
  if (!ok)
    unlinkat (self->folder, temporary, 0);
  return ok;
}

static gboolean
compact_segment (CallstatsJournal *self, CallstatsSegment *segment, const GArray *live,
    gint64 before, GError **error)
{
  g_autoptr (GByteArray) bytes = callstats_segment_load (self, segment, error);
  g_autoptr (GByteArray) kept = g_byte_array_new ();
  CallstatsSegment after = { .number = segment->number, .first_index = 1 };
  CallstatsFrameReader reader;
  CallstatsJournalFrame frame;

  if (bytes == NULL)
    return FALSE;
  callstats_frame_reader_init (&reader, bytes);
  g_byte_array_append (
      kept, (const guint8 *)CALLSTATS_JOURNAL_MAGIC, CALLSTATS_JOURNAL_MAGIC_BYTES);
  while (callstats_frame_reader_next (&reader, &frame))
    copy_frame (kept, &frame, live, before, &after);
  if (kept->len >= segment->bytes)
    return TRUE;
  if (!replace_segment (self, segment->number, kept, error))
    return FALSE;
  after.bytes = kept->len;
  *segment = after;
  return TRUE;
}

gboolean
callstats_journal_compact (
    CallstatsJournal *self, const GArray *live, gint64 before, GError **error)
{
  guint i;

  if (!callstats_journal_sync (self, error))
    return FALSE;
  if (self->file >= 0)
    close (self->file);
  self->file = -1; /* the next write begins a segment */
  for (i = 0; i < self->segments->len; i++) {
    if (!compact_segment (self, &g_array_index (self->segments, CallstatsSegment, i),
            live, before, error))
      return FALSE;
  }
  return fsync (self->folder) == 0 || callstats_journal_fail (error, "synced", errno);
}
