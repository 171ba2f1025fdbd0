/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What csStatsCallback is given of two reports.
 */
#include "callstats-json-private.h"
#include "callstats-client.h"
#include "callstats-stream-stats-private.h"

#include "canonical-json.h"

#define TIME G_GINT64_CONSTANT (1795338389559650)

typedef struct {
  const char *name;
  const char *previous; /* NULL: none; else taken 2 s before */
  const char *current;
  const char *tracks;
} Row;

#define IN(fields) "{\"i\":{\"type\":\"inbound-rtp\",\"ssrc\":7" fields "}}"
#define OUT(fields, other) \
  "{\"o\":{\"type\":\"outbound-rtp\",\"ssrc\":8" fields \
  "},\"r\":{\"type\":\"remote-inbound-rtp\",\"ssrc\":8" other "}}"
#define IN_TRACK(fields) \
  "[{\"ssrc\":\"7\",\"statsType\":\"inbound-rtp\",\"userID\":\"bob\"," \
  "\"remoteUserID\":\"bob\",\"quality\":\"unknown\"" fields "}]"
#define OUT_TRACK(fields) \
  "[{\"ssrc\":\"8\",\"statsType\":\"outbound-rtp\",\"userID\":\"alice\"," \
  "\"remoteUserID\":\"bob\",\"quality\":\"unknown\"" fields "}]"

static const Row rows[] = {
  { "nothing", NULL, "{}", "[]" },
  { "no-rates-of-a-first-report", NULL,
      IN (",\"kind\":\"video\",\"bytesReceived\":9,\"packetsReceived\":1"),
      IN_TRACK (",\"mediaType\":\"video\"") },
  { "rates-over-the-true-interval", IN (",\"bytesReceived\":1000,\"packetsReceived\":10"),
      IN (",\"bytesReceived\":126000,\"packetsReceived\":110"),
      IN_TRACK (",\"bitrate\":500,\"packetRate\":50") },
  { "rates-over-the-objects-own-interval",
      IN (",\"timestamp\":1000,\"bytesReceived\":1000,\"packetsReceived\":10"),
      IN (",\"timestamp\":1500,\"bytesReceived\":126000,\"packetsReceived\":110"),
      IN_TRACK (",\"bitrate\":2000,\"packetRate\":200") },
  { "no-rates-where-time-stood",
      IN (",\"timestamp\":1000,\"bytesReceived\":1000,\"packetsReceived\":10"),
      IN (",\"timestamp\":1000,\"bytesReceived\":9000,\"packetsReceived\":90"),
      IN_TRACK ("") },
  { "no-rates-of-counters-that-went-back",
      IN (",\"bytesReceived\":1000,\"packetsReceived\":10"),
      IN (",\"bytesReceived\":999,\"packetsReceived\":9"), IN_TRACK ("") },
  { "a-silent-stream-has-a-rate-of-0",
      IN (",\"bytesReceived\":1000,\"packetsReceived\":10,\"packetsLost\":3"),
      IN (",\"bytesReceived\":1000,\"packetsReceived\":10,\"packetsLost\":3"),
      IN_TRACK (",\"bitrate\":0,\"packetRate\":0") },
  { "loss-of-the-interval", IN (",\"packetsReceived\":100,\"packetsLost\":50"),
      IN (",\"packetsReceived\":175,\"packetsLost\":75"),
      IN_TRACK (
          ",\"packetRate\":37.5,\"fractionLoss\":0.25,\"packetLossPercentage\":25") },
  { "losses-taken-back-are-none", IN (",\"packetsReceived\":100,\"packetsLost\":50"),
      IN (",\"packetsReceived\":200,\"packetsLost\":49"),
      IN_TRACK (",\"packetRate\":50,\"fractionLoss\":0,\"packetLossPercentage\":0") },
  { "times-in-milliseconds", NULL, IN (",\"jitter\":0.0125,\"audioLevel\":0.5"),
      IN_TRACK (",\"jitter\":12.5,\"audioLevel\":0.5") },
  { "what-is-sent-is-judged-by-the-other-end",
      OUT (",\"bytesSent\":0,\"packetsSent\":0", ",\"packetsLost\":5"),
      OUT (",\"bytesSent\":2500,\"packetsSent\":10",
          ",\"packetsLost\":9,\"fractionLost\":0.125,\"jitter\":0.25,"
          "\"roundTripTime\":0.5,\"totalRoundTripTime\":3,"
          "\"roundTripTimeMeasurements\":4"),
      OUT_TRACK (",\"bitrate\":10,\"packetRate\":5,\"fractionLoss\":0.125,"
                 "\"packetLossPercentage\":12.5,\"jitter\":250,\"rtt\":500,"
                 "\"averageRTT\":750") },
  { "whose-track-it-is", NULL,
      IN (",\"mid\":\"0\",\"trackIdentifier\":\"t1\",\"cname\":\"c1\""),
      IN_TRACK (",\"mid\":\"0\",\"msid\":\"t1\",\"cname\":\"c1\"") },
  { "no-average-of-no-measurement", NULL,
      OUT ("", ",\"totalRoundTripTime\":0,\"roundTripTimeMeasurements\":0"),
      OUT_TRACK ("") },
  { "another-ssrc-is-another-stream",
      "{\"i\":{\"type\":\"inbound-rtp\",\"ssrc\":6,\"bytesReceived\":0}}",
      IN (",\"bytesReceived\":5"), IN_TRACK ("") },
  { "what-is-no-stream-is-none", NULL,
      "{\"t\":{\"type\":\"transport\",\"ssrc\":7},\"u\":{\"ssrc\":7},"
      "\"z\":{\"type\":\"inbound-rtp\",\"ssrc\":0},"
      "\"n\":{\"type\":\"inbound-rtp\",\"ssrc\":-1},"
      "\"s\":{\"type\":\"inbound-rtp\",\"ssrc\":\"7\"},"
      "\"l\":{\"type\":\"inbound-rtp\",\"ssrc\":4294967296},"
      "\"m\":{\"type\":\"inbound-rtp\"},\"y\":{\"type\":3,\"ssrc\":7}}",
      "[]" },
  { "counters-of-another-type-are-none",
      IN (",\"bytesReceived\":\"1000\",\"packetsReceived\":true"),
      IN (",\"bytesReceived\":2000,\"packetsReceived\":20"), IN_TRACK ("") },
};

static CallstatsReport *
make_report (gint64 time, const char *json)
{
  g_autoptr (GError) error = NULL;
  CallstatsReport *report = callstats_report_new_from_json (time, json, &error);

  g_assert_no_error (error);
  return report;
}

static GVariant *
make_stats (
    const char *previous, const char *current, const CallstatsStreamContext *context)
{
  g_autoptr (CallstatsReport) before =
      previous != NULL ? make_report (TIME - 2 * G_USEC_PER_SEC, previous) : NULL;
  g_autoptr (CallstatsReport) now = make_report (TIME, current);

  return callstats_stream_stats_new (before, now, context);
}

static void
assert_json (GVariant *value, const char *expected)
{
  g_autofree char *json = callstats_data_to_json (value);
  g_autofree char *found = canonical_json (json);
  g_autofree char *wanted = canonical_json (expected);

  g_assert_cmpstr (found, ==, wanted);
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  CallstatsStreamContext context = { .local_user = "alice", .remote_user = "bob" };
  g_autoptr (GVariant) stats = make_stats (row->previous, row->current, &context);
  g_autoptr (GVariant) tracks =
      g_variant_lookup_value (stats, "mediaStreamTracks", G_VARIANT_TYPE ("aa{sv}"));

  assert_json (tracks, row->tracks);
}

static void
test_the_context_is_told (void)
{
  g_autoptr (GHashTable) associations = g_hash_table_new (NULL, NULL);
  CallstatsAssociation association = { 7, (char *)"carol", (char *)"front",
    (char *)"sink0" };
  CallstatsStreamContext context = { .online = TRUE,
    .fabric_state = "established",
    .conference_url = "http://127.0.0.1:1/c",
    .local_user = "alice",
    .remote_user = "bob",
    .associations = associations };
  g_autoptr (GVariant) stats = NULL;

  g_hash_table_insert (associations, GUINT_TO_POINTER (7), &association);
  stats = make_stats (NULL, IN (""), &context);
#define TRACK \
  "{\"ssrc\":\"7\",\"statsType\":\"inbound-rtp\",\"userID\":\"carol\"," \
  "\"remoteUserID\":\"carol\",\"usageLabel\":\"front\",\"associatedVideoTag\":" \
  "\"sink0\",\"quality\":\"unknown\"}"
  assert_json (stats, "{\"connectionState\":\"online\",\"fabricState\":\"established\","
                      "\"conferenceURL\":\"http://127.0.0.1:1/c\","
                      "\"streams\":{\"7\":" TRACK "},\"mediaStreamTracks\":[" TRACK "]}");
}

static void
test_without_a_context_little_is_told (void)
{
  CallstatsStreamContext context = { 0 };
  g_autoptr (GVariant) stats = make_stats (NULL, OUT ("", ""), &context);

#define BARE "{\"ssrc\":\"8\",\"statsType\":\"outbound-rtp\",\"quality\":\"unknown\"}"
  assert_json (stats, "{\"connectionState\":\"offline\",\"streams\":{\"8\":" BARE
                      "},\"mediaStreamTracks\":[" BARE "]}");
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/stream-stats/", rows[i].name, NULL);

    g_test_add_data_func (path, &rows[i], test_row);
  }
  g_test_add_func ("/stream-stats/the-context-is-told", test_the_context_is_told);
  g_test_add_func ("/stream-stats/without-a-context-little-is-told",
      test_without_a_context_little_is_told);
  return g_test_run ();
}
