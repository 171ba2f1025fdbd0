/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the RTCP of one RTP session has told of its streams so far, in both directions.
 *
 * Pure, for one thread at a time; times are of one monotonic clock.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A stream that we send, as the other end reports of it. */
typedef struct {
  gint64 time; /* of the last report block; 0: none */
  gint64 lost;
  double fraction_lost;
  guint32 highest; /* extended sequence number */
  guint32 jitter;  /* in RTP clock units */
  double round_trip, total_round_trip;
  guint64 round_trips;  /* measurements; 0: round_trip is not known */
  guint nack, pli, fir; /* packets of feedback that came */
} GstCallstatsSentReports;

/* A stream that the other end sends, as it reports of it. */
typedef struct {
  gint64 time; /* of the last sender report; 0: none */
  guint64 count;
  guint64 packets, octets; /* beyond the 32 bits of a report */
  guint64 ntp;             /* 32.32 seconds since 1900 */
  guint32 timestamp;       /* of RTP, at that time */
  gint64 left;             /* when it said BYE; 0: not */
  guint nack, pli, fir;    /* packets of feedback that we sent */
} GstCallstatsReceivedReports;

typedef struct _GstCallstatsRtcpLedger GstCallstatsRtcpLedger;

GstCallstatsRtcpLedger *gst_callstats_rtcp_ledger_new (void);
void gst_callstats_rtcp_ledger_free (GstCallstatsRtcpLedger *ledger);

/* A compound packet that came, or that we send. */
void gst_callstats_rtcp_ledger_take (GstCallstatsRtcpLedger *ledger, gboolean received,
    const guint8 *data, gsize size, gint64 time);

/* Returns: (nullable): NULL: nothing was told; valid until the next packet */
const GstCallstatsSentReports *gst_callstats_rtcp_ledger_get_sent (
    GstCallstatsRtcpLedger *ledger, guint32 ssrc);
const GstCallstatsReceivedReports *gst_callstats_rtcp_ledger_get_received (
    GstCallstatsRtcpLedger *ledger, guint32 ssrc);

G_END_DECLS
