/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether the other end has closed the DTLS connections of a webrtcbin.
 *
 * Monitor thread only. Notify handlers copy and post.
 */
#pragma once

#include "fabriclink.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsDtlsEnds GstCallstatsDtlsEnds;

/* The connections' common state: of the one that is most alive. Monitor thread; owner is
 * the link's. */
typedef void (*GstCallstatsDtlsEnded) (
    gpointer owner, CallstatsDtlsState state, gint64 time);

GstCallstatsDtlsEnds *gst_callstats_dtls_ends_new (
    GstCallstatsFabricLink *link, GstCallstatsDtlsEnded ended);
void gst_callstats_dtls_ends_free (GstCallstatsDtlsEnds *ends);
/* Looks for connections that are new. */
void gst_callstats_dtls_ends_look (GstCallstatsDtlsEnds *ends, GstElement *webrtcbin);
gboolean gst_callstats_dtls_ends_is_connected (GstCallstatsDtlsEnds *ends);

G_END_DECLS
