/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The jitter buffers of one webrtcbin, each by its own SSRC: get-stats shows the figures
 * of the last one made as those of all streams, on every version.
 *
 * Monitor thread only; probes see the packets on streaming threads.
 */
#pragma once

#include "fields.h"

G_BEGIN_DECLS

/* Since the SSRC's first jitter buffer, for one that timed out gets another. */
typedef struct {
  guint64 late, duplicates;
  guint64 retransmissions_requested, retransmissions_successful;
  guint64 frames, samples;          /* that left it */
  double frame_delay, sample_delay; /* of all of these, in seconds */
  double frame_target, sample_target;
  guint32 last_timestamp; /* of what left it last */
  gint64 last;            /* when it did; 0: nothing has left */
} GstCallstatsJitterStats;

typedef struct _GstCallstatsJitterBuffers GstCallstatsJitterBuffers;

GstCallstatsJitterBuffers *gst_callstats_jitter_buffers_new (GstElement *rtpbin);
/* rtpbin: NULL: gone */
void gst_callstats_jitter_buffers_free (
    GstCallstatsJitterBuffers *buffers, GstElement *rtpbin);

/* Reads all of them; those of SSRCs that are no streams any more are forgotten once they
 * are gone. */
void gst_callstats_jitter_buffers_look (GstCallstatsJitterBuffers *buffers);
/* Returns: FALSE: there never was one */
gboolean gst_callstats_jitter_buffers_get (
    GstCallstatsJitterBuffers *buffers, guint32 ssrc, GstCallstatsJitterStats *stats);

G_END_DECLS
