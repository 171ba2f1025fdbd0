/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the times of a stream's frames tell: frame rate, gaps, freezes and pauses as
 * webrtc-stats defines them.
 *
 * Pure, any thread; monotonic times in microseconds come in as arguments.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_CALLSTATS_FRAME_DURATIONS 30
#define GST_CALLSTATS_FRAME_TIMES 128 /* frames a second that can be told apart */

/* Frames of the last second. */
typedef struct {
  guint32 times[GST_CALLSTATS_FRAME_TIMES]; /* in milliseconds, without the upper half */
  guint next;
  guint n;
} GstCallstatsFrameRate;

typedef struct {
  gint64 last; /* when the last frame was shown */
  gboolean any;
  gint64 durations[GST_CALLSTATS_FRAME_DURATIONS];
  guint next;
  guint n;
  gint64 sum; /* of durations */

  guint64 freezes;
  guint64 pauses;
  double frozen; /* seconds */
  double paused;
  double delay;
  double squared_delay;
} GstCallstatsFrameGaps;

void gst_callstats_frame_rate_add (GstCallstatsFrameRate *rate, gint64 now);
guint gst_callstats_frame_rate_get (const GstCallstatsFrameRate *rate, gint64 now);

/* A frame is shown. It ends a freeze if the time since the last one reaches three times
 * the mean of the last 30 such times, and that mean and 150 ms; no freeze is told of
 * before 5 of them are known. It ends a pause if that time exceeds 5 s. */
void gst_callstats_frame_gaps_add (GstCallstatsFrameGaps *gaps, gint64 now);
/* Adds what an earlier part of the same stream came to. */
void gst_callstats_frame_gaps_carry (
    GstCallstatsFrameGaps *gaps, const GstCallstatsFrameGaps *earlier);

G_END_DECLS
