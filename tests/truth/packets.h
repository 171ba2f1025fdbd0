/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What RTP and RTCP packets say of themselves, counted by SSRC. RFC 3550, written anew
 * here so that the tests share no code with what they test.
 *
 * No locks: the owner of the tables has one.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  guint32 ssrc;
  guint8 payload_type;          /* of the last packet */
  guint16 first_seqnum, seqnum; /* of the first and the last packet */
  guint64 packets;
  guint64 payload_bytes; /* neither header nor padding */
  guint64 header_bytes;  /* CSRCs, extensions and padding too, as webrtc-stats has it */
} PacketCount;

/* What the last sender report or report block said of an SSRC. */
typedef struct {
  guint32 ssrc;
  guint sender_reports, report_blocks;
  guint32 sent_packets, sent_octets;
  guint32 highest_seqnum; /* extended */
  gint32 lost;            /* cumulative */
} RtcpCount;

typedef struct {
  guint32 ssrc;
  guint8 payload_type;
  guint16 seqnum;
  gsize header, padding, size;
} Packet;

/* FALSE: no RTP; also for encrypted packets, whose headers are not */
gboolean packet_parse (GstBuffer *buffer, Packet *packet);

/* Tables: SSRC (GUINT_TO_POINTER) → PacketCount, RtcpCount */
GHashTable *packet_counts_new (void);
void packet_counts_add (GHashTable *counts, const Packet *packet);
void rtcp_counts_add (GHashTable *counts, GstBuffer *buffer);

G_END_DECLS
