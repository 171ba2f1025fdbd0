/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Calls that break in the middle: what callstatsmon tells of them, and how near it is to
 * the truth.
 *
 * Packets are cut at the nicesinks, so that no ICE state changes, as on GStreamer 1.22 in
 * life. CALLSTATS_LONG=1 in the environment makes the long outage 60 s; without it it is
 * just long enough to be a drop.
 */
#include "call-fixture.h"

#include <callstats/callstats.h>
#include <string.h>

#define START_ERROR (2 * G_TIME_SPAN_SECOND)
#define DURATION_ERROR 1000.0 /* ms */
#define REPORT_LATENCY (15 * G_TIME_SPAN_SECOND)

typedef struct {
  char *fabric;
  char *name;
  gint64 time; /* microseconds since the epoch */
  gint64 told; /* when it was heard of */
  GVariant *data;
} Event;

typedef struct {
  CallFixture *call;
  GstElement *mon;
  CallstatsClient *client;
  GMutex lock;
  GCond changed;
  GPtrArray *events;   /* Event */
  GHashTable *fabrics; /* the webrtcbin's name → id */
  GPtrArray *cut_pads; /* GstPad */
  GArray *cut_probes;  /* gulong */
} Watched;

static void
event_free (gpointer data)
{
  Event *event = data;

  g_free (event->fabric);
  g_free (event->name);
  g_variant_unref (event->data);
  g_free (event);
}

static void
on_fabric_event (const char *fabric, const char *name, gint64 time_us, GVariant *data,
    gpointer user_data)
{
  Watched *self = user_data;
  Event *event = g_new0 (Event, 1);

  event->fabric = g_strdup (fabric);
  event->name = g_strdup (name);
  event->time = time_us;
  event->told = g_get_real_time ();
  event->data = g_variant_ref (data);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->events, event);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static const CallstatsClientObserver observer = { .fabric_event = on_fabric_event };

static void
on_fabric_added (
    GstElement *mon, const char *fabric, GstElement *webrtcbin, Watched *self)
{
  g_mutex_lock (&self->lock);
  g_hash_table_insert (
      self->fabrics, gst_element_get_name (webrtcbin), g_strdup (fabric));
  g_mutex_unlock (&self->lock);
}

static Watched *
watched_new (CallFixture *call)
{
  Watched *self = g_new0 (Watched, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->call = call;
  self->events = g_ptr_array_new_with_free_func (event_free);
  self->fabrics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->cut_pads = g_ptr_array_new_with_free_func (gst_object_unref);
  self->cut_probes = g_array_new (FALSE, FALSE, sizeof (gulong));
  self->client = callstats_client_new (NULL, NULL);
  callstats_client_add_observer (self->client, &observer, self, NULL);
  self->mon = gst_object_ref (gst_element_factory_make ("callstatsmon", NULL));
  g_object_set (self->mon, "client", self->client, NULL);
  g_signal_connect (self->mon, "fabric-added", G_CALLBACK (on_fabric_added), self);
  gst_bin_add (GST_BIN (call_fixture_get_pipeline (call)), self->mon);
  return self;
}

/* After the call was stopped: by then everything has been told. */
static void
watched_free (Watched *self)
{
  callstats_client_remove_observer (self->client, self);
  g_assert_true (callstats_client_flush (self->client, 5000));
  g_object_unref (self->client);
  g_signal_handlers_disconnect_by_data (self->mon, self);
  gst_object_unref (self->mon);
  g_ptr_array_unref (self->events);
  g_hash_table_unref (self->fabrics);
  g_ptr_array_unref (self->cut_pads);
  g_array_unref (self->cut_probes);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Watched, watched_free)

/* With the lock held */
static Event *
find (Watched *self, const char *webrtcbin, const char *name, guint nth)
{
  const char *fabric = g_hash_table_lookup (self->fabrics, webrtcbin);

  for (guint i = 0; i < self->events->len; i++) {
    Event *event = g_ptr_array_index (self->events, i);

    if (g_strcmp0 (event->fabric, fabric) == 0 && strcmp (event->name, name) == 0 &&
        nth-- == 0)
      return event;
  }
  return NULL;
}

static Event *
wait_event (Watched *self, const char *webrtcbin, const char *name, guint seconds)
{
  gint64 deadline = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  Event *event;

  g_mutex_lock (&self->lock);
  while ((event = find (self, webrtcbin, name, 0)) == NULL) {
    if (!g_cond_wait_until (&self->changed, &self->lock, deadline))
      g_error ("Waited %u s in vain for %s of the %s", seconds, name, webrtcbin);
  }
  g_mutex_unlock (&self->lock);
  return event;
}

static guint
count (Watched *self, const char *webrtcbin, const char *name)
{
  guint n = 0;

  g_mutex_lock (&self->lock);
  while (find (self, webrtcbin, name, n) != NULL)
    n++;
  g_mutex_unlock (&self->lock);
  return n;
}

static const char *
get_text (const Event *event, const char *key)
{
  const char *text = NULL;

  g_variant_lookup (event->data, key, "&s", &text);
  return text;
}

static double
get_delay (const Event *event)
{
  double delay = -1;

  g_variant_lookup (event->data, "delay", "d", &delay);
  return delay;
}

/* Time has to pass: this is what is tested, nothing is waited for. */
static void
pass (double seconds)
{
  g_usleep (seconds * G_USEC_PER_SEC);
}

/* Long enough for the other end to have been heard. */
static void
play (Watched *self)
{
  call_fixture_play (self->call);
  call_fixture_wait_connected (self->call);
  call_fixture_wait_packets (self->call, 0, 20);
  wait_event (self, "caller", "fabricSetup", 20);
  wait_event (self, "callee", "fabricSetup", 20);
  pass (3);
}

static GstPadProbeReturn
drop (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_DROP;
}

static void
cut_sink (const GValue *item, gpointer user_data)
{
  Watched *self = user_data;
  GstPad *pad = gst_element_get_static_pad (g_value_get_object (item), "sink");
  gulong probe = gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, drop, NULL, NULL);

  g_ptr_array_add (self->cut_pads, pad);
  g_array_append_val (self->cut_probes, probe);
}

/* What that webrtcbin sends gets lost from now on. */
static gint64
cut (Watched *self, const char *name)
{
  g_autoptr (GstElement) webrtcbin = call_fixture_dup_webrtcbin (self->call, name);
  GstIterator *sinks =
      gst_bin_iterate_all_by_element_factory_name (GST_BIN (webrtcbin), "nicesink");

  g_assert_cmpint (gst_iterator_foreach (sinks, cut_sink, self), ==, GST_ITERATOR_DONE);
  gst_iterator_free (sinks);
  g_assert_cmpuint (self->cut_pads->len, >, 0);
  return g_get_real_time ();
}

static gint64
mend (Watched *self)
{
  for (guint i = 0; i < self->cut_pads->len; i++)
    gst_pad_remove_probe (
        self->cut_pads->pdata[i], g_array_index (self->cut_probes, gulong, i));
  g_ptr_array_set_size (self->cut_pads, 0);
  g_array_set_size (self->cut_probes, 0);
  return g_get_real_time ();
}

static void
check_start (const Event *start, gint64 cut_at)
{
  g_test_message ("disruption told %.3f s after the cut, back-dated to %+.3f s",
      (start->told - cut_at) / 1e6, (start->time - cut_at) / 1e6);
  g_assert_cmpstr (get_text (start, "cause"), ==, "silence");
  g_assert_cmpint (ABS (start->time - cut_at), <=, START_ERROR);
  g_assert_cmpint (start->told - cut_at, <=, REPORT_LATENCY);
}

static void
check_end (const Event *end, gint64 cut_at, gint64 mended_at)
{
  double truth = (mended_at - cut_at) / 1000.0;

  g_test_message ("%.3f s of disruption told as %.3f s, %.3f s after it", truth / 1000,
      get_delay (end) / 1000, (end->told - mended_at) / 1e6);
  g_assert_cmpstr (get_text (end, "cause"), ==, "silence");
  g_assert_cmpfloat (ABS (get_delay (end) - truth), <=, DURATION_ERROR);
  g_assert_cmpint (end->told - mended_at, <=, REPORT_LATENCY);
}

static void
check_terminated (Watched *self, const char *webrtcbin, const char *cause)
{
  Event *end = wait_event (self, webrtcbin, "fabricTerminated", 20);

  g_assert_cmpstr (get_text (end, "cause"), ==, cause);
  g_assert_cmpuint (count (self, webrtcbin, "fabricTerminated"), ==, 1);
}

/* Packets that are cut */

static void
test_eight_seconds_are_a_disruption (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();
  g_autoptr (Watched) watched = watched_new (call);
  gint64 cut_at, mended_at;

  play (watched);
  cut (watched, "callee");
  cut_at = cut (watched, "caller");
  pass (8);
  mended_at = mend (watched);
  check_end (wait_event (watched, "callee", "iceDisruptionEnd", 15), cut_at, mended_at);
  check_start (wait_event (watched, "callee", "iceDisruptionStart", 1), cut_at);
  call_fixture_stop (call);

  g_assert_cmpuint (count (watched, "callee", "iceDisruptionStart"), ==, 1);
  g_assert_cmpuint (count (watched, "callee", "iceDisruptionEnd"), ==, 1);
  g_assert_cmpuint (count (watched, "callee", "fabricDropped"), ==, 0);
  check_terminated (watched, "callee", "pipeline");
  check_terminated (watched, "caller", "pipeline");
}

static void
test_a_long_outage_is_a_drop_and_may_end (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();
  g_autoptr (Watched) watched = watched_new (call);
  gint64 cut_at, mended_at;
  Event *dropped;

  play (watched);
  cut (watched, "callee");
  cut_at = cut (watched, "caller");
  check_start (wait_event (watched, "callee", "iceDisruptionStart", 15), cut_at);
  dropped = wait_event (watched, "callee", "fabricDropped", 30);
  g_assert_cmpstr (get_text (dropped, "cause"), ==, "silence");
  g_assert_cmpfloat (ABS (get_delay (dropped) - 30000), <=, 2000);
  if (g_getenv ("CALLSTATS_LONG") != NULL)
    pass (60 - (g_get_real_time () - cut_at) / 1e6);
  mended_at = mend (watched);
  check_end (wait_event (watched, "callee", "iceDisruptionEnd", 15), cut_at, mended_at);
  call_fixture_stop (call);

  g_assert_cmpuint (count (watched, "callee", "iceDisruptionStart"), ==, 1);
  g_assert_cmpuint (count (watched, "callee", "fabricDropped"), ==, 1);
  g_assert_cmpuint (count (watched, "callee", "iceDisruptionEnd"), ==, 1);
  check_terminated (watched, "callee", "pipeline");
}

static void
test_an_outage_for_good_never_ends (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();
  g_autoptr (Watched) watched = watched_new (call);
  gint64 cut_at;

  play (watched);
  cut (watched, "callee");
  cut_at = cut (watched, "caller");
  wait_event (watched, "callee", "fabricDropped", 45);
  /* The caller, who heard only RTCP, misses it, too. */
  wait_event (watched, "caller", "fabricDropped", 20);
  call_fixture_stop (call);

  check_start (wait_event (watched, "callee", "iceDisruptionStart", 1), cut_at);
  g_assert_cmpuint (count (watched, "caller", "iceDisruptionStart"), ==, 1);
  g_assert_cmpuint (count (watched, "callee", "iceDisruptionEnd"), ==, 0);
  g_assert_cmpuint (count (watched, "callee", "fabricDropped"), ==, 1);
  check_terminated (watched, "callee", "pipeline");
  check_terminated (watched, "caller", "pipeline");
}

/* The callee hears nothing; its reports tell the caller. */
static void
test_one_direction_is_told_by_both_ends (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();
  g_autoptr (Watched) watched = watched_new (call);
  gint64 cut_at;
  Event *start;

  play (watched);
  pass (5); /* until the caller has reports */
  cut_at = cut (watched, "caller");
  check_start (wait_event (watched, "callee", "iceDisruptionStart", 15), cut_at);
  start = wait_event (watched, "caller", "oneWayMediaStart", 30);
  g_test_message ("one way told %.3f s after the cut, back-dated to %+.3f s",
      (start->told - cut_at) / 1e6, (start->time - cut_at) / 1e6);
  g_assert_cmpstr (get_text (start, "streamType"), ==, "outbound");
  g_assert_nonnull (get_text (start, "ssrc"));
  g_assert_nonnull (get_text (start, "mediaType"));
  g_assert_cmpstr (
      get_text (wait_event (watched, "caller", "circuitBreaker", 5), "disruptionType"),
      ==, "mediaTimeout");
  mend (watched);
  wait_event (watched, "callee", "iceDisruptionEnd", 15);
  wait_event (watched, "caller", "oneWayMediaStop", 15);
  call_fixture_stop (call);
  g_assert_cmpuint (count (watched, "caller", "iceDisruptionStart"), ==, 0);
  g_assert_cmpuint (count (watched, "callee", "oneWayMediaStart"), ==, 0);
}

/* Peers that go */

/* An end of stream, at the pad of an element inside that webrtcbin. */
static gint64
send_eos (Watched *self, const char *webrtcbin, const char *factory, const char *pad_name)
{
  g_autoptr (GstElement) bin = call_fixture_dup_webrtcbin (self->call, webrtcbin);
  GstIterator *elements =
      gst_bin_iterate_all_by_element_factory_name (GST_BIN (bin), factory);
  g_auto (GValue) found = G_VALUE_INIT;
  g_autoptr (GstPad) pad = NULL;

  g_assert_cmpint (gst_iterator_next (elements, &found), ==, GST_ITERATOR_OK);
  gst_iterator_free (elements);
  pad = gst_element_get_static_pad (g_value_get_object (&found), pad_name);
  if (pad == NULL)
    pad = gst_element_request_pad_simple (g_value_get_object (&found), pad_name);
  g_assert_nonnull (pad);
  gst_pad_send_event (pad, gst_event_new_stream_start ("bye"));
  gst_pad_send_event (pad, gst_event_new_eos ());
  return g_get_real_time ();
}

/* As browsers do with close(): webrtcbin sends no close_notify of its own. */
static void
test_a_peer_that_closes_ends_the_fabric (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();
  g_autoptr (Watched) watched = watched_new (call);
  gint64 closed_at;
  Event *end;

  play (watched);
  closed_at = send_eos (watched, "callee", "dtlsenc", "sink");
  end = wait_event (watched, "caller", "fabricTerminated", 10);
  g_test_message ("end told %.3f s after it", (end->told - closed_at) / 1e6);
  g_assert_cmpstr (get_text (end, "cause"), ==, "remote closed");
  call_fixture_stop (call);
  g_assert_cmpuint (count (watched, "caller", "fabricTerminated"), ==, 1);
  g_assert_cmpuint (count (watched, "caller", "iceDisruptionStart"), ==, 0);
}

static void
test_a_peer_that_says_goodbye_has_left (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (Watched) watched = NULL;
  gint64 left_at;
  Event *end;

  call_fixture_add_audio (call, 0);
  watched = watched_new (call);
  play (watched);
  left_at = send_eos (watched, "caller", "rtpsession", "send_rtp_sink");
  /* The BYE is the last that is heard of the caller. */
  pass (1);
  cut (watched, "caller");
  end = wait_event (watched, "callee", "fabricTerminated", 20);
  g_test_message ("end back-dated to %+.3f s, told %.3f s after it",
      (end->time - left_at) / 1e6, (end->told - left_at) / 1e6);
  g_assert_cmpstr (get_text (end, "cause"), ==, "remote left");
  g_assert_cmpint (ABS (end->time - left_at), <=, START_ERROR);
  call_fixture_stop (call);
  g_assert_cmpuint (count (watched, "callee", "fabricTerminated"), ==, 1);
  g_assert_cmpuint (count (watched, "callee", "iceDisruptionStart"), ==, 0);
}

/* What looks like a broken call */

static void
test_a_muted_sender_is_not_missed (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (Watched) watched = NULL;
  g_autoptr (GstElement) valve = NULL;
  GstElement *source = call_fixture_add_stream (call, 0,
      "audiotestsrc is-live=true ! valve name=valve ! opusenc ! rtpopuspay pt=96");

  valve = gst_bin_get_by_name (GST_BIN (source), "valve");
  watched = watched_new (call);
  play (watched);
  g_object_set (valve, "drop", TRUE, NULL);
  pass (30);
  g_object_set (valve, "drop", FALSE, NULL);
  pass (2);
  call_fixture_stop (call);
  g_assert_cmpuint (count (watched, "callee", "iceDisruptionStart"), ==, 0);
  g_assert_cmpuint (count (watched, "caller", "iceDisruptionStart"), ==, 0);
}

static void
test_a_paused_pipeline_misses_nobody (void)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();
  g_autoptr (Watched) watched = watched_new (call);

  play (watched);
  call_fixture_set_state (call, GST_STATE_PAUSED);
  pass (14);
  call_fixture_set_state (call, GST_STATE_PLAYING);
  pass (9);
  call_fixture_stop (call);
  g_assert_cmpuint (count (watched, "callee", "iceDisruptionStart"), ==, 0);
  g_assert_cmpuint (count (watched, "caller", "iceDisruptionStart"), ==, 0);
}

/* Streams */

static void
test_streams_are_told (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (Watched) watched = NULL;
  g_autoptr (GstElement) valve = NULL;
  g_autoptr (GVariant) map = NULL;
  GstElement *source = call_fixture_add_stream (call, 0,
      "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 ! valve name=valve");
  Event *sdp;

  call_fixture_add_video (call, 1);
  valve = gst_bin_get_by_name (GST_BIN (source), "valve");
  watched = watched_new (call);
  g_object_set (watched->mon, "collect-sdp", TRUE, NULL);
  play (watched);
  map = g_variant_lookup_value (wait_event (watched, "callee", "ssrcMap", 5)->data,
      "ssrcData", G_VARIANT_TYPE ("aa{sv}"));
  g_assert_nonnull (map);
  g_assert_cmpuint (g_variant_n_children (map), ==, 2);
  sdp = wait_event (watched, "callee", "sdpSubmissionEvent", 5);
  g_assert_nonnull (strstr (get_text (sdp, "remoteSDP"), "a=ice-pwd:***"));
  g_assert_nonnull (strstr (get_text (sdp, "localSDP"), "a=ice-pwd:***"));
  g_assert_cmpuint (count (watched, "callee", "mediaPlaybackStart"), ==, 2);

  g_object_set (valve, "drop", TRUE, NULL);
  g_assert_cmpstr (get_text (wait_event (watched, "callee", "mediaPlaybackSuspended", 12),
                       "mediaType"),
      ==, "audio");
  g_object_set (valve, "drop", FALSE, NULL);
  pass (2);
  call_fixture_stop (call);
  g_assert_cmpuint (count (watched, "callee", "mediaPlaybackStart"), ==, 3);
  g_assert_cmpuint (count (watched, "callee", "mediaPlaybackSuspended"), ==, 1);
  g_assert_cmpuint (count (watched, "caller", "mediaPlaybackStart"), ==, 0);
}

static void
link_decoder (GstElement *decoder, GstPad *pad)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (decoder, "sink");

  if (GST_PAD_IS_SRC (pad))
    g_assert_cmpint (gst_pad_link (pad, sink), ==, GST_PAD_LINK_OK);
}

/* At src_0 of the call, once there is one: a decoder and a valve behind its input. */
static void
test_frames_are_told (void)
{
  g_autoptr (CallFixture) call = call_fixture_new ();
  g_autoptr (Watched) watched = NULL;
  g_autoptr (GstElement) valve = NULL;
  g_autoptr (GError) error = NULL;
  GstElement *decoder = gst_parse_bin_from_description (
      "valve name=valve ! rtpvp8depay ! vp8dec ! fakesink async=false sync=false", TRUE,
      &error);
  Event *stalled;

  g_assert_no_error (error);
  call_fixture_add_video (call, 0);
  call_fixture_leave_unlinked (call, 0);
  valve = gst_bin_get_by_name (GST_BIN (decoder), "valve");
  watched = watched_new (call);
  gst_bin_add (GST_BIN (call_fixture_get_pipeline (call)), decoder);
  g_signal_connect_swapped (
      call_fixture_get_loopback (call), "pad-added", G_CALLBACK (link_decoder), decoder);
  call_fixture_play (call);
  call_fixture_wait_connected (call);
  call_fixture_wait_packets (call, 0, 60);
  pass (2);
  g_assert_cmpuint (count (watched, "callee", "mediaPlaybackStart"), ==, 2);
  g_object_set (valve, "drop", TRUE, NULL);
  stalled = wait_event (watched, "callee", "mediaPlaybackStalled", 12);
  g_assert_cmpstr (get_text (stalled, "mediaType"), ==, "video");
  g_assert_cmpstr (get_text (stalled, "stage"), ==, "frame");
  call_fixture_stop (call);
  g_assert_cmpuint (count (watched, "callee", "mediaPlaybackSuspended"), ==, 0);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/brokencalls/eight-seconds", test_eight_seconds_are_a_disruption);
  g_test_add_func ("/brokencalls/long-outage", test_a_long_outage_is_a_drop_and_may_end);
  g_test_add_func ("/brokencalls/for-good", test_an_outage_for_good_never_ends);
  g_test_add_func ("/brokencalls/one-way", test_one_direction_is_told_by_both_ends);
  g_test_add_func ("/brokencalls/streams", test_streams_are_told);
  g_test_add_func ("/brokencalls/frames", test_frames_are_told);
  g_test_add_func ("/brokencalls/peer-closed", test_a_peer_that_closes_ends_the_fabric);
  g_test_add_func ("/brokencalls/peer-left", test_a_peer_that_says_goodbye_has_left);
  g_test_add_func ("/brokencalls/muted", test_a_muted_sender_is_not_missed);
  g_test_add_func ("/brokencalls/paused", test_a_paused_pipeline_misses_nobody);
  return g_test_run ();
}
