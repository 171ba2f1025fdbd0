/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a report costs against a bare get-stats of the same webrtcbin, in one run and by
 * the threads' own CPU time, so that a busy machine changes little.
 *
 * The plugin is linked in, for a collector is none of its surface.
 */
#include <time.h>

#include "call-fixture.h"
#include "stats/collector.h"

#define ROUNDS 41
/* get-stats is asked so often by a monitor of one report a second. */
#define GET_STATS_A_REPORT 0.1
#define PACKETS 60

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SLOWED TRUE /* our code is, GStreamer's is not */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SLOWED TRUE
#endif
#endif
#ifndef IS_SLOWED
#define IS_SLOWED FALSE
#endif

GST_PLUGIN_STATIC_DECLARE (callstats);

typedef struct {
  GstElement *webrtcbin;
  CallstatsClient *client;
  GstCallstatsFabricLink *link;
  GstCallstatsCollector *collector;
  GstPromise *reply;
  GArray *costs; /* double: microseconds */
  guint bytes;   /* of the last report's JSON */

  GMutex lock;
  GCond changed;
  gboolean done;
} Bench;

static double
get_thread_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  double difference = *(const double *)a - *(const double *)b;

  return difference < 0 ? -1 : difference > 0;
}

static double
get_median (GArray *costs)
{
  g_array_sort (costs, compare);
  return g_array_index (costs, double, costs->len / 2);
}

static void
set_done (Bench *bench)
{
  g_mutex_lock (&bench->lock);
  bench->done = TRUE;
  g_cond_signal (&bench->changed);
  g_mutex_unlock (&bench->lock);
}

static void
wait_done (Bench *bench)
{
  g_mutex_lock (&bench->lock);
  while (!bench->done)
    g_cond_wait (&bench->changed, &bench->lock);
  bench->done = FALSE;
  g_mutex_unlock (&bench->lock);
}

static void
run (Bench *bench, GSourceFunc function)
{
  callstats_monitor_invoke (function, bench, NULL);
  wait_done (bench);
}

/* get-stats */

static double last_time;

/* On webrtcbin's thread, which has had nothing else to do since the last one. */
static void
on_reply (GstPromise *promise, gpointer user_data)
{
  Bench *bench = user_data;
  double now = get_thread_time ();
  double cost = now - last_time;

  g_assert_cmpint (gst_promise_wait (promise), ==, GST_PROMISE_RESULT_REPLIED);
  if (last_time != 0)
    g_array_append_val (bench->costs, cost);
  last_time = now;
  set_done (bench);
}

static double
measure_get_stats (Bench *bench)
{
  guint i;

  g_array_set_size (bench->costs, 0);
  last_time = 0;
  for (i = 0; i <= ROUNDS; i++) {
    g_clear_pointer (&bench->reply, gst_promise_unref);
    bench->reply = gst_promise_new_with_change_func (on_reply, bench, NULL);
    g_signal_emit_by_name (bench->webrtcbin, "get-stats", NULL, bench->reply);
    wait_done (bench);
  }
  return get_median (bench->costs);
}

/* Reports, on the monitor thread */

static gboolean
begin (gpointer user_data)
{
  Bench *bench = user_data;

  bench->link = gst_callstats_fabric_link_new (bench->client, "fabric", NULL);
  bench->collector = gst_callstats_collector_new (bench->link, bench->webrtcbin,
      G_USEC_PER_SEC, GST_CALLSTATS_COLLECT_IP_MASKED, GST_CALLSTATS_DETAIL_ALL);
  set_done (bench);
  return G_SOURCE_REMOVE;
}

static gboolean
collect (gpointer user_data)
{
  Bench *bench = user_data;
  double start = get_thread_time (), cost;
  g_autoptr (CallstatsReport) report = gst_callstats_collector_collect (
      bench->collector, bench->webrtcbin, g_get_monotonic_time ());
  g_autofree char *json = NULL;

  cost = get_thread_time () - start;
  g_array_append_val (bench->costs, cost);
  json = callstats_report_to_json (report);
  bench->bytes = strlen (json);
  set_done (bench);
  return G_SOURCE_REMOVE;
}

static gboolean
take_reply (gpointer user_data)
{
  Bench *bench = user_data;

  gst_callstats_collector_take_reply (
      bench->collector, bench->reply, g_get_monotonic_time (), 0);
  set_done (bench);
  return G_SOURCE_REMOVE;
}

static gboolean
end (gpointer user_data)
{
  Bench *bench = user_data;

  gst_callstats_collector_free (bench->collector, bench->webrtcbin);
  gst_callstats_fabric_link_unref (bench->link);
  set_done (bench);
  return G_SOURCE_REMOVE;
}

/* Packets go on between the reports, as they do in a call. */
static double
measure_reports (Bench *bench)
{
  guint i;

  run (bench, take_reply);
  g_array_set_size (bench->costs, 0);
  for (i = 0; i < ROUNDS; i++)
    run (bench, collect);
  return get_median (bench->costs);
}

static CallFixture *
start_call (guint streams)
{
  CallFixture *call = call_fixture_new ();
  guint i;

  gst_util_set_object_arg (
      G_OBJECT (call_fixture_get_loopback (call)), "bundle-policy", "max-bundle");
  for (i = 0; i < streams; i++)
    call_fixture_add_stream (call, i,
        "audiotestsrc is-live=true ! audio/x-raw,rate=8000 ! alawenc ! "
        "rtppcmapay pt=8");
  call_fixture_play (call);
  call_fixture_wait_connected (call);
  return call;
}

static void
check (guint streams, double limit)
{
  g_autoptr (CallFixture) call = start_call (streams);
  Bench bench = { 0 };
  double get_stats, report, ratio;
  guint i;

  g_mutex_init (&bench.lock);
  g_cond_init (&bench.changed);
  bench.costs = g_array_new (FALSE, FALSE, sizeof (double));
  bench.client = callstats_client_new ("app", "user");
  bench.webrtcbin = call_fixture_dup_webrtcbin (call, "caller");
  run (&bench, begin);
  for (i = 0; i < streams; i++)
    call_fixture_wait_packets (call, i, PACKETS);
  get_stats = measure_get_stats (&bench);
  report = measure_reports (&bench);
  ratio = report / get_stats + GET_STATS_A_REPORT;
  g_test_message ("%u streams: get-stats %.0f us, report %.0f us (%u bytes of JSON), "
                  "monitoring at 1 Hz %.2f of get-stats at 1 Hz",
      streams, get_stats, report, bench.bytes, ratio);
  if (!IS_SLOWED)
    g_assert_cmpfloat (ratio, <=, limit);
  run (&bench, end);
  g_clear_pointer (&bench.reply, gst_promise_unref);
  g_object_unref (bench.webrtcbin);
  g_object_unref (bench.client);
  g_array_unref (bench.costs);
  g_mutex_clear (&bench.lock);
  g_cond_clear (&bench.changed);
}

static void
test_two_streams (void)
{
  check (2, 1.3);
}

static void
test_twenty_four_streams (void)
{
  if (IS_SLOWED)
    g_test_skip ("a sanitizer makes it long, and proves nothing of the cost");
  else
    check (24, 0.2);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  GST_PLUGIN_STATIC_REGISTER (callstats);
  g_test_add_func ("/statscost/two-streams", test_two_streams);
  g_test_add_func ("/statscost/twenty-four-streams", test_twenty_four_streams);
  return g_test_run ();
}
