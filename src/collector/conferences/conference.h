/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an event means for the fabric and the conference that it is about.
 *
 * Pure: the time comes in. Any thread.
 */
#pragma once

#include <glib.h>

/* A conference without a sign of life for this long has ended (callstats' rule). */
#define CONFERENCE_SILENCE_SECONDS 30

typedef enum {
  FABRIC_MARK_NONE,
  FABRIC_MARK_ADDED,
  FABRIC_MARK_SET_UP,
  FABRIC_MARK_FAILED,
  FABRIC_MARK_DROPPED,
  FABRIC_MARK_TERMINATED,
} FabricMark;

typedef struct {
  const char *event;
  const char *state;  /* of the fabric from then on; NULL: as it was */
  FabricMark mark;    /* what the event's time is kept as */
  const char *reason; /* of a failed setup, where the event does not say it; nullable */
} FabricEffect;

/* Returns: (nullable): NULL where the event changes no fabric. */
const FabricEffect *fabric_effect (const char *event);

/* present: participants who have not left. Times in µs. */
gboolean conference_has_ended (guint present, gint64 last_heard, gint64 now);
