/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Stats objects as arrays of the members that quality is found from. Pure, any thread.
 */
#pragma once

#include "callstats-report.h"

typedef enum {
  CALLSTATS_SAMPLE_SSRC,
  CALLSTATS_SAMPLE_TIMESTAMP,
  CALLSTATS_SAMPLE_PACKETS,
  CALLSTATS_SAMPLE_LOST,
  CALLSTATS_SAMPLE_REPAIRED,
  CALLSTATS_SAMPLE_DISCARDED,
  CALLSTATS_SAMPLE_RETRANSMITTED,
  CALLSTATS_SAMPLE_BYTES,
  CALLSTATS_SAMPLE_LAST_PACKET,
  CALLSTATS_SAMPLE_JITTER,
  CALLSTATS_SAMPLE_BUFFER_DELAY,
  CALLSTATS_SAMPLE_BUFFER_COUNT,
  CALLSTATS_SAMPLE_FRAMES,
  CALLSTATS_SAMPLE_FRAME_RATE,
  CALLSTATS_SAMPLE_FRAME_WIDTH,
  CALLSTATS_SAMPLE_FRAME_HEIGHT,
  CALLSTATS_SAMPLE_FROZEN,
  CALLSTATS_SAMPLE_SAMPLES,
  CALLSTATS_SAMPLE_CONCEALED,
  CALLSTATS_SAMPLE_SILENT,
  CALLSTATS_SAMPLE_TARGET_BITRATE,
  CALLSTATS_SAMPLE_FRACTION_LOST,
  CALLSTATS_SAMPLE_ROUND_TRIP,
  CALLSTATS_SAMPLE_PAIR_ROUND_TRIP,
  CALLSTATS_SAMPLE_RTX_SSRC,
  CALLSTATS_SAMPLE_FEC_SSRC,
  CALLSTATS_SAMPLE_N_NUMBERS,
  CALLSTATS_SAMPLE_TYPE = CALLSTATS_SAMPLE_N_NUMBERS,
  CALLSTATS_SAMPLE_KIND,
  CALLSTATS_SAMPLE_CODEC_ID,
  CALLSTATS_SAMPLE_MIME_TYPE,
  CALLSTATS_SAMPLE_CONTENT_TYPE,
  CALLSTATS_SAMPLE_N_MEMBERS,
} CallstatsSampleMember;

#define CALLSTATS_SAMPLE_N_TEXTS (CALLSTATS_SAMPLE_N_MEMBERS - CALLSTATS_SAMPLE_N_NUMBERS)

typedef struct {
  const char *id;
  double numbers[CALLSTATS_SAMPLE_N_NUMBERS]; /* not a number: not there */
  const char *texts[CALLSTATS_SAMPLE_N_TEXTS];
} CallstatsSample;

const char *callstats_sample_text (
    const CallstatsSample *sample, CallstatsSampleMember member);
gboolean callstats_sample_has_type (const CallstatsSample *sample, const char *type);

/* One a stats object, in their order. Their strings are the report's. */
GArray *callstats_samples_read (CallstatsReport *report);
const CallstatsSample *callstats_samples_at (GArray *samples, guint index);
const CallstatsSample *callstats_samples_find_id (GArray *samples, const char *id);
/* Seconds, over the nearest candidate pair, or as RTCP measured lately; not a number: not
 * known. time: the report's, in milliseconds. */
double callstats_samples_find_round_trip (GArray *samples, double time);
/* What the other end reported of a stream lately; NULL: nothing. */
const CallstatsSample *callstats_samples_find_other (
    GArray *samples, const CallstatsSample *own, gboolean received);
/* FALSE: it is no stream of media. codec: its MIME type, or NULL. */
gboolean callstats_samples_find_media (
    GArray *samples, const CallstatsSample *own, gboolean *video, const char **codec);
