/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who speaks: this user, or somebody else. The rule stands in dominantspeaker.h.
 */
#include "dominantspeaker.h"

#define SILENCE -50.0 /* dB */
#define AHEAD 6.0     /* dB */
#define FALL 20.0     /* dB a second */
#define HOLD G_TIME_SPAN_SECOND

double
gst_callstats_loudness_get (const GstCallstatsLoudness *loudness, gint64 now)
{
  if (loudness->time == 0)
    return -G_MAXDOUBLE;
  return loudness->level - FALL * (now - loudness->time) / G_TIME_SPAN_SECOND;
}

void
gst_callstats_loudness_take (GstCallstatsLoudness *loudness, double level, gint64 now)
{
  loudness->level = MAX (level, gst_callstats_loudness_get (loudness, now));
  loudness->time = now;
}

static GstCallstatsSide
find_louder (double local, double remote)
{
  if (local >= SILENCE && local >= remote + AHEAD)
    return GST_CALLSTATS_SIDE_LOCAL;
  if (remote >= SILENCE && remote >= local + AHEAD)
    return GST_CALLSTATS_SIDE_REMOTE;
  return GST_CALLSTATS_SIDE_NONE;
}

gboolean
gst_callstats_dominant_speaker_take (
    GstCallstatsDominantSpeaker *speaker, double local, double remote, gint64 now)
{
  GstCallstatsSide louder = find_louder (local, remote);

  if (louder != speaker->louder) {
    speaker->louder = louder;
    speaker->since = now;
  }
  if (louder != GST_CALLSTATS_SIDE_NONE && now - speaker->since >= HOLD)
    speaker->dominant = louder;
  return speaker->dominant == GST_CALLSTATS_SIDE_LOCAL;
}
