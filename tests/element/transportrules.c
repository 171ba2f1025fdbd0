/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rules of what is told of transports, on made-up input: handshakes, pairs that
 * change, certificates, and replies to get-stats.
 */
#include <string.h>

#include "stats/candidates.h"
#include "stats/certificates.h"
#include "stats/getstats.h"
#include "stats/transporthello.h"

/* Handshakes */

#define RANDOM 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
/* A record with a ServerHello of DTLS 1.2: ECDHE-ECDSA with AES-128-GCM, and SRTP with
 * AEAD AES-256-GCM. */
static const guint8 hello_record[] = {
  22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63, /* record */
  2, 0, 0, 51, 0, 0, 0, 0, 0, 0, 0, 51,          /* handshake */
  0xFE, 0xFD, RANDOM, RANDOM, 0, 0xC0, 0x2B, 0,  /* version, random, cipher */
  0, 11, 0xFF, 1, 0, 0, 0, 14, 0, 3, 0, 2, 0,    /* extensions; cut here */
};
/* The same with whole extensions. */
static const guint8 whole_record[] = {
  22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 65,    /* record */
  2, 0, 0, 53, 0, 0, 0, 0, 0, 0, 0, 53,             /* handshake */
  0xFE, 0xFD, RANDOM, RANDOM, 0, 0xC0, 0x2B, 0,     /* version, random, cipher */
  0, 13, 0xFF, 1, 0, 0, 0, 14, 0, 5, 0, 2, 0, 8, 0, /* renegotiation, use_srtp */
};

static void
test_a_server_hello_is_read (void)
{
  guint8 datagram[13 + sizeof whole_record] = { 20, 0xFE, 0xFD };
  GstCallstatsServerHello hello;

  g_assert_true (
      gst_callstats_server_hello_read (whole_record, sizeof whole_record, &hello));
  g_assert_cmphex (hello.version, ==, 0xFEFD);
  g_assert_cmpstr (gst_callstats_cipher_suite_get_name (hello.cipher_suite), ==,
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  g_assert_cmpstr (gst_callstats_srtp_profile_get_name (hello.srtp_profile), ==,
      "SRTP_AEAD_AES_256_GCM");
  /* Behind another record */
  memcpy (datagram + 13, whole_record, sizeof whole_record);
  g_assert_true (gst_callstats_server_hello_read (datagram, sizeof datagram, &hello));
  g_assert_cmpuint (hello.srtp_profile, ==, 8);
  g_assert_null (gst_callstats_cipher_suite_get_name (0xFFFF));
}

static void
test_what_is_no_server_hello_is_left_alone (void)
{
  guint8 changed[sizeof whole_record];
  GstCallstatsServerHello hello;

  memcpy (changed, whole_record, sizeof changed);
  changed[13] = 1; /* ClientHello */
  g_assert_false (gst_callstats_server_hello_read (changed, sizeof changed, &hello));
  memcpy (changed, whole_record, sizeof changed);
  changed[4] = 1; /* an epoch: encrypted */
  g_assert_false (gst_callstats_server_hello_read (changed, sizeof changed, &hello));
  g_assert_true (gst_callstats_is_dtls (22));
  g_assert_false (gst_callstats_is_dtls (128)); /* RTP */
  g_assert_false (gst_callstats_is_dtls (1));   /* STUN */
}

/* From the heap, so that a sanitizer sees what is read beyond the end. */
static void
test_a_handshake_may_be_cut_and_broken (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  GstCallstatsServerHello hello;
  gsize size, i, n;

  for (size = 0; size < sizeof whole_record; size++) {
    for (n = 0; n < 200; n++) {
      g_autofree guint8 *data = g_memdup2 (whole_record, size);

      for (i = 0; n > 0 && size > 0 && i < 3; i++)
        data[g_rand_int_range (random, 0, size)] = g_rand_int_range (random, 0, 256);
      if (n == 0)
        g_assert_false (gst_callstats_server_hello_read (data, size, &hello));
      else
        gst_callstats_server_hello_read (data, size, &hello);
    }
  }
  gst_callstats_server_hello_read (hello_record, sizeof hello_record, &hello);
}

/* Reports */

static GVariant *
to_variant (CallstatsReport *report)
{
  return g_variant_ref_sink (callstats_report_to_variant (report));
}

/* Returns: (transfer full): the member of the object; NULL: there is none */
static GVariant *
get_member (CallstatsReport *report, const char *id, const char *member)
{
  g_autoptr (GVariant) all = to_variant (report);
  g_autoptr (GVariant) object = g_variant_lookup_value (all, id, G_VARIANT_TYPE_VARDICT);

  g_assert_nonnull (object);
  return g_variant_lookup_value (object, member, NULL);
}

static void
assert_text (
    CallstatsReport *report, const char *id, const char *member, const char *expected)
{
  g_autoptr (GVariant) value = get_member (report, id, member);

  g_assert_cmpstr (
      value != NULL ? g_variant_get_string (value, NULL) : NULL, ==, expected);
}

static void
assert_number (
    CallstatsReport *report, const char *id, const char *member, const char *expected)
{
  g_autoptr (GVariant) value = get_member (report, id, member);
  g_autofree char *text = value != NULL ? g_variant_print (value, FALSE) : NULL;

  g_assert_cmpstr (text, ==, expected);
}

/* Pairs */

static GstCallstatsIceCandidate *
make_candidate (gboolean remote, const char *address)
{
  GstCallstatsIceCandidate *candidate = g_new0 (GstCallstatsIceCandidate, 1);

  candidate->remote = remote;
  candidate->id = gst_callstats_ice_candidate_make_id (remote, address);
  candidate->address = g_strdup (address);
  candidate->port = 4000;
  candidate->protocol = "udp";
  candidate->candidate_type = "srflx";
  candidate->stun_server = g_strdup ("198.51.100.33");
  candidate->stun_port = 3478;
  candidate->related_address = g_strdup ("203.0.113.44");
  candidate->related_port = 5000;
  candidate->foundation = g_strdup ("1");
  return candidate;
}

static GstCallstatsTraffic
make_traffic (guint packets)
{
  return (GstCallstatsTraffic){ .sent = { packets, packets * 100, packets * 1000 },
    .received = { packets * 2, packets * 50, packets * 1000 } };
}

static CallstatsReport *
tell (GstCallstatsIcePairs *pairs, guint packets, GstCallstatsCollectIp collect_ip)
{
  g_autoptr (GPtrArray) candidates = g_ptr_array_new ();
  GstCallstatsTraffic traffic = make_traffic (packets);
  GstCallstatsIceView view = { .transport_id = "transport-stats_0",
    .traffic = &traffic,
    .candidates = candidates,
    .all = TRUE,
    .collect_ip = collect_ip };
  CallstatsReport *report = callstats_report_new (0);

  gst_callstats_ice_pairs_tell (pairs, &view, report);
  return report;
}

/* What went through the transport while a pair was selected is that pair's. */
static void
test_each_pair_has_its_own_traffic (void)
{
  GstCallstatsIcePairs *pairs = gst_callstats_ice_pairs_new ();
  GstCallstatsIceCandidate *one = make_candidate (FALSE, "192.0.2.1");
  GstCallstatsIceCandidate *two = make_candidate (FALSE, "192.0.2.2");
  GstCallstatsIceCandidate *remote = make_candidate (TRUE, "192.0.2.3");
  GstCallstatsTraffic at[] = { make_traffic (2), make_traffic (10), make_traffic (15) };
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr (CallstatsReport) report = NULL;

  g_assert_null (gst_callstats_ice_pairs_get_selected (pairs));
  g_assert_true (gst_callstats_ice_pairs_select (pairs, one, remote, &at[0]));
  g_assert_false (gst_callstats_ice_pairs_select (pairs, one, remote, &at[1]));
  first = g_strdup (gst_callstats_ice_pairs_get_selected (pairs));
  g_assert_true (gst_callstats_ice_pairs_select (pairs, two, remote, &at[1]));
  second = g_strdup (gst_callstats_ice_pairs_get_selected (pairs));
  g_assert_cmpstr (first, !=, second);
  g_assert_true (gst_callstats_ice_pairs_select (pairs, one, remote, &at[2]));
  g_assert_cmpstr (gst_callstats_ice_pairs_get_selected (pairs), ==, first);
  g_assert_cmpuint (gst_callstats_ice_pairs_get_changes (pairs), ==, 3);

  report = tell (pairs, 16, GST_CALLSTATS_COLLECT_IP_FULL);
  assert_number (report, second, "packetsSent", "5");
  assert_number (report, second, "bytesReceived", "250");
  assert_number (report, first, "packetsSent", "11"); /* 10, and 1 since */
  assert_number (report, first, "packetsReceived", "22");
  assert_text (report, first, "localCandidateId", one->id);
  assert_text (report, second, "localCandidateId", two->id);
  gst_callstats_ice_candidate_free (one);
  gst_callstats_ice_candidate_free (two);
  gst_callstats_ice_candidate_free (remote);
  gst_callstats_ice_pairs_free (pairs);
}

static void
test_addresses_are_told_as_wished (void)
{
  GstCallstatsIcePairs *pairs = gst_callstats_ice_pairs_new ();
  GstCallstatsIceCandidate *local = make_candidate (FALSE, "192.0.2.1");
  GstCallstatsIceCandidate *remote = make_candidate (TRUE, "192.0.2.3");
  GstCallstatsTraffic none = { 0 };
  g_autoptr (CallstatsReport) full = NULL;
  g_autoptr (CallstatsReport) masked = NULL;
  g_autoptr (CallstatsReport) bare = NULL;
  g_autofree char *text = NULL;

  gst_callstats_ice_pairs_select (pairs, local, remote, &none);
  full = tell (pairs, 1, GST_CALLSTATS_COLLECT_IP_FULL);
  assert_text (full, local->id, "address", "192.0.2.1");
  assert_text (full, local->id, "url", "stun:198.51.100.33:3478");
  assert_text (full, local->id, "relatedAddress", "203.0.113.44");
  assert_number (full, local->id, "relatedPort", "5000");
  masked = tell (pairs, 1, GST_CALLSTATS_COLLECT_IP_MASKED);
  assert_text (masked, local->id, "address", "192.0.2.0");
  assert_text (masked, local->id, "url", "stun:198.51.100.0:3478");
  bare = tell (pairs, 1, GST_CALLSTATS_COLLECT_IP_NONE);
  text = callstats_report_to_json (bare);
  g_assert_null (strstr (text, "192.0"));
  g_assert_null (strstr (text, "198.51"));
  g_assert_null (strstr (text, "203.0"));
  gst_callstats_ice_candidate_free (local);
  gst_callstats_ice_candidate_free (remote);
  gst_callstats_ice_pairs_free (pairs);
}

/* Certificates */

static void
test_a_key_beside_a_certificate_is_left_alone (void)
{
  static const char pem[] = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n"
                            "-----END PRIVATE KEY-----\n"
                            "-----BEGIN CERTIFICATE-----\nYWJj\n"
                            "-----END CERTIFICATE-----\n";
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);
  GstCallstatsCertificate *certificate = gst_callstats_certificate_new (pem);
  g_autoptr (CallstatsReport) report = callstats_report_new (0);
  g_autofree char *text = NULL;

  g_assert_nonnull (certificate);
  gst_callstats_certificate_tell (certificate, told, report);
  gst_callstats_certificate_tell (certificate, told, report);
  text = callstats_report_to_json (report);
  g_assert_null (strstr (text, "c2VjcmV0"));
  assert_text (report, certificate->id, "base64Certificate", "YWJj");
  /* sha256sum of "abc", of FIPS 180-2 */
  assert_text (report, certificate->id, "fingerprint",
      "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:"
      "B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD");
  g_assert_null (gst_callstats_certificate_new ("-----BEGIN PRIVATE KEY-----"));
  g_assert_null (gst_callstats_certificate_new (NULL));
  gst_callstats_certificate_free (certificate);
}

/* Replies to get-stats */

static void
add_object (GstStructure *reply, const char *id, guint type, const char *fields)
{
  g_autofree char *text = g_strdup_printf ("object, id=(string)%s, %s", id, fields);
  g_autoptr (GstStructure) object = gst_structure_from_string (text, NULL);

  g_assert_nonnull (object);
  gst_structure_set (object, "type", GST_TYPE_WEBRTC_STATS_TYPE, type, NULL);
  gst_structure_set (reply, id, GST_TYPE_STRUCTURE, object, NULL);
}

/* As 1.22.0 gives it, and with fields that no version has yet. */
static GstStructure *
make_reply (void)
{
  GstStructure *reply = gst_structure_new_empty ("application/x-webrtc-stats");

  add_object (reply, "ice-candidate-local_1_192.0.2.5_6000",
      GST_WEBRTC_STATS_REMOTE_CANDIDATE,
      "address=(string)192.0.2.5, port=(int)6000, url=(string)\"\", "
      "transport-id=(string)transport-stats_webrtcdtlstransport0");
  add_object (reply, "ice-candidate-pair_nice0", GST_WEBRTC_STATS_CANDIDATE_PAIR,
      "local-candidate-id=(string)ice-candidate-local_1_192.0.2.5_6000");
  add_object (reply, "ice-candidate-pair_nice1", GST_WEBRTC_STATS_CANDIDATE_PAIR,
      "new-member=(guint64)18446744073709551615");
  add_object (reply, "transport-stats_a", GST_WEBRTC_STATS_TRANSPORT,
      "selected-candidate-pair-id=(string)ice-candidate-pair_nice0, "
      "new-state=(string)fine, nested=(structure)\"inner,a-count=(uint)3;\", "
      "list=(int){ 4, 5 }");
  add_object (reply, "peer-connection-stats", GST_WEBRTC_STATS_PEER_CONNECTION,
      "data-channels-requested=(uint)0");
  return reply;
}

static void
test_replies_are_read_without_their_defects (void)
{
  g_autoptr (GstStructure) reply = make_reply ();
  g_autoptr (CallstatsReport) report = callstats_report_new (0);
  g_autofree char *local =
      gst_callstats_ice_candidate_make_id (FALSE, "ice-candidate-local_1_192.0.2.5_6000");

  gst_callstats_get_stats_tell (reply, 0, GST_CALLSTATS_COLLECT_IP_MASKED, report);
  assert_text (report, local, "type", "local-candidate");
  assert_text (report, local, "address", "192.0.2.0");
  assert_number (report, local, "port", "6000");
  assert_text (report, local, "url", NULL);
  assert_text (report, "ice-candidate-pair_nice0", "localCandidateId", local);
  assert_text (
      report, "transport-stats_a", "selectedCandidatePairId", "ice-candidate-pair_nice0");
  assert_text (report, "transport-stats_a", "newState", "fine");
  assert_number (report, "transport-stats_a", "nestedACount", "3");
  assert_number (report, "transport-stats_a", "list1", "5");
  assert_number (report, "ice-candidate-pair_nice1", "newMember", "18446744073709551615");
  assert_number (report, "peer-connection-stats", "dataChannelsRequested", NULL);
}

static void
test_what_others_tell_is_not_read (void)
{
  g_autoptr (GstStructure) reply = make_reply ();
  g_autoptr (CallstatsReport) report = callstats_report_new (0);
  g_autoptr (GVariant) all = NULL;

  gst_callstats_get_stats_tell (reply,
      1u << GST_WEBRTC_STATS_LOCAL_CANDIDATE | 1u << GST_WEBRTC_STATS_TRANSPORT |
          1u << GST_WEBRTC_STATS_CANDIDATE_PAIR,
      GST_CALLSTATS_COLLECT_IP_FULL, report);
  callstats_report_add_stats (report, "transport", "mine");
  gst_callstats_get_stats_tell_unknown (reply, GST_WEBRTC_STATS_TRANSPORT, report);
  /* There are two: whose would it be? */
  gst_callstats_get_stats_tell_unknown (reply, GST_WEBRTC_STATS_CANDIDATE_PAIR, report);
  all = to_variant (report);
  g_assert_cmpuint (g_variant_n_children (all), ==, 2);
  assert_text (report, "mine", "newState", "fine");
  assert_text (report, "mine", "selectedCandidatePairId", NULL);
  assert_number (report, "mine", "newMember", NULL);
}

/* The pair is named before one is selected. */
static void
test_a_pair_that_is_not_selected_is_not_told_as_such (void)
{
  g_autoptr (GstStructure) reply = make_reply ();
  g_autoptr (CallstatsReport) report = callstats_report_new (0);

  add_object (reply, "transport-stats_a", GST_WEBRTC_STATS_TRANSPORT,
      "selected-candidate-pair-id=(string)ice-candidate-pair_nice1");
  callstats_report_add_stats (report, "transport", "mine");
  gst_callstats_get_stats_tell_known (reply, GST_WEBRTC_STATS_TRANSPORT,
      "selected-candidate-pair-id", GST_CALLSTATS_COLLECT_IP_FULL, report);
  assert_text (report, "mine", "selectedCandidatePairId", NULL);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/hello/is-read", test_a_server_hello_is_read);
  g_test_add_func ("/transport/hello/others-are-left-alone",
      test_what_is_no_server_hello_is_left_alone);
  g_test_add_func (
      "/transport/hello/may-be-cut-and-broken", test_a_handshake_may_be_cut_and_broken);
  g_test_add_func (
      "/transport/pairs/have-their-own-traffic", test_each_pair_has_its_own_traffic);
  g_test_add_func (
      "/transport/addresses-are-told-as-wished", test_addresses_are_told_as_wished);
  g_test_add_func ("/transport/certificates/keys-are-left-alone",
      test_a_key_beside_a_certificate_is_left_alone);
  g_test_add_func ("/transport/get-stats/is-read-without-its-defects",
      test_replies_are_read_without_their_defects);
  g_test_add_func (
      "/transport/get-stats/is-not-read-for-the-rest", test_what_others_tell_is_not_read);
  g_test_add_func ("/transport/get-stats/selects-nothing-early",
      test_a_pair_that_is_not_selected_is_not_told_as_such);
  return g_test_run ();
}
