/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What RTCP tells of the streams of one webrtcbin. Monitor thread only, but for
 * take_buffer.
 */
#include "rtpreports.h"
#include "rtptaps.h"

struct _GstCallstatsRtcpReports {
  GstCallstatsTaps *taps;
};

static gpointer
open_ledger (void)
{
  return gst_callstats_rtcp_ledger_new ();
}

static void
close_ledger (gpointer ledger)
{
  gst_callstats_rtcp_ledger_free (ledger);
}

static void
take_buffer (gpointer book, gboolean received, GstBuffer *buffer, gint64 time)
{
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  gst_callstats_rtcp_ledger_take (book, received, map.data, map.size, time);
  gst_buffer_unmap (buffer, &map);
}

static const GstCallstatsTapType tap_type = {
  .received = "recv_rtcp_sink_",
  .sent = "send_rtcp_src_",
  .shared = TRUE,
  .open = open_ledger,
  .close = close_ledger,
  .take = take_buffer,
};

typedef struct {
  guint32 ssrc;
  GstCallstatsSentReports *sent;
  GstCallstatsReceivedReports *received;
} Question;

static void
read_sent (gpointer book, guint session, gboolean received, gpointer user_data)
{
  const Question *question = user_data;
  const GstCallstatsSentReports *sent =
      gst_callstats_rtcp_ledger_get_sent (book, question->ssrc);

  if (sent != NULL)
    *question->sent = *sent;
}

static void
read_received (gpointer book, guint session, gboolean received, gpointer user_data)
{
  const Question *question = user_data;
  const GstCallstatsReceivedReports *reports =
      gst_callstats_rtcp_ledger_get_received (book, question->ssrc);

  if (reports != NULL)
    *question->received = *reports;
}

void
gst_callstats_rtcp_reports_get_sent (GstCallstatsRtcpReports *self, guint session,
    guint32 ssrc, GstCallstatsSentReports *sent)
{
  Question question = { .ssrc = ssrc, .sent = sent };

  *sent = (GstCallstatsSentReports){ 0 };
  gst_callstats_taps_read (self->taps, session, FALSE, read_sent, &question);
}

void
gst_callstats_rtcp_reports_get_received (GstCallstatsRtcpReports *self, guint session,
    guint32 ssrc, GstCallstatsReceivedReports *received)
{
  Question question = { .ssrc = ssrc, .received = received };

  *received = (GstCallstatsReceivedReports){ 0 };
  gst_callstats_taps_read (self->taps, session, TRUE, read_received, &question);
}

GstCallstatsRtcpReports *
gst_callstats_rtcp_reports_new (GstElement *rtpbin)
{
  GstCallstatsRtcpReports *self = g_new0 (GstCallstatsRtcpReports, 1);

  self->taps = gst_callstats_taps_new (rtpbin, &tap_type);
  return self;
}

void
gst_callstats_rtcp_reports_free (GstCallstatsRtcpReports *self, GstElement *rtpbin)
{
  if (self == NULL)
    return;
  gst_callstats_taps_free (self->taps, rtpbin);
  g_free (self);
}
