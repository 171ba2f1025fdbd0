/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RTCP by RFC 3550, section 6. Pure, any thread.
 */
#include "rtcpreader.h"

#define HEADER 4
#define SENDER_INFO 20
#define BLOCK 24
#define FEEDBACK_HEADER 12

enum { SR = 200, RR = 201, BYE = 203, RTPFB = 205, PSFB = 206 };
enum { NACK = 1, PLI = 1, FIR = 4 }; /* of RTPFB; of PSFB */

static guint32
read_uint32 (const guint8 *data)
{
  return (guint32)data[0] << 24 | (guint32)data[1] << 16 | (guint32)data[2] << 8 |
         data[3];
}

/* 24 bits */
static gint32
read_lost (const guint8 *data)
{
  gint32 lost = (gint32)(read_uint32 (data) & 0xffffff);

  return lost & 0x800000 ? lost - 0x1000000 : lost;
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
    .lost = read_lost (data + 4),
    .highest = read_uint32 (data + 8),
    .jitter = read_uint32 (data + 12),
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
read_sender_report (GstCallstatsRtcp *self, guint count, const guint8 *data, gsize size)
{
  GstCallstatsSenderReport report;

  if (size < HEADER + 4 + SENDER_INFO)
    return;
  report.ssrc = read_uint32 (data + 4);
  report.ntp = (guint64)read_uint32 (data + 8) << 32 | read_uint32 (data + 12);
  report.timestamp = read_uint32 (data + 16);
  report.packets = read_uint32 (data + 20);
  report.octets = read_uint32 (data + 24);
  g_array_append_val (self->reports, report);
  read_report (self, count, data, size, HEADER + 4 + SENDER_INFO);
}

static void
append_feedback (
    GstCallstatsRtcp *self, GstCallstatsFeedbackType type, const guint8 *data)
{
  GstCallstatsFeedback feedback = { type, read_uint32 (data) };

  g_array_append_val (self->feedback, feedback);
}

static void
read_transport_feedback (
    GstCallstatsRtcp *self, guint format, const guint8 *data, gsize size)
{
  self->has_feedback = TRUE;
  if (format == NACK && size >= FEEDBACK_HEADER)
    append_feedback (self, GST_CALLSTATS_FEEDBACK_NACK, data + 8);
}

/* FIR has no media SSRC in its header, but one an entry. */
static void
read_payload_feedback (
    GstCallstatsRtcp *self, guint format, const guint8 *data, gsize size)
{
  gsize entry;

  if (format == PLI && size >= FEEDBACK_HEADER)
    append_feedback (self, GST_CALLSTATS_FEEDBACK_PLI, data + 8);
  for (entry = FEEDBACK_HEADER; format == FIR && entry + 8 <= size; entry += 8)
    append_feedback (self, GST_CALLSTATS_FEEDBACK_FIR, data + entry);
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
    read_sender_report (self, count, data, size);
    break;
  case RR:
    read_report (self, count, data, size, HEADER + 4);
    break;
  case BYE:
    read_bye (self, count, data, size);
    break;
  case RTPFB:
    read_transport_feedback (self, count, data, size);
    break;
  case PSFB:
    read_payload_feedback (self, count, data, size);
    break;
  default:
    break;
  }
}

void
gst_callstats_rtcp_init (GstCallstatsRtcp *self, const guint8 *data, gsize size)
{
  self->blocks = g_array_new (FALSE, FALSE, sizeof (GstCallstatsReportBlock));
  self->reports = g_array_new (FALSE, FALSE, sizeof (GstCallstatsSenderReport));
  self->feedback = g_array_new (FALSE, FALSE, sizeof (GstCallstatsFeedback));
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
  g_array_unref (self->reports);
  g_array_unref (self->feedback);
  g_array_unref (self->senders);
  g_array_unref (self->leavers);
}
