/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What lies upstream of a sink pad: what cuts its media, and what captures it.
 *
 * Pipeline thread: properties of foreign elements are read, which may take its time.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Why no media is sent; several may hold at once. */
typedef enum {
  GST_CALLSTATS_CUT_MUTE = 1 << 0,      /* an element's mute, or its volume of 0 */
  GST_CALLSTATS_CUT_VALVE = 1 << 1,     /* a valve that drops */
  GST_CALLSTATS_CUT_DIRECTION = 1 << 2, /* the transceiver's direction */
  GST_CALLSTATS_CUT_SILENCE = 1 << 3,   /* no buffers */
} GstCallstatsCut;

typedef struct {
  guint cut; /* GstCallstatsCut, MUTE and VALVE of them: those that cut every way */
  GstElement *source; /* nullable: where the media comes from, the first of several */
  GstElement *screen; /* nullable: a source that captures a screen */
  GstPad *remote; /* nullable: a webrtcbin's source pad, where what is heard comes from */
} GstCallstatsUpstream;

/* Told for each element that is passed. */
typedef void (*GstCallstatsPassed) (GstElement *element, gpointer user_data);

/* Elements are followed through bins up to a webrtcbin, which is not looked into. Of a
 * selector only the active way counts. */
void gst_callstats_upstream_look (GstCallstatsUpstream *upstream, GstPad *sink,
    GstCallstatsPassed passed, gpointer user_data);
void gst_callstats_upstream_clear (GstCallstatsUpstream *upstream);

gboolean gst_callstats_is_webrtcbin (gpointer object);
gboolean gst_callstats_is_factory (GstElement *element, const char *name);
/* Returns: the factory's metadata, such as GST_ELEMENT_METADATA_KLASS; never NULL */
const char *gst_callstats_get_metadata (GstElement *element, const char *key);
/* Whether object has a property of that type that can be read. */
gboolean gst_callstats_has_property (gpointer object, const char *name, GType type);

G_END_DECLS
