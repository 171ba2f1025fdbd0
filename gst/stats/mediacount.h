/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Probes that count one stream's media, and what they have counted.
 *
 * Any thread. The probes' data is a GstCallstatsMediaCount.
 */
#pragma once

#include "mediafigures.h"

G_BEGIN_DECLS

typedef struct {
  GMutex lock;
  GstCallstatsMediaFigures figures; /* under lock */
  gboolean received;
  gint codec;        /* atomic: GstCallstatsVideoCodec */
  gint has_raw_caps; /* atomic */
} GstCallstatsMediaCount;

/* ssrc: of the packets that are counted; 0: all */
void gst_callstats_media_count_init (
    GstCallstatsMediaCount *count, gboolean received, guint32 ssrc);
void gst_callstats_media_count_clear (GstCallstatsMediaCount *count);

/* What a pad's caps tell already: of a codec's pad, out as in
 * gst_callstats_media_figures_take_caps(), and of a sink's. */
void gst_callstats_media_count_read_caps (
    GstCallstatsMediaCount *count, GstPad *pad, gboolean out);
void gst_callstats_media_count_read_played_caps (
    GstCallstatsMediaCount *count, GstPad *pad);

/* RTP of video at webrtcbin's pad. */
void gst_callstats_media_count_packets (
    GstCallstatsMediaCount *count, GstPad *pad, GstPadProbeInfo *info);

/* Probes for buffers, lists of them, and events downstream. Packets that come to the
 * jitter buffer; video on both sides of its codec, and at its sink; raw audio at its
 * codec and at its sink; coded audio. */
GstPadProbeReturn gst_callstats_media_count_on_arrival (
    GstPad *pad, GstPadProbeInfo *info, gpointer count);
GstPadProbeReturn gst_callstats_media_count_on_frame_in (
    GstPad *pad, GstPadProbeInfo *info, gpointer count);
GstPadProbeReturn gst_callstats_media_count_on_frame_out (
    GstPad *pad, GstPadProbeInfo *info, gpointer count);
GstPadProbeReturn gst_callstats_media_count_on_shown (
    GstPad *pad, GstPadProbeInfo *info, gpointer count);
GstPadProbeReturn gst_callstats_media_count_on_samples (
    GstPad *pad, GstPadProbeInfo *info, gpointer count);
GstPadProbeReturn gst_callstats_media_count_on_played (
    GstPad *pad, GstPadProbeInfo *info, gpointer count);
GstPadProbeReturn gst_callstats_media_count_on_coded_audio (
    GstPad *pad, GstPadProbeInfo *info, gpointer count);

G_END_DECLS
