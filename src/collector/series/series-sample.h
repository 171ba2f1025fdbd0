/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What series are made of, out of a report: each of its stats objects read once.
 *
 * Pure, any thread.
 */
#pragma once

#include "callstats/callstats-report-private.h"

typedef enum {
  SAMPLE_SSRC,
  SAMPLE_TIMESTAMP,
  SAMPLE_BYTES,
  SAMPLE_PACKETS,
  SAMPLE_LOST,
  SAMPLE_RETRANSMITTED,
  SAMPLE_FRACTION_LOST,
  SAMPLE_JITTER,
  SAMPLE_BUFFER_DELAY,
  SAMPLE_BUFFER_COUNT,
  SAMPLE_CODED_FRAMES,  /* through the codec */
  SAMPLE_PASSED_FRAMES, /* on the wire */
  SAMPLE_FRAME_RATE,
  SAMPLE_FRAME_WIDTH,
  SAMPLE_FRAME_HEIGHT,
  SAMPLE_FREEZES,
  SAMPLE_FROZEN,
  SAMPLE_QP_SUM,
  SAMPLE_TARGET_BITRATE,
  SAMPLE_AUDIO_LEVEL,
  SAMPLE_AUDIO_ENERGY,
  SAMPLE_AUDIO_DURATION,
  SAMPLE_SAMPLES,
  SAMPLE_CONCEALED,
  SAMPLE_SILENT,
  SAMPLE_SCORE,
  SAMPLE_ROUND_TRIP,
  SAMPLE_ROUND_TRIP_SUM,
  SAMPLE_ROUND_TRIPS,
  SAMPLE_AVAILABLE_OUTGOING,
  SAMPLE_PAIR_CHANGES,
  SAMPLE_NOMINATED,
  SAMPLE_N_NUMBERS,

  SAMPLE_TYPE = SAMPLE_N_NUMBERS,
  SAMPLE_KIND,
  SAMPLE_MID,
  SAMPLE_TRACK,
  SAMPLE_CODEC_ID,
  SAMPLE_MIME_TYPE,
  SAMPLE_SOURCE_ID,
  SAMPLE_REASONS,
  SAMPLE_LIMITATION,
  SAMPLE_PAIR_ID,
  SAMPLE_N_MEMBERS,
} SampleMember;

typedef enum {
  SAMPLE_OTHER,
  SAMPLE_INBOUND,
  SAMPLE_OUTBOUND,
  SAMPLE_REMOTE_INBOUND,
  SAMPLE_SOURCE,
  SAMPLE_CODEC,
  SAMPLE_TRANSPORT,
  SAMPLE_PAIR,
  SAMPLE_QUALITY,
} SampleType;

typedef struct {
  const char *id;
  guint hash; /* of id */
  SampleType type;
  double numbers[SAMPLE_N_NUMBERS]; /* NAN: not told */
  const char *texts[SAMPLE_N_MEMBERS - SAMPLE_N_NUMBERS];
} SampleObject;

/* Holds the report, whose strings it uses. */
typedef struct {
  CallstatsReport *report;
  gint64 time;
  GArray *objects;    /* SampleObject */
  GByteArray *fields; /* which member each field of the report is, plus one */
} Sample;

/* before: (nullable): the sample before, which mostly has the same fields. */
Sample *sample_new (CallstatsReport *report, const Sample *before);
void sample_free (Sample *sample);

const char *sample_text (const SampleObject *object, SampleMember member);
/* sample: (nullable). Returns: (nullable) */
const SampleObject *sample_find_id (const Sample *sample, const char *id);
/* The object of a type and SSRC, or, where that is not known, of a type and id; looked
 * for at index first. sample: (nullable). Returns: (nullable) */
const SampleObject *sample_find_stream (
    const Sample *sample, guint index, SampleType type, const SampleObject *like);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sample, sample_free)
