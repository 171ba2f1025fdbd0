/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The DTLS transports of one webrtcbin: how far they are, and whose certificate they got.
 *
 * Monitor thread only.
 */
#pragma once

#include "negotiationfence.h"
#include "setupdiagnosis.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsDtlsWatch GstCallstatsDtlsWatch;

/* One of the transports changed its state at a monotonic time. certificate: (nullable):
 * the peer's in PEM, once connected. Monitor thread. */
typedef void (*GstCallstatsDtlsChanged) (gpointer owner,
    GstCallstatsDtlsProgress progress, const char *certificate, gint64 time);

/* changed gets the fence's owner. */
GstCallstatsDtlsWatch *gst_callstats_dtls_watch_new (
    GstCallstatsFence *fence, GstCallstatsDtlsChanged changed);
void gst_callstats_dtls_watch_free (GstCallstatsDtlsWatch *watch);

/* Those that are watched already are not watched again; transports: GObject. */
void gst_callstats_dtls_watch_add (
    GstCallstatsDtlsWatch *watch, const GPtrArray *transports);
guint gst_callstats_dtls_watch_get_n (GstCallstatsDtlsWatch *watch);

G_END_DECLS
