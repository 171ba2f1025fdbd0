/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The header of an RTP packet. Pure, any thread.
 */
#include <string.h>

#include "rtppacket.h"

#define FIXED 12
#define AT_ONCE 64 /* octets: the whole header of most packets */

typedef struct {
  GstBuffer *buffer;
  gsize size;
  guint8 data[AT_ONCE];
  gsize n;
} Octets;

/* A packet may lie in several memories, which mapping would join. */
static gboolean
read_octets (const Octets *octets, gsize offset, guint8 *to, gsize n)
{
  if (offset + n > octets->size)
    return FALSE;
  if (offset + n <= octets->n)
    memcpy (to, octets->data + offset, n);
  else
    gst_buffer_extract (octets->buffer, offset, to, n);
  return TRUE;
}

/* Returns: where the payload begins; 0: malformed */
static gsize
read_header_size (const Octets *octets)
{
  gsize size = FIXED + 4 * (gsize)(octets->data[0] & 0x0f);
  guint8 extension[4];

  if (octets->data[0] & 0x10) {
    if (!read_octets (octets, size, extension, sizeof extension))
      return 0;
    size += 4 + 4 * (gsize)GST_READ_UINT16_BE (extension + 2);
  }
  return size <= octets->size ? size : 0;
}

static gboolean
read_sizes (GstCallstatsRtpPacket *packet, const Octets *octets)
{
  gsize header = read_header_size (octets);
  guint8 padding = 0;

  if (header == 0)
    return FALSE;
  if (octets->data[0] & 0x20 &&
      (!read_octets (octets, octets->size - 1, &padding, 1) || padding == 0))
    return FALSE;
  if (header + padding > octets->size)
    return FALSE;
  packet->header = header + padding;
  packet->payload = octets->size - packet->header;
  memset (packet->start, 0, sizeof packet->start);
  return read_octets (
      octets, header, packet->start, MIN (sizeof packet->start, packet->payload));
}

/* RFC 5761, section 4 */
static gboolean
is_rtcp (const guint8 *data)
{
  return data[1] >= 192 && data[1] <= 223;
}

static gboolean
read_fixed (GstCallstatsRtpPacket *packet, const guint8 *data, gsize n)
{
  if (n < FIXED || data[0] >> 6 != 2 || is_rtcp (data))
    return FALSE;
  packet->marker = data[1] >> 7;
  packet->payload_type = data[1] & 0x7f;
  packet->seqnum = GST_READ_UINT16_BE (data + 2);
  packet->timestamp = GST_READ_UINT32_BE (data + 4);
  packet->ssrc = GST_READ_UINT32_BE (data + 8);
  return TRUE;
}

gboolean
gst_callstats_rtp_packet_read_fixed (GstCallstatsRtpPacket *packet, GstBuffer *buffer)
{
  guint8 data[FIXED];

  return read_fixed (packet, data, gst_buffer_extract (buffer, 0, data, sizeof data));
}

gboolean
gst_callstats_rtp_packet_read (GstCallstatsRtpPacket *packet, GstBuffer *buffer)
{
  Octets octets;

  octets.buffer = buffer;
  octets.size = gst_buffer_get_size (buffer);
  octets.n = gst_buffer_extract (buffer, 0, octets.data, sizeof octets.data);
  return read_fixed (packet, octets.data, octets.n) && read_sizes (packet, &octets);
}
