/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records that were given up and not yet told to the backend: how many, of which times,
 * and why. Pure, any thread.
 */
#pragma once

#include "callstats-record-private.h"

/* Why; the names on the wire are in docs/protocol.md. */
typedef enum {
  CALLSTATS_LOSS_MEMORY, /* memory-max-bytes */
  CALLSTATS_LOSS_DISK,   /* spool-max-bytes, or unreadable there */
  CALLSTATS_LOSS_AGE,    /* spool-max-age */
  CALLSTATS_LOSS_SIZE,   /* one record beyond the protocol's limit */
} CallstatsLoss;

#define CALLSTATS_N_LOSSES 4

typedef struct {
  guint64 count; /* 0: the times mean nothing */
  gint64 from, to;
} CallstatsGap;

const char *callstats_loss_to_string (CallstatsLoss loss);
gboolean callstats_loss_from_string (const char *name, CallstatsLoss *loss);

/* Adds records with times from and to. */
void callstats_gap_add (CallstatsGap *gap, guint64 count, gint64 from, gint64 to);
/* So many of them have been told. */
void callstats_gap_subtract (CallstatsGap *gap, guint64 count);

/* The record that tells of it. */
CallstatsRecord *callstats_gap_make_record (const CallstatsGap *gap, CallstatsLoss loss);
/* FALSE: the record tells of no gap that this version knows. */
gboolean callstats_gap_read_record (
    const CallstatsRecord *record, CallstatsGap *gap, CallstatsLoss *loss);
