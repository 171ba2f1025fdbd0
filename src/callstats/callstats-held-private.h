/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records that wait for the id of their conference, in bounded memory. Past the bound
 * reports are thinned first and lifecycle events go last, as in an outbox.
 *
 * Pure; belongs to one uplink.
 */
#pragma once

#include "callstats-record-private.h"

typedef struct _CallstatsHeld CallstatsHeld;

/* A record was given up. */
typedef void (*CallstatsHeldLoss) (CallstatsRecord *record, gpointer user_data);

CallstatsHeld *callstats_held_new (void);
void callstats_held_free (CallstatsHeld *held);

void callstats_held_push (CallstatsHeld *held, CallstatsRecord *record, gsize max_bytes,
    CallstatsHeldLoss lose, gpointer user_data);
/* What is held of a fabric, in its order; fabric NULL: of all, and of none.
 * (transfer full) (element-type CallstatsRecord) */
GPtrArray *callstats_held_take (CallstatsHeld *held, const char *fabric);
/* Stamps what is held of a fabric, and names no other user yet; fabric NULL: of all. */
void callstats_held_stamp_remote_user (
    CallstatsHeld *held, const char *fabric, const char *remote_user);
/* The newest userJoined goes. */
void callstats_held_forget_join (CallstatsHeld *held);

guint callstats_held_length (CallstatsHeld *held);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsHeld, callstats_held_free)
