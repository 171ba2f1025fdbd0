/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Source of reports: frames, codecs and audio.
 *
 * Pads are tapped as they are added, on the thread that adds them, so that nothing goes
 * by uncounted; the tap waits for the report that knows its stream. Everything else runs
 * on the monitor thread only.
 */
#include "mediastats.h"
#include "playouts.h"
#include "streammedia.h"

#define MAX_GONE 64 /* streams that are remembered, lest they come back */

/* Taps of no stream yet; an atomic box that the handler holds, too. */
typedef struct {
  GMutex lock;
  GPtrArray *taps; /* under lock; NULL: it has ended */
  GstCallstatsDetail detail;
} Arrivals;

typedef struct {
  GstCallstatsDetail detail;
  Arrivals *arrivals;
  gulong pad_added;
  GPtrArray *taps;  /* GstCallstatsMediaTap: taken over, without a stream */
  GPtrArray *media; /* GstCallstatsStreamMedia */
  GstCallstatsPlayouts *playouts;
  GstCallstatsMediaFigures figures; /* of the stream that is looked at */
} MediaStats;

/* Pads */

static void
clear_arrivals (gpointer data)
{
  Arrivals *arrivals = data;

  g_mutex_clear (&arrivals->lock);
}

static void
unref_arrivals (gpointer data, GClosure *closure)
{
  g_atomic_rc_box_release_full (data, clear_arrivals);
}

static void
free_tap (gpointer tap)
{
  gst_callstats_media_tap_free (tap);
}

static void
on_pad_added (GstElement *webrtcbin, GstPad *pad, gpointer user_data)
{
  Arrivals *arrivals = user_data;
  GstCallstatsMediaTap *tap = gst_callstats_media_tap_new (pad, 0, arrivals->detail);

  g_mutex_lock (&arrivals->lock);
  if (arrivals->taps != NULL)
    g_ptr_array_add (arrivals->taps, g_steal_pointer (&tap));
  g_mutex_unlock (&arrivals->lock);
  gst_callstats_media_tap_free (tap);
}

static gboolean
tap_present_pad (GstElement *webrtcbin, GstPad *pad, gpointer user_data)
{
  on_pad_added (webrtcbin, pad, user_data);
  return TRUE;
}

static void
take_arrivals (MediaStats *self)
{
  guint i;

  g_mutex_lock (&self->arrivals->lock);
  for (i = 0; i < self->arrivals->taps->len; i++)
    g_ptr_array_add (
        self->taps, g_steal_pointer (&g_ptr_array_index (self->arrivals->taps, i)));
  g_ptr_array_set_size (self->arrivals->taps, 0);
  g_mutex_unlock (&self->arrivals->lock);
}

/* Returns: (transfer full) (nullable) */
static GstCallstatsMediaTap *
take_arrived (MediaStats *self, GstPad *pad)
{
  guint i;

  for (i = 0; i < self->taps->len; i++) {
    if (gst_callstats_media_tap_is_on (g_ptr_array_index (self->taps, i), pad))
      return g_ptr_array_steal_index_fast (self->taps, i);
  }
  return NULL;
}

/* Returns: (transfer full) */
static GstCallstatsMediaTap *
take_tap (MediaStats *self, const GstCallstatsRtpStream *stream)
{
  GstCallstatsMediaTap *arrived = take_arrived (self, stream->pad);

  return arrived != NULL
             ? arrived
             : gst_callstats_media_tap_new (stream->pad, stream->ssrc, self->detail);
}

/* Streams */

static GstCallstatsStreamMedia *
find_media (MediaStats *self, const GstCallstatsRtpStream *stream)
{
  guint i;

  for (i = 0; i < self->media->len; i++) {
    GstCallstatsStreamMedia *media = g_ptr_array_index (self->media, i);

    if (g_str_equal (media->id, stream->id))
      return media;
  }
  return NULL;
}

static void
look_at_stream (MediaStats *self, const GstCallstatsRtpStream *stream, gint64 now)
{
  GstCallstatsStreamMedia *media = find_media (self, stream);

  if (media == NULL) {
    media = gst_callstats_stream_media_new (stream, self->detail, &self->figures);
    g_ptr_array_add (self->media, media);
  }
  if (stream->pad != NULL &&
      (media->tap == NULL || !gst_callstats_media_tap_is_on (media->tap, stream->pad)))
    gst_callstats_stream_media_set_tap (media, take_tap (self, stream));
  else if (stream->pad != NULL)
    /* A stream that was seen before on_pad_added() was through has two. */
    gst_callstats_media_tap_free (take_arrived (self, stream->pad));
  gst_callstats_stream_media_look (media, stream, now);
  if (media->received && media->tap != NULL &&
      gst_callstats_stream_media_is (media, "audio"))
    media->playout = gst_callstats_playouts_take (self->playouts, media->sink,
        media->figures->played, media->figures->played_seconds);
}

static void
forget_gone (MediaStats *self)
{
  guint i = 0;

  while (self->media->len > MAX_GONE && i < self->media->len) {
    GstCallstatsStreamMedia *media = g_ptr_array_index (self->media, i);

    if (media->seen)
      i++;
    else
      g_ptr_array_remove_index (self->media, i);
  }
}

static void
look (gpointer source, GstCallstatsView *view)
{
  MediaStats *self = source;
  guint i;

  take_arrivals (self);
  gst_callstats_playouts_begin (self->playouts);
  for (i = 0; i < self->media->len; i++)
    ((GstCallstatsStreamMedia *)g_ptr_array_index (self->media, i))->seen = FALSE;
  for (i = 0; i < view->streams->len; i++)
    look_at_stream (self, g_ptr_array_index (view->streams, i), view->now);
  forget_gone (self);
}

static void
describe_stream (gpointer source, const GstCallstatsView *view,
    const GstCallstatsRtpStream *stream, CallstatsReport *report)
{
  GstCallstatsStreamMedia *media = find_media (source, stream);

  if (media == NULL)
    return;
  gst_callstats_stream_media_read (media);
  if (media->received)
    gst_callstats_received_media_describe (media, view->now, report);
  else
    gst_callstats_sent_media_describe (media, view->now, report);
}

static void
describe (gpointer source, const GstCallstatsView *view, CallstatsReport *report)
{
  MediaStats *self = source;
  guint i;

  for (i = 0; i < self->media->len; i++) {
    GstCallstatsStreamMedia *media = g_ptr_array_index (self->media, i);

    if (!media->seen || media->received)
      continue;
    gst_callstats_stream_media_read (media);
    gst_callstats_media_source_describe (media, view->now, report);
  }
  gst_callstats_playouts_describe (self->playouts, report);
}

static gpointer
attach (GstCallstatsFabricLink *link, GstElement *webrtcbin, GstCallstatsDetail detail)
{
  MediaStats *self = g_new0 (MediaStats, 1);

  self->detail = detail;
  self->arrivals = g_atomic_rc_box_new0 (Arrivals);
  g_mutex_init (&self->arrivals->lock);
  self->arrivals->taps = g_ptr_array_new_with_free_func (free_tap);
  self->arrivals->detail = detail;
  self->taps = g_ptr_array_new_with_free_func (free_tap);
  self->media =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_callstats_stream_media_free);
  self->playouts = gst_callstats_playouts_new ();
  gst_element_foreach_pad (webrtcbin, tap_present_pad, self->arrivals);
  self->pad_added =
      g_signal_connect_data (webrtcbin, "pad-added", G_CALLBACK (on_pad_added),
          g_atomic_rc_box_acquire (self->arrivals), unref_arrivals, 0);
  return self;
}

static void
end_arrivals (MediaStats *self)
{
  GPtrArray *taps;

  g_mutex_lock (&self->arrivals->lock);
  taps = g_steal_pointer (&self->arrivals->taps);
  g_mutex_unlock (&self->arrivals->lock);
  g_ptr_array_unref (taps);
  unref_arrivals (self->arrivals, NULL);
}

static void
detach (gpointer source, GstElement *webrtcbin)
{
  MediaStats *self = source;

  if (webrtcbin != NULL)
    g_signal_handler_disconnect (webrtcbin, self->pad_added);
  end_arrivals (self);
  g_ptr_array_unref (self->taps);
  g_ptr_array_unref (self->media);
  gst_callstats_playouts_free (self->playouts);
  g_free (self);
}

const GstCallstatsStatsSource gst_callstats_media_stats_source = {
  .detail = GST_CALLSTATS_DETAIL_FRAMES | GST_CALLSTATS_DETAIL_CODECS |
            GST_CALLSTATS_DETAIL_AUDIO,
  .attach = attach,
  .detach = detach,
  .look = look,
  .describe_stream = describe_stream,
  .describe = describe,
};
