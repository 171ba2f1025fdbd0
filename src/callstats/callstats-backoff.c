/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Full jitter: many clients that lost one backend do not come back at once. Pure, any
 * thread.
 */
#include "callstats-backoff-private.h"

#define LEAST_MS 100
#define DOUBLINGS 6 /* to beyond the last ceiling */

/* Returns: whether a stable connection ended. */
static gboolean
end_connection (CallstatsBackoff *self, gint64 now)
{
  gboolean stable =
      self->connected_at != 0 &&
      now - self->connected_at > CALLSTATS_BACKOFF_STABLE_SECONDS * G_USEC_PER_SEC;

  /* What a connection lasted is not time that a try took. */
  if (self->connected_at != 0)
    self->tried_at = now;
  if (stable)
    self->failures = 0;
  self->connected_at = 0;
  return stable;
}

void
callstats_backoff_note_try (CallstatsBackoff *self, gint64 now)
{
  end_connection (self, now);
  self->tried_at = now;
}

void
callstats_backoff_note_success (CallstatsBackoff *self, gint64 now)
{
  self->connected_at = now;
}

gboolean
callstats_backoff_note_end (CallstatsBackoff *self, gint64 now, guint at_least_ms)
{
  gboolean stable = end_connection (self, now);

  self->failures++;
  self->not_before = now + at_least_ms * G_TIME_SPAN_MILLISECOND;
  return stable;
}

gboolean
callstats_backoff_note_change (CallstatsBackoff *self, gint64 now)
{
  gint64 forgotten =
      (now - self->changed_at) / (CALLSTATS_BACKOFF_CHANGE_SECONDS * G_USEC_PER_SEC);

  if (forgotten > 0 || self->changes == 0) {
    self->changes -= (guint)MIN ((gint64)self->changes, forgotten);
    self->changed_at = now;
  }
  if (self->changes >= CALLSTATS_BACKOFF_CHANGES)
    return FALSE;
  self->changes++;
  self->failures = 0;
  return TRUE;
}

/* Two tries begin at most the last ceiling apart, however long the first one took. */
static guint
ceiling (const CallstatsBackoff *self, gint64 now)
{
  guint doublings = MIN (MAX (self->failures, 1) - 1, DOUBLINGS);
  gint64 taken = (now - self->tried_at) / G_TIME_SPAN_MILLISECOND;
  gint64 left = CALLSTATS_BACKOFF_LAST_MS - CLAMP (taken, 0, CALLSTATS_BACKOFF_LAST_MS);

  return (guint)CLAMP (left, LEAST_MS, CALLSTATS_BACKOFF_FIRST_MS << doublings);
}

guint
callstats_backoff_wait (const CallstatsBackoff *self, gint64 now, double chance)
{
  gint64 asked = MAX (self->not_before - now, 0) / G_TIME_SPAN_MILLISECOND;
  guint most = ceiling (self, now);

  return (guint)asked + LEAST_MS + (guint)(chance * (most - LEAST_MS));
}
