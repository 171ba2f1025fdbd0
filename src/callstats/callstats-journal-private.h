/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The journal of one session on disk: an append-only log of records and of what became of
 * them, in segments. docs/architecture.md tells its form and what it promises.
 *
 * Blocks on the disk. Any thread, one at a time.
 */
#pragma once

#include "callstats-gap-private.h"

/* How dear a record is where room is short: the first ones go first. */
typedef enum {
  CALLSTATS_KEEP_REPORT,
  CALLSTATS_KEEP_EVENT,
  CALLSTATS_KEEP_LIFECYCLE, /* and feedback */
  CALLSTATS_KEEP_GAP,       /* never given up */
} CallstatsKeep;

/* One record. The records that are neither acknowledged nor dropped have consecutive
 * sequence numbers in the order of their indexes. */
typedef struct {
  guint64 index;   /* from 1 on */
  guint64 follows; /* the index before it, of those that were not dropped then */
  gint64 time;
  guint32 fabric; /* hash of its id */
  CallstatsKeep keep;
  gboolean lost; /* nothing is left but its place */
  CallstatsLoss loss;
  CallstatsRecord *record; /* nullable: not read */
} CallstatsJournalEntry;

typedef struct {
  char *session;
  guint64 acknowledged; /* the highest sequence number that is stored at the backend */
  guint64 through;      /* the index that had it, or a higher one */
  guint64 last;         /* the highest index so far */
  CallstatsGap gaps[CALLSTATS_N_LOSSES]; /* not told yet */
} CallstatsJournalState;

typedef struct _CallstatsJournal CallstatsJournal;

/* folder: open for the session's own folder, which is locked; owned by the journal.
 * segment_bytes: a segment is closed when it is that long. */
CallstatsJournal *callstats_journal_new (
    int folder, gsize segment_bytes, const char *session);
/* Leaves what is on disk. */
void callstats_journal_free (CallstatsJournal *journal);

/* Reads what there is, cuts a torn tail. Returns: (element-type CallstatsJournalEntry):
 * the records that are neither acknowledged nor dropped, oldest first, without their
 * text. NULL with an error: unreadable. */
GArray *callstats_journal_recover (CallstatsJournal *journal, GError **error);
const CallstatsJournalState *callstats_journal_get_state (CallstatsJournal *journal);

/* Each either happens whole or not at all. */
gboolean callstats_journal_write_state (
    CallstatsJournal *journal, const CallstatsJournalState *state, GError **error);
gboolean callstats_journal_append (CallstatsJournal *journal,
    const CallstatsJournalEntry *entries, guint n, GError **error);
/* indexes (element-type guint64): ascending; gap: what they add up to */
gboolean callstats_journal_drop (CallstatsJournal *journal, CallstatsLoss loss,
    const CallstatsGap *gap, const GArray *indexes, GError **error);
/* Everything before is on the disk itself, whatever becomes of the power. */
gboolean callstats_journal_sync (CallstatsJournal *journal, GError **error);

/* Frees the disk of segments that are acknowledged or dropped as a whole. */
void callstats_journal_trim (CallstatsJournal *journal);
/* Rewrites segments without the records whose indexes are not in live (element-type
 * guint64, ascending), and without the text of those from before the time. */
gboolean callstats_journal_compact (
    CallstatsJournal *journal, const GArray *live, gint64 before, GError **error);
/* Nothing is left of it but the folder. */
gboolean callstats_journal_remove (CallstatsJournal *journal, GError **error);

/* Reads records from the index on, at least one and about max_bytes. Appends to entries
 * (element-type CallstatsJournalEntry); one that cannot be read any more is lost. */
gboolean callstats_journal_read (CallstatsJournal *journal, guint64 from, gsize max_bytes,
    GArray *entries, GError **error);

gsize callstats_journal_bytes (CallstatsJournal *journal);

void callstats_journal_state_clear (CallstatsJournalState *state);
void callstats_journal_entry_clear (gpointer entry);

/* The form of the segments; pure. */

#define CALLSTATS_JOURNAL_MAGIC "callstats spool1" /* 16 bytes */
#define CALLSTATS_JOURNAL_MAGIC_BYTES 16
#define CALLSTATS_JOURNAL_HEADER_BYTES 40

typedef enum {
  CALLSTATS_FRAME_RECORD = 1,
  CALLSTATS_FRAME_STATE,
  CALLSTATS_FRAME_DROP,
} CallstatsFrameType;

typedef struct {
  CallstatsFrameType type;
  CallstatsJournalEntry entry; /* a drop has its loss only, a state nothing */
  const char *payload;
  gsize length;
} CallstatsJournalFrame;

void callstats_journal_frame_append (
    GByteArray *bytes, const CallstatsJournalFrame *frame);
/* Returns: the length of the whole frame that begins there; 0: none does. */
gsize callstats_journal_frame_read (
    const guint8 *bytes, gsize length, CallstatsJournalFrame *frame);
char *callstats_journal_state_to_json (const CallstatsJournalState *state);
gboolean callstats_journal_state_from_json (
    const char *json, gsize length, CallstatsJournalState *state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsJournal, callstats_journal_free)
