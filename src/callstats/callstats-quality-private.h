/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How good one fabric's streams are, from its reports one after the other. Pure; one
 * thread at a time.
 */
#pragma once

#include "callstats-report.h"
#include "callstats-score-private.h"

typedef struct _CallstatsQuality CallstatsQuality;

CallstatsQuality *callstats_quality_new (void);
void callstats_quality_free (CallstatsQuality *self);

/* Of a report; finding what belongs to a stream takes their square. */
#define CALLSTATS_QUALITY_MAX_OBJECTS 2048

/* Returns: (transfer full): the report with the scores of its streams and of the fabric;
 * one that has them already, or more stats objects, stays as it is. */
CallstatsReport *callstats_quality_add (CallstatsQuality *self, CallstatsReport *report);

/* A stream as of the last report; over callstats' window of 30 s where it says so. Not a
 * number: not known. */
typedef struct {
  CallstatsScore score;
  double average_jitter; /* seconds, over the window */
  double jitter_75, jitter_95;
  double round_trip_75, round_trip_95;
  double fraction_lost_95;
} CallstatsStreamQualities;

/* FALSE: there is no such stream. */
gboolean callstats_quality_find (CallstatsQuality *self, gboolean received, guint32 ssrc,
    CallstatsStreamQualities *qualities);
