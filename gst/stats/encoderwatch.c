/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One encoder: its bitrate, and what limits it. Monitor thread, but for read_bitrate.
 */
#include "../pipelinethread.h"
#include "encoderbitrate.h"
#include "encoderwatch.h"

/* An atomic box. */
typedef struct {
  gint in_flight; /* atomic */
  GMutex lock;
  guint64 bitrate; /* under lock; in bit/s, 0: unknown */
} Reading;

typedef struct {
  Reading *reading;
  GstElement *encoder;
} Job;

static void
reading_clear (gpointer data)
{
  Reading *reading = data;

  g_mutex_clear (&reading->lock);
}

static void
reading_unref (Reading *reading)
{
  g_atomic_rc_box_release_full (reading, reading_clear);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  g_atomic_int_set (&job->reading->in_flight, FALSE);
  reading_unref (job->reading);
  gst_object_unref (job->encoder);
  g_free (job);
}

static gboolean
read_bitrate (gpointer data)
{
  Job *job = data;
  guint64 bitrate = gst_callstats_encoder_read_bitrate (job->encoder);

  g_mutex_lock (&job->reading->lock);
  job->reading->bitrate = bitrate;
  g_mutex_unlock (&job->reading->lock);
  return G_SOURCE_REMOVE;
}

static void
ask_bitrate (Reading *reading, GstElement *encoder)
{
  Job *job;

  if (!gst_callstats_encoder_has_bitrate (encoder) ||
      !g_atomic_int_compare_and_exchange (&reading->in_flight, FALSE, TRUE))
    return;
  job = g_new0 (Job, 1);
  job->reading = g_atomic_rc_box_acquire (reading);
  job->encoder = gst_object_ref (encoder);
  gst_callstats_pipeline_invoke (read_bitrate, job, job_free);
}

static guint64
get_bitrate (const GstCallstatsEncoderWatch *self)
{
  Reading *reading = self->reading;
  guint64 bitrate;

  g_mutex_lock (&reading->lock);
  bitrate = reading->bitrate;
  g_mutex_unlock (&reading->lock);
  return bitrate;
}

static double
get_seconds (GstClockTime from, GstClockTime to)
{
  return GST_CLOCK_TIME_IS_VALID (from) && to > from ? (double)(to - from) / GST_SECOND
                                                     : 0;
}

static void
look_at_load (
    GstCallstatsEncoderWatch *self, const GstCallstatsMediaFigures *figures, gint64 now)
{
  GstCallstatsEncoderLoad load = {
    .elapsed = now - self->last_look,
    .frames = figures->times.left - self->frames,
    .busy = figures->times.seconds - self->seconds,
    .most = figures->times.most,
    .media = get_seconds (figures->first_pts, figures->last_pts),
    .wall = (double)(figures->last_time - figures->first_time) / G_TIME_SPAN_SECOND,
    .target = (double)get_bitrate (self),
  };

  gst_callstats_quality_limitation_look (&self->limitation, &load);
  if (self->limitation.reason != GST_CALLSTATS_LIMITATION_NONE)
    self->limitation.resolution_changes += figures->size_changes - self->size_changes;
}

void
gst_callstats_encoder_watch_look (GstCallstatsEncoderWatch *self, GstElement *encoder,
    GstCallstatsDetail detail, const GstCallstatsMediaFigures *figures, gint64 now)
{
  if (!(detail & GST_CALLSTATS_DETAIL_CODECS))
    return;
  ask_bitrate (self->reading, encoder);
  if (self->last_look != 0)
    look_at_load (self, figures, now);
  self->last_look = now;
  self->frames = figures->times.left;
  self->seconds = figures->times.seconds;
  self->size_changes = figures->size_changes;
}

void
gst_callstats_encoder_watch_tell_bitrate (
    const GstCallstatsEncoderWatch *self, CallstatsReport *report)
{
  guint64 bitrate = get_bitrate (self);

  if (bitrate > 0)
    callstats_report_set_uint (report, "targetBitrate", bitrate);
}

/* The record of webrtc-stats is told as a member for each of its keys. */
static const char *const duration_members[GST_CALLSTATS_LIMITATIONS] = {
  [GST_CALLSTATS_LIMITATION_NONE] = "qualityLimitationDurations.none",
  [GST_CALLSTATS_LIMITATION_CPU] = "qualityLimitationDurations.cpu",
  [GST_CALLSTATS_LIMITATION_BANDWIDTH] = "qualityLimitationDurations.bandwidth",
  [GST_CALLSTATS_LIMITATION_OTHER] = "qualityLimitationDurations.other",
};

void
gst_callstats_encoder_watch_tell_limitation (
    const GstCallstatsEncoderWatch *self, CallstatsReport *report)
{
  guint i;

  if (self->last_look == 0)
    return;
  callstats_report_set_string (report, "qualityLimitationReason",
      gst_callstats_limitation_get_name (self->limitation.reason));
  for (i = 0; i < GST_CALLSTATS_LIMITATIONS; i++)
    callstats_report_set_double (
        report, duration_members[i], self->limitation.durations[i]);
  callstats_report_set_uint (
      report, "qualityLimitationResolutionChanges", self->limitation.resolution_changes);
}

void
gst_callstats_encoder_watch_init (GstCallstatsEncoderWatch *self)
{
  Reading *reading = g_atomic_rc_box_new0 (Reading);

  g_mutex_init (&reading->lock);
  self->reading = reading;
}

void
gst_callstats_encoder_watch_clear (GstCallstatsEncoderWatch *self)
{
  reading_unref (self->reading);
}
