/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What limits the quality of video that is sent. Pure, any thread.
 */
#include "qualitylimitation.h"

#define BUSY 0.9
#define BEHIND 0.9
#define LOWERED 0.95
#define ENOUGH_FRAMES 3
#define ENOUGH_WALL 0.2 /* seconds */

const char *
gst_callstats_limitation_get_name (GstCallstatsLimitation limitation)
{
  static const char *const names[GST_CALLSTATS_LIMITATIONS] = { "none", "cpu",
    "bandwidth", "other" };

  return names[limitation];
}

static gboolean
is_busy (const GstCallstatsEncoderLoad *load)
{
  return load->most <= 1 && load->frames > 0 &&
         load->busy * G_TIME_SPAN_SECOND >= BUSY * load->elapsed;
}

static gboolean
is_behind (const GstCallstatsEncoderLoad *load)
{
  return load->frames >= ENOUGH_FRAMES && load->wall >= ENOUGH_WALL &&
         load->media < BEHIND * load->wall;
}

static gboolean
is_lowered (
    const GstCallstatsQualityLimitation *self, const GstCallstatsEncoderLoad *load)
{
  return load->target > 0 && load->target < LOWERED * self->highest_target;
}

static GstCallstatsLimitation
find_reason (
    const GstCallstatsQualityLimitation *self, const GstCallstatsEncoderLoad *load)
{
  if (is_busy (load) || (is_behind (load) && load->most > 1))
    return GST_CALLSTATS_LIMITATION_CPU;
  if (is_lowered (self, load))
    return GST_CALLSTATS_LIMITATION_BANDWIDTH;
  return is_behind (load) ? GST_CALLSTATS_LIMITATION_OTHER
                          : GST_CALLSTATS_LIMITATION_NONE;
}

void
gst_callstats_quality_limitation_look (
    GstCallstatsQualityLimitation *self, const GstCallstatsEncoderLoad *load)
{
  self->highest_target = MAX (self->highest_target, load->target);
  self->reason = find_reason (self, load);
  self->durations[self->reason] += (double)load->elapsed / G_TIME_SPAN_SECOND;
}
