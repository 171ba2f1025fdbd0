/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames on their way through an encoder or decoder: how many went in and came out, and
 * how long each took. What comes out is known by its presentation timestamp.
 *
 * Pure, any thread; monotonic times in microseconds come in as arguments.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GST_CALLSTATS_CODEC_FRAMES 64 /* in a codec at once; those before are lost */

typedef struct {
  guint64 pts; /* in nanoseconds; G_MAXUINT64: unknown */
  gint64 entered;
  gint64 received; /* when its first packet came; -1: unknown */
  gboolean key;
} GstCallstatsCodecFrame;

typedef struct {
  GstCallstatsCodecFrame frames[GST_CALLSTATS_CODEC_FRAMES]; /* inside, in order */
  guint n;
  guint most;   /* inside at once since the last look */
  gint64 shift; /* that the codec adds to timestamps, in nanoseconds */

  guint64 entered;
  guint64 left;
  guint64 keys; /* that left and were key frames when they entered */
  guint64 lost; /* that entered, and what came after them has left, or 3 s passed */
  guint64 matched;
  guint64 unmatched;   /* that left and were not known, but for those at the start */
  double seconds;      /* inside, of all matched */
  double processing;   /* from first packet to leaving, of all where that is known */
  guint64 processed;   /* of those */
  guint64 unprocessed; /* where it is not, but for those at the start */
} GstCallstatsCodecTimes;

void gst_callstats_codec_times_enter (
    GstCallstatsCodecTimes *times, const GstCallstatsCodecFrame *frame);
/* in_order: frames leave by their timestamps, so that those which are passed are lost */
void gst_callstats_codec_times_leave (
    GstCallstatsCodecTimes *times, guint64 pts, gboolean in_order, gint64 now);
/* Whether seconds stands for all that left; a frame in a hundred may be unknown. */
gboolean gst_callstats_codec_times_are_known (const GstCallstatsCodecTimes *times);
gboolean gst_callstats_codec_times_is_processing_known (
    const GstCallstatsCodecTimes *times);
void gst_callstats_codec_times_carry (
    GstCallstatsCodecTimes *times, const GstCallstatsCodecTimes *earlier);

G_END_DECLS
