/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When packets of the other end arrive at a webrtcbin. The probes run on streaming
 * threads: they store and post. Everything else runs on the monitor thread only.
 */
#include "mediaarrivals.h"

#define PAUSE_MS 1000
#define RTCP_SR 200
#define RTCP_BYE 203

/* The last packet's time, in milliseconds without the upper half: what comes at once from
 * several pads may be off by one, and nothing waits. */
typedef struct {
  gint any;
  gint first;
  gint last;
} Clock;

/* What a probe holds. */
typedef struct {
  gatomicrefcount ref_count;
  GstCallstatsFabricLink *link;
  GstCallstatsRtcpArrived arrived;
  Clock rtp, rtcp;
} Ears;

typedef struct {
  GstPad *pad;
  gulong probe;
} Tap;

struct _GstCallstatsArrivals {
  Ears *ears;
  GArray *taps; /* Tap */
  guint32 cookie;
};

static void
ears_unref (gpointer data)
{
  Ears *ears = data;

  if (!g_atomic_ref_count_dec (&ears->ref_count))
    return;
  gst_callstats_fabric_link_unref (ears->link);
  g_free (ears);
}

static Ears *
ears_ref (Ears *ears)
{
  g_atomic_ref_count_inc (&ears->ref_count);
  return ears;
}

static guint
get_milliseconds (gint64 time)
{
  return (guint)(time / 1000);
}

static void
clock_set (Clock *clock, gint64 time)
{
  guint now = get_milliseconds (time);
  guint last = g_atomic_int_get (&clock->last);

  if (!g_atomic_int_get (&clock->any) || now - last > PAUSE_MS)
    g_atomic_int_set (&clock->first, now);
  g_atomic_int_set (&clock->last, now);
  g_atomic_int_set (&clock->any, TRUE);
}

static gint64
get_time (gint *milliseconds, gint64 now)
{
  guint age = get_milliseconds (now) - (guint)g_atomic_int_get (milliseconds);

  return (now / 1000 - (age > G_MAXINT ? 0 : age)) * 1000;
}

/* One compound packet on its way to the monitor thread. */
typedef struct {
  Ears *ears;
  GstBuffer *rtcp;
  gint64 time;
} Delivery;

static void
delivery_free (gpointer data)
{
  Delivery *delivery = data;

  gst_buffer_unref (delivery->rtcp);
  ears_unref (delivery->ears);
  g_free (delivery);
}

static gboolean
deliver (gpointer data)
{
  Delivery *delivery = data;
  gpointer owner = delivery->ears->link->owner;

  if (owner != NULL)
    delivery->ears->arrived (owner, delivery->rtcp, delivery->time);
  return G_SOURCE_REMOVE;
}

/* Feedback between the reports, which may be much, is left alone. */
static void
take_rtcp (Ears *ears, GstBuffer *buffer, gint64 time)
{
  guint8 header[2] = { 0, 0 };
  Delivery *delivery;

  gst_buffer_extract (buffer, 0, header, sizeof header);
  if (header[1] < RTCP_SR || header[1] > RTCP_BYE)
    return;
  delivery = g_new0 (Delivery, 1);
  delivery->ears = ears_ref (ears);
  delivery->rtcp = gst_buffer_ref (buffer);
  delivery->time = time;
  callstats_monitor_invoke (deliver, delivery, delivery_free);
}

static GstPadProbeReturn
on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Ears *ears = user_data;

  clock_set (&ears->rtp, g_get_monotonic_time ());
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_rtcp (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Ears *ears = user_data;
  gint64 now = g_get_monotonic_time ();

  clock_set (&ears->rtcp, now);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    take_rtcp (ears, GST_PAD_PROBE_INFO_BUFFER (info), now);
  return GST_PAD_PROBE_OK;
}

static gboolean
is_tapped (GstCallstatsArrivals *self, GstPad *pad)
{
  guint i;

  for (i = 0; i < self->taps->len; i++) {
    if (g_array_index (self->taps, Tap, i).pad == pad)
      return TRUE;
  }
  return FALSE;
}

static gboolean
look_at_pad (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  GstCallstatsArrivals *self = user_data;
  GstPadProbeCallback callback = NULL;
  Tap tap;

  if (g_str_has_prefix (GST_PAD_NAME (pad), "recv_rtp_sink_"))
    callback = on_rtp;
  else if (g_str_has_prefix (GST_PAD_NAME (pad), "recv_rtcp_sink_"))
    callback = on_rtcp;
  if (callback == NULL || is_tapped (self, pad))
    return TRUE;
  tap.pad = gst_object_ref (pad);
  tap.probe =
      gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
          callback, ears_ref (self->ears), ears_unref);
  g_array_append_val (self->taps, tap);
  return TRUE;
}

void
gst_callstats_arrivals_look (GstCallstatsArrivals *self, GstElement *rtpbin)
{
  guint32 cookie;

  GST_OBJECT_LOCK (rtpbin);
  cookie = rtpbin->pads_cookie;
  GST_OBJECT_UNLOCK (rtpbin);
  if (cookie == self->cookie)
    return;
  self->cookie = cookie;
  gst_element_foreach_sink_pad (rtpbin, look_at_pad, self);
}

gboolean
gst_callstats_arrivals_get (
    GstCallstatsArrivals *self, gboolean rtp, gint64 now, GstCallstatsArrival *arrival)
{
  Clock *clock = rtp ? &self->ears->rtp : &self->ears->rtcp;

  if (!g_atomic_int_get (&clock->any))
    return FALSE;
  arrival->last = get_time (&clock->last, now);
  arrival->first = MIN (get_time (&clock->first, now), arrival->last);
  return TRUE;
}

GstCallstatsArrivals *
gst_callstats_arrivals_new (GstCallstatsFabricLink *link, GstCallstatsRtcpArrived arrived)
{
  GstCallstatsArrivals *self = g_new0 (GstCallstatsArrivals, 1);

  self->ears = g_new0 (Ears, 1);
  g_atomic_ref_count_init (&self->ears->ref_count);
  self->ears->link = gst_callstats_fabric_link_ref (link);
  self->ears->arrived = arrived;
  self->taps = g_array_new (FALSE, FALSE, sizeof (Tap));
  return self;
}

void
gst_callstats_arrivals_free (GstCallstatsArrivals *self)
{
  guint i;

  if (self == NULL)
    return;
  for (i = 0; i < self->taps->len; i++) {
    Tap *tap = &g_array_index (self->taps, Tap, i);

    gst_pad_remove_probe (tap->pad, tap->probe);
    gst_object_unref (tap->pad);
  }
  g_array_unref (self->taps);
  ears_unref (self->ears);
  g_free (self);
}
