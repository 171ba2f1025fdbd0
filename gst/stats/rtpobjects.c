/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The objects of a stream of media, by W3C webrtc-stats. Monitor thread only.
 *
 * Retransmissions have no object of their own: their packets and bytes are among those of
 * the media, as Chromium has it, and told apart beside them. Loss is that of the media's
 * own sequence numbers (RFC 3550, section 6.4.1): what a retransmission brought on
 * another SSRC stays lost there, and is told as repaired.
 */
#include <string.h>

#include "rtpstream.h"

#define SECONDS_TO_1970 2208988800.0

static void
tell_time (CallstatsReport *report, const char *name, gint64 time)
{
  if (time != 0)
    callstats_report_set_double (
        report, name, callstats_monitor_to_epoch (time) / 1000.0);
}

static gboolean
is_video (const GstCallstatsStream *self)
{
  return g_strcmp0 (self->told.kind, "video") == 0;
}

/* RTCRtpStreamStats */
static void
begin (const GstCallstatsStream *self, const char *type, const char *id,
    CallstatsReport *report)
{
  callstats_report_add_stats (report, type, id);
  callstats_report_set_uint (report, "ssrc", self->told.ssrc);
  callstats_report_set_string (report, "kind", self->told.kind);
  callstats_report_set_string (report, "transportId", self->transport_id);
  callstats_report_set_string (report, "codecId", self->codec_id);
}

void
gst_callstats_stream_describe_codec (
    const GstCallstatsStream *self, CallstatsReport *report)
{
  callstats_report_add_stats (report, "codec", self->codec_id);
  callstats_report_set_uint (report, "payloadType", self->payload_type);
  callstats_report_set_string (report, "transportId", self->transport_id);
  callstats_report_set_string (report, "mimeType", self->mime_type);
  callstats_report_set_uint (report, "clockRate", self->told.clock_rate);
  if (self->channels > 0)
    callstats_report_set_uint (report, "channels", self->channels);
  callstats_report_set_string (report, "sdpFmtpLine", self->fmtp);
}

/* Asked for a key frame is only video. */
static void
tell_feedback (const GstCallstatsStream *self, guint nack, guint pli, guint fir,
    CallstatsReport *report)
{
  callstats_report_set_uint (report, "nackCount", nack);
  if (!is_video (self))
    return;
  callstats_report_set_uint (report, "pliCount", pli);
  callstats_report_set_uint (report, "firCount", fir);
}

/* As it flows, or else as it is announced. */
static void
tell_ssrc (const char *name, const GstCallstatsRepair *repair, guint32 announced,
    CallstatsReport *report)
{
  guint32 ssrc = repair->ssrc != 0 ? repair->ssrc : announced;

  if (ssrc != 0)
    callstats_report_set_uint (report, name, ssrc);
}

/* Sent */

void
gst_callstats_stream_describe_outbound (
    const GstCallstatsStream *self, CallstatsReport *report)
{
  const GstCallstatsFlow *flow = &self->flow;
  const GstCallstatsRepair *rtx = &self->rtx;

  begin (self, "outbound-rtp", self->id, report);
  callstats_report_set_string (report, "mid", self->mid);
  if (self->sent.time != 0)
    callstats_report_set_string (report, "remoteId", self->remote_id);
  callstats_report_set_boolean (report, "active", self->active);
  callstats_report_set_uint (report, "packetsSent", flow->packets + rtx->packets);
  callstats_report_set_uint (
      report, "bytesSent", flow->payload_bytes + rtx->payload_bytes);
  if (!flow->is_part)
    callstats_report_set_uint (
        report, "headerBytesSent", flow->header_bytes + rtx->header_bytes);
  callstats_report_set_uint (report, "retransmittedPacketsSent", rtx->packets);
  callstats_report_set_uint (report, "retransmittedBytesSent", rtx->payload_bytes);
  tell_ssrc ("rtxSsrc", rtx, self->rtx_ssrc, report);
  tell_time (report, "lastPacketSentTimestamp", MAX (flow->last, rtx->last));
  tell_feedback (self, self->sent.nack, self->sent.pli, self->sent.fir, report);
}

/* W3C: by the first sequence number that was sent, which the receiver need not have got,
 * so this can be too many, but no more than were sent. The other end tells the highest
 * sequence number that it got, and what it misses; how often that number wrapped it only
 * knows since it last took the stream for a new one. */
static void
tell_received_there (const GstCallstatsStream *self, CallstatsReport *report)
{
  gint16 behind = (gint16)(guint16)(self->flow.highest - (guint16)self->sent.highest);
  gint64 received = (gint64)self->flow.expected - MAX (behind, 0) - self->sent.lost;

  if (!self->flow.is_part && received >= 0)
    callstats_report_set_int (
        report, "packetsReceived", MIN (received, (gint64)self->flow.packets));
}

static void
describe_remote_inbound (const GstCallstatsStream *self, CallstatsReport *report)
{
  const GstCallstatsSentReports *sent = &self->sent;

  begin (self, "remote-inbound-rtp", self->remote_id, report);
  callstats_report_set_timestamp (report, callstats_monitor_to_epoch (sent->time));
  callstats_report_set_string (report, "localId", self->id);
  tell_received_there (self, report);
  callstats_report_set_int (report, "packetsLost", sent->lost);
  callstats_report_set_double (report, "fractionLost", sent->fraction_lost);
  if (self->told.clock_rate != 0)
    callstats_report_set_double (
        report, "jitter", sent->jitter / (double)self->told.clock_rate);
  callstats_report_set_uint (report, "roundTripTimeMeasurements", sent->round_trips);
  if (sent->round_trips == 0)
    return;
  callstats_report_set_double (report, "roundTripTime", sent->round_trip);
  callstats_report_set_double (report, "totalRoundTripTime", sent->total_round_trip);
}

/* Received */

static void
tell_repairs (const GstCallstatsStream *self, CallstatsReport *report)
{
  callstats_report_set_uint (report, "retransmittedPacketsReceived", self->rtx.packets);
  callstats_report_set_uint (
      report, "retransmittedBytesReceived", self->rtx.payload_bytes);
  tell_ssrc ("rtxSsrc", &self->rtx, self->rtx_ssrc, report);
  tell_ssrc ("fecSsrc", &self->fec, self->fec_ssrc, report);
  if (self->fec.packets + self->flow.fec_packets == 0)
    return;
  callstats_report_set_uint (
      report, "fecPacketsReceived", self->fec.packets + self->flow.fec_packets);
  callstats_report_set_uint (
      report, "fecBytesReceived", self->fec.payload_bytes + self->flow.fec_bytes);
}

static void
tell_packets (const GstCallstatsStream *self, CallstatsReport *report)
{
  const GstCallstatsFlow *flow = &self->flow;
  const GstCallstatsRepair *rtx = &self->rtx;

  callstats_report_set_uint (report, "packetsReceived", flow->packets + rtx->packets);
  callstats_report_set_uint (
      report, "bytesReceived", flow->payload_bytes + rtx->payload_bytes);
  if (!flow->is_part)
    callstats_report_set_uint (
        report, "headerBytesReceived", flow->header_bytes + rtx->header_bytes);
  callstats_report_set_int (report, "packetsLost", gst_callstats_flow_get_lost (flow));
  if (flow->n_jitter > 0)
    callstats_report_set_double (report, "jitter", flow->jitter);
  tell_time (report, "lastPacketReceivedTimestamp", MAX (flow->last, rtx->last));
}

/* The sender's clock at what left the jitter buffer last, and the time since. */
static void
tell_playout (const GstCallstatsStream *self, const GstCallstatsJitterStats *jitter,
    gint64 now, CallstatsReport *report)
{
  double ntp = self->received.ntp / 4294967296.0;

  if (self->received.time == 0 || ntp <= SECONDS_TO_1970 || jitter->last == 0 ||
      self->told.clock_rate == 0)
    return;
  ntp += (gint32)(jitter->last_timestamp - self->received.timestamp) /
         (double)self->told.clock_rate;
  ntp += (now - jitter->last) / (double)G_USEC_PER_SEC;
  callstats_report_set_double (
      report, "estimatedPlayoutTimestamp", (ntp - SECONDS_TO_1970) * 1000);
}

static void
tell_jitter_buffer (const GstCallstatsStream *self, const GstCallstatsJitterStats *jitter,
    CallstatsReport *report)
{
  gboolean video = is_video (self);

  callstats_report_set_uint (report, "packetsDiscarded", jitter->late);
  callstats_report_set_uint (report, "packetsDuplicated", jitter->duplicates);
  callstats_report_set_uint (
      report, "packetsRepaired", jitter->retransmissions_successful);
  callstats_report_set_uint (
      report, "retransmissionsRequested", jitter->retransmissions_requested);
  if (self->told.kind == NULL)
    return;
  callstats_report_set_uint (
      report, "jitterBufferEmittedCount", video ? jitter->frames : jitter->samples);
  callstats_report_set_double (
      report, "jitterBufferDelay", video ? jitter->frame_delay : jitter->sample_delay);
  callstats_report_set_double (report, "jitterBufferTargetDelay",
      video ? jitter->frame_target : jitter->sample_target);
}

void
gst_callstats_stream_describe_inbound (const GstCallstatsStream *self,
    const GstCallstatsJitterStats *jitter, gint64 now, CallstatsReport *report)
{
  const GstCallstatsReceivedReports *received = &self->received;

  begin (self, "inbound-rtp", self->id, report);
  callstats_report_set_string (report, "mid", self->mid);
  callstats_report_set_string (report, "trackIdentifier", self->track);
  if (received->time != 0)
    callstats_report_set_string (report, "remoteId", self->remote_id);
  tell_packets (self, report);
  tell_repairs (self, report);
  tell_feedback (self, received->nack, received->pli, received->fir, report);
  if (jitter == NULL)
    return;
  tell_jitter_buffer (self, jitter, report);
  tell_playout (self, jitter, now, report);
}

static void
describe_remote_outbound (const GstCallstatsStream *self, CallstatsReport *report)
{
  const GstCallstatsReceivedReports *received = &self->received;
  double ntp = received->ntp / 4294967296.0;

  begin (self, "remote-outbound-rtp", self->remote_id, report);
  callstats_report_set_timestamp (report, callstats_monitor_to_epoch (received->time));
  callstats_report_set_string (report, "localId", self->id);
  callstats_report_set_uint (report, "packetsSent", received->packets);
  callstats_report_set_uint (report, "bytesSent", received->octets);
  if (!self->flow.is_part)
    callstats_report_set_uint (report, "reportsSent", received->count);
  if (ntp > SECONDS_TO_1970)
    callstats_report_set_double (
        report, "remoteTimestamp", (ntp - SECONDS_TO_1970) * 1000);
}

void
gst_callstats_stream_describe_remote (
    const GstCallstatsStream *self, CallstatsReport *report)
{
  if (self->received.time != 0)
    describe_remote_outbound (self, report);
  else if (self->sent.time != 0)
    describe_remote_inbound (self, report);
}
