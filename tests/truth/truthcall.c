/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A call of two webrtcbins whose packets are counted.
 *
 * Probes and signals come on threads of GStreamer's and ours: they write down what
 * happened under the lock and wake the test's thread.
 */
#include "truthcall-private.h"

#include <string.h>

#include "rtpsession-race.h"

#define DEADLINE (30 * G_TIME_SPAN_SECOND)
/* Much shorter than RTCP's five seconds, after which a source that rests is forgotten */
#define RTCP_INTERVAL (300 * GST_MSECOND)
#define DROP_INTERVAL 20
#define MAX_SESSIONS 8

const TruthFormat truth_formats[] = {
  { "audio", "audio/opus", 96, 48000, 2,
      "audiotestsrc name=raw is-live=true wave=white-noise ! opusenc ! rtpopuspay "
      "pt=96" },
#define VP8(pt) \
  { \
    "video", "video/VP8", pt, 90000, 0, \
        "videotestsrc name=raw is-live=true pattern=snow ! " \
        "video/x-raw,width=64,height=48,framerate=30/1 ! " \
        "vp8enc deadline=1 target-bitrate=200000 ! rtpvp8pay mtu=400 pt=" #pt \
  }
  VP8 (97),
  VP8 (100),
  VP8 (101),
};

const TruthFormat *
truth_find_format (guint payload_type)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (truth_formats); i++) {
    if (truth_formats[i].payload_type == payload_type)
      return &truth_formats[i];
  }
  return NULL;
}

static gboolean
is_media (guint payload_type)
{
  return truth_find_format (payload_type) != NULL;
}

static void
report_free (gpointer data)
{
  TruthReport *report = data;

  g_free (report->json);
  g_free (report);
}

/* What happens */

static void
on_fabric_added (
    GstElement *mon, const char *fabric, GstElement *webrtcbin, TruthCall *self)
{
  TruthEnd end = webrtcbin == self->ends[CALLER] ? CALLER : CALLEE;

  g_mutex_lock (&self->lock.lock);
  g_free (self->fabrics[end]);
  self->fabrics[end] = g_strdup (fabric);
  g_cond_broadcast (&self->lock.changed);
  g_mutex_unlock (&self->lock.lock);
}

static void
on_report (GstElement *mon, const char *fabric, const char *json, TruthCall *self)
{
  TruthReport *report = g_new0 (TruthReport, 1);
  TruthEnd end;

  g_mutex_lock (&self->lock.lock);
  end = g_strcmp0 (fabric, self->fabrics[CALLER]) == 0 ? CALLER : CALLEE;
  g_assert_cmpstr (fabric, ==, self->fabrics[end]);
  report->json = g_strdup (json);
  report->time = g_get_real_time () / 1000;
  report->packets_sent = self->edges[end].packets_sent;
  report->bytes_sent = self->edges[end].bytes_sent;
  report->packets_received = self->edges[end].packets_received;
  report->bytes_received = self->edges[end].bytes_received;
  g_ptr_array_add (self->reports[end], report);
  g_cond_broadcast (&self->lock.changed);
  g_mutex_unlock (&self->lock.lock);
}

static void
on_candidate (GstElement *webrtcbin, guint mline, const char *candidate, TruthCall *self)
{
  TruthEnd other = webrtcbin == self->ends[CALLER] ? CALLEE : CALLER;

  g_signal_emit_by_name (self->ends[other], "add-ice-candidate", mline, candidate);
}

static void
on_pad_added (GstElement *webrtcbin, GstPad *pad, TruthCall *self)
{
  GstElement *fakesink;
  g_autoptr (GstPad) sink = NULL;

  if (!GST_PAD_IS_SRC (pad))
    return;
  fakesink = gst_element_factory_make ("fakesink", NULL);
  g_object_set (fakesink, "async", FALSE, "sync", FALSE, NULL);
  gst_bin_add (GST_BIN (self->pipeline), fakesink);
  gst_element_sync_state_with_parent (fakesink);
  sink = gst_element_get_static_pad (fakesink, "sink");
  gst_pad_link (pad, sink);
}

/* With webrtcbin's lock held, as far as 1.22 goes */
static void
on_new_transceiver (GstElement *webrtcbin, GObject *transceiver, TruthCall *self)
{
  if (self->use_rtx)
    g_object_set (transceiver, "do-nack", TRUE, NULL);
}

static void
recalculate_latency (GstElement *pipeline, gpointer unused)
{
  gst_bin_recalculate_latency (GST_BIN (pipeline));
}

/* Applications answer a latency message so; without it, GStreamer from 1.26 on sends no
 * sender reports. */
static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, &debug);
    g_error ("%s: %s (%s)", GST_MESSAGE_SRC_NAME (message), error->message, debug);
  }
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_LATENCY)
    gst_element_call_async (data, recalculate_latency, NULL, NULL);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* Building */

/* The agent is floating: it is referenced, never sunk. */
static void
keep_to_loopback (GstElement *webrtcbin)
{
  g_autoptr (GObject) ice = NULL;
  g_autoptr (GObject) agent = NULL;
  gboolean added;

  g_object_get (webrtcbin, "ice-agent", &ice, NULL);
  g_signal_emit_by_name (ice, "add-local-ip-address", "127.0.0.1", &added);
  g_object_get (ice, "agent", &agent, NULL);
  g_object_set (agent, "upnp", FALSE, NULL);
}

static void
add_end (TruthCall *self, TruthEnd end, GstWebRTCBundlePolicy policy)
{
  GstElement *webrtcbin =
      gst_element_factory_make ("webrtcbin", end == CALLER ? "caller" : "callee");

  g_assert_nonnull (webrtcbin);
  g_object_set (webrtcbin, "bundle-policy", policy, NULL);
  self->ends[end] = webrtcbin;
  self->reports[end] = g_ptr_array_new_with_free_func (report_free);
  keep_to_loopback (webrtcbin);
  edges_init (&self->edges[end], &self->lock, webrtcbin);
  g_signal_connect (webrtcbin, "on-ice-candidate", G_CALLBACK (on_candidate), self);
  g_signal_connect (webrtcbin, "pad-added", G_CALLBACK (on_pad_added), self);
  g_signal_connect (
      webrtcbin, "on-new-transceiver", G_CALLBACK (on_new_transceiver), self);
  gst_bin_add (GST_BIN (self->pipeline), webrtcbin);
}

TruthCall *
truth_call_new (GstWebRTCBundlePolicy policy)
{
  TruthCall *self = g_new0 (TruthCall, 1);
  g_autoptr (GstBus) bus = NULL;

  rtpsession_race_tolerate ();
  g_mutex_init (&self->lock.lock);
  g_cond_init (&self->lock.changed);
  self->sources = g_ptr_array_new_with_free_func (truth_source_free);
  self->gone = g_hash_table_new (NULL, NULL);
  self->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  self->mon = gst_element_factory_make ("callstatsmon", NULL);
  g_assert_nonnull (self->mon);
  g_object_set (self->mon, "interval", 100, NULL);
  g_signal_connect (self->mon, "fabric-added", G_CALLBACK (on_fabric_added), self);
  g_signal_connect (self->mon, "report", G_CALLBACK (on_report), self);
  gst_bin_add (GST_BIN (self->pipeline), self->mon);
  add_end (self, CALLER, policy);
  add_end (self, CALLEE, policy);
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, on_message, self->pipeline, NULL);
  return self;
}

void
truth_call_stop (TruthCall *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_signal_handlers_disconnect_by_func (self->mon, on_report, self);
}

void
truth_call_free (TruthCall *self)
{
  guint i;

  truth_call_stop (self);
  g_signal_handlers_disconnect_by_data (self->mon, self);
  for (i = 0; i < N_ENDS; i++) {
    g_signal_handlers_disconnect_by_data (self->ends[i], self);
    edges_clear (&self->edges[i]);
    g_ptr_array_unref (self->reports[i]);
    g_free (self->fabrics[i]);
  }
  g_ptr_array_unref (self->sources);
  g_hash_table_unref (self->gone);
  gst_object_unref (self->pipeline);
  g_mutex_clear (&self->lock.lock);
  g_cond_clear (&self->lock.changed);
  g_free (self);
}

GstElement *
truth_call_get (TruthCall *self, TruthEnd end)
{
  return self->ends[end];
}

void
truth_call_use_rtx (TruthCall *self)
{
  self->use_rtx = TRUE;
}

void
truth_call_drop (TruthCall *self)
{
  self->edges[CALLER].may_drop = is_media;
  self->edges[CALLER].drop_interval = DROP_INTERVAL;
}

/* Waiting */

void
truth_call_wait (TruthCall *self, gint64 deadline, const char *what)
{
  if (!g_cond_wait_until (&self->lock.changed, &self->lock.lock, deadline))
    g_error ("Waited in vain for %s", what);
}

static void
on_caps (GstPad *pad, GParamSpec *pspec, TruthCall *self)
{
  g_mutex_lock (&self->lock.lock);
  g_cond_broadcast (&self->lock.changed);
  g_mutex_unlock (&self->lock.lock);
}

static void
wait_caps (TruthCall *self, GstPad *pad)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;
  gulong handler = g_signal_connect (pad, "notify::caps", G_CALLBACK (on_caps), self);

  g_mutex_lock (&self->lock.lock);
  while (!gst_pad_has_current_caps (pad))
    truth_call_wait (self, deadline, "the caps of a sink pad");
  g_mutex_unlock (&self->lock.lock);
  g_signal_handler_disconnect (pad, handler);
}

static void
wait_fabrics (TruthCall *self)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  g_mutex_lock (&self->lock.lock);
  while (self->fabrics[CALLER] == NULL || self->fabrics[CALLEE] == NULL)
    truth_call_wait (self, deadline, "both fabrics");
  g_mutex_unlock (&self->lock.lock);
}

void
truth_call_play (TruthCall *self)
{
  self->start = g_get_real_time () / 1000;
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  wait_fabrics (self);
}

static guint64
count_received (TruthCall *self, TruthSource *source)
{
  PacketCount *count = g_hash_table_lookup (
      self->edges[!source->end].received, GUINT_TO_POINTER (source->ssrc));

  return count != NULL ? count->packets : 0;
}

void
truth_call_wait_packets (TruthCall *self, guint64 packets)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;
  guint i;

  for (i = 0; i < self->sources->len; i++) {
    TruthSource *source = g_ptr_array_index (self->sources, i);
    guint64 before;

    g_mutex_lock (&self->lock.lock);
    before = count_received (self, source);
    while (!source->removed && count_received (self, source) < before + packets)
      truth_call_wait (self, deadline, "packets to arrive");
    g_mutex_unlock (&self->lock.lock);
  }
}

void
truth_call_wait_reports (TruthCall *self, guint reports)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;
  guint end;

  for (end = 0; end < N_ENDS; end++) {
    guint wanted;

    g_mutex_lock (&self->lock.lock);
    wanted = self->reports[end]->len + reports;
    while (self->reports[end]->len < wanted)
      truth_call_wait (self, deadline, "reports");
    g_mutex_unlock (&self->lock.lock);
  }
}

void
truth_call_rest (TruthCall *self)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;
  guint i, streams[N_ENDS] = { 0, 0 };

  self->rested = TRUE;
  for (i = 0; i < self->sources->len; i++)
    streams[((TruthSource *)g_ptr_array_index (self->sources, i))->end]++;
  g_mutex_lock (&self->lock.lock);
  self->held = TRUE;
  while (self->edges[CALLEE].sender_timeouts < streams[CALLER] ||
         self->edges[CALLER].sender_timeouts < streams[CALLEE])
    truth_call_wait (self, deadline, "RTP sessions to take streams for ended");
  self->held = FALSE;
  g_mutex_unlock (&self->lock.lock);
}

/* Negotiating */

static void
set (GstElement *end, const char *signal, GstWebRTCSessionDescription *description)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  const GstStructure *reply;

  g_signal_emit_by_name (end, signal, description, promise);
  g_assert_cmpint (gst_promise_wait (promise), ==, GST_PROMISE_RESULT_REPLIED);
  reply = gst_promise_get_reply (promise);
  g_assert_true (reply == NULL || !gst_structure_has_field (reply, "error"));
}

static GstWebRTCSessionDescription *
create (GstElement *end, const char *signal, const char *field)
{
  g_autoptr (GstPromise) promise = gst_promise_new ();
  GstWebRTCSessionDescription *description = NULL;
  const GstStructure *reply;

  g_signal_emit_by_name (end, signal, NULL, promise);
  g_assert_cmpint (gst_promise_wait (promise), ==, GST_PROMISE_RESULT_REPLIED);
  reply = gst_promise_get_reply (promise);
  g_assert_nonnull (reply);
  gst_structure_get (
      reply, field, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL);
  g_assert_nonnull (description);
  return description;
}

static void
hurry_rtcp (GstElement *rtpbin)
{
  guint id;

  for (id = 0; id < MAX_SESSIONS; id++) {
    g_autoptr (GObject) session = NULL;

    g_signal_emit_by_name (rtpbin, "get-internal-session", id, &session);
    if (session != NULL)
      g_object_set (session, "rtcp-min-interval", RTCP_INTERVAL, NULL);
  }
}

void
truth_call_negotiate (TruthCall *self)
{
  GstElement *caller = self->ends[CALLER], *callee = self->ends[CALLEE];
  g_autoptr (GstWebRTCSessionDescription) offer = NULL;
  g_autoptr (GstWebRTCSessionDescription) answer = NULL;
  guint i;

  for (i = 0; i < self->sources->len; i++) {
    TruthSource *source = g_ptr_array_index (self->sources, i);

    if (!source->removed)
      wait_caps (self, source->pad);
  }
  offer = create (caller, "create-offer", "offer");
  set (caller, "set-local-description", offer);
  set (callee, "set-remote-description", offer);
  answer = create (callee, "create-answer", "answer");
  set (callee, "set-local-description", answer);
  set (caller, "set-remote-description", answer);
  hurry_rtcp (self->edges[CALLER].rtpbin);
  hurry_rtcp (self->edges[CALLEE].rtpbin);
}

/* Looking */

char *
truth_call_dup_report (TruthCall *self, TruthEnd end)
{
  TruthReport *last;
  char *json;

  g_mutex_lock (&self->lock.lock);
  g_assert_cmpuint (self->reports[end]->len, >, 0);
  last = g_ptr_array_index (self->reports[end], self->reports[end]->len - 1);
  json = g_strdup (last->json);
  g_mutex_unlock (&self->lock.lock);
  return json;
}

GPtrArray *
truth_call_get_reports (TruthCall *self, TruthEnd end)
{
  return self->reports[end];
}

gint64
truth_call_get_start (TruthCall *self)
{
  return self->start;
}
