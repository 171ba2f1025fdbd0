/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What callstats' csStatsCallback is given: the quality of each stream over the interval
 * between two reports. Pure, any thread.
 */
#pragma once

#include "callstats-quality-private.h"
#include "callstats-report.h"

/* Whose stream an SSRC is. */
typedef struct {
  guint32 ssrc;
  char *user_id;
  char *usage_label; /* nullable */
  char *video_tag;   /* nullable */
} CallstatsAssociation;

CallstatsAssociation *callstats_association_copy (const CallstatsAssociation *from);
void callstats_association_free (CallstatsAssociation *association);

typedef struct {
  gboolean online;          /* connected to the backend */
  const char *fabric_state; /* nullable, as are those below */
  const char *conference_url;
  const char *local_user;
  const char *remote_user;
  CallstatsQuality *quality; /* has seen the current report */
  GHashTable *associations;  /* GUINT_TO_POINTER (SSRC) → CallstatsAssociation */
} CallstatsStreamContext;

/* previous: nullable; without it there are no rates. Returns: (transfer full): an
 * a{sv}. */
GVariant *callstats_stream_stats_new (CallstatsReport *previous, CallstatsReport *current,
    const CallstatsStreamContext *context);
