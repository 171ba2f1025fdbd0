/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How good a stream is, from 1 to 5, and why not better. docs/quality.md is the
 * specification: every constant here is there, with its source.
 *
 * Pure, any thread.
 */
#include <math.h>
#include <string.h>

#include "callstats-emodel-private.h"
#include "callstats-score-private.h"

/* Beyond the losses that G.107 is for, down to nothing. */
#define LOSS_MODELLED 0.2
#define LOSS_UNINTELLIGIBLE 0.5

#define LOSS_ONE_WAY 0.99
#define BUFFER_PER_JITTER 2.0

/* Video: rtcscore's regression of opinions over bits per pixel. */
#define PICTURE_AT_1_BIT 5.36
#define PICTURE_PER_BITS 0.56
#define PICTURE_PER_FRAMES 1.9
#define BITS_PER_PIXEL_USUAL 0.1
#define FRAMES_ENOUGH 30.0
#define FRAME_RATIO_UNNOTICED 0.8
#define PICTURE_LOSS 10.0 /* e-folds, of all lost */
#define PICTURE_FREEZES 3.0

#define COST_COUNTED 0.05

static const char *const reason_words[CALLSTATS_N_REASONS] = { "loss", "one-way", "delay",
  "jitter", "freezes", "frame-rate", "bitrate" };

const char *
callstats_reason_to_string (CallstatsReason reason)
{
  return reason_words[reason];
}

typedef struct {
  const char *mime_type;
  double efficiency;
} VideoCodec;

static const VideoCodec video_codecs[] = {
  { "video/VP9", 1.2 },
  { "video/H265", 1.2 },
  { "video/AV1", 1.43 },
};

#define VIDEO_DELAY 33.0 /* a frame, ms */

static double
find_video_efficiency (const char *mime_type)
{
  guint i;

  for (i = 0; mime_type != NULL && i < G_N_ELEMENTS (video_codecs); i++) {
    if (g_ascii_strcasecmp (video_codecs[i].mime_type, mime_type) == 0)
      return video_codecs[i].efficiency;
  }
  return 1;
}

/* Scores */

/* Conditions without what is not known. */
typedef struct {
  gboolean video;
  double loss;
  double trip;   /* ms, one way, with codec and packets */
  double buffer; /* ms, where known */
  double jitter; /* ms, where the buffer is not known */
  double frozen;
  double frame_ratio;               /* of what is expected */
  double bits_per_pixel;            /* of VP8; 0: not judged */
  const CallstatsAudioCodec *audio; /* nullable, for video */
  double bpl, bitrate_impaired;     /* of audio */
} Judged;

static double
one_way_delay (const Judged *judged)
{
  return judged->trip + judged->buffer + BUFFER_PER_JITTER * judged->jitter;
}

/* 1 as far as losses are modelled, 0 where nothing can be understood. */
static double
remain_of_loss (double loss)
{
  double beyond = (loss - LOSS_MODELLED) / (LOSS_UNINTELLIGIBLE - LOSS_MODELLED);

  return 1 - CLAMP (beyond, 0, 1);
}

static double
judge_audio (const Judged *judged)
{
  double rating =
      CALLSTATS_EMODEL_RATING -
      callstats_emodel_delay_impairment (one_way_delay (judged)) -
      callstats_emodel_equipment_impairment (
          judged->audio->ie + judged->bitrate_impaired, judged->bpl, judged->loss);

  return callstats_emodel_opinion (MAX (rating, 0) * remain_of_loss (judged->loss));
}

static double
judge_picture (const Judged *judged)
{
  double bits =
      judged->bits_per_pixel > 0 ? judged->bits_per_pixel : BITS_PER_PIXEL_USUAL;
  double picture = PICTURE_AT_1_BIT + PICTURE_PER_BITS * log (bits);
  double ratio = MIN (judged->frame_ratio / FRAME_RATIO_UNNOTICED, 1);

  picture = CLAMP (picture, 1, 5);
  return ratio > 0 ? MAX (picture + PICTURE_PER_FRAMES * log (ratio), 1) : 1;
}

static double
judge_video (const Judged *judged)
{
  double delay = callstats_emodel_delay_impairment (one_way_delay (judged));
  double remains = 1 - delay / CALLSTATS_EMODEL_RATING;

  remains *= exp (-PICTURE_LOSS * judged->loss) * remain_of_loss (judged->loss);
  remains *= pow (1 - judged->frozen, PICTURE_FREEZES);
  return 1 + (judge_picture (judged) - 1) * remains;
}

static double
judge (const Judged *judged)
{
  double score = judged->video ? judge_video (judged) : judge_audio (judged);

  return CLAMP (score, 1, 5);
}

static gboolean
is_known (double value)
{
  return isfinite (value) && value >= 0;
}

static double
known_or (double value, double otherwise)
{
  return is_known (value) ? value : otherwise;
}

static void
read_audio (const CallstatsStreamConditions *conditions, Judged *judged)
{
  const CallstatsAudioCodec *codec = callstats_audio_codec_find (conditions->codec);

  judged->audio = codec;
  judged->bpl = conditions->concealed ? codec->bpl : codec->bpl_not_concealed;
  judged->trip += codec->delay;
  judged->bitrate_impaired =
      callstats_audio_codec_impair (codec, known_or (conditions->bitrate, 0));
}

/* Frames of a screen come as it changes, and cost as little as changes do. */
static void
read_video (const CallstatsStreamConditions *conditions, Judged *judged)
{
  double rate = known_or (conditions->frames_per_second, -1);
  double expected = known_or (conditions->expected_frames_per_second, 0);
  double pixels =
      known_or (conditions->frame_width, 0) * known_or (conditions->frame_height, 0);
  double bitrate = known_or (conditions->bitrate, -1);

  judged->trip += VIDEO_DELAY;
  judged->frozen = MIN (known_or (conditions->frozen, 0), 1);
  judged->frame_ratio = 1;
  if (conditions->screen)
    return;
  if (rate == 0)
    judged->frame_ratio = 0;
  else if (rate > 0 && expected > 0)
    judged->frame_ratio = MIN (rate / MIN (expected, FRAMES_ENOUGH), 1);
  if (expected == 0)
    expected = rate;
  if (bitrate >= 0 && pixels > 0 && expected > 0)
    judged->bits_per_pixel = MAX (
        find_video_efficiency (conditions->codec) * bitrate / pixels / expected, 1e-9);
}

/* FALSE: without its loss a stream is not judged. */
static gboolean
read_conditions (const CallstatsStreamConditions *conditions, Judged *judged)
{
  if (!is_known (conditions->fraction_lost))
    return FALSE;
  memset (judged, 0, sizeof *judged);
  judged->video = conditions->video;
  judged->loss = MIN (conditions->fraction_lost, 1);
  judged->trip = 1000 * known_or (conditions->round_trip_time, 0) / 2;
  if (is_known (conditions->jitter_buffer_delay))
    judged->buffer = 1000 * conditions->jitter_buffer_delay;
  else
    judged->jitter = 1000 * known_or (conditions->jitter, 0);
  if (judged->video)
    read_video (conditions, judged);
  else
    read_audio (conditions, judged);
  return TRUE;
}

/* Reasons */

/* to: conditions in which from's impairment takes the place of its own. */
static void
take_over (CallstatsReason reason, Judged *to, const Judged *from)
{
  switch (reason) {
  case CALLSTATS_REASON_LOSS:
  case CALLSTATS_REASON_ONE_WAY:
    to->loss = from->loss;
    break;
  case CALLSTATS_REASON_DELAY:
    to->trip = from->trip;
    to->buffer = from->buffer;
    break;
  case CALLSTATS_REASON_JITTER:
    to->jitter = from->jitter;
    break;
  case CALLSTATS_REASON_FREEZES:
    to->frozen = from->frozen;
    break;
  case CALLSTATS_REASON_FRAME_RATE:
    to->frame_ratio = from->frame_ratio;
    break;
  case CALLSTATS_REASON_BITRATE:
    to->bits_per_pixel = from->bits_per_pixel;
    to->bitrate_impaired = from->bitrate_impaired;
    break;
  }
}

/* The same stream with nothing to complain of. */
static void
make_ideal (const Judged *judged, Judged *ideal)
{
  *ideal = *judged;
  ideal->loss = ideal->trip = ideal->buffer = ideal->jitter = ideal->frozen = 0;
  ideal->bitrate_impaired = 0;
  ideal->frame_ratio = 1;
  if (judged->bits_per_pixel > 0)
    ideal->bits_per_pixel = MAX (judged->bits_per_pixel, BITS_PER_PIXEL_USUAL);
}

/* Between what it costs alone and what its end would give back. */
static double
cost_of (CallstatsReason reason, const Judged *judged, const Judged *ideal)
{
  Judged alone = *ideal, without = *judged;

  take_over (reason, &alone, judged);
  take_over (reason, &without, ideal);
  return (judge (ideal) - judge (&alone) + judge (&without) - judge (judged)) / 2;
}

static void
find_costs (const Judged *judged, CallstatsScore *score)
{
  gboolean one_way = judged->loss >= LOSS_ONE_WAY;
  Judged ideal;
  guint i;

  make_ideal (judged, &ideal);
  if (judge (&ideal) - score->value < COST_COUNTED)
    return;
  for (i = 0; i < CALLSTATS_N_REASONS; i++) {
    if (i == (one_way ? CALLSTATS_REASON_LOSS : CALLSTATS_REASON_ONE_WAY))
      continue;
    score->costs[i] = cost_of (i, judged, &ideal);
    if (score->costs[i] < COST_COUNTED)
      score->costs[i] = 0;
  }
}

guint
callstats_score_rank (
    const CallstatsScore *score, CallstatsReason ranked[CALLSTATS_N_REASONS])
{
  guint n = 0, i, at;

  for (i = 0; i < CALLSTATS_N_REASONS; i++) {
    if (score->costs[i] <= 0)
      continue;
    for (at = n++; at > 0 && score->costs[ranked[at - 1]] < score->costs[i]; at--)
      ranked[at] = ranked[at - 1];
    ranked[at] = i;
  }
  return n;
}

void
callstats_stream_conditions_judge (
    const CallstatsStreamConditions *conditions, CallstatsScore *score)
{
  Judged judged;

  memset (score, 0, sizeof *score);
  if (!read_conditions (conditions, &judged))
    return;
  score->value = judge (&judged);
  find_costs (&judged, score);
}

double
callstats_score_round (double value)
{
  return round (value * 10) / 10;
}

/* Fabrics */

#define AUDIO_WEIGHT 0.7

/* The mean of all streams of a kind in a direction, reasons and all. Returns: how many.
 */
static guint
find_mean (const CallstatsStreamScore *streams, guint n_streams, gboolean video,
    gboolean received, CallstatsScore *mean)
{
  guint n = 0, i, j;

  memset (mean, 0, sizeof *mean);
  for (i = 0; i < n_streams; i++) {
    const CallstatsStreamScore *stream = &streams[i];

    if (stream->score.value == 0 || stream->video != video ||
        stream->received != received)
      continue;
    n++;
    mean->value += (stream->score.value - mean->value) / n;
    for (j = 0; j < CALLSTATS_N_REASONS; j++)
      mean->costs[j] += (stream->score.costs[j] - mean->costs[j]) / n;
  }
  return n;
}

static void
score_direction (const CallstatsStreamScore *streams, guint n_streams, gboolean received,
    CallstatsScore *score)
{
  CallstatsScore video;
  guint n_audio = find_mean (streams, n_streams, FALSE, received, score);
  guint n_video = find_mean (streams, n_streams, TRUE, received, &video);
  double weight = n_audio == 0 ? 0 : n_video == 0 ? 1 : AUDIO_WEIGHT;
  guint i;

  score->value = weight * score->value + (1 - weight) * video.value;
  for (i = 0; i < CALLSTATS_N_REASONS; i++)
    score->costs[i] = weight * score->costs[i] + (1 - weight) * video.costs[i];
}

void
callstats_score_fabric (
    const CallstatsStreamScore *streams, guint n_streams, CallstatsScore *score)
{
  CallstatsScore sent;
  guint i;

  score_direction (streams, n_streams, TRUE, score);
  score_direction (streams, n_streams, FALSE, &sent);
  if (score->value == 0 || (sent.value > 0 && sent.value < score->value))
    *score = sent;
  for (i = 0; i < CALLSTATS_N_REASONS; i++) {
    if (score->costs[i] < COST_COUNTED)
      score->costs[i] = 0;
  }
}

/* The public half */

G_DEFINE_BOXED_TYPE (CallstatsStreamConditions, callstats_stream_conditions,
    callstats_stream_conditions_copy, callstats_stream_conditions_free)

void
callstats_stream_conditions_init (CallstatsStreamConditions *conditions, gboolean video)
{
  *conditions = (CallstatsStreamConditions){
    .video = video,
    .concealed = TRUE,
    .fraction_lost = NAN,
    .round_trip_time = NAN,
    .jitter = NAN,
    .jitter_buffer_delay = NAN,
    .bitrate = NAN,
    .frame_width = NAN,
    .frame_height = NAN,
    .frames_per_second = NAN,
    .expected_frames_per_second = NAN,
    .frozen = NAN,
  };
}

/**
 * callstats_stream_conditions_new:
 * @video: whether the stream is video; audio otherwise
 * @codec: (nullable): the MIME type, such as `audio/opus`
 *
 * Makes the conditions of a stream of which nothing is known. Fill in what is.
 *
 * Returns: (transfer full): conditions
 */
CallstatsStreamConditions *
callstats_stream_conditions_new (gboolean video, const char *codec)
{
  CallstatsStreamConditions *conditions = g_new (CallstatsStreamConditions, 1);

  callstats_stream_conditions_init (conditions, video);
  conditions->codec = g_strdup (codec);
  return conditions;
}

/**
 * callstats_stream_conditions_copy:
 * @conditions: conditions
 *
 * Returns: (transfer full): a copy of @conditions
 */
CallstatsStreamConditions *
callstats_stream_conditions_copy (const CallstatsStreamConditions *conditions)
{
  CallstatsStreamConditions *copy;

  g_return_val_if_fail (conditions != NULL, NULL);

  copy = g_new (CallstatsStreamConditions, 1);
  *copy = *conditions;
  copy->codec = g_strdup (conditions->codec);
  return copy;
}

/**
 * callstats_stream_conditions_free:
 * @conditions: (transfer full) (nullable): conditions
 *
 * Frees the conditions.
 */
void
callstats_stream_conditions_free (CallstatsStreamConditions *conditions)
{
  if (conditions == NULL)
    return;
  g_free (conditions->codec);
  g_free (conditions);
}

/**
 * callstats_stream_conditions_score:
 * @conditions: the conditions of a stream
 * @reasons: (out) (optional) (transfer full): return location for why the score is not
 *   better: a variant of type `a(sd)`, words and what each costs in points, the biggest
 *   first
 *
 * Scores a stream: audio by the E-model of ITU-T G.107, video by its bits per pixel,
 * frame rate, freezes and loss. More loss, delay, jitter or freezes never give a higher
 * score.
 *
 * The reasons are `loss`, `one-way` (all is lost), `delay`, `jitter`, `freezes`,
 * `frame-rate` and `bitrate`. docs/quality.md has the formulas and their sources.
 *
 * Returns: the score, from 1 to 5; 0 where the loss is not known, without which there is
 *   none
 */
double
callstats_stream_conditions_score (
    const CallstatsStreamConditions *conditions, GVariant **reasons)
{
  CallstatsReason ranked[CALLSTATS_N_REASONS];
  CallstatsScore score;
  GVariantBuilder builder;
  guint n, i;

  g_return_val_if_fail (conditions != NULL, 0);

  callstats_stream_conditions_judge (conditions, &score);
  if (reasons == NULL)
    return score.value;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sd)"));
  n = callstats_score_rank (&score, ranked);
  for (i = 0; i < n; i++)
    g_variant_builder_add (
        &builder, "(sd)", callstats_reason_to_string (ranked[i]), score.costs[ranked[i]]);
  *reasons = g_variant_ref_sink (g_variant_builder_end (&builder));
  return score.value;
}

/**
 * callstats_score_to_quality:
 * @score: a score; one below 1 or not a number stands for none
 *
 * Gives callstats' word for a score, as it is with one decimal: `excellent` from 4.0,
 * `fair` from 3.1, `bad` below.
 *
 * Returns: the word
 */
CallstatsStreamQuality
callstats_score_to_quality (double score)
{
  if (!(score >= 1))
    return CALLSTATS_STREAM_QUALITY_UNKNOWN;
  score = callstats_score_round (score);
  if (score >= 4)
    return CALLSTATS_STREAM_QUALITY_EXCELLENT;
  return score >= 3.1 ? CALLSTATS_STREAM_QUALITY_FAIR : CALLSTATS_STREAM_QUALITY_BAD;
}
