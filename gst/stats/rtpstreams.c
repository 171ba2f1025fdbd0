/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The RTP streams of one webrtcbin. Monitor thread only.
 */
#include "rtpstreams.h"

struct _GstCallstatsRtpStreams {
  GPtrArray *streams; /* GstCallstatsRtpStream */
};

GstCallstatsRtpStreams *
gst_callstats_rtp_streams_new (GstCallstatsFabricLink *link, GstElement *webrtcbin)
{
  GstCallstatsRtpStreams *self = g_new0 (GstCallstatsRtpStreams, 1);

  self->streams = g_ptr_array_new ();
  return self;
}

void
gst_callstats_rtp_streams_free (GstCallstatsRtpStreams *self, GstElement *webrtcbin)
{
  g_ptr_array_unref (self->streams);
  g_free (self);
}

void
gst_callstats_rtp_streams_look (GstCallstatsRtpStreams *self, GstCallstatsView *view)
{
  view->streams = self->streams;
}

void
gst_callstats_rtp_streams_describe (GstCallstatsRtpStreams *self,
    const GstCallstatsView *view, GstCallstatsDescribeStream describe_stream,
    gpointer user_data, CallstatsReport *report)
{
}
