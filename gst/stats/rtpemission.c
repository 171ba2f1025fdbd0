/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long packets stay in a jitter buffer. Pure, for one thread at a time.
 */
#include "rtpemission.h"

/* What follows later than this many of the shortest packets was silence between. */
#define MAX_PACKETS 8

void
gst_callstats_emission_enter (
    GstCallstatsEmission *self, const GstCallstatsRtpPacket *packet, gint64 time)
{
  guint i = packet->seqnum % GST_CALLSTATS_N_ENTERED;

  /* A duplicate does not stay. */
  if (self->entered[i].is_known && self->entered[i].seqnum == packet->seqnum)
    return;
  self->entered[i].is_known = TRUE;
  self->entered[i].time = (guint32)time;
  self->entered[i].seqnum = packet->seqnum;
}

static gint64
find_entered (GstCallstatsEmission *self, guint16 seqnum, gint64 now)
{
  guint i = seqnum % GST_CALLSTATS_N_ENTERED;

  if (!self->entered[i].is_known || self->entered[i].seqnum != seqnum)
    return 0;
  return now - (guint32)((guint32)now - self->entered[i].time);
}

/* Audio: a packet's samples are known once the next one has left; until then it has as
 * few as any. */

static void
count_samples (GstCallstatsEmission *self, guint samples)
{
  if (self->packet_entered == 0)
    return;
  self->samples += samples;
  self->sample_delay +=
      samples * ((self->last - self->packet_entered) / (double)G_USEC_PER_SEC);
}

static void
complete_packet (GstCallstatsEmission *self, const GstCallstatsRtpPacket *packet)
{
  guint32 samples = packet->timestamp - self->last_timestamp;

  if (packet->seqnum != (guint16)(self->seqnum + 1) || samples == 0 ||
      samples > G_MAXINT32)
    return;
  if (self->samples_a_packet == 0 || samples < self->samples_a_packet)
    self->samples_a_packet = samples;
  if (samples / MAX_PACKETS < self->samples_a_packet && samples > self->pending)
    count_samples (self, samples - self->pending);
}

/* Video */

static void
complete_frame (GstCallstatsEmission *self)
{
  if (!self->in_frame)
    return;
  self->in_frame = FALSE;
  if (self->frame_entered == 0)
    return;
  self->frames++;
  self->frame_delay += (self->frame_left - self->frame_entered) / (double)G_USEC_PER_SEC;
}

static void
take_into_frame (
    GstCallstatsEmission *self, const GstCallstatsRtpPacket *packet, gint64 time)
{
  gint64 entered = self->packet_entered;

  /* What follows a marker with the same timestamp is padding. */
  if (!self->in_frame && self->last != 0 && packet->timestamp == self->last_timestamp)
    return;
  if (self->in_frame && packet->timestamp != self->last_timestamp)
    complete_frame (self);
  if (!self->in_frame)
    self->frame_entered = entered;
  else if (entered != 0 && self->frame_entered != 0)
    self->frame_entered = MIN (self->frame_entered, entered);
  self->in_frame = TRUE;
  self->frame_left = time;
  if (packet->marker)
    complete_frame (self);
}

void
gst_callstats_emission_leave (
    GstCallstatsEmission *self, const GstCallstatsRtpPacket *packet, gint64 time)
{
  if (self->last != 0)
    complete_packet (self, packet);
  self->packet_entered = find_entered (self, packet->seqnum, time);
  take_into_frame (self, packet, time);
  self->seqnum = packet->seqnum;
  self->last_timestamp = packet->timestamp;
  self->last = time;
  self->pending = self->samples_a_packet;
  count_samples (self, self->pending);
}
