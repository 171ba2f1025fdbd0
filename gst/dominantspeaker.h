/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who speaks: this user, or somebody else.
 *
 * The rule: a side takes over when it has been louder than -50 dB, and 6 dB louder than
 * the other side, for a second without a break. It stays until the other side takes over:
 * silence takes nothing from whoever spoke last. A level falls by no more than 20 dB a
 * second, so that the gaps between words are none.
 *
 * Pure: time comes in as an argument.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_SIDE_NONE,
  GST_CALLSTATS_SIDE_LOCAL,
  GST_CALLSTATS_SIDE_REMOTE,
} GstCallstatsSide;

typedef struct {
  double level; /* dB of full scale */
  gint64 time;  /* monotonic; 0: none yet */
} GstCallstatsLoudness;

typedef struct {
  GstCallstatsSide dominant;
  GstCallstatsSide louder; /* now */
  gint64 since;
} GstCallstatsDominantSpeaker;

/* A level was measured. */
void gst_callstats_loudness_take (
    GstCallstatsLoudness *loudness, double level, gint64 now);
/* Returns: how loud it is now */
double gst_callstats_loudness_get (const GstCallstatsLoudness *loudness, gint64 now);

/* Returns: whether local is the dominant speaker now */
gboolean gst_callstats_dominant_speaker_take (
    GstCallstatsDominantSpeaker *speaker, double local, double remote, gint64 now);

G_END_DECLS
