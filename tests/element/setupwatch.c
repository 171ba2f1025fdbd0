/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Real calls that come up, and real calls that do not: what callstatsmon tells of the
 * steps of a setup, of what fails there and of what the call is used for, without a word
 * from the application.
 */
#include "peers-fixture.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>

#define AUDIO \
  "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 ! " \
  "application/x-rtp,encoding-params=(string)2 ! a. "
#define VIDEO \
  "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! " \
  "vp8enc deadline=1 ! rtpvp8pay pt=97 ! a. "
#define LONG 60000

static void
assert_failure (const GstStructure *data, const char *function, const char *reason,
    const char *diagnosis)
{
  const char *told = gst_structure_get_string (data, "diagnosis");

  g_assert_cmpstr (gst_structure_get_string (data, "function"), ==, function);
  g_assert_cmpstr (gst_structure_get_string (data, "reason"), ==, reason);
  g_assert_nonnull (told);
  if (strstr (told, diagnosis) == NULL)
    g_error ("“%s” does not say “%s”", told, diagnosis);
}

static void
assert_setup_failed (Peers *peers, const char *peer, const char *function,
    const char *reason, const char *diagnosis)
{
  GstStructure *data = peers_wait_event (peers, peer, "fabricSetupFailed");

  assert_failure (data, function, reason, diagnosis);
  g_assert_true (gst_structure_has_field_typed (data, "delay", G_TYPE_DOUBLE));
  gst_structure_free (data);
}

static void
assert_error_logged (Peers *peers, const char *peer, const char *function,
    const char *reason, const char *diagnosis)
{
  GstStructure *data = peers_wait_event (peers, peer, "applicationErrorLog");

  assert_failure (data, function, reason, diagnosis);
  g_assert_cmpstr (gst_structure_get_string (data, "level"), ==, "error");
  gst_structure_free (data);
}

/* Calls that come up */

static void
assert_order (Peers *peers, const char *peer, const char *const *phases)
{
  double last = 0;
  guint i;

  for (i = 0; phases[i] != NULL; i++) {
    double delay = peers_wait_phase (peers, peer, phases[i]);

    g_test_message ("%s: %s after %.1f ms", peer, phases[i], delay);
    if (delay + 0.5 < last)
      g_error ("%s of %s comes before %s", phases[i], peer, phases[i - 1]);
    last = delay;
  }
}

static void
test_a_setup_is_taken_apart (void)
{
  static const char *const offerer[] = { "createOfferStart", "createOffer",
    "localDescription", "remoteDescription", "connected", "dtlsConnected", NULL };
  static const char *const answerer[] = { "remoteDescription", "createAnswer",
    "localDescription", "connected", "dtlsConnected", "firstRtp", "firstFrame", NULL };
  static const char *const ice[] = { "gatheringStart", "firstLocalCandidate",
    "gatheringComplete", NULL };
  static const char *const checks[] = { "firstRemoteCandidate", "checking", "connected",
    NULL };
  g_autoptr (Peers) peers = peers_new (AUDIO VIDEO, LONG);

  peers_play (peers);
  peers_negotiate (peers, TRUE);
  assert_order (peers, "a", offerer);
  assert_order (peers, "b", answerer);
  assert_order (peers, "a", ice);
  assert_order (peers, "a", checks);
  peers_wait_phase (peers, "b", "dtlsConnecting");
  g_assert_cmpuint (peers_count_events (peers, "a", "fabricSetupFailed"), ==, 0);
  g_assert_cmpuint (peers_count_events (peers, "b", "fabricSetupFailed"), ==, 0);
  g_assert_cmpuint (peers_count_events (peers, "a", "fabricSetup"), ==, 1);
}

static void
test_a_call_without_promises_is_no_failure (void)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, LONG);

  peers_play (peers);
  peers_negotiate (peers, FALSE);
  peers_wait_phase (peers, "a", "dtlsConnected");
  peers_wait_phase (peers, "b", "firstFrame");
  g_assert_cmpuint (peers_count_events (peers, "a", "fabricSetupFailed"), ==, 0);
  g_assert_cmpuint (peers_count_events (peers, "b", "fabricSetupFailed"), ==, 0);
}

/* Usage */

static void
assert_usage (Peers *peers, const char *peer, const char *usage)
{
  GstStructure *data = peers_wait_event (peers, peer, "fabricUsageEvent");

  g_assert_cmpstr (gst_structure_get_string (data, "fabricUsage"), ==, usage);
  gst_structure_free (data);
}

static void
test_usage_follows_renegotiation (void)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, LONG);
  g_autoptr (GError) error = NULL;
  GstElement *video;

  peers_play (peers);
  peers_negotiate (peers, TRUE);
  assert_usage (peers, "a", "audio");
  assert_usage (peers, "b", "audio");
  peers_wait_phase (peers, "a", "dtlsConnected");

  video =
      gst_parse_bin_from_description ("videotestsrc is-live=true ! vp8enc deadline=1 ! "
                                      "rtpvp8pay pt=97",
          TRUE, &error);
  g_assert_no_error (error);
  gst_bin_add (GST_BIN (peers_get_pipeline (peers)), video);
  g_assert_true (gst_element_link (video, peers_get (peers, "a")));
  gst_element_sync_state_with_parent (video);
  peers_play (peers);
  peers_negotiate (peers, TRUE);
  assert_usage (peers, "a", "multiplex");
  assert_usage (peers, "b", "multiplex");

  peers_negotiate (peers, TRUE);
  g_assert_cmpuint (peers_count_events (peers, "a", "fabricUsageEvent"), ==, 2);
}

static void
test_data_channels_alone_are_data (void)
{
  g_autoptr (Peers) peers = peers_new ("", LONG);
  GObject *channel = NULL;

  peers_play (peers);
  g_signal_emit_by_name (
      peers_get (peers, "a"), "create-data-channel", "chat", NULL, &channel);
  if (channel == NULL) {
    g_test_skip ("this GStreamer has no SCTP plugin");
    return;
  }
  peers_negotiate (peers, TRUE);
  assert_usage (peers, "a", "data");
  assert_usage (peers, "b", "data");
  peers_wait_phase (peers, "a", "dtlsConnected");
  g_object_unref (channel);
}

static void
test_a_usage_that_is_set_wins (void)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, LONG);
  GstStructure *data;

  gst_util_set_object_arg (G_OBJECT (peers_get_mon (peers)), "fabric-usage", "screen");
  peers_play (peers);
  data = peers_wait_event (peers, "a", "addNewFabric");
  g_assert_cmpstr (gst_structure_get_string (data, "fabricUsage"), ==, "screen");
  gst_structure_free (data);
  peers_negotiate (peers, TRUE);
  peers_wait_phase (peers, "a", "dtlsConnected");
  g_assert_cmpuint (peers_count_events (peers, "a", "fabricUsageEvent"), ==, 0);
}

/* Negotiation */

static char *
replace (const char *text, const char *pattern, const char *with)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);

  return g_regex_replace (regex, text, -1, 0, with, 0, NULL);
}

static char *
without_ufrag (const char *text, gboolean offer, gpointer data)
{
  return offer ? replace (text, "^a=ice-ufrag.*\r\n", "") : g_strdup (text);
}

static void
test_a_bad_description_is_told (gconstpointer with_promises)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, LONG);

  peers_change_sdp (peers, without_ufrag, NULL);
  peers_play (peers);
  peers_negotiate (peers, GPOINTER_TO_INT (with_promises));
  assert_setup_failed (peers, "b", "setRemoteDescription", "NegotiationFailure",
      "offer was to be set while the signaling state was stable; m-line 0 (audio) has no "
      "a=ice-ufrag");
}

static char *
without_second_media (const char *text, gboolean offer, gpointer data)
{
  const char *video = strstr (text, "m=video");

  return offer ? g_strdup (text) : g_strndup (text, video - text);
}

static void
test_an_m_line_mismatch_is_told (void)
{
  g_autoptr (Peers) peers = peers_new (AUDIO VIDEO, LONG);

  peers_change_sdp (peers, without_second_media, NULL);
  peers_play (peers);
  peers_negotiate (peers, TRUE);
  assert_setup_failed (peers, "a", "setRemoteDescription", "NegotiationFailure",
      "answer was to be set while the signaling state was have-local-offer; m-line");
}

static void
test_an_answer_without_an_offer_is_told (void)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, LONG);
  g_autoptr (GstPromise) promise = gst_promise_new ();
  GstStructure *data;

  peers_play (peers);
  g_signal_emit_by_name (peers_get (peers, "a"), "create-answer", NULL, promise);
  data = peers_wait_event (peers, "a", "fabricSetupFailed");
  assert_failure (
      data, "createAnswer", "NegotiationFailure", "the signaling state was stable");
  g_assert_cmpstr (gst_structure_get_string (data, "name"), ==, "gst-webrtc-error-quark");
  g_assert_nonnull (strstr (gst_structure_get_string (data, "message"), "answer"));
  gst_structure_free (data);
}

static char *
malform (const char *text, gboolean of_a, gpointer data)
{
  return g_strdup ("candidate:nonsense");
}

static void
test_a_malformed_candidate_is_told (void)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, LONG);

  peers_change_candidates (peers, malform, NULL);
  peers_play (peers);
  peers_negotiate (peers, TRUE);
  assert_setup_failed (peers, "b", "addIceCandidate", "SDPGenerationError",
      "a remote candidate that webrtcbin cannot read");
}

/* ICE */

static char *
drop_candidate (const char *text, gboolean of_a, gpointer data)
{
  return NULL;
}

static char *
without_candidates (const char *text, gboolean offer, gpointer data)
{
  return replace (text, "^a=candidate.*\r\n", "");
}

static void
test_a_call_that_hangs_is_told (void)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, 1500);

  peers_change_candidates (peers, drop_candidate, NULL);
  peers_change_sdp (peers, without_candidates, NULL);
  peers_play (peers);
  peers_negotiate (peers, TRUE);
  assert_setup_failed (peers, "a", "iceConnectionFailure", "IceConnectionFailure",
      "no remote candidates; DTLS never started");
}

static void
test_an_idle_webrtcbin_is_told (void)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, 500);

  peers_play (peers);
  assert_setup_failed (
      peers, "a", "createOffer", "NegotiationFailure", "nothing was ever negotiated");
}

/* A socket that takes everything and answers nothing. */
static GSocket *
make_blackhole (guint16 *port)
{
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, 0, NULL);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  g_socket_bind (socket, any, FALSE, &error);
  g_assert_no_error (error);
  bound = g_socket_get_local_address (socket, NULL);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return g_steal_pointer (&socket);
}

static char *
to_blackhole (const char *text, gboolean of_a, gpointer data)
{
  guint16 *port = data;

  if (strstr (text, " UDP ") == NULL)
    return NULL;
  return g_strdup_printf (
      "candidate:1 1 UDP 2015363327 127.0.0.1 %u typ host", (guint)*port);
}

static void
run_without_route (guint setup_timeout_ms, const char *diagnosis)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, setup_timeout_ms);
  guint16 port;
  G_GNUC_UNUSED g_autoptr (GSocket) blackhole = make_blackhole (&port);

  peers_change_candidates (peers, to_blackhole, &port);
  peers_change_sdp (peers, without_candidates, NULL);
  peers_play (peers);
  peers_negotiate (peers, TRUE);
  assert_setup_failed (
      peers, "a", "iceConnectionFailure", "IceConnectionFailure", diagnosis);
  g_assert_cmpuint (peers_count_events (peers, "a", "fabricSetup"), ==, 0);
}

static void
test_no_route_is_told_at_the_time_out (void)
{
  run_without_route (2000,
      "only host candidates on both sides; connectivity checks have had no answer; DTLS "
      "never started; candidate pair types tried: host-host");
}

static void
test_no_route_is_told_when_ice_fails (void)
{
  run_without_route (LONG,
      "only host candidates on both sides; no candidate pair works; DTLS never started; "
      "candidate pair types tried: host-host");
}

/* TURN */

static guint16
find_free_port (void)
{
  guint16 port;
  G_GNUC_UNUSED g_autoptr (GSocket) socket = make_blackhole (&port);

  return port;
}

/* Ready once it answers on TCP. */
static GSubprocess *
start_turn_server (guint16 port)
{
  g_autofree char *program = g_find_program_in_path ("turnserver");
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  GSubprocess *server;
  gboolean up = FALSE;

  if (program == NULL)
    return NULL;
  server = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL,
      program, "-n", "--no-cli", "-L", "127.0.0.1", "-E", "127.0.0.1", "-p", number,
      "--allow-loopback-peers", "-a", "-u", "user:right", "-r", "lab", "--no-tls",
      "--no-dtls", "--pidfile", "/dev/null", "--log-file", "stdout", NULL);
  g_assert_nonnull (server);
  while (!up && g_get_monotonic_time () < deadline) {
    g_autoptr (GSocketConnection) connection =
        g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, NULL);

    up = connection != NULL;
    if (!up)
      g_usleep (20000);
  }
  g_assert_true (up);
  return server;
}

static void
stop_turn_server (GSubprocess *server)
{
  g_subprocess_force_exit (server);
  g_subprocess_wait (server, NULL, NULL);
  g_object_unref (server);
}

static void
run_with_turn (const char *password, guint16 port, const char *diagnosis)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, 20000);
  g_autofree char *uri = g_strdup_printf (
      "turn://user:%s@127.0.0.1:%u?transport=udp", password, (guint)port);
  gint64 before;

  g_object_set (peers_get (peers, "a"), "turn-server", uri, NULL);
  gst_util_set_object_arg (
      G_OBJECT (peers_get (peers, "a")), "ice-transport-policy", "relay");
  peers_play (peers);
  before = g_get_monotonic_time ();
  peers_negotiate (peers, TRUE);
  if (diagnosis == NULL) {
    peers_wait_phase (peers, "a", "dtlsConnected");
    return;
  }
  assert_setup_failed (
      peers, "a", "iceConnectionFailure", "IceConnectionFailure", diagnosis);
  /* Long before the time-out. */
  g_assert_cmpint (g_get_monotonic_time () - before, <, 15 * G_TIME_SPAN_SECOND);
}

static const char NO_RELAY[] =
    "TURN configured but no relay candidate: gathering ended with none, so the server is "
    "unreachable or refuses the credentials; no local candidates";

static void
run_with_turn_server (const char *password, const char *diagnosis)
{
  guint16 port = find_free_port ();
  GSubprocess *server = start_turn_server (port);

  if (server == NULL) {
    g_test_skip ("needs turnserver, of the package coturn");
    return;
  }
  run_with_turn (password, port, diagnosis);
  stop_turn_server (server);
}

static void
test_a_wrong_turn_password_is_told (void)
{
  run_with_turn_server ("wrong", NO_RELAY);
}

static void
test_the_right_turn_password_is_no_failure (void)
{
  GLogLevelFlags fatal;

  /* libnice warns that webrtcbin lets go of a TURN allocation that is in use. */
  fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  run_with_turn_server ("right", NULL);
  g_log_set_always_fatal (fatal);
}

static void
test_an_unreachable_turn_server_is_told (void)
{
  run_with_turn ("right", find_free_port (), NO_RELAY);
}

/* DTLS */

static char *
with_other_fingerprint (const char *text, gboolean offer, gpointer data)
{
  return offer ? g_strdup (text)
               : replace (
                     text, "^a=fingerprint:sha-256 ..:..", "a=fingerprint:sha-256 00:00");
}

static void
test_a_certificate_of_somebody_else_is_told (void)
{
  g_autoptr (Peers) peers = peers_new (AUDIO, LONG);

  peers_change_sdp (peers, with_other_fingerprint, NULL);
  peers_play (peers);
  peers_negotiate (peers, TRUE);
  assert_error_logged (peers, "a", "iceConnectionFailure", "TransportFailure",
      "the other end's certificate does not match a=fingerprint");
  peers_wait_phase (peers, "b", "dtlsConnected");
  g_assert_cmpuint (peers_count_events (peers, "b", "applicationErrorLog"), ==, 0);
}

/* Plugins. In a process of its own, whose registry is spoilt. */

static void
hide_plugin (const char *name)
{
  GstRegistry *registry = gst_registry_get ();
  g_autoptr (GstPlugin) plugin = gst_registry_find_plugin (registry, name);

  g_assert_nonnull (plugin);
  gst_registry_remove_plugin (registry, plugin);
}

static void
test_a_missing_plugin_is_told (gconstpointer name)
{
  g_autofree char *diagnosis = g_strdup_printf ("the plugin %s is missing", (char *)name);

  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 30 * G_TIME_SPAN_SECOND, 0);
    g_test_trap_assert_passed ();
    return;
  }
  hide_plugin (name);
  {
    g_autoptr (Peers) peers = peers_new ("", LONG);

    /* Without nice or dtls it is refused, and the application gives up. */
    if (gst_element_set_state (peers_get_pipeline (peers), GST_STATE_PLAYING) ==
        GST_STATE_CHANGE_FAILURE)
      gst_element_set_state (peers_get_pipeline (peers), GST_STATE_NULL);
    assert_setup_failed (
        peers, "a", "iceConnectionFailure", "TransportFailure", diagnosis);
    g_assert_cmpuint (peers_count_events (peers, "a", "fabricSetupFailed"), ==, 1);
    g_assert_cmpuint (peers_count_events (peers, "a", "applicationErrorLog"), ==, 0);
  }
}

/* A plugin that is loaded later registers its features again. */
static void
hide_opus_decoders (void)
{
  static const char *const names[] = { "opusdec", "avdec_opus" };
  g_autoptr (GstPlugin) plugin = gst_plugin_load_by_name ("opus");

  g_assert_nonnull (plugin);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstPluginFeature) decoder =
        gst_registry_lookup_feature (gst_registry_get (), names[i]);

    if (decoder != NULL)
      gst_registry_remove_feature (gst_registry_get (), decoder);
  }
}

static void
test_a_missing_decoder_is_told (void)
{
  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 30 * G_TIME_SPAN_SECOND, 0);
    g_test_trap_assert_passed ();
    return;
  }
  hide_opus_decoders ();
  {
    g_autoptr (Peers) peers = peers_new (AUDIO, LONG);

    peers_play (peers);
    peers_negotiate (peers, TRUE);
    assert_error_logged (peers, "b", "applicationError", "MediaConfigError",
        "an element that the media needs is not installed");
  }
}

/* Sources */

static void
test_a_source_that_fails_is_told (void)
{
  g_autoptr (Peers) peers =
      peers_new ("filesrc name=camera location=/nonexistent/video ! fakesink", LONG);
  GstStructure *data;

  gst_element_set_state (peers_get_pipeline (peers), GST_STATE_PLAYING);
  data = peers_wait_event (peers, "a", "fabricSetupFailed");
  assert_failure (data, "getUserMedia", "MediaConfigError",
      "the media source camera (filesrc) failed");
  g_assert_cmpstr (
      gst_structure_get_string (data, "name"), ==, "gst-resource-error-quark");
  gst_structure_free (data);
  assert_setup_failed (peers, "b", "getUserMedia", "MediaConfigError", "camera");
  g_assert_cmpuint (peers_count_events (peers, "a", "applicationErrorLog"), ==, 0);
}

static void
test_a_source_that_is_denied_is_told (void)
{
  g_autoptr (Peers) peers = peers_new ("fakesrc name=camera ! fakesink", LONG);
  g_autoptr (GstElement) camera =
      gst_bin_get_by_name (GST_BIN (peers_get_pipeline (peers)), "camera");

  peers_play (peers);
  GST_ELEMENT_ERROR (camera, RESOURCE, NOT_AUTHORIZED, (NULL), ("not you"));
  assert_setup_failed (peers, "a", "getUserMedia", "MediaPermissionError",
      "access to the media source camera (fakesrc) was denied");
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/setup/up/is-taken-apart", test_a_setup_is_taken_apart);
  g_test_add_func ("/setup/up/without-promises-is-no-failure",
      test_a_call_without_promises_is_no_failure);
  g_test_add_func (
      "/setup/usage/follows-renegotiation", test_usage_follows_renegotiation);
  g_test_add_func ("/setup/usage/data-channels-alone", test_data_channels_alone_are_data);
  g_test_add_func ("/setup/usage/that-is-set-wins", test_a_usage_that_is_set_wins);
  g_test_add_data_func ("/setup/negotiation/bad-description", GINT_TO_POINTER (TRUE),
      test_a_bad_description_is_told);
  g_test_add_data_func ("/setup/negotiation/bad-description-without-a-promise",
      GINT_TO_POINTER (FALSE), test_a_bad_description_is_told);
  g_test_add_func ("/setup/negotiation/m-line-mismatch", test_an_m_line_mismatch_is_told);
  g_test_add_func ("/setup/negotiation/answer-without-an-offer",
      test_an_answer_without_an_offer_is_told);
  g_test_add_func (
      "/setup/negotiation/malformed-candidate", test_a_malformed_candidate_is_told);
  g_test_add_func ("/setup/ice/hangs", test_a_call_that_hangs_is_told);
  g_test_add_func ("/setup/ice/idle", test_an_idle_webrtcbin_is_told);
  g_test_add_func (
      "/setup/ice/no-route-at-the-time-out", test_no_route_is_told_at_the_time_out);
  g_test_add_func (
      "/setup/ice/no-route-when-ice-fails", test_no_route_is_told_when_ice_fails);
  g_test_add_func ("/setup/turn/wrong-password", test_a_wrong_turn_password_is_told);
  g_test_add_func (
      "/setup/turn/right-password", test_the_right_turn_password_is_no_failure);
  g_test_add_func ("/setup/turn/unreachable", test_an_unreachable_turn_server_is_told);
  g_test_add_func ("/setup/dtls/certificate-of-somebody-else",
      test_a_certificate_of_somebody_else_is_told);
  g_test_add_data_func (
      "/setup/plugins/nice-is-missing", "nice", test_a_missing_plugin_is_told);
  g_test_add_data_func (
      "/setup/plugins/dtls-is-missing", "dtls", test_a_missing_plugin_is_told);
  g_test_add_data_func (
      "/setup/plugins/srtp-is-missing", "srtp", test_a_missing_plugin_is_told);
  g_test_add_func ("/setup/plugins/a-decoder-is-missing", test_a_missing_decoder_is_told);
  g_test_add_func ("/setup/sources/that-fail", test_a_source_that_fails_is_told);
  g_test_add_func (
      "/setup/sources/that-are-denied", test_a_source_that_is_denied_is_told);
  return g_test_run ();
}
