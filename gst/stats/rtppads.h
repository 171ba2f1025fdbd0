/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which SSRCs go through which pads of a webrtcbin.
 *
 * Monitor thread only; a probe sees a sink pad's next packet on its streaming thread.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  GstPad *pad;
  gboolean received;
  guint section;    /* index of the m-line; G_MAXUINT: none yet */
  guint32 ssrc;     /* 0: not known */
  const char *kind; /* nullable, interned: what the caps say */
} GstCallstatsRtpPad;

typedef struct _GstCallstatsRtpPads GstCallstatsRtpPads;

GstCallstatsRtpPads *gst_callstats_rtp_pads_new (void);
void gst_callstats_rtp_pads_free (GstCallstatsRtpPads *pads);

/* Brings all up to date. search: there is an SSRC whose pad is not known. */
void gst_callstats_rtp_pads_look (
    GstCallstatsRtpPads *pads, GstElement *webrtcbin, gboolean search);
/* Returns: whether pads have come or gone since the last look */
gboolean gst_callstats_rtp_pads_have_changed (
    GstCallstatsRtpPads *pads, GstElement *webrtcbin);

/* Returns: (nullable) (transfer none): valid until the next look */
const GstCallstatsRtpPad *gst_callstats_rtp_pads_find (
    GstCallstatsRtpPads *pads, gboolean received, guint32 ssrc);

G_END_DECLS
