/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The formulas of series. Those of averages over an interval are W3C webrtc-stats' own:
 * the growth of a total over the growth of its count, or over that of the objects'
 * timestamps; the fraction lost is RFC 3550's (6.4.1). A counter that went back, or that
 * one of both samples does not have, gives no point.
 *
 * Pure, any thread.
 */
#include "series-points.h"

#include <math.h>
#include <string.h>

#include "callstats/callstats-json-private.h"

/* Sums of what is larger would not be finite, and nothing in a call is. */
#define MAX_VALUE 1e15

/* One stream in one interval. */
typedef struct {
  GArray *points;
  const SeriesStream *stream;
  const SampleObject *was; /* NULL: begins here, or began anew */
  const SampleObject *is;
  double seconds; /* between the two; NAN without the first */
} Interval;

static void
add (const Interval *interval, SeriesMetric metric, double value, double weight)
{
  SeriesPoint point = {
    .stream = interval->stream, .metric = metric, .value = value, .weight = weight
  };

  if (fabs (value) <= MAX_VALUE && weight > 0 && weight <= MAX_VALUE)
    g_array_append_val (interval->points, point);
}

static void
add_words (const Interval *interval, SeriesMetric metric, guint32 words)
{
  SeriesPoint point = {
    .stream = interval->stream, .metric = metric, .weight = 1, .words = words
  };

  g_array_append_val (interval->points, point);
}

static double
value_of (const SampleObject *object, SampleMember member)
{
  return object != NULL ? object->numbers[member] : NAN;
}

static double
growth_between (const SampleObject *was, const SampleObject *is, SampleMember member)
{
  double growth = value_of (is, member) - value_of (was, member);

  return growth >= 0 ? growth : NAN;
}

static double
growth_of (const Interval *interval, SampleMember member)
{
  return growth_between (interval->was, interval->is, member);
}

/* A mean over the interval; its weight is the count. */
static void
add_average (
    const Interval *interval, SeriesMetric metric, SampleMember total, SampleMember count)
{
  double n = growth_of (interval, count);

  add (interval, metric, growth_of (interval, total) / n, n);
}

static void
add_rate (
    const Interval *interval, SeriesMetric metric, SampleMember counter, double factor)
{
  add (interval, metric, factor * growth_of (interval, counter) / interval->seconds,
      interval->seconds);
}

static void
add_value (const Interval *interval, SeriesMetric metric, SampleMember member)
{
  add (interval, metric, value_of (interval->is, member), 1);
}

/* Of the packets of the media itself: retransmissions are none of its sequence. Late
 * packets take back losses of before; then nothing was lost in this interval. */
static void
add_received_loss (const Interval *interval)
{
  double received = growth_of (interval, SAMPLE_PACKETS);
  double repeated = growth_of (interval, SAMPLE_RETRANSMITTED);
  double lost =
      value_of (interval->is, SAMPLE_LOST) - value_of (interval->was, SAMPLE_LOST);

  if (repeated > 0)
    received = MAX (received - repeated, 0);
  lost = isnan (lost) ? NAN : MAX (lost, 0);
  add (interval, SERIES_FRACTION_LOST, lost / (received + lost), received + lost);
}

static void
add_received (const Interval *interval)
{
  double concealed = growth_of (interval, SAMPLE_CONCEALED);
  double silent = growth_of (interval, SAMPLE_SILENT);
  double samples = growth_of (interval, SAMPLE_SAMPLES);

  add_received_loss (interval);
  add_value (interval, SERIES_JITTER, SAMPLE_JITTER);
  add_average (
      interval, SERIES_JITTER_BUFFER_DELAY, SAMPLE_BUFFER_DELAY, SAMPLE_BUFFER_COUNT);
  add (interval, SERIES_FREEZE_COUNT, growth_of (interval, SAMPLE_FREEZES), 1);
  add (interval, SERIES_FREEZE_DURATION, growth_of (interval, SAMPLE_FROZEN), 1);
  if (silent > 0)
    concealed = MAX (concealed - silent, 0);
  add (interval, SERIES_CONCEALED, concealed / samples, samples);
}

/* What the other end last told is told once, at the sample that first has it. */
static gboolean
is_news (const SampleObject *was, const SampleObject *is)
{
  return is != NULL &&
         !(value_of (was, SAMPLE_TIMESTAMP) >= value_of (is, SAMPLE_TIMESTAMP));
}

static void
add_reported_loss (const Interval *interval)
{
  double received = growth_of (interval, SAMPLE_PACKETS);
  double lost =
      value_of (interval->is, SAMPLE_LOST) - value_of (interval->was, SAMPLE_LOST);

  if (isnan (received) || isnan (lost)) {
    add_value (interval, SERIES_FRACTION_LOST, SAMPLE_FRACTION_LOST);
    return;
  }
  lost = MAX (lost, 0);
  add (interval, SERIES_FRACTION_LOST, lost / (received + lost), received + lost);
}

/* The mean of the interval's measurements where they are summed up, else the last one. */
static void
add_round_trip (const Interval *interval)
{
  if (isnan (growth_of (interval, SAMPLE_ROUND_TRIP_SUM)) ||
      isnan (growth_of (interval, SAMPLE_ROUND_TRIPS)))
    add_value (interval, SERIES_ROUND_TRIP_TIME, SAMPLE_ROUND_TRIP);
  else
    add_average (
        interval, SERIES_ROUND_TRIP_TIME, SAMPLE_ROUND_TRIP_SUM, SAMPLE_ROUND_TRIPS);
}

/* What the receiver of the stream reports of it. */
static void
add_reported (
    const Interval *interval, const Sample *before, const Sample *now, guint index)
{
  Interval reported = *interval;

  reported.is = sample_find_stream (now, index, SAMPLE_REMOTE_INBOUND, interval->is);
  reported.was = sample_find_stream (before, index, SAMPLE_REMOTE_INBOUND, interval->is);
  if (!is_news (reported.was, reported.is))
    return;
  add_reported_loss (&reported);
  add_value (&reported, SERIES_JITTER, SAMPLE_JITTER);
  add_round_trip (&reported);
}

static void
add_frames (const Interval *interval)
{
  SampleMember counter = isnan (value_of (interval->is, SAMPLE_CODED_FRAMES))
                             ? SAMPLE_PASSED_FRAMES
                             : SAMPLE_CODED_FRAMES;

  if (isnan (value_of (interval->is, counter)))
    add (interval, SERIES_FRAME_RATE, value_of (interval->is, SAMPLE_FRAME_RATE),
        isnan (interval->seconds) ? 1 : interval->seconds);
  else
    add_rate (interval, SERIES_FRAME_RATE, counter, 1);
  add_value (interval, SERIES_FRAME_WIDTH, SAMPLE_FRAME_WIDTH);
  add_value (interval, SERIES_FRAME_HEIGHT, SAMPLE_FRAME_HEIGHT);
  add_average (interval, SERIES_QP, SAMPLE_QP_SUM, SAMPLE_CODED_FRAMES);
}

/* The level of the whole interval; the present one where energy is not told. */
static void
add_level (const Interval *interval)
{
  double energy = growth_of (interval, SAMPLE_AUDIO_ENERGY);
  double duration = growth_of (interval, SAMPLE_AUDIO_DURATION);

  if (isnan (value_of (interval->is, SAMPLE_AUDIO_ENERGY)) ||
      isnan (value_of (interval->is, SAMPLE_AUDIO_DURATION)))
    add (interval, SERIES_AUDIO_LEVEL, value_of (interval->is, SAMPLE_AUDIO_LEVEL),
        isnan (interval->seconds) ? 1 : interval->seconds);
  else
    add (interval, SERIES_AUDIO_LEVEL, sqrt (energy / duration), duration);
}

static guint32
read_reasons (const char *json)
{
  g_autoptr (JsonNode) node =
      json != NULL ? callstats_json_parse (json, strlen (json), NULL) : NULL;
  JsonArray *list =
      node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint32 words = 0;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
    JsonNode *word = json_array_get_element (list, i);

    if (JSON_NODE_HOLDS_VALUE (word) && json_node_get_value_type (word) == G_TYPE_STRING)
      words |= series_metric_word (SERIES_REASONS, json_node_get_string (word));
  }
  return words;
}

static void
add_score (const Interval *interval)
{
  if (isnan (value_of (interval->is, SAMPLE_SCORE)))
    return;
  add_value (interval, SERIES_SCORE, SAMPLE_SCORE);
  add_words (interval, SERIES_REASONS,
      read_reasons (sample_text (interval->is, SAMPLE_REASONS)));
}

static void
add_limitation (const Interval *interval)
{
  const char *reason = sample_text (interval->is, SAMPLE_LIMITATION);
  guint32 word =
      reason != NULL ? series_metric_word (SERIES_QUALITY_LIMITATION, reason) : 0;

  add_value (interval, SERIES_TARGET_BITRATE, SAMPLE_TARGET_BITRATE);
  if (word != 0)
    add_words (interval, SERIES_QUALITY_LIMITATION, word);
}

/* A level and its totals are the source's where a stream is sent. */
static void
add_source_level (const Interval *interval, const Sample *before, const Sample *now)
{
  const char *id = sample_text (interval->is, SAMPLE_SOURCE_ID);
  Interval source = *interval;

  source.is = sample_find_id (now, id);
  source.was = sample_find_id (before, id);
  if (source.is != NULL && source.is->type == SAMPLE_SOURCE)
    add_level (&source);
}

/* Bytes or packets that went back: the counters began anew. */
static gboolean
began_anew (const SampleObject *was, const SampleObject *is)
{
  return value_of (is, SAMPLE_BYTES) < value_of (was, SAMPLE_BYTES) ||
         value_of (is, SAMPLE_PACKETS) < value_of (was, SAMPLE_PACKETS);
}

/* Without timestamps of their own, the times of the samples. */
static double
seconds_between (const Interval *interval, const Sample *before, const Sample *now)
{
  double ms = value_of (interval->is, SAMPLE_TIMESTAMP) -
              value_of (interval->was, SAMPLE_TIMESTAMP);

  if (interval->was == NULL)
    return NAN;
  return isnan (ms) ? (double)(now->time - before->time) / G_USEC_PER_SEC : ms / 1000;
}

void
series_points_add_stream (GArray *points, const SeriesStream *stream,
    const Sample *before, const Sample *now, guint index)
{
  const SampleObject *is = &g_array_index (now->objects, SampleObject, index);
  const SampleObject *was = sample_find_stream (before, index, is->type, is);
  Interval interval = { .points = points, .stream = stream, .is = is };

  interval.was = began_anew (was, is) ? NULL : was;
  interval.seconds = seconds_between (&interval, before, now);
  if (interval.seconds <= 0)
    return; /* the same again */
  add_rate (&interval, SERIES_BITRATE, SAMPLE_BYTES, 8);
  add_rate (&interval, SERIES_PACKET_RATE, SAMPLE_PACKETS, 1);
  add_frames (&interval);
  add_score (&interval);
  if (is->type == SAMPLE_INBOUND) {
    add_received (&interval);
    add_level (&interval);
  } else {
    add_reported (&interval, before, now, index);
    add_limitation (&interval);
    add_source_level (&interval, before, now);
  }
}

static void
add_pair (const Interval *connection, const Sample *before, const Sample *now,
    const SampleObject *pair)
{
  Interval interval = *connection;

  interval.is = pair;
  interval.was = sample_find_id (before, pair->id);
  if (!is_news (interval.was, interval.is))
    return;
  add_round_trip (&interval);
  add_value (&interval, SERIES_AVAILABLE_OUTGOING_BITRATE, SAMPLE_AVAILABLE_OUTGOING);
}

/* From one pair to another: the first that is selected changes nothing. */
static void
add_transport (const Interval *connection, const Sample *before, const Sample *now,
    const SampleObject *transport)
{
  const SampleObject *pair =
      sample_find_id (now, sample_text (transport, SAMPLE_PAIR_ID));
  const SampleObject *was = sample_find_id (before, transport->id);
  const char *pair_before = was != NULL ? sample_text (was, SAMPLE_PAIR_ID) : NULL;
  double changes = growth_between (was, transport, SAMPLE_PAIR_CHANGES);

  if (pair != NULL && pair->type == SAMPLE_PAIR)
    add_pair (connection, before, now, pair);
  if (pair_before == NULL || sample_text (transport, SAMPLE_PAIR_ID) == NULL)
    return;
  if (isnan (changes))
    changes = strcmp (pair_before, sample_text (transport, SAMPLE_PAIR_ID)) != 0;
  add (connection, SERIES_PAIR_CHANGES, changes, 1);
}

void
series_points_add_connection (
    GArray *points, const SeriesStream *stream, const Sample *before, const Sample *now)
{
  Interval interval = { .points = points, .stream = stream };
  gboolean has_transport = FALSE;

  for (guint i = 0; stream != NULL && i < now->objects->len; i++) {
    const SampleObject *object = &g_array_index (now->objects, SampleObject, i);

    interval.is = object;
    if (object->type == SAMPLE_QUALITY)
      add_score (&interval);
    if (object->type != SAMPLE_TRANSPORT || sample_text (object, SAMPLE_PAIR_ID) == NULL)
      continue;
    has_transport = TRUE;
    add_transport (&interval, before, now, object);
  }
  /* Some tell of the selected pair on itself only. */
  for (guint i = 0; stream != NULL && !has_transport && i < now->objects->len; i++) {
    const SampleObject *object = &g_array_index (now->objects, SampleObject, i);

    if (object->type == SAMPLE_PAIR && object->numbers[SAMPLE_NOMINATED] == 1)
      add_pair (&interval, before, now, object);
  }
}
