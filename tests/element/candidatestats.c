/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What reports say of candidates and their pairs, of data channels and of congestion
 * control, against what was signalled, sent and lost.
 */
#include "watched-peers.h"

#include <gio/gio.h>
#include <string.h>

#define AUDIO \
  "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 ! " \
  "application/x-rtp,encoding-params=(string)2 ! a. "

/* A STUN server (RFC 8489) that sees everyone at one address. */

#define MAGIC 0x2112A442
#define SEEN_ADDRESS "192.0.2.7"
#define SEEN_PORT 4711

typedef struct {
  GSocket *socket;
  GThread *thread;
  GCancellable *cancellable;
  guint16 port;
} StunServer;

static gsize
answer (guint8 *message)
{
  static const guint8 head[] = { 1, 1, 0, 12 }, attribute[] = { 0, 0x20, 0, 8, 0, 1 };
  guint16 port = g_htons (SEEN_PORT ^ MAGIC >> 16);
  guint8 address[] = { 192 ^ 0x21, 0 ^ 0x12, 2 ^ 0xA4, 7 ^ 0x42 };

  memcpy (message, head, sizeof head);
  memcpy (message + 20, attribute, sizeof attribute);
  memcpy (message + 26, &port, sizeof port);
  memcpy (message + 28, address, sizeof address);
  return 32;
}

static gpointer
serve (gpointer data)
{
  StunServer *self = data;
  guint8 message[1500];

  while (TRUE) {
    g_autoptr (GSocketAddress) from = NULL;
    gssize size = g_socket_receive_from (
        self->socket, &from, (char *)message, sizeof message, self->cancellable, NULL);

    if (size < 0)
      return NULL;
    if (size >= 20 && message[0] == 0 && message[1] == 1)
      g_socket_send_to (
          self->socket, from, (char *)message, answer (message), NULL, NULL);
  }
}

static void
stun_server_init (StunServer *self)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  self->socket = g_socket_new (
      G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);
  g_assert_no_error (error);
  g_socket_bind (self->socket, any, FALSE, &error);
  g_assert_no_error (error);
  bound = g_socket_get_local_address (self->socket, NULL);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  self->cancellable = g_cancellable_new ();
  self->thread = g_thread_new ("stun", serve, self);
}

static void
stun_server_clear (StunServer *self)
{
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
  g_object_unref (self->socket);
  g_object_unref (self->cancellable);
}

/* What was signalled: as RFC 8839 writes it, one line a candidate. */
typedef struct {
  GMutex lock;
  GPtrArray *lines[2]; /* char: of a and b */
} Signalled;

static char *
note (const char *text, gboolean offer, gpointer data)
{
  Signalled *self = data;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->lines[!offer], g_strdup (text));
  g_mutex_unlock (&self->lock);
  return g_strdup (text);
}

/* The word behind one in a line; NULL: it is not there */
static char *
get_word (char **words, const char *name)
{
  guint i;

  for (i = 6; words[i] != NULL && words[i + 1] != NULL; i++) {
    if (strcmp (words[i], name) == 0)
      return words[i + 1];
  }
  return NULL;
}

/* candidate:<foundation> <component> <protocol> <priority> <address> <port> typ … */
static gboolean
is_candidate (JsonObject *stats, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_autofree char *protocol = NULL;

  g_assert_cmpuint (g_strv_length (words), >=, 8);
  protocol = g_ascii_strdown (words[2], -1);
  return g_strcmp0 (stats_text (stats, "foundation"), strchr (words[0], ':') + 1) == 0 &&
         g_strcmp0 (stats_text (stats, "protocol"), protocol) == 0 &&
         stats_count (stats, "priority") == g_ascii_strtoull (words[3], NULL, 10) &&
         g_strcmp0 (stats_text (stats, "address"), words[4]) == 0 &&
         stats_count (stats, "port") == g_ascii_strtoull (words[5], NULL, 10) &&
         g_strcmp0 (stats_text (stats, "candidateType"), words[7]) == 0 &&
         g_strcmp0 (stats_text (stats, "tcpType"), get_word (words, "tcptype")) == 0 &&
         g_strcmp0 (stats_text (stats, "relatedAddress"), get_word (words, "raddr")) == 0;
}

static gboolean
is_told (JsonObject *report, const char *type, const char *line)
{
  g_autoptr (GPtrArray) candidates = report_find_all (report, type);
  guint i;

  for (i = 0; i < candidates->len; i++) {
    if (is_candidate (candidates->pdata[i], line))
      return TRUE;
  }
  return FALSE;
}

typedef struct {
  Signalled *signalled;
  guint local;
} Told;

static gboolean
are_all_told (JsonObject *report, gpointer data)
{
  Told *told = data;
  guint end, i, n[2] = { 0, 0 };
  gboolean all = TRUE;

  g_mutex_lock (&told->signalled->lock);
  for (end = 0; end < 2; end++) {
    for (i = 0; i < told->signalled->lines[end]->len; i++) {
      const char *line = told->signalled->lines[end]->pdata[i];

      if (*line == '\0')
        continue;
      n[end]++;
      all &= is_told (
          report, end == told->local ? "local-candidate" : "remote-candidate", line);
    }
  }
  g_mutex_unlock (&told->signalled->lock);
  return all && n[0] >= 3 && n[1] >= 3;
}

static void
assert_server (JsonObject *report, guint16 port)
{
  g_autofree char *url = g_strdup_printf ("stun:127.0.0.1:%u", port);
  g_autoptr (GPtrArray) candidates = report_find_all (report, "local-candidate");
  const char *transport = stats_text (report_find (report, "transport"), "id");
  guint i, n = 0;

  for (i = 0; i < candidates->len; i++) {
    JsonObject *candidate = candidates->pdata[i];

    g_assert_cmpstr (stats_text (candidate, "transportId"), ==, transport);
    g_assert_cmpstr (stats_text (candidate, "usernameFragment"), ==,
        stats_text (report_find (report, "transport"), "iceLocalUsernameFragment"));
    if (strcmp (stats_text (candidate, "candidateType"), "srflx") != 0 ||
        strcmp (stats_text (candidate, "protocol"), "udp") != 0)
      continue;
    n++;
    g_assert_cmpstr (stats_text (candidate, "url"), ==, url);
    g_assert_cmpstr (stats_text (candidate, "address"), ==, SEEN_ADDRESS);
    g_assert_cmpuint (stats_count (candidate, "port"), ==, SEEN_PORT);
    g_assert_cmpuint (stats_count (candidate, "relatedPort"), >, 1023);
  }
  g_assert_cmpuint (n, ==, 1);
}

/* Of a and of b; an id says nothing of an address. */
static void
test_all_candidates_are_told_as_signalled (void)
{
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO);
  Peers *peers = watched_peers_get (watched);
  Signalled signalled = { .lines = { g_ptr_array_new_with_free_func (g_free),
                              g_ptr_array_new_with_free_func (g_free) } };
  g_autofree char *server = NULL;
  StunServer stun;
  guint end;

  stun_server_init (&stun);
  g_mutex_init (&signalled.lock);
  server = g_strdup_printf ("stun://127.0.0.1:%u", stun.port);
  g_object_set (peers_get (peers, "a"), "stun-server", server, NULL);
  peers_change_candidates (peers, note, &signalled);
  peers_play (peers);
  peers_negotiate (peers, TRUE);
  for (end = 0; end < 2; end++) {
    Told told = { &signalled, end };
    g_autoptr (JsonObject) report = watched_peers_wait (
        watched, end == 0 ? "a" : "b", "all candidates", are_all_told, &told);

    if (end == 0)
      assert_server (report, stun.port);
  }
  gst_element_set_state (peers_get_pipeline (peers), GST_STATE_NULL);
  stun_server_clear (&stun);
  g_ptr_array_unref (signalled.lines[0]);
  g_ptr_array_unref (signalled.lines[1]);
}

/* A relay */

/* Returns: (transfer full) (nullable): NULL: turnserver is not installed. It prints when
 * it listens. */
static GSubprocess *
start_turn_server (guint16 port)
{
  g_autofree char *program = g_find_program_in_path ("turnserver");
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autoptr (GDataInputStream) lines = NULL;
  GSubprocess *server;
  gboolean up = FALSE;

  if (program == NULL)
    return NULL;
  server = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, NULL, program,
      "-n", "--no-cli", "-L", "127.0.0.1", "-E", "127.0.0.1", "-p", number,
      "--allow-loopback-peers", "-a", "-u", "user:right", "-r", "lab", "--no-tls",
      "--no-dtls", "--pidfile", "/dev/null", "--log-file", "stdout", "-v", NULL);
  g_assert_nonnull (server);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (server));
  while (!up) {
    g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);

    if (line == NULL) {
      g_object_unref (server);
      return NULL;
    }
    up = strstr (line, "UDP listener opened") != NULL;
  }
  return server;
}

static guint16
find_free_port (void)
{
  StunServer stun;
  guint16 port;

  stun_server_init (&stun);
  port = stun.port;
  stun_server_clear (&stun);
  return port;
}

static gboolean
has_relay_selected (JsonObject *report, gpointer data)
{
  JsonObject *pair = report_find (report, "candidate-pair");
  const char *id = pair != NULL ? stats_text (pair, "localCandidateId") : NULL;
  JsonObject *local = id != NULL ? json_object_get_object_member (report, id) : NULL;

  return local != NULL && g_strcmp0 (stats_text (local, "candidateType"), "relay") == 0 &&
         g_strcmp0 (stats_text (local, "relayProtocol"), "udp") == 0;
}

static void
test_a_relay_is_told_with_its_protocol (void)
{
  guint16 port = find_free_port ();
  GSubprocess *server = start_turn_server (port);
  g_autofree char *uri =
      g_strdup_printf ("turn://user:right@127.0.0.1:%u?transport=udp", (guint)port);
  WatchedPeers *watched;
  Peers *peers;
  JsonObject *report;
  /* libnice warns that webrtcbin lets go of a TURN allocation that is in use. */
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);

  if (server == NULL) {
    g_test_skip ("needs turnserver, of the package coturn");
    return;
  }
  watched = watched_peers_new (AUDIO);
  peers = watched_peers_get (watched);
  g_object_set (peers_get (peers, "a"), "turn-server", uri, NULL);
  gst_util_set_object_arg (
      G_OBJECT (peers_get (peers, "a")), "ice-transport-policy", "relay");
  peers_play (peers);
  peers_negotiate (peers, TRUE);
  report = watched_peers_wait (watched, "a", "a relay", has_relay_selected, NULL);
  json_object_unref (report);
  watched_peers_free (watched);
  g_log_set_always_fatal (fatal);
  g_subprocess_force_exit (server);
  g_subprocess_wait (server, NULL, NULL);
  g_object_unref (server);
}

/* Pairs */

static gboolean
has_pair (JsonObject *report, gpointer data)
{
  return report_find (report, "candidate-pair") != NULL;
}

/* What get-stats of the same webrtcbin says, with the id of what it says it of. */
static void
assert_end_is (JsonObject *report, JsonObject *pair, const char *member,
    const GstStructure *stats, const char *prefix)
{
  JsonObject *candidate =
      json_object_get_object_member (report, stats_text (pair, member));
  int i, n = 0;

  g_assert_null (strstr (stats_text (candidate, "id"), "127.0.0.1"));
  for (i = 0; i < gst_structure_n_fields (stats); i++) {
    const char *id = gst_structure_nth_field_name (stats, i);
    const GstStructure *raw;
    guint port;

    if (!g_str_has_prefix (id, prefix))
      continue;
    raw = gst_value_get_structure (gst_structure_get_value (stats, id));
    g_assert_cmpstr (
        stats_text (candidate, "address"), ==, gst_structure_get_string (raw, "address"));
    g_assert_true (gst_structure_get_uint (raw, "port", &port));
    g_assert_cmpuint (stats_count (candidate, "port"), ==, port);
    n++;
  }
  g_assert_cmpint (n, ==, 1);
}

static void
test_the_selected_pair_is_that_of_get_stats (void)
{
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO);
  Peers *peers = watched_peers_get (watched);
  g_autoptr (GstPromise) promise = gst_promise_new ();
  g_autoptr (JsonObject) report = NULL;
  JsonObject *pair;

  peers_play (peers);
  peers_negotiate (peers, TRUE);
  report = watched_peers_wait (watched, "a", "a pair", has_pair, NULL);
  g_signal_emit_by_name (peers_get (peers, "a"), "get-stats", NULL, promise);
  g_assert_cmpint (gst_promise_wait (promise), ==, GST_PROMISE_RESULT_REPLIED);
  pair = report_find (report, "candidate-pair");
  assert_end_is (report, pair, "localCandidateId", gst_promise_get_reply (promise),
      "ice-candidate-local_");
  assert_end_is (report, pair, "remoteCandidateId", gst_promise_get_reply (promise),
      "ice-candidate-remote_");
}

static gboolean
has_pair_only (JsonObject *report, gpointer data)
{
  g_autoptr (GPtrArray) locals = report_find_all (report, "local-candidate");
  g_autoptr (GPtrArray) remotes = report_find_all (report, "remote-candidate");

  return has_pair (report, NULL) && locals->len == 1 && remotes->len == 1 &&
         report_find (report, "certificate") == NULL;
}

static void
test_detail_leaves_out_candidates_and_certificates (void)
{
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO);
  Peers *peers = watched_peers_get (watched);
  g_autoptr (JsonObject) report = NULL;
  JsonObject *pair;

  gst_util_set_object_arg (G_OBJECT (peers_get_mon (peers)), "detail", "none");
  gst_util_set_object_arg (G_OBJECT (peers_get_mon (peers)), "collect-ip", "none");
  peers_play (peers);
  peers_negotiate (peers, TRUE);
  report = watched_peers_wait (watched, "a", "a pair alone", has_pair_only, NULL);
  pair = report_find (report, "candidate-pair");
  g_assert_cmpstr (stats_text (pair, "localCandidateId"), ==,
      stats_text (report_find (report, "local-candidate"), "id"));
  g_assert_false (
      json_object_has_member (report_find (report, "local-candidate"), "address"));
  g_assert_false (
      json_object_has_member (report_find (report, "transport"), "localCertificateId"));
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/candidates/all-are-told-as-signalled", test_all_candidates_are_told_as_signalled);
  g_test_add_func ("/candidates/a-relay-is-told-with-its-protocol",
      test_a_relay_is_told_with_its_protocol);
  g_test_add_func ("/candidates/the-selected-pair-is-that-of-get-stats",
      test_the_selected_pair_is_that_of_get_stats);
  g_test_add_func ("/candidates/detail-leaves-them-out",
      test_detail_leaves_out_candidates_and_certificates);
  return g_test_run ();
}
