/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Scores of the streams of reports: what is read, over which time, and what is added.
 */
#include <math.h>
#include <string.h>

#include "callstats-client.h"
#include "callstats-json-private.h"
#include "callstats-quality-private.h"
#include "callstats-report-private.h"
#include "callstats-stream-stats-private.h"

#include "canonical-json.h"

#define TIME G_GINT64_CONSTANT (1795338389559000)

static CallstatsReport *
make_report (gint64 ms, const char *json)
{
  g_autoptr (GError) error = NULL;
  CallstatsReport *report =
      callstats_report_new_from_json (TIME + 1000 * ms, json, &error);

  g_assert_no_error (error);
  return report;
}

static CallstatsReport *
add (CallstatsQuality *quality, gint64 ms, const char *json)
{
  g_autoptr (CallstatsReport) report = make_report (ms, json);

  return callstats_quality_add (quality, report);
}

static void
feed (CallstatsQuality *quality, gint64 ms, const char *json)
{
  callstats_report_unref (add (quality, ms, json));
}

/* The value of a member as JSON, or NULL. */
static char *
find_member (CallstatsReport *report, const char *id, const char *name)
{
  guint i, j;

  for (i = 0; i < callstats_report_n_objects (report); i++) {
    const CallstatsStatsObject *object = callstats_report_object (report, i);
    const CallstatsField *fields = callstats_report_fields (report, object);

    for (j = 0; strcmp (object->id, id) == 0 && j < object->n_fields; j++) {
      g_autoptr (GString) json = NULL;

      if (strcmp (fields[j].name, name) != 0)
        continue;
      json = g_string_new (NULL);
      callstats_field_append_json (&fields[j], json);
      return g_strdup (json->str);
    }
  }
  return NULL;
}

static void
assert_member (
    CallstatsReport *report, const char *id, const char *name, const char *expected)
{
  g_autofree char *found = find_member (report, id, name);

  g_assert_cmpstr (found, ==, expected);
}

static void
assert_score (CallstatsReport *report, const char *id, const char *expected)
{
  assert_member (report, id, "csScore", expected);
}

/* Two reports, a second apart, of one stream */

typedef struct {
  const char *name, *before, *now;
  const char *score, *reasons; /* NULL: none */
} Row;

#define AUDIO "\"s\":{\"type\":\"inbound-rtp\",\"ssrc\":7,\"kind\":\"audio\""
#define VIDEO "\"s\":{\"type\":\"inbound-rtp\",\"ssrc\":7,\"kind\":\"video\""
#define SENT "\"s\":{\"type\":\"outbound-rtp\",\"ssrc\":7,\"kind\":\"audio\""
#define SENT_VIDEO "\"s\":{\"type\":\"outbound-rtp\",\"ssrc\":7,\"kind\":\"video\""
#define GOT(packets, lost) ",\"packetsReceived\":" packets ",\"packetsLost\":" lost
#define HEARD "\"r\":{\"type\":\"remote-inbound-rtp\",\"ssrc\":7,\"fractionLost\":"
#define CODEC(mime) \
  ",\"codecId\":\"c\"},\"c\":{\"type\":\"codec\",\"mimeType\":\"" mime "\"}"

static const Row rows[] = {
  { "all-arrives", "{" AUDIO GOT ("100", "0") "}}", "{" AUDIO GOT ("150", "0") "}}",
      "4.4", NULL },
  { "one-in-ten-is-lost", "{" AUDIO GOT ("100", "7") "}}",
      "{" AUDIO GOT ("145", "12") "}}", "2.4", "[\"loss\"]" },
  { "losses-taken-back-are-none", "{" AUDIO GOT ("100", "7") "}}",
      "{" AUDIO GOT ("150", "3") "}}", "4.4", NULL },
  { "all-is-lost", "{" AUDIO GOT ("100", "7") "}}", "{" AUDIO GOT ("100", "57") "}}", "1",
      "[\"one-way\"]" },
  { "nothing-was-expected", "{" AUDIO GOT ("100", "7") "}}",
      "{" AUDIO GOT ("100", "7") "}}", NULL, NULL },
  { "nothing-is-known-of-losses", "{" AUDIO ",\"packetsReceived\":100}}",
      "{" AUDIO ",\"packetsReceived\":150}}", NULL, NULL },
  { "counters-went-back", "{" AUDIO GOT ("100", "0") "}}", "{" AUDIO GOT ("50", "0") "}}",
      NULL, NULL },
  { "what-comes-too-late-is-lost", "{" AUDIO GOT ("100", "0") ",\"packetsDiscarded\":1}}",
      "{" AUDIO GOT ("150", "0") ",\"packetsDiscarded\":6}}", "2.4", "[\"loss\"]" },
  { "some-lost-some-too-late", "{" AUDIO GOT ("100", "0") ",\"packetsDiscarded\":0}}",
      "{" AUDIO GOT ("148", "2") ",\"packetsDiscarded\":3}}", "2.4", "[\"loss\"]" },
  { "what-is-concealed-is-lost-once",
      "{" AUDIO GOT ("100", "0") ",\"concealedSamples\":0,\"totalSamplesReceived\":0}}",
      "{" AUDIO GOT (
          "145", "5") ",\"concealedSamples\":4800,\"totalSamplesReceived\":48000}}",
      "2.4", "[\"loss\"]" },
  { "what-is-retransmitted-is-not-lost",
      "{" VIDEO GOT ("100", "0") ",\"packetsRepaired\":0,"
                                 "\"retransmittedPacketsReceived\":0}}",
      "{" VIDEO GOT ("200", "10") ",\"packetsRepaired\":10,"
                                  "\"retransmittedPacketsReceived\":10}}",
      "4.1", NULL },
  { "retransmissions-that-repair-nothing",
      "{" VIDEO GOT ("100", "0") ",\"packetsRepaired\":0,"
                                 "\"retransmittedPacketsReceived\":0}}",
      "{" VIDEO GOT ("200", "10") ",\"packetsRepaired\":0,"
                                  "\"retransmittedPacketsReceived\":10}}",
      "2.1", "[\"loss\"]" },
  { "retransmissions-alone-are-taken-for-repairs",
      "{" VIDEO GOT ("100", "0") ",\"retransmittedPacketsReceived\":0}}",
      "{" VIDEO GOT ("200", "10") ",\"retransmittedPacketsReceived\":10}}", "4.1", NULL },
  { "what-is-sent-again-is-lost-as-well",
      "{" SENT_VIDEO ",\"packetsSent\":0,\"retransmittedPacketsSent\":0}}",
      "{" SENT_VIDEO ",\"packetsSent\":110,\"retransmittedPacketsSent\":10}," HEARD
      "0.1}}",
      "3.8", "[\"loss\"]" },
  { "what-is-concealed-was-lost",
      "{" AUDIO GOT ("100", "0") ",\"concealedSamples\":0,\"totalSamplesReceived\":0}}",
      "{" AUDIO GOT (
          "150", "0") ",\"concealedSamples\":4800,\"totalSamplesReceived\":48000}}",
      "2.4", "[\"loss\"]" },
  { "silence-is-not-missed",
      "{" AUDIO GOT ("100", "0") ",\"concealedSamples\":0,\"silentConcealedSamples\":0,"
                                 "\"totalSamplesReceived\":0}}",
      "{" AUDIO GOT (
          "150", "0") ",\"concealedSamples\":9600,\"silentConcealedSamples\":9600,"
                      "\"totalSamplesReceived\":48000}}",
      "4.4", NULL },
  { "g711-that-nobody-conceals", "{" AUDIO GOT ("100", "0") CODEC ("audio/PCMU") "}",
      "{" AUDIO GOT ("198", "2") CODEC ("audio/PCMU") "}", "3.3", "[\"loss\"]" },
  { "g711-that-is-concealed",
      "{" AUDIO GOT ("100", "0") ",\"concealedSamples\":0" CODEC ("audio/PCMU") "}",
      "{" AUDIO GOT ("198", "2") ",\"concealedSamples\":9" CODEC ("audio/PCMU") "}",
      "4.2", "[\"loss\"]" },
  { "jitter-fills-the-buffer", "{" AUDIO GOT ("100", "0") ",\"jitter\":0.2}}",
      "{" AUDIO GOT ("150", "0") ",\"jitter\":0.2}}", "3.5", "[\"jitter\"]" },
  { "a-known-buffer-counts-instead",
      "{" AUDIO GOT ("100", "0") ",\"jitter\":0.2,\"jitterBufferDelay\":3,"
                                 "\"jitterBufferEmittedCount\":100}}",
      "{" AUDIO GOT ("150", "0") ",\"jitter\":0.2,\"jitterBufferDelay\":18,"
                                 "\"jitterBufferEmittedCount\":150}}",
      "3.8", "[\"delay\"]" },
  { "the-round-trip-is-the-pairs",
      "{" AUDIO GOT ("100", "0") "},\"p\":{\"type\":\"candidate-pair\","
                                 "\"currentRoundTripTime\":0.5}}",
      "{" AUDIO GOT ("150", "0") "},\"p\":{\"type\":\"candidate-pair\","
                                 "\"currentRoundTripTime\":0.5}}",
      "4.1", "[\"delay\"]" },
  { "the-round-trip-is-the-streams-own",
      "{" AUDIO GOT ("100", "0") "},\"r\":{\"type\":\"remote-outbound-rtp\",\"ssrc\":7,"
                                 "\"roundTripTime\":0.8},\"p\":{\"currentRoundTripTime\":"
                                 "0.1,\"type\":\"candidate-pair\"}}",
      "{" AUDIO GOT ("150", "0") "},\"r\":{\"type\":\"remote-outbound-rtp\",\"ssrc\":7,"
                                 "\"roundTripTime\":0.8},\"p\":{\"currentRoundTripTime\":"
                                 "0.1,\"type\":\"candidate-pair\"}}",
      "3.5", "[\"delay\"]" },
  { "what-is-sent-is-judged-by-the-other-end", "{" SENT ",\"packetsSent\":0}}",
      "{" SENT ",\"packetsSent\":50}," HEARD
      "0.1,\"jitter\":0.01,\"roundTripTime\":0.4}}",
      "2", "[\"loss\",\"delay\",\"jitter\"]" },
  { "what-nobody-hears", "{" SENT ",\"packetsSent\":0}}",
      "{" SENT ",\"packetsSent\":50}," HEARD "1}}", "1", "[\"one-way\"]" },
  { "what-nobody-told-of", "{" SENT ",\"packetsSent\":0}}",
      "{" SENT ",\"packetsSent\":50}}", NULL, NULL },
  { "what-was-told-long-ago", "{" SENT ",\"packetsSent\":0}}",
      "{" SENT ",\"packetsSent\":50}," HEARD "0,\"timestamp\":1795338370000}}", NULL,
      NULL },
  { "what-is-muted-has-no-score", "{" SENT ",\"packetsSent\":50}}",
      "{" SENT ",\"packetsSent\":50}," HEARD "0}}", NULL, NULL },
  { "opus-at-its-least", "{" SENT ",\"packetsSent\":0,\"targetBitrate\":6000}}",
      "{" SENT ",\"packetsSent\":50,\"targetBitrate\":6000}," HEARD "0}}", "2.4",
      "[\"bitrate\"]" },
  { "a-picture-of-0.1-bits-a-pixel",
      "{" VIDEO GOT ("100", "0") ",\"bytesReceived\":0,\"frameWidth\":640,"
                                 "\"frameHeight\":360,\"framesPerSecond\":30}}",
      "{" VIDEO GOT ("200", "0") ",\"bytesReceived\":86400,\"frameWidth\":640,"
                                 "\"frameHeight\":360,\"framesPerSecond\":30}}",
      "4.1", NULL },
  { "a-picture-of-few-bits",
      "{" VIDEO GOT ("100", "0") ",\"bytesReceived\":0,\"frameWidth\":640,"
                                 "\"frameHeight\":360,\"framesDecoded\":30}}",
      "{" VIDEO GOT ("200", "0") ",\"bytesReceived\":8640,\"frameWidth\":640,"
                                 "\"frameHeight\":360,\"framesDecoded\":60}}",
      "2.8", "[\"bitrate\"]" },
  { "a-picture-that-freezes", "{" VIDEO GOT ("100", "0") ",\"totalFreezesDuration\":1}}",
      "{" VIDEO GOT ("200", "0") ",\"totalFreezesDuration\":1.3}}", "2.1",
      "[\"freezes\"]" },
  { "no-frames-of-what-comes", "{" VIDEO GOT ("100", "0") ",\"framesDecoded\":9}}",
      "{" VIDEO GOT ("200", "0") ",\"framesDecoded\":9}}", "1", "[\"frame-rate\"]" },
  { "a-screen-that-stands-still",
      "{" SENT_VIDEO ",\"packetsSent\":0,\"bytesSent\":0,\"contentType\":\"screenshare\","
      "\"frameWidth\":1920,\"frameHeight\":1080,\"framesPerSecond\":1}}",
      "{" SENT_VIDEO
      ",\"packetsSent\":30,\"bytesSent\":99,\"contentType\":\"screenshare\","
      "\"frameWidth\":1920,\"frameHeight\":1080,\"framesPerSecond\":1}," HEARD "0}}",
      "4.1", NULL },
  { "retransmissions-are-no-stream", "{" VIDEO GOT ("100", "0") CODEC ("video/rtx") "}",
      "{" VIDEO GOT ("200", "9") CODEC ("video/rtx") "}", NULL, NULL },
  { "repairs-are-named-by-what-they-repair",
      "{" VIDEO GOT ("100", "0") "},\"m\":{\"type\":\"inbound-rtp\",\"ssrc\":8,"
                                 "\"rtxSsrc\":7}}",
      "{" VIDEO GOT ("200", "0") "},\"m\":{\"type\":\"inbound-rtp\",\"ssrc\":8,"
                                 "\"rtxSsrc\":7}}",
      NULL, NULL },
  { "without-a-codec-where-others-have-one",
      "{" VIDEO GOT (
          "100", "0") "},\"c\":{\"type\":\"codec\",\"mimeType\":\"video/VP8\"}}",
      "{" VIDEO GOT (
          "200", "0") "},\"c\":{\"type\":\"codec\",\"mimeType\":\"video/VP8\"}}",
      NULL, NULL },
  { "redundant-audio-is-audio", "{" AUDIO GOT ("100", "0") CODEC ("audio/red") "}",
      "{" AUDIO GOT ("150", "0") CODEC ("audio/red") "}", "4.4", NULL },
  { "the-codec-tells-the-kind",
      "{\"s\":{\"type\":\"inbound-rtp\",\"ssrc\":7" GOT ("100", "0")
          CODEC ("video/VP8") "}",
      "{\"s\":{\"type\":\"inbound-rtp\",\"ssrc\":7" GOT ("200", "0")
          CODEC ("video/VP8") "}",
      "4.1", NULL },
  { "no-kind-no-score", "{\"s\":{\"type\":\"inbound-rtp\",\"ssrc\":7" GOT ("1", "0") "}}",
      "{\"s\":{\"type\":\"inbound-rtp\",\"ssrc\":7" GOT ("60", "0") "}}", NULL, NULL },
  { "hostile-numbers",
      "{" VIDEO GOT ("0", "0") ",\"timestamp\":1,\"jitter\":-1,\"frameWidth\":-5,"
                               "\"framesPerSecond\":1e308,\"bytesReceived\":1e308}}",
      "{" VIDEO GOT ("1e15", "\"9\"") ",\"timestamp\":9e15,\"jitter\":-1,"
                                      "\"framesPerSecond\":-1,\"bytesReceived\":-1e308}}",
      NULL, NULL },
};

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  CallstatsQuality *quality = callstats_quality_new ();
  g_autoptr (CallstatsReport) before = add (quality, -1000, row->before);
  g_autoptr (CallstatsReport) now = add (quality, 0, row->now);

  assert_score (before, "s", NULL);
  assert_score (now, "s", row->score);
  assert_member (now, "s", "csReasons", row->reasons);
  if (strstr (row->name, "repair") == NULL) {
    assert_member (now, "callstats-quality", "score", row->score);
    assert_member (now, "callstats-quality", "reasons", row->reasons);
  }
  callstats_quality_free (quality);
}

/* Over time */

static char *
make_audio (int packets, int lost)
{
  return g_strdup_printf (
      "{" AUDIO ",\"packetsReceived\":%d,\"packetsLost\":%d}}", packets, lost);
}

/* Ten reports a second: one lost packet of five would be a catastrophe. */
static void
test_streams_are_judged_once_a_second (void)
{
  CallstatsQuality *quality = callstats_quality_new ();
  guint i;

  for (i = 0; i <= 20; i++) {
    g_autofree char *json = make_audio (5 * (int)i, i >= 5 ? 1 : 0);
    g_autoptr (CallstatsReport) report = add (quality, 100 * i, json);

    assert_score (report, "s", i < 9 ? NULL : i < 18 ? "3.9" : "4.4");
  }
  callstats_quality_free (quality);
}

/* With discontinuous transmission a packet is a large part of a second. */
static void
test_few_packets_are_judged_over_longer (void)
{
  CallstatsQuality *quality = callstats_quality_new ();
  guint i;

  for (i = 0; i <= 10; i++) {
    g_autofree char *json = make_audio (3 * (int)i, i >= 2 ? 1 : 0);
    g_autoptr (CallstatsReport) report = add (quality, 1000 * i, json);

    assert_score (report, "s", i < 5 ? NULL : i < 10 ? "3" : "4.4");
  }
  callstats_quality_free (quality);
}

static void
test_a_stream_that_stops_has_no_score (void)
{
  CallstatsQuality *quality = callstats_quality_new ();
  g_autoptr (CallstatsReport) playing = NULL;
  g_autoptr (CallstatsReport) muted = NULL;
  g_autoptr (CallstatsReport) again = NULL;

  feed (quality, 0, "{" AUDIO GOT ("0", "0") "}}");
  playing = add (quality, 1000, "{" AUDIO GOT ("50", "0") "}}");
  muted = add (quality, 2000, "{" AUDIO GOT ("50", "0") "}}");
  again = add (quality, 3000, "{" AUDIO GOT ("100", "0") "}}");
  assert_score (playing, "s", "4.4");
  assert_score (muted, "s", NULL);
  assert_member (muted, "callstats-quality", "score", NULL);
  assert_score (again, "s", "4.4");
  callstats_quality_free (quality);
}

/* Whose frames become fewer; with another size it is another picture. */
static void
test_frames_are_expected_as_they_were (void)
{
  CallstatsQuality *quality = callstats_quality_new ();
  static const struct {
    const char *width, *rate, *score;
  } samples[] = { { "640", "30", NULL }, { "640", "30", "4.1" }, { "640", "25", "4.1" },
    { "640", "10", "2.4" }, { "320", "10", "4.1" }, { "320", "8", "4.1" } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (samples); i++) {
    g_autofree char *json = g_strdup_printf (
        "{" VIDEO ",\"packetsReceived\":%u,\"packetsLost\":0,\"frameWidth\":%s,"
        "\"frameHeight\":9,\"framesPerSecond\":%s}}",
        100 * i, samples[i].width, samples[i].rate);
    g_autoptr (CallstatsReport) report = add (quality, 1000 * i, json);

    assert_score (report, "s", samples[i].score);
  }
  callstats_quality_free (quality);
}

/* Video that is paused and resumed within seconds of 30 frames: what there was of these
 * was good. */
static void
test_a_second_of_which_video_was_a_part (void)
{
  CallstatsQuality *quality = callstats_quality_new ();
  static const struct {
    const char *packets, *rate, *last, *score;
  } samples[] = {
    { "100", "30", "0", NULL }, { "200", "30", "1000", "4.1" },
    { "230", "9", "1300", "4.1" },                               /* it stopped */
    { "230", "0", "1300", NULL }, { "260", "9", "4000", "4.1" }, /* it began */
    { "290", "9", "4900", "2.2" },                               /* it is slow */
    { "320", "9", "5900", "2.2" }, { "360", "1", "6050", "1" },  /* it is very slow */
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (samples); i++) {
    g_autofree char *last = g_strdup_printf (
        "%" G_GINT64_FORMAT, TIME / 1000 + g_ascii_strtoll (samples[i].last, NULL, 10));
    g_autofree char *json =
        g_strdup_printf ("{" VIDEO GOT ("%s", "0") ",\"framesPerSecond\":%s,"
                                                   "\"lastPacketReceivedTimestamp\":%s}}",
            samples[i].packets, samples[i].rate, last);
    g_autoptr (CallstatsReport) report = add (quality, 1000 * i, json);

    assert_score (report, "s", samples[i].score);
  }
  callstats_quality_free (quality);
}

/* A stream that vanished and comes again begins anew. */
static void
test_a_stream_that_vanishes_is_forgotten (void)
{
  CallstatsQuality *quality = callstats_quality_new ();
  CallstatsStreamQualities qualities;
  g_autoptr (CallstatsReport) again = NULL;

  feed (quality, 0, "{" AUDIO GOT ("0", "0") "}}");
  g_assert_true (callstats_quality_find (quality, TRUE, 7, &qualities));
  g_assert_false (callstats_quality_find (quality, FALSE, 7, &qualities));
  feed (quality, 1000, "{}");
  g_assert_false (callstats_quality_find (quality, TRUE, 7, &qualities));
  again = add (quality, 2000, "{" AUDIO GOT ("50", "0") "}}");
  assert_score (again, "s", NULL);
  callstats_quality_free (quality);
}

/* 30 s: 1 to 60 ms a second, of which 31 to 60 remain. */
static void
test_percentiles_are_of_the_last_30_s (void)
{
  CallstatsQuality *quality = callstats_quality_new ();
  CallstatsStreamQualities found = { 0 };
  guint i;

  for (i = 1; i <= 60; i++) {
    g_autofree char *json = g_strdup_printf (
        "{" AUDIO ",\"packetsReceived\":%u,\"packetsLost\":%u,\"jitter\":%g},"
        "\"p\":{\"type\":\"candidate-pair\",\"currentRoundTripTime\":%g}}",
        99 * i, i, i / 1000.0, i / 500.0);

    feed (quality, 1000 * i, json);
  }
  g_assert_true (callstats_quality_find (quality, TRUE, 7, &found));
  g_assert_cmpfloat_with_epsilon (found.average_jitter, 0.0455, 1e-6);
  g_assert_cmpfloat_with_epsilon (found.jitter_75, 0.053, 1e-6);
  g_assert_cmpfloat_with_epsilon (found.jitter_95, 0.059, 1e-6);
  g_assert_cmpfloat_with_epsilon (found.round_trip_75, 0.106, 1e-6);
  g_assert_cmpfloat_with_epsilon (found.round_trip_95, 0.118, 1e-6);
  g_assert_cmpfloat_with_epsilon (found.fraction_lost_95, 0.01, 1e-6);
  callstats_quality_free (quality);
}

/* Two hundred a second: the window stays bounded, and so does what it is made of. */
static void
test_windows_are_bounded (void)
{
  CallstatsQuality *quality = callstats_quality_new ();
  CallstatsStreamQualities found = { 0 };
  guint i;

  for (i = 1; i <= 3000; i++) {
    g_autofree char *json = g_strdup_printf (
        "{" AUDIO ",\"packetsReceived\":%u,\"packetsLost\":0,\"jitter\":%g}}", i,
        i <= 2000 ? 9.0 : 0.5);

    feed (quality, 5 * i, json);
  }
  g_assert_true (callstats_quality_find (quality, TRUE, 7, &found));
  g_assert_cmpfloat (found.average_jitter, ==, 0.5);
  g_assert_cmpfloat (found.jitter_95, ==, 0.5);
  callstats_quality_free (quality);
}

/* Reports */

static void
test_the_rest_of_a_report_stays_as_it_is (void)
{
  CallstatsQuality *quality = callstats_quality_new ();
  const char *text =
      "{\"t\":{\"type\":\"transport\",\"a\":[1,{\"b\":null}],\"n\":1.5},"
      "\"s\":{\"type\":\"inbound-rtp\",\"ssrc\":7,\"kind\":\"audio\","
      "\"packetsReceived\":50,\"packetsLost\":0,\"big\":9007199254740993}}";
  g_autoptr (CallstatsReport) report = make_report (1000, text);
  g_autoptr (CallstatsReport) scored = NULL;
  g_autofree char *before = callstats_report_to_json (report);
  g_autofree char *after = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *wanted = NULL;
  g_autofree char *found = NULL;

  feed (quality, 0, "{" AUDIO GOT ("0", "0") "}}");
  scored = callstats_quality_add (quality, report);
  g_assert_cmpint (
      callstats_report_get_time (scored), ==, callstats_report_get_time (report));
  g_assert_cmpuint (callstats_report_size (scored), >, callstats_report_size (report));
  after = callstats_report_to_json (report);
  g_assert_cmpstr (after, ==, before);
  g_clear_pointer (&report, callstats_report_unref);
  g_clear_pointer (&after, g_free);
  after = callstats_report_to_json (scored);
  found = canonical_json (after);
  /* the same, and the score */
  before[strlen (before) - 2] = '\0';
  expected = g_strdup_printf ("%s,\"csScore\":4.4},\"callstats-quality\":{\"type\":"
                              "\"callstats-quality\",\"id\":\"callstats-quality\","
                              "\"timestamp\":%" G_GINT64_FORMAT ",\"score\":4.4}}",
      before, TIME / 1000 + 1000);
  wanted = canonical_json (expected);
  g_assert_cmpstr (found, ==, wanted);
  callstats_quality_free (quality);
}

static void
test_a_scored_report_is_not_scored_again (void)
{
  CallstatsQuality *one = callstats_quality_new (), *other = callstats_quality_new ();
  g_autoptr (CallstatsReport) scored = NULL;
  g_autoptr (CallstatsReport) again = NULL;

  feed (one, 0, "{" AUDIO GOT ("0", "0") "}}");
  scored = add (one, 1000, "{" AUDIO GOT ("50", "0") "}}");
  again = callstats_quality_add (other, scored);
  g_assert_true (again == scored);
  callstats_quality_free (one);
  callstats_quality_free (other);
}

/* csStatsCallback */

static void
test_the_stats_callback_is_told (void)
{
  CallstatsQuality *quality = callstats_quality_new ();
  CallstatsStreamContext context = { .quality = quality };
  g_autoptr (CallstatsReport) report = NULL;
  g_autoptr (GVariant) stats = NULL;
  g_autoptr (GVariant) tracks = NULL;
  g_autofree char *json = NULL;
  g_autofree char *found = NULL;
  g_autofree char *wanted = NULL;

  feed (quality, 0, "{" SENT ",\"packetsSent\":0}," HEARD "0,\"jitter\":0.03}}");
  report = add (quality, 1000,
      "{" SENT ",\"packetsSent\":50}," HEARD
      "0.1,\"jitter\":0.01,\"roundTripTime\":0.4}}");
  stats = callstats_stream_stats_new (NULL, report, &context);
  tracks = g_variant_lookup_value (stats, "mediaStreamTracks", NULL);
  json = callstats_data_to_json (tracks);
  found = canonical_json (json);
  wanted = canonical_json (
      "[{\"ssrc\":\"7\",\"statsType\":\"outbound-rtp\",\"mediaType\":\"audio\","
      "\"fractionLoss\":0.1,\"packetLossPercentage\":10,\"jitter\":10,\"rtt\":400,"
      "\"averageJitter\":20,\"csio75PercentileJitter\":30,\"csioPercentileJitter\":30,"
      "\"csioSig2Latency75\":400,\"csioSig2Latency\":400,\"csioPercentileFl\":0.1,"
      "\"score\":2,\"quality\":\"bad\",\"scoreReasons\":[{\"reason\":\"loss\","
      "\"cost\":2.1},{\"reason\":\"delay\",\"cost\":0.3},{\"reason\":\"jitter\",\"cost\":"
      "0.1}]}]");
  g_assert_cmpstr (found, ==, wanted);
  callstats_quality_free (quality);
}

/* Two reports, a second apart, of so many streams. */
static gboolean
are_scored (guint n)
{
  CallstatsQuality *quality = callstats_quality_new ();
  gboolean scored = FALSE;
  guint second, i;

  for (second = 1; second <= 2; second++) {
    g_autoptr (CallstatsReport) plain =
        callstats_report_new (second * (gint64)G_USEC_PER_SEC);
    g_autoptr (CallstatsReport) report = NULL;

    for (i = 1; i <= n; i++) {
      g_autofree char *id = g_strdup_printf ("s%u", i);

      callstats_report_add_stats (plain, "inbound-rtp", id);
      callstats_report_set_string (plain, "kind", "audio");
      callstats_report_set_uint (plain, "ssrc", i);
      callstats_report_set_uint (plain, "packetsReceived", 50 * second);
      callstats_report_set_uint (plain, "packetsLost", 0);
    }
    report = callstats_quality_add (quality, plain);
    scored = report != plain;
  }
  callstats_quality_free (quality);
  return scored;
}

static void
test_reports_of_very_many_objects_stay_as_they_are (void)
{
  g_assert_true (are_scored (CALLSTATS_QUALITY_MAX_OBJECTS));
  g_assert_false (are_scored (CALLSTATS_QUALITY_MAX_OBJECTS + 1));
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/quality/", rows[i].name, NULL);

    g_test_add_data_func (path, &rows[i], test_row);
  }
  g_test_add_func (
      "/quality/streams-are-judged-once-a-second", test_streams_are_judged_once_a_second);
  g_test_add_func ("/quality/few-packets-are-judged-over-longer",
      test_few_packets_are_judged_over_longer);
  g_test_add_func (
      "/quality/a-stream-that-stops-has-no-score", test_a_stream_that_stops_has_no_score);
  g_test_add_func (
      "/quality/frames-are-expected-as-they-were", test_frames_are_expected_as_they_were);
  g_test_add_func ("/quality/a-second-of-which-video-was-a-part",
      test_a_second_of_which_video_was_a_part);
  g_test_add_func ("/quality/a-stream-that-vanishes-is-forgotten",
      test_a_stream_that_vanishes_is_forgotten);
  g_test_add_func (
      "/quality/percentiles-are-of-the-last-30-s", test_percentiles_are_of_the_last_30_s);
  g_test_add_func ("/quality/windows-are-bounded", test_windows_are_bounded);
  g_test_add_func ("/quality/the-rest-of-a-report-stays-as-it-is",
      test_the_rest_of_a_report_stays_as_it_is);
  g_test_add_func ("/quality/a-scored-report-is-not-scored-again",
      test_a_scored_report_is_not_scored_again);
  g_test_add_func (
      "/quality/the-stats-callback-is-told", test_the_stats_callback_is_told);
  g_test_add_func ("/quality/reports-of-very-many-objects-stay-as-they-are",
      test_reports_of_very_many_objects_stay_as_they_are);
  return g_test_run ();
}
