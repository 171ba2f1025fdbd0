/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a process left behind in its journal. Blocks on the disk; any thread, one at a
 * time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "callstats-error.h"
#include "callstats-journal-inside-private.h"
#include "callstats-json-private.h"

#define MAX_HOLE 65536 /* records that damage may have taken at a time */

typedef struct {
  CallstatsJournal *journal;
  GArray *entries;     /* CallstatsJournalEntry, by index */
  GByteArray *dropped; /* beside entries: whether it was */
} Recovery;

/* Files */

static gboolean
parse_name (const char *name, const char *suffix, guint64 *number)
{
  g_autofree char *digits = NULL;

  if (!g_str_has_suffix (name, suffix))
    return FALSE;
  digits = g_strndup (name, strlen (name) - strlen (suffix));
  return g_ascii_string_to_unsigned (digits, 16, 1, G_MAXUINT32, number, NULL);
}

static int
compare_segments (gconstpointer a, gconstpointer b)
{
  guint64 first = ((const CallstatsSegment *)a)->number;
  guint64 second = ((const CallstatsSegment *)b)->number;

  return first < second ? -1 : first > second;
}

static gboolean
list_segments (CallstatsJournal *self, GError **error)
{
  int copy = openat (self->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = copy >= 0 ? fdopendir (copy) : NULL;
  struct dirent *file;

  if (folder == NULL) {
    callstats_journal_fail (error, "listed", errno);
    if (copy >= 0)
      close (copy);
    return FALSE;
  }
  while ((file = readdir (folder)) != NULL) {
    CallstatsSegment segment = { .first_index = 1 };

    if (parse_name (file->d_name, CALLSTATS_SEGMENT_SUFFIX, &segment.number))
      g_array_append_val (self->segments, segment);
  }
  closedir (folder);
  g_array_sort (self->segments, compare_segments);
  return TRUE;
}

/* Frames */

static CallstatsJournalEntry *
entry_at (Recovery *recovery, guint i)
{
  return &g_array_index (recovery->entries, CallstatsJournalEntry, i);
}

/* Returns: the place of the first entry with that index or a higher one. */
static guint
find_place (Recovery *recovery, guint64 index)
{
  guint low = 0, high = recovery->entries->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (entry_at (recovery, middle)->index < index)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static guint64
last_index (Recovery *recovery)
{
  guint n = recovery->entries->len;

  return n > 0 ? entry_at (recovery, n - 1)->index : 0;
}

static void
add_entry (Recovery *recovery, const CallstatsJournalEntry *entry)
{
  static const guint8 kept = FALSE;

  g_array_append_val (recovery->entries, *entry);
  g_byte_array_append (recovery->dropped, &kept, 1);
}

/* What damage took keeps its place, for the numbers of those behind it. */
static void
fill_hole (Recovery *recovery, const CallstatsJournalEntry *next)
{
  CallstatsJournalEntry lost = { .lost = TRUE,
    .loss = CALLSTATS_LOSS_DISK,
    .keep = CALLSTATS_KEEP_EVENT,
    .time = next->time };
  guint64 index = MAX (last_index (recovery), recovery->journal->state.through) + 1;
  guint64 n;

  for (n = 0; index <= next->follows && n < MAX_HOLE; n++) {
    lost.index = index++;
    add_entry (recovery, &lost);
  }
}

static void
take_record (Recovery *recovery, const CallstatsJournalFrame *frame)
{
  CallstatsGap gap;
  CallstatsLoss loss;
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (CallstatsRecord) record = NULL;

  if (frame->entry.index <= last_index (recovery))
    return;
  fill_hole (recovery, &frame->entry);
  add_entry (recovery, &frame->entry);
  if (frame->entry.keep != CALLSTATS_KEEP_GAP)
    return;
  object = callstats_json_parse_object (frame->payload, frame->length, NULL);
  record = object != NULL ? callstats_record_new_from_object (object, NULL) : NULL;
  if (record != NULL && callstats_gap_read_record (record, &gap, &loss))
    callstats_gap_subtract (&recovery->journal->state.gaps[loss], gap.count);
}

static void
drop_run (Recovery *recovery, guint64 first, guint64 n, CallstatsLoss loss)
{
  guint i;

  for (i = find_place (recovery, first); i < recovery->entries->len; i++) {
    CallstatsJournalEntry *entry = entry_at (recovery, i);

    if (entry->index - first >= n)
      return;
    if (recovery->dropped->data[i])
      continue;
    recovery->dropped->data[i] = TRUE;
    callstats_gap_add (&recovery->journal->state.gaps[loss], 1, entry->time, entry->time);
  }
}

static void
take_drop (Recovery *recovery, const CallstatsJournalFrame *frame)
{
  gsize i;

  for (i = 0; i + 2 * sizeof (guint64) <= frame->length; i += 2 * sizeof (guint64)) {
    guint64 run[2];

    memcpy (run, frame->payload + i, sizeof run);
    drop_run (
        recovery, GUINT64_FROM_LE (run[0]), GUINT64_FROM_LE (run[1]), frame->entry.loss);
  }
}

static void
take_frame (Recovery *recovery, const CallstatsJournalFrame *frame)
{
  guint64 last = recovery->journal->state.last;

  if (frame->type == CALLSTATS_FRAME_RECORD)
    take_record (recovery, frame);
  else if (frame->type == CALLSTATS_FRAME_DROP)
    take_drop (recovery, frame);
  else
    callstats_journal_state_from_json (
        frame->payload, frame->length, &recovery->journal->state);
  recovery->journal->state.last =
      MAX (MAX (last, last_index (recovery)), recovery->journal->state.last);
}

/* Segments */

/* What was being written when its process died. */
static void
cut_tail (CallstatsJournal *self, CallstatsSegment *segment, gsize length)
{
  int file;

  if (segment->bytes == length)
    return;
  file = callstats_segment_open (self, segment->number, TRUE, NULL);
  if (file < 0)
    return;
  if (ftruncate (file, (off_t)segment->bytes) != 0)
    segment->bytes = length;
  close (file);
}

static gboolean
recover_segment (Recovery *recovery, guint i, GError **error)
{
  CallstatsJournal *self = recovery->journal;
  CallstatsSegment *segment = &g_array_index (self->segments, CallstatsSegment, i);
  g_autoptr (GByteArray) bytes = callstats_segment_load (self, segment, error);
  CallstatsFrameReader reader;
  CallstatsJournalFrame frame;

  if (bytes == NULL)
    return FALSE;
  callstats_frame_reader_init (&reader, bytes);
  while (callstats_frame_reader_next (&reader, &frame)) {
    if (frame.type == CALLSTATS_FRAME_RECORD)
      callstats_segment_note (segment, frame.entry.index);
    take_frame (recovery, &frame);
  }
  segment->bytes = reader.good;
  cut_tail (self, segment, bytes->len);
  return TRUE;
}

/* Those that are neither acknowledged nor dropped. */
static GArray *
collect (Recovery *recovery)
{
  GArray *entries = g_array_new (FALSE, FALSE, sizeof (CallstatsJournalEntry));
  guint i;

  g_array_set_clear_func (entries, callstats_journal_entry_clear);
  for (i = 0; i < recovery->entries->len; i++) {
    CallstatsJournalEntry *entry = entry_at (recovery, i);

    if (!recovery->dropped->data[i] && entry->index > recovery->journal->state.through)
      g_array_append_val (entries, *entry);
  }
  return entries;
}

GArray *
callstats_journal_recover (CallstatsJournal *self, GError **error)
{
  Recovery recovery = { .journal = self };
  GArray *entries = NULL;
  gboolean ok;
  guint i;

  ok = list_segments (self, error);
  recovery.entries = g_array_new (FALSE, FALSE, sizeof (CallstatsJournalEntry));
  recovery.dropped = g_byte_array_new ();
  for (i = 0; ok && i < self->segments->len; i++)
    ok = recover_segment (&recovery, i, error);
  if (ok)
    entries = collect (&recovery);
  g_array_unref (recovery.entries);
  g_byte_array_unref (recovery.dropped);
  return entries;
}
