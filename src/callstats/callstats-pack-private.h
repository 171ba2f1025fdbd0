/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reports that wait, in a twentieth of their room: each is the deflated text of its
 * record, with an earlier sample of its fabric as dictionary. Any of them can go at any
 * time.
 *
 * Pure; a packer and its packs belong to one outbox.
 */
#pragma once

#include "callstats-record-private.h"

typedef struct _CallstatsPacker CallstatsPacker;
typedef struct _CallstatsPack CallstatsPack;

CallstatsPacker *callstats_packer_new (void);
/* When all its packs are gone. */
void callstats_packer_free (CallstatsPacker *packer);
/* Bytes of heap that the dictionaries occupy. */
gsize callstats_packer_bytes (CallstatsPacker *packer);

/* record: a report. Returns: (transfer full) (nullable): NULL: packing does not help. */
CallstatsPack *callstats_packer_pack (
    CallstatsPacker *packer, const CallstatsRecord *record);
void callstats_pack_free (CallstatsPack *pack);
/* Bytes of heap, the dictionary aside. */
gsize callstats_pack_bytes (const CallstatsPack *pack);
/* Returns: (transfer full) (nullable): a record that says the same; NULL: it cannot be
 * read again. */
CallstatsRecord *callstats_pack_open (const CallstatsPack *pack);
