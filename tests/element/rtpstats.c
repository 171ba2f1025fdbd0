/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What reports tell of the RTP of a real call, against probes of the test's own and
 * against what the test does to the call. Counters are read before and after a report,
 * and must have been between; packets go on all the time.
 *
 * The plugin is linked in, for a collector is none of its surface.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "call-fixture.h"
#include "stats/collector.h"

#define LATENCY 120 /* ms */
#define EARLIER 80  /* packets before the watch */
#define ROUNDS 400  /* of five packets */

GST_PLUGIN_STATIC_DECLARE (callstats);

typedef struct {
  CallFixture *call;
  GstElement *webrtcbin;
  CallstatsClient *client;
  GstCallstatsFabricLink *link;
  GstCallstatsCollector *collector;
  CallstatsReport *report;

  GMutex lock;
  GCond changed;
  gboolean done;
} Watch;

static void
set_done (Watch *watch)
{
  g_mutex_lock (&watch->lock);
  watch->done = TRUE;
  g_cond_signal (&watch->changed);
  g_mutex_unlock (&watch->lock);
}

static void
run (Watch *watch, GSourceFunc function)
{
  callstats_monitor_invoke (function, watch, NULL);
  g_mutex_lock (&watch->lock);
  while (!watch->done)
    g_cond_wait (&watch->changed, &watch->lock);
  watch->done = FALSE;
  g_mutex_unlock (&watch->lock);
}

static gboolean
begin (gpointer user_data)
{
  Watch *watch = user_data;

  watch->link = gst_callstats_fabric_link_new (watch->client, "fabric", NULL);
  watch->collector = gst_callstats_collector_new (watch->link, watch->webrtcbin,
      G_USEC_PER_SEC, GST_CALLSTATS_COLLECT_IP_MASKED, GST_CALLSTATS_DETAIL_NONE);
  set_done (watch);
  return G_SOURCE_REMOVE;
}

static gboolean
collect (gpointer user_data)
{
  Watch *watch = user_data;

  watch->report = gst_callstats_collector_collect (
      watch->collector, watch->webrtcbin, g_get_monotonic_time ());
  set_done (watch);
  return G_SOURCE_REMOVE;
}

static gboolean
end (gpointer user_data)
{
  Watch *watch = user_data;

  gst_callstats_collector_free (watch->collector, watch->webrtcbin);
  gst_callstats_fabric_link_unref (watch->link);
  set_done (watch);
  return G_SOURCE_REMOVE;
}

static void
watch_init (Watch *watch, CallFixture *call, const char *name)
{
  memset (watch, 0, sizeof *watch);
  g_mutex_init (&watch->lock);
  g_cond_init (&watch->changed);
  watch->call = call;
  watch->webrtcbin = call_fixture_dup_webrtcbin (call, name);
  watch->client = callstats_client_new ("app", "user");
  run (watch, begin);
}

static void
watch_clear (Watch *watch)
{
  run (watch, end);
  g_object_unref (watch->webrtcbin);
  g_object_unref (watch->client);
  g_mutex_clear (&watch->lock);
  g_cond_clear (&watch->changed);
}

/* Returns: (transfer full): the report as JSON */
static JsonNode *
get_report (Watch *watch)
{
  g_autofree char *json = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *node;

  run (watch, collect);
  g_assert_nonnull (watch->report);
  json = callstats_report_to_json (watch->report);
  g_clear_pointer (&watch->report, callstats_report_unref);
  node = json_from_string (json, &error);
  g_assert_no_error (error);
  return node;
}

/* Returns: (nullable): the only object of that type */
static JsonObject *
find (JsonNode *report, const char *type)
{
  JsonObject *found = NULL;
  JsonObjectIter iter;
  JsonNode *node;

  json_object_iter_init (&iter, json_node_get_object (report));
  while (json_object_iter_next (&iter, NULL, &node)) {
    JsonObject *object = json_node_get_object (node);

    if (strcmp (json_object_get_string_member (object, "type"), type) != 0)
      continue;
    g_assert_null (found);
    found = object;
  }
  return found;
}

/* Asks until the object has the member, and it is at least so much.
 * Returns: (transfer full): the report */
static JsonNode *
wait_for (Watch *watch, const char *type, const char *member, double least)
{
  guint round;

  for (round = 0; round < ROUNDS; round++) {
    JsonNode *report = get_report (watch);
    JsonObject *object = find (report, type);

    if (object != NULL && json_object_has_member (object, member) &&
        json_object_get_double_member (object, member) >= least)
      return report;
    json_node_unref (report);
    call_fixture_wait_packets (
        watch->call, 0, call_fixture_peek_received (watch->call, 0) + 5);
  }
  g_error ("%s never has %s of %g", type, member, least);
}

/* Counts of the test's own */

typedef struct {
  gint packets; /* atomic */
  gint bytes;
} Count;

static GstPadProbeReturn
count (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Count *counted = user_data;
  GstBufferList *list;
  guint i;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    g_atomic_int_add (&counted->packets, 1);
    g_atomic_int_add (
        &counted->bytes, gst_buffer_get_size (GST_PAD_PROBE_INFO_BUFFER (info)) - 12);
    return GST_PAD_PROBE_OK;
  }
  list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
  for (i = 0; i < gst_buffer_list_length (list); i++) {
    g_atomic_int_add (&counted->packets, 1);
    g_atomic_int_add (
        &counted->bytes, gst_buffer_get_size (gst_buffer_list_get (list, i)) - 12);
  }
  return GST_PAD_PROBE_OK;
}

typedef struct {
  const char *pad;
  Count *counted;
} Wanted;

static void
on_pad_added (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  const Wanted *wanted = user_data;

  if (strcmp (GST_PAD_NAME (pad), wanted->pad) == 0)
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
        count, wanted->counted, NULL);
}

static void
count_at (CallFixture *call, const char *end_name, Wanted *wanted)
{
  g_autoptr (GstElement) webrtcbin = call_fixture_dup_webrtcbin (call, end_name);
  g_autoptr (GstElement) rtpbin = gst_bin_get_by_name (GST_BIN (webrtcbin), "rtpbin");

  g_signal_connect (rtpbin, "pad-added", G_CALLBACK (on_pad_added), wanted);
}

static CallFixture *
new_call (void)
{
  CallFixture *call = call_fixture_new ();

  g_object_set (call_fixture_get_loopback (call), "latency", LATENCY, NULL);
  return call;
}

static void
add_alaw (CallFixture *call)
{
  call_fixture_add_stream (call, 0,
      "audiotestsrc is-live=true samplesperbuffer=160 ! audio/x-raw,rate=8000 ! alawenc "
      "! "
      "rtppcmapay pt=8 min-ptime=20000000 max-ptime=20000000");
}

static void
start (CallFixture *call)
{
  call_fixture_play (call);
  call_fixture_wait_connected (call);
}

/* Nothing before the watch is forgotten; what cannot be known of it is absent. */
static void
test_a_call_that_runs_already_is_counted_whole (void)
{
  static const struct {
    const char *end, *pad, *type, *packets, *bytes, *headers;
  } rows[] = {
    { "caller", "send_rtp_src_0", "outbound-rtp", "packetsSent", "bytesSent",
        "headerBytesSent" },
    { "callee", "recv_rtp_sink_0", "inbound-rtp", "packetsReceived", "bytesReceived",
        "headerBytesReceived" },
  };
  g_autoptr (CallFixture) call = new_call ();
  Count counts[G_N_ELEMENTS (rows)] = { 0 };
  Wanted wanted[G_N_ELEMENTS (rows)];
  guint i;

  add_alaw (call);
  call_fixture_set_state (call, GST_STATE_READY);
  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    wanted[i] = (Wanted){ rows[i].pad, &counts[i] };
    count_at (call, rows[i].end, &wanted[i]);
  }
  start (call);
  call_fixture_wait_packets (call, 0, EARLIER);
  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (JsonNode) report = NULL;
    JsonObject *object;
    gint packets, bytes;
    Watch watch;

    watch_init (&watch, call, rows[i].end);
    json_node_unref (wait_for (&watch, rows[i].type, rows[i].packets, EARLIER));
    packets = g_atomic_int_get (&counts[i].packets);
    bytes = g_atomic_int_get (&counts[i].bytes);
    report = get_report (&watch);
    object = find (report, rows[i].type);
    g_assert_cmpint (json_object_get_int_member (object, rows[i].packets), >=, packets);
    g_assert_cmpint (json_object_get_int_member (object, rows[i].packets), <=,
        g_atomic_int_get (&counts[i].packets));
    g_assert_cmpint (json_object_get_int_member (object, rows[i].bytes), >=, bytes);
    g_assert_cmpint (json_object_get_int_member (object, rows[i].bytes), <=,
        g_atomic_int_get (&counts[i].bytes));
    g_assert_false (json_object_has_member (object, rows[i].headers));
    if (strcmp (rows[i].type, "inbound-rtp") == 0)
      g_assert_cmpint (json_object_get_int_member (object, "packetsLost"), ==, 0);
    watch_clear (&watch);
  }
}

/* When packets enter and leave the jitter buffer, by the test's own probes. */
typedef struct {
  GMutex lock;
  gint64 entered[65536];
  guint packets;
  double seconds; /* that all of them stayed */
} Stay;

static guint
get_seqnum (GstPadProbeInfo *info)
{
  guint8 seqnum[2];

  gst_buffer_extract (GST_PAD_PROBE_INFO_BUFFER (info), 2, seqnum, sizeof seqnum);
  return GST_READ_UINT16_BE (seqnum);
}

static GstPadProbeReturn
on_enter (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Stay *stay = user_data;

  g_mutex_lock (&stay->lock);
  stay->entered[get_seqnum (info)] = g_get_monotonic_time ();
  g_mutex_unlock (&stay->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_leave (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Stay *stay = user_data;

  g_mutex_lock (&stay->lock);
  stay->packets++;
  stay->seconds += (g_get_monotonic_time () - stay->entered[get_seqnum (info)]) /
                   (double)G_USEC_PER_SEC;
  g_mutex_unlock (&stay->lock);
  return GST_PAD_PROBE_OK;
}

static void
on_new_jitterbuffer (
    GstElement *rtpbin, GstElement *buffer, guint session, guint ssrc, gpointer user_data)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (buffer, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (buffer, "src");

  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER, on_enter, user_data, NULL);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, on_leave, user_data, NULL);
}

static void
read_stay (Stay *stay, guint *packets, double *seconds)
{
  g_mutex_lock (&stay->lock);
  *packets = stay->packets;
  *seconds = stay->seconds;
  g_mutex_unlock (&stay->lock);
}

/* A packet has 160 samples, and each of them stays as long as it. Probes of the test run
 * beside the plugin's: a packet more or less may have gone by. */
static void
check_stay (Watch *watch, Stay *stay)
{
  g_autoptr (JsonNode) report = NULL;
  guint packets_before, packets_after;
  double before, after, emitted, delay;
  JsonObject *inbound;

  read_stay (stay, &packets_before, &before);
  report = get_report (watch);
  read_stay (stay, &packets_after, &after);
  inbound = find (report, "inbound-rtp");
  emitted = json_object_get_double_member (inbound, "jitterBufferEmittedCount");
  delay = json_object_get_double_member (inbound, "jitterBufferDelay");
  g_assert_cmpfloat (emitted, >=, 160.0 * (packets_before - 1));
  g_assert_cmpfloat (emitted, <=, 160.0 * (packets_after + 1));
  g_assert_cmpfloat (delay, >=, 160 * before * 0.95 - 160 * 0.2);
  g_assert_cmpfloat (delay, <=, 160 * after * 1.05 + 160 * 0.2);
  g_assert_cmpfloat_with_epsilon (
      json_object_get_double_member (inbound, "jitterBufferTargetDelay") / emitted,
      LATENCY / 1000.0, 1e-9);
  g_assert_cmpint (json_object_get_int_member (inbound, "packetsDiscarded"), ==, 0);
}

static void
test_samples_stay_in_the_jitter_buffer (void)
{
  g_autoptr (CallFixture) call = new_call ();
  g_autoptr (GstElement) webrtcbin = NULL;
  g_autoptr (GstElement) rtpbin = NULL;
  Stay *stay = g_new0 (Stay, 1);
  Watch watch;

  g_mutex_init (&stay->lock);
  add_alaw (call);
  call_fixture_set_state (call, GST_STATE_READY);
  watch_init (&watch, call, "callee");
  webrtcbin = call_fixture_dup_webrtcbin (call, "callee");
  rtpbin = gst_bin_get_by_name (GST_BIN (webrtcbin), "rtpbin");
  g_signal_connect (rtpbin, "new-jitterbuffer", G_CALLBACK (on_new_jitterbuffer), stay);
  start (call);
  call_fixture_wait_packets (call, 0, EARLIER);
  json_node_unref (wait_for (&watch, "inbound-rtp", "jitterBufferEmittedCount", 160));
  check_stay (&watch, stay);
  watch_clear (&watch);
  call_fixture_stop (call);
  g_mutex_clear (&stay->lock);
  g_free (stay);
}

static void
test_reports_measure_the_round_trip (void)
{
  g_autoptr (CallFixture) call = new_call ();
  g_autoptr (JsonNode) report = NULL;
  gint64 begun = g_get_real_time () / 1000;
  JsonObject *remote, *outbound;
  double measured, last, total;
  Watch watch;

  add_alaw (call);
  call_fixture_set_state (call, GST_STATE_READY);
  watch_init (&watch, call, "caller");
  start (call);
  report = wait_for (&watch, "remote-inbound-rtp", "roundTripTimeMeasurements", 1);
  remote = find (report, "remote-inbound-rtp");
  outbound = find (report, "outbound-rtp");
  measured = json_object_get_double_member (remote, "roundTripTimeMeasurements");
  last = json_object_get_double_member (remote, "roundTripTime");
  total = json_object_get_double_member (remote, "totalRoundTripTime");
  g_assert_cmpfloat (last, >=, 0);
  g_assert_cmpfloat (total, >=, last);
  g_assert_cmpfloat (total, <, 5 * measured);
  /* It is as old as the block. */
  g_assert_cmpfloat (
      json_object_get_double_member (remote, "timestamp"), >=, (double)begun - 1000);
  g_assert_cmpfloat (json_object_get_double_member (remote, "timestamp"), <,
      json_object_get_double_member (outbound, "timestamp"));
  watch_clear (&watch);
}

static void
ask_for_key_frame (CallFixture *call, gboolean all_headers)
{
  g_autoptr (GstPad) src =
      gst_element_get_static_pad (call_fixture_get_loopback (call), "src_0");
  GstStructure *request = gst_structure_new (
      "GstForceKeyUnit", "all-headers", G_TYPE_BOOLEAN, all_headers, NULL);

  g_assert_nonnull (src);
  g_assert_true (gst_pad_send_event (
      src, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM, request)));
}

/* Both ends count the same: a PLI without headers, a FIR with. */
static void
test_requests_for_key_frames_are_counted (void)
{
  static const char *const members[] = { "pliCount", "firCount" };
  g_autoptr (CallFixture) call = new_call ();
  Watch caller, callee;
  guint i;

  call_fixture_add_video (call, 0);
  call_fixture_set_state (call, GST_STATE_READY);
  watch_init (&caller, call, "caller");
  watch_init (&callee, call, "callee");
  start (call);
  call_fixture_wait_packets (call, 0, 10);
  for (i = 0; i < G_N_ELEMENTS (members); i++) {
    g_autoptr (JsonNode) report = wait_for (&callee, "inbound-rtp", "packetsReceived", 1);

    g_assert_cmpint (
        json_object_get_int_member (find (report, "inbound-rtp"), members[i]), ==, 0);
    ask_for_key_frame (call, i == 1);
    json_node_unref (wait_for (&callee, "inbound-rtp", members[i], 1));
    json_node_unref (wait_for (&caller, "outbound-rtp", members[i], 1));
  }
  watch_clear (&caller);
  watch_clear (&callee);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  GST_PLUGIN_STATIC_REGISTER (callstats);
#define ADD(path, name) g_test_add_func ("/rtpstats/" path, test_##name)
  ADD ("late", a_call_that_runs_already_is_counted_whole);
  ADD ("jitter-buffer", samples_stay_in_the_jitter_buffer);
  ADD ("round-trip", reports_measure_the_round_trip);
  ADD ("key-frames", requests_for_key_frames_are_counted);
  return g_test_run ();
}
