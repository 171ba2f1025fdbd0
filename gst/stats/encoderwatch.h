/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One encoder: the bitrate it is told to reach, and what limits it.
 *
 * Monitor thread only; the bitrate is read on the pipeline thread, for an encoder may
 * hold its lock as long as it encodes a frame. A report tells it as it was at the one
 * before.
 */
#pragma once

#include "mediafigures.h"
#include "qualitylimitation.h"
#include "statssource.h"

G_BEGIN_DECLS

typedef struct {
  gpointer reading; /* a box of the pipeline thread's, too */
  GstCallstatsQualityLimitation limitation;
  gint64 last_look; /* 0: none */
  guint64 frames;   /* at the last look */
  double seconds;
  guint64 size_changes;
} GstCallstatsEncoderWatch;

void gst_callstats_encoder_watch_init (GstCallstatsEncoderWatch *watch);
void gst_callstats_encoder_watch_clear (GstCallstatsEncoderWatch *watch);

void gst_callstats_encoder_watch_look (GstCallstatsEncoderWatch *watch,
    GstElement *encoder, GstCallstatsDetail detail,
    const GstCallstatsMediaFigures *figures, gint64 now);

void gst_callstats_encoder_watch_tell_bitrate (
    const GstCallstatsEncoderWatch *watch, CallstatsReport *report);
void gst_callstats_encoder_watch_tell_limitation (
    const GstCallstatsEncoderWatch *watch, CallstatsReport *report);

G_END_DECLS
