/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When a connection that failed is tried again: docs/protocol.md, §6. Pure, any thread:
 * times (of the monotonic clock, µs) and chance come in as arguments.
 */
#pragma once

#include <glib.h>

#define CALLSTATS_BACKOFF_FIRST_MS 500
#define CALLSTATS_BACKOFF_LAST_MS 30000
#define CALLSTATS_BACKOFF_STABLE_SECONDS 60
/* Changes of the network that are followed at once, and how soon there is one more. */
#define CALLSTATS_BACKOFF_CHANGES 5
#define CALLSTATS_BACKOFF_CHANGE_SECONDS 10

/* All zero: nothing was tried yet. */
typedef struct {
  guint failures;      /* since the last stable connection */
  gint64 tried_at;     /* when the last try began */
  gint64 connected_at; /* 0: there is no connection */
  gint64 not_before;   /* the backend asked to wait until then */
  guint changes;       /* of the network that were followed, less those forgotten */
  gint64 changed_at;   /* when one was forgotten last */
} CallstatsBackoff;

/* A try begins. */
void callstats_backoff_note_try (CallstatsBackoff *backoff, gint64 now);
/* It succeeded. */
void callstats_backoff_note_success (CallstatsBackoff *backoff, gint64 now);
/* The connection, or the try, ended. at_least_ms: the backend asked for that.
 * Returns: whether it had been stable, so that this is a new outage. */
gboolean callstats_backoff_note_end (
    CallstatsBackoff *backoff, gint64 now, guint at_least_ms);
/* The network changed. Returns: FALSE where it does so all the time, and nothing is to be
 * done about this change. */
gboolean callstats_backoff_note_change (CallstatsBackoff *backoff, gint64 now);
/* Returns: milliseconds to wait from now. chance: from 0 to 1, evenly. */
guint callstats_backoff_wait (const CallstatsBackoff *backoff, gint64 now, double chance);
