/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The records that the backend has not acknowledged yet, in order, in bounded memory.
 *
 * A record gets its sequence number when it is first sent; from then on it is kept until
 * it is acknowledged. What has no number yet may be given up for want of room: reports
 * first. A gap record then takes its place and tells how many.
 *
 * Pure; belongs to one delivery.
 */
#pragma once

#include "callstats-record-private.h"

typedef struct _CallstatsOutbox CallstatsOutbox;

CallstatsOutbox *callstats_outbox_new (gsize max_bytes);
void callstats_outbox_free (CallstatsOutbox *outbox);

void callstats_outbox_push (CallstatsOutbox *outbox, CallstatsRecord *record);

/* A record was given up before it came here: it is part of the gap. */
void callstats_outbox_lose (CallstatsOutbox *outbox, const CallstatsRecord *record);

/* The next record to send, and the sequence number it has. (transfer none) (nullable) */
CallstatsRecord *callstats_outbox_peek (CallstatsOutbox *outbox, guint64 *sequence);
/* It was sent: the one after it is next. */
void callstats_outbox_advance (CallstatsOutbox *outbox);
/* It can never be sent: it gives its number to the one after it. */
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
guint callstats_outbox_length (CallstatsOutbox *outbox);
gsize callstats_outbox_bytes (CallstatsOutbox *outbox);
guint64 callstats_outbox_dropped (CallstatsOutbox *outbox);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsOutbox, callstats_outbox_free)
