/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a new address of this machine does to a client. In a network namespace of its own,
 * which needs root.
 */
#define _GNU_SOURCE
#include <callstats/callstats.h>
#include <sched.h>
#include <string.h>

#include "callstats-network-watch-private.h"
#include "fake-collector.h"
#include "waiting.h"

static gboolean
run (const char *command)
{
  int status = -1;

  return g_spawn_command_line_sync (command, NULL, NULL, &status, NULL) && status == 0;
}

static void
add_address (void)
{
  static guint last = 1;
  g_autofree char *command =
      g_strdup_printf ("ip address add 127.0.1.%u/8 dev lo", ++last);

  g_assert_true (run (command));
}

/* The watch */

typedef struct {
  CallstatsNetworkWatch *watch;
  gint told;
} Watched;

static void
on_changed (gpointer user_data)
{
  g_atomic_int_inc (&((Watched *)user_data)->told);
}

static gboolean
start_watch (gpointer user_data)
{
  Watched *watched = user_data;

  g_atomic_pointer_set (
      &watched->watch, callstats_network_watch_new (on_changed, watched));
  return G_SOURCE_REMOVE;
}

static gboolean
stop_watch (gpointer user_data)
{
  Watched *watched = user_data;

  callstats_network_watch_free (watched->watch);
  g_atomic_pointer_set (&watched->watch, NULL);
  return G_SOURCE_REMOVE;
}

static gboolean
set_flag (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

/* What the kernel has told by now is told after 0.2 s. */
static void
rest_of_changes (void)
{
  gboolean over = FALSE;

  g_timeout_add (1000, set_flag, &over);
  WAIT_UNTIL (over);
}

static void
test_a_new_address_is_told_once (void)
{
  Watched watched = { 0 };

  callstats_monitor_invoke (start_watch, &watched, NULL);
  WAIT_UNTIL (g_atomic_pointer_get (&watched.watch) != NULL);
  add_address ();
  add_address ();
  WAIT_UNTIL (g_atomic_int_get (&watched.told) > 0);
  g_assert_cmpint (g_atomic_int_get (&watched.told), ==, 1);
  add_address ();
  WAIT_UNTIL (g_atomic_int_get (&watched.told) > 1);
  callstats_monitor_invoke (stop_watch, &watched, NULL);
  WAIT_UNTIL (g_atomic_pointer_get (&watched.watch) == NULL);
}

/* Its addresses stay, so nothing else tells that the link carries again. */
static void
test_a_link_that_carries_again_is_told (void)
{
  Watched watched = { 0 };
  gint told;

  g_assert_true (run ("ip link add here type veth peer name there"));
  g_assert_true (run ("ip link set here addrgenmode none up"));
  g_assert_true (run ("ip link set there addrgenmode none up"));
  g_assert_true (run ("ip address add 10.77.0.1/24 dev here"));
  callstats_monitor_invoke (start_watch, &watched, NULL);
  WAIT_UNTIL (g_atomic_pointer_get (&watched.watch) != NULL);
  g_assert_true (run ("ip link set there down"));
  rest_of_changes ();
  told = g_atomic_int_get (&watched.told);
  /* Much else is told of links. */
  g_assert_true (run ("ip link set here alias x"));
  rest_of_changes ();
  g_assert_cmpint (g_atomic_int_get (&watched.told), ==, told);
  g_assert_true (run ("ip link set there up"));
  WAIT_UNTIL (g_atomic_int_get (&watched.told) > told);
  callstats_monitor_invoke (stop_watch, &watched, NULL);
  WAIT_UNTIL (g_atomic_pointer_get (&watched.watch) == NULL);
  g_assert_true (run ("ip link delete here"));
}

/* A client */

static CallstatsClient *
make_client (FakeCollector *collector)
{
  g_autofree char *url = fake_collector_get_url (collector);
  CallstatsClient *client = callstats_client_new (FAKE_APP, "alice");

  g_object_set (
      client, "app-secret", FAKE_SECRET, "conference-id", "c1", "backend-url", url, NULL);
  callstats_client_initialize (client);
  return client;
}

static gboolean
backend_is (CallstatsClient *client, const char *state)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  const char *now;

  g_assert_true (g_variant_lookup (stats, "backend", "&s", &now));
  return strcmp (now, state) == 0;
}

/* After some failures the wait is 4 s and more in the mean; a new address ends it. */
static void
test_a_new_address_ends_the_wait (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  FakeBehaviour busy = { .forced_stored = -1, .refuse = SOUP_STATUS_SERVICE_UNAVAILABLE };
  g_autoptr (CallstatsClient) client = NULL;
  guint i;

  fake_collector_behave (collector, &busy);
  client = make_client (collector);
  WAIT_UNTIL (fake_collector_n_handshakes (collector) >= 4);
  for (i = 0; i < 4; i++) {
    guint before;
    gint64 start;

    WAIT_UNTIL (backend_is (client, "waiting"));
    before = fake_collector_n_handshakes (collector);
    start = g_get_monotonic_time ();
    add_address ();
    WAIT_UNTIL (fake_collector_n_handshakes (collector) > before);
    g_assert_cmpint (g_get_monotonic_time () - start, <, 3 * G_USEC_PER_SEC);
  }
}

static void
test_a_connection_that_answers_stays (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  g_autoptr (CallstatsClient) client = make_client (collector);
  gboolean over = FALSE;

  WAIT_UNTIL (backend_is (client, "connected"));
  add_address ();
  g_timeout_add (5500, set_flag, &over);
  WAIT_UNTIL (over);
  g_assert_true (backend_is (client, "connected"));
  g_assert_cmpuint (fake_collector_n_hellos (collector), ==, 1);
}

/* The other end has gone without a word, as when the old address has. */
static void
test_a_connection_that_does_not_is_replaced (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  g_autoptr (CallstatsClient) client = make_client (collector);
  gint64 start;

  WAIT_UNTIL (backend_is (client, "connected"));
  g_assert_true (run ("ip link set lo down"));
  start = g_get_monotonic_time ();
  add_address ();
  WAIT_UNTIL (!backend_is (client, "connected"));
  g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_USEC_PER_SEC);
  g_assert_true (run ("ip link set lo up"));
  WAIT_UNTIL (backend_is (client, "connected"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Before there is any thread. */
  if (unshare (CLONE_NEWNET) != 0 || !run ("ip link set lo up")) {
    g_print ("1..0 # SKIP needs the right to make a network namespace, and ip\n");
    return 0;
  }
  g_test_add_func (
      "/network-watch/a-new-address-is-told-once", test_a_new_address_is_told_once);
  g_test_add_func (
      "/network-watch/a-new-address-ends-the-wait", test_a_new_address_ends_the_wait);
  g_test_add_func ("/network-watch/a-link-that-carries-again-is-told",
      test_a_link_that_carries_again_is_told);
  g_test_add_func ("/network-watch/a-connection-that-answers-stays",
      test_a_connection_that_answers_stays);
  g_test_add_func ("/network-watch/a-connection-that-does-not-is-replaced",
      test_a_connection_that_does_not_is_replaced);
  return g_test_run ();
}
