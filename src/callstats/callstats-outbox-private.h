/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The records of one session that the backend has not acknowledged yet, in order, in
 * bounded memory.
 *
 * A record gets its sequence number when it is first sent; from then on it is kept until
 * it is acknowledged. What has no number yet may be given up for want of room: reports
 * are thinned first, lifecycle events and feedback go last. Gap records tell of all that
 * was given up.
 *
 * With a journal behind it, an outbox keeps in memory what the journal does not have yet
 * and what is about to be sent. What the journal has is given up only after the journal
 * knows.
 *
 * Pure; belongs to one delivery.
 */
#pragma once

#include "callstats-gap-private.h"
#include "callstats-journal-private.h"
#include "callstats-record-private.h"

typedef struct _CallstatsOutbox CallstatsOutbox;

/* What became of one owner's records. */
typedef struct {
  guint64 queued;  /* not acknowledged yet */
  guint64 sent;    /* resent ones again */
  guint64 acked;   /* stored durably at the backend */
  guint64 thinned; /* reports given up of which others were kept */
  guint64 dropped; /* given up otherwise */
} CallstatsTally;

/* How long it is kept when records must be given up. */
CallstatsKeep callstats_outbox_classify (const CallstatsRecord *record);

CallstatsOutbox *callstats_outbox_new (gsize max_bytes);
void callstats_outbox_set_max_bytes (CallstatsOutbox *outbox, gsize max_bytes);
void callstats_outbox_free (CallstatsOutbox *outbox);

void callstats_outbox_push (CallstatsOutbox *outbox, CallstatsRecord *record);

/* A record was given up before it came here: it is part of the gap. */
void callstats_outbox_lose (CallstatsOutbox *outbox, const CallstatsRecord *record);

/* The next record to send, and the sequence number it has. NULL: there is none, or it has
 * to be read from the journal, or the journal has to know something first, or what is
 * under way takes half of the room. (transfer none) (nullable): there until it is sent */
CallstatsRecord *callstats_outbox_peek (CallstatsOutbox *outbox, guint64 *sequence);
/* It was sent: the one after it is next. */
void callstats_outbox_advance (CallstatsOutbox *outbox);
/* It can never be sent: a gap record takes its place and its number. */
void callstats_outbox_discard (CallstatsOutbox *outbox);
/* Everything up to and including sequence is stored: it goes. FALSE: that was never sent.
 */
gboolean callstats_outbox_acknowledge (CallstatsOutbox *outbox, guint64 sequence);
/* A new connection: what was sent and is not acknowledged is to be sent again. */
void callstats_outbox_rewind (CallstatsOutbox *outbox);
/* The backend forgot what it had acknowledged: numbering starts again, for a new session.
 */
void callstats_outbox_restart (CallstatsOutbox *outbox);

guint64 callstats_outbox_acknowledged (CallstatsOutbox *outbox);
guint64 callstats_outbox_in_flight (CallstatsOutbox *outbox);

/* Of records, those included that will tell of gaps. */
guint callstats_outbox_length (CallstatsOutbox *outbox);
gsize callstats_outbox_bytes (CallstatsOutbox *outbox);
/* So much waits to be sent that it should not wait for more. */
gboolean callstats_outbox_is_filling (CallstatsOutbox *outbox);
/* Nothing is left, not even a gap to tell of. */
gboolean callstats_outbox_is_empty (CallstatsOutbox *outbox);
/* Records given up: reports of which others were kept, and all the rest. */
guint64 callstats_outbox_thinned (CallstatsOutbox *outbox);
guint64 callstats_outbox_dropped (CallstatsOutbox *outbox);

/* Of the records that have this owner. */
void callstats_outbox_get_tally (
    CallstatsOutbox *outbox, guint owner, CallstatsTally *tally);
/* Its records stay, and are nobody's from now on. */
void callstats_outbox_forget_owner (CallstatsOutbox *outbox, guint owner);

/* With a journal */

void callstats_outbox_set_journalled (CallstatsOutbox *outbox);
/* Takes what another process left (element-type CallstatsJournalEntry). How much of it
 * had been sent only the backend knows: the first acknowledgement may be any. */
void callstats_outbox_adopt (
    CallstatsOutbox *outbox, const GArray *entries, const CallstatsJournalState *state);

/* Appends what the journal does not have (element-type CallstatsJournalEntry), about
 * max_bytes of it; its fate is told by written(). */
void callstats_outbox_take_unwritten (
    CallstatsOutbox *outbox, gsize max_bytes, GArray *entries);
void callstats_outbox_written (CallstatsOutbox *outbox, gboolean ok);
/* Records that are still to be written. */
guint callstats_outbox_unwritten (CallstatsOutbox *outbox);
/* The others: they are in the journal, or on their way there. */
guint callstats_outbox_spooled (CallstatsOutbox *outbox);
/* Indexes in the journal: the last one, and that of the oldest record; 0: none. */
guint64 callstats_outbox_written_through (CallstatsOutbox *outbox);
guint64 callstats_outbox_oldest_written (CallstatsOutbox *outbox);
/* What the journal has to know of the session. (session: unset) */
void callstats_outbox_get_state (CallstatsOutbox *outbox, CallstatsJournalState *state);

/* The journal takes nothing: what it has stays, what it has not lives in memory only. */
void callstats_outbox_set_stuck (CallstatsOutbox *outbox, gboolean stuck);
/* Gives up about that part of the records. FALSE: there are none to give up. */
gboolean callstats_outbox_shrink_journal (CallstatsOutbox *outbox, guint percent);
/* Gives up what is from before that time. */
void callstats_outbox_expire (CallstatsOutbox *outbox, gint64 before);
/* Indexes (element-type guint64) of what is to be given up for one reason, once the
 * journal knows. FALSE: nothing. Its fate is told by dropped(). */
gboolean callstats_outbox_take_doomed (
    CallstatsOutbox *outbox, CallstatsLoss *loss, CallstatsGap *gap, GArray *indexes);
void callstats_outbox_drop_doomed (
    CallstatsOutbox *outbox, CallstatsLoss loss, gboolean ok);

/* The index from which on the journal is to be read, and how much; 0: it need not be. */
guint64 callstats_outbox_wanted (CallstatsOutbox *outbox, gsize *max_bytes);
void callstats_outbox_loaded (
    CallstatsOutbox *outbox, const CallstatsJournalEntry *entry);
/* (transfer full) (element-type guint64): indexes of all that the journal must keep. */
GArray *callstats_outbox_live (CallstatsOutbox *outbox);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsOutbox, callstats_outbox_free)
