/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pipeline of known media, and the reports of what passes through it.
 *
 * Probes run on the pipeline's threads: they count under a lock, and wait where the test
 * wants them to.
 */
#include <string.h>

#include "media-fixture.h"
#include "pipelinethread.h"
#include "stats/mediastats.h"

#define DEADLINE (20 * GST_SECOND)
#define SENT "sender"
#define RECEIVED "receiver"

static const GstCallstatsStatsSource *const source = &gst_callstats_media_stats_source;

/* Counting */

static void
count_buffer (Count *self, GstBuffer *buffer)
{
  if (self->buffers < G_N_ELEMENTS (self->times))
    self->times[self->buffers] = g_get_monotonic_time ();
  self->buffers++;
  self->keys += !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  self->bytes += gst_buffer_get_size (buffer);
}

static gboolean
is_dropped (Count *self, GstBuffer *buffer)
{
  guint8 header[12];

  if (self->drop_each == 0 || self->buffers % self->drop_each != 0)
    return FALSE;
  gst_buffer_extract (buffer, 0, header, sizeof header);
  g_hash_table_add (self->cut, GUINT_TO_POINTER (GST_READ_UINT32_BE (header + 4)));
  return TRUE;
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Count *self = user_data;
  gboolean dropped;

  g_mutex_lock (&self->lock);
  count_buffer (self, GST_PAD_PROBE_INFO_BUFFER (info));
  dropped = is_dropped (self, GST_PAD_PROBE_INFO_BUFFER (info));
  self->waiting = self->buffers == self->pause_at;
  g_cond_broadcast (&self->changed);
  while (self->waiting)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  return dropped ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* Payloaders push a frame's packets as a list. */
static GstPadProbeReturn
on_list (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
  Count *self = user_data;
  guint i = 0;

  list = gst_buffer_list_make_writable (list);
  g_mutex_lock (&self->lock);
  while (i < gst_buffer_list_length (list)) {
    count_buffer (self, gst_buffer_list_get (list, i));
    if (is_dropped (self, gst_buffer_list_get (list, i)))
      gst_buffer_list_remove (list, i, 1);
    else
      i++;
  }
  g_mutex_unlock (&self->lock);
  GST_PAD_PROBE_INFO_DATA (info) = list;
  return GST_PAD_PROBE_OK;
}

void
count_clear (Count *self)
{
  g_clear_pointer (&self->cut, g_hash_table_unref);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

void
count_at (Count *self, Media *media, const char *element, const char *pad_name)
{
  g_autoptr (GstElement) found = gst_bin_get_by_name (GST_BIN (media->pipeline), element);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (found, pad_name);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->cut = g_hash_table_new (NULL, NULL);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, self, NULL);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER_LIST, on_list, self, NULL);
}

void
count_wait_for_pause (Count *self)
{
  gint64 end = g_get_monotonic_time () + DEADLINE / 1000;

  g_mutex_lock (&self->lock);
  while (!self->waiting)
    g_assert_true (g_cond_wait_until (&self->changed, &self->lock, end));
  g_mutex_unlock (&self->lock);
}

void
count_go_on (Count *self, guint pause_at)
{
  g_mutex_lock (&self->lock);
  self->pause_at = pause_at;
  self->waiting = FALSE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* Reports */

void
media_report (Media *self)
{
  GstCallstatsView view = {
    .webrtcbin = self->receiver, .now = g_get_monotonic_time (), .streams = self->streams
  };
  g_autoptr (CallstatsReport) report = callstats_report_new (0);

  source->look (self->source, &view);
  callstats_report_add_stats (report, "outbound-rtp", "out");
  source->describe_stream (self->source, &view, &self->sent, report);
  callstats_report_add_stats (report, "inbound-rtp", "in");
  source->describe_stream (self->source, &view, &self->received, report);
  source->describe (self->source, &view, report);
  g_clear_pointer (&self->report, g_variant_unref);
  self->report = callstats_report_to_variant (report);
}

/* Returns: (transfer full) (nullable) */
static GVariant *
find (Media *self, const char *id, const char *member)
{
  g_autoptr (GVariant) object =
      g_variant_lookup_value (self->report, id, G_VARIANT_TYPE_VARDICT);

  return object != NULL ? g_variant_lookup_value (object, member, NULL) : NULL;
}

double
media_number (Media *self, const char *id, const char *member)
{
  g_autoptr (GVariant) value = find (self, id, member);

  if (value == NULL)
    g_error ("%s has no %s", id, member);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    return g_variant_get_double (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_variant_get_boolean (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return (double)g_variant_get_uint64 (value);
  return (double)g_variant_get_int64 (value);
}

void
media_assert_text (Media *self, const char *id, const char *member, const char *expected)
{
  g_autoptr (GVariant) value = find (self, id, member);

  g_assert_nonnull (value);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, expected);
}

void
media_assert_absent (Media *self, const char *id, const char *member)
{
  g_autoptr (GVariant) value = find (self, id, member);

  g_test_message ("%s %s", id, member);
  g_assert_null (value);
}

/* Pipelines */

GstPad *
media_get_pad (Media *self, const char *element, const char *name)
{
  g_autoptr (GstElement) found = gst_bin_get_by_name (GST_BIN (self->pipeline), element);

  g_assert_nonnull (found);
  return gst_element_get_static_pad (found, name);
}

void
media_begin (
    Media *self, const char *kind, GstCallstatsDetail detail, const char *description)
{
  g_autoptr (GError) error = NULL;

  *self = (Media){ 0 };
  self->pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  gst_object_ref_sink (self->pipeline);
  self->receiver = gst_bin_get_by_name (GST_BIN (self->pipeline), RECEIVED);
  self->source = source->attach (NULL, self->receiver, detail);
  self->sent = (GstCallstatsRtpStream){ .id = "out", .kind = kind, .ssrc = 7 };
  self->sent.pad = media_get_pad (self, SENT, "sink");
  self->received =
      (GstCallstatsRtpStream){ .id = "in", .kind = kind, .ssrc = 7, .received = TRUE };
  self->received.pad = media_get_pad (self, RECEIVED, "src");
  self->streams = g_ptr_array_new ();
  g_ptr_array_add (self->streams, &self->sent);
  g_ptr_array_add (self->streams, &self->received);
  media_report (self);
}

void
media_play (Media *self)
{
  g_assert_cmpint (gst_element_set_state (self->pipeline, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
}

void
media_wait_eos (Media *self)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (bus, DEADLINE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
}

void
media_run (Media *self)
{
  media_play (self);
  media_wait_eos (self);
  media_report (self);
}

void
media_end (Media *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  source->detach (self->source, self->receiver);
  g_ptr_array_unref (self->streams);
  gst_object_unref (self->sent.pad);
  gst_object_unref (self->received.pad);
  gst_object_unref (self->receiver);
  gst_object_unref (self->pipeline);
  g_clear_pointer (&self->report, g_variant_unref);
}

static gboolean
tell_drained (gpointer data)
{
  Count *done = data;

  g_mutex_lock (&done->lock);
  done->waiting = TRUE;
  g_cond_broadcast (&done->changed);
  g_mutex_unlock (&done->lock);
  return G_SOURCE_REMOVE;
}

/* What was posted there before has been done. */
void
media_drain_pipeline_thread (void)
{
  Count done = { .buffers = 0 };

  g_mutex_init (&done.lock);
  g_cond_init (&done.changed);
  gst_callstats_pipeline_invoke (tell_drained, &done, NULL);
  count_wait_for_pause (&done);
  count_clear (&done);
}
