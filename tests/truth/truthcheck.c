/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The last reports of a call against its packets, by W3C webrtc-stats:
 *
 * - bytes are those of payloads, neither header nor padding; header bytes are the rest of
 *   the RTP packet, with extensions and padding;
 * - RTX has no stream of its own: packets and bytes of the media stream have it in them,
 *   retransmitted… tell how much of it that is, rtxSsrc its SSRC;
 * - loss is RFC 3550's, of the media's own SSRC;
 * - one object for each SSRC of media that flows, and no other.
 *
 * For the test's thread.
 */
#include "truthcheck.h"

#include <string.h>

#include "reportcheck.h"

static const char *const end_names[] = { "caller", "callee" };

static const struct {
  const char *type;
  gboolean outbound; /* of a stream that the reporting end sends */
} stream_types[] = {
  { "outbound-rtp", TRUE },
  { "remote-inbound-rtp", TRUE },
  { "inbound-rtp", FALSE },
  { "remote-outbound-rtp", FALSE },
};

static void
check_codec (const Stats *stats, const TruthFormat *format)
{
  Stats codec = stats_follow (stats, "codecId", "codec");
  g_autofree char *of = g_strdup (codec.what);

  if (codec.object == NULL)
    return;
  g_snprintf (codec.what, sizeof codec.what, "%.40s of %.36s", of, stats->what);
  check_text (&codec, "mimeType", format->mime_type);
  check_count (&codec, "payloadType", format->payload_type);
  check_count (&codec, "clockRate", format->clock_rate);
  if (format->channels > 0)
    check_count (&codec, "channels", format->channels);
  else
    check_absent (&codec, "channels");
  stats_follow (&codec, "transportId", "transport");
}

static void
check_identity (const Stats *stats, const TruthStream *stream)
{
  check_text (stats, "kind", stream->format->kind);
  check_codec (stats, stream->format);
  stats_follow (stats, "transportId", "transport");
}

/* The other object of the same stream, which must name this one in turn */
static void
check_partner (const Stats *stats, const char *member, const char *type, const char *back)
{
  Stats partner = stats_follow (stats, member, type);

  if (partner.object == NULL)
    return;
  check_text (&partner, back, stats_get_string (stats->object, "id"));
  check_count (
      &partner, "ssrc", (guint64)json_object_get_int_member (stats->object, "ssrc"));
}

static void
check_retransmitted (const Stats *stats, const TruthStream *stream,
    const PacketCount *rtx, const char *packets, const char *bytes)
{
  if (stream->rtx_ssrc == 0)
    return;
  check_count (stats, "rtxSsrc", stream->rtx_ssrc);
  check_count (stats, packets, rtx->packets);
  check_count (stats, bytes, rtx->payload_bytes);
}

/* What is lost before the first packet that arrives: the sender cannot know of it, as the
 * receiver begins to count with that one. */
static double
count_lost_before (const TruthStream *stream)
{
  return (guint16)(stream->received.first_seqnum - stream->sent.first_seqnum);
}

/* Between the first and the last that arrived: a receiver knows of no other. */
static double
count_lost (const TruthStream *stream)
{
  guint16 span = stream->received.seqnum - stream->received.first_seqnum;

  return 1.0 + span - (double)stream->received.packets;
}

static void
check_outbound (const Report *report, const TruthStream *stream)
{
  Stats stats = report_get_stream (report, "outbound-rtp", stream->ssrc);

  check_identity (&stats, stream);
  if (stream->mid != NULL)
    check_text (&stats, "mid", stream->mid);
  check_count (&stats, "packetsSent", stream->sent.packets + stream->sent_rtx.packets);
  check_count (
      &stats, "bytesSent", stream->sent.payload_bytes + stream->sent_rtx.payload_bytes);
  check_count (&stats, "headerBytesSent",
      stream->sent.header_bytes + stream->sent_rtx.header_bytes);
  check_retransmitted (&stats, stream, &stream->sent_rtx, "retransmittedPacketsSent",
      "retransmittedBytesSent");
  check_partner (&stats, "remoteId", "remote-inbound-rtp", "localId");
}

static void
check_remote_inbound (const Report *report, const TruthStream *stream)
{
  Stats stats = report_get_stream (report, "remote-inbound-rtp", stream->ssrc);

  check_identity (&stats, stream);
  check_partner (&stats, "localId", "outbound-rtp", "remoteId");
  if (stream->rested) {
    check_range (&stats, "packetsReceived", 1, (double)stream->received.packets + 1);
  } else {
    check_near (&stats, "packetsReceived",
        (double)stream->received.packets + count_lost_before (stream), 1);
    check_near (&stats, "packetsLost", stream->heard_by_sender.lost, 0);
  }
  check_near (&stats, "packetsLost", count_lost (stream), 1);
  check_range (&stats, "fractionLost", 0, 1);
  check_range (&stats, "jitter", 0, 1);
  check_range (&stats, "roundTripTime", 0, 2);
}

static void
check_inbound (const Report *report, const TruthStream *stream)
{
  Stats stats = report_get_stream (report, "inbound-rtp", stream->ssrc);

  check_identity (&stats, stream);
  if (stream->mid != NULL)
    check_text (&stats, "mid", stream->mid);
  if (stream->track_id != NULL)
    check_text (&stats, "trackIdentifier", stream->track_id);
  check_count (
      &stats, "packetsReceived", stream->received.packets + stream->received_rtx.packets);
  check_count (&stats, "bytesReceived",
      stream->received.payload_bytes + stream->received_rtx.payload_bytes);
  check_count (&stats, "headerBytesReceived",
      stream->received.header_bytes + stream->received_rtx.header_bytes);
  check_retransmitted (&stats, stream, &stream->received_rtx,
      "retransmittedPacketsReceived", "retransmittedBytesReceived");
  check_near (&stats, "packetsLost", count_lost (stream), 1);
  check_range (&stats, "jitter", 0, 1);
  check_partner (&stats, "remoteId", "remote-outbound-rtp", "localId");
}

static void
check_remote_outbound (
    const Report *report, const TruthStream *stream, gint64 start, gint64 now)
{
  Stats stats = report_get_stream (report, "remote-outbound-rtp", stream->ssrc);

  check_identity (&stats, stream);
  check_partner (&stats, "localId", "inbound-rtp", "remoteId");
  if (stream->rested) {
    check_range (&stats, "packetsSent", stream->heard_by_receiver.sent_packets,
        (double)stream->sent.packets);
    check_range (&stats, "bytesSent", stream->heard_by_receiver.sent_octets,
        (double)stream->sent.payload_bytes);
  } else {
    check_count (&stats, "packetsSent", stream->heard_by_receiver.sent_packets);
    check_count (&stats, "bytesSent", stream->heard_by_receiver.sent_octets);
  }
  check_range (&stats, "remoteTimestamp", (double)start, (double)now);
}

/* A stream that was taken out may stay, as it was when it ended. */
static void
check_gone (const Report *report, const char *type, const TruthStream *stream)
{
  GList *all = report_list (report, type);
  GList *i;

  for (i = all; i != NULL; i = i->next) {
    Stats stats = stats_of (report, i->data);

    if (json_object_get_int_member_with_default (i->data, "ssrc", 0) != stream->ssrc)
      continue;
    if (strcmp (type, "outbound-rtp") == 0)
      check_count (&stats, "packetsSent", stream->sent.packets);
    if (strcmp (type, "inbound-rtp") == 0)
      check_count (&stats, "packetsReceived", stream->received.packets);
  }
  g_list_free (all);
}

static const TruthStream *
find_stream (GPtrArray *streams, gint64 ssrc)
{
  guint i;

  for (i = 0; i < streams->len; i++) {
    const TruthStream *stream = g_ptr_array_index (streams, i);

    if (stream->ssrc == ssrc)
      return stream;
  }
  return NULL;
}

static void
check_no_phantom (const Report *report, GPtrArray *sent, GPtrArray *received)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (stream_types); i++) {
    GPtrArray *known = stream_types[i].outbound ? sent : received;
    GList *all = report_list (report, stream_types[i].type);
    GList *j;

    for (j = all; j != NULL; j = j->next) {
      if (find_stream (known,
              json_object_get_int_member_with_default (j->data, "ssrc", 0)) == NULL)
        check_failed ("%s is a phantom", stats_of (report, j->data).what);
    }
    g_list_free (all);
  }
}

static void
check_end (TruthCall *call, TruthEnd end, GPtrArray *streams[N_ENDS])
{
  g_autofree char *json = truth_call_dup_report (call, end);
  g_autoptr (Report) report = report_new (end_names[end], json);
  gint64 start = truth_call_get_start (call) - 1000; /* clocks of NTP may be read late */
  gint64 now = g_get_real_time () / 1000 + 1000;
  GPtrArray *sent = streams[end], *received = streams[!end];
  guint i;

  g_test_message ("%s: %s", end_names[end], json);
  check_no_phantom (report, sent, received);
  for (i = 0; i < sent->len; i++) {
    const TruthStream *stream = g_ptr_array_index (sent, i);

    if (stream->gone) {
      check_gone (report, "outbound-rtp", stream);
      continue;
    }
    check_outbound (report, stream);
    check_remote_inbound (report, stream);
  }
  for (i = 0; i < received->len; i++) {
    const TruthStream *stream = g_ptr_array_index (received, i);

    if (stream->gone) {
      check_gone (report, "inbound-rtp", stream);
      continue;
    }
    check_inbound (report, stream);
    check_remote_outbound (report, stream, start, now);
  }
}

static void
tell_streams (GPtrArray *streams, TruthEnd end)
{
  guint i;

  for (i = 0; i < streams->len; i++) {
    const TruthStream *s = g_ptr_array_index (streams, i);

    g_test_message (
        "%s sent %s SSRC %u%s: %" G_GUINT64_FORMAT " packets, %" G_GUINT64_FORMAT
        " of them arrived; RTX SSRC %u: %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT,
        end_names[end], s->format->mime_type, s->ssrc, s->gone ? " (gone)" : "",
        s->sent.packets, s->received.packets, s->rtx_ssrc, s->sent_rtx.packets,
        s->received_rtx.packets);
  }
}

void
truth_check_counts (TruthCall *call)
{
  GPtrArray *streams[N_ENDS];
  guint end;

  for (end = 0; end < N_ENDS; end++) {
    streams[end] = truth_call_get_streams (call, end);
    tell_streams (streams[end], end);
  }
  for (end = 0; end < N_ENDS; end++)
    check_end (call, end, streams);
  for (end = 0; end < N_ENDS; end++)
    g_ptr_array_unref (streams[end]);
}
