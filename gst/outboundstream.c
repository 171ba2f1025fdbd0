/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A stream that is sent, by what the other end reports of it. Pure.
 */
#include <math.h>

#include "outboundstream.h"

/* callstats' mediaTimeout: so long nothing new arrives. */
#define ONE_WAY (10 * G_TIME_SPAN_SECOND)
/* So many packets must have been sent in vain. */
#define IN_VAIN 20
/* Reports that leave the stream out: its receiver has forgotten it. */
#define FORGOTTEN 3
#define STILL_SENDING (3 * G_TIME_SPAN_SECOND)
/* callstats' mediaUsability. */
#define LOST 0.99
#define LOST_FOR (5 * G_TIME_SPAN_SECOND)
#define LATE_FOR (15 * G_TIME_SPAN_SECOND)
#define LATE_AUDIO 1.5 /* s */
#define LATE_VIDEO 2.0
/* RFC 8083: ten times what TCP would take. */
#define CONGESTED 10

void
gst_callstats_outbound_set_sent (
    GstCallstatsOutboundStream *self, guint64 packets, guint64 bytes, gint64 time)
{
  if (packets > self->packets)
    self->sent = time;
  self->packets = packets;
  self->bytes = bytes;
}

/* Negative: not known. */
static double
get_round_trip_time (const GstCallstatsReportBlock *block, guint32 now_ntp)
{
  gint32 time = (gint32)(now_ntp - block->last_sr - block->delay);

  return block->last_sr != 0 ? MAX (time, 0) / 65536.0 : -1;
}

/* Bytes a second, by the TFRC equation of RFC 5348, section 3.1. */
static double
get_fair_rate (double packet_size, double round_trip_time, double loss)
{
  double timeout = 4 * round_trip_time;

  return packet_size /
         (round_trip_time * sqrt (2 * loss / 3) +
             timeout * 3 * sqrt (3 * loss / 8) * loss * (1 + 32 * loss * loss));
}

static gboolean
is_congested (const GstCallstatsOutboundStream *self, double rtt, gint64 time)
{
  double seconds = (time - self->block) / (double)G_TIME_SPAN_SECOND;
  double packets = self->packets - self->packets_at_block;
  double bytes = self->bytes - self->bytes_at_block;

  if (rtt <= 0 || self->loss <= 0 || seconds <= 0 || packets <= 0)
    return FALSE;
  return bytes / seconds > CONGESTED * get_fair_rate (bytes / packets, rtt, self->loss);
}

static void
hold_since (gint64 *since, gboolean bad, gint64 time)
{
  if (!bad)
    *since = 0;
  else if (*since == 0)
    *since = time;
}

static guint
take_quality (GstCallstatsOutboundStream *self, const GstCallstatsReportBlock *block,
    double rtt, gint64 time)
{
  double fraction = block->fraction_lost / 256.0;
  gboolean was_unusable = self->unusable;
  gboolean was_congested = self->congested;

  self->loss = (self->loss + fraction) / 2;
  /* 255/256 is the most that a report can say. */
  hold_since (&self->lost_since, fraction > LOST, time);
  hold_since (&self->late_since, rtt > (self->is_video ? LATE_VIDEO : LATE_AUDIO), time);
  self->unusable = (self->lost_since != 0 && time - self->lost_since >= LOST_FOR) ||
                   (self->late_since != 0 && time - self->late_since >= LATE_FOR);
  self->congested = self->block != 0 && is_congested (self, rtt, time);
  return (self->unusable && !was_unusable ? GST_CALLSTATS_OUTBOUND_UNUSABLE : 0) |
         (self->congested && !was_congested ? GST_CALLSTATS_OUTBOUND_CONGESTED : 0);
}

static guint
take_progress (GstCallstatsOutboundStream *self, guint32 highest, gint64 time)
{
  gboolean was_one_way = self->one_way;

  if (self->reported && highest == self->highest) {
    self->stuck |= self->packets >= self->packets_at_progress + IN_VAIN;
    return 0;
  }
  self->reported = TRUE;
  self->highest = highest;
  self->progress = time;
  self->packets_at_progress = self->packets;
  self->stuck = self->one_way = FALSE;
  return was_one_way ? GST_CALLSTATS_OUTBOUND_ONE_WAY_STOP : 0;
}

guint
gst_callstats_outbound_take_block (GstCallstatsOutboundStream *self,
    const GstCallstatsReportBlock *block, guint32 now_ntp, gint64 time)
{
  guint changes = take_quality (self, block, get_round_trip_time (block, now_ntp), time);

  changes |= take_progress (self, block->highest, time);
  self->unreported = 0;
  self->block = time;
  self->packets_at_block = self->packets;
  self->bytes_at_block = self->bytes;
  return changes;
}

void
gst_callstats_outbound_take_none (GstCallstatsOutboundStream *self)
{
  if (self->reported)
    self->unreported++;
}

guint
gst_callstats_outbound_look (GstCallstatsOutboundStream *self, gint64 heard, gint64 now)
{
  if (self->one_way || !self->reported || now - self->progress < ONE_WAY ||
      heard <= self->progress || now - self->sent > STILL_SENDING ||
      self->packets < self->packets_at_progress + IN_VAIN ||
      !(self->stuck || self->unreported >= FORGOTTEN))
    return 0;
  self->one_way = TRUE;
  return GST_CALLSTATS_OUTBOUND_ONE_WAY_START;
}
