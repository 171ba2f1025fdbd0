/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pad probes that count what passes the edges of one webrtcbin: its own pads, those of
 * its rtpbin, where RTX is there and lost packets are not, and its transports.
 *
 * Probes run on streaming threads, handlers of new elements with webrtcbin's locks held:
 * they take the given lock, write down and wake. The tables are for who holds the lock.
 */
#pragma once

#include "packets.h"

G_BEGIN_DECLS

typedef struct {
  GMutex lock;
  GCond changed;
  guint64 rtp_packets; /* at all edges: changes with each packet of media */
} EdgeLock;

typedef struct {
  EdgeLock *lock;
  GstElement *webrtcbin, *rtpbin;
  /* PacketCount */
  GHashTable *offered;   /* at the sink pads */
  GHashTable *sent;      /* by the RTP sessions, before encryption */
  GHashTable *received;  /* by the RTP sessions, after decryption */
  GHashTable *delivered; /* at the source pads */
  GHashTable *rtcp;      /* RtcpCount, of what came */
  guint rtcp_packets;
  /* Of the transports: datagrams but for ICE's own */
  guint64 packets_sent, bytes_sent, packets_received, bytes_received;
  guint sender_timeouts; /* streams that came and rest, as the RTP sessions tell */
  /* Of each stream with a payload type below, one packet in so many is lost on its way,
   * after encryption; 0: none. Set before the call. */
  guint drop_interval;
  guint64 dropped;
  gboolean (*may_drop) (guint payload_type);
} Edges;

void edges_init (Edges *edges, EdgeLock *lock, GstElement *webrtcbin);
void edges_clear (Edges *edges);

G_END_DECLS
