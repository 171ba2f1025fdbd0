/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When media first arrives at a webrtcbin: its first RTP packet, and the first frame that
 * a decoder behind it gives out.
 *
 * Monitor thread only. The probes run on streaming threads, are gone after the first
 * buffer, and call nothing of webrtcbin's.
 */
#pragma once

#include "negotiationfence.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsFirstMedia GstCallstatsFirstMedia;

/* Marks the phases firstRtp and firstFrame of the fence's fabric. */
GstCallstatsFirstMedia *gst_callstats_first_media_new (
    GstCallstatsFence *fence, GstElement *webrtcbin);
void gst_callstats_first_media_free (
    GstCallstatsFirstMedia *media, GstElement *webrtcbin);

/* A session description was set: there may be new pads that RTP comes in at. */
void gst_callstats_first_media_look (
    GstCallstatsFirstMedia *media, GstElement *webrtcbin);

G_END_DECLS
