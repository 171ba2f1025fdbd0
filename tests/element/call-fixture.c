/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pipeline with a call through callstatsloopback, for tests of what sits beside it.
 *
 * Probes, notifications and the bus's sync handler run on the pipeline's threads: they
 * write down what happened under `lock` and wake the test, which waits for it.
 */
#include "call-fixture.h"

#include <gst/webrtc/webrtc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "rtpsession-race.h"

#define DEADLINE (20 * G_TIME_SPAN_SECOND)
#define N_STREAMS 32
#define RTP_HEADER_SIZE 12

typedef struct {
  guint sent, received;
  gint last_sent, last_received, payload;
  gboolean has_src, eos, unlinked;
} Stream;

struct _CallFixture {
  GstElement *pipeline, *loopback;

  GMutex lock;
  GCond changed;
  Stream streams[N_STREAMS];
  GPtrArray *messages; /* GstMessage: element messages, in order */
  guint taken;         /* of those, how many were waited for */
  GError *error;
  guint errors;
  gboolean expect_error;
  gboolean eos;
  guint connected; /* of the two webrtcbins */
};

/* What happens, on the pipeline's threads */

static void
read_packet (GstBuffer *buffer, gint *seqnum, gint *payload)
{
  guint8 header[RTP_HEADER_SIZE];

  g_assert_cmpuint (
      gst_buffer_extract (buffer, 0, header, sizeof header), ==, sizeof header);
  *payload = header[1] & 0x7f;
  *seqnum = GST_READ_UINT16_BE (header + 2);
}

static guint
get_index (GstPad *pad)
{
  return g_ascii_strtoull (strchr (GST_PAD_NAME (pad), '_') + 1, NULL, 10);
}

static void
note_packet (CallFixture *self, GstPad *pad, GstBuffer *buffer)
{
  Stream *stream = &self->streams[get_index (pad)];
  gint seqnum, payload;

  read_packet (buffer, &seqnum, &payload);
  if (GST_PAD_IS_SINK (pad)) {
    stream->sent++;
    stream->last_sent = seqnum;
  } else {
    g_assert_false (stream->eos);
    stream->received++;
    stream->last_received = seqnum;
    stream->payload = payload;
  }
}

static GstPadProbeReturn
on_data (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  CallFixture *self = user_data;
  GstBufferList *list;

  g_mutex_lock (&self->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    note_packet (self, pad, GST_PAD_PROBE_INFO_BUFFER (info));
  } else {
    list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    for (guint i = 0; i < gst_buffer_list_length (list); i++)
      note_packet (self, pad, gst_buffer_list_get (list, i));
  }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  CallFixture *self = user_data;

  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) != GST_EVENT_EOS)
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&self->lock);
  self->streams[get_index (pad)].eos = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

static void
link_consumer (CallFixture *self, GstPad *src)
{
  GstElement *fakesink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (fakesink, "sink");

  g_object_set (fakesink, "async", FALSE, "sync", FALSE, NULL);
  gst_bin_add (GST_BIN (self->pipeline), fakesink);
  gst_element_sync_state_with_parent (fakesink);
  g_assert_cmpint (gst_pad_link (src, sink), ==, GST_PAD_LINK_OK);
}

static void
on_pad_added (GstElement *loopback, GstPad *pad, gpointer user_data)
{
  CallFixture *self = user_data;
  gboolean unlinked;

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
      on_data, self, NULL);
  if (!GST_PAD_IS_SRC (pad))
    return;
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, self, NULL);
  g_mutex_lock (&self->lock);
  unlinked = self->streams[get_index (pad)].unlinked;
  g_mutex_unlock (&self->lock);
  if (!unlinked)
    link_consumer (self, pad);
  g_mutex_lock (&self->lock);
  self->streams[get_index (pad)].has_src = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
on_pad_removed (GstElement *loopback, GstPad *pad, gpointer user_data)
{
  CallFixture *self = user_data;

  if (!GST_PAD_IS_SRC (pad))
    return;
  g_mutex_lock (&self->lock);
  self->streams[get_index (pad)].has_src = FALSE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* With the lock held */
static void
take_error (CallFixture *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  gst_message_parse_error (message, &error, &debug);
  if (!self->expect_error)
    g_error ("%s: %s (%s)", GST_MESSAGE_SRC_NAME (message), error->message, debug);
  self->errors++;
  if (!self->error)
    self->error = g_steal_pointer (&error);
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  CallFixture *self = user_data;

  g_mutex_lock (&self->lock);
  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR:
    take_error (self, message);
    break;
  case GST_MESSAGE_EOS:
    self->eos |= GST_MESSAGE_SRC (message) == GST_OBJECT (self->pipeline);
    break;
  case GST_MESSAGE_ELEMENT:
    g_ptr_array_add (self->messages, gst_message_ref (message));
    break;
  default:
    break;
  }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
on_connection_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  CallFixture *self = user_data;
  GstWebRTCPeerConnectionState state;

  g_object_get (webrtcbin, "connection-state", &state, NULL);
  if (state != GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED ||
      g_object_get_data (webrtcbin, "was-connected"))
    return;
  g_object_set_data (webrtcbin, "was-connected", GINT_TO_POINTER (TRUE));
  g_mutex_lock (&self->lock);
  self->connected++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
watch_webrtcbin (CallFixture *self, const gchar *name)
{
  g_autoptr (GstElement) webrtcbin = call_fixture_dup_webrtcbin (self, name);

  g_signal_handlers_disconnect_by_func (webrtcbin, on_connection_state, self);
  g_signal_connect (
      webrtcbin, "notify::connection-state", G_CALLBACK (on_connection_state), self);
}

/* Building */

/* An empty call: a pipeline with a callstatsloopback named "call" */
CallFixture *
call_fixture_new (void)
{
  CallFixture *self = g_new0 (CallFixture, 1);
  g_autoptr (GstBus) bus = NULL;

  rtpsession_race_tolerate ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify)gst_message_unref);
  self->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  self->loopback = gst_element_factory_make ("callstatsloopback", "call");
  g_assert_nonnull (self->loopback);
  gst_bin_add (GST_BIN (self->pipeline), self->loopback);
  g_signal_connect (self->loopback, "pad-added", G_CALLBACK (on_pad_added), self);
  g_signal_connect (self->loopback, "pad-removed", G_CALLBACK (on_pad_removed), self);
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, on_message, self, NULL);
  return self;
}

/* Opus at sink_0 with payload type 96, VP8 at sink_1 with 97; live */
CallFixture *
call_fixture_new_audio_video (void)
{
  CallFixture *self = call_fixture_new ();

  call_fixture_add_audio (self, 0);
  call_fixture_add_video (self, 1);
  return self;
}

void
call_fixture_free (CallFixture *self)
{
  g_autoptr (GstBus) bus = NULL;

  if (!self)
    return;
  call_fixture_stop (self);
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  g_signal_handlers_disconnect_by_data (self->loopback, self);
  gst_object_unref (self->pipeline);
  g_ptr_array_unref (self->messages);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* Adds a bin of the elements in @description, whose last one has an RTP source pad, and
 * links it to sink_@index; it takes on the pipeline's state. The fixture keeps it. */
GstElement *
call_fixture_add_stream (CallFixture *self, guint index, const gchar *description)
{
  g_autofree gchar *name = g_strdup_printf ("sink_%u", index);
  g_autoptr (GError) error = NULL;
  GstElement *source = gst_parse_bin_from_description (description, TRUE, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (index, <, N_STREAMS);
  gst_bin_add (GST_BIN (self->pipeline), source);
  g_assert_true (gst_element_link_pads (source, "src", self->loopback, name));
  gst_element_sync_state_with_parent (source);
  return source;
}

GstElement *
call_fixture_add_audio (CallFixture *self, guint index)
{
  return call_fixture_add_stream (
      self, index, "audiotestsrc is-live=true name=source ! opusenc ! rtpopuspay pt=96");
}

GstElement *
call_fixture_add_video (CallFixture *self, guint index)
{
  return call_fixture_add_stream (self, index,
      "videotestsrc is-live=true name=source ! "
      "video/x-raw,width=160,height=120,framerate=15/1 ! "
      "vp8enc deadline=1 ! rtpvp8pay pt=97");
}

/* src_@index will have no consumer. */
void
call_fixture_leave_unlinked (CallFixture *self, guint index)
{
  g_mutex_lock (&self->lock);
  self->streams[index].unlinked = TRUE;
  g_mutex_unlock (&self->lock);
}

void
call_fixture_expect_error (CallFixture *self)
{
  g_mutex_lock (&self->lock);
  self->expect_error = TRUE;
  g_mutex_unlock (&self->lock);
}

/* Parts */

GstElement *
call_fixture_get_pipeline (CallFixture *self)
{
  return self->pipeline;
}

GstElement *
call_fixture_get_loopback (CallFixture *self)
{
  return self->loopback;
}

/* @name is "caller" or "callee" */
GstElement *
call_fixture_dup_webrtcbin (CallFixture *self, const gchar *name)
{
  GstElement *webrtcbin = gst_bin_get_by_name (GST_BIN (self->loopback), name);

  g_assert_nonnull (webrtcbin);
  return webrtcbin;
}

/* Running */

/* Fails if the pipeline refuses, aborts if it takes more than ten seconds. */
void
call_fixture_set_state (CallFixture *self, GstState state)
{
  call_fixture_begin_deadline (10);
  g_assert_cmpint (
      gst_element_set_state (self->pipeline, state), !=, GST_STATE_CHANGE_FAILURE);
  call_fixture_end_deadline ();
}

static void
forget_last_call (CallFixture *self)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_STREAMS; i++) {
    gboolean unlinked = self->streams[i].unlinked;
    self->streams[i] = (Stream){ .last_sent = -1, .last_received = -1, .payload = -1 };
    self->streams[i].unlinked = unlinked;
  }
  self->eos = FALSE;
  self->connected = 0;
  g_mutex_unlock (&self->lock);
}

void
call_fixture_play (CallFixture *self)
{
  forget_last_call (self);
  call_fixture_set_state (self, GST_STATE_READY);
  watch_webrtcbin (self, "caller");
  watch_webrtcbin (self, "callee");
  call_fixture_set_state (self, GST_STATE_PLAYING);
}

void
call_fixture_stop (CallFixture *self)
{
  call_fixture_set_state (self, GST_STATE_NULL);
}

/* As gst-launch-1.0 -e does */
void
call_fixture_send_eos (CallFixture *self)
{
  gst_element_send_event (self->pipeline, gst_event_new_eos ());
}

/* Waiting */

/* @what says what is waited for, in the text of the failure. */
void
call_fixture_wait (
    CallFixture *self, const gchar *what, CallFixtureCondition condition, gpointer data)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  g_mutex_lock (&self->lock);
  while (!condition (self, data)) {
    if (!g_cond_wait_until (&self->changed, &self->lock, deadline))
      g_error ("Waited in vain for %s", what);
  }
  g_mutex_unlock (&self->lock);
}

void
call_fixture_wake (CallFixture *self)
{
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gboolean
is_connected (CallFixture *self, gpointer data)
{
  return self->connected == 2;
}

void
call_fixture_wait_connected (CallFixture *self)
{
  call_fixture_wait (self, "both webrtcbins to be connected", is_connected, NULL);
}

static gboolean
has_packets (CallFixture *self, gpointer data)
{
  guint *wanted = data;

  return self->streams[wanted[0]].received >= wanted[1];
}

void
call_fixture_wait_packets (CallFixture *self, guint index, guint packets)
{
  guint wanted[] = { index, packets };

  call_fixture_wait (self, "packets to come out", has_packets, wanted);
}

static gboolean
is_eos (CallFixture *self, gpointer data)
{
  return self->eos;
}

void
call_fixture_wait_eos (CallFixture *self)
{
  call_fixture_wait (self, "the pipeline's EOS", is_eos, NULL);
}

static gboolean
has_error (CallFixture *self, gpointer data)
{
  return self->error != NULL;
}

/* The first error; call_fixture_expect_error() comes before. */
GError *
call_fixture_wait_error (CallFixture *self)
{
  call_fixture_wait (self, "an error message", has_error, NULL);
  return g_steal_pointer (&self->error);
}

static gboolean
find_message (CallFixture *self, gpointer data)
{
  while (self->taken < self->messages->len) {
    if (gst_message_has_name (g_ptr_array_index (self->messages, self->taken++), data))
      return TRUE;
  }
  return FALSE;
}

/* The next element message with a structure of that name; those before it are past. */
GstMessage *
call_fixture_wait_message (CallFixture *self, const gchar *structure_name)
{
  call_fixture_wait (self, structure_name, find_message, (gpointer)structure_name);
  return gst_message_ref (g_ptr_array_index (self->messages, self->taken - 1));
}

/* Looking */

guint
call_fixture_peek_sent (CallFixture *self, guint index)
{
  return self->streams[index].sent;
}

guint
call_fixture_peek_received (CallFixture *self, guint index)
{
  return self->streams[index].received;
}

gint
call_fixture_peek_last_sent_seqnum (CallFixture *self, guint index)
{
  return self->streams[index].last_sent;
}

gint
call_fixture_peek_last_received_seqnum (CallFixture *self, guint index)
{
  return self->streams[index].last_received;
}

gint
call_fixture_peek_payload (CallFixture *self, guint index)
{
  return self->streams[index].payload;
}

gboolean
call_fixture_peek_has_src (CallFixture *self, guint index)
{
  return self->streams[index].has_src;
}

gboolean
call_fixture_peek_stream_eos (CallFixture *self, guint index)
{
  return self->streams[index].eos;
}

guint
call_fixture_peek_errors (CallFixture *self)
{
  return self->errors;
}

/* The process */

static void
on_deadline (int signal_number)
{
  static const char TEXT[] = "The deadline has passed: a deadlock?\n";

  (void)!write (STDERR_FILENO, TEXT, sizeof TEXT - 1);
  abort ();
}

void
call_fixture_begin_deadline (guint seconds)
{
  signal (SIGALRM, on_deadline);
  alarm (seconds);
}

void
call_fixture_end_deadline (void)
{
  alarm (0);
}

static guint
count_tasks (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (tasks))
    n++;
  return n;
}

/* Idle threads of GLib's pools are sent home first. Nothing tells when a thread is gone,
 * so this looks again until there are no more than @expected, or for two seconds. */
guint
call_fixture_count_threads (guint expected)
{
  gint64 deadline = g_get_monotonic_time () + 2 * G_TIME_SPAN_SECOND;
  guint n;

  g_thread_pool_set_max_unused_threads (0);
  while ((n = count_tasks ()) > expected && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  return n;
}
