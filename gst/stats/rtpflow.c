/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The packets of one SSRC in one direction. Pure, for one thread at a time.
 */
#include <math.h>

#include "rtpflow.h"

/* RFC 3550, appendix A.1, but for what comes late: a retransmission on the stream's own
 * SSRC may come much later than the 100 packets there. */
#define MAX_DROPOUT 3000
#define MAX_MISORDER 3000
#define NO_SUSPECT G_MAXUINT32
/* After such a silence a jump is one of the network, if the timestamp went on with time.
 */
#define OUTAGE (2 * G_TIME_SPAN_SECOND)

static double
get_advance (const GstCallstatsFlow *flow, guint32 timestamp, guint clock_rate)
{
  return (gint32)(timestamp - flow->last_timestamp) * (double)G_USEC_PER_SEC / clock_rate;
}

static gboolean
is_after_outage (const GstCallstatsFlow *flow, const GstCallstatsRtpPacket *packet,
    guint clock_rate, gint64 time)
{
  gint64 silence = time - flow->last;

  return silence > OUTAGE && clock_rate != 0 &&
         fabs (get_advance (flow, packet->timestamp, clock_rate) - silence) <
             G_TIME_SPAN_SECOND + silence / 10;
}

static void
expect_to (GstCallstatsFlow *flow, guint16 seqnum, guint ahead)
{
  flow->highest = seqnum;
  flow->expected += ahead;
  flow->counted++;
  flow->suspect = NO_SUSPECT;
}

/* A sequence that starts anew is believed at its second packet. */
static void
take_jump (GstCallstatsFlow *flow, guint16 seqnum)
{
  if (flow->suspect == seqnum) {
    flow->counted++;
    expect_to (flow, seqnum, 2);
  } else {
    flow->suspect = (guint16)(seqnum + 1);
  }
}

static void
take_seqnum (GstCallstatsFlow *flow, const GstCallstatsRtpPacket *packet,
    guint clock_rate, gint64 time)
{
  guint16 ahead = packet->seqnum - flow->highest;

  if (ahead != 0 && ahead <= MAX_DROPOUT)
    expect_to (flow, packet->seqnum, ahead);
  else if (ahead != 0 && is_after_outage (flow, packet, clock_rate, time))
    expect_to (flow, packet->seqnum, ahead);
  else if (ahead == 0 || ahead >= 65536 - MAX_MISORDER)
    flow->counted++;
  else
    take_jump (flow, packet->seqnum);
}

/* RFC 3550, appendix A.8 */
static void
take_jitter (GstCallstatsFlow *flow, guint32 timestamp, guint clock_rate, gint64 time)
{
  double advance = get_advance (flow, timestamp, clock_rate);
  double difference = fabs ((time - flow->last) - advance) / G_USEC_PER_SEC;

  /* A jump of the timestamp is no jitter. */
  if (fabs (advance) > 60.0 * G_USEC_PER_SEC)
    return;
  flow->jitter += (difference - flow->jitter) / 16;
  flow->n_jitter++;
}

static void
begin (GstCallstatsFlow *flow, const GstCallstatsRtpPacket *packet, gint64 time)
{
  flow->ssrc = packet->ssrc;
  flow->first = time;
  flow->first_seqnum = flow->highest = packet->seqnum;
  flow->expected = flow->counted = 1;
  flow->suspect = NO_SUSPECT;
}

/* A packet in RED says by its first octet what is in it. */
static guint8
read_inner_type (const GstCallstatsRtpPacket *packet, GstCallstatsPayloadRole role)
{
  if (role == GST_CALLSTATS_PAYLOAD_RED && packet->payload > 0)
    return packet->start[0] & 0x7f;
  return packet->payload_type;
}

static void
take_payload (GstCallstatsFlow *flow, const GstCallstatsRtpPacket *packet,
    const GstCallstatsPayload *payloads)
{
  guint8 type = read_inner_type (packet, payloads[packet->payload_type].role);
  GstCallstatsPayloadRole role = payloads[type].role;

  flow->packets++;
  flow->payload_bytes += packet->payload;
  flow->header_bytes += packet->header;
  if (role == GST_CALLSTATS_PAYLOAD_ULPFEC) {
    flow->fec_packets++;
    flow->fec_bytes += packet->payload;
    return;
  }
  flow->payload_type = type;
  flow->role = role;
}

void
gst_callstats_flow_take (GstCallstatsFlow *flow, const GstCallstatsRtpPacket *packet,
    const GstCallstatsPayload *payloads, gint64 time)
{
  guint clock_rate = payloads[packet->payload_type].clock_rate;

  if (flow->packets == 0) {
    begin (flow, packet, time);
  } else {
    take_seqnum (flow, packet, clock_rate, time);
    if (clock_rate != 0)
      take_jitter (flow, packet->timestamp, clock_rate, time);
  }
  take_payload (flow, packet, payloads);
  flow->last = time;
  flow->last_timestamp = packet->timestamp;
}

gint64
gst_callstats_flow_get_lost (const GstCallstatsFlow *flow)
{
  return (gint64)(flow->expected - flow->counted);
}

guint
gst_callstats_flow_get_distance (const GstCallstatsFlow *flow, guint16 seqnum)
{
  return ABS ((gint16)(guint16)(flow->highest - seqnum));
}
