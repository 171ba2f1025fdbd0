/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Probes that count one stream's media. They run on streaming threads; the lock is never
 * held while something else is called.
 */
#include "mediacount.h"

#define BUFFERS (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST)

typedef GstCallstatsMediaCount Count;

static void
for_each_buffer (Count *self, GstPadProbeInfo *info, GstPad *pad,
    void (*take) (Count *self, GstPad *pad, GstBuffer *buffer, gint64 now))
{
  gint64 now = g_get_monotonic_time ();
  GstBufferList *list;
  guint i;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    take (self, pad, GST_PAD_PROBE_INFO_BUFFER (info), now);
  } else if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    for (i = 0; i < gst_buffer_list_length (list); i++)
      take (self, pad, gst_buffer_list_get (list, i), now);
  }
}

static void
take_caps (Count *self, GstCaps *caps, gboolean out)
{
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_caps (&self->figures, caps, out);
  g_mutex_unlock (&self->lock);
  if (!out)
    g_atomic_int_set (&self->has_raw_caps, TRUE);
}

/* Returns: FALSE: it is no event */
static gboolean
take_event (Count *self, GstPadProbeInfo *info, gboolean out)
{
  GstEvent *event;
  GstCaps *caps;

  if (!(info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM))
    return FALSE;
  event = GST_PAD_PROBE_INFO_EVENT (info);
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    gst_event_parse_caps (event, &caps);
    take_caps (self, caps, out);
  }
  return TRUE;
}

void
gst_callstats_media_count_read_caps (Count *self, GstPad *pad, gboolean out)
{
  g_autoptr (GstCaps) caps = pad != NULL ? gst_pad_get_current_caps (pad) : NULL;

  if (caps != NULL)
    take_caps (self, caps, out);
}

/* An encoder may be found while its own caps are still on their way into it. */
static void
ensure_raw_caps (Count *self, GstPad *pad)
{
  if (!g_atomic_int_get (&self->has_raw_caps))
    gst_callstats_media_count_read_caps (self, pad, FALSE);
}

static void
take_played_caps (Count *self, GstCaps *caps)
{
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_played_caps (&self->figures, caps);
  g_mutex_unlock (&self->lock);
}

static void
take_frame_in (Count *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  if (!self->received)
    ensure_raw_caps (self, pad);
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_frame_in (&self->figures, buffer, now);
  g_mutex_unlock (&self->lock);
}

static void
take_frame_out (Count *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_frame_out (&self->figures, buffer, now);
  g_mutex_unlock (&self->lock);
}

static void
take_shown (Count *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  g_mutex_lock (&self->lock);
  gst_callstats_frame_gaps_add (&self->figures.gaps, now);
  g_mutex_unlock (&self->lock);
}

static void
take_samples (Count *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  GstMapInfo map = GST_MAP_INFO_INIT;
  gboolean mapped = gst_buffer_map (buffer, &map, GST_MAP_READ);

  ensure_raw_caps (self, pad);
  g_mutex_lock (&self->lock);
  if (mapped)
    gst_callstats_audio_meter_add (&self->figures.meter, map.data, map.size, now);
  else
    self->figures.meter.unmeasured = TRUE;
  g_mutex_unlock (&self->lock);
  if (mapped)
    gst_buffer_unmap (buffer, &map);
}

static void
take_played (Count *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  gsize size = gst_buffer_get_size (buffer);

  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_played (&self->figures, size);
  g_mutex_unlock (&self->lock);
}

static void
take_gap (Count *self, gboolean gap)
{
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_gap (&self->figures, gap);
  g_mutex_unlock (&self->lock);
}

GstPadProbeReturn
gst_callstats_media_count_on_frame_in (
    GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Count *self = user_data;

  if (!take_event (self, info, self->received))
    for_each_buffer (self, info, pad, take_frame_in);
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn
gst_callstats_media_count_on_frame_out (
    GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Count *self = user_data;

  if (!take_event (self, info, TRUE))
    for_each_buffer (self, info, pad, take_frame_out);
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn
gst_callstats_media_count_on_shown (
    GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  for_each_buffer (user_data, info, pad, take_shown);
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn
gst_callstats_media_count_on_played (
    GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Count *self = user_data;
  GstCaps *caps;

  if (!(info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM)) {
    for_each_buffer (self, info, pad, take_played);
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_CAPS) {
    gst_event_parse_caps (GST_PAD_PROBE_INFO_EVENT (info), &caps);
    take_played_caps (self, caps);
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn
gst_callstats_media_count_on_samples (
    GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Count *self = user_data;

  if (!take_event (self, info, FALSE))
    for_each_buffer (self, info, pad, take_samples);
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn
gst_callstats_media_count_on_coded_audio (
    GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (!(info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM))
    take_gap (user_data, FALSE);
  else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_GAP)
    take_gap (user_data, TRUE);
  return GST_PAD_PROBE_OK;
}

void
gst_callstats_media_count_read_played_caps (Count *self, GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  if (caps != NULL)
    take_played_caps (self, caps);
}

/* Packets */

static void
take_packet (Count *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  GstCallstatsPacket packet;

  if (!gst_callstats_packet_read (
          &packet, buffer, (GstCallstatsVideoCodec)g_atomic_int_get (&self->codec)))
    return;
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_packet (&self->figures, &packet);
  g_mutex_unlock (&self->lock);
}

static void
take_arrival (Count *self, GstPad *pad, GstBuffer *buffer, gint64 now)
{
  guint8 timestamp[4];

  if (gst_buffer_extract (buffer, 4, timestamp, sizeof timestamp) < sizeof timestamp)
    return;
  g_mutex_lock (&self->lock);
  gst_callstats_media_figures_take_arrival (
      &self->figures, GST_READ_UINT32_BE (timestamp), now);
  g_mutex_unlock (&self->lock);
}

GstPadProbeReturn
gst_callstats_media_count_on_arrival (
    GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  for_each_buffer (user_data, info, pad, take_arrival);
  return GST_PAD_PROBE_OK;
}

void
gst_callstats_media_count_packets (Count *self, GstPad *pad, GstPadProbeInfo *info)
{
  for_each_buffer (self, info, pad, take_packet);
}

void
gst_callstats_media_count_init (Count *self, gboolean received, guint32 ssrc)
{
  g_mutex_init (&self->lock);
  self->received = received;
  self->figures.received = received;
  self->figures.ssrc = ssrc;
  self->figures.first_pts = self->figures.last_pts = GST_CLOCK_TIME_NONE;
}

void
gst_callstats_media_count_clear (Count *self)
{
  g_mutex_clear (&self->lock);
}
