/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When the streams that a webrtcbin received were last seen decoded.
 *
 * Monitor thread only. Probes behind the decoders store the time and nothing else.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstCallstatsFrames GstCallstatsFrames;

GstCallstatsFrames *gst_callstats_frames_new (void);
void gst_callstats_frames_free (GstCallstatsFrames *frames);

/* Looks for decoders behind webrtcbin's source pads. */
void gst_callstats_frames_look (GstCallstatsFrames *frames, GstElement *webrtcbin);
/* When the last frame came. FALSE: none did, or nothing is known of a decoder. */
gboolean gst_callstats_frames_get (
    GstCallstatsFrames *frames, guint32 ssrc, gint64 now, gint64 *last);

G_END_DECLS
