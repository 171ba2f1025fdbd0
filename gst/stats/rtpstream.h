/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One stream of media of a webrtcbin: all that is known of it at a report, and its
 * objects in the report.
 *
 * Monitor thread only.
 */
#pragma once

#include "rtpdescription.h"
#include "rtpjitter.h"
#include "rtppads.h"
#include "rtpreports.h"
#include "rtptraffic.h"
#include "statssource.h"

G_BEGIN_DECLS

/* SSRCs that repair the stream's: packets and bytes of all there were. */
typedef struct {
  guint32 ssrc; /* the last one's; 0: none */
  guint64 packets, payload_bytes, header_bytes;
  gint64 last; /* when a packet came */
} GstCallstatsRepair;

typedef struct {
  GstCallstatsRtpStream told; /* what other sources see; first */
  char *id, *remote_id, *codec_id;
  char *mid, *track, *transport_id; /* nullable */
  gboolean active;                  /* negotiated in that direction */
  gboolean rejected;                /* its m-line is, or was stopped */
  gboolean has_codec;
  guint8 payload_type;
  char *mime_type, *fmtp; /* nullable */
  guint channels;
  guint32 rtx_ssrc, fec_ssrc; /* as announced; 0: not */

  GstCallstatsFlow flow;
  GstCallstatsRepair rtx, fec;
  GstCallstatsSentReports sent;         /* of a stream that is sent */
  GstCallstatsReceivedReports received; /* of one that is received */

  gboolean flows;   /* it is among what passes */
  gboolean had_pad; /* and may have lost it */
} GstCallstatsStream;

GstCallstatsStream *gst_callstats_stream_new (
    guint session, gboolean received, guint32 ssrc);
void gst_callstats_stream_free (gpointer stream);

/* Finds out what the stream is. */
void gst_callstats_stream_identify (GstCallstatsStream *stream,
    const GstCallstatsRtpDescription *description, GstCallstatsRtpPads *pads);

/* Each begins an object. */
void gst_callstats_stream_describe_codec (
    const GstCallstatsStream *stream, CallstatsReport *report);
void gst_callstats_stream_describe_outbound (
    const GstCallstatsStream *stream, CallstatsReport *report);
void gst_callstats_stream_describe_inbound (const GstCallstatsStream *stream,
    const GstCallstatsJitterStats *jitter, gint64 now, CallstatsReport *report);
/* Nothing where the other end has not reported. */
void gst_callstats_stream_describe_remote (
    const GstCallstatsStream *stream, CallstatsReport *report);

G_END_DECLS
