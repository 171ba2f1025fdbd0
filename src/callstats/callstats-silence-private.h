/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether the other end of a peer connection is heard: when its last packets came, and
 * from when on their absence means something.
 *
 * Pure; times come in and are of one clock. Belongs to one fabric.
 */
#pragma once

#include <glib.h>

#define CALLSTATS_NEVER G_MININT64

/* Nothing at all for that long is silence while RTP flowed. A sender that is muted then
 * still sends RTCP: at least every 7.5 s, 1.5 times the interval of 5 s (RFC 3550 divides
 * that by 1.22 again, Chromium does not). */
#define CALLSTATS_SILENCE_FLOWING (7750 * G_TIME_SPAN_MILLISECOND)
/* While only RTCP came, one report may be lost without meaning anything. */
#define CALLSTATS_SILENCE_QUIET (12 * G_TIME_SPAN_SECOND)
/* Silence that lasts, callstats' 30 s: what was connected is lost. */
#define CALLSTATS_SILENCE_DROPPED (30 * G_TIME_SPAN_SECOND)

typedef struct {
  gint64 last;     /* packet of any kind; CALLSTATS_NEVER: none */
  gint64 last_rtp; /* RTP packet; CALLSTATS_NEVER: none */
  gint64 deaf;     /* since when nothing could be heard; CALLSTATS_NEVER: it can */
  gint64 since;    /* when it began to count; CALLSTATS_NEVER: with the first packet */
} CallstatsSilence;

void callstats_silence_init (CallstatsSilence *silence);
/* Packets came, the last of them at time. */
void callstats_silence_hear (CallstatsSilence *silence, gboolean rtp, gint64 time);
/* While deaf, as a paused pipeline is, silence means nothing; then it counts anew. */
void callstats_silence_set_deaf (CallstatsSilence *silence, gboolean deaf, gint64 time);

/* How long nothing has come at time; 0 where that means nothing. */
gint64 callstats_silence_length (const CallstatsSilence *silence, gint64 time);
/* Whether that is too long. */
gboolean callstats_silence_is_broken (const CallstatsSilence *silence, gint64 time);
