/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the two descriptions of a negotiation say of RTP: m-lines, sessions, payload types
 * and SSRCs.
 *
 * Pure.
 */
#pragma once

#include <gst/sdp/sdp.h>

#include "rtpflow.h"

G_BEGIN_DECLS

/* A payload type, in one direction. */
typedef struct {
  guint8 payload_type;
  GstCallstatsPayload payload;
  char *mime_type; /* as it is registered: "audio/opus", "video/VP8" */
  guint channels;  /* 0: no audio */
  char *fmtp;      /* nullable */
} GstCallstatsCodec;

/* An m-line of RTP. Arrays have what is sent first, then what is received. */
typedef struct {
  guint index;
  guint session;      /* of webrtcbin's rtpbin */
  const char *kind;   /* "audio" or "video" */
  char *mid;          /* nullable */
  gboolean active[2]; /* negotiated in that direction */
  gboolean rejected;  /* or stopped */
  GArray *codecs[2];  /* GstCallstatsCodec */
  char *track[2];     /* nullable: the track's id */
} GstCallstatsSection;

/* An SSRC that is announced. */
typedef struct {
  guint32 ssrc;
  guint section; /* index of its m-line */
  char *track;   /* nullable */
  guint32 repaired;
  GstCallstatsPayloadRole role; /* RTX and FLEXFEC repair another */
} GstCallstatsSource;

typedef struct {
  GPtrArray *sections; /* GstCallstatsSection */
  GArray *sources[2];  /* GstCallstatsSource */
} GstCallstatsRtpDescription;

/* remote: (nullable): the other end has not answered */
GstCallstatsRtpDescription *gst_callstats_rtp_description_new (
    const GstSDPMessage *local, const GstSDPMessage *remote);
void gst_callstats_rtp_description_free (GstCallstatsRtpDescription *description);

/* All return: (nullable) (transfer none) */
const GstCallstatsSection *gst_callstats_rtp_description_find_section (
    const GstCallstatsRtpDescription *description, guint index);
/* The only section of a session that has this payload type. */
const GstCallstatsSection *gst_callstats_rtp_description_guess_section (
    const GstCallstatsRtpDescription *description, guint session, gboolean received,
    guint8 payload_type);
const GstCallstatsSource *gst_callstats_rtp_description_find_source (
    const GstCallstatsRtpDescription *description, gboolean received, guint32 ssrc);
/* The one that repairs ssrc. */
const GstCallstatsSource *gst_callstats_rtp_description_find_repair (
    const GstCallstatsRtpDescription *description, gboolean received, guint32 ssrc,
    GstCallstatsPayloadRole role);
const GstCallstatsCodec *gst_callstats_section_find_codec (
    const GstCallstatsSection *section, gboolean received, guint8 payload_type);

/* Fills GST_CALLSTATS_N_PAYLOADS of them. */
void gst_callstats_rtp_description_get_payloads (
    const GstCallstatsRtpDescription *description, guint session, gboolean received,
    GstCallstatsPayload *payloads);

G_END_DECLS
