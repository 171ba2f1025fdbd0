/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RTP and RTCP packets, counted by SSRC. No locks: the owner of the tables has one.
 */
#include "packets.h"

#define RTP_HEADER 12
#define RTCP_HEADER 8 /* with the SSRC of the sender */
#define SENDER_INFO 20
#define REPORT_BLOCK 24

enum { SENDER_REPORT = 200, RECEIVER_REPORT = 201 };

/* Header with CSRCs and extension; 0: too short for them */
static gsize
get_header_size (const guint8 *data, gsize size)
{
  gsize header = RTP_HEADER + 4 * (data[0] & 0x0f);

  if (data[0] & 0x10) {
    if (size < header + 4)
      return 0;
    header += 4 + 4 * GST_READ_UINT16_BE (data + header + 2);
  }
  return header <= size ? header : 0;
}

static gboolean
is_rtp (const guint8 *data, gsize size)
{
  return size >= RTP_HEADER && data[0] >> 6 == 2 && (data[1] < 192 || data[1] > 223);
}

gboolean
packet_parse (GstBuffer *buffer, Packet *packet)
{
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  *packet = (Packet){ .size = map.size };
  if (is_rtp (map.data, map.size)) {
    packet->payload_type = map.data[1] & 0x7f;
    packet->seqnum = GST_READ_UINT16_BE (map.data + 2);
    packet->ssrc = GST_READ_UINT32_BE (map.data + 8);
    packet->header = get_header_size (map.data, map.size);
    packet->padding = map.data[0] & 0x20 ? map.data[map.size - 1] : 0;
  }
  gst_buffer_unmap (buffer, &map);
  return packet->header > 0;
}

GHashTable *
packet_counts_new (void)
{
  return g_hash_table_new_full (NULL, NULL, NULL, g_free);
}

void
packet_counts_add (GHashTable *counts, const Packet *packet)
{
  gpointer key = GUINT_TO_POINTER (packet->ssrc);
  PacketCount *count = g_hash_table_lookup (counts, key);

  if (count == NULL) {
    count = g_new0 (PacketCount, 1);
    count->ssrc = packet->ssrc;
    count->first_seqnum = packet->seqnum;
    g_hash_table_insert (counts, key, count);
  }
  count->payload_type = packet->payload_type;
  count->seqnum = packet->seqnum;
  count->packets++;
  count->header_bytes += packet->header + packet->padding;
  count->payload_bytes += packet->size - packet->header - packet->padding;
}

static RtcpCount *
get_rtcp_count (GHashTable *counts, guint32 ssrc)
{
  gpointer key = GUINT_TO_POINTER (ssrc);
  RtcpCount *count = g_hash_table_lookup (counts, key);

  if (count == NULL) {
    count = g_new0 (RtcpCount, 1);
    count->ssrc = ssrc;
    g_hash_table_insert (counts, key, count);
  }
  return count;
}

static void
add_sender_info (GHashTable *counts, const guint8 *report)
{
  RtcpCount *count = get_rtcp_count (counts, GST_READ_UINT32_BE (report + 4));

  count->sender_reports++;
  count->sent_packets = GST_READ_UINT32_BE (report + RTCP_HEADER + 12);
  count->sent_octets = GST_READ_UINT32_BE (report + RTCP_HEADER + 16);
}

static void
add_report_block (GHashTable *counts, const guint8 *block)
{
  RtcpCount *count = get_rtcp_count (counts, GST_READ_UINT32_BE (block));
  guint32 lost = GST_READ_UINT32_BE (block + 4) & 0xffffff;

  count->report_blocks++;
  count->lost = lost & 0x800000 ? (gint32)(lost | 0xff000000) : (gint32)lost;
  count->highest_seqnum = GST_READ_UINT32_BE (block + 8);
}

static void
add_report (GHashTable *counts, const guint8 *report, gsize size)
{
  gsize at = RTCP_HEADER;
  guint i;

  if (report[1] == SENDER_REPORT && size >= RTCP_HEADER + SENDER_INFO) {
    add_sender_info (counts, report);
    at += SENDER_INFO;
  } else if (report[1] != RECEIVER_REPORT) {
    return;
  }
  for (i = 0; i < (report[0] & 0x1fu) && at + REPORT_BLOCK <= size; i++) {
    add_report_block (counts, report + at);
    at += REPORT_BLOCK;
  }
}

/* A compound packet */
void
rtcp_counts_add (GHashTable *counts, GstBuffer *buffer)
{
  GstMapInfo map;
  gsize at = 0;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  while (at + RTCP_HEADER <= map.size) {
    gsize size = 4 * (gsize)(1 + GST_READ_UINT16_BE (map.data + at + 2));

    if (at + size > map.size)
      break;
    add_report (counts, map.data + at, size);
    at += size;
  }
  gst_buffer_unmap (buffer, &map);
}
