/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The data channels of one webrtcbin.
 *
 * webrtcbin calls the handlers under its own locks: they count, and touch nothing of
 * webrtcbin. What is received comes by the channel's signals. What is sent has none that
 * an application in C would cause: it is counted where the channel's appsrc gives it to
 * SCTP. webrtcbin adds that element right behind prepare-data-channel, under one lock.
 */
#include "datachannels.h"

#include <gst/sctp/sctpsendmeta.h>
#include <string.h>

#include "getstats.h"

/* Payload protocol identifiers of RFC 8831. */
#define PPID_STRING 51
#define PPID_BINARY 53
#define PPID_STRING_EMPTY 56
#define PPID_BINARY_EMPTY 57

typedef struct {
  guint64 messages, bytes;
} Count;

/* What handlers hold of a channel. */
typedef struct {
  GMutex lock;
  Count sent, received;
  gboolean opened, closed;
  gboolean sent_known; /* its appsrc was found */
} Counts;

typedef struct {
  GWeakRef object; /* GstWebRTCDataChannel */
  Counts *counts;
  guint number; /* its id in reports */
  gboolean told_closed;
  GArray *handlers; /* gulong */
} Channel;

/* What webrtcbin's handlers and the monitor thread share. */
typedef struct {
  GMutex lock;
  GPtrArray *channels; /* Channel */
  guint n_channels;    /* that there ever were */
  Counts *prepared;    /* nullable: whose appsrc comes next */
  gboolean closed;
} Shared;

typedef struct {
  Shared *shared;
  gulong handlers[2];
  gboolean is_told;     /* with detail */
  gboolean late;        /* there may have been channels before */
  guint opened, closed; /* of channels that are not there any more */
} Source;

/* Counting */

static void
counts_clear (gpointer data)
{
  Counts *counts = data;

  g_mutex_clear (&counts->lock);
}

static void
counts_release (gpointer counts)
{
  g_atomic_rc_box_release_full (counts, counts_clear);
}

static void
counts_release_closure (gpointer counts, GClosure *closure)
{
  counts_release (counts);
}

static void
count (Counts *counts, Count *place, gsize bytes)
{
  g_mutex_lock (&counts->lock);
  place->messages++;
  place->bytes += bytes;
  g_mutex_unlock (&counts->lock);
}

static void
on_data (GObject *channel, GBytes *data, gpointer user_data)
{
  Counts *counts = user_data;

  count (counts, &counts->received, data != NULL ? g_bytes_get_size (data) : 0);
}

static void
on_string (GObject *channel, const char *text, gpointer user_data)
{
  Counts *counts = user_data;

  count (counts, &counts->received, text != NULL ? strlen (text) : 0);
}

static void
mark (Counts *counts, gboolean *flag)
{
  g_mutex_lock (&counts->lock);
  *flag = TRUE;
  g_mutex_unlock (&counts->lock);
}

static void
on_open (GObject *channel, gpointer user_data)
{
  Counts *counts = user_data;

  mark (counts, &counts->opened);
}

static void
on_close (GObject *channel, gpointer user_data)
{
  Counts *counts = user_data;

  mark (counts, &counts->closed);
}

/* Messages of the channels' own protocol are none of the application's. */
static void
count_sent (Counts *counts, GstBuffer *buffer)
{
  GstSctpSendMeta *meta = gst_sctp_buffer_get_send_meta (buffer);

  if (meta == NULL)
    return;
  if (meta->ppid == PPID_STRING || meta->ppid == PPID_BINARY)
    count (counts, &counts->sent, gst_buffer_get_size (buffer));
  else if (meta->ppid == PPID_STRING_EMPTY || meta->ppid == PPID_BINARY_EMPTY)
    count (counts, &counts->sent, 0);
}

static GstPadProbeReturn
on_sent (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  guint i;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);

    for (i = 0; i < gst_buffer_list_length (list); i++)
      count_sent (user_data, gst_buffer_list_get (list, i));
  } else {
    count_sent (user_data, GST_PAD_PROBE_INFO_BUFFER (info));
  }
  return GST_PAD_PROBE_OK;
}

/* Channels */

static void
channel_free (gpointer data)
{
  Channel *self = data;
  g_autoptr (GObject) object = g_weak_ref_get (&self->object);
  guint i;

  for (i = 0; object != NULL && i < self->handlers->len; i++)
    g_signal_handler_disconnect (object, g_array_index (self->handlers, gulong, i));
  g_weak_ref_clear (&self->object);
  counts_release (self->counts);
  g_array_unref (self->handlers);
  g_free (self);
}

static Channel *
channel_new (GObject *object)
{
  static const struct {
    const char *signal;
    GCallback handler;
  } signals[] = {
    { "on-message-data", G_CALLBACK (on_data) },
    { "on-message-string", G_CALLBACK (on_string) },
    { "on-open", G_CALLBACK (on_open) },
    { "on-close", G_CALLBACK (on_close) },
  };
  Channel *self = g_new0 (Channel, 1);
  guint i;

  g_weak_ref_init (&self->object, object);
  self->counts = g_atomic_rc_box_new0 (Counts);
  g_mutex_init (&self->counts->lock);
  self->handlers = g_array_new (FALSE, FALSE, sizeof (gulong));
  for (i = 0; i < G_N_ELEMENTS (signals); i++) {
    gulong id = g_signal_connect_data (object, signals[i].signal, signals[i].handler,
        g_atomic_rc_box_acquire (self->counts), counts_release_closure, 0);

    g_array_append_val (self->handlers, id);
  }
  return self;
}

static void
on_prepare (GstElement *webrtcbin, GObject *object, gboolean is_local, gpointer user_data)
{
  Shared *shared = user_data;
  Channel *channel = channel_new (object);
  Counts *unused = NULL;

  g_mutex_lock (&shared->lock);
  if (!shared->closed) {
    unused = shared->prepared;
    shared->prepared = g_atomic_rc_box_acquire (channel->counts);
    channel->number = shared->n_channels++;
    g_ptr_array_add (shared->channels, g_steal_pointer (&channel));
  }
  g_mutex_unlock (&shared->lock);
  g_clear_pointer (&unused, counts_release);
  g_clear_pointer (&channel, channel_free);
}

/* The appsrc of a bin that has but that. */
static GstPad *
find_appsrc_pad (GstBin *bin)
{
  g_autoptr (GstElement) child = NULL;
  GstElementFactory *factory;

  GST_OBJECT_LOCK (bin);
  if (bin->numchildren == 1)
    child = gst_object_ref (bin->children->data);
  GST_OBJECT_UNLOCK (bin);
  factory = child != NULL ? gst_element_get_factory (child) : NULL;
  if (factory == NULL || strcmp (GST_OBJECT_NAME (factory), "appsrc") != 0)
    return NULL;
  return gst_element_get_static_pad (child, "src");
}

/* The probe goes with the pad, which the channel owns. */
static void
on_element_added (GstBin *webrtcbin, GstElement *child, gpointer user_data)
{
  Shared *shared = user_data;
  g_autoptr (GstPad) pad = GST_IS_BIN (child) ? find_appsrc_pad (GST_BIN (child)) : NULL;
  Counts *counts;

  if (pad == NULL)
    return;
  g_mutex_lock (&shared->lock);
  counts = g_steal_pointer (&shared->prepared);
  g_mutex_unlock (&shared->lock);
  if (counts == NULL)
    return;
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
      on_sent, g_atomic_rc_box_acquire (counts), counts_release);
  mark (counts, &counts->sent_known);
  counts_release (counts);
}

/* Telling */

static void
get_counts (const Channel *channel, Counts *counts)
{
  g_mutex_lock (&channel->counts->lock);
  counts->sent = channel->counts->sent;
  counts->received = channel->counts->received;
  counts->opened = channel->counts->opened;
  counts->closed = channel->counts->closed;
  counts->sent_known = channel->counts->sent_known;
  g_mutex_unlock (&channel->counts->lock);
}

static const char *
get_state (GstWebRTCDataChannelState state)
{
  switch (state) {
  case GST_WEBRTC_DATA_CHANNEL_STATE_CONNECTING:
    return "connecting";
  case GST_WEBRTC_DATA_CHANNEL_STATE_OPEN:
    return "open";
  case GST_WEBRTC_DATA_CHANNEL_STATE_CLOSING:
    return "closing";
  case GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED:
    return "closed";
  default:
    return NULL;
  }
}

static void
tell_count (const Count *counted, const char *messages, const char *bytes,
    CallstatsReport *report)
{
  callstats_report_set_uint (report, messages, counted->messages);
  callstats_report_set_uint (report, bytes, counted->bytes);
}

static void
tell_channel (Channel *channel, GObject *object, CallstatsReport *report)
{
  g_autofree char *id = g_strdup_printf ("data-channel-stats_%u", channel->number);
  g_autofree char *label = NULL;
  g_autofree char *protocol = NULL;
  GstWebRTCDataChannelState state;
  Counts counts;
  gint identifier;

  g_object_get (object, "label", &label, "protocol", &protocol, "id", &identifier,
      "ready-state", &state, NULL);
  get_counts (channel, &counts);
  callstats_report_add_stats (report, "data-channel", id);
  callstats_report_set_string (report, "label", label);
  callstats_report_set_string (report, "protocol", protocol);
  callstats_report_set_string (report, "state", get_state (state));
  if (identifier >= 0)
    callstats_report_set_uint (report, "dataChannelIdentifier", identifier);
  if (counts.sent_known)
    tell_count (&counts.sent, "messagesSent", "bytesSent", report);
  tell_count (&counts.received, "messagesReceived", "bytesReceived", report);
  channel->told_closed = state == GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED;
}

/* A channel that never opened does not close, in the sense of the standard. */
static void
sum (const Channel *channel, guint *opened, guint *closed)
{
  Counts counts;

  get_counts (channel, &counts);
  *opened += counts.opened;
  *closed += counts.opened && counts.closed;
}

/* Returns: (transfer container): what was there at some moment; only the monitor thread
 * takes channels away */
static GPtrArray *
get_channels (Source *self)
{
  GPtrArray *channels = g_ptr_array_new ();
  guint i;

  g_mutex_lock (&self->shared->lock);
  for (i = 0; i < self->shared->channels->len; i++)
    g_ptr_array_add (channels, g_ptr_array_index (self->shared->channels, i));
  g_mutex_unlock (&self->shared->lock);
  return channels;
}

/* One that is closed is told as such once; after that its sums stay. */
static void
forget (Source *self, Channel *channel)
{
  guint i;

  sum (channel, &self->opened, &self->closed);
  g_mutex_lock (&self->shared->lock);
  if (g_ptr_array_find (self->shared->channels, channel, &i))
    g_ptr_array_steal_index (self->shared->channels, i);
  g_mutex_unlock (&self->shared->lock);
  channel_free (channel);
}

static void
look_at_channel (Source *self, Channel *channel)
{
  g_autoptr (GObject) object = g_weak_ref_get (&channel->object);
  GstWebRTCDataChannelState state = GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED;

  if (object != NULL)
    g_object_get (object, "ready-state", &state, NULL);
  if (object == NULL || (state == GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED &&
                            (channel->told_closed || !self->is_told)))
    forget (self, channel);
}

static void
look (gpointer source, GstCallstatsView *view)
{
  Source *self = source;
  g_autoptr (GPtrArray) channels = get_channels (self);
  guint i;

  for (i = 0; i < channels->len; i++)
    look_at_channel (self, g_ptr_array_index (channels, i));
  view->told |= 1u << GST_WEBRTC_STATS_DATA_CHANNEL;
  if (!self->late)
    view->told |= 1u << GST_WEBRTC_STATS_PEER_CONNECTION;
}

static void
tell_sums (Source *self, const GPtrArray *channels, const GstCallstatsView *view,
    CallstatsReport *report)
{
  guint opened = self->opened, closed = self->closed, i;

  for (i = 0; i < channels->len; i++)
    sum (g_ptr_array_index (channels, i), &opened, &closed);
  callstats_report_add_stats (report, "peer-connection", "peer-connection-stats");
  callstats_report_set_uint (report, "dataChannelsOpened", opened);
  callstats_report_set_uint (report, "dataChannelsClosed", closed);
  if (view->stats != NULL)
    gst_callstats_get_stats_tell_unknown (
        view->stats, GST_WEBRTC_STATS_PEER_CONNECTION, report);
}

static void
describe (gpointer source, const GstCallstatsView *view, CallstatsReport *report)
{
  Source *self = source;
  g_autoptr (GPtrArray) channels = get_channels (self);
  guint i;

  if (!self->late)
    tell_sums (self, channels, view, report);
  for (i = 0; self->is_told && i < channels->len; i++) {
    Channel *channel = g_ptr_array_index (channels, i);
    g_autoptr (GObject) object = g_weak_ref_get (&channel->object);

    if (object != NULL)
      tell_channel (channel, object, report);
  }
}

/* Beginning and ending */

static void
shared_clear (gpointer data)
{
  Shared *shared = data;

  g_clear_pointer (&shared->prepared, counts_release);
  g_ptr_array_unref (shared->channels);
  g_mutex_clear (&shared->lock);
}

static void
shared_release (gpointer shared, GClosure *closure)
{
  g_atomic_rc_box_release_full (shared, shared_clear);
}

/* SCTP is there, or a channel that waits for it. */
static void
look_for_channel (const GValue *item, gpointer user_data)
{
  GstElement *child = g_value_get_object (item);
  GstElementFactory *factory = gst_element_get_factory (child);
  g_autoptr (GstPad) pad = GST_IS_BIN (child) ? find_appsrc_pad (GST_BIN (child)) : NULL;
  gboolean *found = user_data;

  if (pad != NULL ||
      (factory != NULL && strcmp (GST_OBJECT_NAME (factory), "sctpenc") == 0))
    *found = TRUE;
}

static gboolean
may_have_channels (GstElement *webrtcbin)
{
  GstIterator *children = gst_bin_iterate_elements (GST_BIN (webrtcbin));
  gboolean found = FALSE;

  while (gst_iterator_foreach (children, look_for_channel, &found) == GST_ITERATOR_RESYNC)
    gst_iterator_resync (children);
  gst_iterator_free (children);
  return found;
}

static gpointer
attach (GstCallstatsFabricLink *link, GstElement *webrtcbin, GstCallstatsDetail detail)
{
  Source *self = g_new0 (Source, 1);
  Shared *shared = g_atomic_rc_box_new0 (Shared);

  g_mutex_init (&shared->lock);
  shared->channels = g_ptr_array_new_with_free_func (channel_free);
  self->shared = shared;
  self->is_told = (detail & GST_CALLSTATS_DETAIL_DATA_CHANNELS) != 0;
  self->handlers[0] = g_signal_connect_data (webrtcbin, "prepare-data-channel",
      G_CALLBACK (on_prepare), g_atomic_rc_box_acquire (shared), shared_release, 0);
  self->handlers[1] = g_signal_connect_data (webrtcbin, "element-added",
      G_CALLBACK (on_element_added), g_atomic_rc_box_acquire (shared), shared_release, 0);
  self->late = may_have_channels (webrtcbin);
  return self;
}

static void
detach (gpointer source, GstElement *webrtcbin)
{
  Source *self = source;
  g_autoptr (GPtrArray) channels = NULL;
  guint i;

  for (i = 0; webrtcbin != NULL && i < G_N_ELEMENTS (self->handlers); i++)
    g_signal_handler_disconnect (webrtcbin, self->handlers[i]);
  g_mutex_lock (&self->shared->lock);
  self->shared->closed = TRUE;
  channels = g_steal_pointer (&self->shared->channels);
  self->shared->channels = g_ptr_array_new_with_free_func (channel_free);
  g_mutex_unlock (&self->shared->lock);
  g_clear_pointer (&channels, g_ptr_array_unref);
  shared_release (self->shared, NULL);
  g_free (self);
}

const GstCallstatsStatsSource gst_callstats_data_channels_source = {
  .attach = attach,
  .detach = detach,
  .look = look,
  .describe = describe,
};
