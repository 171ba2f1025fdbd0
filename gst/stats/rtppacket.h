/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the header of an RTP packet says (RFC 3550, section 5.1).
 *
 * Pure, any thread.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  guint32 ssrc, timestamp;
  guint16 seqnum;
  guint8 payload_type;
  gboolean marker;

  guint32 header;  /* octets: with CSRCs, extension and padding */
  guint32 payload; /* octets: the rest */
  guint8 start[2]; /* of the payload, as far as there is one */
} GstCallstatsRtpPacket;

/* Returns: FALSE: no RTP, or malformed */
gboolean gst_callstats_rtp_packet_read (GstCallstatsRtpPacket *packet, GstBuffer *buffer);
/* The members of the fixed header only. Returns: FALSE: no RTP */
gboolean gst_callstats_rtp_packet_read_fixed (
    GstCallstatsRtpPacket *packet, GstBuffer *buffer);

G_END_DECLS
