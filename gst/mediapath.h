/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way of one stream's media between a webrtcbin's pad and its codec: downstream over
 * the decoder to the sink, upstream over the payloader to the encoder.
 *
 * Any thread. A pipeline may change while it is looked through: every object is held by a
 * reference, and what is seen is what was there at that moment. No property is read.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* All nullable. */
typedef struct {
  GstElement *codec; /* the decoder or encoder */
  GstPad *codec_sink;
  GstPad *codec_src;
  GstPad *raw;      /* the nearest source pad where media is raw */
  GstPad *coded;    /* the nearest source pad whose caps tell the coded frames' size */
  GstElement *sink; /* where the media ends, if it was not encoded again before */
  GstPad *sink_pad;
  gboolean mixed; /* on the way to the sink it met other media */
} GstCallstatsMediaPath;

/* From a webrtcbin's source pad. */
void gst_callstats_media_path_follow_down (GstCallstatsMediaPath *path, GstPad *src);
/* From a webrtcbin's sink pad; of several streams that meet there, ssrc's.
 * ssrc: 0: any */
void gst_callstats_media_path_follow_up (
    GstCallstatsMediaPath *path, GstPad *sink, guint32 ssrc);
void gst_callstats_media_path_clear (GstCallstatsMediaPath *path);

/* Where packets arrive that leave a webrtcbin by its source pad.
 * Returns: (transfer full) (nullable): the jitter buffer's sink pad */
GstPad *gst_callstats_find_jitterbuffer (GstPad *src);

/* Whether caps say that pad's media is raw, of either kind. */
gboolean gst_callstats_is_raw (GstPad *pad);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstCallstatsMediaPath, gst_callstats_media_path_clear)

G_END_DECLS
