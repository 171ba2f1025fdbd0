/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the times of a stream's frames tell. Pure, any thread.
 */
#include "frametimes.h"

#define ENOUGH_DURATIONS 5
#define FREEZE (150 * G_TIME_SPAN_MILLISECOND)
#define PAUSE (5 * G_TIME_SPAN_SECOND)

void
gst_callstats_frame_rate_add (GstCallstatsFrameRate *self, gint64 now)
{
  self->times[self->next] = (guint32)(now / G_TIME_SPAN_MILLISECOND);
  self->next = (self->next + 1) % GST_CALLSTATS_FRAME_TIMES;
  self->n = MIN (self->n + 1, GST_CALLSTATS_FRAME_TIMES);
}

guint
gst_callstats_frame_rate_get (const GstCallstatsFrameRate *self, gint64 now)
{
  guint32 milliseconds = (guint32)(now / G_TIME_SPAN_MILLISECOND);
  guint i, n = 0;

  for (i = 0; i < self->n; i++)
    n += milliseconds - self->times[i] < 1000;
  return n;
}

static gboolean
is_freeze (const GstCallstatsFrameGaps *self, gint64 gap)
{
  gint64 mean;

  if (self->n < ENOUGH_DURATIONS)
    return FALSE;
  mean = self->sum / self->n;
  return gap >= MAX (3 * mean, mean + FREEZE);
}

static void
remember (GstCallstatsFrameGaps *self, gint64 gap)
{
  if (self->n == GST_CALLSTATS_FRAME_DURATIONS)
    self->sum -= self->durations[self->next];
  else
    self->n++;
  self->durations[self->next] = gap;
  self->sum += gap;
  self->next = (self->next + 1) % GST_CALLSTATS_FRAME_DURATIONS;
}

static void
take_gap (GstCallstatsFrameGaps *self, gint64 gap)
{
  double seconds = (double)gap / G_TIME_SPAN_SECOND;

  if (is_freeze (self, gap)) {
    self->freezes++;
    self->frozen += seconds;
  }
  if (gap > PAUSE) {
    self->pauses++;
    self->paused += seconds;
  }
  self->delay += seconds;
  self->squared_delay += seconds * seconds;
  remember (self, gap);
}

void
gst_callstats_frame_gaps_add (GstCallstatsFrameGaps *self, gint64 now)
{
  if (self->any && now >= self->last)
    take_gap (self, now - self->last);
  self->any = TRUE;
  self->last = now;
}

void
gst_callstats_frame_gaps_carry (
    GstCallstatsFrameGaps *self, const GstCallstatsFrameGaps *earlier)
{
  self->freezes += earlier->freezes;
  self->pauses += earlier->pauses;
  self->frozen += earlier->frozen;
  self->paused += earlier->paused;
  self->delay += earlier->delay;
  self->squared_delay += earlier->squared_delay;
}
