/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of a journal, for its three files: callstats-journal.c (writing),
 * -recovery.c (what a process left behind) and -segments.c (reading, compaction, files).
 */
#pragma once

#include "callstats-journal-private.h"

typedef struct {
  guint64 number;
  gsize bytes;
  guint64 first_index, last_index; /* of its records; first > last: none */
} CallstatsSegment;

struct _CallstatsJournal {
  int folder;
  gsize segment_bytes;
  GArray *segments; /* CallstatsSegment, oldest first; the last one is written to */
  int file;         /* of the last segment; -1: none */
  gboolean unsynced;
  gboolean new_names; /* the folder itself is not on the disk yet */
  CallstatsJournalState state;
};

#define CALLSTATS_SEGMENT_SUFFIX ".journal"

/* Files; errors name the reason, without paths that tell of users. */
gboolean callstats_journal_fail (GError **error, const char *what, int code);
char *callstats_segment_name (guint64 number, const char *suffix);
/* Returns: a descriptor; -1 with an error. Never of a link, nor of what others own. */
int callstats_segment_open (
    CallstatsJournal *journal, guint64 number, gboolean writable, GError **error);
/* (transfer full) (nullable) */
GByteArray *callstats_segment_load (
    CallstatsJournal *journal, const CallstatsSegment *segment, GError **error);
gboolean callstats_segment_write (
    int file, gsize offset, const GByteArray *bytes, GError **error);

static inline CallstatsSegment *
callstats_journal_last (CallstatsJournal *journal)
{
  return journal->segments->len > 0 ? &g_array_index (journal->segments, CallstatsSegment,
                                          journal->segments->len - 1)
                                    : NULL;
}

static inline void
callstats_segment_note (CallstatsSegment *segment, guint64 index)
{
  if (segment->first_index > segment->last_index)
    segment->first_index = index;
  segment->last_index = index;
}

/* Steps through frames, over what is damaged. */
typedef struct {
  const guint8 *bytes;
  gsize length, offset;
  gsize good; /* the end of the last whole frame */
} CallstatsFrameReader;

void callstats_frame_reader_init (CallstatsFrameReader *reader, const GByteArray *bytes);
gboolean callstats_frame_reader_next (
    CallstatsFrameReader *reader, CallstatsJournalFrame *frame);
