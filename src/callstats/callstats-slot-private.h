/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What both ends of a connection remember of a fabric's last sample, so that the next one
 * can be told as a difference: a list of columns, one a field of a stats object, numbered
 * in order of appearance. docs/protocol.md has the rules; both ends must follow them
 * alike.
 *
 * Pure; belongs to one encoder or decoder.
 */
#pragma once

#include "callstats-report-private.h"

typedef struct {
  const char *id;       /* of the stats object; owned by the slot */
  CallstatsField value; /* its name and strings are owned by the slot */
  gint64 unit;    /* the value is a whole number of 1/unit where differences are told */
  gboolean alive; /* FALSE once the field vanished; it keeps its number */
  guint seen;     /* encoder: the last sample that had it */
} CallstatsColumn;

typedef struct _CallstatsSlot CallstatsSlot;

CallstatsSlot *callstats_slot_new (CallstatsReport *keyframe);
void callstats_slot_free (CallstatsSlot *slot);

gint64 callstats_slot_get_time (CallstatsSlot *slot);
/* Steps to the next sample's time; timestamps that equalled the sample's time step along.
 */
void callstats_slot_set_time (CallstatsSlot *slot, gint64 time_us);

guint callstats_slot_n_columns (CallstatsSlot *slot);
/* Returns: (nullable): NULL past the last column. */
CallstatsColumn *callstats_slot_column (CallstatsSlot *slot, guint index);
/* Returns: (nullable): the column of a field, dead ones included. */
CallstatsColumn *callstats_slot_find (
    CallstatsSlot *slot, const char *id, const char *name, guint *index);
/* Sets the value of a field, as a new column where it has none. */
CallstatsColumn *callstats_slot_put (
    CallstatsSlot *slot, const char *id, const CallstatsField *field);

/* A value in whole units, and back. FALSE: it is no number, or past 2^53 units. */
gboolean callstats_field_to_units (
    const CallstatsField *field, gint64 unit, gint64 *units);
gboolean callstats_field_from_units (CallstatsField *field, gint64 unit, gint64 units);

/* Bytes by the protocol's rule: what the slot counts against its connection's budget. */
gsize callstats_slot_bytes (CallstatsSlot *slot);
CallstatsReport *callstats_slot_to_report (CallstatsSlot *slot);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallstatsSlot, callstats_slot_free)
