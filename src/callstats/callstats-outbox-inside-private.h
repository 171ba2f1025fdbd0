/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of an outbox, for its four files: callstats-outbox.c (order, numbers, acks),
 * -bounds.c (what is given up), -contents.c (what of a record is in memory) and
 * -journal.c (what is on disk).
 */
#pragma once

#include "callstats-outbox-private.h"
#include "callstats-pack-private.h"

#define CALLSTATS_ENTRY_BYTES 112 /* of a queue link and its entry */

typedef struct {
  CallstatsRecord *record; /* NULL: packed, in the journal only, or lost */
  CallstatsPack *pack;     /* NULL: not packed */
  guint64 sequence;        /* 0: not sent yet */
  guint64 index;           /* in the journal; 0: not there */
  gint64 time;
  guint32 size; /* of what is in memory */
  guint32 fabric;
  guint32 ordinal; /* of the fabric's reports */
  guint32 owner;   /* who counts it; 0: nobody */
  guint8 keep;     /* CallstatsKeep */
  guint8 loss;     /* CallstatsLoss, of one that is lost or doomed */
  guint8 written;  /* in the journal */
  guint8 writing;  /* on its way there */
  guint8 doomed;   /* to be given up as soon as the journal knows */
  guint8 told;     /* …which is on its way */
  guint8 lost;     /* nothing is left but its place */
  guint8 thinned;  /* given up for its neighbours' sake */
  guint8 settled;  /* packed already, or not worth it */
} CallstatsOutboxEntry;

struct _CallstatsOutbox {
  gsize max_bytes;
  gboolean journalled;
  gboolean stuck;        /* the journal takes nothing right now */
  GQueue entries;        /* CallstatsOutboxEntry; those with a number come first */
  GList *next;           /* what is sent next; NULL: nothing */
  guint64 last_sequence; /* given to a record */
  guint64 sent;          /* the last one that left */
  gboolean adopted;      /* what was sent is not known: G_MAXUINT64 stands for it */
  guint64 acknowledged;
  gsize bytes;          /* of the entries */
  gsize numbered_bytes; /* of those with a number, which cannot be given up */
  CallstatsPacker *packer;
  guint64 thinned, dropped;
  GHashTable *tallies;                   /* owner → CallstatsTally */
  CallstatsTally nobody;                 /* of records without an owner; never read */
  CallstatsGap gaps[CALLSTATS_N_LOSSES]; /* what no record tells of yet */
  GHashTable *ordinals;                  /* fabric → its reports so far */

  guint64 last_index;    /* given to a record */
  guint64 written_index; /* of them, in the journal */
  guint64 through;       /* the index of the last acknowledged one that had any */
  gboolean wanted;       /* what is next has to be read */
  guint n_unwritten;
  guint n_doomed;
};

void callstats_outbox_entry_free (gpointer entry);
/* The owner's; one that nobody reads where there is none. */
CallstatsTally *callstats_outbox_tally (CallstatsOutbox *outbox, guint owner);
/* The same, made if need be. */
CallstatsTally *callstats_outbox_ensure_tally (CallstatsOutbox *outbox, guint owner);
void callstats_outbox_count_loss (
    CallstatsOutbox *outbox, CallstatsTally *tally, gboolean thinned);
/* A record is lost whose entry stays: what takes its place is nobody's. */
void callstats_outbox_disown_lost (CallstatsOutbox *outbox, CallstatsOutboxEntry *entry);
void callstats_outbox_append (CallstatsOutbox *outbox, CallstatsOutboxEntry *entry);
void callstats_outbox_remove (CallstatsOutbox *outbox, GList *link);

/* Contents */

/* Counts what it occupies, from when it is among the entries. */
void callstats_outbox_measure (CallstatsOutbox *outbox, CallstatsOutboxEntry *entry);
/* (transfer full) (nullable): takes the place of all that was in memory. */
void callstats_outbox_set_record (
    CallstatsOutbox *outbox, CallstatsOutboxEntry *entry, CallstatsRecord *record);
void callstats_outbox_set_sequence (
    CallstatsOutbox *outbox, CallstatsOutboxEntry *entry, guint64 sequence);
/* In memory, packed or not. */
gboolean callstats_outbox_has_record (const CallstatsOutboxEntry *entry);
/* entry->record is there; a pack that cannot be read becomes a gap record. */
void callstats_outbox_unpack (CallstatsOutbox *outbox, CallstatsOutboxEntry *entry);
/* Only its pack stays, if it has one. */
void callstats_outbox_repack (CallstatsOutbox *outbox, CallstatsOutboxEntry *entry);
/* Packs all reports that are not packed. */
void callstats_outbox_pack_all (CallstatsOutbox *outbox);
/* Its text leaves the memory; the journal has it. */
void callstats_outbox_evict (CallstatsOutbox *outbox, CallstatsOutboxEntry *entry);
/* One record is lost: the record that tells. (transfer full) */
CallstatsRecord *callstats_outbox_make_loss_record (
    CallstatsOutboxEntry *entry, CallstatsLoss loss);

/* Bounds */
void callstats_outbox_make_room (CallstatsOutbox *outbox);
/* The text of all that the journal has leaves the memory. */
void callstats_outbox_evict_all (CallstatsOutbox *outbox);
/* The losses become a record that is sent next or, with a journal, last. */
void callstats_outbox_insert_gap (CallstatsOutbox *outbox);
gboolean callstats_outbox_has_gap (CallstatsOutbox *outbox);
/* Gives it up now or, where the journal has it, as soon as that knows. */
void callstats_outbox_give_up (
    CallstatsOutbox *outbox, GList *link, CallstatsLoss loss, gboolean thinned);
