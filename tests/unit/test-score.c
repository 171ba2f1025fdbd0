/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Scores: against ITU-T G.107's own points, for monotony, and against what
 * docs/quality.md promises.
 */
#include <math.h>
#include <string.h>

#include "callstats-emodel-private.h"
#include "callstats-score-private.h"

#define N_RANDOM 100000

typedef CallstatsStreamConditions Conditions;

static double
score_of (const Conditions *conditions)
{
  return callstats_stream_conditions_score (conditions, NULL);
}

static Conditions
make (gboolean video, const char *codec, double loss, double round_trip)
{
  Conditions conditions;

  callstats_stream_conditions_init (&conditions, video);
  conditions.codec = (char *)codec;
  conditions.fraction_lost = loss;
  conditions.round_trip_time = round_trip;
  return conditions;
}

#define assert_near(found, expected, within) \
  g_assert_cmpfloat_with_epsilon (found, expected, within)

/* ITU-T G.107 (06/2015) */

static void
test_default_rating (void)
{
  g_assert_cmpfloat (CALLSTATS_EMODEL_RATING, ==, 93.2);
  assert_near (callstats_emodel_opinion (93.2), 4.41, 0.005);
}

/* Table B.1: the lower limits of its categories of quality. */
static void
test_opinions_of_table_b1 (void)
{
  static const double points[][2] = { { 90, 4.34 }, { 80, 4.03 }, { 70, 3.60 },
    { 60, 3.10 }, { 50, 2.58 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (points); i++)
    assert_near (callstats_emodel_opinion (points[i][0]), points[i][1], 0.01);
}

static void
test_opinions_at_the_ends (void)
{
  double before = 1;
  int i;

  g_assert_cmpfloat (callstats_emodel_opinion (-1e300), ==, 1);
  g_assert_cmpfloat (callstats_emodel_opinion (0), ==, 1);
  g_assert_cmpfloat (callstats_emodel_opinion (100), ==, 4.5);
  g_assert_cmpfloat (callstats_emodel_opinion (1e300), ==, 4.5);
  for (i = -100; i <= 11000; i++) {
    double opinion = callstats_emodel_opinion (i / 100.0);

    g_assert_cmpfloat (opinion, >=, before);
    before = opinion;
  }
}

/* Equations 7-27 and 7-28, computed apart, to four digits. */
static const struct {
  double delay, impairment, opinion;
} delays[] = {
  { 0, 0, 4.409 },
  { 100, 0, 4.409 },
  { 150, 0.1635, 4.406 },
  { 200, 3.0444, 4.343 },
  { 250, 8.9167, 4.175 },
  { 300, 14.7607, 3.964 },
  { 400, 24.0701, 3.556 },
  { 500, 30.6359, 3.232 },
};

static void
test_delays (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (delays); i++) {
    double impairment = callstats_emodel_delay_impairment (delays[i].delay);

    assert_near (impairment, delays[i].impairment, 0.0005);
    assert_near (callstats_emodel_opinion (93.2 - impairment), delays[i].opinion, 0.001);
  }
}

/* The same points through a whole stream: G.711 adds its packet of 20 ms, and a stream's
 * one way is half the round trip and what the jitter buffer holds. */
static void
test_delays_of_streams (void)
{
  guint i;

  for (i = 1; i < G_N_ELEMENTS (delays); i++) {
    double rest = (delays[i].delay - 20) / 1000;
    Conditions network = make (FALSE, "audio/PCMU", 0, 2 * rest);
    Conditions buffered = make (FALSE, "audio/PCMA", 0, 0);
    Conditions jittery = make (FALSE, "audio/PCMA", 0, 0);

    buffered.jitter_buffer_delay = rest;
    jittery.jitter = rest / 2;
    assert_near (score_of (&network), delays[i].opinion, 0.001);
    assert_near (score_of (&buffered), delays[i].opinion, 0.001);
    assert_near (score_of (&jittery), delays[i].opinion, 0.001);
  }
}

/* Equation 7-29 with Ie and Bpl of G.113 Appendix I, computed apart. */
static const struct {
  const char *codec;
  gboolean concealed;
  double percent, opinion;
} losses[] = {
  { "audio/PCMU", TRUE, 0, 4.409 },
  { "audio/PCMU", TRUE, 1, 4.328 },
  { "audio/PCMU", TRUE, 3, 4.134 },
  { "audio/PCMU", TRUE, 5, 3.923 },
  { "audio/PCMA", TRUE, 10, 3.411 },
  { "audio/PCMA", TRUE, 20, 2.631 },
  { "audio/PCMU", FALSE, 0, 4.409 },
  { "audio/PCMU", FALSE, 1, 3.834 },
  { "audio/PCMU", FALSE, 3, 2.794 },
  { "audio/PCMU", FALSE, 5, 2.169 },
  { "audio/opus", TRUE, 0, 4.409 },
  { "audio/opus", TRUE, 1, 4.202 },
  { "audio/OPUS", TRUE, 3, 3.711 },
  { "audio/opus", TRUE, 5, 3.256 },
  { "audio/opus", TRUE, 10, 2.440 },
  { "audio/G729", TRUE, 0, 4.104 },
};

static void
test_losses (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (losses); i++) {
    Conditions conditions = make (FALSE, losses[i].codec, losses[i].percent / 100, 0);

    conditions.concealed = losses[i].concealed;
    assert_near (score_of (&conditions), losses[i].opinion, 0.002);
  }
}

/* Table I.2 of the older G.113 Appendix I: Ie of G.711 with concealment by random loss,
 * from listening. The formula follows it within 3 points of 100. */
static void
test_losses_as_they_were_heard (void)
{
  static const double heard[][2] = { { 0, 0 }, { 1, 5 }, { 2, 7 }, { 3, 10 }, { 5, 15 },
    { 7, 20 }, { 10, 25 }, { 15, 35 }, { 20, 45 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (heard); i++)
    assert_near (callstats_emodel_equipment_impairment (0, 25.1, heard[i][0] / 100),
        heard[i][1], 3);
}

/* Opus in narrow band as published: Ie is what the encoder's bitrate costs. */
static void
test_bitrates_of_opus (void)
{
  static const double points[][2] = { { 6, 46.27 }, { 8, 19.25 }, { 9.5, 9.705 },
    { 11, 2.03 }, { 12, 0 }, { 64, 0 }, { 2, 46.27 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (points); i++) {
    Conditions conditions = make (FALSE, "audio/opus", 0, 0);

    conditions.bitrate = 1000 * points[i][0];
    assert_near (
        score_of (&conditions), callstats_emodel_opinion (93.2 - points[i][1]), 0.001);
  }
}

/* What a score comes to */

static void
test_bad_calls_score_badly (void)
{
  static const struct {
    gboolean video;
    const char *codec;
    double below;
  } rows[] = { { FALSE, "audio/opus", 2.5 }, { FALSE, NULL, 2.5 },
    { FALSE, "audio/PCMU", 3.3 }, { TRUE, "video/VP8", 2.5 },
    { TRUE, "video/AV1", 2.5 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    Conditions conditions = make (rows[i].video, rows[i].codec, 0.1, 0.4);

    if (rows[i].video) { /* the best of pictures */
      conditions.bitrate = 1e9;
      conditions.frame_width = conditions.frame_height = 100;
      conditions.frames_per_second = 30;
    }
    g_assert_cmpfloat (score_of (&conditions), <, rows[i].below);
    conditions.round_trip_time = 0;
    conditions.fraction_lost = 0.6;
    g_assert_cmpfloat (score_of (&conditions), ==, 1);
    conditions.fraction_lost = 0;
    g_assert_cmpfloat (score_of (&conditions), >, 4);
  }
}

/* Random conditions */

static double
random_share (void)
{
  double share = g_test_rand_double ();

  return g_test_rand_bit () ? share : share * share * share; /* small ones are common */
}

/* Now and then something is not known. */
static double
maybe (double value)
{
  return g_test_rand_int_range (0, 8) == 0 ? NAN : value;
}

static Conditions
make_random (void)
{
  static const char *const audio[] = { "audio/opus", "audio/PCMU", "audio/PCMA",
    "audio/G729", "audio/other", NULL };
  static const char *const video[] = { "video/VP8", "video/VP9", "video/H264",
    "video/AV1", "video/other", NULL };
  gboolean is_video = g_test_rand_bit ();
  guint codec = (guint)g_test_rand_int_range (0, G_N_ELEMENTS (audio));
  Conditions conditions =
      make (is_video, (is_video ? video : audio)[codec], random_share (), NAN);

  conditions.screen = is_video && g_test_rand_int_range (0, 8) == 0;
  conditions.concealed = g_test_rand_bit ();
  conditions.round_trip_time = maybe (3 * random_share ());
  conditions.jitter = maybe (random_share ());
  conditions.jitter_buffer_delay = g_test_rand_bit () ? NAN : 2 * random_share ();
  conditions.bitrate = maybe (5e6 * random_share ());
  conditions.frame_width = maybe (g_test_rand_int_range (0, 2000));
  conditions.frame_height = maybe (g_test_rand_int_range (0, 2000));
  conditions.frames_per_second = maybe (g_test_rand_int_range (0, 61));
  conditions.expected_frames_per_second = maybe (g_test_rand_int_range (0, 61));
  conditions.frozen = maybe (random_share ());
  return conditions;
}

typedef struct {
  const char *name;
  gsize offset;
  double most;
} Impairment;

static const Impairment impairments[] = {
  { "loss", G_STRUCT_OFFSET (Conditions, fraction_lost), 1 },
  { "delay", G_STRUCT_OFFSET (Conditions, round_trip_time), 3 },
  { "jitter", G_STRUCT_OFFSET (Conditions, jitter), 1 },
  { "buffer", G_STRUCT_OFFSET (Conditions, jitter_buffer_delay), 3 },
  { "freezes", G_STRUCT_OFFSET (Conditions, frozen), 1 },
};

static void
test_worse_never_scores_higher (gconstpointer data)
{
  const Impairment *impairment = data;
  guint fell = 0, i;

  for (i = 0; i < N_RANDOM; i++) {
    Conditions conditions = make_random ();
    double *value = &G_STRUCT_MEMBER (double, &conditions, impairment->offset);
    double from = impairment->most * random_share (), better, worse;

    *value = from;
    better = score_of (&conditions);
    *value = from + (impairment->most - from) * random_share ();
    worse = score_of (&conditions);
    g_assert_cmpfloat (worse, <=, better + 1e-12);
    fell += worse < better - 1e-3;
  }
  g_test_message ("%s: lower in %u of %u", impairment->name, fell, N_RANDOM);
  g_assert_cmpuint (fell, >, N_RANDOM / 20);
}

/* Where frames are fewer than expected, for a picture that is judged by its bits. */
static void
test_fewer_frames_or_bits_never_score_higher (void)
{
  guint i;

  for (i = 0; i < N_RANDOM; i++) {
    Conditions conditions = make_random ();
    double rate = g_test_rand_double_range (0, 60), bitrate = 5e6 * random_share ();
    double best;

    conditions.expected_frames_per_second = 60;
    conditions.frames_per_second = rate;
    conditions.bitrate = bitrate;
    best = score_of (&conditions);
    conditions.frames_per_second = rate * g_test_rand_double ();
    g_assert_cmpfloat (score_of (&conditions), <=, best + 1e-12);
    conditions.frames_per_second = rate;
    conditions.bitrate = bitrate * g_test_rand_double ();
    g_assert_cmpfloat (score_of (&conditions), <=, best + 1e-12);
  }
}

static double
random_hostile (void)
{
  static const double values[] = { NAN, INFINITY, -INFINITY, -0.0, -1, 1e308, -1e308,
    5e-324, 1e-300, 0, 1, 2, 1e9 };

  return values[g_test_rand_int_range (0, G_N_ELEMENTS (values))];
}

static void
test_whatever_comes_is_1_to_5 (void)
{
  guint scored = 0, i, j;

  for (i = 0; i < N_RANDOM; i++) {
    Conditions conditions = make_random ();
    double *numbers = &conditions.fraction_lost;
    CallstatsScore score;

    G_STATIC_ASSERT (G_STRUCT_OFFSET (Conditions, frozen) -
                         G_STRUCT_OFFSET (Conditions, fraction_lost) ==
                     9 * sizeof (double));
    for (j = 0; j < 10; j++)
      numbers[j] = random_hostile ();
    callstats_stream_conditions_judge (&conditions, &score);
    for (j = 0; j < CALLSTATS_N_REASONS; j++)
      g_assert_true (score.costs[j] >= 0 && score.costs[j] <= 4);
    if (isfinite (conditions.fraction_lost) && conditions.fraction_lost >= 0) {
      g_assert_true (score.value >= 1 && score.value <= 5);
      scored++;
    } else {
      g_assert_cmpfloat (score.value, ==, 0);
    }
  }
  g_assert_cmpuint (scored, >, N_RANDOM / 3);
}

static void
test_what_is_not_known_costs_nothing (void)
{
  static const double unknown[] = { NAN, INFINITY, -INFINITY, -1 };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (unknown); i++) {
    Conditions audio = make (FALSE, "audio/opus", 0.02, unknown[i]);
    Conditions video = make (TRUE, "video/VP8", 0.02, unknown[i]);
    double *numbers[] = { &audio.round_trip_time, &video.round_trip_time };

    for (j = 0; j < 9; j++)
      numbers[0][j] = numbers[1][j] = unknown[i];
    assert_near (score_of (&audio), 3.958, 0.002);
    assert_near (score_of (&video), 1 + 3.0706 * exp (-0.2), 0.002);
  }
}

static void
test_no_score_without_loss (void)
{
  Conditions conditions = make (FALSE, "audio/opus", NAN, 0.1);
  g_autoptr (GVariant) reasons = NULL;

  g_assert_cmpfloat (callstats_stream_conditions_score (&conditions, &reasons), ==, 0);
  g_assert_cmpuint (g_variant_n_children (reasons), ==, 0);
  g_assert_cmpint (callstats_score_to_quality (0), ==, CALLSTATS_STREAM_QUALITY_UNKNOWN);
}

/* Words */

static void
test_words (void)
{
  static const struct {
    double score;
    CallstatsStreamQuality quality;
  } rows[] = {
    { 5, CALLSTATS_STREAM_QUALITY_EXCELLENT },
    { 3.95, CALLSTATS_STREAM_QUALITY_EXCELLENT },
    { 3.94, CALLSTATS_STREAM_QUALITY_FAIR },
    { 3.06, CALLSTATS_STREAM_QUALITY_FAIR },
    { 3.04, CALLSTATS_STREAM_QUALITY_BAD },
    { 1, CALLSTATS_STREAM_QUALITY_BAD },
    { 0, CALLSTATS_STREAM_QUALITY_UNKNOWN },
    { NAN, CALLSTATS_STREAM_QUALITY_UNKNOWN },
    { -3, CALLSTATS_STREAM_QUALITY_UNKNOWN },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (callstats_score_to_quality (rows[i].score), ==, rows[i].quality);
}

static void
test_screens_may_stand_still (void)
{
  Conditions still = make (TRUE, "video/VP8", 0, 0.02);

  still.frame_width = 1920;
  still.frame_height = 1080;
  still.bitrate = 5000;
  still.frames_per_second = 1;
  still.expected_frames_per_second = 30;
  g_assert_cmpfloat (score_of (&still), <, 2);
  still.screen = TRUE;
  g_assert_cmpfloat (score_of (&still), >, 4);
  still.frozen = 0.5;
  g_assert_cmpfloat (score_of (&still), <, 2);
}

/* Fabrics */

#define STREAM(is_video, is_received, points) \
  { \
    .video = is_video, .received = is_received, .score = {.value = points } \
  }

static void
test_fabrics (void)
{
  static const struct {
    CallstatsStreamScore streams[4];
    double expected;
  } rows[] = {
    { { STREAM (FALSE, TRUE, 0) }, 0 },
    { { STREAM (FALSE, TRUE, 4) }, 4 },
    { { STREAM (TRUE, FALSE, 3) }, 3 },
    /* the worse direction */
    { { STREAM (FALSE, TRUE, 4), STREAM (FALSE, FALSE, 2) }, 2 },
    { { STREAM (FALSE, TRUE, 2), STREAM (FALSE, FALSE, 4) }, 2 },
    /* audio is 0.7 of it */
    { { STREAM (FALSE, TRUE, 4), STREAM (TRUE, TRUE, 2) }, 3.4 },
    { { STREAM (FALSE, TRUE, 2), STREAM (TRUE, TRUE, 4) }, 2.6 },
    /* streams of a kind count alike; what has no score does not count */
    { { STREAM (TRUE, TRUE, 4), STREAM (TRUE, TRUE, 2), STREAM (TRUE, TRUE, 3),
          STREAM (TRUE, TRUE, 0) },
        3 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    CallstatsScore score;

    callstats_score_fabric (rows[i].streams, 4, &score);
    assert_near (score.value, rows[i].expected, 1e-9);
  }
}

static void
test_fabrics_never_gain_by_a_worse_stream (void)
{
  guint i, j;

  for (i = 0; i < N_RANDOM; i++) {
    CallstatsStreamScore streams[6] = { 0 };
    CallstatsScore better, worse;
    guint n = (guint)g_test_rand_int_range (1, 7);

    for (j = 0; j < n; j++) {
      streams[j].video = g_test_rand_bit ();
      streams[j].received = g_test_rand_bit ();
      streams[j].score.value = g_test_rand_double_range (1, 5);
    }
    callstats_score_fabric (streams, n, &better);
    j = (guint)g_test_rand_int_range (0, (gint32)n);
    streams[j].score.value = g_test_rand_double_range (1, streams[j].score.value);
    callstats_score_fabric (streams, n, &worse);
    g_assert_cmpfloat (worse.value, <=, better.value + 1e-12);
    g_assert_true (worse.value >= 1 && worse.value <= 5);
  }
}

static void
test_fabrics_tell_the_reasons_of_their_worse_direction (void)
{
  CallstatsStreamScore streams[] = { STREAM (FALSE, TRUE, 2), STREAM (TRUE, TRUE, 4),
    STREAM (FALSE, FALSE, 4) };
  CallstatsReason ranked[CALLSTATS_N_REASONS];
  CallstatsScore score;

  streams[0].score.costs[CALLSTATS_REASON_LOSS] = 2;
  streams[1].score.costs[CALLSTATS_REASON_BITRATE] = 1;
  streams[1].score.costs[CALLSTATS_REASON_DELAY] = 0.1;
  streams[2].score.costs[CALLSTATS_REASON_JITTER] = 0.4;
  callstats_score_fabric (streams, 3, &score);
  g_assert_cmpuint (callstats_score_rank (&score, ranked), ==, 2);
  g_assert_cmpint (ranked[0], ==, CALLSTATS_REASON_LOSS);
  g_assert_cmpint (ranked[1], ==, CALLSTATS_REASON_BITRATE);
  assert_near (score.costs[ranked[0]], 1.4, 1e-9);
  assert_near (score.costs[ranked[1]], 0.3, 1e-9);
}

/* The table of examples in docs/quality.md: kind, codec, loss %, round trip ms, jitter
 * ms, buffer ms, kbit/s, size, frames/s, of, frozen %, score, quality, reasons. */

#define N_CELLS 14

static double
read_cell (const char *cell, double unit)
{
  return strcmp (cell, "–") == 0 ? NAN : g_ascii_strtod (cell, NULL) * unit;
}

static void
read_conditions (char **cells, Conditions *conditions)
{
  g_auto (GStrv) size = g_strsplit (cells[7], "×", 2);

  *conditions =
      make (g_str_has_prefix (cells[0], "video") || strcmp (cells[0], "screen") == 0,
          strcmp (cells[1], "–") == 0 ? NULL : cells[1], read_cell (cells[2], 0.01),
          read_cell (cells[3], 0.001));
  conditions->screen = strcmp (cells[0], "screen") == 0;
  conditions->concealed = strcmp (cells[0], "audio, not concealed") != 0;
  conditions->jitter = read_cell (cells[4], 0.001);
  conditions->jitter_buffer_delay = read_cell (cells[5], 0.001);
  conditions->bitrate = read_cell (cells[6], 1000);
  if (size[1] != NULL) {
    conditions->frame_width = read_cell (size[0], 1);
    conditions->frame_height = read_cell (size[1], 1);
  }
  conditions->frames_per_second = read_cell (cells[8], 1);
  conditions->expected_frames_per_second = read_cell (cells[9], 1);
  conditions->frozen = read_cell (cells[10], 0.01);
}

static const char *
word_of (double score)
{
  static const char *const words[] = { "unknown", "bad", "fair", "excellent" };

  return words[callstats_score_to_quality (score)];
}

static char *
describe_score (const Conditions *conditions)
{
  g_autoptr (GVariant) reasons = NULL;
  double score = callstats_stream_conditions_score (conditions, &reasons);
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  const char *word;
  double cost;

  if (score == 0)
    g_string_append (text, "–");
  else
    g_string_append_printf (text, "%.1f", score);
  g_string_append_printf (text, "|%s|", word_of (score));
  g_variant_iter_init (&iter, reasons);
  while (g_variant_iter_next (&iter, "(&sd)", &word, &cost))
    g_string_append_printf (
        text, "%s%s %.1f", text->str[text->len - 1] == '|' ? "" : ", ", word, cost);
  if (text->str[text->len - 1] == '|')
    g_string_append (text, "–");
  return g_string_free (text, FALSE);
}

/* The cells of a row of the table, or NULL. */
static char **
split_row (const char *line)
{
  g_auto (GStrv) cells = g_strsplit (line, "|", -1);
  guint i;

  if (g_strv_length (cells) != N_CELLS + 2)
    return NULL;
  for (i = 0; cells[i] != NULL; i++)
    g_strstrip (cells[i]);
  if (!g_str_has_prefix (cells[1], "audio") && !g_str_has_prefix (cells[1], "video") &&
      strcmp (cells[1], "screen") != 0)
    return NULL;
  return g_steal_pointer (&cells);
}

static void
test_examples_of_the_specification (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint rows = 0, i;

  g_file_get_contents (QUALITY_MD, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", -1);
  for (i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) cells = split_row (lines[i]);
    g_autofree char *expected = NULL;
    g_autofree char *found = NULL;
    Conditions conditions;

    if (cells == NULL)
      continue;
    rows++;
    read_conditions (cells + 1, &conditions);
    expected = g_strjoin ("|", cells[12], cells[13], cells[14], NULL);
    found = describe_score (&conditions);
    if (strcmp (found, expected) != 0)
      g_error ("“%s” is %s", lines[i], found);
  }
  g_assert_cmpuint (rows, >=, 20);
}

/* Conditions */

static void
test_conditions_are_copied (void)
{
  g_autoptr (CallstatsStreamConditions) one =
      callstats_stream_conditions_new (FALSE, "audio/PCMU");
  g_autoptr (CallstatsStreamConditions) two = NULL;

  one->fraction_lost = 0.05;
  two = g_boxed_copy (CALLSTATS_TYPE_STREAM_CONDITIONS, one);
  g_assert_true (two->codec != one->codec);
  g_assert_cmpstr (two->codec, ==, "audio/PCMU");
  g_assert_cmpfloat (score_of (two), ==, score_of (one));
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/score/g107/default-rating", test_default_rating);
  g_test_add_func ("/score/g107/opinions-of-table-b1", test_opinions_of_table_b1);
  g_test_add_func ("/score/g107/opinions-at-the-ends", test_opinions_at_the_ends);
  g_test_add_func ("/score/g107/delays", test_delays);
  g_test_add_func ("/score/g107/delays-of-streams", test_delays_of_streams);
  g_test_add_func ("/score/g107/losses", test_losses);
  g_test_add_func (
      "/score/g107/losses-as-they-were-heard", test_losses_as_they_were_heard);
  g_test_add_func ("/score/bitrates-of-opus", test_bitrates_of_opus);
  g_test_add_func ("/score/bad-calls-score-badly", test_bad_calls_score_badly);
  for (i = 0; i < G_N_ELEMENTS (impairments); i++) {
    g_autofree char *path =
        g_strconcat ("/score/worse-never-scores-higher/", impairments[i].name, NULL);

    g_test_add_data_func (path, &impairments[i], test_worse_never_scores_higher);
  }
  g_test_add_func ("/score/fewer-frames-or-bits-never-score-higher",
      test_fewer_frames_or_bits_never_score_higher);
  g_test_add_func ("/score/whatever-comes-is-1-to-5", test_whatever_comes_is_1_to_5);
  g_test_add_func (
      "/score/what-is-not-known-costs-nothing", test_what_is_not_known_costs_nothing);
  g_test_add_func ("/score/no-score-without-loss", test_no_score_without_loss);
  g_test_add_func ("/score/words", test_words);
  g_test_add_func ("/score/screens-may-stand-still", test_screens_may_stand_still);
  g_test_add_func ("/score/fabrics", test_fabrics);
  g_test_add_func ("/score/fabrics-never-gain-by-a-worse-stream",
      test_fabrics_never_gain_by_a_worse_stream);
  g_test_add_func ("/score/fabrics-tell-the-reasons-of-their-worse-direction",
      test_fabrics_tell_the_reasons_of_their_worse_direction);
  g_test_add_func (
      "/score/examples-of-the-specification", test_examples_of_the_specification);
  g_test_add_func ("/score/conditions-are-copied", test_conditions_are_copied);
  return g_test_run ();
}
