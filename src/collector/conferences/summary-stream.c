/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a stream's counters to distributions. Rates are taken over periods of about a
 * second and more, so that reports at short intervals weigh no more than others; the
 * values of that time are taken once a period, too. A counter that went back begins
 * anew.
 *
 * Pure; one thread at a time.
 */
#include "summary-stream.h"

#include <math.h>
#include <string.h>

/* A second, give or take a timer's; as the scores have it. */
#define PERIOD_MIN_MS 900.0

/* Counters of which the summary has the total. */
typedef enum {
  TOTAL_PACKETS,
  TOTAL_LOST,
  TOTAL_BYTES,
  TOTAL_FREEZES,
  TOTAL_FROZEN,
  N_TOTALS,
} Total;

struct _StreamReader {
  SummaryStream *stream;
  gboolean begun;
  double from[CALLSTATS_SAMPLE_N_NUMBERS]; /* when the period began */
  double reported;                         /* timestamp of the other end's last report */
  double last[N_TOTALS], totals[N_TOTALS];
  Histogram bitrate, fraction_lost, jitter, round_trip, score, frame_rate;
};

void
summary_stream_free (SummaryStream *stream)
{
  if (stream == NULL)
    return;
  g_free (stream->mid);
  g_free (stream->codec);
  g_free (stream);
}

StreamReader *
stream_reader_new (guint32 ssrc, gboolean received)
{
  StreamReader *reader = g_new0 (StreamReader, 1);

  reader->stream = g_new0 (SummaryStream, 1);
  reader->stream->ssrc = ssrc;
  reader->stream->received = received;
  for (guint i = 0; i < N_TOTALS; i++)
    reader->last[i] = reader->totals[i] = NAN;
  return reader;
}

void
stream_reader_free (StreamReader *reader)
{
  summary_stream_free (reader->stream);
  histogram_clear (&reader->bitrate);
  histogram_clear (&reader->fraction_lost);
  histogram_clear (&reader->jitter);
  histogram_clear (&reader->round_trip);
  histogram_clear (&reader->score);
  histogram_clear (&reader->frame_rate);
  g_free (reader);
}

guint32
stream_reader_get_ssrc (const StreamReader *reader)
{
  return reader->stream->ssrc;
}

gboolean
stream_reader_is_received (const StreamReader *reader)
{
  return reader->stream->received;
}

static const CallstatsField *
find_field (const StreamSample *sample, const char *name)
{
  const CallstatsField *fields = callstats_report_fields (sample->report, sample->object);

  for (guint i = 0; i < sample->object->n_fields; i++)
    if (strcmp (fields[i].name, name) == 0)
      return &fields[i];
  return NULL;
}

static double
find_number (const StreamSample *sample, const char *name)
{
  const CallstatsField *field = find_field (sample, name);

  if (field == NULL)
    return NAN;
  switch (field->kind) {
  case CALLSTATS_VALUE_INT:
    return (double)field->i;
  case CALLSTATS_VALUE_UINT:
    return (double)field->u;
  case CALLSTATS_VALUE_DOUBLE:
    return field->d;
  default:
    return NAN;
  }
}

/* A counter that is less than before has begun anew. */
static void
add_to_total (StreamReader *reader, Total which, double now)
{
  double before = reader->last[which];

  if (isnan (now))
    return;
  if (isnan (reader->totals[which]))
    reader->totals[which] = 0;
  reader->totals[which] += isnan (before) || now < before ? fmax (now, 0) : now - before;
  reader->last[which] = now;
}

/* Losses are taken back when late packets come. */
static void
add_to_losses (StreamReader *reader, double now, gboolean anew)
{
  double before = anew ? 0 : reader->last[TOTAL_LOST];

  if (isnan (now))
    return;
  if (isnan (reader->totals[TOTAL_LOST]))
    reader->totals[TOTAL_LOST] = 0;
  reader->totals[TOTAL_LOST] += isnan (before) ? now : now - before;
  reader->last[TOTAL_LOST] = now;
}

static void
take_totals (StreamReader *reader, const StreamSample *sample)
{
  const double *numbers = sample->own->numbers;
  double packets = numbers[CALLSTATS_SAMPLE_PACKETS];
  gboolean anew = packets < reader->last[TOTAL_PACKETS];

  if (reader->stream->received)
    add_to_losses (reader, numbers[CALLSTATS_SAMPLE_LOST], anew);
  else if (sample->other != NULL)
    add_to_losses (reader, sample->other->numbers[CALLSTATS_SAMPLE_LOST], anew);
  add_to_total (reader, TOTAL_PACKETS, packets);
  add_to_total (reader, TOTAL_BYTES, numbers[CALLSTATS_SAMPLE_BYTES]);
  add_to_total (reader, TOTAL_FROZEN, numbers[CALLSTATS_SAMPLE_FROZEN]);
  if (sample->video)
    add_to_total (reader, TOTAL_FREEZES, find_number (sample, "freezeCount"));
}

static void
take_name (SummaryStream *stream, const StreamSample *sample)
{
  const CallstatsField *mid = stream->mid == NULL ? find_field (sample, "mid") : NULL;

  if (mid != NULL && mid->kind == CALLSTATS_VALUE_STRING)
    stream->mid = g_strdup (mid->s);
  if (sample->codec != NULL && g_strcmp0 (sample->codec, stream->codec) != 0) {
    g_free (stream->codec);
    stream->codec = g_strdup (sample->codec);
  }
  stream->video = sample->video;
  if (stream->first == 0)
    stream->first = sample->time;
  stream->last = sample->time;
}

/* Since when nothing of it has come although it could have. */
static void
watch_silence (SummaryStream *stream, const StreamSample *sample)
{
  double packets = sample->own->numbers[CALLSTATS_SAMPLE_PACKETS];

  if (!stream->received || packets > 0 || isnan (packets) || !sample->flows) {
    if (stream->silent_until - stream->silent_since < ONE_WAY_MIN)
      stream->silent_since = stream->silent_until = 0;
    return;
  }
  if (stream->silent_since == 0)
    stream->silent_since = sample->time;
  stream->silent_until = sample->time;
}

static double
growth (
    const StreamReader *reader, const StreamSample *sample, CallstatsSampleMember member)
{
  return sample->own->numbers[member] - reader->from[member];
}

/* Of what was due in the period. What late packets take back was not lost in it. */
static double
find_loss_received (const StreamReader *reader, const StreamSample *sample)
{
  double lost = fmax (growth (reader, sample, CALLSTATS_SAMPLE_LOST), 0);
  double due = growth (reader, sample, CALLSTATS_SAMPLE_PACKETS) + lost;

  if (isnan (growth (reader, sample, CALLSTATS_SAMPLE_LOST)) || !(due > 0))
    return NAN;
  return lost / due;
}

/* What the other end reports by RTCP counts once. */
static void
take_reported (StreamReader *reader, const StreamSample *sample)
{
  const double *numbers;

  if (sample->other == NULL ||
      sample->other->numbers[CALLSTATS_SAMPLE_TIMESTAMP] == reader->reported)
    return;
  numbers = sample->other->numbers;
  reader->reported = numbers[CALLSTATS_SAMPLE_TIMESTAMP];
  if (reader->stream->received)
    return;
  histogram_add (&reader->fraction_lost, numbers[CALLSTATS_SAMPLE_FRACTION_LOST]);
  histogram_add (&reader->jitter, numbers[CALLSTATS_SAMPLE_JITTER] * 1000);
}

static void
take_frame_rate (StreamReader *reader, const StreamSample *sample, double interval)
{
  double rate = sample->own->numbers[CALLSTATS_SAMPLE_FRAME_RATE];

  if (isnan (rate))
    rate = growth (reader, sample, CALLSTATS_SAMPLE_FRAMES) * 1000 / interval;
  histogram_add (&reader->frame_rate, rate);
}

static void
take_period (StreamReader *reader, const StreamSample *sample, double interval)
{
  histogram_add (
      &reader->bitrate, growth (reader, sample, CALLSTATS_SAMPLE_BYTES) * 8 / interval);
  if (reader->stream->received) {
    histogram_add (&reader->fraction_lost, find_loss_received (reader, sample));
    histogram_add (&reader->jitter, sample->own->numbers[CALLSTATS_SAMPLE_JITTER] * 1000);
  }
  histogram_add (&reader->round_trip, sample->round_trip * 1000);
  histogram_add (&reader->score, find_number (sample, "csScore"));
  if (sample->video)
    take_frame_rate (reader, sample, interval);
}

void
stream_reader_take (StreamReader *reader, const StreamSample *sample)
{
  double interval = growth (reader, sample, CALLSTATS_SAMPLE_TIMESTAMP);
  gboolean anew = !reader->begun || interval < 0 ||
                  growth (reader, sample, CALLSTATS_SAMPLE_PACKETS) < 0 ||
                  growth (reader, sample, CALLSTATS_SAMPLE_BYTES) < 0;

  take_name (reader->stream, sample);
  watch_silence (reader->stream, sample);
  take_totals (reader, sample);
  take_reported (reader, sample);
  if (!anew && interval < PERIOD_MIN_MS)
    return;
  if (!anew)
    take_period (reader, sample, interval);
  memcpy (reader->from, sample->own->numbers, sizeof reader->from);
  reader->begun = TRUE;
}

SummaryStream *
stream_reader_finish (StreamReader *reader)
{
  SummaryStream *stream = g_steal_pointer (&reader->stream);

  stream->packets = reader->totals[TOTAL_PACKETS];
  stream->packets_lost = reader->totals[TOTAL_LOST];
  stream->bytes = reader->totals[TOTAL_BYTES];
  stream->freezes = reader->totals[TOTAL_FREEZES];
  stream->freeze_duration = reader->totals[TOTAL_FROZEN];
  histogram_describe (&reader->bitrate, &stream->bitrate);
  histogram_describe (&reader->fraction_lost, &stream->fraction_lost);
  histogram_describe (&reader->jitter, &stream->jitter);
  histogram_describe (&reader->round_trip, &stream->round_trip);
  histogram_describe (&reader->score, &stream->score);
  histogram_describe (&reader->frame_rate, &stream->frame_rate);
  stream_reader_free (reader);
  return stream;
}
