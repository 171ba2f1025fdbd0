/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What goes through the transports of one webrtcbin, counted where it meets ICE.
 *
 * Counting begins with the transport itself, on whatever thread webrtcbin makes it.
 * Any thread, but for GstCallstatsWires, which is the monitor thread's.
 */
#pragma once

#include <gst/gst.h>

#include "transporthello.h"

G_BEGIN_DECLS

typedef struct {
  guint64 packets;
  guint64 bytes; /* of UDP's payload */
  gint64 last;   /* monotonic; 0: none yet */
} GstCallstatsFlow;

typedef struct {
  GstCallstatsFlow sent, received;
} GstCallstatsTraffic;

/* One transport. */
typedef struct _GstCallstatsWire GstCallstatsWire;
typedef struct _GstCallstatsIceAgent GstCallstatsIceAgent;

GstCallstatsWire *gst_callstats_wire_ref (GstCallstatsWire *wire);
void gst_callstats_wire_unref (gpointer wire);

/* Of rtpbin. */
guint gst_callstats_wire_get_session (GstCallstatsWire *wire);
/* Returns: FALSE: it had packets before anyone counted */
gboolean gst_callstats_wire_get_traffic (
    GstCallstatsWire *wire, GstCallstatsTraffic *traffic);
/* Returns: FALSE: none has passed */
gboolean gst_callstats_wire_get_hello (
    GstCallstatsWire *wire, GstCallstatsServerHello *hello);
/* Returns: (transfer full) (nullable): its dtlsdec and dtlsenc */
GstElement *gst_callstats_wire_ref_decoder (GstCallstatsWire *wire);
GstElement *gst_callstats_wire_ref_encoder (GstCallstatsWire *wire);
/* Returns: (nullable): while its GstCallstatsWires are; NULL: it has none */
GstCallstatsIceAgent *gst_callstats_wire_get_agent (GstCallstatsWire *wire);

typedef struct _GstCallstatsWires GstCallstatsWires;

GstCallstatsWires *gst_callstats_wires_new (GstElement *webrtcbin);
/* webrtcbin: NULL: gone */
void gst_callstats_wires_free (GstCallstatsWires *wires, GstElement *webrtcbin);
/* Returns: (transfer container): GstCallstatsWire: in the order of their coming */
GPtrArray *gst_callstats_wires_get (GstCallstatsWires *wires);

G_END_DECLS
