/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One stream of media of a fabric, of one direction, over all of its reports.
 *
 * Pure; one thread at a time.
 */
#pragma once

#include "callstats/callstats-quality-sample-private.h"
#include "callstats/callstats-report-private.h"
#include "histogram.h"

/* What is sent and does not arrive for so long flows one way. */
#define ONE_WAY_MIN (10 * G_USEC_PER_SEC)

typedef struct {
  guint32 ssrc;
  gboolean received;
  gboolean video;
  char *mid;           /* nullable, as the next one */
  char *codec;         /* MIME type */
  gint64 first, last;  /* times of its first and last report */
  gint64 silent_since; /* while no packet has come at all: since when that is known */
  gint64 silent_until;
  /* Totals of all its reports; not a number: not told. */
  double packets, packets_lost, bytes;
  double freezes, freeze_duration; /* the latter in seconds */
  Distribution bitrate;            /* kbit/s */
  Distribution fraction_lost;
  Distribution jitter;     /* ms */
  Distribution round_trip; /* ms */
  Distribution score;
  Distribution frame_rate;
} SummaryStream;

void summary_stream_free (SummaryStream *stream);

/* A stream whose reports are being read. */
typedef struct _StreamReader StreamReader;

StreamReader *stream_reader_new (guint32 ssrc, gboolean received);
void stream_reader_free (StreamReader *reader);
guint32 stream_reader_get_ssrc (const StreamReader *reader);
gboolean stream_reader_is_received (const StreamReader *reader);

/* What a report tells of it. */
typedef struct {
  gint64 time; /* µs */
  CallstatsReport *report;
  const CallstatsStatsObject *object; /* in it */
  const CallstatsSample *own;         /* the same */
  const CallstatsSample *other;       /* nullable: what the other end reported of it */
  gboolean video;
  const char *codec; /* nullable */
  double round_trip; /* seconds; not a number: unknown */
  gboolean flows;    /* the fabric is set up, not held and not disrupted */
} StreamSample;

void stream_reader_take (StreamReader *reader, const StreamSample *sample);
/* Returns: (transfer full) */
SummaryStream *stream_reader_finish (StreamReader *reader);
