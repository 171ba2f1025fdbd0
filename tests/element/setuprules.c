/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pure rules behind what is told of a setup: why it failed, what a call is used for,
 * whose certificate it is, which errors hinder it.
 */
#include <gst/gst.h>
#include <string.h>

#include "buserror.h"
#include "certificate.h"
#include "sessiondescription.h"
#include "setupdiagnosis.h"
#include "usage.h"

#define HOST GST_CALLSTATS_CANDIDATE_HOST
#define SRFLX GST_CALLSTATS_CANDIDATE_SRFLX
#define RELAY GST_CALLSTATS_CANDIDATE_RELAY

#define NEGOTIATED .local_description = TRUE, .remote_description = TRUE
#define CONNECTED NEGOTIATED, .connected = TRUE, .has_dtls = TRUE

/* Diagnoses */

static void
test_the_diagnosis_names_the_evidence (void)
{
  static const struct {
    GstCallstatsSetupFacts facts;
    CallstatsFailureReason reason;
    CallstatsWebrtcFunction function;
    const char *text;
  } rows[] = {
    { { 0 }, CALLSTATS_FAILURE_REASON_NEGOTIATION_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_CREATE_OFFER,
        "nothing was ever negotiated: no local and no remote description" },
    { { .local_description = TRUE, .local_candidates = HOST, .gathered = TRUE },
        CALLSTATS_FAILURE_REASON_NEGOTIATION_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_SET_REMOTE_DESCRIPTION,
        "no remote description: the offer was never answered" },
    { { .remote_description = TRUE, .remote_candidates = HOST },
        CALLSTATS_FAILURE_REASON_NEGOTIATION_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_CREATE_ANSWER,
        "no local description: the remote offer was never answered here" },
    { { NEGOTIATED, .local_candidates = HOST, .gathered = TRUE },
        CALLSTATS_FAILURE_REASON_ICE_CONNECTION_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
        "no remote candidates; DTLS never started" },
    { { NEGOTIATED, .local_candidates = HOST, .remote_candidates = HOST, .gathered = TRUE,
          .checked = TRUE, .failed = TRUE },
        CALLSTATS_FAILURE_REASON_ICE_CONNECTION_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
        "only host candidates on both sides; no candidate pair works; DTLS never "
        "started; "
        "candidate pair types tried: host-host" },
    { { NEGOTIATED, .local_candidates = HOST | SRFLX, .remote_candidates = HOST | RELAY,
          .gathered = TRUE, .checked = TRUE },
        CALLSTATS_FAILURE_REASON_ICE_CONNECTION_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
        "connectivity checks have had no answer; DTLS never started; candidate pair "
        "types "
        "tried: host-host, host-relay, srflx-host, srflx-relay" },
    { { NEGOTIATED, .local_candidates = HOST, .remote_candidates = RELAY,
          .gathered = TRUE },
        CALLSTATS_FAILURE_REASON_ICE_CONNECTION_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
        "connectivity checks never started; DTLS never started; candidate pair types "
        "tried: host-relay" },
    { { .local_description = TRUE, .turn = TRUE, .relay_only = TRUE, .gathered = TRUE },
        CALLSTATS_FAILURE_REASON_ICE_CONNECTION_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
        "TURN configured but no relay "
        "candidate: gathering ended with none, so the server is unreachable or refuses "
        "the "
        "credentials; no local candidates: gathering ended with none" },
    { { NEGOTIATED, .turn = TRUE, .local_candidates = HOST, .remote_candidates = HOST },
        CALLSTATS_FAILURE_REASON_ICE_CONNECTION_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
        "TURN configured but no relay candidate: gathering has not ended; only host "
        "candidates on both sides; connectivity checks never started; DTLS never "
        "started; "
        "candidate pair types tried: host-host" },
    { { CONNECTED }, CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
        "ICE connected, but DTLS never started" },
    { { CONNECTED, .dtls = GST_CALLSTATS_DTLS_CONNECTING },
        CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
        "ICE connected and DTLS started, but its handshake never ended" },
    { { CONNECTED, .dtls = GST_CALLSTATS_DTLS_FAILED },
        CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
        "the DTLS handshake failed; the peer may have refused our certificate" },
    { { CONNECTED, .odd = (char *)"m-line 0 is odd" },
        CALLSTATS_FAILURE_REASON_TRANSPORT_FAILURE,
        CALLSTATS_WEBRTC_FUNCTION_ICE_CONNECTION_FAILURE,
        "ICE connected, but DTLS never started; m-line 0 is odd" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GstCallstatsDiagnosis diagnosis;

    gst_callstats_diagnose (&rows[i].facts, &diagnosis);
    g_assert_cmpstr (diagnosis.text, ==, rows[i].text);
    g_assert_cmpint (diagnosis.reason, ==, rows[i].reason);
    g_assert_cmpint (diagnosis.function, ==, rows[i].function);
    g_free (diagnosis.text);
  }
}

static void
test_a_call_is_up_with_dtls (void)
{
  static const struct {
    GstCallstatsSetupFacts facts;
    gboolean up, hopeless;
  } rows[] = {
    { { CONNECTED, .dtls = GST_CALLSTATS_DTLS_CONNECTED }, TRUE, FALSE },
    { { CONNECTED, .dtls = GST_CALLSTATS_DTLS_CONNECTING }, FALSE, FALSE },
    { { .connected = TRUE }, TRUE, FALSE }, /* no DTLS transport is known */
    { { NEGOTIATED, .gathered = TRUE }, FALSE, TRUE },
    { { NEGOTIATED, .gathered = TRUE, .local_candidates = HOST }, FALSE, FALSE },
    { { CONNECTED, .gathered = TRUE }, FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_assert_cmpint (gst_callstats_setup_is_up (&rows[i].facts), ==, rows[i].up);
    g_assert_cmpint (
        gst_callstats_setup_is_hopeless (&rows[i].facts), ==, rows[i].hopeless);
  }
}

static void
test_candidates_have_their_type (void)
{
  static const struct {
    const char *candidate;
    guint type;
  } rows[] = {
    { "candidate:1 1 UDP 2015363327 192.0.2.1 40000 typ host", HOST },
    { "a=candidate:1 1 UDP 1 192.0.2.1 9 typ srflx raddr 10.0.0.1 rport 9", SRFLX },
    { "candidate:1 1 TCP 1 192.0.2.1 9 typ relay raddr 1.1.1.1 rport 2\r\n", RELAY },
    { "candidate:1 1 UDP 1 192.0.2.1 9 typ prflx", GST_CALLSTATS_CANDIDATE_PRFLX },
    { "candidate:1 1 UDP 1 6c-b2.local 9 typ host generation 0", HOST },
    { "candidate:1 1 UDP 1 192.0.2.1 9 typ else", 0 },
    { "candidate:1 1 UDP 1 192.0.2.1 9 host", 0 },
    { "candidate:", 0 },
    { "", 0 },
    { "nonsense", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (
        gst_callstats_candidate_get_type (rows[i].candidate), ==, rows[i].type);
}

/* Session descriptions */

static GstSDPMessage *
parse (const char *text)
{
  GstSDPMessage *sdp;

  g_assert_cmpint (gst_sdp_message_new_from_text (text, &sdp), ==, GST_SDP_OK);
  return sdp;
}

#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
#define BUNDLE_01 "a=group:BUNDLE 0 1\r\n"
#define BUNDLE_2 "a=group:BUNDLE 2\r\n"
#define MEDIA(kind, mid, more) \
  "m=" kind " 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:" mid "\r\n" more "\r\n"
#define REJECTED(kind, mid) \
  "m=" kind " 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:" mid "\r\na=sendrecv\r\n"
#define DATA(mid) \
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:" mid \
  "\r\na=sctp-port:5000\r\n"

static void
test_usage_follows_the_answer (void)
{
  static const struct {
    const char *sdp;
    gboolean screen;
    CallstatsFabricUsage usage;
  } rows[] = {
    { HEAD, FALSE, CALLSTATS_FABRIC_USAGE_AUTO },
    { HEAD MEDIA ("audio", "0", "a=sendrecv"), FALSE, CALLSTATS_FABRIC_USAGE_AUDIO },
    { HEAD MEDIA ("audio", "0", "a=inactive"), FALSE, CALLSTATS_FABRIC_USAGE_AUTO },
    { HEAD MEDIA ("video", "0", "a=recvonly"), FALSE, CALLSTATS_FABRIC_USAGE_VIDEO },
    { HEAD MEDIA ("video", "0", "a=sendonly"), TRUE, CALLSTATS_FABRIC_USAGE_SCREEN },
    { HEAD DATA ("0"), FALSE, CALLSTATS_FABRIC_USAGE_DATA },
    { HEAD BUNDLE_01 MEDIA ("audio", "0", "a=sendrecv")
            MEDIA ("video", "1", "a=sendrecv"),
        FALSE, CALLSTATS_FABRIC_USAGE_MULTIPLEX },
    { HEAD BUNDLE_01 MEDIA ("audio", "0", "a=sendrecv")
            MEDIA ("video", "1", "a=sendrecv"),
        TRUE, CALLSTATS_FABRIC_USAGE_MULTIPLEX },
    { HEAD BUNDLE_01 MEDIA ("audio", "0", "a=sendrecv") DATA ("1"), FALSE,
        CALLSTATS_FABRIC_USAGE_MULTIPLEX },
    { HEAD BUNDLE_01 MEDIA ("video", "0", "a=sendrecv")
            MEDIA ("video", "1", "a=sendrecv"),
        FALSE, CALLSTATS_FABRIC_USAGE_VIDEO },
    { HEAD MEDIA ("audio", "0", "a=sendrecv") MEDIA ("video", "1", "a=sendrecv"), FALSE,
        CALLSTATS_FABRIC_USAGE_UNBUNDLED },
    { HEAD BUNDLE_01 BUNDLE_2 MEDIA ("audio", "0", "a=sendrecv")
            MEDIA ("audio", "1", "a=sendrecv") MEDIA ("video", "2", "a=sendrecv"),
        FALSE, CALLSTATS_FABRIC_USAGE_UNBUNDLED },
    { HEAD MEDIA ("audio", "0", "a=sendrecv") REJECTED ("video", "1"), FALSE,
        CALLSTATS_FABRIC_USAGE_AUDIO },
    { HEAD BUNDLE_01 MEDIA ("audio", "0", "a=sendrecv")
            MEDIA ("video", "1", "a=inactive"),
        FALSE, CALLSTATS_FABRIC_USAGE_AUDIO },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GstSDPMessage *sdp = parse (rows[i].sdp);

    if (gst_callstats_usage_from_sdp (sdp, rows[i].screen) != rows[i].usage)
      g_error ("Row %u is another usage", i);
    gst_sdp_message_free (sdp);
  }
}

#define SOUND(kind, mid) \
  MEDIA (kind, mid, \
      "a=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 AA\r\na=setup:actpass")

static void
test_the_odd_m_line_is_named (void)
{
  static const struct {
    const char *sdp, *peer, *odd;
  } rows[] = {
    { HEAD SOUND ("audio", "0") SOUND ("video", "1"), NULL, NULL },
    { HEAD, NULL, "there is no m-line" },
    { HEAD SOUND ("audio", "0") MEDIA ("video", "1", "a=sendrecv"), NULL,
        "m-line 1 (video) has no a=ice-ufrag" },
    { HEAD SOUND ("audio", "0") REJECTED ("video", "1"), NULL, NULL },
    { HEAD SOUND ("video", "0"), HEAD SOUND ("audio", "0"),
        "m-line 0 is video here and audio at the other end" },
    { HEAD SOUND ("audio", "0"), HEAD SOUND ("audio", "0") SOUND ("video", "1"),
        "m-line 1 is missing: there are 1 here and 2 at the other end" },
    { HEAD "a=fingerprint:sha-256 "
           "AA\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=setup:active\r\n" MEDIA (
               "audio", "0", "a=sendrecv"),
        NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GstSDPMessage *sdp = parse (rows[i].sdp);
    GstSDPMessage *peer = rows[i].peer != NULL ? parse (rows[i].peer) : NULL;
    g_autofree char *odd = gst_callstats_sdp_find_odd (sdp, peer);

    g_assert_cmpstr (odd, ==, rows[i].odd);
    gst_sdp_message_free (sdp);
    if (peer != NULL)
      gst_sdp_message_free (peer);
  }
}

static void
test_candidates_and_fingerprints_are_found (void)
{
  GstSDPMessage *sdp = parse (HEAD "a=fingerprint:SHA-256 aa:bb\r\n" MEDIA ("audio", "0",
      "a=fingerprint:sha-1 cc:dd\r\na=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\n"
      "a=candidate:2 1 UDP 1 192.0.2.1 9 typ relay raddr 1.1.1.1 rport 1"));
  g_autoptr (GPtrArray) fingerprints = gst_callstats_sdp_get_fingerprints (sdp);

  g_assert_cmpuint (gst_callstats_sdp_get_candidate_types (sdp), ==, HOST | RELAY);
  g_assert_cmpuint (fingerprints->len, ==, 2);
  g_assert_cmpstr (fingerprints->pdata[0], ==, "sha-256 AA:BB");
  g_assert_cmpstr (fingerprints->pdata[1], ==, "sha-1 CC:DD");
  gst_sdp_message_free (sdp);
}

/* Certificates */

static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBbzCCARWgAwIBAgIUNvhnujBNdTd59sLbG+XJYY5s1NswCgYIKoZIzj0EAwIw\n"
    "DDEKMAgGA1UEAwwBeDAgFw0yNjExMjIxMDAyMTNaGA8yMTI2MTAyOTEwMDIxM1ow\n"
    "DDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJrB5KDklNyl\n"
    "Hj7APLRvK6bTyW/AK0HJpHgx8OkxikRmFIwiOwmcLdZ9oTGsucDM7RZx4JpI1lqn\n"
    "md22SLXuoDujUzBRMB0GA1UdDgQWBBTvOf1C8n3qsNL9du8AN8V3aGxi7jAfBgNV\n"
    "HSMEGDAWgBTvOf1C8n3qsNL9du8AN8V3aGxi7jAPBgNVHRMBAf8EBTADAQH/MAoG\n"
    "CCqGSM49BAMCA0gAMEUCIQCEvckbdf0dxxKLcHpUg5HiZhQ6EgNpOfftq9Dxfhsu\n"
    "jgIgXGBPUFm+0Hz/Nfi4j7ZUjG2zT87eXPRdGUDaOlE0B4E=\n"
    "-----END CERTIFICATE-----\n";
#define SHA_256 \
  "FB:AF:46:5D:0A:BF:9E:24:AB:EE:90:AB:57:84:1B:3C:36:13:35:FA:A0:AA:1E:A3:1E:18:E9:1E:" \
  "48:3C:5B:7C"
#define SHA_1 "F5:80:63:B7:E6:9A:09:20:13:A5:5C:96:58:42:1A:72:14:49:0B:6C"

static void
test_a_certificate_is_compared_with_its_fingerprint (void)
{
  static const struct {
    const char *pem;
    const char *promised[3];
    GstCallstatsCertificateMatch match;
  } rows[] = {
    { certificate, { "sha-256 " SHA_256 }, GST_CALLSTATS_CERTIFICATE_MATCHES },
    { certificate, { "sha-1 " SHA_1 }, GST_CALLSTATS_CERTIFICATE_MATCHES },
    { certificate, { "sha-256 00:11", "sha-256 " SHA_256 },
        GST_CALLSTATS_CERTIFICATE_MATCHES },
    { certificate, { "sha-256 00:11" }, GST_CALLSTATS_CERTIFICATE_DIFFERS },
    { certificate, { "sha-1 " SHA_256 }, GST_CALLSTATS_CERTIFICATE_DIFFERS },
    { certificate, { "md5 00" }, GST_CALLSTATS_CERTIFICATE_UNKNOWN },
    { certificate, { NULL }, GST_CALLSTATS_CERTIFICATE_UNKNOWN },
    { "nonsense", { "sha-256 " SHA_256 }, GST_CALLSTATS_CERTIFICATE_UNKNOWN },
    { NULL, { "sha-256 " SHA_256 }, GST_CALLSTATS_CERTIFICATE_UNKNOWN },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GPtrArray) promised = g_ptr_array_new ();
    g_autofree char *own = NULL;

    for (guint k = 0; rows[i].promised[k] != NULL; k++)
      g_ptr_array_add (promised, (gpointer)rows[i].promised[k]);
    g_assert_cmpint (gst_callstats_certificate_compare (rows[i].pem, promised, &own), ==,
        rows[i].match);
    g_assert_cmpstr (own, ==, rows[i].pem == certificate ? "sha-256 " SHA_256 : NULL);
  }
}

/* Errors on the bus */

static void
test_errors_that_hinder_a_setup_are_told_from_others (void)
{
  const struct {
    gboolean inside;
    const char *klass;
    GQuark domain;
    int code;
    const char *text;
    GstCallstatsBusErrorKind kind;
  } rows[] = {
    { TRUE, "Source/Network", GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "",
        GST_CALLSTATS_BUS_ERROR_TRANSPORT },
    { TRUE, "Filter", GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN, "",
        GST_CALLSTATS_BUS_ERROR_MISSING_PLUGIN },
    { FALSE, "Generic/Bin", GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN, "",
        GST_CALLSTATS_BUS_ERROR_MISSING_CODEC },
    { FALSE, "Generic/Bin", GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND, "",
        GST_CALLSTATS_BUS_ERROR_MISSING_CODEC },
    { FALSE, "Source/Video", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "",
        GST_CALLSTATS_BUS_ERROR_SOURCE },
    { FALSE, "Source/Video", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY, "",
        GST_CALLSTATS_BUS_ERROR_SOURCE },
    { FALSE, "Source/Video", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED, "",
        GST_CALLSTATS_BUS_ERROR_PERMISSION },
    { FALSE, "Source/File", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
        "system error: Permission denied", GST_CALLSTATS_BUS_ERROR_PERMISSION },
    { FALSE, "Source/File", GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
        "Permission denied", GST_CALLSTATS_BUS_ERROR_SOURCE },
    { FALSE, "Sink/Video", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "",
        GST_CALLSTATS_BUS_ERROR_OTHER },
    { FALSE, "Source/Sink/Network", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "",
        GST_CALLSTATS_BUS_ERROR_OTHER },
    { FALSE, NULL, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "",
        GST_CALLSTATS_BUS_ERROR_OTHER },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = g_error_new_literal (rows[i].domain, rows[i].code, "x");

    if (gst_callstats_classify_bus_error (
            rows[i].inside, rows[i].klass, error, rows[i].text) != rows[i].kind)
      g_error ("Row %u is of another kind", i);
  }
}

static void
test_an_error_is_told_without_secrets (void)
{
  g_autoptr (GstElement) source =
      gst_object_ref_sink (gst_element_factory_make ("fakesrc", "camera"));
  g_autoptr (GError) error =
      g_error_new_literal (GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
          "Cannot open rtsp://me:secret@host/path?token=secret");
  g_autoptr (GstMessage) message = gst_message_new_error (
      GST_OBJECT (source), error, "turn:user:secret@host and http://h/?k=secret");
  GstCallstatsBusError *taken = gst_callstats_bus_error_new (message);
  g_autoptr (GVariant) described = NULL;
  g_autofree char *text = NULL;

  g_assert_nonnull (taken);
  g_assert_true (gst_callstats_is_setup_error (message));
  g_assert_cmpstr (taken->message, ==, "Cannot open rtsp://host/path");
  g_assert_null (strstr (taken->debug, "secret"));
  described = g_variant_ref_sink (gst_callstats_bus_error_describe (taken));
  text = g_variant_print (described, FALSE);
  g_assert_null (strstr (text, "secret"));
  g_assert_nonnull (strstr (text, "the media source camera (fakesrc) failed"));
  gst_callstats_bus_error_free (taken);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/setup/diagnosis/names-the-evidence", test_the_diagnosis_names_the_evidence);
  g_test_add_func (
      "/setup/diagnosis/a-call-is-up-with-dtls", test_a_call_is_up_with_dtls);
  g_test_add_func ("/setup/candidates-have-their-type", test_candidates_have_their_type);
  g_test_add_func ("/setup/usage-follows-the-answer", test_usage_follows_the_answer);
  g_test_add_func ("/setup/sdp/the-odd-m-line-is-named", test_the_odd_m_line_is_named);
  g_test_add_func ("/setup/sdp/candidates-and-fingerprints-are-found",
      test_candidates_and_fingerprints_are_found);
  g_test_add_func ("/setup/certificate/is-compared-with-its-fingerprint",
      test_a_certificate_is_compared_with_its_fingerprint);
  g_test_add_func ("/setup/errors/that-hinder-are-told-from-others",
      test_errors_that_hinder_a_setup_are_told_from_others);
  g_test_add_func (
      "/setup/errors/are-told-without-secrets", test_an_error_is_told_without_secrets);
  return g_test_run ();
}
