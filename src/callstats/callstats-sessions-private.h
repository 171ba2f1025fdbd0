/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sessions of one delivery: its own, which new records go to, and before it those
 * that others left in the spool. They go to the backend one after another, each under its
 * own name and with its own sequence numbers.
 *
 * Monitor thread only.
 */
#pragma once

#include "callstats-outbox-private.h"
#include "callstats-spool-private.h"

typedef struct _CallstatsSessions CallstatsSessions;

typedef struct {
  /* Something can be sent, or is on disk, or callstats_sessions_are_ready(). */
  void (*ready) (gpointer user_data);
  void (*trouble) (const GError *error, gpointer user_data);
} CallstatsSessionsCallbacks;

typedef struct {
  guint64 queued;       /* records that are not acknowledged */
  guint64 queued_bytes; /* of them in memory */
  guint64 spooled;      /* bytes on disk */
  guint64 spooled_records;
  guint64 acked;
  guint64 thinned;
  guint64 dropped;
} CallstatsSessionsStats;

/* spool: (nullable): memory only. */
CallstatsSessions *callstats_sessions_new (gsize max_bytes,
    const CallstatsSpoolOptions *spool, const CallstatsSessionsCallbacks *callbacks,
    gpointer user_data);
/* What is on disk, or can still be written there, waits for the next client. */
void callstats_sessions_free (CallstatsSessions *sessions);

/* Known what others left, and the disk knows the name of the session that comes next. */
gboolean callstats_sessions_are_ready (CallstatsSessions *sessions);
/* New records. */
void callstats_sessions_push (CallstatsSessions *sessions, CallstatsRecord *record);
void callstats_sessions_lose (CallstatsSessions *sessions, const CallstatsRecord *record);
/* Of memory and, with a spool, of disk (bytes) and age (seconds). */
void callstats_sessions_set_bounds (CallstatsSessions *sessions, gsize max_bytes,
    guint64 spool_max_bytes, guint64 spool_max_age);
/* Of an owner's new records: see CallstatsRecord. */
void callstats_sessions_get_tally (
    CallstatsSessions *sessions, guint owner, CallstatsTally *tally);
void callstats_sessions_forget_owner (CallstatsSessions *sessions, guint owner);

/* The session that is sent now. */
const char *callstats_sessions_name (CallstatsSessions *sessions);
CallstatsOutbox *callstats_sessions_outbox (CallstatsSessions *sessions);
/* Whether new records go to it. */
gboolean callstats_sessions_is_own (CallstatsSessions *sessions);
/* FALSE: that was never sent. */
gboolean callstats_sessions_acknowledge (CallstatsSessions *sessions, guint64 sequence);
/* Its numbers begin again under another name. */
void callstats_sessions_begin_anew (CallstatsSessions *sessions);
/* The outbox was worked on. */
void callstats_sessions_touch (CallstatsSessions *sessions);
/* TRUE: the session is through, or its own has a rest, and another one is sent from now
 * on. */
gboolean callstats_sessions_advance (CallstatsSessions *sessions);
/* The connection ended. TRUE: this session of another has been tried often enough and is
 * left to the next client. */
gboolean callstats_sessions_note_end (CallstatsSessions *sessions);

void callstats_sessions_flush (CallstatsSessions *sessions);
/* Everything that is not acknowledged is on disk, or there is none. */
gboolean callstats_sessions_are_quiet (CallstatsSessions *sessions);
void callstats_sessions_get_stats (
    CallstatsSessions *sessions, CallstatsSessionsStats *stats);
