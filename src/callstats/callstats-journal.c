/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writing a journal. Blocks on the disk; any thread, one at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "callstats-codec-private.h"
#include "callstats-error.h"
#include "callstats-journal-inside-private.h"

#define RUNS_A_FRAME 4096

CallstatsJournal *
callstats_journal_new (int folder, gsize segment_bytes, const char *session)
{
  CallstatsJournal *self = g_new0 (CallstatsJournal, 1);

  self->folder = folder;
  self->segment_bytes = segment_bytes;
  self->segments = g_array_new (FALSE, FALSE, sizeof (CallstatsSegment));
  self->file = -1;
  self->state.session = g_strdup (session);
  return self;
}

void
callstats_journal_free (CallstatsJournal *self)
{
  if (self == NULL)
    return;
  if (self->file >= 0)
    close (self->file);
  close (self->folder);
  g_array_unref (self->segments);
  callstats_journal_state_clear (&self->state);
  g_free (self);
}

const CallstatsJournalState *
callstats_journal_get_state (CallstatsJournal *self)
{
  return &self->state;
}

gsize
callstats_journal_bytes (CallstatsJournal *self)
{
  gsize bytes = 0;
  guint i;

  for (i = 0; i < self->segments->len; i++)
    bytes += g_array_index (self->segments, CallstatsSegment, i).bytes;
  return bytes;
}

/* Frames */

static void
append_state_frame (GByteArray *bytes, const CallstatsJournalState *state)
{
  g_autofree char *json = callstats_journal_state_to_json (state);
  CallstatsJournalFrame frame = {
    .type = CALLSTATS_FRAME_STATE, .payload = json, .length = strlen (json)
  };

  callstats_journal_frame_append (bytes, &frame);
}

/* One that is too long for the protocol keeps its place only. */
static void
append_record_frame (GByteArray *bytes, const CallstatsJournalEntry *entry)
{
  g_autoptr (GString) json = g_string_new (NULL);
  CallstatsJournalFrame frame = { .type = CALLSTATS_FRAME_RECORD, .entry = *entry };

  if (!entry->lost)
    callstats_record_append_json (entry->record, json);
  if (json->len > CALLSTATS_MAX_RECORD) {
    g_string_truncate (json, 0);
    frame.entry.lost = TRUE;
    frame.entry.loss = CALLSTATS_LOSS_SIZE;
  }
  frame.payload = json->str;
  frame.length = json->len;
  callstats_journal_frame_append (bytes, &frame);
}

/* Runs of indexes: the first one and how many. */
static void
append_drop_frame (GByteArray *bytes, CallstatsLoss loss, const GArray *runs, guint from)
{
  guint n = MIN (runs->len - from, 2 * RUNS_A_FRAME);
  g_autofree guint64 *payload = g_new (guint64, n);
  CallstatsJournalFrame frame = { .type = CALLSTATS_FRAME_DROP,
    .entry.loss = loss,
    .payload = (const char *)payload,
    .length = n * sizeof (guint64) };
  guint i;

  for (i = 0; i < n; i++)
    payload[i] = GUINT64_TO_LE (g_array_index (runs, guint64, from + i));
  callstats_journal_frame_append (bytes, &frame);
}

static GArray *
make_runs (const GArray *indexes)
{
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint i;

  for (i = 0; i < indexes->len; i++) {
    guint64 index = g_array_index (indexes, guint64, i);
    guint64 *run = runs->len > 0 ? &g_array_index (runs, guint64, runs->len - 2) : NULL;
    guint64 one[2] = { index, 1 };

    if (run != NULL && run[0] + run[1] == index)
      run[1]++;
    else
      g_array_append_vals (runs, one, 2);
  }
  return runs;
}

/* Segments */

static gboolean
sync_file (CallstatsJournal *self, GError **error)
{
  if (self->file < 0 || !self->unsynced)
    return TRUE;
  if (fdatasync (self->file) != 0)
    return callstats_journal_fail (error, "synced", errno);
  self->unsynced = FALSE;
  return TRUE;
}

/* The next segment, with the state at its beginning: it needs no older one. */
static gboolean
begin_segment (CallstatsJournal *self, GError **error)
{
  CallstatsSegment *last = callstats_journal_last (self);
  CallstatsSegment segment = { .number = last != NULL ? last->number + 1 : 1,
    .first_index = 1 };
  g_autofree char *name =
      callstats_segment_name (segment.number, CALLSTATS_SEGMENT_SUFFIX);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  int file = openat (
      self->folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (file < 0)
    return callstats_journal_fail (error, "made", errno);
  g_byte_array_append (
      bytes, (const guint8 *)CALLSTATS_JOURNAL_MAGIC, CALLSTATS_JOURNAL_MAGIC_BYTES);
  append_state_frame (bytes, &self->state);
  if (!sync_file (self, error) || !callstats_segment_write (file, 0, bytes, error)) {
    close (file);
    unlinkat (self->folder, name, 0);
    return FALSE;
  }
  if (self->file >= 0)
    close (self->file);
  self->file = file;
  self->unsynced = self->new_names = TRUE;
  segment.bytes = bytes->len;
  g_array_append_val (self->segments, segment);
  return TRUE;
}

static gboolean
ensure_segment (CallstatsJournal *self, GError **error)
{
  CallstatsSegment *last = callstats_journal_last (self);

  if (self->file >= 0 && last->bytes < self->segment_bytes)
    return TRUE;
  return begin_segment (self, error);
}

static gboolean
write_frames (CallstatsJournal *self, const GByteArray *bytes, GError **error)
{
  CallstatsSegment *last = callstats_journal_last (self);

  if (!callstats_segment_write (self->file, last->bytes, bytes, error))
    return FALSE;
  last->bytes += bytes->len;
  self->unsynced = TRUE;
  return TRUE;
}

/* Writing */

/* What has been told is pending no more. */
static void
note_entry (CallstatsJournal *self, const CallstatsJournalEntry *entry)
{
  CallstatsGap gap;
  CallstatsLoss loss;

  callstats_segment_note (callstats_journal_last (self), entry->index);
  self->state.last = MAX (self->state.last, entry->index);
  if (entry->keep == CALLSTATS_KEEP_GAP &&
      callstats_gap_read_record (entry->record, &gap, &loss))
    callstats_gap_subtract (&self->state.gaps[loss], gap.count);
}

static void
take_state (CallstatsJournal *self, const CallstatsJournalState *state)
{
  if (self->state.session != state->session) {
    g_free (self->state.session);
    self->state.session = g_strdup (state->session);
  }
  self->state.acknowledged = state->acknowledged;
  self->state.through = state->through;
  self->state.last = MAX (self->state.last, state->last);
  memcpy (self->state.gaps, state->gaps, sizeof self->state.gaps);
}

gboolean
callstats_journal_write_state (
    CallstatsJournal *self, const CallstatsJournalState *state, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  append_state_frame (bytes, state);
  if (!ensure_segment (self, error) || !write_frames (self, bytes, error))
    return FALSE;
  take_state (self, state);
  return TRUE;
}

gboolean
callstats_journal_append (
    CallstatsJournal *self, const CallstatsJournalEntry *entries, guint n, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint i;

  if (!ensure_segment (self, error))
    return FALSE;
  for (i = 0; i < n; i++)
    append_record_frame (bytes, &entries[i]);
  if (!write_frames (self, bytes, error))
    return FALSE;
  for (i = 0; i < n; i++)
    note_entry (self, &entries[i]);
  return TRUE;
}

gboolean
callstats_journal_drop (CallstatsJournal *self, CallstatsLoss loss,
    const CallstatsGap *gap, const GArray *indexes, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GArray) runs = make_runs (indexes);
  guint i;

  for (i = 0; i < runs->len; i += 2 * RUNS_A_FRAME)
    append_drop_frame (bytes, loss, runs, i);
  if (!ensure_segment (self, error) || !write_frames (self, bytes, error))
    return FALSE;
  callstats_gap_add (&self->state.gaps[loss], gap->count, gap->from, gap->to);
  return TRUE;
}

gboolean
callstats_journal_sync (CallstatsJournal *self, GError **error)
{
  if (!sync_file (self, error))
    return FALSE;
  if (self->new_names && fsync (self->folder) != 0)
    return callstats_journal_fail (error, "synced", errno);
  self->new_names = FALSE;
  return TRUE;
}
