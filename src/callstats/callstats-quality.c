/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From reports to the conditions of their streams, and the scores back into the reports.
 * docs/quality.md says what is read, and over which time.
 *
 * Pure; one thread at a time.
 */
#include <math.h>
#include <string.h>

#include "callstats-quality-private.h"
#include "callstats-quality-sample-private.h"
#include "callstats-report-private.h"

/* Streams are judged over at least a second, give or take a timer's, and as many packets
 * as make one lost one no disaster; but not over longer than five. */
#define PERIOD_MIN 900.0
#define PERIOD_MAX 5000.0
#define PERIOD_PACKETS 20.0

/* After as long, but for three frames' time, a stream of video has stopped. */
#define STOPPED_AFTER 500.0

#define WINDOW (30 * G_USEC_PER_SEC)
#define WINDOW_MAX 1000

/* Streams */

typedef struct {
  gint64 time;
  double jitter, round_trip, fraction_lost;
} WindowItem;

typedef struct {
  gint64 key;
  gboolean received, video;
  guint generation;
  gboolean begun;
  gboolean rested;                         /* when the last period ended */
  double from[CALLSTATS_SAMPLE_N_NUMBERS]; /* as of the last period */
  double usual_frame_rate;
  CallstatsScore score; /* as of the last period */
  GArray *window;       /* WindowItem */
} Stream;

struct _CallstatsQuality {
  GHashTable *streams; /* Stream.key → Stream */
  guint generation;
};

static void
stream_free (gpointer data)
{
  Stream *stream = data;

  g_array_unref (stream->window);
  g_free (stream);
}

CallstatsQuality *
callstats_quality_new (void)
{
  CallstatsQuality *self = g_new0 (CallstatsQuality, 1);

  self->streams = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, stream_free);
  return self;
}

void
callstats_quality_free (CallstatsQuality *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->streams);
  g_free (self);
}

static gint64
make_key (gboolean received, double ssrc)
{
  return 2 * (gint64)ssrc + !!received;
}

static Stream *
get_stream (CallstatsQuality *self, gboolean received, double ssrc)
{
  gint64 key = make_key (received, ssrc);
  Stream *stream = g_hash_table_lookup (self->streams, &key);

  if (stream != NULL)
    return stream;
  stream = g_new0 (Stream, 1);
  stream->key = key;
  stream->received = received;
  stream->window = g_array_new (FALSE, FALSE, sizeof (WindowItem));
  g_hash_table_insert (self->streams, &stream->key, stream);
  return stream;
}

static gboolean
was_not_seen (gpointer key, gpointer value, gpointer user_data)
{
  Stream *stream = value;

  return stream->generation != *(guint *)user_data;
}

/* Conditions */

/* A stream's samples now, and what else of the report tells of it. */
typedef struct {
  const CallstatsSample *own;
  const CallstatsSample *other; /* nullable: the other end's report of it */
  const char *codec;            /* nullable */
  double round_trip;
  double interval; /* ms since the stream's last period */
} Now;

static double
growth (const Stream *stream, const Now *now, CallstatsSampleMember member)
{
  return now->own->numbers[member] - stream->from[member];
}

static double
share (double part, double of)
{
  return of > 0 && !isnan (part) ? MAX (part, 0) / of : NAN;
}

/* 0 where it is not known, or went back. */
static double
growth_or_0 (const Stream *stream, const Now *now, CallstatsSampleMember member)
{
  return fmax (growth (stream, now, member), 0);
}

/* Packets of the media itself that were due in the period; not a number: not known. */
static double
count_expected (const Stream *stream, const Now *now)
{
  double media = growth (stream, now, CALLSTATS_SAMPLE_PACKETS) -
                 growth_or_0 (stream, now, CALLSTATS_SAMPLE_RETRANSMITTED);

  return stream->received ? media + growth_or_0 (stream, now, CALLSTATS_SAMPLE_LOST)
                          : media;
}

/* A packet that is retransmitted stays lost to its own sequence numbers. */
static double
count_repaired (const Stream *stream, const Now *now)
{
  gboolean told = !isnan (growth (stream, now, CALLSTATS_SAMPLE_REPAIRED));

  return growth_or_0 (
      stream, now, told ? CALLSTATS_SAMPLE_REPAIRED : CALLSTATS_SAMPLE_RETRANSMITTED);
}

/* What did not come, or came too late; or what was not there when it was to be heard,
 * for that may hold both. */
static double
find_loss_received (const Stream *stream, const Now *now)
{
  double lost = growth (stream, now, CALLSTATS_SAMPLE_LOST);
  double concealed = growth (stream, now, CALLSTATS_SAMPLE_CONCEALED) -
                     growth_or_0 (stream, now, CALLSTATS_SAMPLE_SILENT);

  if (!isnan (lost))
    lost = fmax (lost - count_repaired (stream, now), 0) +
           growth_or_0 (stream, now, CALLSTATS_SAMPLE_DISCARDED);
  return fmax (share (lost, count_expected (stream, now)),
      share (concealed, growth (stream, now, CALLSTATS_SAMPLE_SAMPLES)));
}

/* The other end reports what it lost before repairs; of these as much gets lost. */
static double
find_loss_sent (const Stream *stream, const Now *now)
{
  double loss, repairs;

  if (now->other == NULL)
    return NAN;
  loss = now->other->numbers[CALLSTATS_SAMPLE_FRACTION_LOST];
  repairs = share (growth_or_0 (stream, now, CALLSTATS_SAMPLE_RETRANSMITTED),
      count_expected (stream, now));
  return loss < 0 || isnan (repairs) ? loss : fmax (loss - repairs * (1 - loss), 0);
}

static double
find_loss (const Stream *stream, const Now *now)
{
  return stream->received ? find_loss_received (stream, now)
                          : find_loss_sent (stream, now);
}

/* FALSE: it began, stopped or both within the period, over which it has no rate. */
static gboolean
has_flowed (const Stream *stream, const Now *now, double frame_rate)
{
  const double *numbers = now->own->numbers;
  double idle =
      numbers[CALLSTATS_SAMPLE_TIMESTAMP] - numbers[CALLSTATS_SAMPLE_LAST_PACKET];

  return !stream->rested && !(idle > fmax (STOPPED_AFTER, 3000 / frame_rate));
}

static void
read_frames (Stream *stream, const Now *now, CallstatsStreamConditions *conditions)
{
  const double *numbers = now->own->numbers;
  double rate = numbers[CALLSTATS_SAMPLE_FRAME_RATE];

  if (isnan (rate))
    rate = 1000 * growth (stream, now, CALLSTATS_SAMPLE_FRAMES) / now->interval;
  if (fabs (growth (stream, now, CALLSTATS_SAMPLE_FRAME_WIDTH)) > 0 ||
      fabs (growth (stream, now, CALLSTATS_SAMPLE_FRAME_HEIGHT)) > 0)
    stream->usual_frame_rate = 0;
  stream->usual_frame_rate = fmax (stream->usual_frame_rate, rate);
  conditions->screen =
      g_strcmp0 (callstats_sample_text (now->own, CALLSTATS_SAMPLE_CONTENT_TYPE),
          "screenshare") == 0;
  conditions->frame_width = numbers[CALLSTATS_SAMPLE_FRAME_WIDTH];
  conditions->frame_height = numbers[CALLSTATS_SAMPLE_FRAME_HEIGHT];
  conditions->frozen =
      growth (stream, now, CALLSTATS_SAMPLE_FROZEN) * 1000 / now->interval;
  if (!has_flowed (stream, now, rate))
    return;
  conditions->bitrate =
      8000 * growth (stream, now, CALLSTATS_SAMPLE_BYTES) / now->interval;
  conditions->frames_per_second = rate;
  conditions->expected_frames_per_second = stream->usual_frame_rate;
}

static void
read_conditions (Stream *stream, const Now *now, CallstatsStreamConditions *conditions)
{
  const CallstatsSample *receiver = stream->received ? now->own : now->other;

  callstats_stream_conditions_init (conditions, stream->video);
  conditions->codec = (char *)now->codec;
  conditions->fraction_lost = find_loss (stream, now);
  conditions->round_trip_time = now->round_trip;
  if (receiver != NULL)
    conditions->jitter = receiver->numbers[CALLSTATS_SAMPLE_JITTER];
  conditions->jitter_buffer_delay =
      share (growth (stream, now, CALLSTATS_SAMPLE_BUFFER_DELAY),
          growth (stream, now, CALLSTATS_SAMPLE_BUFFER_COUNT));
  if (stream->video) {
    read_frames (stream, now, conditions);
    return;
  }
  conditions->bitrate = now->own->numbers[CALLSTATS_SAMPLE_TARGET_BITRATE];
  conditions->concealed =
      !stream->received || !isnan (now->own->numbers[CALLSTATS_SAMPLE_CONCEALED]);
}

/* Judging */

static void
remember (Stream *stream, const Now *now, gint64 time, double loss)
{
  const CallstatsSample *receiver = stream->received ? now->own : now->other;
  WindowItem item = { .time = time,
    .jitter = receiver != NULL ? receiver->numbers[CALLSTATS_SAMPLE_JITTER] : NAN,
    .round_trip = now->round_trip,
    .fraction_lost = loss };
  guint old = 0;

  while (old < stream->window->len &&
         (stream->window->len - old >= WINDOW_MAX ||
             g_array_index (stream->window, WindowItem, old).time <= time - WINDOW))
    old++;
  if (old > 0)
    g_array_remove_range (stream->window, 0, old);
  g_array_append_val (stream->window, item);
}

static void
begin_period (Stream *stream, const CallstatsSample *own)
{
  double packets = own->numbers[CALLSTATS_SAMPLE_PACKETS];

  stream->rested =
      !(packets > (stream->begun ? stream->from[CALLSTATS_SAMPLE_PACKETS] : 0));
  memcpy (stream->from, own->numbers, sizeof stream->from);
  stream->begun = TRUE;
}

/* Returns: the loss of a period that ends now; not a number: none does, or not known. */
static double
judge_period (Stream *stream, const Now *now)
{
  double expected = count_expected (stream, now);
  CallstatsStreamConditions conditions;

  callstats_stream_conditions_init (&conditions, stream->video);
  if (now->interval < PERIOD_MIN ||
      (expected > 0 && expected < PERIOD_PACKETS && now->interval < PERIOD_MAX))
    return NAN;
  memset (&stream->score, 0, sizeof stream->score);
  if (expected > 0) {
    read_conditions (stream, now, &conditions);
    callstats_stream_conditions_judge (&conditions, &stream->score);
  }
  begin_period (stream, now->own);
  return conditions.fraction_lost;
}

/* A stream whose counters or clock went back begins anew. */
static void
judge_stream (Stream *stream, Now *now, gint64 time)
{
  double loss = NAN;

  now->interval = growth (stream, now, CALLSTATS_SAMPLE_TIMESTAMP);
  if (stream->begun && now->interval >= 0 &&
      !(growth (stream, now, CALLSTATS_SAMPLE_PACKETS) < 0)) {
    loss = judge_period (stream, now);
  } else {
    memset (&stream->score, 0, sizeof stream->score);
    begin_period (stream, now->own);
  }
  remember (stream, now, time, loss);
}

/* Returns: (nullable): the stream of a sample that is one. */
static Stream *
score_sample (CallstatsQuality *self, GArray *samples, const CallstatsSample *own,
    double round_trip, gint64 time)
{
  gboolean received = callstats_sample_has_type (own, "inbound-rtp");
  Now now = { .own = own };
  gboolean video;
  Stream *stream;

  if ((!received && !callstats_sample_has_type (own, "outbound-rtp")) ||
      !(own->numbers[CALLSTATS_SAMPLE_SSRC] >= 1 &&
          own->numbers[CALLSTATS_SAMPLE_SSRC] <= G_MAXUINT32) ||
      !callstats_samples_find_media (samples, own, &video, &now.codec))
    return NULL;
  stream = get_stream (self, received, own->numbers[CALLSTATS_SAMPLE_SSRC]);
  stream->video = video;
  stream->generation = self->generation;
  now.other = callstats_samples_find_other (samples, own, received);
  now.round_trip =
      now.other != NULL ? now.other->numbers[CALLSTATS_SAMPLE_ROUND_TRIP] : NAN;
  if (isnan (now.round_trip))
    now.round_trip = round_trip;
  judge_stream (stream, &now, time);
  return stream;
}

/* Writing reports */

static void
add_reasons (CallstatsReport *report, const char *field, const CallstatsScore *score)
{
  g_autoptr (GString) json = g_string_new ("[");
  CallstatsReason ranked[CALLSTATS_N_REASONS];
  guint n = callstats_score_rank (score, ranked), i;

  for (i = 0; i < n; i++)
    g_string_append_printf (
        json, "%s\"%s\"", i > 0 ? "," : "", callstats_reason_to_string (ranked[i]));
  g_string_append_c (json, ']');
  if (n > 0)
    callstats_report_set_json (report, field, json->str);
}

static void
add_fabric (CallstatsReport *report, GArray *scores)
{
  CallstatsScore score;

  callstats_score_fabric (
      (const CallstatsStreamScore *)(gpointer)scores->data, scores->len, &score);
  callstats_report_add_stats (report, "callstats-quality", "callstats-quality");
  callstats_report_set_double (report, "score", callstats_score_round (score.value));
  add_reasons (report, "reasons", &score);
}

static void
add_stream (CallstatsReport *report, const Stream *stream, GArray *scores)
{
  CallstatsStreamScore score = { stream->video, stream->received, stream->score };

  callstats_report_set_double (
      report, "csScore", callstats_score_round (stream->score.value));
  add_reasons (report, "csReasons", &stream->score);
  g_array_append_val (scores, score);
}

/* One a sample: (nullable) Stream. */
static GPtrArray *
score_samples (CallstatsQuality *self, GArray *samples, gint64 time)
{
  double round_trip = callstats_samples_find_round_trip (samples, (double)time / 1000);
  GPtrArray *streams = g_ptr_array_sized_new (samples->len);
  guint i;

  self->generation++;
  for (i = 0; i < samples->len; i++)
    g_ptr_array_add (streams, score_sample (self, samples,
                                  callstats_samples_at (samples, i), round_trip, time));
  g_hash_table_foreach_remove (self->streams, was_not_seen, &self->generation);
  return streams;
}

static gboolean
has_score (gconstpointer stream, gconstpointer user_data)
{
  return stream != NULL && ((const Stream *)stream)->score.value > 0;
}

CallstatsReport *
callstats_quality_add (CallstatsQuality *self, CallstatsReport *report)
{
  g_autoptr (GArray) samples = callstats_samples_read (report);
  g_autoptr (GArray) scores = g_array_new (FALSE, FALSE, sizeof (CallstatsStreamScore));
  g_autoptr (GPtrArray) streams = NULL;
  CallstatsReport *scored;
  guint i;

  if (samples->len > CALLSTATS_QUALITY_MAX_OBJECTS)
    return callstats_report_ref (report);
  if (callstats_samples_find_id (samples, "callstats-quality") != NULL)
    return callstats_report_ref (report);
  streams = score_samples (self, samples, callstats_report_get_time (report));
  if (!g_ptr_array_find_with_equal_func (streams, NULL, has_score, NULL))
    return callstats_report_ref (report);
  scored = callstats_report_new_on (report);
  for (i = 0; i < streams->len; i++) {
    callstats_report_share_object (scored, callstats_report_object (report, i));
    if (has_score (streams->pdata[i], NULL))
      add_stream (scored, streams->pdata[i], scores);
  }
  add_fabric (scored, scores);
  return scored;
}

/* Over the window */

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* The known values of a member of the window's items, sorted. */
static GArray *
sort_window (const Stream *stream, gsize offset)
{
  GArray *values = g_array_sized_new (FALSE, FALSE, sizeof (double), stream->window->len);
  guint i;

  for (i = 0; i < stream->window->len; i++) {
    double value =
        G_STRUCT_MEMBER (double, &g_array_index (stream->window, WindowItem, i), offset);

    if (isfinite (value))
      g_array_append_val (values, value);
  }
  g_array_sort (values, compare_doubles);
  return values;
}

/* By nearest rank: a value that was there. */
static double
find_percentile (GArray *sorted, double percent)
{
  guint rank = (guint)ceil (sorted->len * percent / 100);

  return sorted->len > 0 ? g_array_index (sorted, double, MAX (rank, 1) - 1) : NAN;
}

static double
find_average (GArray *values)
{
  double sum = 0;
  guint i;

  for (i = 0; i < values->len; i++)
    sum += g_array_index (values, double, i);
  return values->len > 0 ? sum / values->len : NAN;
}

gboolean
callstats_quality_find (CallstatsQuality *self, gboolean received, guint32 ssrc,
    CallstatsStreamQualities *qualities)
{
  gint64 key = make_key (received, ssrc);
  const Stream *stream = g_hash_table_lookup (self->streams, &key);
  g_autoptr (GArray) jitter = NULL;
  g_autoptr (GArray) round_trip = NULL;
  g_autoptr (GArray) fraction_lost = NULL;

  if (stream == NULL)
    return FALSE;
  jitter = sort_window (stream, G_STRUCT_OFFSET (WindowItem, jitter));
  round_trip = sort_window (stream, G_STRUCT_OFFSET (WindowItem, round_trip));
  fraction_lost = sort_window (stream, G_STRUCT_OFFSET (WindowItem, fraction_lost));
  qualities->score = stream->score;
  qualities->average_jitter = find_average (jitter);
  qualities->jitter_75 = find_percentile (jitter, 75);
  qualities->jitter_95 = find_percentile (jitter, 95);
  qualities->round_trip_75 = find_percentile (round_trip, 75);
  qualities->round_trip_95 = find_percentile (round_trip, 95);
  qualities->fraction_lost_95 = find_percentile (fraction_lost, 95);
  return TRUE;
}
