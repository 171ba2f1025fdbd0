/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The probes on one pad of a webrtcbin and on the codec behind it, and what they count.
 *
 * The monitor thread owns a tap. Its probes run on streaming threads: they count under a
 * lock of the tap's own, which is never held while something else is called, and look for
 * the codec until it is found, so that no frame is missed.
 */
#pragma once

#include "mediacount.h"
#include "statssource.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsMediaTap GstCallstatsMediaTap;

/* ssrc: of the packets that are meant; 0: all */
GstCallstatsMediaTap *gst_callstats_media_tap_new (
    GstPad *pad, guint32 ssrc, GstCallstatsDetail detail);
/* Takes the probes off. Those that still run count for nobody. */
void gst_callstats_media_tap_free (GstCallstatsMediaTap *tap);

/* Looks for a codec that is not found yet, or was replaced. */
void gst_callstats_media_tap_look (GstCallstatsMediaTap *tap);

gboolean gst_callstats_media_tap_is_on (GstCallstatsMediaTap *tap, GstPad *pad);
void gst_callstats_media_tap_read (
    GstCallstatsMediaTap *tap, GstCallstatsMediaFigures *figures);
/* Begins a new time for what counts since the last look. */
void gst_callstats_media_tap_begin_look (GstCallstatsMediaTap *tap);
void gst_callstats_media_tap_carry (
    GstCallstatsMediaTap *tap, GstCallstatsMediaTap *earlier);

/* Returns: (transfer full) (nullable) */
GstElement *gst_callstats_media_tap_ref_codec (GstCallstatsMediaTap *tap);
/* mixed: whether it renders other media, too
 * Returns: (transfer full) (nullable) */
GstElement *gst_callstats_media_tap_ref_sink (GstCallstatsMediaTap *tap, gboolean *mixed);

G_END_DECLS
