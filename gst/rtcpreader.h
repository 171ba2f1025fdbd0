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
  guint32 highest; /* extended sequence number */
  guint32 last_sr; /* the middle of an NTP time; 0: none yet */
  guint32 delay;   /* since then, in 1/65536 s */
} GstCallstatsReportBlock;

typedef struct {
  GArray *blocks;        /* GstCallstatsReportBlock */
  GArray *senders;       /* guint32: SSRCs that sent reports */
  GArray *leavers;       /* guint32: SSRCs that said BYE */
  gboolean has_feedback; /* about our RTP: it arrives */
} GstCallstatsRtcp;

/* What is malformed is left out. */
void gst_callstats_rtcp_init (GstCallstatsRtcp *rtcp, const guint8 *data, gsize size);
void gst_callstats_rtcp_clear (GstCallstatsRtcp *rtcp);

G_END_DECLS
