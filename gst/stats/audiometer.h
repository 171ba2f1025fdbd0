/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Duration, energy and level of raw audio as webrtc-stats defines them: a sample adds its
 * duration times the square of its value, of which the largest possible is 1.
 *
 * Every fifth sample of each channel stands for the five; the first to be looked at moves
 * on from buffer to buffer, so that no tone hides between them.
 *
 * Pure, any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_SAMPLES_OTHER, /* not measured, only counted */
  GST_CALLSTATS_SAMPLES_S16,   /* in native byte order, as all that follow */
  GST_CALLSTATS_SAMPLES_S32,
  GST_CALLSTATS_SAMPLES_F32,
  GST_CALLSTATS_SAMPLES_F64,
} GstCallstatsSamples;

typedef struct {
  GstCallstatsSamples samples;
  guint rate; /* 0: unknown */
  guint channels;
  guint frame_size; /* bytes of one sample of all channels */
} GstCallstatsAudioFormat;

typedef struct {
  GstCallstatsAudioFormat format;
  guint start;
  gboolean unmeasured; /* some of it was not */

  guint64 frames; /* samples of one channel */
  double seconds;
  double energy;

  double level; /* of the last tenth of a second that is over */
  gboolean has_level;
  gint64 level_time; /* monotonic */
  double window_seconds;
  double window_energy;
} GstCallstatsAudioMeter;

/* Returns: FALSE: unknown, or not in native byte order
 * name: as in caps of audio/x-raw, such as S16LE */
gboolean gst_callstats_audio_format_set (
    GstCallstatsAudioFormat *format, const char *name, gint rate, gint channels);
/* size: bytes of data; samples of several channels take turns, or follow each other */
void gst_callstats_audio_meter_add (
    GstCallstatsAudioMeter *meter, gconstpointer data, gsize size, gint64 now);
/* Returns: FALSE: nothing was heard in the last two seconds, not even silence */
gboolean gst_callstats_audio_meter_get_level (
    const GstCallstatsAudioMeter *meter, gint64 now, double *level);
void gst_callstats_audio_meter_carry (
    GstCallstatsAudioMeter *meter, const GstCallstatsAudioMeter *earlier);

G_END_DECLS
