/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RTCP by RFC 3550, section 6. Pure, any thread.
 */
#include "rtcpreader.h"

#define HEADER 4
#define SENDER_INFO 20
#define BLOCK 24

enum { SR = 200, RR = 201, BYE = 203, RTPFB = 205 };

static guint32
read_uint32 (const guint8 *data)
{
  return (guint32)data[0] << 24 | (guint32)data[1] << 16 | (guint32)data[2] << 8 |
         data[3];
}

static void
append_ssrc (GArray *ssrcs, const guint8 *data)
{
  guint32 ssrc = read_uint32 (data);

  g_array_append_val (ssrcs, ssrc);
}

static void
read_block (GstCallstatsRtcp *self, const guint8 *data)
{
  GstCallstatsReportBlock block = {
    .ssrc = read_uint32 (data),
    .fraction_lost = data[4],
    .highest = read_uint32 (data + 8),
    .last_sr = read_uint32 (data + 16),
    .delay = read_uint32 (data + 20),
  };

  g_array_append_val (self->blocks, block);
}

static void
read_report (GstCallstatsRtcp *self, guint count, const guint8 *data, gsize size,
    gsize first_block)
{
  guint i;

  if (size < first_block)
    return;
  append_ssrc (self->senders, data + HEADER);
  for (i = 0; i < count && first_block + (i + 1) * BLOCK <= size; i++)
    read_block (self, data + first_block + i * BLOCK);
}

static void
read_bye (GstCallstatsRtcp *self, guint count, const guint8 *data, gsize size)
{
  guint i;

  for (i = 0; i < count && HEADER + (i + 1) * 4 <= size; i++)
    append_ssrc (self->leavers, data + HEADER + i * 4);
}

static void
read_packet (GstCallstatsRtcp *self, const guint8 *data, gsize size)
{
  guint count = data[0] & 0x1f;

  switch (data[1]) {
  case SR:
    read_report (self, count, data, size, HEADER + 4 + SENDER_INFO);
    break;
  case RR:
    read_report (self, count, data, size, HEADER + 4);
    break;
  case BYE:
    read_bye (self, count, data, size);
    break;
  case RTPFB:
    self->has_feedback = TRUE;
    break;
  default:
    break;
  }
}

void
gst_callstats_rtcp_init (GstCallstatsRtcp *self, const guint8 *data, gsize size)
{
  self->blocks = g_array_new (FALSE, FALSE, sizeof (GstCallstatsReportBlock));
  self->senders = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->leavers = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->has_feedback = FALSE;
  while (size >= HEADER && data[0] >> 6 == 2) {
    gsize length = 4 * (1 + (gsize)(data[2] << 8 | data[3]));

    if (length > size)
      return;
    read_packet (self, data, length);
    data += length;
    size -= length;
  }
}

void
gst_callstats_rtcp_clear (GstCallstatsRtcp *self)
{
  g_array_unref (self->blocks);
  g_array_unref (self->senders);
  g_array_unref (self->leavers);
}
