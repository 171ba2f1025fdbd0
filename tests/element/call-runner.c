/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs calls one after another and says how many threads are left: a process of its own
 * for tests that need an environment of their own, such as GStreamer's leaks tracer or
 * a network namespace.
 *
 *   call-runner loopback CYCLES    audio and video through callstatsloopback
 *   call-runner monitored CYCLES   the same, watched by callstatsmon
 *   call-runner webrtcbin CYCLES   the control: two webrtcbins, connected by hand
 *
 * Prints "threads AFTER-CYCLE-3 AFTER-THE-LAST" and exits 0. A GLib warning or a
 * deadline that passes aborts it.
 */
#include "call-fixture.h"

#include <gst/webrtc/webrtc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTLED_AFTER 3

static void
run_loopback_call (gboolean monitored)
{
  g_autoptr (CallFixture) call = call_fixture_new_audio_video ();

  if (monitored)
    gst_bin_add (GST_BIN (call_fixture_get_pipeline (call)),
        gst_element_factory_make ("callstatsmon", NULL));
  call_fixture_play (call);
  call_fixture_wait_connected (call);
  call_fixture_wait_packets (call, 0, 1);
  call_fixture_wait_packets (call, 1, 1);
  call_fixture_stop (call);
}

/* The control: what webrtcbin alone does in the same scenario, done the short way. */

typedef struct {
  GstElement *pipeline, *caller, *callee;
  GMutex lock;
  GCond changed;
  guint connected;
} Control;

static void
add_candidate (GstElement *from, guint mline, const gchar *candidate, gpointer to)
{
  g_signal_emit_by_name (to, "add-ice-candidate", mline, candidate);
}

static void
on_connection_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  Control *control = user_data;
  GstWebRTCPeerConnectionState state;

  g_object_get (webrtcbin, "connection-state", &state, NULL);
  if (state != GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED)
    return;
  g_mutex_lock (&control->lock);
  control->connected++;
  g_cond_broadcast (&control->changed);
  g_mutex_unlock (&control->lock);
}

static void
on_pad_added (GstElement *callee, GstPad *pad, gpointer user_data)
{
  Control *control = user_data;
  GstElement *fakesink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (fakesink, "sink");

  g_object_set (fakesink, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (control->pipeline), fakesink);
  gst_element_sync_state_with_parent (fakesink);
  gst_pad_link (pad, sink);
}

static GstWebRTCSessionDescription *
create (GstElement *webrtcbin, const gchar *action, const gchar *field)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  GstWebRTCSessionDescription *description = NULL;

  g_signal_emit_by_name (webrtcbin, action, NULL, promise);
  g_assert_cmpint (gst_promise_wait (promise), ==, GST_PROMISE_RESULT_REPLIED);
  gst_structure_get (gst_promise_get_reply (promise), field,
      GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL);
  g_assert_nonnull (description);
  return description;
}

static void
set (GstElement *webrtcbin, const gchar *action, GstWebRTCSessionDescription *description)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();

  g_signal_emit_by_name (webrtcbin, action, description, promise);
  gst_promise_wait (promise);
}

static void
on_negotiation_needed (GstElement *caller, gpointer user_data)
{
  Control *control = user_data;

  g_mutex_lock (&control->lock);
  control->connected |= 0x100;
  g_cond_broadcast (&control->changed);
  g_mutex_unlock (&control->lock);
}

static void
wait_for (Control *control, guint value)
{
  g_mutex_lock (&control->lock);
  while (control->connected < value)
    g_cond_wait (&control->changed, &control->lock);
  g_mutex_unlock (&control->lock);
}

static void
negotiate (Control *control)
{
  GstWebRTCSessionDescription *offer, *answer;

  offer = create (control->caller, "create-offer", "offer");
  set (control->caller, "set-local-description", offer);
  set (control->callee, "set-remote-description", offer);
  answer = create (control->callee, "create-answer", "answer");
  set (control->callee, "set-local-description", answer);
  set (control->caller, "set-remote-description", answer);
  gst_webrtc_session_description_free (offer);
  gst_webrtc_session_description_free (answer);
}

static void
stay_on_loopback (GstElement *webrtcbin)
{
  g_autoptr (GObject) ice = NULL, agent = NULL;
  gboolean added;

  g_object_get (webrtcbin, "ice-agent", &ice, NULL);
  g_signal_emit_by_name (ice, "add-local-ip-address", "127.0.0.1", &added);
  g_object_get (ice, "agent", &agent, NULL);
  g_object_set (agent, "upnp", FALSE, NULL);
}

static void
connect_control (Control *control)
{
  GstElement *peers[] = { control->caller, control->callee };

  for (guint i = 0; i < 2; i++) {
    stay_on_loopback (peers[i]);
    g_signal_connect (
        peers[i], "on-ice-candidate", G_CALLBACK (add_candidate), peers[1 - i]);
    g_signal_connect (
        peers[i], "notify::connection-state", G_CALLBACK (on_connection_state), control);
  }
  g_signal_connect (control->callee, "pad-added", G_CALLBACK (on_pad_added), control);
  g_signal_connect (control->caller, "on-negotiation-needed",
      G_CALLBACK (on_negotiation_needed), control);
}

static void
run_control_call (void)
{
  Control control = { 0 };

  g_mutex_init (&control.lock);
  g_cond_init (&control.changed);
  control.pipeline = gst_parse_launch (
      "webrtcbin name=caller bundle-policy=max-bundle "
      "webrtcbin name=callee bundle-policy=max-bundle "
      "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 ! caller.sink_0 "
      "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! "
      "vp8enc deadline=1 ! rtpvp8pay pt=97 ! caller.sink_1",
      NULL);
  control.caller = gst_bin_get_by_name (GST_BIN (control.pipeline), "caller");
  control.callee = gst_bin_get_by_name (GST_BIN (control.pipeline), "callee");
  connect_control (&control);
  gst_element_set_state (control.pipeline, GST_STATE_PLAYING);
  wait_for (&control, 0x100);
  negotiate (&control);
  wait_for (&control, 0x102);
  gst_element_set_state (control.pipeline, GST_STATE_NULL);
  gst_object_unref (control.caller);
  gst_object_unref (control.callee);
  gst_object_unref (control.pipeline);
  g_mutex_clear (&control.lock);
  g_cond_clear (&control.changed);
}

int
main (int argc, char *argv[])
{
  gboolean control = argc == 3 && strcmp (argv[1], "webrtcbin") == 0;
  gboolean monitored = argc == 3 && strcmp (argv[1], "monitored") == 0;
  guint cycles, settled = 0;

  if (argc != 3) {
    fprintf (stderr, "Usage: %s loopback|monitored|webrtcbin CYCLES\n", argv[0]);
    return 2;
  }
  gst_init (NULL, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  cycles = atoi (argv[2]);
  for (guint i = 1; i <= cycles; i++) {
    if (control)
      run_control_call ();
    else
      run_loopback_call (monitored);
    if (i == SETTLED_AFTER)
      settled = call_fixture_count_threads (0);
  }
  printf ("threads %u %u\n", settled, call_fixture_count_threads (settled));
  g_log_set_always_fatal (
      G_LOG_LEVEL_ERROR); /* the leaks tracer warns of what it found */
  gst_deinit ();
  return 0;
}
