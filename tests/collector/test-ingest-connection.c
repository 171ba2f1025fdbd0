/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The deadlines of a connection, with a clock that the test turns: one end of a socket
 * pair is the collector's, the other the client's.
 */
#include "ingest-private.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/socket.h>

#define EXPIRES G_GINT64_CONSTANT (1700000300)

typedef struct {
  char *folder;
  Store *store;
  Applications *applications;
  Origins *origins;
  Ingest *ingest;
  IngestConnection *connection;
  GSocket *client;
} Fixture;

static GSocket *
wrap (int fd)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return socket;
}

static Identity *
make_identity (void)
{
  Identity *identity = g_new0 (Identity, 1);

  identity->app = g_strdup ("demo");
  identity->user = g_strdup ("alice");
  identity->expires = EXPIRES;
  return identity;
}

static void
connect_client (Fixture *fixture)
{
  g_autoptr (GUri) uri = g_uri_parse ("ws://127.0.0.1/v1/stream", G_URI_FLAGS_NONE, NULL);
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  socket = wrap (ends[0]);
  fixture->client = wrap (ends[1]);
  stream = g_socket_connection_factory_create_connection (socket);
  fixture->connection = ingest_connection_new (
      fixture->ingest, G_IO_STREAM (stream), NULL, uri, make_identity ());
  g_hash_table_add (fixture->ingest->connections, fixture->connection);
  ingest_connection_ref (fixture->connection);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *location = NULL;
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("ingest-test-XXXXXX", NULL);
  location = g_strdup_printf ("sqlite:%s/calls.db", fixture->folder);
  fixture->store = store_open (location, &error);
  g_assert_no_error (error);
  fixture->applications = applications_new ();
  fixture->origins = origins_new ();
  fixture->ingest = ingest_new (fixture->store, fixture->applications, fixture->origins);
  connect_client (fixture);
}

static void
remove_folder (const char *folder)
{
  static const char *const names[] = { "calls.db", "calls.db-wal", "calls.db-shm" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (folder, names[i], NULL);

    g_unlink (path);
  }
  g_rmdir (folder);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_socket_close (fixture->client, NULL);
  while (g_hash_table_size (fixture->ingest->connections) > 0)
    g_main_context_iteration (NULL, TRUE);
  ingest_connection_unref (fixture->connection);
  g_object_unref (fixture->client);
  store_free (fixture->store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ingest_free (fixture->ingest);
  applications_free (fixture->applications);
  origins_free (fixture->origins);
  remove_folder (fixture->folder);
  g_free (fixture->folder);
}

static void
send_text (Fixture *fixture, const char *text)
{
  guint8 head[] = { 0x81, 0xfe, strlen (text) >> 8, strlen (text) & 0xff, 0, 0, 0, 0 };

  g_assert_cmpuint (strlen (text), >, 125);
  g_socket_send (fixture->client, (const char *)head, sizeof head, NULL, NULL);
  g_socket_send (fixture->client, text, strlen (text), NULL, NULL);
}

static gboolean
client_can_read (Fixture *fixture)
{
  return (g_socket_condition_check (fixture->client, G_IO_IN) & G_IO_IN) != 0;
}

/* Returns: the frame's opcode; payload: at least 128 bytes. */
static int
receive_frame (Fixture *fixture, guint8 *payload)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  guint8 head[4];

  while (!client_can_read (fixture) && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (client_can_read (fixture));
  g_assert_cmpint (
      g_socket_receive (fixture->client, (char *)head, 2, NULL, NULL), ==, 2);
  if (head[1] == 126) {
    g_assert_cmpint (
        g_socket_receive (fixture->client, (char *)head + 2, 2, NULL, NULL), ==, 2);
    g_socket_receive (
        fixture->client, (char *)payload, head[2] << 8 | head[3], NULL, NULL);
  } else {
    g_socket_receive (fixture->client, (char *)payload, head[1], NULL, NULL);
  }
  return head[0] & 0x0f;
}

static void
assert_closed (Fixture *fixture, int code)
{
  guint8 payload[1024];

  g_assert_cmpint (receive_frame (fixture, payload), ==, 0x8);
  g_assert_cmpint (payload[0] << 8 | payload[1], ==, code);
}

static void
say_hello (Fixture *fixture)
{
  guint8 payload[1024];

  send_text (fixture,
      "{\"type\":\"hello\",\"protocol\":1,\"session\":\"s1\",\"acked\":0,"
      "\"client\":{\"library\":\"a name that makes this message longer than a "
      "short frame\"}}");
  g_assert_cmpint (receive_frame (fixture, payload), ==, 0x1);
}

/* seconds: past now on the monotonic clock. */
static void
tick (Fixture *fixture, int seconds, gint64 now)
{
  ingest_connection_tick (
      fixture->connection, g_get_monotonic_time () + seconds * G_USEC_PER_SEC, now);
}

static void
test_silent_client_is_closed_with_4008 (Fixture *fixture, gconstpointer data)
{
  say_hello (fixture);
  tick (fixture, 59, EXPIRES - 100);
  g_assert_false (client_can_read (fixture));
  tick (fixture, 61, EXPIRES - 100);
  assert_closed (fixture, CALLSTATS_CLOSE_SILENT);
}

static void
test_no_hello_is_closed_with_4003 (Fixture *fixture, gconstpointer data)
{
  tick (fixture, 9, EXPIRES - 100);
  g_assert_false (client_can_read (fixture));
  tick (fixture, 11, EXPIRES - 100);
  assert_closed (fixture, CALLSTATS_CLOSE_HELLO_TIMEOUT);
}

static void
test_expired_token_is_closed_with_4001 (Fixture *fixture, gconstpointer data)
{
  say_hello (fixture);
  tick (fixture, 0, EXPIRES + AUTH_SKEW_SECONDS - 1);
  g_assert_false (client_can_read (fixture));
  tick (fixture, 0, EXPIRES + AUTH_SKEW_SECONDS);
  assert_closed (fixture, CALLSTATS_CLOSE_UNAUTHORIZED);
}

/* A client that answers no close is dropped from below; tear_down waits for that. */
static void
test_client_that_never_answers_a_close_is_dropped (Fixture *fixture, gconstpointer data)
{
  ingest_connection_close (fixture->connection, CALLSTATS_CLOSE_STORE, "test");
  assert_closed (fixture, CALLSTATS_CLOSE_STORE);
  tick (fixture, 9, EXPIRES - 100);
  while (g_hash_table_size (fixture->ingest->connections) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (client_can_read (fixture));
}

#define ADD(name, test) g_test_add (name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/ingest-connection/silent-client-is-closed-with-4008",
      test_silent_client_is_closed_with_4008);
  ADD ("/ingest-connection/no-hello-is-closed-with-4003",
      test_no_hello_is_closed_with_4003);
  ADD ("/ingest-connection/expired-token-is-closed-with-4001",
      test_expired_token_is_closed_with_4001);
  ADD ("/ingest-connection/client-that-never-answers-a-close-is-dropped",
      test_client_that_never_answers_a_close_is_dropped);
  return g_test_run ();
}
