/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames on their way through an encoder or decoder. Pure, any thread.
 */
#include "codectimes.h"

/* Encoders that reorder begin at 1000 hours, lest a decoding timestamp be negative. */
#define SHIFTED (G_GUINT64_CONSTANT (3600000000000) * 999)

/* Longer than encoders look ahead. */
#define STUCK (3 * G_TIME_SPAN_SECOND)

static void
drop_first (GstCallstatsCodecTimes *self, guint n)
{
  guint i;

  for (i = n; i < self->n; i++)
    self->frames[i - n] = self->frames[i];
  self->n -= n;
}

static void
drop (GstCallstatsCodecTimes *self, guint index)
{
  guint i;

  for (i = index + 1; i < self->n; i++)
    self->frames[i - 1] = self->frames[i];
  self->n--;
}

void
gst_callstats_codec_times_enter (
    GstCallstatsCodecTimes *self, const GstCallstatsCodecFrame *frame)
{
  self->entered++;
  while (self->n == GST_CALLSTATS_CODEC_FRAMES ||
         (self->n > 0 && frame->entered - self->frames[0].entered > STUCK)) {
    drop_first (self, 1);
    self->lost++;
  }
  self->frames[self->n++] = *frame;
  self->most = MAX (self->most, self->n);
}

static gint
find (const GstCallstatsCodecTimes *self, guint64 pts)
{
  guint i;

  for (i = 0; pts != G_MAXUINT64 && i < self->n; i++) {
    if (self->frames[i].pts == pts)
      return (gint)i;
  }
  return -1;
}

/* Frames that entered before and are shown before will not come any more. */
static void
lose_passed (GstCallstatsCodecTimes *self, guint64 pts)
{
  guint i = 0;

  while (i < self->n) {
    if (self->frames[i].pts != G_MAXUINT64 && self->frames[i].pts < pts) {
      drop (self, i);
      self->lost++;
    } else {
      i++;
    }
  }
}

static gint
find_shifted (GstCallstatsCodecTimes *self, guint64 pts)
{
  gint found = find (self, pts - (guint64)self->shift);

  if (found >= 0 || self->n == 0 || pts == G_MAXUINT64 || pts < SHIFTED ||
      self->frames[0].pts >= SHIFTED)
    return found;
  self->shift = (gint64)(pts - self->frames[0].pts);
  return 0;
}

static void
match (GstCallstatsCodecTimes *self, const GstCallstatsCodecFrame *frame, gint64 now)
{
  self->matched++;
  self->keys += frame->key != FALSE;
  self->seconds += (double)(now - frame->entered) / G_TIME_SPAN_SECOND;
  if (frame->received < 0 || frame->received > now) {
    self->unprocessed += self->processed > 0;
    return;
  }
  self->processed++;
  self->processing += (double)(now - frame->received) / G_TIME_SPAN_SECOND;
}

void
gst_callstats_codec_times_leave (
    GstCallstatsCodecTimes *self, guint64 pts, gboolean in_order, gint64 now)
{
  gint found = find_shifted (self, pts);

  self->left++;
  if (found < 0) {
    self->unmatched += self->matched > 0;
    return;
  }
  pts = self->frames[found].pts;
  match (self, &self->frames[found], now);
  drop (self, (guint)found);
  if (in_order)
    lose_passed (self, pts);
}

gboolean
gst_callstats_codec_times_are_known (const GstCallstatsCodecTimes *self)
{
  return self->matched > 0 && self->unmatched <= self->matched / 100;
}

gboolean
gst_callstats_codec_times_is_processing_known (const GstCallstatsCodecTimes *self)
{
  return self->processed > 0 && self->unprocessed <= self->processed / 100;
}

void
gst_callstats_codec_times_carry (
    GstCallstatsCodecTimes *self, const GstCallstatsCodecTimes *earlier)
{
  self->entered += earlier->entered;
  self->left += earlier->left;
  self->keys += earlier->keys;
  self->lost += earlier->lost;
  self->matched += earlier->matched;
  self->unmatched += earlier->unmatched;
  self->seconds += earlier->seconds;
  self->processing += earlier->processing;
  self->processed += earlier->processed;
  self->unprocessed += earlier->unprocessed;
}
