/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A peer in a process of its own that is killed in the middle of a call: nothing says
 * goodbye, no state changes.
 *
 * The test runs itself with --peer for the peer, who offers; both ends signal by lines on
 * its standard input and output: "S sdp" and "C mline candidate", the text in base64.
 */
#include <callstats/callstats.h>
#include <gio/gio.h>
#include <gst/webrtc/webrtc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtpsession-race.h"

#define PEER "--peer"
#define LINE 65536

typedef struct {
  GstElement *pipeline, *webrtcbin;
  FILE *to, *from;
  gboolean offers;
  GMutex lock; /* guards to, and what was told */
  GCond changed;
  gint64 started, dropped, set_up, told; /* microseconds since the epoch; 0: not told */
} End;

static void
say (End *self, const char *prefix, const char *text)
{
  g_autofree char *base64 = g_base64_encode ((const guchar *)text, strlen (text));

  g_mutex_lock (&self->lock);
  fprintf (self->to, "%s %s\n", prefix, base64);
  fflush (self->to);
  g_mutex_unlock (&self->lock);
}

static void
on_candidate (GstElement *webrtcbin, guint mline, const char *candidate, End *self)
{
  g_autofree char *prefix = g_strdup_printf ("C %u", mline);

  say (self, prefix, candidate);
}

static void
on_created (GstPromise *promise, gpointer user_data)
{
  End *self = user_data;
  g_autoptr (GstWebRTCSessionDescription) description = NULL;
  g_autofree char *sdp = NULL;

  gst_structure_get (gst_promise_get_reply (promise), self->offers ? "offer" : "answer",
      GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL);
  g_signal_emit_by_name (self->webrtcbin, "set-local-description", description, NULL);
  sdp = gst_sdp_message_as_text (description->sdp);
  say (self, "S", sdp);
  gst_promise_unref (promise);
}

static void
create (End *self)
{
  g_signal_emit_by_name (self->webrtcbin, self->offers ? "create-offer" : "create-answer",
      NULL, gst_promise_new_with_change_func (on_created, self, NULL));
}

static void
take_sdp (End *self, const char *text)
{
  g_autoptr (GstWebRTCSessionDescription) description = NULL;
  GstSDPMessage *message;

  g_assert_cmpint (gst_sdp_message_new_from_text (text, &message), ==, GST_SDP_OK);
  description = gst_webrtc_session_description_new (
      self->offers ? GST_WEBRTC_SDP_TYPE_ANSWER : GST_WEBRTC_SDP_TYPE_OFFER, message);
  g_signal_emit_by_name (self->webrtcbin, "set-remote-description", description, NULL);
  if (!self->offers)
    create (self);
}

static void
take_line (End *self, char *line)
{
  char *space = strrchr (g_strchomp (line), ' ');
  g_autofree char *text = NULL;
  gsize length;
  guchar *data;

  g_assert_nonnull (space);
  data = g_base64_decode (space + 1, &length);
  text = g_strndup ((const char *)data, length);
  g_free (data);
  if (line[0] == 'S')
    take_sdp (self, text);
  else
    g_signal_emit_by_name (
        self->webrtcbin, "add-ice-candidate", (guint)atoi (line + 2), text);
}

static gpointer
read_lines (gpointer data)
{
  End *self = data;
  g_autofree char *line = g_malloc (LINE);

  while (fgets (line, LINE, self->from) != NULL)
    take_line (self, line);
  return NULL;
}

static void
on_pad_added (GstElement *webrtcbin, GstPad *pad, End *self)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) sink_pad = gst_element_get_static_pad (sink, "sink");

  if (!GST_PAD_IS_SRC (pad)) {
    gst_object_unref (gst_object_ref_sink (sink));
    return;
  }
  g_object_set (sink, "async", FALSE, "sync", FALSE, NULL);
  gst_bin_add (GST_BIN (self->pipeline), sink);
  gst_element_sync_state_with_parent (sink);
  gst_pad_link (pad, sink_pad);
}

static void
start (End *self, const char *description)
{
  g_autoptr (GObject) ice = NULL;
  g_autoptr (GObject) agent = NULL;
  g_autoptr (GError) error = NULL;
  gboolean added;

  rtpsession_race_tolerate ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->pipeline = gst_object_ref_sink (gst_parse_launch (description, &error));
  g_assert_no_error (error);
  self->webrtcbin = gst_bin_get_by_name (GST_BIN (self->pipeline), "end");
  g_object_get (self->webrtcbin, "ice-agent", &ice, NULL);
  g_signal_emit_by_name (ice, "add-local-ip-address", "127.0.0.1", &added);
  g_object_get (ice, "agent", &agent, NULL);
  g_object_set (agent, "upnp", FALSE, NULL);
  g_signal_connect (self->webrtcbin, "on-ice-candidate", G_CALLBACK (on_candidate), self);
  g_signal_connect (self->webrtcbin, "pad-added", G_CALLBACK (on_pad_added), self);
}

static int
run_peer (void)
{
  End self = { .to = stdout, .from = stdin, .offers = TRUE };

  start (&self, "webrtcbin name=end audiotestsrc is-live=true ! opusenc ! "
                "rtpopuspay pt=96 ssrc=77 ! "
                "application/x-rtp,media=audio,encoding-name=OPUS,payload=96 ! end.");
  g_signal_connect_swapped (
      self.webrtcbin, "on-negotiation-needed", G_CALLBACK (create), &self);
  gst_element_set_state (self.pipeline, GST_STATE_PLAYING);
  read_lines (&self);
  return 0;
}

/* The one who is left */

static void
on_fabric_event (const char *fabric, const char *name, gint64 time_us, GVariant *data,
    gpointer user_data)
{
  End *self = user_data;
  const char *cause = "";

  g_variant_lookup (data, "cause", "&s", &cause);
  g_mutex_lock (&self->lock);
  if (strcmp (name, "fabricSetup") == 0)
    self->set_up = time_us;
  if (strcmp (name, "iceDisruptionStart") == 0) {
    g_assert_cmpint (self->started, ==, 0);
    g_assert_cmpstr (cause, ==, "silence");
    self->started = time_us;
    self->told = g_get_real_time ();
  }
  if (strcmp (name, "fabricDropped") == 0) {
    g_assert_cmpint (self->dropped, ==, 0);
    g_assert_cmpstr (cause, ==, "silence");
    self->dropped = time_us;
  }
  g_assert_cmpstr (name, !=, "iceDisruptionEnd");
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static const CallstatsClientObserver observer = { .fabric_event = on_fabric_event };

static void
wait_for (End *self, const gint64 *time, guint seconds)
{
  gint64 deadline = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;

  g_mutex_lock (&self->lock);
  while (*time == 0)
    g_assert_true (g_cond_wait_until (&self->changed, &self->lock, deadline));
  g_mutex_unlock (&self->lock);
}

static void
test_a_peer_that_is_killed_is_dropped (gconstpointer program)
{
  End self = { 0 };
  g_autoptr (CallstatsClient) client = callstats_client_new (NULL, NULL);
  g_autoptr (GstElement) mon = NULL;
  g_autoptr (GError) error = NULL;
  int to, from;
  GPid peer;
  const char *const arguments[] = { program, PEER, NULL };
  gint64 killed;

  start (&self, "webrtcbin name=end callstatsmon name=mon");
  mon = gst_bin_get_by_name (GST_BIN (self.pipeline), "mon");
  callstats_client_add_observer (client, &observer, &self, NULL);
  g_object_set (mon, "client", client, NULL);
  gst_element_set_state (self.pipeline, GST_STATE_PLAYING);
  g_spawn_async_with_pipes (NULL, (char **)arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
      NULL, NULL, &peer, &to, &from, NULL, &error);
  g_assert_no_error (error);
  self.to = fdopen (to, "w");
  self.from = fdopen (from, "r");
  g_thread_unref (g_thread_new ("signalling", read_lines, &self));

  wait_for (&self, &self.set_up, 20);
  g_usleep (3 * G_USEC_PER_SEC); /* the peer is heard meanwhile */
  killed = g_get_real_time ();
  kill (peer, SIGKILL);
  wait_for (&self, &self.started, 15);
  g_test_message ("disruption told %.3f s after the kill, back-dated to %+.3f s",
      (self.told - killed) / 1e6, (self.started - killed) / 1e6);
  g_assert_cmpint (ABS (self.started - killed), <=, 2 * G_TIME_SPAN_SECOND);
  wait_for (&self, &self.dropped, 35);
  gst_element_set_state (self.pipeline, GST_STATE_NULL);
  callstats_client_remove_observer (client, &self);
  g_assert_true (callstats_client_flush (client, 5000));
  g_spawn_close_pid (peer);
  gst_object_unref (self.webrtcbin);
  gst_object_unref (self.pipeline);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  if (argc > 1 && strcmp (argv[1], PEER) == 0)
    return run_peer ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func (
      "/killedpeer/is-dropped", argv[0], test_a_peer_that_is_killed_is_dropped);
  return g_test_run ();
}
