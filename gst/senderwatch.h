/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One sink pad of a webrtcbin: whether its media is sent, and whether it is a screen.
 *
 * Pipeline thread only.
 */
#pragma once

#include <callstats/callstats.h>

#include "changewatch.h"
#include "upstream.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsSender GstCallstatsSender;

GstCallstatsSender *gst_callstats_sender_new (GstPad *pad);
void gst_callstats_sender_free (GstCallstatsSender *sender);

gboolean gst_callstats_sender_is_of (GstCallstatsSender *sender, GstPad *pad);

/* Looks at what is upstream, and names what may change there. */
void gst_callstats_sender_look (GstCallstatsSender *sender,
    GstCallstatsChangeWatch *changes, GstCallstatsPassed passed, gpointer user_data);
/* Looks whether buffers have come, at a monotonic time. */
void gst_callstats_sender_check_flow (GstCallstatsSender *sender, gint64 now);
/* Nothing is expected to come until now, a monotonic time. */
void gst_callstats_sender_forgive (GstCallstatsSender *sender, gint64 now);

/* Tells what has changed since it was last told. */
void gst_callstats_sender_tell (GstCallstatsSender *sender, CallstatsClient *client,
    const char *fabric, gboolean with_devices);
/* Tells what ends with the pad. */
void gst_callstats_sender_tell_end (
    GstCallstatsSender *sender, CallstatsClient *client, const char *fabric);

/* Whether it is audio that is sent now. */
gboolean gst_callstats_sender_is_heard (GstCallstatsSender *sender);

G_END_DECLS
