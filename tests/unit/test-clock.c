/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clocks that are wrong, stepped or stand still while the machine sleeps: what a client
 * tells stays in order and apart as it happened, and its tokens are taken.
 *
 * This program has a clock_gettime() and a gettimeofday() of its own, which all libraries
 * call. The collector's thread has the true time.
 */
#define _GNU_SOURCE
#include <callstats/callstats.h>
#include <gmodule.h>
#include <math.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "callstats-json-private.h"
#include "fake-collector.h"
#include "waiting.h"

#define HOUR 3600
#define HOUR_US (HOUR * G_TIME_SPAN_SECOND)
#define SPREAD 60 /* seconds that all of a test takes, at most */

static gint wall_ahead; /* seconds */
static gint asleep;     /* seconds; true time goes on meanwhile */

static gboolean
is_collector (void)
{
  char name[16];

  return prctl (PR_GET_NAME, name) == 0 && strcmp (name, "fake-collector") == 0;
}

G_MODULE_EXPORT int
clock_gettime (clockid_t clock, struct timespec *now)
{
  int result = (int)syscall (SYS_clock_gettime, clock, now);

  if (clock == CLOCK_BOOTTIME || clock == CLOCK_REALTIME)
    now->tv_sec += g_atomic_int_get (&asleep);
  if (clock == CLOCK_REALTIME && !is_collector ())
    now->tv_sec += g_atomic_int_get (&wall_ahead);
  return result;
}

G_MODULE_EXPORT int
gettimeofday (struct timeval *now, void *zone)
{
  struct timespec precise;
  int result = clock_gettime (CLOCK_REALTIME, &precise);

  *now = (struct timeval){ precise.tv_sec, precise.tv_nsec / 1000 };
  return result;
}

/* A client */

static void
on_warning (CallstatsClient *client, const GError *error, gpointer user_data)
{
  /* That a dropped connection ended is no trouble. */
  if (error->code != CALLSTATS_ERROR_UNREACHABLE)
    g_error ("%s", error->message);
}

static CallstatsClient *
make_client (FakeCollector *collector)
{
  g_autofree char *url = fake_collector_get_url (collector);
  CallstatsClient *client = callstats_client_new (FAKE_APP, "alice");

  g_signal_connect (client, "warning", G_CALLBACK (on_warning), NULL);
  g_object_set (
      client, "app-secret", FAKE_SECRET, "conference-id", "c1", "backend-url", url, NULL);
  return client;
}

static char *
add_fabric (CallstatsClient *client)
{
  g_autoptr (GError) error = NULL;
  char *fabric = callstats_client_add_new_fabric (
      client, "bob", CALLSTATS_FABRIC_USAGE_MULTIPLEX, NULL, NULL, &error);

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
set_up (CallstatsClient *client, const char *fabric)
{
  callstats_client_set_ice_connection_state (
      client, fabric, CALLSTATS_ICE_CONNECTION_STATE_CHECKING);
  callstats_client_set_ice_connection_state (
      client, fabric, CALLSTATS_ICE_CONNECTION_STATE_CONNECTED);
}

static double
clock_offset (CallstatsClient *client)
{
  g_autoptr (GVariant) stats = callstats_client_get_stats (client);
  double offset;

  g_assert_true (g_variant_lookup (stats, "clock-offset", "d", &offset));
  return offset / 1000;
}

/* What the collector has */

static CallstatsRecord *
find_event (GPtrArray *records, const char *name)
{
  guint i;

  for (i = 0; i < records->len; i++) {
    CallstatsRecord *record = records->pdata[i];

    if (g_strcmp0 (record->name, name) == 0)
      return record;
  }
  g_error ("There is no %s", name);
}

/* Seconds from one event to the other. */
static double
between (FakeCollector *collector, const char *first, const char *second)
{
  g_autoptr (GPtrArray) records = fake_collector_get_records (collector);

  return (double)(find_event (records, second)->time -
                  find_event (records, first)->time) /
         G_USEC_PER_SEC;
}

/* Of fabricSetup, in seconds. */
static double
setup_delay (FakeCollector *collector)
{
  g_autoptr (GPtrArray) records = fake_collector_get_records (collector);
  const char *text = find_event (records, "fabricSetup")->data;
  g_autoptr (JsonObject) data = callstats_json_parse_object (text, strlen (text), NULL);

  return callstats_json_get_double (data, "delay", NAN) / 1000;
}

static void
assert_in_order (FakeCollector *collector)
{
  g_autoptr (GPtrArray) records = fake_collector_get_records (collector);
  guint i;

  for (i = 1; i < records->len; i++)
    g_assert_cmpint (((CallstatsRecord *)records->pdata[i])->time, >=,
        ((CallstatsRecord *)records->pdata[i - 1])->time);
}

/* Tests */

static void
test_a_step_moves_nothing (gconstpointer data)
{
  gint step = GPOINTER_TO_INT (data);
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  g_autoptr (CallstatsClient) client = make_client (collector);
  g_autofree char *fabric = add_fabric (client);

  WAIT_UNTIL (fake_collector_count (collector, "addNewFabric") == 1);
  g_atomic_int_set (&wall_ahead, step);
  set_up (client, fabric);
  WAIT_UNTIL (fake_collector_count (collector, "fabricSetup") == 1);
  /* The next connection's token is dated as the ones before. */
  fake_collector_drop (collector);
  send_event (client, fabric, "audioMute");
  WAIT_UNTIL (fake_collector_count (collector, "audioMute") == 1);
  g_assert_cmpuint (fake_collector_n_handshakes (collector), ==, 2);
  g_assert_cmpfloat (fabs (clock_offset (client)), <, SPREAD);

  g_assert_cmpfloat (between (collector, "addNewFabric", "audioMute"), <, SPREAD);
  assert_in_order (collector);
  g_assert_cmpfloat_with_epsilon (
      setup_delay (collector), between (collector, "addNewFabric", "fabricSetup"), 0.001);
  g_atomic_int_set (&wall_ahead, 0);
}

static void
test_time_asleep_is_time (void)
{
  g_autoptr (FakeCollector) collector = fake_collector_new (0);
  g_autoptr (CallstatsClient) client = make_client (collector);
  g_autofree char *fabric = add_fabric (client);

  send_event (client, fabric, "audioMute");
  WAIT_UNTIL (fake_collector_count (collector, "audioMute") == 1);
  g_atomic_int_add (&asleep, HOUR);
  set_up (client, fabric);
  send_event (client, fabric, "audioUnmute");
  WAIT_UNTIL (fake_collector_count (collector, "audioUnmute") == 1);

  g_assert_cmpfloat (between (collector, "addNewFabric", "audioMute"), <, SPREAD);
  g_assert_cmpfloat (between (collector, "audioMute", "audioUnmute"), >=, HOUR);
  g_assert_cmpfloat (between (collector, "audioMute", "audioUnmute"), <, HOUR + SPREAD);
  g_assert_cmpfloat_with_epsilon (
      setup_delay (collector), between (collector, "addNewFabric", "fabricSetup"), 0.001);
  assert_in_order (collector);
}

/* What happened before the machine fell asleep and is told when it is awake again. */
static void
test_times_before_sleep_stay (void)
{
  gint64 time = g_get_monotonic_time ();
  gint64 before = callstats_monitor_to_epoch (time);

  g_atomic_int_add (&asleep, HOUR);
  g_assert_cmpint (
      callstats_monitor_to_epoch (g_get_monotonic_time ()), >=, before + HOUR_US);
  g_assert_cmpint (callstats_monitor_to_epoch (time), ==, before);
}

/* In a process of its own, which has never had another time. */
static void
test_a_machine_without_a_clock_subprocess (void)
{
  g_autoptr (FakeCollector) collector = NULL;
  g_autoptr (CallstatsClient) client = NULL;
  g_autoptr (JsonObject) hello = NULL;
  g_autoptr (GPtrArray) records = NULL;
  g_autofree char *fabric = NULL;
  gint64 truth = g_get_real_time () / G_USEC_PER_SEC;

  g_atomic_int_set (&wall_ahead, (gint)(HOUR - truth)); /* one o'clock, 1970 */
  collector = fake_collector_new (0);
  client = make_client (collector);
  fabric = add_fabric (client);
  WAIT_UNTIL (fake_collector_count (collector, "addNewFabric") == 1);
  g_assert_cmpuint (fake_collector_n_handshakes (collector), ==, 2);
  g_assert_cmpfloat_with_epsilon (clock_offset (client), (double)(truth - HOUR), SPREAD);
  /* What is told is by the client's own clock, and hello tells which that is. */
  records = fake_collector_get_records (collector);
  hello = fake_collector_get_hello (collector, 0);
  g_assert_cmpint (find_event (records, "addNewFabric")->time, <, 2 * HOUR_US);
  g_assert_cmpfloat_with_epsilon (
      callstats_json_get_double (hello, "time", NAN), HOUR * 1000.0, SPREAD * 1000.0);

  /* Time is set at last: nothing changes, nor does the next token. */
  g_atomic_int_set (&wall_ahead, 0);
  fake_collector_drop (collector);
  send_event (client, fabric, "audioMute");
  WAIT_UNTIL (fake_collector_count (collector, "audioMute") == 1);
  g_assert_cmpuint (fake_collector_n_handshakes (collector), ==, 3);
  g_assert_cmpfloat (between (collector, "addNewFabric", "audioMute"), <, SPREAD);
}

static void
test_a_machine_without_a_clock_reports (void)
{
  g_test_trap_subprocess ("/clock/a-machine-without-a-clock-reports/subprocess", 0,
      G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/clock/a-step-moves-nothing/ahead", GINT_TO_POINTER (HOUR),
      test_a_step_moves_nothing);
  g_test_add_data_func ("/clock/a-step-moves-nothing/back", GINT_TO_POINTER (-HOUR),
      test_a_step_moves_nothing);
  g_test_add_func ("/clock/time-asleep-is-time", test_time_asleep_is_time);
  g_test_add_func ("/clock/times-before-sleep-stay", test_times_before_sleep_stay);
  g_test_add_func (
      "/clock/a-machine-without-a-clock-reports", test_a_machine_without_a_clock_reports);
  g_test_add_func ("/clock/a-machine-without-a-clock-reports/subprocess",
      test_a_machine_without_a_clock_subprocess);
  return g_test_run ();
}
