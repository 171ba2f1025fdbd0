/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How often a webrtcbin is asked: never so often that the asking takes more than a share
 * of its time.
 *
 * Pure; times are microseconds of one monotonic clock.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_CALLSTATS_PACE_WINDOW 4

typedef struct {
  gint64 wanted; /* the interval that was asked for */
  gint64 costs[GST_CALLSTATS_PACE_WINDOW];
  guint measured;
} GstCallstatsPace;

void gst_callstats_pace_init (GstCallstatsPace *pace, gint64 wanted);
/* Once more it took so long. */
void gst_callstats_pace_measure (GstCallstatsPace *pace, gint64 cost);
/* Returns: what it takes at the least; 0: not known yet */
gint64 gst_callstats_pace_cost (const GstCallstatsPace *pace);
/* Returns: the shortest time from one to the next, whatever happens */
gint64 gst_callstats_pace_rest (const GstCallstatsPace *pace);
/* Returns: the interval to keep: wanted, or more where the cost needs it */
gint64 gst_callstats_pace_interval (const GstCallstatsPace *pace);
gboolean gst_callstats_pace_is_slowed (const GstCallstatsPace *pace);

G_END_DECLS
