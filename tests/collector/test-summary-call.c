/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What becomes of the fabrics of a call: which belong together, and what the call came
 * to.
 */
#include <math.h>

#include "callstats/callstats-json-private.h"
#include "pairing.h"
#include "store-private.h"
#include "summary-fixture.h"
#include "summary.h"

/* ---- Pairs ---- */

typedef struct {
  const char *name;
  struct {
    const char *user, *remote;
    const char *certificates; /* what both ends have; nullable */
    guint sends, receives;    /* SSRC; 0: none */
    double from, to;
    int pair; /* the index of the other end, -1: none */
  } fabrics[5];
} Pairing;

static const Pairing pairings[] = {
  { "users that name each other", { { "alice", "bob", NULL, 0, 0, 0, 9, 1 },
                                      { "bob", "alice", NULL, 0, 0, 0, 9, 0 } } },
  { "one of two that fit is not known", { { "alice", "bob", NULL, 0, 0, 0, 9, -1 },
                                            { "bob", "alice", NULL, 0, 0, 0, 9, -1 },
                                            { "bob", "alice", NULL, 0, 0, 0, 9, -1 } } },
  { "one after the other are two connections",
      { { "alice", "bob", NULL, 0, 0, 0, 4, 1 }, { "bob", "alice", NULL, 0, 0, 1, 4, 0 },
          { "alice", "bob", NULL, 0, 0, 5, 9, 3 },
          { "bob", "alice", NULL, 0, 0, 6, 9, 2 } } },
  { "streams tell which of two",
      { { "alice", "bob", NULL, 1, 2, 0, 9, 2 }, { "bob", "alice", NULL, 4, 3, 0, 9, -1 },
          { "bob", "alice", NULL, 2, 1, 0, 9, 0 } } },
  { "certificates say more than users", { { "alice", NULL, "AA BB", 0, 0, 0, 9, 2 },
                                            { "bob", "alice", "CC DD", 0, 0, 0, 9, -1 },
                                            { "bob", NULL, "BB AA", 0, 0, 0, 9, 0 } } },
  { "other certificates are another connection",
      { { "alice", "bob", "AA BB", 0, 0, 0, 9, -1 },
          { "bob", "alice", "AA CC", 0, 0, 0, 9, -1 } } },
  { "both ends may be one user's", { { "alice", NULL, "AA BB", 0, 0, 0, 9, 1 },
                                       { "alice", NULL, "BB AA", 0, 0, 0, 9, 0 } } },
  { "streams both ways, of somebody unknown",
      { { "alice", NULL, NULL, 1, 2, 0, 9, 1 }, { "bob", NULL, NULL, 2, 1, 0, 9, 0 } } },
  { "a stream one way may be forwarded", { { "alice", NULL, NULL, 1, 2, 0, 9, -1 },
                                             { "bob", NULL, NULL, 3, 1, 0, 9, -1 } } },
  { "others", { { "alice", "bob", NULL, 1, 2, 0, 9, -1 },
                  { "bob", "carol", NULL, 3, 4, 0, 9, -1 } } },
  { "alone", { { "alice", "bob", NULL, 1, 2, 0, 9, -1 } } },
};

static void
report_certificates (FabricReader *reader, double at, const char *certificates)
{
  g_auto (GStrv) both = g_strsplit (certificates, " ", 2);

  summary_report (reader, at,
      "{\"t\":{\"type\":\"transport\",\"id\":\"t\",\"localCertificateId\":\"l\","
      "\"remoteCertificateId\":\"r\"},"
      "\"l\":{\"type\":\"certificate\",\"id\":\"l\",\"fingerprint\":\"%s\"},"
      "\"r\":{\"type\":\"certificate\",\"id\":\"r\",\"fingerprint\":\"%s\"}}",
      both[0], both[1]);
}

static void
report_streams (FabricReader *reader, double at, guint n, guint sends, guint receives)
{
  summary_report (reader, at, "{" STREAM "}," STREAM "}}", "o", "outbound-rtp", "o",
      sends, "audio", "audio0", "Sent", 50 * n, "Sent", 5000 * n, "i", "inbound-rtp", "i",
      receives, "audio", "audio0", "Received", 50 * n, "Received", 5000 * n);
}

static void
test_ends_of_a_connection_are_paired (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (pairings); i++) {
    g_autoptr (GPtrArray) fabrics =
        g_ptr_array_new_with_free_func ((GDestroyNotify)summary_fabric_free);
    StoreFabric rows[5];
    g_autofree int *pairs = NULL;

    g_test_message ("%s", pairings[i].name);
    for (guint k = 0; pairings[i].fabrics[k].user != NULL; k++) {
      FabricReader *reader;
      Happening terminated = { pairings[i].fabrics[k].to, "fabricTerminated", NULL };

      rows[k] =
          summary_row ("f", pairings[i].fabrics[k].user, pairings[i].fabrics[k].remote);
      rows[k].added = AT (pairings[i].fabrics[k].from);
      reader = fabric_reader_new (&rows[k]);
      summary_take (reader, &terminated);
      if (pairings[i].fabrics[k].certificates != NULL)
        report_certificates (
            reader, pairings[i].fabrics[k].from, pairings[i].fabrics[k].certificates);
      if (pairings[i].fabrics[k].sends != 0)
        report_streams (reader, pairings[i].fabrics[k].from, 1,
            pairings[i].fabrics[k].sends, pairings[i].fabrics[k].receives);
      g_ptr_array_add (fabrics, summary_finish (reader, TRUE, NAN));
    }
    pairs = pairing_find (fabrics);
    for (guint k = 0; k < fabrics->len; k++)
      g_assert_cmpint (pairs[k], ==, pairings[i].fabrics[k].pair);
  }
}

static SummaryFabric *
make_end (StoreFabric *row, guint sends, guint receives, guint seconds)
{
  FabricReader *reader = fabric_reader_new (row);

  for (guint i = 1; i <= seconds; i++)
    report_streams (reader, i, i, sends, receives);
  row->reports = seconds;
  row->first_report = AT (1);
  row->last_report = AT (seconds);
  return summary_finish (reader, TRUE, NAN);
}

/* One sends 1, of which the other end knows nothing; that sends 2, which comes. */
static void
test_the_pair_tells_what_did_not_arrive (void)
{
  static const struct {
    guint seconds;
    guint missing;
  } rows[] = { { 20, 1 }, { 5, 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    StoreFabric alice = summary_row ("a", "alice", "bob"),
                bob = summary_row ("b", "bob", "alice");
    SummaryFabric *one = make_end (&alice, 1, 2, rows[i].seconds);
    SummaryFabric *other = make_end (&bob, 2, 3, rows[i].seconds);

    pairing_find_one_way (one, other);
    g_assert_cmpuint (one->one_way->len, ==, 0);
    g_assert_cmpuint (other->one_way->len, ==, rows[i].missing);
    if (rows[i].missing > 0) {
      const SummaryOneWay *missing = &g_array_index (other->one_way, SummaryOneWay, 0);

      g_assert_cmpuint (missing->ssrc, ==, 1);
      g_assert_true (missing->received);
      g_assert_cmpint (missing->by, ==, ONE_WAY_BY_PAIR);
    }
    summary_fabric_free (one);
    summary_fabric_free (other);
  }
}

/* ---- Calls ---- */

typedef struct {
  StoreConference conference;
  StoreDetail *detail;
  StoreFabric rows[4];
  GPtrArray *fabrics;
} Call;

static void
call_init (Call *call)
{
  call->conference = (StoreConference){ .id = 17,
    .conference = (char *)"c1",
    .start = SUMMARY_START,
    .last_seen = AT (60),
    .participants = 2 };
  call->detail = store_detail_new ();
  call->detail->conference = &call->conference;
  call->fabrics = g_ptr_array_new_with_free_func ((GDestroyNotify)summary_fabric_free);
}

static void
call_clear (Call *call)
{
  call->detail->conference = NULL;
  store_detail_free (call->detail);
  g_ptr_array_unref (call->fabrics);
}

static void
call_add (Call *call, const char *user, double delay, const Happening *events, guint n)
{
  StoreFabric *row = &call->rows[call->fabrics->len];
  FabricReader *reader;

  *row = summary_row (user, user, NULL);
  row->setup_delay = delay;
  row->id = (gint64)call->fabrics->len + 1;
  reader = fabric_reader_new (row);
  for (guint i = 0; i < n; i++)
    summary_take (reader, &events[i]);
  g_ptr_array_add (call->fabrics, summary_finish (reader, TRUE, NAN));
}

static void
assert_json (JsonObject *summary, const char *name, const char *wanted)
{
  g_autoptr (GString) text = g_string_new (NULL);

  callstats_json_append_node (text, json_object_get_member (summary, name));
  g_assert_cmpstr (text->str, ==, wanted);
}

static void
test_a_call_is_summed_up (void)
{
  static const Happening good[] = { { 1, "fabricSetup", NULL },
    { 9, "fabricTerminated", NULL } };
  static const Happening dropped[] = { { 1, "fabricSetup", NULL },
    { 4, "iceDisruptionStart", NULL }, { 5, "fabricDropped", NULL } };
  static const Happening failed[] = { { 2, "fabricSetupFailed",
      "{\"reason\":\"IceConnectionFailure\"}" } };
  g_autoptr (Summary) summary = NULL;
  Histogram scores = { 0 };
  Call call;

  call_init (&call);
  call_add (&call, "alice", 100, good, 2);
  call_add (&call, "bob", 400, good, 2);
  call_add (&call, "carol", 150, dropped, 3);
  call_add (&call, "dave", NAN, failed, 1);
  summary = summary_new ("demo", call.detail, call.fabrics, &scores, TRUE, FALSE);
  assert_json (summary->json, "setupStatus", "\"partial\"");
  assert_json (summary->json, "terminationStatus", "\"failed\"");
  assert_json (summary->json, "duration", "60000");
  assert_json (summary->json, "occurrence", "\"17\"");
  assert_json (summary->json, "fabricSetupTimes",
      "{\"minSetupDelay\":100,\"medianSetupDelay\":150,\"meanSetupDelay\":216.667,"
      "\"maxSetupDelay\":400}");
  assert_json (summary->json, "failures", "{\"IceConnectionFailure\":1}");
  assert_json (
      summary->json, "terminations", "{\"terminated\":2,\"dropped\":1,\"failed\":1}");
  assert_json (summary->json, "affectedUsers",
      "[{\"userID\":\"carol\",\"reasons\":[\"dropped\",\"disrupted\"]},"
      "{\"userID\":\"dave\",\"reasons\":[\"failed\"]}]");
  assert_json (summary->json, "score", "null");
  g_assert_cmpfloat (summary->setup_delay, ==, 150);
  g_assert_true (isnan (summary->score));
  call_clear (&call);
}

static void
test_setup_is_judged_by_what_came_of_it (void)
{
  static const Happening good[] = { { 1, "fabricSetup", NULL } };
  static const Happening failed[] = { { 2, "fabricSetupFailed", NULL } };
  static const struct {
    guint good, failed;
    const char *status;
    double median;
  } rows[] = { { 0, 0, "null", NAN }, { 2, 0, "\"success\"", 150 },
    { 0, 2, "\"failed\"", NAN }, { 1, 1, "\"partial\"", 100 },
    { 3, 0, "\"success\"", 200 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (Summary) summary = NULL;
    Histogram scores = { 0 };
    Call call;

    call_init (&call);
    for (guint k = 0; k < rows[i].good; k++)
      call_add (&call, "alice", 100 * (k + 1), good, 1);
    for (guint k = 0; k < rows[i].failed; k++)
      call_add (&call, "bob", NAN, failed, 1);
    summary = summary_new ("demo", call.detail, call.fabrics, &scores, FALSE, FALSE);
    assert_json (summary->json, "setupStatus", rows[i].status);
    assert_json (summary->json, "terminationStatus", "null");
    assert_json (summary->json, "endTime", "null");
    g_assert_true (isnan (rows[i].median) ? isnan (summary->setup_delay)
                                          : summary->setup_delay == rows[i].median);
    call_clear (&call);
  }
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (void);
  } tests[] = {
    { "ends-of-a-connection-are-paired", test_ends_of_a_connection_are_paired },
    { "the-pair-tells-what-did-not-arrive", test_the_pair_tells_what_did_not_arrive },
    { "a-call-is-summed-up", test_a_call_is_summed_up },
    { "setup-is-judged-by-what-came-of-it", test_setup_is_judged_by_what_came_of_it },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/summary-call/", tests[i].path, NULL);

    g_test_add_func (path, tests[i].test);
  }
  return g_test_run ();
}
