/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Duration, energy and level of raw audio. Pure, any thread.
 */
#include "audiometer.h"

#include <math.h>
#include <string.h>

#define STRIDE 5
#define WINDOW 0.1
#define CURRENT (2 * G_TIME_SPAN_SECOND)

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define NATIVE "LE"
#else
#define NATIVE "BE"
#endif

static const struct {
  const char *name;
  GstCallstatsSamples samples;
  guint size;
} formats[] = {
  { "S16" NATIVE, GST_CALLSTATS_SAMPLES_S16, 2 },
  { "S32" NATIVE, GST_CALLSTATS_SAMPLES_S32, 4 },
  { "F32" NATIVE, GST_CALLSTATS_SAMPLES_F32, 4 },
  { "F64" NATIVE, GST_CALLSTATS_SAMPLES_F64, 8 },
};

gboolean
gst_callstats_audio_format_set (
    GstCallstatsAudioFormat *self, const char *name, gint rate, gint channels)
{
  guint i;

  *self = (GstCallstatsAudioFormat){ 0 };
  if (rate <= 0 || channels <= 0)
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (g_strcmp0 (name, formats[i].name) == 0) {
      self->samples = formats[i].samples;
      self->rate = (guint)rate;
      self->channels = (guint)channels;
      self->frame_size = formats[i].size * (guint)channels;
      return TRUE;
    }
  }
  return FALSE;
}

/* The sums over the squares of every fifth frame, all of its channels. Samples are copied
 * out, for nothing promises their alignment. */
#define DEFINE_SUM(name, type, full) \
  static double sum_##name ( \
      const guint8 *data, gsize frames, gsize start, guint channels) \
  { \
    double sum = 0; \
    gsize i, c; \
\
    for (i = start; i < frames; i += STRIDE) { \
      for (c = 0; c < channels; c++) { \
        type value; \
\
        memcpy (&value, data + (i * channels + c) * sizeof value, sizeof value); \
        sum += ((double)value / (full)) * ((double)value / (full)); \
      } \
    } \
    return sum; \
  }

DEFINE_SUM (s16, gint16, 32768.0)
DEFINE_SUM (s32, gint32, 2147483648.0)
DEFINE_SUM (f32, float, 1.0)
DEFINE_SUM (f64, double, 1.0)

static double
sum_squares (const GstCallstatsAudioMeter *self, const guint8 *data, gsize frames)
{
  guint channels = self->format.channels;

  switch (self->format.samples) {
  case GST_CALLSTATS_SAMPLES_S16:
    return sum_s16 (data, frames, self->start, channels);
  case GST_CALLSTATS_SAMPLES_S32:
    return sum_s32 (data, frames, self->start, channels);
  case GST_CALLSTATS_SAMPLES_F32:
    return sum_f32 (data, frames, self->start, channels);
  case GST_CALLSTATS_SAMPLES_F64:
    return sum_f64 (data, frames, self->start, channels);
  default:
    return NAN;
  }
}

static void
add_to_window (GstCallstatsAudioMeter *self, double seconds, double energy, gint64 now)
{
  self->window_seconds += seconds;
  self->window_energy += energy;
  if (self->window_seconds < WINDOW - 1e-9)
    return;
  self->level = MIN (sqrt (self->window_energy / self->window_seconds), 1);
  self->has_level = TRUE;
  self->level_time = now;
  self->window_seconds = 0;
  self->window_energy = 0;
}

void
gst_callstats_audio_meter_add (
    GstCallstatsAudioMeter *self, gconstpointer data, gsize size, gint64 now)
{
  gsize frames, looked;
  double seconds, energy;

  if (self->format.samples == GST_CALLSTATS_SAMPLES_OTHER) {
    self->unmeasured = TRUE;
    return;
  }
  frames = size / self->format.frame_size;
  self->frames += frames;
  seconds = (double)frames / self->format.rate;
  self->seconds += seconds;
  if (frames <= self->start)
    return;
  looked = (frames - self->start + STRIDE - 1) / STRIDE * self->format.channels;
  energy = sum_squares (self, data, frames) / looked * seconds;
  self->start = (self->start + 1) % STRIDE;
  if (!isfinite (energy))
    return;
  self->energy += energy;
  add_to_window (self, seconds, energy, now);
}

gboolean
gst_callstats_audio_meter_get_level (
    const GstCallstatsAudioMeter *self, gint64 now, double *level)
{
  *level = self->level;
  return self->has_level && now - self->level_time <= CURRENT;
}

void
gst_callstats_audio_meter_carry (
    GstCallstatsAudioMeter *self, const GstCallstatsAudioMeter *earlier)
{
  self->frames += earlier->frames;
  self->seconds += earlier->seconds;
  self->energy += earlier->energy;
  self->unmeasured |= earlier->unmeasured;
}
