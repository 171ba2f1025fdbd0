/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What reports say of transports, certificates and congestion control, against what
 * passes pads, stands in session descriptions or openssl says.
 */
#include "watched-peers.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define AUDIO \
  "audiotestsrc is-live=true name=source ! opusenc ! rtpopuspay pt=96 name=pay ! " \
  "application/x-rtp,encoding-params=(string)2 ! a. "
#define VIDEO \
  "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! " \
  "vp8enc deadline=1 ! rtpvp8pay pt=97 ! a. "

/* So few that all of them have room in a socket: none is lost where a thread has to wait
 * for a processor. */
#define MEDIA_PACKETS 100

/* What passes the pads of one end's ICE elements. */
typedef struct {
  GMutex lock;
  guint64 packets[2], bytes[2]; /* sent, received */
  const char *pem;              /* nullable: for its DTLS */
} Edge;

static guint
count_packets (GstPadProbeInfo *info)
{
  return info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST ? gst_buffer_list_length (info->data)
                                                     : 1;
}

static GstPadProbeReturn
on_packet (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Edge *edge = data;
  gboolean received = GST_PAD_IS_SRC (pad);
  gsize size = info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST
                   ? gst_buffer_list_calculate_size (info->data)
                   : gst_buffer_get_size (info->data);

  g_mutex_lock (&edge->lock);
  edge->packets[received] += count_packets (info);
  edge->bytes[received] += size;
  g_mutex_unlock (&edge->lock);
  return GST_PAD_PROBE_OK;
}

static void
on_element (GstBin *webrtcbin, GstBin *bin, GstElement *element, gpointer data)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *name = factory != NULL ? GST_OBJECT_NAME (factory) : "";
  gboolean is_sink = strcmp (name, "nicesink") == 0;
  Edge *edge = data;

  if (strcmp (name, "dtlsdec") == 0 && edge->pem != NULL)
    g_object_set (element, "pem", edge->pem, NULL);
  if (is_sink || strcmp (name, "nicesrc") == 0) {
    g_autoptr (GstPad) pad =
        gst_element_get_static_pad (element, is_sink ? "sink" : "src");

    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
        on_packet, edge, NULL);
  }
}

static void
edge_init (Edge *edge, WatchedPeers *watched, const char *peer)
{
  g_mutex_init (&edge->lock);
  g_signal_connect (peers_get (watched_peers_get (watched), peer), "deep-element-added",
      G_CALLBACK (on_element), edge);
}

static void
start (WatchedPeers *watched)
{
  peers_play (watched_peers_get (watched));
  peers_negotiate (watched_peers_get (watched), TRUE);
}

static char *
get_description (WatchedPeers *watched, const char *peer, const char *which)
{
  GstWebRTCSessionDescription *description = NULL;
  char *text;

  g_object_get (peers_get (watched_peers_get (watched), peer), which, &description, NULL);
  g_assert_nonnull (description);
  text = gst_sdp_message_as_text (description->sdp);
  gst_webrtc_session_description_free (description);
  return text;
}

/* Returns: (transfer full): what follows the first of the attribute in an SDP */
static char *
get_attribute (const char *sdp, const char *attribute)
{
  g_autofree char *line = g_strdup_printf ("a=%s:", attribute);
  const char *at = strstr (sdp, line);

  g_assert_nonnull (at);
  at += strlen (line);
  return g_strndup (at, strcspn (at, "\r\n"));
}

static gboolean
is_connected (JsonObject *report, gpointer data)
{
  g_autoptr (GPtrArray) transports = report_find_all (report, "transport");
  guint i, wanted = GPOINTER_TO_UINT (data);

  for (i = 0; i < transports->len; i++) {
    if (g_strcmp0 (stats_text (transports->pdata[i], "dtlsState"), "connected") != 0 ||
        g_strcmp0 (stats_text (transports->pdata[i], "iceState"), "completed") != 0)
      return FALSE;
  }
  return transports->len == wanted;
}

static JsonObject *
wait_connected (WatchedPeers *watched, const char *peer, guint transports)
{
  return watched_peers_wait (
      watched, peer, "connected transports", is_connected, GUINT_TO_POINTER (transports));
}

/* Traffic */

static gboolean
is_traffic_of (JsonObject *stats, Edge *edge)
{
  gboolean is_same;

  g_mutex_lock (&edge->lock);
  is_same = edge->packets[0] + edge->packets[1] >= MEDIA_PACKETS / 2 &&
            stats_count (stats, "packetsSent") == edge->packets[0] &&
            stats_count (stats, "bytesSent") == edge->bytes[0] &&
            stats_count (stats, "packetsReceived") == edge->packets[1] &&
            stats_count (stats, "bytesReceived") == edge->bytes[1];
  g_mutex_unlock (&edge->lock);
  return is_same;
}

static gboolean
is_traffic (JsonObject *report, gpointer data)
{
  JsonObject *transport = report_find (report, "transport");
  JsonObject *pair = report_find (report, "candidate-pair");

  return transport != NULL && pair != NULL && is_traffic_of (transport, data) &&
         is_traffic_of (pair, data);
}

static void
assert_last_packets (JsonObject *report, double begun)
{
  JsonObject *pair = report_find (report, "candidate-pair");

  g_assert_cmpfloat (stats_number (pair, "lastPacketSentTimestamp"), >=, begun);
  g_assert_cmpfloat (stats_number (pair, "lastPacketSentTimestamp"), <=,
      stats_number (pair, "timestamp"));
  g_assert_cmpfloat (stats_number (pair, "lastPacketReceivedTimestamp"), >=, begun);
  g_assert_cmpfloat (stats_number (pair, "lastPacketReceivedTimestamp"), <=,
      stats_number (pair, "timestamp"));
}

static GstPadProbeReturn
on_media (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  gint *n = data, packets = (gint)count_packets (info);

  return g_atomic_int_add (n, packets) < MEDIA_PACKETS ? GST_PAD_PROBE_OK
                                                       : GST_PAD_PROBE_DROP;
}

/* The media rests, so that report and probes can be compared; RTCP goes on. A frame of
 * video comes as a list of packets. */
static void
test_traffic_is_what_pads_carry (void)
{
  gint media = 0;
  Edge a = { 0 }, b = { 0 };
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO VIDEO);
  g_autoptr (JsonObject) report = NULL;
  g_autoptr (JsonObject) other = NULL;
  double begun = g_get_real_time () / 1000.0;
  GList *pad;

  edge_init (&a, watched, "a");
  edge_init (&b, watched, "b");
  for (pad = peers_get (watched_peers_get (watched), "a")->sinkpads; pad != NULL;
       pad = pad->next)
    gst_pad_add_probe (pad->data,
        GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_media, &media,
        NULL);
  start (watched);
  report = watched_peers_wait (watched, "a", "the traffic", is_traffic, &a);
  assert_last_packets (report, begun);
  other = watched_peers_wait (watched, "b", "the same traffic", is_traffic, &b);
  g_assert_cmpuint (stats_count (report_find (other, "transport"), "packetsReceived"), >=,
      stats_count (report_find (report, "transport"), "packetsSent"));
  assert_last_packets (other, begun);
}

static void
test_transports_that_are_not_bundled_are_told_apart (void)
{
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO VIDEO);
  Peers *peers = watched_peers_get (watched);
  g_autoptr (JsonObject) report = NULL;
  g_autoptr (GPtrArray) transports = NULL;
  g_autoptr (GPtrArray) pairs = NULL;
  guint i;

  gst_util_set_object_arg (G_OBJECT (peers_get (peers, "a")), "bundle-policy", "none");
  gst_util_set_object_arg (G_OBJECT (peers_get (peers, "b")), "bundle-policy", "none");
  start (watched);
  report = wait_connected (watched, "a", 2);
  transports = report_find_all (report, "transport");
  pairs = report_find_all (report, "candidate-pair");
  g_assert_cmpuint (pairs->len, ==, 2);
  for (i = 0; i < 2; i++) {
    const char *pair = stats_text (transports->pdata[i], "selectedCandidatePairId");

    g_assert_nonnull (pair);
    g_assert_cmpstr (
        stats_text (json_object_get_object_member (report, pair), "transportId"), ==,
        stats_text (transports->pdata[i], "id"));
  }
  g_assert_cmpstr (stats_text (transports->pdata[0], "selectedCandidatePairId"), !=,
      stats_text (transports->pdata[1], "selectedCandidatePairId"));
}

/* ICE and DTLS */

static void
assert_ice (WatchedPeers *watched, const char *peer, const char *role)
{
  g_autoptr (JsonObject) report = wait_connected (watched, peer, 1);
  g_autofree char *sdp = get_description (watched, peer, "local-description");
  g_autofree char *fragment = get_attribute (sdp, "ice-ufrag");
  JsonObject *transport = report_find (report, "transport");
  JsonObject *pair = report_find (report, "candidate-pair");

  g_assert_cmpstr (stats_text (transport, "iceRole"), ==, role);
  g_assert_cmpstr (stats_text (transport, "iceState"), ==, "completed");
  g_assert_cmpstr (stats_text (transport, "iceLocalUsernameFragment"), ==, fragment);
  g_assert_cmpstr (
      stats_text (transport, "selectedCandidatePairId"), ==, stats_text (pair, "id"));
  g_assert_cmpuint (stats_count (transport, "selectedCandidatePairChanges"), >=, 1);
  g_assert_cmpstr (stats_text (pair, "state"), ==, "succeeded");
  g_assert_true (json_object_get_boolean_member (pair, "nominated"));
}

/* RFC 8842: who is active is the client. */
static void
assert_dtls_role (WatchedPeers *watched, const char *peer, gboolean is_client)
{
  g_autoptr (JsonObject) report = wait_connected (watched, peer, 1);

  g_assert_cmpstr (stats_text (report_find (report, "transport"), "dtlsRole"), ==,
      is_client ? "client" : "server");
}

static void
test_ice_and_dtls_are_as_described (void)
{
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO);
  g_autofree char *answer = NULL;
  g_autofree char *setup = NULL;

  start (watched);
  assert_ice (watched, "a", "controlling");
  assert_ice (watched, "b", "controlled");
  answer = get_description (watched, "b", "local-description");
  setup = get_attribute (answer, "setup");
  assert_dtls_role (watched, "b", strcmp (setup, "active") == 0);
  assert_dtls_role (watched, "a", strcmp (setup, "active") != 0);
}

static GstElement *
find_decoder (GstElement *webrtcbin)
{
  GstIterator *decoders =
      gst_bin_iterate_all_by_element_factory_name (GST_BIN (webrtcbin), "dtlsdec");
  g_auto (GValue) value = G_VALUE_INIT;
  GstElement *decoder;

  g_assert_cmpint (gst_iterator_next (decoders, &value), ==, GST_ITERATOR_OK);
  decoder = g_value_dup_object (&value);
  gst_iterator_free (decoders);
  return decoder;
}

static gboolean
has_transport (JsonObject *report, gpointer data)
{
  return report_find (report, "transport") != NULL;
}

static void
test_states_follow_the_call (void)
{
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO);
  Peers *peers = watched_peers_get (watched);
  g_autoptr (GstPromise) promise = gst_promise_new ();
  g_autoptr (JsonObject) before = NULL;
  g_autoptr (JsonObject) after = NULL;
  JsonObject *transport;

  peers_play (peers);
  g_signal_emit_by_name (peers_get (peers, "a"), "create-offer", NULL, promise);
  before = watched_peers_wait (watched, "a", "a transport", has_transport, NULL);
  transport = report_find (before, "transport");
  g_assert_cmpstr (stats_text (transport, "dtlsState"), ==, "new");
  g_assert_cmpstr (stats_text (transport, "dtlsRole"), ==, "unknown");
  g_assert_cmpstr (stats_text (transport, "iceState"), ==, "new");
  g_assert_cmpstr (stats_text (transport, "iceRole"), ==, "unknown");
  g_assert_false (json_object_has_member (transport, "selectedCandidatePairId"));
  g_assert_cmpuint (stats_count (transport, "selectedCandidatePairChanges"), ==, 0);
  g_assert_false (json_object_has_member (transport, "tlsVersion"));
  peers_negotiate (peers, TRUE);
  after = wait_connected (watched, "a", 1);
  g_assert_cmpuint (
      stats_count (report_find (after, "transport"), "selectedCandidatePairChanges"), >=,
      1);
}

/* Certificates */

/* Returns: (transfer full): what openssl writes; NULL: it is not there */
static char *
run_openssl (const char *arguments, gsize *size)
{
  g_autofree char *command = g_strdup_printf ("openssl %s", arguments);
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GBytes) output = NULL;

  g_assert_true (g_shell_parse_argv (command, NULL, &argv, NULL));
  process = g_subprocess_newv ((const char *const *)argv,
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error);
  if (g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
    return NULL;
  g_assert_no_error (error);
  g_subprocess_communicate (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  return g_bytes_unref_to_data (g_steal_pointer (&output), size);
}

/* A certificate of openssl's, its key before it. */
typedef struct {
  char *path, *pem, *fingerprint, *base64;
} Identity;

static gboolean
identity_init (Identity *self, const char *name)
{
  g_autofree char *make = NULL;
  g_autofree char *text = NULL;
  g_autofree char *der = NULL;
  gsize size;

  memset (self, 0, sizeof *self);
  self->path = g_strdup_printf ("%s/callstats-%s-XXXXXX", g_get_tmp_dir (), name);
  close (g_mkstemp (self->path));
  make = g_strdup_printf ("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
                          "-nodes -days 2 -subj /CN=%s -keyout '%s' -out /dev/stdout",
      name, self->path);
  text = run_openssl (make, &size);
  if (text == NULL)
    return FALSE;
  g_assert_true (g_file_get_contents (self->path, &self->pem, NULL, NULL));
  text = g_realloc (text, size + 1);
  text[size] = '\0';
  g_assert_true (g_file_set_contents (self->path, text, size, NULL));
  g_free (make);
  make = g_strconcat (self->pem, text, NULL);
  g_free (self->pem);
  self->pem = g_steal_pointer (&make);

  make = g_strdup_printf ("x509 -in '%s' -noout -fingerprint -sha256", self->path);
  self->fingerprint = run_openssl (make, &size);
  self->fingerprint[size - 1] = '\0';
  g_free (make);
  make = g_strdup_printf ("x509 -in '%s' -outform DER", self->path);
  der = run_openssl (make, &size);
  self->base64 = g_base64_encode ((const guchar *)der, size);
  return TRUE;
}

static void
identity_clear (Identity *self)
{
  g_unlink (self->path);
  g_free (self->path);
  g_free (self->pem);
  g_free (self->fingerprint);
  g_free (self->base64);
}

static void
assert_certificate (JsonObject *report, const char *member, const Identity *identity)
{
  const char *id = stats_text (report_find (report, "transport"), member);
  JsonObject *certificate;

  g_assert_nonnull (id);
  certificate = json_object_get_object_member (report, id);
  g_assert_cmpstr (stats_text (certificate, "type"), ==, "certificate");
  g_assert_cmpstr (stats_text (certificate, "fingerprintAlgorithm"), ==, "sha-256");
  g_assert_cmpstr (stats_text (certificate, "fingerprint"), ==,
      strchr (identity->fingerprint, '=') + 1);
  g_assert_cmpstr (stats_text (certificate, "base64Certificate"), ==, identity->base64);
}

static void
test_certificates_are_those_of_openssl (void)
{
  Edge a = { 0 }, b = { 0 };
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO);
  g_autoptr (JsonObject) report = NULL;
  g_autoptr (JsonObject) other = NULL;
  Identity mine, theirs;

  if (!identity_init (&mine, "mine") || !identity_init (&theirs, "theirs")) {
    g_test_skip ("openssl is not installed");
    return;
  }
  a.pem = mine.pem;
  b.pem = theirs.pem;
  edge_init (&a, watched, "a");
  edge_init (&b, watched, "b");
  start (watched);
  report = wait_connected (watched, "a", 1);
  assert_certificate (report, "localCertificateId", &mine);
  assert_certificate (report, "remoteCertificateId", &theirs);
  g_assert_true (
      g_str_has_prefix (stats_text (report_find (report, "transport"), "dtlsCipher"),
          "TLS_ECDHE_ECDSA_WITH_"));
  other = wait_connected (watched, "b", 1);
  assert_certificate (other, "localCertificateId", &theirs);
  assert_certificate (other, "remoteCertificateId", &mine);
  identity_clear (&mine);
  identity_clear (&theirs);
}

/* With GStreamer's own certificate, which is of RSA before 1.28, the cipher is another.
 */
static void
test_ciphers_are_those_that_dtls_chose (void)
{
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO);
  g_autoptr (JsonObject) report = NULL;
  g_autoptr (GstElement) decoder = NULL;
  JsonObject *transport;
  guint cipher, auth, major, minor, micro, nano;

  start (watched);
  report = wait_connected (watched, "a", 1);
  transport = report_find (report, "transport");
  decoder = find_decoder (peers_get (watched_peers_get (watched), "a"));
  g_object_get (decoder, "srtp-cipher", &cipher, "srtp-auth", &auth, NULL);
  g_assert_cmpuint (cipher, ==, 1); /* AES-128-ICM */
  g_assert_cmpuint (auth, ==, 2);   /* HMAC-SHA1-80 */
  g_assert_cmpstr (
      stats_text (transport, "srtpCipher"), ==, "SRTP_AES128_CM_HMAC_SHA1_80");
  g_assert_cmpstr (stats_text (transport, "tlsVersion"), ==, "FEFD");
  gst_version (&major, &minor, &micro, &nano);
  g_assert_true (g_str_has_prefix (stats_text (transport, "dtlsCipher"),
      minor < 28 ? "TLS_ECDHE_RSA_WITH_" : "TLS_ECDHE_ECDSA_WITH_"));
}

/* What cannot be known */

static void
test_who_comes_late_counts_nothing (void)
{
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO);
  g_autoptr (JsonObject) whole = NULL;
  g_autoptr (JsonObject) late = NULL;
  JsonObject *transport, *pair;

  start (watched);
  whole = wait_connected (watched, "a", 1);
  g_assert_true (
      json_object_has_member (report_find (whole, "transport"), "packetsSent"));
  watched_peers_add_monitor (watched);
  late = wait_connected (watched, "a", 1);
  transport = report_find (late, "transport");
  pair = report_find (late, "candidate-pair");
  g_assert_false (json_object_has_member (transport, "packetsSent"));
  g_assert_false (json_object_has_member (transport, "selectedCandidatePairChanges"));
  g_assert_false (json_object_has_member (transport, "dtlsCipher"));
  g_assert_false (json_object_has_member (pair, "bytesReceived"));
  g_assert_cmpstr (stats_text (transport, "selectedCandidatePairId"), ==,
      stats_text (report_find (whole, "candidate-pair"), "id"));
  g_assert_nonnull (stats_text (transport, "remoteCertificateId"));
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/transport/traffic-is-what-pads-carry", test_traffic_is_what_pads_carry);
  g_test_add_func ("/transport/those-not-bundled-are-told-apart",
      test_transports_that_are_not_bundled_are_told_apart);
  g_test_add_func (
      "/transport/ice-and-dtls-are-as-described", test_ice_and_dtls_are_as_described);
  g_test_add_func ("/transport/states-follow-the-call", test_states_follow_the_call);
  g_test_add_func ("/transport/certificates-are-those-of-openssl",
      test_certificates_are_those_of_openssl);
  g_test_add_func ("/transport/ciphers-are-those-that-dtls-chose",
      test_ciphers_are_those_that_dtls_chose);
  g_test_add_func (
      "/transport/who-comes-late-counts-nothing", test_who_comes_late_counts_nothing);
  return g_test_run ();
}
