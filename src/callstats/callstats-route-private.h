/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a delivery connects to: home, which is its configured backend, or where a backend
 * asked it to move. Pure, any thread: times (of the monotonic clock, µs) come in as
 * arguments.
 */
#pragma once

#include "callstats-backend-private.h"

#define CALLSTATS_ROUTE_TRIES \
  3 /* in a row without a welcome; then it is the other's turn */
#define CALLSTATS_ROUTE_MOVES 5 /* without a minute's rest in between */

typedef struct {
  CallstatsBackend *home;
  CallstatsBackend *away; /* NULL: it was never moved */
  gboolean is_away;
  char *allowed; /* origins; nullable */
  gboolean allow_plaintext;
  guint failures; /* in a row, at this end of the route */
  guint moves;
  gint64 moved_at;
} CallstatsRoute;

/* FALSE: one of them is no origin. allowed: (nullable): as allowed-backends. */
gboolean callstats_route_check_allowed (const char *allowed, GError **error);

void callstats_route_init (CallstatsRoute *route, const CallstatsBackend *home,
    const char *allowed, gboolean allow_plaintext);
void callstats_route_clear (CallstatsRoute *route);

const CallstatsBackend *callstats_route_get (const CallstatsRoute *route);

/* A backend asks to move. Returns: (transfer full): where to; NULL without an error: it
 * is there already; NULL with an error: that is not allowed. */
CallstatsBackend *callstats_route_consider (
    CallstatsRoute *route, const char *to, gint64 now, GError **error);
/* to: (transfer full) */
void callstats_route_move (CallstatsRoute *route, CallstatsBackend *to, gint64 now);
/* A try brought no welcome. TRUE: the next one goes to the other end. */
gboolean callstats_route_note_failure (CallstatsRoute *route);
void callstats_route_note_success (CallstatsRoute *route);
/* The move was a mistake. FALSE: it is at home already. */
gboolean callstats_route_return (CallstatsRoute *route);
