/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What limits the quality of video that is sent.
 *
 * cpu: the encoder, which takes one frame at a time, was busy for nine tenths of the time
 * or more; or frames pile up in one that takes several, so that what comes out falls
 * behind real time. other: what goes in falls behind, though the encoder has time.
 * bandwidth: the target bitrate is below the highest that there was in this call, as a
 * congestion controller leaves it. Where several hold, the first of these is told.
 *
 * Pure, any thread; monotonic times in microseconds come in as arguments.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_LIMITATION_NONE,
  GST_CALLSTATS_LIMITATION_CPU,
  GST_CALLSTATS_LIMITATION_BANDWIDTH,
  GST_CALLSTATS_LIMITATION_OTHER,
} GstCallstatsLimitation;

#define GST_CALLSTATS_LIMITATIONS 4

/* What an encoder did between two looks. */
typedef struct {
  gint64 elapsed; /* between the looks */
  guint64 frames; /* that it made */
  double busy;    /* seconds that frames were inside, one after the other */
  guint most;     /* frames inside at once */
  double media;   /* seconds from the first frame that came out to the last, by their
                     timestamps; */
  double wall;    /* and by the clock */
  double target;  /* bit/s; 0: unknown */
} GstCallstatsEncoderLoad;

typedef struct {
  GstCallstatsLimitation reason;
  double durations[GST_CALLSTATS_LIMITATIONS]; /* seconds */
  guint64 resolution_changes;                  /* while there was a limitation */
  double highest_target;
} GstCallstatsQualityLimitation;

/* Returns: the reason's name in webrtc-stats */
const char *gst_callstats_limitation_get_name (GstCallstatsLimitation limitation);

void gst_callstats_quality_limitation_look (
    GstCallstatsQualityLimitation *limitation, const GstCallstatsEncoderLoad *load);

G_END_DECLS
