/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A data channel of a call. Its signals come with webrtcbin's lock held: they write down
 * what happened under a lock of their own and wake the test's thread.
 */
#include "channels.h"

#include <string.h>

#define DEADLINE (20 * G_TIME_SPAN_SECOND)

struct _Channels {
  GstElement *callee;
  gulong on_data_channel;

  GMutex lock;
  GCond changed;
  GObject *ends[N_ENDS];
  gboolean open[N_ENDS];
  ChannelCount sent[N_ENDS], received[N_ENDS];
};

static void
add_received (Channels *self, GObject *channel, gsize bytes)
{
  ChannelCount *count;

  g_mutex_lock (&self->lock);
  count = &self->received[channel == self->ends[CALLER] ? CALLER : CALLEE];
  count->messages++;
  count->bytes += bytes;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
on_text (GObject *channel, const char *text, Channels *self)
{
  add_received (self, channel, strlen (text));
}

static void
on_data (GObject *channel, GBytes *data, Channels *self)
{
  add_received (self, channel, g_bytes_get_size (data));
}

static void
on_open (GObject *channel, Channels *self)
{
  g_mutex_lock (&self->lock);
  self->open[channel == self->ends[CALLER] ? CALLER : CALLEE] = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
take_channel (Channels *self, TruthEnd end, GObject *channel)
{
  g_mutex_lock (&self->lock);
  g_assert_null (self->ends[end]);
  self->ends[end] = g_object_ref (channel);
  g_mutex_unlock (&self->lock);
  g_signal_connect (channel, "on-open", G_CALLBACK (on_open), self);
  g_signal_connect (channel, "on-message-string", G_CALLBACK (on_text), self);
  g_signal_connect (channel, "on-message-data", G_CALLBACK (on_data), self);
}

/* That of the other end is open when it is announced. */
static void
on_data_channel (GstElement *webrtcbin, GObject *channel, Channels *self)
{
  take_channel (self, CALLEE, channel);
  on_open (channel, self);
}

Channels *
channels_new (TruthCall *call)
{
  Channels *self = g_new0 (Channels, 1);
  g_autoptr (GObject) channel = NULL;

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->callee = gst_object_ref (truth_call_get (call, CALLEE));
  self->on_data_channel = g_signal_connect (
      self->callee, "on-data-channel", G_CALLBACK (on_data_channel), self);
  g_signal_emit_by_name (
      truth_call_get (call, CALLER), "create-data-channel", "truth", NULL, &channel);
  g_assert_nonnull (channel);
  take_channel (self, CALLER, channel);
  return self;
}

/* After the call has stopped */
void
channels_free (Channels *self)
{
  guint end;

  g_signal_handler_disconnect (self->callee, self->on_data_channel);
  for (end = 0; end < N_ENDS; end++) {
    if (self->ends[end] != NULL)
      g_signal_handlers_disconnect_by_data (self->ends[end], self);
    g_clear_object (&self->ends[end]);
  }
  gst_object_unref (self->callee);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

static void
wait_change (Channels *self, gint64 deadline, const char *what)
{
  if (!g_cond_wait_until (&self->changed, &self->lock, deadline))
    g_error ("Waited in vain for %s", what);
}

static void
wait_open (Channels *self)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  g_mutex_lock (&self->lock);
  while (!self->open[CALLER] || !self->open[CALLEE])
    wait_change (self, deadline, "the data channel to open");
  g_mutex_unlock (&self->lock);
}

static void
wait_arrival (Channels *self, TruthEnd from)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  g_mutex_lock (&self->lock);
  while (self->received[!from].messages < self->sent[from].messages)
    wait_change (self, deadline, "messages");
  g_mutex_unlock (&self->lock);
}

/* Of different lengths, and the texts not all ASCII, whose bytes are not its characters
 */
void
channels_send (Channels *self, TruthEnd from, guint texts, guint datas)
{
  guint i;

  wait_open (self);
  for (i = 0; i < texts; i++) {
    g_autofree char *text = g_strdup_printf ("Grüße Nr. %u", i);

    self->sent[from].messages++;
    self->sent[from].bytes += strlen (text);
    g_signal_emit_by_name (self->ends[from], "send-string", text);
  }
  for (i = 0; i < datas; i++) {
    g_autofree guint8 *data = g_malloc0 (100 + i);
    g_autoptr (GBytes) bytes = g_bytes_new (data, 100 + i);

    self->sent[from].messages++;
    self->sent[from].bytes += 100 + i;
    g_signal_emit_by_name (self->ends[from], "send-data", bytes);
  }
  wait_arrival (self, from);
}

ChannelCount
channels_get_sent (Channels *self, TruthEnd end)
{
  return self->sent[end];
}

ChannelCount
channels_get_received (Channels *self, TruthEnd end)
{
  ChannelCount count;

  g_mutex_lock (&self->lock);
  count = self->received[end];
  g_mutex_unlock (&self->lock);
  return count;
}
