/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A stream that is sent, by what the other end reports of it: whether it arrives at all,
 * and whether a sender should go on with it (RFC 8083, with callstats' thresholds).
 *
 * Pure, for one thread at a time; times are of one monotonic clock.
 */
#pragma once

#include "rtcpreader.h"

G_BEGIN_DECLS

typedef struct {
  guint32 ssrc;
  gboolean is_video;
  guint64 packets, bytes; /* sent, now */
  gint64 sent;            /* when packets grew last */

  gboolean reported; /* the rest is known */
  guint32 highest;
  gint64 progress;             /* when highest grew last */
  guint64 packets_at_progress; /* and what was sent then */
  gboolean stuck;              /* a report said that nothing new came */
  guint unreported;            /* reports since, without this stream */

  gint64 block; /* when the last report came, and what was sent then */
  guint64 packets_at_block, bytes_at_block;
  double loss;                   /* smoothed, 0 to 1 */
  gint64 lost_since, late_since; /* 0: not */

  gboolean one_way, unusable, congested; /* told */
} GstCallstatsOutboundStream;

/* What begins or ends at a look; 0: nothing. */
typedef enum {
  GST_CALLSTATS_OUTBOUND_ONE_WAY_START = 1 << 0,
  GST_CALLSTATS_OUTBOUND_ONE_WAY_STOP = 1 << 1,
  GST_CALLSTATS_OUTBOUND_UNUSABLE = 1 << 2,
  GST_CALLSTATS_OUTBOUND_CONGESTED = 1 << 3,
} GstCallstatsOutboundChange;

void gst_callstats_outbound_set_sent (
    GstCallstatsOutboundStream *stream, guint64 packets, guint64 bytes, gint64 time);
/* now_ntp: the middle 32 bits of the NTP time of arrival.
 * Returns: GstCallstatsOutboundChange */
guint gst_callstats_outbound_take_block (GstCallstatsOutboundStream *stream,
    const GstCallstatsReportBlock *block, guint32 now_ntp, gint64 time);
/* A report without the stream came, and no feedback with it. */
void gst_callstats_outbound_take_none (GstCallstatsOutboundStream *stream);
/* heard: when the other end's last RTCP came. */
guint gst_callstats_outbound_look (
    GstCallstatsOutboundStream *stream, gint64 heard, gint64 now);

G_END_DECLS
