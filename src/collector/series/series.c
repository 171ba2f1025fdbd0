/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Samples in a row: intervals, gaps, and which streams there are. What an interval tells
 * of a stream is found in series-points.c.
 *
 * Pure, one thread at a time.
 */
#include "series-points.h"

#include <math.h>
#include <string.h>

/* An interval is longer than expected past so many times the usual one; one that a gap
 * record explains, past so many. */
#define LONG_INTERVAL 2.5
#define LONG_INTERVAL_EXPLAINED 1.5
/* While less than three intervals are known, only one past this is long. */
#define LONG_AT_FIRST (5 * G_TIME_SPAN_SECOND)

static const char *const gap_words[] = {
  [SERIES_GAP_NONE] = NULL,
  [SERIES_GAP_SILENT] = "silent",
  [SERIES_GAP_HOLD] = "hold",
  [SERIES_GAP_MEMORY] = "memory",
  [SERIES_GAP_DISK] = "disk",
  [SERIES_GAP_AGE] = "age",
  [SERIES_GAP_SIZE] = "size",
  [SERIES_GAP_DROPPED] = "dropped",
};

struct _Series {
  GPtrArray *streams; /* SeriesStream */
  GArray *gaps;       /* SeriesGap, known beforehand */
  guint first_gap;    /* those before it are over */
  Sample *before;
  gint64 intervals[3]; /* the newest first; 0: there was none */
  SeriesStep step;
};

const char *
series_gap_to_string (SeriesGapReason reason)
{
  return gap_words[reason];
}

SeriesGapReason
series_gap_from_string (const char *reason)
{
  for (guint i = SERIES_GAP_SILENT; i < G_N_ELEMENTS (gap_words); i++) {
    if (g_strcmp0 (gap_words[i], reason) == 0)
      return i;
  }
  return SERIES_GAP_DROPPED;
}

SeriesStream *
series_stream_copy (const SeriesStream *stream)
{
  SeriesStream *copy = g_new0 (SeriesStream, 1);

  copy->direction = stream->direction;
  copy->ssrc = stream->ssrc;
  copy->id = g_strdup (stream->id);
  copy->kind = g_strdup (stream->kind);
  copy->mid = g_strdup (stream->mid);
  copy->track = g_strdup (stream->track);
  copy->codec = g_strdup (stream->codec);
  return copy;
}

void
series_stream_free (SeriesStream *stream)
{
  if (stream == NULL)
    return;
  g_free (stream->id);
  g_free (stream->kind);
  g_free (stream->mid);
  g_free (stream->track);
  g_free (stream->codec);
  g_free (stream);
}

gboolean
series_stream_is_same (const SeriesStream *a, const SeriesStream *b)
{
  if (a->direction != b->direction || a->ssrc != b->ssrc)
    return FALSE;
  return a->ssrc >= 0 || g_strcmp0 (a->id, b->id) == 0;
}

static void
update_text (char **text, const char *now)
{
  if (now == NULL || g_strcmp0 (*text, now) == 0)
    return;
  g_free (*text);
  *text = g_strdup (now);
}

void
series_stream_update (SeriesStream *stream, const SeriesStream *now)
{
  update_text (&stream->kind, now->kind);
  update_text (&stream->mid, now->mid);
  update_text (&stream->track, now->track);
  update_text (&stream->codec, now->codec);
}

Series *
series_new (GArray *gaps)
{
  Series *self = g_new0 (Series, 1);

  self->streams = g_ptr_array_new_with_free_func ((GDestroyNotify)series_stream_free);
  self->gaps = gaps != NULL ? gaps : g_array_new (FALSE, FALSE, sizeof (SeriesGap));
  self->step.points = g_array_new (FALSE, FALSE, sizeof (SeriesPoint));
  return self;
}

void
series_free (Series *self)
{
  if (self == NULL)
    return;
  sample_free (self->before);
  g_ptr_array_unref (self->streams);
  g_array_unref (self->gaps);
  g_array_unref (self->step.points);
  g_free (self);
}

/* ---- Gaps ---- */

/* µs; 0: not known. The middle of three, so that one that is out of the row does not
 * count, and a change of pace is one after two. */
static gint64
expect_interval (const Series *self)
{
  gint64 a = self->intervals[0], b = self->intervals[1], c = self->intervals[2];

  if (c == 0)
    return MAX (a, b);
  return MAX (MIN (a, b), MIN (MAX (a, b), c));
}

static gboolean
is_long (const Series *self, gint64 interval, gboolean explained)
{
  double expected = (double)expect_interval (self);

  if (expected == 0)
    return explained;
  if (explained)
    return interval > LONG_INTERVAL_EXPLAINED * expected;
  return interval > LONG_INTERVAL * expected &&
         (self->intervals[2] > 0 || interval > LONG_AT_FIRST);
}

/* A hold is one even where reports go on; what a client gave up may be every second
 * report only, so it has to show. */
static SeriesGapReason
find_gap (Series *self, gint64 from, gint64 to)
{
  SeriesGapReason given_up = SERIES_GAP_NONE;

  for (guint i = self->first_gap; i < self->gaps->len; i++) {
    const SeriesGap *gap = &g_array_index (self->gaps, SeriesGap, i);

    if (gap->from >= to)
      break;
    if (gap->to <= from)
      continue;
    if (gap->reason == SERIES_GAP_HOLD)
      return SERIES_GAP_HOLD;
    given_up = gap->reason;
  }
  if (given_up != SERIES_GAP_NONE && is_long (self, to - from, TRUE))
    return given_up;
  return is_long (self, to - from, FALSE) ? SERIES_GAP_SILENT : SERIES_GAP_NONE;
}

static void
pass_gaps (Series *self, gint64 time)
{
  while (self->first_gap < self->gaps->len &&
         g_array_index (self->gaps, SeriesGap, self->first_gap).to <= time)
    self->first_gap++;
}

static gboolean
is_on_hold (const Series *self, gint64 time)
{
  for (guint i = self->first_gap; i < self->gaps->len; i++) {
    const SeriesGap *gap = &g_array_index (self->gaps, SeriesGap, i);

    if (gap->from >= time)
      break;
    if (gap->reason == SERIES_GAP_HOLD && gap->to > time)
      return TRUE;
  }
  return FALSE;
}

static void
note_interval (Series *self, gint64 interval)
{
  self->intervals[2] = self->intervals[1];
  self->intervals[1] = self->intervals[0];
  self->intervals[0] = interval;
}

/* ---- Streams ---- */

static SeriesStream *
find_stream (Series *self, const SeriesStream *like)
{
  for (guint i = 0; i < self->streams->len; i++) {
    if (series_stream_is_same (self->streams->pdata[i], like))
      return self->streams->pdata[i];
  }
  if (self->streams->len == SERIES_MAX_STREAMS)
    return NULL;
  g_ptr_array_add (self->streams, series_stream_copy (like));
  return self->streams->pdata[self->streams->len - 1];
}

/* Returns: (nullable): NULL past the last stream that is followed. */
static const SeriesStream *
get_stream (Series *self, const Sample *sample, const SampleObject *object)
{
  double ssrc = object->numbers[SAMPLE_SSRC];
  const SampleObject *codec =
      sample_find_id (sample, sample_text (object, SAMPLE_CODEC_ID));
  SeriesStream like = {
    .direction = object->type == SAMPLE_INBOUND ? SERIES_INBOUND : SERIES_OUTBOUND,
    .ssrc = ssrc >= 0 && ssrc <= G_MAXUINT32 ? (gint64)ssrc : -1,
    .id = (char *)object->id,
    .kind = (char *)sample_text (object, SAMPLE_KIND),
    .mid = (char *)sample_text (object, SAMPLE_MID),
    .track = (char *)sample_text (object, SAMPLE_TRACK),
    .codec = codec != NULL ? (char *)sample_text (codec, SAMPLE_MIME_TYPE) : NULL,
  };
  SeriesStream *stream = find_stream (self, &like);

  if (stream != NULL)
    series_stream_update (stream, &like);
  return stream;
}

/* ---- Steps ---- */

static void
add_points (Series *self, const Sample *before, const Sample *now)
{
  SeriesStream like = { .direction = SERIES_CONNECTION, .ssrc = -1 };
  const SeriesStream *connection = find_stream (self, &like);

  for (guint i = 0; i < now->objects->len; i++) {
    const SampleObject *object = &g_array_index (now->objects, SampleObject, i);
    const SeriesStream *stream;

    if (object->type != SAMPLE_INBOUND && object->type != SAMPLE_OUTBOUND)
      continue;
    stream = get_stream (self, now, object);
    if (stream != NULL)
      series_points_add_stream (self->step.points, stream, before, now, i);
  }
  series_points_add_connection (self->step.points, connection, before, now);
}

const SeriesStep *
series_add (Series *self, CallstatsReport *report)
{
  g_autoptr (Sample) before = NULL;
  gint64 time = callstats_report_get_time (report);
  SeriesGap gap = { .to = time };

  if (self->before != NULL && time <= self->before->time)
    return NULL;
  before = g_steal_pointer (&self->before);
  self->before = sample_new (report, before);
  if (before != NULL) {
    gap.from = before->time;
    gap.reason = find_gap (self, before->time, time);
    note_interval (self, time - before->time);
  }
  pass_gaps (self, time);
  self->step.gap = gap;
  self->step.time = time;
  g_array_set_size (self->step.points, 0);
  if (gap.reason != SERIES_GAP_HOLD && !is_on_hold (self, time))
    add_points (self, gap.reason == SERIES_GAP_NONE ? before : NULL, self->before);
  return &self->step;
}

/* ---- Tails ---- */

gboolean
series_get_tail (const Series *self, SeriesTail *tail)
{
  if (self->before == NULL)
    return FALSE;
  tail->report = callstats_report_ref (self->before->report);
  memcpy (tail->intervals, self->intervals, sizeof tail->intervals);
  return TRUE;
}

void
series_resume (Series *self, const SeriesTail *tail)
{
  self->before = sample_new (tail->report, NULL);
  memcpy (self->intervals, tail->intervals, sizeof self->intervals);
  pass_gaps (self, self->before->time);
}
