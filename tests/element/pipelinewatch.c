/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a pipeline in a call tells by itself: each change once, and nothing at its end.
 */
#include "call-fixture.h"

#include <gio/gio.h>
#include <gst/webrtc/webrtc.h>
#include <string.h>

#include "test-elements.h"

#define SETTLING \
  30 /* reports of 100 ms: longer than what is silent for 2 s stays untold */

typedef struct {
  char *name;
  GstStructure *data;
} Event;

/* A call and what its monitor tells of it. */
typedef struct {
  CallFixture *call;
  GstElement *mon;
  GMutex lock;
  GPtrArray *events; /* Event */
  guint reports;
} Scene;

static void
event_free (gpointer data)
{
  Event *event = data;

  g_free (event->name);
  gst_structure_free (event->data);
  g_free (event);
}

static void
on_fabric_event (GstElement *mon, const char *fabric, const char *name,
    const GstStructure *data, Scene *self)
{
  Event *event = g_new0 (Event, 1);

  event->name = g_strdup (name);
  event->data = gst_structure_copy (data);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->events, event);
  g_mutex_unlock (&self->lock);
  call_fixture_wake (self->call);
}

static void
on_report (GstElement *mon, const char *fabric, const char *report, Scene *self)
{
  g_mutex_lock (&self->lock);
  self->reports++;
  g_mutex_unlock (&self->lock);
  call_fixture_wake (self->call);
}

/* The fixture's handler would keep every message from the monitor. */
static void
free_the_bus (CallFixture *call)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (call_fixture_get_pipeline (call));

  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
}

/* webrtcbin: NULL: both are watched */
static Scene *
scene_new (const char *webrtcbin)
{
  Scene *self = g_new0 (Scene, 1);

  g_mutex_init (&self->lock);
  self->call = call_fixture_new ();
  self->events = g_ptr_array_new_with_free_func (event_free);
  self->mon = gst_object_ref (gst_element_factory_make ("callstatsmon", NULL));
  g_object_set (self->mon, "interval", 100, "webrtcbin-name", webrtcbin, NULL);
  g_signal_connect (self->mon, "fabric-event", G_CALLBACK (on_fabric_event), self);
  g_signal_connect (self->mon, "report", G_CALLBACK (on_report), self);
  gst_bin_add (GST_BIN (call_fixture_get_pipeline (self->call)), self->mon);
  free_the_bus (self->call);
  return self;
}

static void
scene_free (Scene *self)
{
  call_fixture_stop (self->call);
  g_signal_handlers_disconnect_by_data (self->mon, self);
  gst_object_unref (self->mon);
  call_fixture_free (self->call);
  g_ptr_array_unref (self->events);
  g_mutex_clear (&self->lock);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scene, scene_free)

static guint
count (Scene *self, const char *name)
{
  guint n = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->events->len; i++)
    n += strcmp (((Event *)self->events->pdata[i])->name, name) == 0;
  g_mutex_unlock (&self->lock);
  return n;
}

typedef struct {
  Scene *self;
  const char *name;
  guint wanted;
} Wanted;

static gboolean
has_told (CallFixture *call, gpointer data)
{
  Wanted *wanted = data;

  return count (wanted->self, wanted->name) >= wanted->wanted;
}

static void
wait_for (Scene *self, const char *name, guint wanted)
{
  Wanted wait = { self, name, wanted };

  call_fixture_wait (self->call, name, has_told, &wait);
}

static gboolean
has_reported (CallFixture *call, gpointer data)
{
  Wanted *wanted = data;
  gboolean has;

  g_mutex_lock (&wanted->self->lock);
  has = wanted->self->reports >= wanted->wanted;
  g_mutex_unlock (&wanted->self->lock);
  return has;
}

/* Time in which something could be told that must not be: counted in reports. */
static void
let_pass (Scene *self, guint reports)
{
  Wanted wait = { self, NULL, reports };

  g_mutex_lock (&self->lock);
  wait.wanted += self->reports;
  g_mutex_unlock (&self->lock);
  call_fixture_wait (self->call, "more reports", has_reported, &wait);
}

/* The text of a field of the last such event; NULL: it has none */
static char *
get_text (Scene *self, const char *name, const char *field)
{
  char *text = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = self->events->len; i > 0; i--) {
    Event *event = self->events->pdata[i - 1];

    if (strcmp (event->name, name) == 0) {
      text = g_strdup (gst_structure_get_string (event->data, field));
      break;
    }
  }
  g_mutex_unlock (&self->lock);
  return text;
}

static void
assert_text (Scene *self, const char *name, const char *field, const char *expected)
{
  g_autofree char *text = get_text (self, name, field);

  g_assert_cmpstr (text, ==, expected);
}

static GstElement *
get (GstElement *stream, const char *name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (stream), name);

  g_assert_nonnull (element);
  return element;
}

static void
start (Scene *self)
{
  call_fixture_play (self->call);
  call_fixture_wait_connected (self->call);
  wait_for (self, "fabricSetup", 1);
}

/* Everything these pipelines tell by themselves, by how often; the rest not at all. */
typedef struct {
  const char *name;
  guint times;
} Times;

static void
stop_and_assert (Scene *self, const Times *times, guint n_times)
{
  static const char *const names[] = { "audioMute", "audioUnmute", "videoPause",
    "videoResume", "fabricHold", "fabricResume", "screenShareStart", "screenShareStop",
    "dominantSpeaker", "activeDeviceList", "connectedDeviceList", "applicationErrorLog" };

  call_fixture_stop (self->call);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    guint expected = 0;

    for (guint j = 0; j < n_times; j++) {
      if (strcmp (times[j].name, names[i]) == 0)
        expected = times[j].times;
    }
    if (count (self, names[i]) != expected)
      g_error (
          "%s was told %u times, not %u", names[i], count (self, names[i]), expected);
  }
  g_assert_cmpstr (((Event *)self->events->pdata[self->events->len - 1])->name, ==,
      "fabricTerminated");
}

#define ASSERT_TOLD(self, ...) \
  stop_and_assert (self, (const Times[]){ __VA_ARGS__ }, \
      sizeof ((const Times[]){ __VA_ARGS__ }) / sizeof (Times))

/* Mute */

static void
test_a_muted_volume_is_a_mute (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  GstElement *stream = call_fixture_add_stream (self->call, 0,
      "audiotestsrc is-live=true ! volume name=volume ! opusenc ! rtpopuspay pt=96");
  g_autoptr (GstElement) volume = get (stream, "volume");

  start (self);
  g_object_set (volume, "mute", TRUE, NULL);
  wait_for (self, "audioMute", 1);
  assert_text (self, "audioMute", "cause", "mute");
  assert_text (self, "audioMute", "mediaType", "audio");
  assert_text (self, "audioMute", "mediaDeviceID", NULL);
  g_object_set (volume, "mute", FALSE, NULL);
  wait_for (self, "audioUnmute", 1);
  assert_text (self, "audioUnmute", "cause", "mute");
  g_object_set (volume, "volume", 0.0, NULL);
  wait_for (self, "audioMute", 2);
  g_object_set (volume, "volume", 0.5, NULL);
  wait_for (self, "audioUnmute", 2);
  let_pass (self, SETTLING);
  ASSERT_TOLD (self, { "audioMute", 2 }, { "audioUnmute", 2 });
}

static void
test_a_mute_from_the_beginning_is_told_once_the_call_is_up (void)
{
  g_autoptr (Scene) self = scene_new ("caller");

  call_fixture_add_stream (self->call, 0,
      "audiotestsrc is-live=true ! volume mute=true ! opusenc ! rtpopuspay pt=96");
  start (self);
  wait_for (self, "audioMute", 1);
  g_assert_cmpuint (count (self, "fabricSetup"), ==, 1);
  ASSERT_TOLD (self, { "audioMute", 1 });
}

static void
test_a_voice_is_muted_only_if_every_way_is (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  GstElement *stream = call_fixture_add_stream (self->call, 0,
      "audiotestsrc is-live=true ! volume name=one ! audiomixer name=mixer "
      "audiotestsrc is-live=true ! volume name=two ! mixer. "
      "mixer. ! opusenc ! rtpopuspay pt=96");
  g_autoptr (GstElement) one = get (stream, "one");
  g_autoptr (GstElement) two = get (stream, "two");

  start (self);
  g_object_set (one, "mute", TRUE, NULL);
  let_pass (self, SETTLING);
  g_assert_cmpuint (count (self, "audioMute"), ==, 0);
  g_object_set (two, "mute", TRUE, NULL);
  wait_for (self, "audioMute", 1);
  g_object_set (one, "mute", FALSE, NULL);
  wait_for (self, "audioUnmute", 1);
  ASSERT_TOLD (self, { "audioMute", 1 }, { "audioUnmute", 1 });
}

/* Nothing comes behind a valve, which alone would be a reason to tell. */
static void
test_a_closed_valve_is_one_pause_however_long (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  g_autoptr (GstElement) valve = NULL;
  GstElement *stream;

  call_fixture_add_audio (self->call, 0);
  stream = call_fixture_add_stream (self->call, 1,
      "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! "
      "valve name=valve ! vp8enc deadline=1 ! rtpvp8pay pt=97");
  valve = get (stream, "valve");
  start (self);
  call_fixture_wait_packets (self->call, 1, 10);
  g_object_set (valve, "drop", TRUE, NULL);
  wait_for (self, "videoPause", 1);
  assert_text (self, "videoPause", "cause", "valve");
  let_pass (self, SETTLING);
  g_object_set (valve, "drop", FALSE, NULL);
  wait_for (self, "videoResume", 1);
  assert_text (self, "videoResume", "cause", "valve");
  let_pass (self, SETTLING);
  ASSERT_TOLD (self, { "videoPause", 1 }, { "videoResume", 1 });
}

static GObject *
get_transceiver (Scene *self)
{
  g_autoptr (GstElement) caller = call_fixture_dup_webrtcbin (self->call, "caller");
  g_autoptr (GstPad) pad = GST_PAD (gst_object_ref (caller->sinkpads->data));
  GObject *transceiver = NULL;

  g_object_get (pad, "transceiver", &transceiver, NULL);
  g_assert_nonnull (transceiver);
  return transceiver;
}

static void
test_a_direction_that_sends_nothing_is_a_mute (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  g_autoptr (GObject) transceiver = NULL;

  call_fixture_add_audio (self->call, 0);
  start (self);
  transceiver = get_transceiver (self);
  g_object_set (
      transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_INACTIVE, NULL);
  wait_for (self, "audioMute", 1);
  assert_text (self, "audioMute", "cause", "direction");
  g_object_set (
      transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, NULL);
  wait_for (self, "audioUnmute", 1);
  ASSERT_TOLD (self, { "audioMute", 1 }, { "audioUnmute", 1 });
}

static void
test_a_source_that_stands_still_is_a_mute (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  GstElement *stream = call_fixture_add_audio (self->call, 0);
  g_autoptr (GstElement) source = get (stream, "source");

  start (self);
  call_fixture_wait_packets (self->call, 0, 10);
  gst_element_set_state (source, GST_STATE_PAUSED);
  wait_for (self, "audioMute", 1);
  assert_text (self, "audioMute", "cause", "silence");
  gst_element_set_state (source, GST_STATE_PLAYING);
  wait_for (self, "audioUnmute", 1);
  let_pass (self, SETTLING);
  ASSERT_TOLD (self, { "audioMute", 1 }, { "audioUnmute", 1 });
}

static void
test_pads_and_elements_that_go_end_quietly (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  GstElement *loopback = call_fixture_get_loopback (self->call);
  g_autoptr (GstElement) stream = NULL;
  g_autoptr (GstElement) valve = NULL;
  g_autoptr (GstPad) pad = NULL;

  call_fixture_add_audio (self->call, 0);
  stream = gst_object_ref (call_fixture_add_stream (self->call, 1,
      "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! "
      "identity ! valve name=valve ! vp8enc deadline=1 ! rtpvp8pay pt=97"));
  valve = get (stream, "valve");
  start (self);
  call_fixture_wait_packets (self->call, 1, 10);
  g_object_set (valve, "drop", TRUE, NULL);
  wait_for (self, "videoPause", 1);
  pad = gst_element_get_static_pad (loopback, "sink_1");
  gst_element_unlink (stream, loopback);
  let_pass (self, SETTLING); /* no way to the source is no way that is open */
  gst_element_release_request_pad (loopback, pad);
  gst_bin_remove (GST_BIN (call_fixture_get_pipeline (self->call)), stream);
  gst_element_set_state (stream, GST_STATE_NULL);
  g_object_set (valve, "drop", FALSE, NULL);
  let_pass (self, SETTLING);
  ASSERT_TOLD (self, { "videoPause", 1 });
}

/* Hold */

static void
test_a_paused_pipeline_is_a_hold_and_no_mute (void)
{
  g_autoptr (Scene) self = scene_new ("caller");

  call_fixture_add_audio (self->call, 0);
  start (self);
  call_fixture_wait_packets (self->call, 0, 10);
  for (guint i = 1; i <= 2; i++) {
    call_fixture_set_state (self->call, GST_STATE_PAUSED);
    wait_for (self, "fabricHold", i);
    let_pass (self, SETTLING);
    call_fixture_set_state (self->call, GST_STATE_PLAYING);
    wait_for (self, "fabricResume", i);
    let_pass (self, SETTLING);
  }
  ASSERT_TOLD (self, { "fabricHold", 2 }, { "fabricResume", 2 });
}

static void
test_a_pipeline_that_is_stopped_while_on_hold_does_not_resume (void)
{
  g_autoptr (Scene) self = scene_new ("caller");

  call_fixture_add_audio (self->call, 0);
  start (self);
  call_fixture_set_state (self->call, GST_STATE_PAUSED);
  wait_for (self, "fabricHold", 1);
  ASSERT_TOLD (self, { "fabricHold", 1 });
}

static void
test_a_pipeline_that_is_stopped_was_not_on_hold (void)
{
  g_autoptr (Scene) self = scene_new ("caller");

  call_fixture_add_audio (self->call, 0);
  start (self);
  ASSERT_TOLD (self, { "nothing", 0 });
}

/* Screens */

static void
test_a_screen_is_shared_while_its_source_runs (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  GstElement *stream;
  g_autoptr (GstElement) source = NULL;

  call_fixture_add_audio (self->call, 0);
  stream = call_fixture_add_stream (self->call, 1,
      "testscreensrc is-live=true name=source ! "
      "video/x-raw,width=160,height=120,framerate=15/1 ! "
      "vp8enc deadline=1 ! rtpvp8pay pt=97");
  source = get (stream, "source");
  start (self);
  wait_for (self, "screenShareStart", 1);
  assert_text (self, "screenShareStart", "mediaType", "video");
  gst_element_set_locked_state (source, TRUE);
  gst_element_set_state (source, GST_STATE_READY);
  wait_for (self, "screenShareStop", 1);
  gst_element_set_locked_state (source, FALSE);
  gst_element_sync_state_with_parent (source);
  wait_for (self, "screenShareStart", 2);
  call_fixture_stop (self->call);
  g_assert_cmpuint (count (self, "screenShareStart"), ==, 2);
  g_assert_cmpuint (count (self, "screenShareStop"), ==, 1);
}

static gboolean
is_of_a_screen (CallFixture *call, gpointer data)
{
  g_autofree char *usage = get_text (data, "fabricUsageEvent", "fabricUsage");

  return g_strcmp0 (usage, "screen") == 0;
}

static void
test_a_screen_alone_is_what_the_fabric_is_used_for (void)
{
  g_autoptr (Scene) self = scene_new ("caller");

  call_fixture_add_stream (self->call, 0,
      "testscreensrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! "
      "vp8enc deadline=1 ! rtpvp8pay pt=97");
  start (self);
  call_fixture_wait (self->call, "fabricUsage screen", is_of_a_screen, self);
  call_fixture_stop (self->call);
}

typedef struct {
  CallFixture *call;
  gint held; /* atomic */
} Hold;

static GstPadProbeReturn
on_held (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Hold *hold = user_data;

  g_atomic_int_set (&hold->held, TRUE);
  call_fixture_wake (hold->call);
  return GST_PAD_PROBE_OK;
}

static gboolean
is_held (CallFixture *call, gpointer data)
{
  return g_atomic_int_get (&((Hold *)data)->held);
}

/* A source that pushes into nothing posts an error. */
static void
hold_back (CallFixture *call, GstElement *stream)
{
  g_autoptr (GstPad) src = gst_element_get_static_pad (stream, "src");
  Hold *hold = g_new0 (Hold, 1);

  hold->call = call;
  gst_pad_add_probe (src,
      GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER |
          GST_PAD_PROBE_TYPE_BUFFER_LIST,
      on_held, hold, g_free);
  call_fixture_wait (call, "the last buffer", is_held, hold);
}

static void
test_a_screen_that_is_taken_away_is_not_shared_any_more (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  GstElement *loopback = call_fixture_get_loopback (self->call);
  g_autoptr (GstElement) stream = NULL;
  g_autoptr (GstPad) pad = NULL;

  call_fixture_add_audio (self->call, 0);
  stream = gst_object_ref (call_fixture_add_stream (self->call, 1,
      "testscreensrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! "
      "vp8enc deadline=1 ! rtpvp8pay pt=97"));
  start (self);
  wait_for (self, "screenShareStart", 1);
  pad = gst_element_get_static_pad (loopback, "sink_1");
  hold_back (self->call, stream);
  gst_element_unlink (stream, loopback);
  gst_element_release_request_pad (loopback, pad);
  wait_for (self, "screenShareStop", 1);
  gst_bin_remove (GST_BIN (call_fixture_get_pipeline (self->call)), stream);
  gst_element_set_state (stream, GST_STATE_NULL);
  ASSERT_TOLD (self, { "screenShareStart", 1 }, { "screenShareStop", 1 });
}

/* Devices */

static void
test_devices_are_told_when_asked_for (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  g_autofree char *present = NULL;
  g_autofree char *in_use = NULL;
  g_autofree char *device = NULL;
  GstElement *stream = call_fixture_add_stream (self->call, 0,
      "testmicrophonesrc is-live=true device=mic-1 ! volume name=volume ! opusenc ! "
      "rtpopuspay pt=96");
  g_autoptr (GstElement) volume = get (stream, "volume");

  g_object_set (self->mon, "collect-devices", TRUE, NULL);
  start (self);
  wait_for (self, "activeDeviceList", 1);
  in_use = get_text (self, "activeDeviceList", "deviceList");
  g_assert_cmpstr (in_use, ==,
      "[{\"label\":\"Microphone "
      "mic-1\",\"deviceId\":\"mic-1\",\"kind\":\"audioinput\"}]");
  wait_for (self, "connectedDeviceList", 1);
  present = get_text (self, "connectedDeviceList", "deviceList");
  g_assert_nonnull (strstr (present, "\"deviceId\":\"mic-1\""));
  g_assert_nonnull (strstr (present, "\"label\":\"Desk microphone\""));
  g_assert_nonnull (strstr (present, "\"groupId\":\"desk\""));
  g_assert_null (strstr (present, "mic-2"));

  test_devices_plug ("mic-2", "Headset");
  wait_for (self, "connectedDeviceList", 2);
  test_devices_unplug ("mic-2");
  wait_for (self, "connectedDeviceList", 3);

  g_object_set (volume, "mute", TRUE, NULL);
  wait_for (self, "audioMute", 1);
  device = get_text (self, "audioMute", "mediaDeviceID");
  g_assert_cmpstr (device, ==, "mic-1");
  ASSERT_TOLD (
      self, { "activeDeviceList", 1 }, { "connectedDeviceList", 3 }, { "audioMute", 1 });
}

static void
test_devices_stay_untold_unless_asked_for (void)
{
  g_autoptr (Scene) self = scene_new ("caller");

  call_fixture_add_stream (self->call, 0,
      "testmicrophonesrc is-live=true device=mic-1 ! volume mute=true ! opusenc ! "
      "rtpopuspay pt=96");
  start (self);
  wait_for (self, "audioMute", 1);
  assert_text (self, "audioMute", "mediaDeviceID", NULL);
  let_pass (self, SETTLING);
  ASSERT_TOLD (self, { "audioMute", 1 });
}

/* Who speaks */

static GstElement *
hear_callee (Scene *self)
{
  g_autoptr (GError) error = NULL;
  GstElement *ear = gst_parse_bin_from_description (
      "rtpopusdepay ! opusdec ! volume name=volume volume=0.1 ! "
      "level interval=100000000 ! fakesink async=false",
      TRUE, &error);

  g_assert_no_error (error);
  gst_bin_add (GST_BIN (call_fixture_get_pipeline (self->call)), ear);
  gst_element_sync_state_with_parent (ear);
  g_assert_true (gst_element_link_pads (
      call_fixture_get_loopback (self->call), "src_0", ear, "sink"));
  return ear;
}

static gboolean
has_src (CallFixture *call, gpointer unused)
{
  return call_fixture_peek_has_src (call, 0);
}

static void
test_the_louder_side_is_the_dominant_speaker (void)
{
  g_autoptr (Scene) self = scene_new (NULL);
  g_autoptr (GstElement) far = NULL;

  call_fixture_leave_unlinked (self->call, 0);
  call_fixture_add_stream (self->call, 0,
      "audiotestsrc is-live=true volume=0.1 ! level interval=100000000 ! opusenc ! "
      "rtpopuspay pt=96");
  start (self);
  call_fixture_wait (self->call, "src_0", has_src, NULL);
  far = get (hear_callee (self), "volume");
  wait_for (self, "dominantSpeaker", 1);
  g_object_set (far, "volume", 5.0, NULL);
  let_pass (self, 2 * SETTLING); /* of two fabrics */
  g_object_set (far, "volume", 0.1, NULL);
  wait_for (self, "dominantSpeaker", 2);
  ASSERT_TOLD (self, { "dominantSpeaker", 2 });
}

/* Errors and warnings */

static void
test_errors_and_warnings_are_logged_once_without_secrets (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  GstElement *stream = call_fixture_add_audio (self->call, 0);
  g_autoptr (GstElement) source = get (stream, "source");

  start (self);
  GST_ELEMENT_WARNING (source, RESOURCE, OPEN_READ,
      ("Cannot open rtsp://me:secret@example.org/cam?key=secret now"), (NULL));
  wait_for (self, "applicationErrorLog", 1);
  assert_text (self, "applicationErrorLog", "level", "warn");
  assert_text (self, "applicationErrorLog", "messageType", "text");
  assert_text (self, "applicationErrorLog", "element", "source");
  assert_text (
      self, "applicationErrorLog", "message", "Cannot open rtsp://example.org/cam now");
  GST_ELEMENT_ERROR (source, RESOURCE, BUSY, ("It is busy"), (NULL));
  wait_for (self, "applicationErrorLog", 2);
  assert_text (self, "applicationErrorLog", "level", "error");
  assert_text (self, "applicationErrorLog", "message", "It is busy");
  /* Its own are none of the pipeline's. */
  GST_ELEMENT_WARNING (self->mon, LIBRARY, FAILED, ("No backend"), (NULL));
  let_pass (self, 5);
  ASSERT_TOLD (self, { "applicationErrorLog", 2 });
}

static void
test_a_flood_of_warnings_is_cut (void)
{
  g_autoptr (Scene) self = scene_new ("caller");
  GstElement *stream = call_fixture_add_audio (self->call, 0);
  g_autoptr (GstElement) source = get (stream, "source");

  start (self);
  for (guint i = 0; i < 100; i++)
    GST_ELEMENT_WARNING (source, RESOURCE, OPEN_READ, ("Warning %u", i), (NULL));
  wait_for (self, "applicationErrorLog", 10);
  let_pass (self, 5);
  ASSERT_TOLD (self, { "applicationErrorLog", 10 });
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  test_elements_register ();
  test_devices_plug ("mic-1", "Desk microphone");
#define TEST(path, function) g_test_add_func ("/mon/pipeline/" path, function)
  TEST ("mute/volume", test_a_muted_volume_is_a_mute);
  TEST ("mute/from-the-beginning",
      test_a_mute_from_the_beginning_is_told_once_the_call_is_up);
  TEST ("mute/every-way", test_a_voice_is_muted_only_if_every_way_is);
  TEST ("mute/valve", test_a_closed_valve_is_one_pause_however_long);
  TEST ("mute/direction", test_a_direction_that_sends_nothing_is_a_mute);
  TEST ("mute/source-stands-still", test_a_source_that_stands_still_is_a_mute);
  TEST ("mute/pads-that-go", test_pads_and_elements_that_go_end_quietly);
  TEST ("hold/paused", test_a_paused_pipeline_is_a_hold_and_no_mute);
  TEST ("hold/stopped-while-on-hold",
      test_a_pipeline_that_is_stopped_while_on_hold_does_not_resume);
  TEST ("hold/stopped", test_a_pipeline_that_is_stopped_was_not_on_hold);
  TEST ("screen/source-runs", test_a_screen_is_shared_while_its_source_runs);
  TEST ("screen/alone-is-the-usage", test_a_screen_alone_is_what_the_fabric_is_used_for);
  TEST ("screen/taken-away", test_a_screen_that_is_taken_away_is_not_shared_any_more);
  TEST ("devices/asked-for", test_devices_are_told_when_asked_for);
  TEST ("devices/not-asked-for", test_devices_stay_untold_unless_asked_for);
  TEST ("speaker/louder", test_the_louder_side_is_the_dominant_speaker);
  TEST ("log/once-without-secrets",
      test_errors_and_warnings_are_logged_once_without_secrets);
  TEST ("log/flood", test_a_flood_of_warnings_is_cut);
  return g_test_run ();
}
