/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reports of one webrtcbin.
 *
 * A report costs webrtcbin no lock: get-stats, which holds webrtcbin's own for as long as
 * it takes, is asked only for what changes rarely. Monitor thread only, but for changed.
 */
#include "collector.h"

#include "datachannels.h"
#include "getstats.h"
#include "mediastats.h"
#include "pace.h"
#include "rtpstreams.h"
#include "transport.h"

/* Told from packets, not from get-stats. */
#define RTP_TYPES \
  (1u << GST_WEBRTC_STATS_CODEC | 1u << GST_WEBRTC_STATS_INBOUND_RTP | \
      1u << GST_WEBRTC_STATS_OUTBOUND_RTP | 1u << GST_WEBRTC_STATS_REMOTE_INBOUND_RTP | \
      1u << GST_WEBRTC_STATS_REMOTE_OUTBOUND_RTP)

/* The longest that a change may be missed which nothing announces. */
#define MAX_AGE (10 * G_TIME_SPAN_SECOND)

static const GstCallstatsStatsSource *const sources[] = {
  &gst_callstats_media_stats_source,
  &gst_callstats_transport_source,
  &gst_callstats_data_channels_source,
};

struct _GstCallstatsCollector {
  GstCallstatsRtpStreams *streams;
  gpointer sources[G_N_ELEMENTS (sources)]; /* NULL: switched off */
  GstCallstatsCollectIp collect_ip;
  GstPromise *reply; /* NULL: none yet */
  gint64 reply_time;
  GstCallstatsPace reply_pace, report_pace;
  gint *changed;    /* atomic, in a box that handlers hold too */
  GArray *handlers; /* gulong */
};

GType
gst_callstats_detail_get_type (void)
{
  static const GFlagsValue values[] = {
    { GST_CALLSTATS_DETAIL_NONE, "Only what a call is scored by", "none" },
    { GST_CALLSTATS_DETAIL_FRAMES, "Frames, their sizes, freezes", "frames" },
    { GST_CALLSTATS_DETAIL_CODECS, "What encoders and decoders do", "codecs" },
    { GST_CALLSTATS_DETAIL_AUDIO, "Audio levels and concealment", "audio" },
    { GST_CALLSTATS_DETAIL_CANDIDATES, "Every ICE candidate and pair", "candidates" },
    { GST_CALLSTATS_DETAIL_CERTIFICATES, "Certificates of both ends", "certificates" },
    { GST_CALLSTATS_DETAIL_DATA_CHANNELS, "Data channels", "data-channels" },
    { GST_CALLSTATS_DETAIL_ALL, "Everything", "all" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_flags_register_static ("GstCallstatsDetail", values));
  return type;
}

/* Changes: only that there was one is noted */

static void
on_notify (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  g_atomic_int_set ((gint *)user_data, TRUE);
}

static void
on_pad (GstElement *webrtcbin, GstPad *pad, gpointer user_data)
{
  g_atomic_int_set ((gint *)user_data, TRUE);
}

static void
release (gpointer changed, GClosure *closure)
{
  g_atomic_rc_box_release (changed);
}

static void
connect (GstCallstatsCollector *self, GstElement *webrtcbin, const char *signal,
    GCallback handler)
{
  gulong id = g_signal_connect_data (
      webrtcbin, signal, handler, g_atomic_rc_box_acquire (self->changed), release, 0);

  g_array_append_val (self->handlers, id);
}

static void
connect_changes (GstCallstatsCollector *self, GstElement *webrtcbin)
{
  connect (self, webrtcbin, "notify::signaling-state", G_CALLBACK (on_notify));
  connect (self, webrtcbin, "notify::ice-connection-state", G_CALLBACK (on_notify));
  connect (self, webrtcbin, "notify::connection-state", G_CALLBACK (on_notify));
  connect (self, webrtcbin, "pad-added", G_CALLBACK (on_pad));
  connect (self, webrtcbin, "pad-removed", G_CALLBACK (on_pad));
}

static void
disconnect_changes (GstCallstatsCollector *self, GstElement *webrtcbin)
{
  guint i;

  for (i = 0; webrtcbin != NULL && i < self->handlers->len; i++)
    g_signal_handler_disconnect (webrtcbin, g_array_index (self->handlers, gulong, i));
}

/* Sources */

static void
attach_sources (GstCallstatsCollector *self, GstCallstatsFabricLink *link,
    GstElement *webrtcbin, GstCallstatsDetail detail)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sources); i++) {
    if (sources[i] != NULL && (sources[i]->detail == 0 || sources[i]->detail & detail))
      self->sources[i] = sources[i]->attach (link, webrtcbin, detail);
  }
}

static void
detach_sources (GstCallstatsCollector *self, GstElement *webrtcbin)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sources); i++) {
    if (self->sources[i] != NULL)
      sources[i]->detach (self->sources[i], webrtcbin);
  }
}

static void
look (GstCallstatsCollector *self, GstCallstatsView *view)
{
  guint i;

  gst_callstats_rtp_streams_look (self->streams, view);
  for (i = 0; i < G_N_ELEMENTS (sources); i++) {
    if (self->sources[i] != NULL && sources[i]->look != NULL)
      sources[i]->look (self->sources[i], view);
  }
  if (view->want_stats)
    g_atomic_int_set (self->changed, TRUE);
}

static void
describe_stream (gpointer user_data, const GstCallstatsView *view,
    const GstCallstatsRtpStream *stream, CallstatsReport *report)
{
  GstCallstatsCollector *self = user_data;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sources); i++) {
    if (self->sources[i] != NULL && sources[i]->describe_stream != NULL)
      sources[i]->describe_stream (self->sources[i], view, stream, report);
  }
}

static void
describe (
    GstCallstatsCollector *self, const GstCallstatsView *view, CallstatsReport *report)
{
  guint i;

  gst_callstats_rtp_streams_describe (self->streams, view, describe_stream, self, report);
  for (i = 0; i < G_N_ELEMENTS (sources); i++) {
    if (self->sources[i] != NULL && sources[i]->describe != NULL)
      sources[i]->describe (self->sources[i], view, report);
  }
}

/* What the watching itself costs, where that makes it rarer. */
static void
describe_pace (GstCallstatsCollector *self, CallstatsReport *report)
{
  if (!gst_callstats_pace_is_slowed (&self->reply_pace) &&
      !gst_callstats_pace_is_slowed (&self->report_pace))
    return;
  callstats_report_add_stats (report, "callstats-monitor", "callstats-monitor");
  callstats_report_set_double (report, "reportInterval",
      (double)gst_callstats_pace_interval (&self->report_pace) / G_USEC_PER_SEC);
  callstats_report_set_double (report, "getStatsInterval",
      (double)gst_callstats_pace_interval (&self->reply_pace) / G_USEC_PER_SEC);
  callstats_report_set_double (report, "getStatsDuration",
      (double)gst_callstats_pace_cost (&self->reply_pace) / G_USEC_PER_SEC);
}

CallstatsReport *
gst_callstats_collector_collect (
    GstCallstatsCollector *self, GstElement *webrtcbin, gint64 now)
{
  g_autoptr (GstElement) rtpbin = gst_bin_get_by_name (GST_BIN (webrtcbin), "rtpbin");
  GstCallstatsView view = {
    .webrtcbin = webrtcbin,
    .rtpbin = rtpbin,
    .now = now,
    .stats = self->reply != NULL ? gst_promise_get_reply (self->reply) : NULL,
    .stats_time = self->reply_time,
    .collect_ip = self->collect_ip,
  };
  gint64 start = g_get_monotonic_time ();
  CallstatsReport *report;

  if (rtpbin == NULL)
    return NULL;
  look (self, &view);
  report = callstats_report_new (callstats_monitor_to_epoch (now));
  describe (self, &view, report);
  if (view.stats != NULL)
    gst_callstats_get_stats_tell (
        view.stats, view.told | RTP_TYPES, self->collect_ip, report);
  describe_pace (self, report);
  gst_callstats_pace_measure (&self->report_pace, g_get_monotonic_time () - start);
  return report;
}

void
gst_callstats_collector_take_reply (
    GstCallstatsCollector *self, GstPromise *promise, gint64 time, gint64 cost)
{
  gst_callstats_pace_measure (&self->reply_pace, cost);
  g_clear_pointer (&self->reply, gst_promise_unref);
  self->reply = gst_promise_ref (promise);
  self->reply_time = time;
}

gboolean
gst_callstats_collector_wants_reply (GstCallstatsCollector *self, gint64 now)
{
  gint64 age = now - self->reply_time;

  if (self->reply == NULL)
    return TRUE;
  if (age < gst_callstats_pace_rest (&self->reply_pace))
    return FALSE;
  return g_atomic_int_compare_and_exchange (self->changed, TRUE, FALSE) ||
         age >= gst_callstats_pace_interval (&self->reply_pace);
}

gint64
gst_callstats_collector_get_interval (GstCallstatsCollector *self)
{
  return gst_callstats_pace_interval (&self->report_pace);
}

GstCallstatsCollector *
gst_callstats_collector_new (GstCallstatsFabricLink *link, GstElement *webrtcbin,
    gint64 interval, GstCallstatsCollectIp collect_ip, GstCallstatsDetail detail)
{
  GstCallstatsCollector *self = g_new0 (GstCallstatsCollector, 1);

  self->collect_ip = collect_ip;
  gst_callstats_pace_init (&self->report_pace, interval);
  gst_callstats_pace_init (&self->reply_pace, MAX_AGE);
  self->changed = g_atomic_rc_box_new0 (gint);
  self->handlers = g_array_new (FALSE, FALSE, sizeof (gulong));
  self->streams = gst_callstats_rtp_streams_new (link, webrtcbin);
  attach_sources (self, link, webrtcbin, detail);
  connect_changes (self, webrtcbin);
  return self;
}

void
gst_callstats_collector_free (GstCallstatsCollector *self, GstElement *webrtcbin)
{
  if (self == NULL)
    return;
  disconnect_changes (self, webrtcbin);
  detach_sources (self, webrtcbin);
  gst_callstats_rtp_streams_free (self->streams, webrtcbin);
  g_clear_pointer (&self->reply, gst_promise_unref);
  g_array_unref (self->handlers);
  g_atomic_rc_box_release (self->changed);
  g_free (self);
}
