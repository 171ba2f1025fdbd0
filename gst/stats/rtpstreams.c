/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The RTP streams of one webrtcbin.
 *
 * Nothing here asks get-stats: packets, RTCP and jitter buffers are counted as they pass,
 * and the descriptions say what they are of. Monitor thread only, but for
 * on_signaling_state, which posts.
 */
#include <gst/webrtc/webrtc.h>

#include "rtpbaseline.h"
#include "rtpstream.h"
#include "rtpstreams.h"

/* A stream that has lost its pad, and gives no packets any more, has ended. */
#define ENDED (2 * G_TIME_SPAN_SECOND)
#define MAX_ENDED 512

struct _GstCallstatsRtpStreams {
  GstCallstatsFabricLink *link; /* its owner is this */
  GWeakRef webrtcbin;
  gulong handler;
  GstCallstatsTraffic *traffic;
  GstCallstatsRtcpReports *reports;
  GstCallstatsJitterBuffers *buffers;
  GstCallstatsRtpPads *pads;
  GstCallstatsRtpDescription *description; /* NULL: nothing is negotiated */
  gboolean read;                           /* once */
  gboolean anew;                           /* identify all */
  GArray *baselines;                       /* GstCallstatsBaseline */
  GArray *flows;                           /* GstCallstatsSessionFlow */
  GPtrArray *streams;                      /* GstCallstatsStream */
  GArray *ended;                           /* GstCallstatsSessionFlow, as they were */
};

/* The description */

static GstWebRTCSessionDescription *
get_description (GstElement *webrtcbin, const char *current, const char *any)
{
  GstWebRTCSessionDescription *description = NULL;

  g_object_get (webrtcbin, current, &description, NULL);
  if (description == NULL)
    g_object_get (webrtcbin, any, &description, NULL);
  return description;
}

static void
set_payloads (GstCallstatsRtpStreams *self)
{
  GstCallstatsPayload payloads[GST_CALLSTATS_N_PAYLOADS];
  guint i, received;

  for (i = 0; i < self->description->sections->len; i++) {
    const GstCallstatsSection *section =
        g_ptr_array_index (self->description->sections, i);

    /* Those of a bundle share their first one's. */
    if (section->session != section->index)
      continue;
    for (received = 0; received < 2; received++) {
      gst_callstats_rtp_description_get_payloads (
          self->description, section->session, received, payloads);
      gst_callstats_traffic_set_payloads (
          self->traffic, section->session, received, payloads);
    }
  }
}

static void
read_descriptions (GstCallstatsRtpStreams *self, GstElement *webrtcbin)
{
  g_autoptr (GstWebRTCSessionDescription) local =
      get_description (webrtcbin, "current-local-description", "local-description");
  g_autoptr (GstWebRTCSessionDescription) remote =
      get_description (webrtcbin, "current-remote-description", "remote-description");

  self->read = TRUE;
  if (local == NULL || self->traffic == NULL)
    return;
  gst_callstats_rtp_description_free (self->description);
  self->description =
      gst_callstats_rtp_description_new (local->sdp, remote != NULL ? remote->sdp : NULL);
  self->anew = TRUE;
  set_payloads (self);
}

static gboolean
take_negotiation (gpointer data)
{
  GstCallstatsFabricLink *link = data;
  GstCallstatsRtpStreams *self = link->owner;
  g_autoptr (GstElement) webrtcbin =
      self != NULL ? g_weak_ref_get (&self->webrtcbin) : NULL;

  if (webrtcbin == NULL)
    return G_SOURCE_REMOVE;
  read_descriptions (self, webrtcbin);
  gst_callstats_rtp_pads_look (self->pads, webrtcbin, FALSE);
  return G_SOURCE_REMOVE;
}

static void
on_signaling_state (GObject *webrtcbin, GParamSpec *pspec, gpointer user_data)
{
  callstats_monitor_invoke (take_negotiation, gst_callstats_fabric_link_ref (user_data),
      gst_callstats_fabric_link_unref);
}

/* What passes */

static GstCallstatsStream *
find_stream (GstCallstatsRtpStreams *self, guint session, gboolean received, guint32 ssrc)
{
  guint i;

  for (i = 0; i < self->streams->len; i++) {
    GstCallstatsStream *stream = g_ptr_array_index (self->streams, i);

    if (stream->told.ssrc == ssrc && stream->told.received == received &&
        stream->told.session == session)
      return stream;
  }
  return NULL;
}

/* Returns: whether it flows again */
static gboolean
is_alive (GstCallstatsRtpStreams *self, const GstCallstatsSessionFlow *flow)
{
  guint i;

  for (i = 0; i < self->ended->len; i++) {
    const GstCallstatsSessionFlow *ended =
        &g_array_index (self->ended, GstCallstatsSessionFlow, i);

    if (ended->flow.ssrc != flow->flow.ssrc || ended->received != flow->received ||
        ended->session != flow->session)
      continue;
    if (ended->flow.packets == flow->flow.packets)
      return FALSE;
    g_array_remove_index (self->ended, i);
    return TRUE;
  }
  return TRUE;
}

static const GstCallstatsSource *
find_source (GstCallstatsRtpStreams *self, const GstCallstatsSessionFlow *flow)
{
  return gst_callstats_rtp_description_find_source (
      self->description, flow->received, flow->flow.ssrc);
}

/* What it was announced as counts more than its payload type. */
static GstCallstatsPayloadRole
get_role (GstCallstatsRtpStreams *self, const GstCallstatsSessionFlow *flow)
{
  const GstCallstatsSource *source = find_source (self, flow);

  return source != NULL && source->repaired != 0 ? source->role : flow->flow.role;
}

static gboolean
repairs (GstCallstatsPayloadRole role)
{
  return role == GST_CALLSTATS_PAYLOAD_RTX || role == GST_CALLSTATS_PAYLOAD_FLEXFEC;
}

static void
take_media (GstCallstatsRtpStreams *self, const GstCallstatsSessionFlow *flow)
{
  GstCallstatsStream *stream =
      find_stream (self, flow->session, flow->received, flow->flow.ssrc);

  if (stream == NULL) {
    if (!is_alive (self, flow))
      return;
    stream = gst_callstats_stream_new (flow->session, flow->received, flow->flow.ssrc);
    g_ptr_array_add (self->streams, stream);
  }
  if (stream->flow.payload_type != flow->flow.payload_type)
    stream->has_codec = FALSE;
  stream->flow = flow->flow;
  stream->flows = TRUE;
  stream->rtx = (GstCallstatsRepair){ 0 };
  stream->fec = (GstCallstatsRepair){ 0 };
}

static void
take_repair (GstCallstatsRtpStreams *self, const GstCallstatsSessionFlow *flow)
{
  const GstCallstatsSource *source = find_source (self, flow);
  guint32 ssrc =
      source != NULL && source->repaired != 0 ? source->repaired : flow->flow.repaired;
  GstCallstatsStream *stream = find_stream (self, flow->session, flow->received, ssrc);
  GstCallstatsRepair *repair;

  if (stream == NULL)
    return;
  repair =
      get_role (self, flow) == GST_CALLSTATS_PAYLOAD_RTX ? &stream->rtx : &stream->fec;
  if (flow->flow.last >= repair->last) {
    repair->ssrc = flow->flow.ssrc;
    repair->last = flow->flow.last;
  }
  repair->packets += flow->flow.packets;
  repair->payload_bytes += flow->flow.payload_bytes;
  repair->header_bytes += flow->flow.header_bytes;
}

/* Loss from before is expected, but was not counted. */
static void
add_baseline (GstCallstatsRtpStreams *self, GstCallstatsSessionFlow *flow)
{
  const GstCallstatsBaseline *baseline = gst_callstats_baselines_find (
      self->baselines, flow->session, flow->received, flow->flow.ssrc);

  if (baseline == NULL)
    return;
  flow->flow.packets += baseline->packets;
  flow->flow.payload_bytes += baseline->payload_bytes;
  flow->flow.expected += baseline->lost;
  flow->flow.is_part = TRUE;
}

/* Media first, so that there is something to repair. An SSRC of a payload type that was
 * not negotiated is no stream. */
static void
take_flows (GstCallstatsRtpStreams *self)
{
  guint i;

  gst_callstats_traffic_get (self->traffic, self->flows);
  for (i = 0; i < self->flows->len; i++)
    add_baseline (self, &g_array_index (self->flows, GstCallstatsSessionFlow, i));
  for (i = 0; i < self->flows->len; i++) {
    const GstCallstatsSessionFlow *flow =
        &g_array_index (self->flows, GstCallstatsSessionFlow, i);

    if (get_role (self, flow) == GST_CALLSTATS_PAYLOAD_MEDIA)
      take_media (self, flow);
  }
  for (i = 0; i < self->flows->len; i++) {
    const GstCallstatsSessionFlow *flow =
        &g_array_index (self->flows, GstCallstatsSessionFlow, i);

    if (repairs (get_role (self, flow)))
      take_repair (self, flow);
  }
}

static void
take_received (GstCallstatsRtpStreams *self, GstCallstatsStream *stream,
    const GstCallstatsBaseline *baseline)
{
  gst_callstats_rtcp_reports_get_received (
      self->reports, stream->told.session, stream->told.ssrc, &stream->received);
  if (baseline == NULL)
    return;
  stream->received.nack += baseline->nack;
  stream->received.pli += baseline->pli;
  stream->received.fir += baseline->fir;
}

static void
take_sent (GstCallstatsRtpStreams *self, GstCallstatsStream *stream,
    const GstCallstatsBaseline *baseline)
{
  gst_callstats_rtcp_reports_get_sent (
      self->reports, stream->told.session, stream->told.ssrc, &stream->sent);
  if (baseline == NULL)
    return;
  stream->sent.nack += baseline->nack;
  stream->sent.pli += baseline->pli;
  stream->sent.fir += baseline->fir;
}

static void
take_reports (GstCallstatsRtpStreams *self)
{
  guint i;

  for (i = 0; i < self->streams->len; i++) {
    GstCallstatsStream *stream = g_ptr_array_index (self->streams, i);
    const GstCallstatsBaseline *baseline = gst_callstats_baselines_find (
        self->baselines, stream->told.session, stream->told.received, stream->told.ssrc);

    if (stream->told.received)
      take_received (self, stream, baseline);
    else
      take_sent (self, stream, baseline);
  }
}

/* Who it is */

static gboolean
is_unknown (const GstCallstatsStream *stream)
{
  return !stream->has_codec || stream->told.pad == NULL;
}

static gboolean
are_any_unknown (GstCallstatsRtpStreams *self)
{
  guint i;

  for (i = 0; i < self->streams->len; i++) {
    if (is_unknown (g_ptr_array_index (self->streams, i)))
      return TRUE;
  }
  return FALSE;
}

static void
identify (GstCallstatsRtpStreams *self, GstElement *webrtcbin)
{
  gboolean search = are_any_unknown (self);
  guint i;

  if (!self->anew && !search &&
      !gst_callstats_rtp_pads_have_changed (self->pads, webrtcbin))
    return;
  self->anew = FALSE;
  gst_callstats_rtp_pads_look (self->pads, webrtcbin, search);
  for (i = 0; i < self->streams->len; i++)
    gst_callstats_stream_identify (
        g_ptr_array_index (self->streams, i), self->description, self->pads);
}

/* The end of streams */

static gboolean
has_ended (const GstCallstatsStream *stream, gint64 now)
{
  if (!stream->flows || stream->rejected)
    return TRUE;
  if (stream->received.left >= stream->flow.last)
    return TRUE;
  return stream->had_pad && stream->told.pad == NULL && now - stream->flow.last > ENDED;
}

static void
remember (GstCallstatsRtpStreams *self, const GstCallstatsStream *stream)
{
  GstCallstatsSessionFlow ended = { stream->told.session, stream->told.received,
    stream->flow };

  if (self->ended->len == MAX_ENDED)
    g_array_remove_index (self->ended, 0);
  g_array_append_val (self->ended, ended);
}

static void
end_streams (GstCallstatsRtpStreams *self, gint64 now)
{
  guint i;

  for (i = self->streams->len; i > 0; i--) {
    GstCallstatsStream *stream = g_ptr_array_index (self->streams, i - 1);

    if (has_ended (stream, now)) {
      if (stream->flows)
        remember (self, stream);
      g_ptr_array_remove_index (self->streams, i - 1);
    } else {
      stream->flows = FALSE; /* until the next look */
    }
  }
}

void
gst_callstats_rtp_streams_look (GstCallstatsRtpStreams *self, GstCallstatsView *view)
{
  view->streams = self->streams;
  if (!self->read)
    read_descriptions (self, view->webrtcbin);
  if (self->description == NULL || self->traffic == NULL)
    return;
  take_flows (self);
  take_reports (self);
  identify (self, view->webrtcbin);
  end_streams (self, view->now);
  gst_callstats_jitter_buffers_look (self->buffers);
}

/* Objects */

static gboolean
is_told (GstCallstatsRtpStreams *self, guint index)
{
  const GstCallstatsStream *stream = g_ptr_array_index (self->streams, index);
  guint i;

  for (i = 0; i < index; i++) {
    const GstCallstatsStream *other = g_ptr_array_index (self->streams, i);

    if (g_strcmp0 (other->codec_id, stream->codec_id) == 0)
      return TRUE;
  }
  return stream->codec_id == NULL;
}

static void
describe_own (GstCallstatsRtpStreams *self, const GstCallstatsStream *stream, gint64 now,
    CallstatsReport *report)
{
  GstCallstatsJitterStats jitter;
  gboolean has_buffer;

  if (!stream->told.received) {
    gst_callstats_stream_describe_outbound (stream, report);
    return;
  }
  has_buffer =
      gst_callstats_jitter_buffers_get (self->buffers, stream->told.ssrc, &jitter);
  gst_callstats_stream_describe_inbound (
      stream, has_buffer ? &jitter : NULL, now, report);
}

void
gst_callstats_rtp_streams_describe (GstCallstatsRtpStreams *self,
    const GstCallstatsView *view, GstCallstatsDescribeStream describe_stream,
    gpointer user_data, CallstatsReport *report)
{
  guint i;

  for (i = 0; i < self->streams->len; i++) {
    if (!is_told (self, i))
      gst_callstats_stream_describe_codec (g_ptr_array_index (self->streams, i), report);
  }
  for (i = 0; i < self->streams->len; i++) {
    const GstCallstatsStream *stream = g_ptr_array_index (self->streams, i);

    describe_own (self, stream, view->now, report);
    describe_stream (user_data, view, &stream->told, report);
    gst_callstats_stream_describe_remote (stream, report);
  }
}

/* Life */

GstCallstatsRtpStreams *
gst_callstats_rtp_streams_new (GstCallstatsFabricLink *link, GstElement *webrtcbin)
{
  g_autoptr (GstElement) rtpbin = gst_bin_get_by_name (GST_BIN (webrtcbin), "rtpbin");
  GstCallstatsRtpStreams *self = g_new0 (GstCallstatsRtpStreams, 1);

  self->link = gst_callstats_fabric_link_new (link->client, link->fabric, self);
  g_weak_ref_init (&self->webrtcbin, webrtcbin);
  self->pads = gst_callstats_rtp_pads_new ();
  self->flows = g_array_new (FALSE, FALSE, sizeof (GstCallstatsSessionFlow));
  self->ended = g_array_new (FALSE, FALSE, sizeof (GstCallstatsSessionFlow));
  self->streams = g_ptr_array_new_with_free_func (gst_callstats_stream_free);
  if (rtpbin == NULL)
    return self;
  self->traffic = gst_callstats_traffic_new (rtpbin);
  self->baselines = gst_callstats_baselines_new (rtpbin, self->traffic);
  self->reports = gst_callstats_rtcp_reports_new (rtpbin);
  self->buffers = gst_callstats_jitter_buffers_new (rtpbin);
  self->handler = gst_callstats_fabric_link_connect (self->link, webrtcbin,
      "notify::signaling-state", G_CALLBACK (on_signaling_state), 0);
  return self;
}

void
gst_callstats_rtp_streams_free (GstCallstatsRtpStreams *self, GstElement *webrtcbin)
{
  g_autoptr (GstElement) rtpbin =
      webrtcbin != NULL ? gst_bin_get_by_name (GST_BIN (webrtcbin), "rtpbin") : NULL;

  if (webrtcbin != NULL && self->handler != 0)
    g_signal_handler_disconnect (webrtcbin, self->handler);
  gst_callstats_traffic_free (self->traffic, rtpbin);
  gst_callstats_rtcp_reports_free (self->reports, rtpbin);
  gst_callstats_jitter_buffers_free (self->buffers, rtpbin);
  gst_callstats_rtp_pads_free (self->pads);
  gst_callstats_rtp_description_free (self->description);
  g_clear_pointer (&self->baselines, g_array_unref);
  g_array_unref (self->flows);
  g_array_unref (self->ended);
  g_ptr_array_unref (self->streams);
  g_weak_ref_clear (&self->webrtcbin);
  self->link->owner = NULL;
  gst_callstats_fabric_link_unref (self->link);
  g_free (self);
}
