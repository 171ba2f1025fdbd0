/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Probes on the pads where the RTP sessions of an rtpbin meet its transports: each packet
 * is shown to what is kept for its session.
 *
 * Monitor thread only, but for a type's take.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  const char *received, *sent; /* names of pads, up to the number of the session */
  gboolean shared;             /* one book for both directions of a session */
  gpointer (*open) (void);
  GDestroyNotify close;
  /* On a streaming thread, with the book's lock held. */
  void (*take) (gpointer book, gboolean received, GstBuffer *buffer, gint64 time);
} GstCallstatsTapType;

typedef struct _GstCallstatsTaps GstCallstatsTaps;

typedef void (*GstCallstatsReadBook) (
    gpointer book, guint session, gboolean received, gpointer user_data);

/* type: static */
GstCallstatsTaps *gst_callstats_taps_new (
    GstElement *rtpbin, const GstCallstatsTapType *type);
/* rtpbin: NULL: gone */
void gst_callstats_taps_free (GstCallstatsTaps *taps, GstElement *rtpbin);

/* Calls read with the lock of the book held, which is opened if it has to be. */
void gst_callstats_taps_read (GstCallstatsTaps *taps, guint session, gboolean received,
    GstCallstatsReadBook read, gpointer user_data);
/* The same for all there are. */
void gst_callstats_taps_read_all (
    GstCallstatsTaps *taps, GstCallstatsReadBook read, gpointer user_data);

/* recv_rtp_sink_3 → 3
 * Returns: FALSE: name does not begin with prefix */
gboolean gst_callstats_read_session (
    const char *name, const char *prefix, guint *session);

G_END_DECLS
