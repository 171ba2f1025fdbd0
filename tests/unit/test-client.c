/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The client against a collector that is real but for its store, and against peers that
 * are none.
 */
#include <callstats/callstats.h>
#include <string.h>

#include "callstats-json-private.h"
#include "callstats-token-private.h"
#include "fake-collector.h"
#include "waiting.h"

/* A client and what it tells */

typedef struct {
  FakeCollector *collector;
  CallstatsClient *client;
  GPtrArray *warnings;  /* GError */
  GString *initialized; /* csErrors, each with a space behind */
} Fixture;

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strstr (error->message, FAKE_SECRET));
  g_ptr_array_add (fixture->warnings, g_error_copy (error));
}

static void
on_initialized (CallstatsClient *client, const char *cs_error, const char *message,
    gpointer user_data)
{
  Fixture *fixture = user_data;

  g_string_append_printf (fixture->initialized, "%s ", cs_error);
}

static CallstatsClient *
make_client (Fixture *fixture, const char *url)
{
  CallstatsClient *client = callstats_client_new (FAKE_APP, "alice");

  g_object_set (
      client, "app-secret", FAKE_SECRET, "conference-id", "c1", "backend-url", url, NULL);
  g_signal_connect (client, "warning", G_CALLBACK (on_warning), fixture);
  g_signal_connect (client, "initialized", G_CALLBACK (on_initialized), fixture);
  return client;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = NULL;

  fixture->collector = fake_collector_new (0);
  url = fake_collector_get_url (fixture->collector);
  fixture->warnings = g_ptr_array_new_with_free_func ((GDestroyNotify)g_error_free);
  fixture->initialized = g_string_new (NULL);
  fixture->client = make_client (fixture, url);
}

/* Signals on their way keep a client, and would still be told. */
static void
drop_client (Fixture *fixture)
{
  if (fixture->client != NULL)
    g_signal_handlers_disconnect_by_data (fixture->client, fixture);
  g_clear_object (&fixture->client);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  drop_client (fixture);
  g_clear_pointer (&fixture->collector, fake_collector_free);
  g_ptr_array_unref (fixture->warnings);
  g_string_free (fixture->initialized, TRUE);
}

static char *
add_fabric (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  char *fabric = callstats_client_add_new_fabric (
      fixture->client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, &error);

  g_assert_no_error (error);
  return fabric;
}

static void
send_event (CallstatsClient *client, const char *fabric, const char *name)
{
  g_autoptr (GError) error = NULL;

  callstats_client_send_fabric_event (client, fabric, name, NULL, &error);
  g_assert_no_error (error);
}

static void
send_report (CallstatsClient *client, const char *fabric, gint64 n, gsize size)
{
  g_autoptr (CallstatsReport) report = callstats_report_new (g_get_real_time ());
  g_autofree char *filler = g_strnfill (size, 'a' + (char)(n % 26));
  g_autofree char *id = g_strdup_printf ("object%" G_GINT64_FORMAT, size > 0 ? n : 0);

  callstats_report_add_stats (report, "t", id);
  callstats_report_set_int (report, "n", n);
  callstats_report_set_string (report, "filler", filler);
  callstats_client_send_report (client, fabric, report);
}

static guint64
get_stat (CallstatsClient *client, const char *name)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  guint64 value = 0;

  g_assert_true (g_variant_lookup (stats, name, "t", &value));
  return value;
}

static gboolean
backend_is (CallstatsClient *client, const char *state)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  const char *now;

  g_assert_true (g_variant_lookup (stats, "backend", "&s", &now));
  return strcmp (now, state) == 0;
}

/* All posted calls have been run. */
static void
settle (CallstatsClient *client)
{
  callstats_client_flush (client, DEADLINE_SECONDS * 1000);
}

static guint
warning_code (Fixture *fixture, guint index)
{
  return (guint)((GError *)g_ptr_array_index (fixture->warnings, index))->code;
}

static const char *
warning_text (Fixture *fixture, guint index)
{
  return ((GError *)g_ptr_array_index (fixture->warnings, index))->message;
}

/* The names of the events in their order, each with a space behind; reports are “report”.
 */
static char *
names_of (FakeCollector *collector)
{
  g_autoptr (GPtrArray) records = fake_collector_get_records (collector);
  GString *names = g_string_new (NULL);
  guint i;

  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];

    g_string_append (names, record->name != NULL ? record->name : "report");
    g_string_append_c (names, ' ');
  }
  return g_string_free (names, FALSE);
}

/* No number is missing, and none comes twice on one connection. */
static void
assert_sequences (FakeCollector *collector)
{
  g_autoptr (GArray) arrivals = fake_collector_get_arrivals (collector);
  guint i;

  for (i = 1; i < arrivals->len; i++) {
    Arrival *before = &g_array_index (arrivals, Arrival, i - 1);
    Arrival *now = &g_array_index (arrivals, Arrival, i);

    if (now->connection == before->connection)
      g_assert_cmpuint (now->sequence, ==, before->sequence + 1);
    else
      g_assert_cmpuint (now->sequence, <=, before->sequence + 1);
  }
}

/* Tests */

static void
test_a_call_arrives_in_order (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture);
  g_autofree char *names = NULL;
  g_autoptr (JsonObject) hello = NULL;
  g_autoptr (GPtrArray) records = NULL;
  guint i;

  callstats_client_set_ice_connection_state (
      fixture->client, fabric, CALLSTATS_ICE_CONNECTION_STATE_CHECKING);
  callstats_client_set_ice_connection_state (
      fixture->client, fabric, CALLSTATS_ICE_CONNECTION_STATE_CONNECTED);
  send_event (fixture->client, fabric, "audioMute");
  send_report (fixture->client, fabric, 1, 0);
  send_event (fixture->client, fabric, "fabricTerminated");
  WAIT_UNTIL (fake_collector_count (fixture->collector, "userLeft") == 1);

  names = names_of (fixture->collector);
  g_assert_cmpstr (names, ==,
      "userJoined addNewFabric fabricStateChange fabricStateChange fabricSetup audioMute "
      "report fabricTerminated userLeft ");
  assert_sequences (fixture->collector);

  g_assert_cmpuint (fake_collector_n_hellos (fixture->collector), ==, 1);
  hello = fake_collector_get_hello (fixture->collector, 0);
  g_assert_cmpint (callstats_json_get_int (hello, "protocol", 0), ==, 1);
  g_assert_cmpint (callstats_json_get_int (hello, "acked", -1), ==, 0);
  g_assert_true (
      g_uuid_string_is_valid (callstats_json_get_string (hello, "session", "")));
  g_assert_nonnull (callstats_json_get_object (hello, "client"));

  records = fake_collector_get_records (fixture->collector);
  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];

    g_assert_cmpstr (record->conference, ==, "c1");
    g_assert_null (record->user); /* the token says it */
    if (g_strcmp0 (record->name, "userJoined") != 0 &&
        g_strcmp0 (record->name, "userLeft") != 0) {
      g_assert_cmpstr (record->fabric, ==, fabric);
      g_assert_cmpstr (record->remote_user, ==, "bob");
    }
  }
  WAIT_UNTIL (fixture->initialized->len > 0);
  g_assert_cmpstr (fixture->initialized->str, ==, "success ");
  g_assert_cmpuint (fixture->warnings->len, ==, 0);
}

static void
test_flushing_waits_for_the_ack (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = NULL;

  fake_collector_behave (
      fixture->collector, &(FakeBehaviour){ .no_acks = TRUE, .forced_stored = -1 });
  fabric = add_fabric (fixture);
  WAIT_UNTIL (fake_collector_count (fixture->collector, "addNewFabric") == 1);
  g_assert_false (callstats_client_flush (fixture->client, 50));
  fake_collector_ack (fixture->collector);
  g_assert_true (callstats_client_flush (fixture->client, DEADLINE_SECONDS * 1000));
  g_assert_cmpuint (get_stat (fixture->client, "records-acked"), ==, 2);
  g_assert_cmpuint (get_stat (fixture->client, "records-queued"), ==, 0);
}

static void
test_flushing_sends_what_waits_for_company (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture);

  WAIT_UNTIL (fake_collector_count (fixture->collector, "addNewFabric") == 1);
  send_report (fixture->client, fabric, 1, 0);
  g_assert_true (callstats_client_flush (fixture->client, DEADLINE_SECONDS * 1000));
  g_assert_cmpuint (fake_collector_get_stored (fixture->collector), ==, 3);
}

static void
test_flushing_returns_at_once_without_a_connection (Fixture *fixture, gconstpointer data)
{
  guint port = fake_collector_get_port (fixture->collector);
  g_autofree char *fabric = NULL;
  gint64 before;

  g_clear_pointer (&fixture->collector, fake_collector_free);
  fabric = add_fabric (fixture);
  WAIT_UNTIL (fixture->warnings->len == 1);
  before = g_get_monotonic_time ();
  g_assert_true (callstats_client_flush (fixture->client, DEADLINE_SECONDS * 1000));
  g_assert_cmpint (g_get_monotonic_time () - before, <, 5 * G_TIME_SPAN_SECOND);

  /* And nothing is lost by it. */
  fixture->collector = fake_collector_new (port);
  WAIT_UNTIL (fake_collector_count (fixture->collector, "addNewFabric") == 1);
}

static void
test_an_unreachable_backend_is_told_once_and_tried_again (
    Fixture *fixture, gconstpointer data)
{
  guint port = fake_collector_get_port (fixture->collector);
  g_autofree char *fabric = NULL;

  g_clear_pointer (&fixture->collector, fake_collector_free);
  fabric = add_fabric (fixture);
  WAIT_UNTIL (fixture->warnings->len == 1);
  g_assert_cmpuint (warning_code (fixture, 0), ==, CALLSTATS_ERROR_UNREACHABLE);
  WAIT_UNTIL (fixture->initialized->len > 0);
  g_assert_cmpstr (fixture->initialized->str, ==, "httpError ");

  fixture->collector = fake_collector_new (port);
  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) == 2);
  fake_collector_drop (fixture->collector);
  WAIT_UNTIL (fake_collector_n_hellos (fixture->collector) == 2);
  settle (fixture->client);
  g_assert_cmpuint (fixture->warnings->len, ==, 1);
}

static void
test_a_broken_connection_resends_the_unacknowledged (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture);
  g_autoptr (JsonObject) first = NULL;
  g_autoptr (JsonObject) second = NULL;
  g_autoptr (GArray) arrivals = NULL;
  guint i, resent = 0;

  g_assert_true (fabric != NULL);
  WAIT_UNTIL (get_stat (fixture->client, "records-acked") == 2 ||
              callstats_client_flush (fixture->client, 100));
  settle (fixture->client);
  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) == 2);
  settle (fixture->client);

  /* Records 3 to 7 arrive and are neither stored for good nor acknowledged. */
  fake_collector_behave (
      fixture->collector, &(FakeBehaviour){ .no_acks = TRUE, .forced_stored = -1 });
  for (i = 0; i < 5; i++)
    send_event (fixture->client, fabric, "audioMute");
  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) == 7);
  fake_collector_behave (fixture->collector, &(FakeBehaviour){ .forced_stored = 4 });
  fake_collector_drop (fixture->collector);
  send_event (fixture->client, fabric, "audioUnmute");
  WAIT_UNTIL (fake_collector_count (fixture->collector, "audioUnmute") == 1);

  first = fake_collector_get_hello (fixture->collector, 0);
  second = fake_collector_get_hello (fixture->collector, 1);
  g_assert_cmpstr (callstats_json_get_string (first, "session", ""), ==,
      callstats_json_get_string (second, "session", NULL));
  g_assert_cmpint (callstats_json_get_int (second, "acked", -1), ==, 2);

  arrivals = fake_collector_get_arrivals (fixture->collector);
  for (i = 0; i < arrivals->len; i++) {
    Arrival *arrival = &g_array_index (arrivals, Arrival, i);

    if (arrival->connection == 2)
      g_assert_cmpuint (arrival->sequence, ==, 5 + resent++);
  }
  g_assert_cmpuint (resent, ==, 4); /* 5, 6, 7 and the new 8 */
  g_assert_cmpuint (fixture->warnings->len, <=, 1);
}

static void
test_a_store_that_forgot_begins_a_new_session (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture);
  g_autoptr (JsonObject) first = NULL;
  g_autoptr (JsonObject) third = NULL;

  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) == 2);
  settle (fixture->client);
  g_assert_cmpuint (get_stat (fixture->client, "records-acked"), ==, 2);
  fake_collector_behave (fixture->collector, &(FakeBehaviour){ .forced_stored = 1 });
  fake_collector_drop (fixture->collector);
  send_event (fixture->client, fabric, "audioMute");
  WAIT_UNTIL (fake_collector_count (fixture->collector, "audioMute") == 1);

  g_assert_cmpuint (fake_collector_n_hellos (fixture->collector), ==, 3);
  first = fake_collector_get_hello (fixture->collector, 0);
  third = fake_collector_get_hello (fixture->collector, 2);
  g_assert_cmpstr (callstats_json_get_string (first, "session", ""), !=,
      callstats_json_get_string (third, "session", ""));
  g_assert_cmpint (callstats_json_get_int (third, "acked", -1), ==, 0);
  g_assert_cmpuint (fake_collector_get_stored (fixture->collector), ==, 1);
}

static void
test_a_refusal_is_told_once_until_the_secret_changes (
    Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = NULL;

  g_object_set (fixture->client, "app-secret", "wrong", NULL);
  fabric = add_fabric (fixture);
  WAIT_UNTIL (fixture->warnings->len == 1);
  g_assert_cmpuint (warning_code (fixture, 0), ==, CALLSTATS_ERROR_UNAUTHORIZED);
  g_assert_nonnull (strstr (warning_text (fixture, 0), "app-secret"));
  WAIT_UNTIL (fixture->initialized->len > 0);
  g_assert_cmpstr (fixture->initialized->str, ==, "authError ");
  settle (fixture->client);
  g_assert_true (backend_is (fixture->client, "stopped"));

  /* What has nothing to do with it changes nothing. */
  g_object_set (fixture->client, "conference-id", "c1", "user-name", "Alice", NULL);
  send_event (fixture->client, fabric, "audioMute");
  settle (fixture->client);
  g_assert_true (backend_is (fixture->client, "stopped"));
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 3);
  g_assert_cmpuint (fixture->warnings->len, ==, 1);

  g_object_set (fixture->client, "app-secret", FAKE_SECRET, NULL);
  WAIT_UNTIL (fake_collector_count (fixture->collector, "audioMute") == 1);
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 4);
  g_assert_cmpuint (fixture->warnings->len, ==, 1);
}

/* A clock that is stepped makes a token bad, but no credentials. */
static void
test_a_stepped_clock_is_no_refusal (Fixture *fixture, gconstpointer data)
{
  const guint n = 4;
  FakeBehaviour stepped = { .clock_steps = n, .forced_stored = -1 };
  g_autofree char *fabric = NULL;

  fake_collector_behave (fixture->collector, &stepped);
  fabric = add_fabric (fixture);
  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) == 2);
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, n + 1);
}

static void
test_what_answers_http_is_no_collector (Fixture *fixture, gconstpointer data)
{
  guint status = GPOINTER_TO_UINT (data);
  g_autofree char *number = g_strdup_printf ("%u", status);
  g_autofree char *fabric = NULL;

  fake_collector_behave (
      fixture->collector, &(FakeBehaviour){ .refuse = status, .forced_stored = -1 });
  fabric = add_fabric (fixture);
  WAIT_UNTIL (fixture->warnings->len == 1);
  g_assert_cmpuint (warning_code (fixture, 0), ==, CALLSTATS_ERROR_PROTOCOL);
  g_assert_nonnull (strstr (warning_text (fixture, 0), number));
  g_assert_nonnull (strstr (warning_text (fixture, 0), "callstats-collector"));
  fake_collector_behave (fixture->collector, &(FakeBehaviour){ .forced_stored = -1 });
  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) == 2);
}

/* Peers that are not even HTTP servers */

typedef struct {
  const char *name;
  const char *answer;
  int error;
} RawPeer;

static const RawPeer raw_peers[] = {
  { "closes-at-once", "", CALLSTATS_ERROR_UNREACHABLE },
  { "speaks-ssh", "SSH-2.0-OpenSSH_9.2\r\n", CALLSTATS_ERROR_UNREACHABLE },
  { "speaks-bytes", "\377\376\375\001\002\003\r\n\r\n", CALLSTATS_ERROR_PROTOCOL },
  { "answers-in-latin-1", "HTTP/1.1 404 Nicht gef\374nden\r\nContent-Length: 0\r\n\r\n",
      CALLSTATS_ERROR_PROTOCOL },
  { "answers-http-1-0", "HTTP/1.0 200 OK\r\n\r\n<html>", CALLSTATS_ERROR_PROTOCOL },
  { "upgrades-without-a-key",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\n\r\n",
      CALLSTATS_ERROR_PROTOCOL },
  { "upgrades-with-a-wrong-key",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
      CALLSTATS_ERROR_PROTOCOL },
  { "redirects",
      "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n"
      "Content-Length: 0\r\n\r\n",
      CALLSTATS_ERROR_PROTOCOL },
};

static gboolean
on_raw_connection (GThreadedSocketService *service, GSocketConnection *connection,
    GObject *source, gpointer user_data)
{
  const RawPeer *peer = user_data;
  GIOStream *stream = G_IO_STREAM (connection);
  char request[2048];

  g_input_stream_read (
      g_io_stream_get_input_stream (stream), request, sizeof request, NULL, NULL);
  g_output_stream_write_all (g_io_stream_get_output_stream (stream), peer->answer,
      strlen (peer->answer), NULL, NULL, NULL);
  g_io_stream_close (stream, NULL, NULL);
  return TRUE;
}

static void
test_what_is_no_collector_is_told_and_tried_again (gconstpointer data)
{
  const RawPeer *peer = data;
  g_autoptr (GSocketService) service = g_threaded_socket_service_new (10);
  guint port =
      g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, NULL);
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/", port);
  g_autofree char *fabric = NULL;
  Fixture fixture = {
    .warnings = g_ptr_array_new_with_free_func ((GDestroyNotify)g_error_free),
    .initialized = g_string_new (NULL),
  };

  g_signal_connect (service, "run", G_CALLBACK (on_raw_connection), (gpointer)peer);
  g_socket_service_start (service);
  fixture.client = make_client (&fixture, url);
  fabric = add_fabric (&fixture);
  WAIT_UNTIL (fixture.warnings->len == 1);
  g_test_message ("%s", warning_text (&fixture, 0));
  g_assert_cmpint ((int)warning_code (&fixture, 0), ==, peer->error);
  g_assert_false (backend_is (fixture.client, "stopped"));

  g_socket_service_stop (service);
  g_socket_listener_close (G_SOCKET_LISTENER (service));
  tear_down (&fixture, NULL);
}

/* A collector that turned hostile */

static void
misbehave_text (SoupWebsocketConnection *connection, gconstpointer data)
{
  soup_websocket_connection_send_text (connection, data);
}

static void
misbehave_oversized (SoupWebsocketConnection *connection, gconstpointer data)
{
  g_autofree char *text = g_strnfill (CALLSTATS_MAX_FRAME + 1, ' ');

  soup_websocket_connection_send_text (connection, text);
}

static void
misbehave_garbage (SoupWebsocketConnection *connection, gconstpointer data)
{
  soup_websocket_connection_send_binary (connection, "\377\377\377\377garbage", 11);
}

static void
misbehave_empty (SoupWebsocketConnection *connection, gconstpointer data)
{
  soup_websocket_connection_send_binary (connection, "", 0);
}

static void
misbehave_bomb (SoupWebsocketConnection *connection, gconstpointer data)
{
  g_autoptr (CallstatsEncoder) encoder = callstats_encoder_new (TRUE);
  g_autofree char *text = g_strnfill (20 * 1024 * 1024, ' ');
  g_autoptr (GBytes) frame = callstats_encoder_message (encoder, text);

  g_assert_cmpuint (g_bytes_get_size (frame), <, CALLSTATS_MAX_FRAME);
  soup_websocket_connection_send_message (connection, SOUP_WEBSOCKET_DATA_BINARY, frame);
}

static void
misbehave_close (SoupWebsocketConnection *connection, gconstpointer data)
{
  soup_websocket_connection_close (connection, (gushort)GPOINTER_TO_UINT (data), "why");
}

static void
misbehave_vanish (SoupWebsocketConnection *connection, gconstpointer data)
{
  g_io_stream_close (soup_websocket_connection_get_io_stream (connection), NULL, NULL);
}

typedef enum { TRIES_AGAIN, RENEWS, STOPS, GOES_ON } Reaction; /* RENEWS: untold */

typedef struct {
  const char *name;
  void (*misbehave) (SoupWebsocketConnection *connection, gconstpointer data);
  gconstpointer data;
  gboolean late; /* after the welcome */
  Reaction reaction;
} Hostility;

#define EARLY FALSE
#define LATE TRUE

static const Hostility hostilities[] = {
  { "oversized-early", misbehave_oversized, NULL, EARLY, TRIES_AGAIN },
  { "oversized-late", misbehave_oversized, NULL, LATE, TRIES_AGAIN },
  { "garbage-early", misbehave_garbage, NULL, EARLY, TRIES_AGAIN },
  { "garbage-late", misbehave_garbage, NULL, LATE, TRIES_AGAIN },
  { "empty", misbehave_empty, NULL, LATE, TRIES_AGAIN },
  { "no-json", misbehave_text, "Hello, world!", LATE, TRIES_AGAIN },
  { "no-type", misbehave_text, "{}", LATE, TRIES_AGAIN },
  { "bomb-early", misbehave_bomb, NULL, EARLY, TRIES_AGAIN },
  { "bomb-late", misbehave_bomb, NULL, LATE, TRIES_AGAIN },
  { "records", misbehave_text, "{\"type\":\"records\",\"first\":1,\"records\":[]}", LATE,
      TRIES_AGAIN },
  { "ack-from-the-future", misbehave_text, "{\"type\":\"ack\",\"sequence\":999}", LATE,
      TRIES_AGAIN },
  { "ack-of-all", misbehave_text,
      "{\"type\":\"ack\",\"sequence\":\"18446744073709551615\"}", LATE, TRIES_AGAIN },
  { "ack-of-less-than-nothing", misbehave_text, "{\"type\":\"ack\",\"sequence\":-1}",
      LATE, TRIES_AGAIN },
  { "ack-of-nothing", misbehave_text, "{\"type\":\"ack\"}", LATE, TRIES_AGAIN },
  { "ack-before-welcome", misbehave_text, "{\"type\":\"ack\",\"sequence\":0}", EARLY,
      TRIES_AGAIN },
  { "old-ack", misbehave_text, "{\"type\":\"ack\",\"sequence\":0}", LATE, GOES_ON },
  { "keyframe", misbehave_text, "{\"type\":\"keyframe\"}", LATE, GOES_ON },
  { "keyframe-before-welcome", misbehave_text, "{\"type\":\"keyframe\"}", EARLY,
      GOES_ON },
  { "novel-message", misbehave_text, "{\"type\":\"novel\",\"x\":[1]}", LATE, GOES_ON },
  { "second-welcome", misbehave_text,
      "{\"type\":\"welcome\",\"protocol\":1,\"stored\":0}", LATE, TRIES_AGAIN },
  { "welcome-of-another-protocol", misbehave_text,
      "{\"type\":\"welcome\",\"protocol\":2,\"stored\":0}", EARLY, TRIES_AGAIN },
  { "welcome-without-stored", misbehave_text, "{\"type\":\"welcome\",\"protocol\":1}",
      EARLY, TRIES_AGAIN },
  { "welcome-from-the-future", misbehave_text,
      "{\"type\":\"welcome\",\"protocol\":1,\"stored\":7}", EARLY, TRIES_AGAIN },
  { "vanish-early", misbehave_vanish, NULL, EARLY, TRIES_AGAIN },
  { "vanish-late", misbehave_vanish, NULL, LATE, TRIES_AGAIN },
  { "close-1000-late", misbehave_close, GUINT_TO_POINTER (1000), LATE, TRIES_AGAIN },
  { "close-1001-early", misbehave_close, GUINT_TO_POINTER (1001), EARLY, TRIES_AGAIN },
  { "close-4000-late", misbehave_close, GUINT_TO_POINTER (4000), LATE, TRIES_AGAIN },
  { "close-4001-early", misbehave_close, GUINT_TO_POINTER (4001), EARLY, RENEWS },
  { "close-4001-late", misbehave_close, GUINT_TO_POINTER (4001), LATE, RENEWS },
  { "close-4002-early", misbehave_close, GUINT_TO_POINTER (4002), EARLY, STOPS },
  { "close-4002-late", misbehave_close, GUINT_TO_POINTER (4002), LATE, STOPS },
  { "close-4003-early", misbehave_close, GUINT_TO_POINTER (4003), EARLY, TRIES_AGAIN },
  { "close-4004-late", misbehave_close, GUINT_TO_POINTER (4004), LATE, TRIES_AGAIN },
  { "close-4005-late", misbehave_close, GUINT_TO_POINTER (4005), LATE, TRIES_AGAIN },
  { "close-4006-late", misbehave_close, GUINT_TO_POINTER (4006), LATE, TRIES_AGAIN },
  { "close-4007-late", misbehave_close, GUINT_TO_POINTER (4007), LATE, TRIES_AGAIN },
  { "close-4008-late", misbehave_close, GUINT_TO_POINTER (4008), LATE, TRIES_AGAIN },
};

static void
test_hostility_has_its_reaction (Fixture *fixture, gconstpointer data)
{
  const Hostility *hostility = data;
  g_autofree char *fabric = NULL;

  fake_collector_behave (
      fixture->collector, &(FakeBehaviour){ .misbehave = hostility->misbehave,
                              .misbehave_data = hostility->data,
                              .late = hostility->late,
                              .forced_stored = -1 });
  fabric = add_fabric (fixture);
  if (hostility->reaction == STOPS || hostility->reaction == TRIES_AGAIN) {
    WAIT_UNTIL (fixture->warnings->len == 1);
    g_test_message ("%s", warning_text (fixture, 0));
  }
  if (hostility->reaction == STOPS) {
    settle (fixture->client);
    g_assert_true (backend_is (fixture->client, "stopped"));
    g_assert_cmpuint (warning_code (fixture, 0), ==, CALLSTATS_ERROR_UNAUTHORIZED);
    return;
  }
  if (hostility->reaction == RENEWS)
    WAIT_UNTIL (fake_collector_n_hellos (fixture->collector) == 2);
  send_event (fixture->client, fabric, "audioMute");
  WAIT_UNTIL (fake_collector_count (fixture->collector, "audioMute") == 1);
  g_assert_cmpuint (fake_collector_count (fixture->collector, "addNewFabric"), ==, 1);
  g_assert_cmpuint (fake_collector_n_hellos (fixture->collector), ==,
      hostility->reaction == GOES_ON ? 1 : 2);
  g_assert_cmpuint (
      fixture->warnings->len, ==, hostility->reaction == TRIES_AGAIN ? 1 : 0);
  assert_sequences (fixture->collector);
}

static void
test_a_keyframe_request_is_answered (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture);
  guint i;

  for (i = 0; i < 6; i++) {
    send_report (fixture->client, fabric, i, 0);
    settle (fixture->client);
    fake_collector_send (fixture->collector, "{\"type\":\"keyframe\"}");
  }
  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) == 8);
  assert_sequences (fixture->collector);
}

/* Records that cannot go yet */

static void
test_records_wait_for_their_conference (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = NULL;
  g_autofree char *names = NULL;
  g_autoptr (GPtrArray) records = NULL;
  guint i;

  g_object_set (fixture->client, "conference-id", NULL, NULL);
  fabric = add_fabric (fixture);
  send_event (fixture->client, fabric, "audioMute");
  send_report (fixture->client, fabric, 1, 0);
  send_event (fixture->client, fabric, "audioUnmute");
  settle (fixture->client);
  WAIT_UNTIL (fixture->initialized->len > 0); /* connected, with nothing to send */
  settle (fixture->client);
  g_assert_cmpuint (get_stat (fixture->client, "records-held"), ==, 5);
  g_assert_cmpuint (fake_collector_get_stored (fixture->collector), ==, 0);

  g_object_set (fixture->client, "conference-id", "late", NULL);
  send_event (fixture->client, fabric, "videoPause");
  WAIT_UNTIL (fake_collector_count (fixture->collector, "videoPause") == 1);
  names = names_of (fixture->collector);
  g_assert_cmpstr (
      names, ==, "userJoined addNewFabric audioMute report audioUnmute videoPause ");
  records = fake_collector_get_records (fixture->collector);
  for (i = 0; i < records->len; i++)
    g_assert_cmpstr (((CallstatsRecord *)records->pdata[i])->conference, ==, "late");
  g_assert_cmpuint (get_stat (fixture->client, "records-held"), ==, 0);
}

static void
test_what_waits_too_long_for_a_conference_is_counted (
    Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = NULL;
  g_autoptr (GPtrArray) records = NULL;
  guint i, reports = 0;
  gint64 dropped = 0;

  g_object_set (
      fixture->client, "conference-id", NULL, "memory-max-bytes", (guint64)100000, NULL);
  fabric = add_fabric (fixture);
  for (i = 0; i < 60; i++)
    send_report (fixture->client, fabric, i, 5000);
  settle (fixture->client);
  g_object_set (fixture->client, "conference-id", "late", NULL);
  send_event (fixture->client, fabric, "audioMute");
  WAIT_UNTIL (fake_collector_count (fixture->collector, "audioMute") == 1);

  records = fake_collector_get_records (fixture->collector);
  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];

    reports += record->kind == CALLSTATS_RECORD_REPORT;
    if (record->kind == CALLSTATS_RECORD_OTHER) {
      g_autoptr (JsonObject) gap =
          callstats_json_parse_object (record->data, strlen (record->data), NULL);

      dropped += callstats_json_get_int (gap, "dropped", 0);
    }
  }
  g_assert_cmpuint (reports, >, 0);
  g_assert_cmpuint (reports, <, 60);
  g_assert_cmpint (reports + dropped, ==, 60);
  g_assert_cmpuint (fake_collector_count (fixture->collector, "addNewFabric"), ==, 1);
}

static void
test_a_conference_that_cannot_be_is_told_and_none (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = g_strnfill (257, 'x');
  g_autofree char *fabric = NULL;

  g_object_set (fixture->client, "conference-id", name, NULL);
  WAIT_UNTIL (fixture->warnings->len == 1);
  g_assert_cmpuint (warning_code (fixture, 0), ==, CALLSTATS_ERROR_TOO_LONG);
  g_object_set (fixture->client, "user-name", "Alice", NULL);
  fabric = add_fabric (fixture);
  settle (fixture->client);
  g_assert_cmpuint (get_stat (fixture->client, "records-held"), ==, 2);
  g_object_set (fixture->client, "conference-id", "short", NULL);
  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) == 2);
  g_assert_cmpuint (fixture->warnings->len, ==, 1);
}

static void
test_a_user_joins_and_leaves_once (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = add_fabric (fixture);
  g_autofree char *second = add_fabric (fixture);
  g_autofree char *names = NULL;

  send_event (fixture->client, first, "fabricTerminated");
  /* Taken or refused, by whether the first one has been acted on yet. */
  callstats_client_send_fabric_event (
      fixture->client, first, "fabricTerminated", NULL, NULL);
  callstats_client_set_signaling_state (
      fixture->client, second, CALLSTATS_SIGNALING_STATE_CLOSED);
  WAIT_UNTIL (fake_collector_count (fixture->collector, "userLeft") == 1);
  names = names_of (fixture->collector);
  g_assert_cmpstr (names, ==,
      "userJoined addNewFabric addNewFabric fabricTerminated fabricStateChange "
      "fabricTerminated userLeft ");
}

static void
test_naming_a_conference_one_is_in_joins_it_once (Fixture *fixture, gconstpointer data)
{
  g_autofree char *nameless = NULL;
  g_autofree char *named = NULL;

  g_object_set (fixture->client, "conference-id", NULL, NULL);
  nameless = add_fabric (fixture);
  named = callstats_client_add_new_fabric (
      fixture->client, "bob", CALLSTATS_FABRIC_USAGE_AUTO, "c9", NULL, NULL);
  g_object_set (fixture->client, "conference-id", "c9", NULL);
  send_event (fixture->client, named, "fabricTerminated");
  send_event (fixture->client, nameless, "fabricTerminated");
  WAIT_UNTIL (fake_collector_count (fixture->collector, "userLeft") == 1);
  g_assert_cmpuint (fake_collector_count (fixture->collector, "userJoined"), ==, 1);
  g_assert_cmpuint (fake_collector_count (fixture->collector, "addNewFabric"), ==, 2);
}

/* Large things */

static void
test_large_records_arrive_once (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture);
  guint i;

  /* Slots that overflow, differences that do not fit, and records in parts. */
  for (i = 0; i < 40; i++) {
    send_report (fixture->client, fabric, i, i % 10 == 9 ? 200000 : 30000);
    settle (fixture->client);
  }
  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) == 42);
  assert_sequences (fixture->collector);
  settle (fixture->client);
  g_assert_cmpuint (get_stat (fixture->client, "records-sent"), ==, 42);
  g_assert_cmpuint (fixture->warnings->len, ==, 0);
}

static void
test_too_large_a_record_is_a_gap (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture);

  send_report (fixture->client, fabric, 1, CALLSTATS_MAX_RECORD + 1);
  send_event (fixture->client, fabric, "audioMute");
  WAIT_UNTIL (fake_collector_count (fixture->collector, "audioMute") == 1);
  g_assert_cmpuint (fake_collector_count (fixture->collector, "gap"), ==, 1);
  assert_sequences (fixture->collector);
  settle (fixture->client);
  g_assert_cmpuint (get_stat (fixture->client, "records-dropped"), ==, 1);
}

static void
test_more_than_a_window_arrives (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture);
  guint i;

  for (i = 0; i < 2000; i++)
    send_event (fixture->client, fabric, "audioMute");
  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) == 2002);
  assert_sequences (fixture->collector);
}

static void
test_a_backend_that_does_not_acknowledge_gets_a_window (
    Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = NULL;
  guint i;

  g_object_set (fixture->client, "memory-max-bytes", (guint64)1024 * 1024, NULL);
  fake_collector_behave (
      fixture->collector, &(FakeBehaviour){ .no_acks = TRUE, .forced_stored = -1 });
  fabric = add_fabric (fixture);
  for (i = 0; i < 3000; i++)
    send_report (fixture->client, fabric, i, 2000);
  WAIT_UNTIL (fake_collector_get_stored (fixture->collector) > 100);
  callstats_client_flush (fixture->client, 1);
  g_assert_cmpuint (get_stat (fixture->client, "bytes-queued"), <, 1100 * 1024);
  g_assert_cmpuint (get_stat (fixture->client, "records-sent"), <=, 512);
}

static void
test_data_too_deep_for_a_frame_is_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture);
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_new_int32 (1);
  GVariantDict dict;
  guint i;

  for (i = 0; i < 40; i++) {
    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert_value (&dict, "x", value);
    value = g_variant_dict_end (&dict);
  }
  g_assert_false (callstats_client_send_fabric_event (
      fixture->client, fabric, "custom", value, &error));
  g_assert_error (error, CALLSTATS_ERROR, CALLSTATS_ERROR_INVALID_ARGUMENT);
  send_event (fixture->client, fabric, "audioMute");
  WAIT_UNTIL (fake_collector_count (fixture->collector, "audioMute") == 1);
}

/* Threads */

typedef struct {
  Fixture *fixture;
  GThread *thread;
  guint signals;
} Elsewhere;

static void
on_event_elsewhere (CallstatsClient *client, const char *fabric, const char *name,
    gint64 time, GVariant *data, gpointer user_data)
{
  Elsewhere *elsewhere = user_data;

  g_assert_true (g_thread_self () == elsewhere->thread);
  elsewhere->signals++;
}

static gpointer
live_elsewhere (gpointer data)
{
  Elsewhere *elsewhere = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autofree char *fabric = NULL;

  g_main_context_push_thread_default (context);
  elsewhere->thread = g_thread_self ();
  elsewhere->fixture->client = callstats_client_new (NULL, NULL);
  g_signal_connect (elsewhere->fixture->client, "fabric-event",
      G_CALLBACK (on_event_elsewhere), elsewhere);
  fabric = add_fabric (elsewhere->fixture);
  while (elsewhere->signals == 0)
    g_main_context_iteration (context, TRUE);
  g_clear_object (&elsewhere->fixture->client);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_signals_arrive_where_the_client_was_made (void)
{
  Fixture fixture = { 0 };
  Elsewhere elsewhere = { .fixture = &fixture };

  g_thread_join (g_thread_new ("elsewhere", live_elsewhere, &elsewhere));
  g_assert_cmpuint (elsewhere.signals, ==, 1);
}

#define THREADS 10
#define ROUNDS 40

static gpointer
use_client (gpointer data)
{
  Fixture *fixture = data;
  guint i;

  for (i = 0; i < ROUNDS; i++) {
    g_autofree char *fabric = add_fabric (fixture);

    callstats_client_set_ice_gathering_state (
        fixture->client, fabric, CALLSTATS_ICE_GATHERING_STATE_COMPLETE);
    callstats_client_set_ice_connection_state (
        fixture->client, fabric, CALLSTATS_ICE_CONNECTION_STATE_CONNECTED);
    send_report (fixture->client, fabric, i, 0);
    send_event (fixture->client, fabric, "audioMute");
    g_object_set (fixture->client, "user-name", fabric, NULL);
    get_stat (fixture->client, "events");
    if (i % 10 == 0)
      callstats_client_flush (fixture->client, 10);
    send_event (fixture->client, fabric, "fabricTerminated");
  }
  return NULL;
}

static void
test_ten_threads_may_use_a_client_at_once (Fixture *fixture, gconstpointer data)
{
  GThread *threads[THREADS];
  g_autoptr (GPtrArray) records = NULL;
  guint i, reports = 0;

  for (i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("user", use_client, fixture);
  for (i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  WAIT_UNTIL (
      fake_collector_count (fixture->collector, "fabricTerminated") == THREADS * ROUNDS);
  settle (fixture->client);
  g_assert_cmpuint (
      fake_collector_count (fixture->collector, "fabricSetup"), ==, THREADS * ROUNDS);
  g_assert_cmpuint (
      fake_collector_count (fixture->collector, "audioMute"), ==, THREADS * ROUNDS);
  records = fake_collector_get_records (fixture->collector);
  for (i = 0; i < records->len; i++)
    reports += ((CallstatsRecord *)records->pdata[i])->kind == CALLSTATS_RECORD_REPORT;
  g_assert_cmpuint (reports, ==, THREADS * ROUNDS);
  assert_sequences (fixture->collector);
}

static void
test_clients_may_go_at_any_time (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = fake_collector_get_url (fixture->collector);
  guint i;

  drop_client (fixture);
  for (i = 0; i < 30; i++) {
    g_autofree char *user = g_strdup_printf ("user %u", i); /* a connection of its own */
    g_autofree char *fabric = NULL;
    guint hellos = fake_collector_n_hellos (fixture->collector);
    guint handshakes = fake_collector_n_handshakes (fixture->collector);

    fixture->client = make_client (fixture, url);
    g_object_set (fixture->client, "user-id", user, NULL);
    fabric = add_fabric (fixture);
    send_report (fixture->client, fabric, 1, 0);
    switch (i % 4) {
    case 1:
      WAIT_UNTIL (fake_collector_n_handshakes (fixture->collector) > handshakes);
      break;
    case 2:
      WAIT_UNTIL (fake_collector_n_hellos (fixture->collector) > hellos);
      break;
    case 3:
      WAIT_UNTIL (get_stat (fixture->client, "records-acked") > 0);
      break;
    default:
      break;
    }
    drop_client (fixture);
  }
  fixture->client = make_client (fixture, url);
  g_free (add_fabric (fixture));
  WAIT_UNTIL (fixture->initialized->len > 0);
  g_assert_cmpuint (fixture->warnings->len, ==, 0);
}

/* A token of the application's own making, that ends in so many seconds. */
static char *
make_token (guint seconds)
{
  CallstatsTokenClaims claims = { .app_id = FAKE_APP,
    .user_id = "alice",
    .audience = "ws://127.0.0.1",
    .now = g_get_real_time () / G_USEC_PER_SEC + seconds - CALLSTATS_TOKEN_LIFETIME };

  return callstats_token_sign (FAKE_SECRET, &claims, NULL);
}

static void
on_need_token (CallstatsClient *client, gboolean force, gpointer user_data)
{
  guint *asked = user_data;

  g_assert_false (force);
  (*asked)++;
}

static void
test_a_token_is_renewed_without_a_new_connection (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = make_token (3);
  g_autofree char *second = make_token (600);
  guint asked = 0;

  g_object_set (fixture->client, "app-secret", NULL, "token", first, NULL);
  g_signal_connect (fixture->client, "need-token", G_CALLBACK (on_need_token), &asked);
  g_free (add_fabric (fixture));
  WAIT_UNTIL (asked == 1);
  g_assert_cmpuint (fake_collector_n_tokens (fixture->collector), ==, 0);
  g_object_set (fixture->client, "token", second, NULL);
  WAIT_UNTIL (fake_collector_n_tokens (fixture->collector) == 1);
  g_assert_cmpuint (fake_collector_n_hellos (fixture->collector), ==, 1);
  g_assert_true (backend_is (fixture->client, "connected"));
  g_assert_cmpuint (fixture->warnings->len, ==, 0);
  g_signal_handlers_disconnect_by_data (fixture->client, &asked);
}

static void
exit_in_mid_traffic (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fabric = add_fabric (fixture);
  guint i;

  WAIT_UNTIL (fixture->initialized->len > 0);
  for (i = 0; i < 500; i++)
    send_event (fixture->client, fabric, "audioMute");
  exit (0);
}

static void
test_a_process_may_exit_in_mid_traffic (void)
{
  guint i;

  for (i = 0; i < 20; i++) {
    g_test_trap_subprocess ("/client/exit-in-mid-traffic/subprocess", 0, 0);
    g_test_trap_assert_passed ();
  }
}

static void
test_without_a_backend_nothing_is_kept (void)
{
  Fixture fixture = { .client = callstats_client_new (NULL, NULL) };
  g_autofree char *fabric = add_fabric (&fixture);

  send_report (fixture.client, fabric, 1, 0);
  settle (fixture.client);
  g_assert_true (backend_is (fixture.client, "none"));
  g_assert_cmpuint (get_stat (fixture.client, "events"), ==, 1);
  g_assert_cmpuint (get_stat (fixture.client, "reports"), ==, 1);
  g_assert_cmpuint (get_stat (fixture.client, "records-queued"), ==, 0);
  g_object_unref (fixture.client);
}

typedef struct {
  const char *name;
  const char *property;
  const char *value;
  const char *told;
} BadValue;

static const BadValue bad_values[] = {
  { "no-app-id", "app-id", NULL, "app-id" },
  { "empty-user-id", "user-id", "", "user-id" },
  { "invalid-user-id", "user-id", "al\377ce", "user-id" },
  { "no-secret", "app-secret", NULL, "app-secret-file" },
  { "unknown-scheme", "backend-url", "http://alice:secret@127.0.0.1/?secret", "scheme" },
  { "plaintext", "backend-url", "ws://192.0.2.1/", "allow-plaintext" },
};

static void
test_a_configuration_that_cannot_work_is_told_once (Fixture *fixture, gconstpointer data)
{
  const BadValue *bad = data;
  g_autofree char *fabric = NULL;

  g_object_set (fixture->client, bad->property, bad->value, NULL);
  fabric = add_fabric (fixture);
  send_event (fixture->client, fabric, "audioMute");
  send_report (fixture->client, fabric, 1, 0);
  WAIT_UNTIL (fixture->warnings->len == 1);
  settle (fixture->client);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (fixture->warnings->len, ==, 1);
  g_assert_nonnull (strstr (warning_text (fixture, 0), bad->told));
  g_assert_null (strstr (warning_text (fixture, 0), "alice"));
  g_assert_cmpuint (fake_collector_n_handshakes (fixture->collector), ==, 0);
}

static void
test_the_secret_cannot_be_read (void)
{
  g_autoptr (CallstatsClient) client = callstats_client_new (NULL, NULL);
  GParamSpec *secret =
      g_object_class_find_property (G_OBJECT_GET_CLASS (client), "app-secret");

  g_assert_false (secret->flags & G_PARAM_READABLE);
}

#define ADD(name, function) \
  g_test_add ("/client/" name, Fixture, NULL, set_up, function, tear_down)

static void
add_tables (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (raw_peers); i++) {
    g_autofree char *path = g_strconcat (
        "/client/what-is-no-collector-is-told-and-tried-again/", raw_peers[i].name, NULL);

    g_test_add_data_func (
        path, &raw_peers[i], test_what_is_no_collector_is_told_and_tried_again);
  }
  for (i = 0; i < G_N_ELEMENTS (hostilities); i++) {
    g_autofree char *path =
        g_strconcat ("/client/hostility-has-its-reaction/", hostilities[i].name, NULL);

    g_test_add (path, Fixture, &hostilities[i], set_up, test_hostility_has_its_reaction,
        tear_down);
  }
  for (i = 0; i < G_N_ELEMENTS (bad_values); i++) {
    g_autofree char *path =
        g_strconcat ("/client/a-configuration-that-cannot-work-is-told-once/",
            bad_values[i].name, NULL);

    g_test_add (path, Fixture, &bad_values[i], set_up,
        test_a_configuration_that_cannot_work_is_told_once, tear_down);
  }
  for (i = 0; i < 3; i++) {
    static const guint statuses[] = { 404, 200, 500 };
    g_autofree char *path =
        g_strdup_printf ("/client/what-answers-http-is-no-collector/%u", statuses[i]);

    g_test_add (path, Fixture, GUINT_TO_POINTER (statuses[i]), set_up,
        test_what_answers_http_is_no_collector, tear_down);
  }
}

/* GLib and libsoup tell much of what they do; only the rest is told here. */
static void
filter_log (
    const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  if ((level & G_LOG_LEVEL_DEBUG) == 0 &&
      fake_collector_is_fatal (domain, level, message, NULL))
    g_log_default_handler (domain, level, message, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("libsoup",
      G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_WARNING | G_LOG_FLAG_FATAL, filter_log, NULL);
  g_log_set_handler ("GLib-GIO", G_LOG_LEVEL_DEBUG, filter_log, NULL);
  ADD ("a-call-arrives-in-order", test_a_call_arrives_in_order);
  ADD ("flushing-waits-for-the-ack", test_flushing_waits_for_the_ack);
  ADD ("flushing-sends-what-waits-for-company",
      test_flushing_sends_what_waits_for_company);
  ADD ("flushing-returns-at-once-without-a-connection",
      test_flushing_returns_at_once_without_a_connection);
  ADD ("an-unreachable-backend-is-told-once-and-tried-again",
      test_an_unreachable_backend_is_told_once_and_tried_again);
  ADD ("a-broken-connection-resends-the-unacknowledged",
      test_a_broken_connection_resends_the_unacknowledged);
  ADD ("a-store-that-forgot-begins-a-new-session",
      test_a_store_that_forgot_begins_a_new_session);
  ADD ("a-refusal-is-told-once-until-the-secret-changes",
      test_a_refusal_is_told_once_until_the_secret_changes);
  ADD ("a-stepped-clock-is-no-refusal", test_a_stepped_clock_is_no_refusal);
  ADD ("a-keyframe-request-is-answered", test_a_keyframe_request_is_answered);
  ADD ("records-wait-for-their-conference", test_records_wait_for_their_conference);
  ADD ("what-waits-too-long-for-a-conference-is-counted",
      test_what_waits_too_long_for_a_conference_is_counted);
  ADD ("a-conference-that-cannot-be-is-told-and-none",
      test_a_conference_that_cannot_be_is_told_and_none);
  ADD ("a-user-joins-and-leaves-once", test_a_user_joins_and_leaves_once);
  ADD ("naming-a-conference-one-is-in-joins-it-once",
      test_naming_a_conference_one_is_in_joins_it_once);
  ADD ("large-records-arrive-once", test_large_records_arrive_once);
  ADD ("too-large-a-record-is-a-gap", test_too_large_a_record_is_a_gap);
  ADD ("more-than-a-window-arrives", test_more_than_a_window_arrives);
  ADD ("a-backend-that-does-not-acknowledge-gets-a-window",
      test_a_backend_that_does_not_acknowledge_gets_a_window);
  ADD ("data-too-deep-for-a-frame-is-refused", test_data_too_deep_for_a_frame_is_refused);
  ADD ("ten-threads-may-use-a-client-at-once", test_ten_threads_may_use_a_client_at_once);
  ADD ("a-token-is-renewed-without-a-new-connection",
      test_a_token_is_renewed_without_a_new_connection);
  ADD ("clients-may-go-at-any-time", test_clients_may_go_at_any_time);
  ADD ("exit-in-mid-traffic/subprocess", exit_in_mid_traffic);
  g_test_add_func ("/client/a-process-may-exit-in-mid-traffic",
      test_a_process_may_exit_in_mid_traffic);
  g_test_add_func ("/client/signals-arrive-where-the-client-was-made",
      test_signals_arrive_where_the_client_was_made);
  g_test_add_func ("/client/without-a-backend-nothing-is-kept",
      test_without_a_backend_nothing_is_kept);
  g_test_add_func ("/client/the-secret-cannot-be-read", test_the_secret_cannot_be_read);
  add_tables ();
  return g_test_run ();
}
