/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How often a webrtcbin is asked. Pure.
 */
#include "pace.h"

#define SHARE 20 /* one part of so many of its time, at most */

void
gst_callstats_pace_init (GstCallstatsPace *self, gint64 wanted)
{
  self->wanted = wanted;
  self->measured = 0;
}

void
gst_callstats_pace_measure (GstCallstatsPace *self, gint64 cost)
{
  self->costs[self->measured++ % GST_CALLSTATS_PACE_WINDOW] = MAX (cost, 1);
}

/* The least of the last: a machine that was busy once makes nothing slow. */
gint64
gst_callstats_pace_cost (const GstCallstatsPace *self)
{
  gint64 cost = G_MAXINT64;
  guint i;

  if (self->measured < GST_CALLSTATS_PACE_WINDOW)
    return 0;
  for (i = 0; i < GST_CALLSTATS_PACE_WINDOW; i++)
    cost = MIN (cost, self->costs[i]);
  return cost;
}

gint64
gst_callstats_pace_rest (const GstCallstatsPace *self)
{
  return SHARE * gst_callstats_pace_cost (self);
}

/* In doublings, so that it does not change with every measurement. */
gint64
gst_callstats_pace_interval (const GstCallstatsPace *self)
{
  gint64 interval = self->wanted;

  while (interval < gst_callstats_pace_rest (self))
    interval *= 2;
  return interval;
}

gboolean
gst_callstats_pace_is_slowed (const GstCallstatsPace *self)
{
  return gst_callstats_pace_interval (self) > self->wanted;
}
