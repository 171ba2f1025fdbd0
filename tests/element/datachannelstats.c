/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What reports say of data channels and of congestion control, against what was sent
 * and lost.
 */
#include "watched-peers.h"

#include <string.h>

#define AUDIO \
  "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 ! " \
  "application/x-rtp,encoding-params=(string)2 ! a. "

/* Data channels */

typedef struct {
  GMutex lock;
  GCond changed;
  GObject *channels[2]; /* of a and b, open */
  guint n_received;
} Chat;

static void
on_open (GObject *channel, gpointer data)
{
  Chat *self = data;

  g_mutex_lock (&self->lock);
  self->channels[0] = channel;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
on_channel (GstElement *webrtcbin, GObject *channel, gpointer data)
{
  Chat *self = data;

  g_mutex_lock (&self->lock);
  self->channels[1] = g_object_ref (channel);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
wait_open (Chat *self)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  g_mutex_lock (&self->lock);
  while (self->channels[0] == NULL || self->channels[1] == NULL) {
    if (!g_cond_wait_until (&self->changed, &self->lock, deadline))
      g_error ("Waited in vain for a data channel");
  }
  g_mutex_unlock (&self->lock);
}

static GObject *
create_channel (WatchedPeers *watched, const char *label)
{
  g_autoptr (GstStructure) options =
      gst_structure_new ("options", "protocol", G_TYPE_STRING, "talk", NULL);
  GObject *channel = NULL;

  g_signal_emit_by_name (peers_get (watched_peers_get (watched), "a"),
      "create-data-channel", label, options, &channel);
  g_assert_nonnull (channel);
  return channel;
}

static void
send_data (GObject *channel, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  g_signal_emit_by_name (channel, "send-data", bytes);
}

/* messages sent and received, and their bytes */
typedef struct {
  const char *label;
  guint sent, sent_bytes, received, received_bytes;
} Talk;

static JsonObject *
find_channel (JsonObject *report, const char *label)
{
  g_autoptr (GPtrArray) channels = report_find_all (report, "data-channel");
  guint i;

  for (i = 0; i < channels->len; i++) {
    if (g_strcmp0 (stats_text (channels->pdata[i], "label"), label) == 0)
      return channels->pdata[i];
  }
  return NULL;
}

static gboolean
is_talk (JsonObject *report, gpointer data)
{
  const Talk *talk = data;
  JsonObject *stats = find_channel (report, talk->label);

  return stats != NULL && json_object_has_member (stats, "messagesSent") &&
         stats_count (stats, "messagesSent") == talk->sent &&
         stats_count (stats, "bytesSent") == talk->sent_bytes &&
         stats_count (stats, "messagesReceived") == talk->received &&
         stats_count (stats, "bytesReceived") == talk->received_bytes;
}

static void
assert_channel (WatchedPeers *watched, const char *peer, Talk *talk, GObject *channel)
{
  g_autoptr (JsonObject) report =
      watched_peers_wait (watched, peer, "the messages", is_talk, talk);
  JsonObject *stats = find_channel (report, talk->label);
  JsonObject *connection = report_find (report, "peer-connection");
  gint id;

  g_object_get (channel, "id", &id, NULL);
  g_assert_cmpstr (stats_text (stats, "protocol"), ==, "talk");
  g_assert_cmpstr (stats_text (stats, "state"), ==, "open");
  g_assert_cmpint (stats_count (stats, "dataChannelIdentifier"), ==, id);
  g_assert_cmpuint (stats_count (connection, "dataChannelsOpened"), ==, 1);
  g_assert_cmpuint (stats_count (connection, "dataChannelsClosed"), ==, 0);
}

static gboolean
is_closed (JsonObject *report, gpointer data)
{
  JsonObject *connection = report_find (report, "peer-connection");

  return connection != NULL && stats_count (connection, "dataChannelsClosed") == 1 &&
         stats_count (connection, "dataChannelsOpened") == 1 &&
         find_channel (report, data) == NULL;
}

/* A call without media. The channel's own messages are not counted. */
static void
test_messages_are_counted_at_both_ends (void)
{
  Chat chat = { 0 };
  g_autoptr (WatchedPeers) watched = watched_peers_new ("");
  Peers *peers = watched_peers_get (watched);
  Talk caller = { "chat", 3, 12, 1, 4 }, callee = { "chat", 1, 4, 3, 12 };
  g_autoptr (GObject) channel = NULL;
  g_autoptr (JsonObject) closed = NULL;

  g_mutex_init (&chat.lock);
  g_cond_init (&chat.changed);
  g_signal_connect (
      peers_get (peers, "b"), "on-data-channel", G_CALLBACK (on_channel), &chat);
  peers_play (peers);
  channel = create_channel (watched, "chat");
  g_signal_connect (channel, "on-open", G_CALLBACK (on_open), &chat);
  peers_negotiate (peers, TRUE);
  wait_open (&chat);
  g_signal_emit_by_name (channel, "send-string", "häh"); /* four bytes */
  g_signal_emit_by_name (channel, "send-string", "x");
  send_data (channel, "1234567");
  g_signal_emit_by_name (chat.channels[1], "send-string", "yes!");
  assert_channel (watched, "a", &caller, channel);
  assert_channel (watched, "b", &callee, chat.channels[1]);
  g_signal_emit_by_name (channel, "close");
  closed =
      watched_peers_wait (watched, "a", "a closed channel", is_closed, (gpointer) "chat");
  g_object_unref (chat.channels[1]);
}

/* Congestion control */

#define EXTENSION \
  "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define TWCC \
  "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 auto-header-extension=true ! " \
  "application/x-rtp,encoding-params=(string)2,extmap-1=(string)" EXTENSION \
  ",rtcp-fb-transport-cc=(boolean)true ! a. "

/* Media that comes to b. */
typedef struct {
  GMutex lock;
  guint n;
  gboolean drop; /* every other packet */
} Way;

static gboolean
is_lost (Way *way, GstBuffer *buffer)
{
  guint8 head[2] = { 0, 0 };
  gboolean is_media, drop;

  gst_buffer_extract (buffer, 0, head, sizeof head);
  is_media = head[0] >> 6 == 2 && (head[1] & 0x7F) == 96;
  g_mutex_lock (&way->lock);
  way->n += is_media;
  drop = is_media && way->drop && way->n % 2 == 0;
  g_mutex_unlock (&way->lock);
  return drop;
}

static gboolean
lose (GstBuffer **buffer, guint index, gpointer data)
{
  if (is_lost (data, *buffer))
    gst_clear_buffer (buffer);
  return TRUE;
}

/* From libnice 0.1.23 on they come in lists. */
static GstPadProbeReturn
on_packet (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    info->data = gst_buffer_list_make_writable (info->data);
    gst_buffer_list_foreach (info->data, lose, data);
    return GST_PAD_PROBE_OK;
  }
  return is_lost (data, info->data) ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static void
on_element (GstBin *webrtcbin, GstBin *bin, GstElement *element, gpointer data)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  g_autoptr (GstPad) pad = NULL;

  if (factory == NULL || strcmp (GST_OBJECT_NAME (factory), "nicesrc") != 0)
    return;
  pad = gst_element_get_static_pad (element, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
      on_packet, data, NULL);
}

typedef struct {
  double low, high;
} Range;

static gboolean
is_loss (JsonObject *report, gpointer data)
{
  const Range *range = data;
  JsonObject *transport = report_find (report, "transport");

  return transport != NULL && stats_count (transport, "gstTwccPacketsSent") > 0 &&
         stats_count (transport, "gstTwccBitrateSent") > 1000 &&
         stats_count (transport, "gstTwccBitrateReceived") > 1000 &&
         stats_number (transport, "gstTwccFractionLost") >= range->low &&
         stats_number (transport, "gstTwccFractionLost") <= range->high;
}

/* Up to 1.22 at least, who does not say so accepts no header extension. */
static void
accept_feedback (GstElement *webrtcbin)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "application/x-rtp,media=audio,encoding-name=OPUS,payload=96,"
      "clock-rate=48000,encoding-params=(string)2,"
      "extmap-1=(string)" EXTENSION ",rtcp-fb-transport-cc=(boolean)true");
  g_autoptr (GObject) transceiver = NULL;

  g_signal_emit_by_name (webrtcbin, "add-transceiver",
      GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps, &transceiver);
  g_assert_nonnull (transceiver);
}

static void
test_feedback_follows_loss (void)
{
  Way way = { 0 };
  g_autoptr (WatchedPeers) watched = watched_peers_new (TWCC);
  Peers *peers = watched_peers_get (watched);
  Range none = { 0, 0.05 }, half = { 0.4, 0.6 };
  g_autoptr (JsonObject) before = NULL;
  g_autoptr (JsonObject) after = NULL;
  JsonObject *transport;

  g_mutex_init (&way.lock);
  g_signal_connect (
      peers_get (peers, "b"), "deep-element-added", G_CALLBACK (on_element), &way);
  peers_play (peers);
  accept_feedback (peers_get (peers, "b"));
  peers_negotiate (peers, TRUE);
  before = watched_peers_wait (watched, "a", "feedback without loss", is_loss, &none);
  transport = report_find (before, "transport");
  g_assert_cmpuint (stats_count (transport, "gstTwccPacketsReceived"), <=,
      stats_count (transport, "gstTwccPacketsSent"));
  g_assert_true (json_object_has_member (transport, "gstTwccDelayVariation"));
  g_mutex_lock (&way.lock);
  way.drop = TRUE;
  g_mutex_unlock (&way.lock);
  after = watched_peers_wait (watched, "a", "feedback of loss", is_loss, &half);
}

static gboolean
has_transport (JsonObject *report, gpointer data)
{
  return report_find (report, "candidate-pair") != NULL;
}

static void
test_without_feedback_nothing_is_told (void)
{
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO);
  g_autoptr (JsonObject) report = NULL;

  peers_play (watched_peers_get (watched));
  peers_negotiate (watched_peers_get (watched), TRUE);
  report = watched_peers_wait (watched, "a", "a pair", has_transport, NULL);
  g_assert_false (
      json_object_has_member (report_find (report, "transport"), "gstTwccPacketsSent"));
  g_assert_false (json_object_has_member (
      report_find (report, "candidate-pair"), "availableOutgoingBitrate"));
}

/* As rtpgccbwe has it: an element that lets packets through, and guesses. */
typedef struct {
  GstBin parent;
  gint estimate; /* atomic */
} TestEstimator;

typedef GstBinClass TestEstimatorClass;

static GType test_estimator_get_type (void);
G_DEFINE_TYPE (TestEstimator, test_estimator, GST_TYPE_BIN)

static void
test_estimator_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_uint (value, g_atomic_int_get (&((TestEstimator *)object)->estimate));
}

static void
test_estimator_class_init (TestEstimatorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = test_estimator_get_property;
  g_object_class_install_property (object_class, 1,
      g_param_spec_uint (
          "estimated-bitrate", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE));
}

static void
test_estimator_init (TestEstimator *self)
{
  GstElement *identity = gst_element_factory_make ("identity", NULL);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (identity, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (identity, "src");

  gst_bin_add (GST_BIN (self), identity);
  gst_element_add_pad (GST_ELEMENT (self), gst_ghost_pad_new ("sink", sink));
  gst_element_add_pad (GST_ELEMENT (self), gst_ghost_pad_new ("src", src));
}

static GstElement *
on_aux_sender (GstElement *webrtcbin, GObject *transport, gpointer data)
{
  return gst_object_ref (data);
}

static gboolean
is_estimate (JsonObject *report, gpointer data)
{
  JsonObject *pair = report_find (report, "candidate-pair");

  return pair != NULL &&
         stats_number (pair, "availableOutgoingBitrate") == GPOINTER_TO_UINT (data);
}

static void
test_the_estimate_is_followed (void)
{
  g_autoptr (GstElement) estimator =
      gst_object_ref_sink (g_object_new (test_estimator_get_type (), NULL));
  g_autoptr (WatchedPeers) watched = watched_peers_new (AUDIO);
  g_autoptr (JsonObject) before = NULL;
  g_autoptr (JsonObject) after = NULL;

  g_signal_connect (peers_get (watched_peers_get (watched), "a"), "request-aux-sender",
      G_CALLBACK (on_aux_sender), estimator);
  g_atomic_int_set (&((TestEstimator *)estimator)->estimate, 300000);
  peers_play (watched_peers_get (watched));
  peers_negotiate (watched_peers_get (watched), TRUE);
  before = watched_peers_wait (
      watched, "a", "an estimate", is_estimate, GUINT_TO_POINTER (300000));
  g_atomic_int_set (&((TestEstimator *)estimator)->estimate, 70000);
  after = watched_peers_wait (
      watched, "a", "another estimate", is_estimate, GUINT_TO_POINTER (70000));
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/data-channels/messages-are-counted-at-both-ends",
      test_messages_are_counted_at_both_ends);
  g_test_add_func ("/congestion/feedback-follows-loss", test_feedback_follows_loss);
  g_test_add_func ("/congestion/without-feedback-nothing-is-told",
      test_without_feedback_nothing_is_told);
  g_test_add_func ("/congestion/the-estimate-is-followed", test_the_estimate_is_followed);
  return g_test_run ();
}
