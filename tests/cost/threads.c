/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What runs of callstats on threads that are not its own, in watched calls with a backend
 * that has stalled: only what is listed here, for so many calls at most, none of it
 * waits, uses files or emits signals, and no lock that it takes is held for long by
 * anybody.
 */
#include <string.h>

#include "backends.h"
#include "call-fixture.h"
#include "threads-allowed.h"
#include "trace.h"
#include "watched-peers.h"

#define PACKETS 100
/* Functions of callstats that a packet of audio passes through from payloader to
 * depayloader, compiled without optimisation. */
#define MOST_A_PACKET 102
/* That are entered while a lock is held that a thread which is not callstats' takes, too
 */
#define MOST_LOCKED 160

GST_PLUGIN_STATIC_DECLARE (callstats);

/* The outermost functions of callstats' own threads */
static const char *const own_threads[] = {
  "callstats-monitor.c:run",
  "callstats-spool-shelf.c:errand_run",
  "pipelinethread.c:run",
  "presentdevices.c:run",
  NULL,
};

/* Calls */

static void
on_pad_added (GstElement *loopback, GstPad *pad, gpointer user_data)
{
  CallFixture *call = user_data;
  gboolean audio = g_str_equal (GST_PAD_NAME (pad), "src_0");
  g_autoptr (GstPad) target = NULL;
  GstElement *sink;

  if (!GST_PAD_IS_SRC (pad))
    return;
  sink = gst_parse_bin_from_description (
      audio ? "rtpopusdepay ! opusdec plc=true ! fakesink async=false"
            : "rtpvp8depay ! vp8dec ! fakesink async=false",
      TRUE, NULL);
  gst_bin_add (GST_BIN (call_fixture_get_pipeline (call)), sink);
  gst_element_sync_state_with_parent (sink);
  target = gst_element_get_static_pad (sink, "sink");
  g_assert_cmpint (gst_pad_link (pad, target), ==, GST_PAD_LINK_OK);
}

static CallFixture *
start_call (Backend *backend, gboolean video)
{
  CallFixture *call = call_fixture_new ();
  GstElement *mon = gst_element_factory_make ("callstatsmon", NULL);

  call_fixture_add_audio (call, 0);
  if (video)
    call_fixture_add_video (call, 1);
  g_object_set (mon, "backend-url", backend_get_url (backend), "app-id",
      backend_get_app (backend), "app-secret-file", backend_get_secret_file (backend),
      "user-id", "alice", "conference-id", "c1", "interval", 50, "collect-sdp", TRUE,
      NULL);
  gst_bin_add (GST_BIN (call_fixture_get_pipeline (call)), mon);
  call_fixture_leave_unlinked (call, 0);
  call_fixture_leave_unlinked (call, 1);
  g_signal_connect (
      call_fixture_get_loopback (call), "pad-added", G_CALLBACK (on_pad_added), call);
  call_fixture_play (call);
  call_fixture_wait_connected (call);
  call_fixture_wait_packets (call, 0, PACKETS);
  return call;
}

/* Verdicts */

static gboolean
is_probe (const char *function)
{
  const Allowed *allowed = allowed_find (function);

  return allowed != NULL && allowed->group == ALLOWED_PROBE;
}

/* Returns: whether it is allowed */
static gboolean
judge (const TraceFunction *function)
{
  const Allowed *allowed = allowed_find (function->name);
  const char *fault = NULL;

  if (allowed == NULL)
    fault = "is not on the list";
  else if (function->outermost > 0 && allowed->most == 0)
    fault = "is entered by others than callstats";
  else if (function->most > allowed->most)
    fault = "does too much";
  else if (allowed->group == ALLOWED_ANSWER && function->on_media > 0)
    fault = "runs where media pass";
  if (fault != NULL)
    g_test_message ("%s %s: entered %" G_GUINT64_FORMAT " times, %" G_GUINT64_FORMAT
                    " by others, at most %u functions",
        function->name, fault, function->entries, function->outermost, function->most);
  return fault == NULL;
}

static void
test_only_what_is_listed (void)
{
  g_autoptr (GArray) functions = trace_get_functions (is_probe);
  guint i, faults = 0, probes = 0;

  for (i = 0; i < functions->len; i++) {
    const TraceFunction *function = &g_array_index (functions, TraceFunction, i);

    faults += !judge (function);
    probes += is_probe (function->name);
  }
  g_test_message ("%u functions were seen, %u of them probes", functions->len, probes);
  g_assert_cmpuint (probes, >, 0);
  g_assert_cmpuint (faults, ==, 0);
}

static void
test_nothing_that_waits (void)
{
  g_autoptr (GArray) calls = trace_get_calls (is_probe);
  guint i, faults = 0;

  for (i = 0; i < calls->len; i++) {
    const TraceCall *call = &g_array_index (calls, TraceCall, i);

    if (!call->on_media && allowed_is_call (call->function, call->called))
      continue;
    g_test_message ("%s called %s%s", call->function, call->called,
        call->on_media ? " where media pass" : "");
    faults++;
  }
  g_assert_cmpuint (faults, ==, 0);
}

static void
test_no_lock_is_held_for_long (void)
{
  g_autoptr (GArray) locks = trace_get_locks ();
  guint i, faults = 0;

  for (i = 0; i < locks->len; i++) {
    const TraceLock *lock = &g_array_index (locks, TraceLock, i);

    if (lock->most <= MOST_LOCKED && lock->called == NULL)
      continue;
    g_test_message ("The lock that %s takes was held by %s for %u functions, and %s",
        lock->taker, lock->holder, lock->most,
        lock->called != NULL ? lock->called : "nothing that may take long");
    faults++;
  }
  g_assert_cmpuint (locks->len, >, 0);
  g_assert_cmpuint (faults, ==, 0);
}

/* What is seen */

static void
test_call (void)
{
  g_autoptr (Backend) backend = backend_new (BACKEND_STALLED);
  g_autoptr (CallFixture) call = start_call (backend, TRUE);

  call_fixture_stop (call);
  g_assert_cmpuint (backend_count_harmed (backend), ==, 1);
}

static void
test_few_functions_a_packet (void)
{
  g_autoptr (Backend) backend = backend_new (BACKEND_STALLED);
  g_autoptr (CallFixture) call = start_call (backend, FALSE);
  guint received = call_fixture_peek_received (call, 0);
  guint sent = call_fixture_peek_sent (call, 0);
  guint64 before = trace_count_entries ();
  double entries, ratio;

  call_fixture_wait_packets (call, 0, received + PACKETS);
  entries = (double)(trace_count_entries () - before);
  received = call_fixture_peek_received (call, 0) - received;
  sent = call_fixture_peek_sent (call, 0) - sent;
  ratio = entries / MAX (sent, received); /* some may be on their way, at either time */
  g_test_message ("%.1f functions a packet of audio", ratio);
  g_assert_cmpfloat (ratio, >, 1);
  g_assert_cmpfloat (ratio, <=, MOST_A_PACKET);
}

static void
on_channel (GstElement *webrtcbin, GObject *channel, gpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);

  g_signal_emit_by_name (channel, "send-data", bytes);
}

static gboolean
has_message (JsonObject *report, gpointer data)
{
  JsonObject *stats = report_find (report, "data-channel");

  return stats != NULL && stats_count (stats, "messagesReceived") == 1;
}

static void
test_data_channel (void)
{
  g_autoptr (WatchedPeers) watched =
      watched_peers_new ("audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 ! a. ");
  Peers *peers = watched_peers_get (watched);
  g_autoptr (GObject) channel = NULL;
  g_autoptr (JsonObject) report = NULL;

  g_signal_connect (
      peers_get (peers, "b"), "on-data-channel", G_CALLBACK (on_channel), NULL);
  peers_play (peers);
  g_signal_emit_by_name (
      peers_get (peers, "a"), "create-data-channel", "chat", NULL, &channel);
  peers_negotiate (peers, TRUE);
  report = watched_peers_wait (watched, "a", "the message", has_message, NULL);
}

/* g_test prints all that libraries say, which takes time that applications do not spend.
 */
static void
on_log (const char *domain, GLogLevelFlags level, const char *text, gpointer data)
{
  if ((level & G_LOG_LEVEL_MASK) < G_LOG_LEVEL_INFO)
    g_log_default_handler (domain, level, text, data);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_log_set_default_handler (on_log, NULL);
  trace_begin (own_threads);
  GST_PLUGIN_STATIC_REGISTER (callstats);
  g_test_add_func ("/threads/call", test_call);
  g_test_add_func ("/threads/few-functions-a-packet", test_few_functions_a_packet);
  g_test_add_func ("/threads/data-channel", test_data_channel);
  /* Of all that was seen before them. */
  g_test_add_func ("/threads/only-what-is-listed", test_only_what_is_listed);
  g_test_add_func ("/threads/nothing-that-waits", test_nothing_that_waits);
  g_test_add_func ("/threads/no-lock-is-held-for-long", test_no_lock_is_held_for_long);
  return g_test_run ();
}
