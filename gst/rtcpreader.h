/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What compound RTCP packets tell of the other end.
 *
 * Pure, any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint32 ssrc; /* whom it is about */
  guint8 fraction_lost;
  gint32 lost;     /* cumulative */
  guint32 highest; /* extended sequence number */
  guint32 jitter;  /* in RTP clock units */
  guint32 last_sr; /* the middle of an NTP time; 0: none yet */
  guint32 delay;   /* since then, in 1/65536 s */
} GstCallstatsReportBlock;

typedef struct {
  guint32 ssrc;
  guint64 ntp; /* 32.32 seconds since 1900 */
  guint32 timestamp;
  guint32 packets, octets;
} GstCallstatsSenderReport;

/* Asks the sender of media for something (RFC 4585, RFC 5104). */
typedef enum {
  GST_CALLSTATS_FEEDBACK_NACK,
  GST_CALLSTATS_FEEDBACK_PLI,
  GST_CALLSTATS_FEEDBACK_FIR,
} GstCallstatsFeedbackType;

typedef struct {
  GstCallstatsFeedbackType type;
  guint32 ssrc; /* whom it is for */
} GstCallstatsFeedback;

typedef struct {
  GArray *blocks;        /* GstCallstatsReportBlock */
  GArray *reports;       /* GstCallstatsSenderReport */
  GArray *feedback;      /* GstCallstatsFeedback: one a packet and SSRC */
  GArray *senders;       /* guint32: SSRCs that sent reports */
  GArray *leavers;       /* guint32: SSRCs that said BYE */
  gboolean has_feedback; /* about our RTP: it arrives */
} GstCallstatsRtcp;

/* What is malformed is left out. */
void gst_callstats_rtcp_init (GstCallstatsRtcp *rtcp, const guint8 *data, gsize size);
void gst_callstats_rtcp_clear (GstCallstatsRtcp *rtcp);

G_END_DECLS
