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
is_rtcp (const Octets *octets)
{
  return octets->data[1] >= 192 && octets->data[1] <= 223;
}

gboolean
gst_callstats_rtp_packet_read (GstCallstatsRtpPacket *packet, GstBuffer *buffer)
{
  Octets octets = { .buffer = buffer, .size = gst_buffer_get_size (buffer) };

  octets.n = gst_buffer_extract (buffer, 0, octets.data, sizeof octets.data);
  if (octets.n < FIXED || octets.data[0] >> 6 != 2 || is_rtcp (&octets))
    return FALSE;
  packet->marker = octets.data[1] >> 7;
  packet->payload_type = octets.data[1] & 0x7f;
  packet->seqnum = GST_READ_UINT16_BE (octets.data + 2);
  packet->timestamp = GST_READ_UINT32_BE (octets.data + 4);
  packet->ssrc = GST_READ_UINT32_BE (octets.data + 8);
  return read_sizes (packet, &octets);
}
