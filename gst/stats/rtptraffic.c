/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All RTP of one webrtcbin. Monitor thread only, but for take_buffer and what it calls.
 */
#include <string.h>

#include "rtptaps.h"
#include "rtptraffic.h"

/* RTX repairs what was sent not long ago. */
#define MAX_DISTANCE 4096
/* A peer may change its SSRCs for ever. */
#define MAX_FLOWS 256

/* One direction of one session. */
typedef struct {
  GArray *flows; /* GstCallstatsFlow */
  guint last;    /* index of the last packet's */
  GstCallstatsPayload payloads[GST_CALLSTATS_N_PAYLOADS];
} Meter;

struct _GstCallstatsTraffic {
  GstCallstatsTaps *taps;
};

static gpointer
meter_new (void)
{
  Meter *meter = g_new0 (Meter, 1);

  meter->flows = g_array_new (FALSE, TRUE, sizeof (GstCallstatsFlow));
  return meter;
}

static void
meter_free (gpointer data)
{
  Meter *meter = data;

  g_array_unref (meter->flows);
  g_free (meter);
}

static GstCallstatsFlow *
get_flow (Meter *meter, guint i)
{
  return &g_array_index (meter->flows, GstCallstatsFlow, i);
}

/* Packets */

static guint
find_oldest (Meter *meter)
{
  guint oldest = 0;
  guint i;

  for (i = 1; i < meter->flows->len; i++) {
    if (get_flow (meter, i)->last < get_flow (meter, oldest)->last)
      oldest = i;
  }
  return oldest;
}

static guint
append_flow (Meter *meter)
{
  if (meter->flows->len == MAX_FLOWS)
    g_array_remove_index (meter->flows, find_oldest (meter));
  g_array_set_size (meter->flows, meter->flows->len + 1);
  return meter->flows->len - 1;
}

static GstCallstatsFlow *
find_flow (Meter *meter, guint32 ssrc)
{
  guint i;

  if (meter->last < meter->flows->len && get_flow (meter, meter->last)->ssrc == ssrc)
    return get_flow (meter, meter->last);
  for (i = 0; i < meter->flows->len; i++) {
    if (get_flow (meter, i)->ssrc == ssrc)
      break;
  }
  meter->last = i < meter->flows->len ? i : append_flow (meter);
  return get_flow (meter, meter->last);
}

/* The stream with the payload type that is repaired, and the packet among its last. */
static guint32
find_repaired (Meter *meter, const GstCallstatsRtpPacket *packet)
{
  guint8 payload_type = meter->payloads[packet->payload_type].repaired;
  guint16 seqnum = GST_READ_UINT16_BE (packet->start);
  guint nearest = MAX_DISTANCE;
  guint32 ssrc = 0;
  guint i;

  for (i = 0; i < meter->flows->len; i++) {
    const GstCallstatsFlow *flow = get_flow (meter, i);
    guint distance = gst_callstats_flow_get_distance (flow, seqnum);

    if (flow->ssrc != packet->ssrc && flow->payload_type == payload_type &&
        distance < nearest) {
      nearest = distance;
      ssrc = flow->ssrc;
    }
  }
  return ssrc;
}

static void
take_buffer (gpointer book, gboolean received, GstBuffer *buffer, gint64 time)
{
  Meter *meter = book;
  GstCallstatsRtpPacket packet;
  GstCallstatsFlow *flow;

  if (!gst_callstats_rtp_packet_read (&packet, buffer))
    return;
  flow = find_flow (meter, packet.ssrc);
  gst_callstats_flow_take (flow, &packet, meter->payloads, time);
  if (flow->role == GST_CALLSTATS_PAYLOAD_RTX && flow->repaired == 0 &&
      packet.payload >= sizeof packet.start)
    flow->repaired = find_repaired (meter, &packet);
}

static const GstCallstatsTapType tap_type = {
  .received = "recv_rtp_sink_",
  .sent = "send_rtp_src_",
  .open = meter_new,
  .close = meter_free,
  .take = take_buffer,
};

/* Monitor thread */

/* What came before the payload types were known is judged anew. */
static void
write_payloads (gpointer book, guint session, gboolean received, gpointer payloads)
{
  Meter *meter = book;
  guint i;

  memcpy (meter->payloads, payloads, sizeof meter->payloads);
  for (i = 0; i < meter->flows->len; i++) {
    GstCallstatsFlow *flow = get_flow (meter, i);

    if (flow->role == GST_CALLSTATS_PAYLOAD_UNKNOWN)
      flow->role = meter->payloads[flow->payload_type].role;
  }
}

void
gst_callstats_traffic_set_payloads (GstCallstatsTraffic *self, guint session,
    gboolean received, const GstCallstatsPayload *payloads)
{
  gst_callstats_taps_read (
      self->taps, session, received, write_payloads, (gpointer)payloads);
}

static void
append_flows (gpointer book, guint session, gboolean received, gpointer flows)
{
  Meter *meter = book;
  guint i;

  for (i = 0; i < meter->flows->len; i++) {
    GstCallstatsSessionFlow copy = { session, received, *get_flow (meter, i) };

    g_array_append_val ((GArray *)flows, copy);
  }
}

void
gst_callstats_traffic_get (GstCallstatsTraffic *self, GArray *flows)
{
  g_array_set_size (flows, 0);
  gst_callstats_taps_read_all (self->taps, append_flows, flows);
}

GstCallstatsTraffic *
gst_callstats_traffic_new (GstElement *rtpbin)
{
  GstCallstatsTraffic *self = g_new0 (GstCallstatsTraffic, 1);

  self->taps = gst_callstats_taps_new (rtpbin, &tap_type);
  return self;
}

void
gst_callstats_traffic_free (GstCallstatsTraffic *self, GstElement *rtpbin)
{
  if (self == NULL)
    return;
  gst_callstats_taps_free (self->taps, rtpbin);
  g_free (self);
}
