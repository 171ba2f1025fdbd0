/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The packets of one SSRC in one direction, counted as RFC 3550 has it.
 *
 * Pure, for one thread at a time; times are of one monotonic clock.
 */
#pragma once

#include "rtppacket.h"

G_BEGIN_DECLS

typedef enum {
  GST_CALLSTATS_PAYLOAD_UNKNOWN,
  GST_CALLSTATS_PAYLOAD_MEDIA,
  GST_CALLSTATS_PAYLOAD_RTX,     /* RFC 4588 */
  GST_CALLSTATS_PAYLOAD_RED,     /* RFC 2198 */
  GST_CALLSTATS_PAYLOAD_ULPFEC,  /* RFC 5109 */
  GST_CALLSTATS_PAYLOAD_FLEXFEC, /* RFC 8627 */
} GstCallstatsPayloadRole;

/* What a payload type was negotiated for. */
typedef struct {
  GstCallstatsPayloadRole role;
  guint8 repaired; /* RTX: the payload type of what it repairs */
  guint clock_rate;
} GstCallstatsPayload;

#define GST_CALLSTATS_N_PAYLOADS 128

typedef struct {
  guint32 ssrc;
  GstCallstatsPayloadRole role;
  guint8 payload_type; /* of the media within RED */
  gboolean is_part;    /* there were packets before the first that was seen */
  guint64 packets, payload_bytes, header_bytes;
  guint64 fec_packets, fec_bytes; /* of these */
  gint64 first, last;             /* when packets came */
  guint16 first_seqnum;
  guint32 last_timestamp;
  double jitter;    /* in seconds */
  guint n_jitter;   /* packets that jitter was made of */
  guint32 repaired; /* RTX: the SSRC that it repairs; 0: not known yet */

  guint16 highest; /* sequence number */
  guint64 expected, counted;
  guint32 suspect; /* what would follow after a jump; above 16 bits: no jump */
} GstCallstatsFlow;

/* payloads: GST_CALLSTATS_N_PAYLOADS of them */
void gst_callstats_flow_take (GstCallstatsFlow *flow, const GstCallstatsRtpPacket *packet,
    const GstCallstatsPayload *payloads, gint64 time);

/* Expected less received (RFC 3550, section 6.4.1): duplicates make it less. */
gint64 gst_callstats_flow_get_lost (const GstCallstatsFlow *flow);

/* How far the sequence number is from the highest. */
guint gst_callstats_flow_get_distance (const GstCallstatsFlow *flow, guint16 seqnum);

G_END_DECLS
