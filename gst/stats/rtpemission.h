/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long packets stay in a jitter buffer, by when they enter and leave it: for each
 * frame of video, from its first packet in to its last packet out; for each sample of
 * audio (W3C webrtc-stats, jitterBufferDelay).
 *
 * Pure, for one thread at a time; times are of one monotonic clock.
 */
#pragma once

#include "rtppacket.h"

G_BEGIN_DECLS

#define GST_CALLSTATS_N_ENTERED 512

typedef struct {
  guint64 frames, samples;          /* that left */
  double frame_delay, sample_delay; /* of all of these, in seconds */
  guint32 last_timestamp;
  gint64 last; /* when it left; 0: nothing has */

  struct {
    guint32 time; /* the lower half of it */
    guint16 seqnum;
    guint8 is_known;
  } entered[GST_CALLSTATS_N_ENTERED];
  /* The packet that left last, and the frame it is of. */
  guint16 seqnum;
  gint64 packet_entered; /* 0: not known */
  gint64 frame_entered;  /* 0: not known */
  gint64 frame_left;
  gboolean in_frame;
  guint samples_a_packet; /* the fewest seen; 0: not known */
  guint pending;          /* samples of the last packet that are counted already */
} GstCallstatsEmission;

void gst_callstats_emission_enter (
    GstCallstatsEmission *emission, const GstCallstatsRtpPacket *packet, gint64 time);
void gst_callstats_emission_leave (
    GstCallstatsEmission *emission, const GstCallstatsRtpPacket *packet, gint64 time);

G_END_DECLS
