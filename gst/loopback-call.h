/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The call inside callstatsloopback. See loopback-call.c for the thread contract.
 */
#pragma once

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

#include "loopback-stream.h"

G_BEGIN_DECLS

typedef struct _LoopbackCall LoopbackCall;

LoopbackCall *loopback_call_new (GstBin *bin);
void loopback_call_free (LoopbackCall *self);

void loopback_call_set_latency (LoopbackCall *self, guint milliseconds);
guint loopback_call_get_latency (LoopbackCall *self);
void loopback_call_set_bundle_policy (LoopbackCall *self, GstWebRTCBundlePolicy policy);
GstWebRTCBundlePolicy loopback_call_get_bundle_policy (LoopbackCall *self);

gboolean loopback_call_prepare (LoopbackCall *self);
void loopback_call_start (LoopbackCall *self);
void loopback_call_silence (LoopbackCall *self);
void loopback_call_end (LoopbackCall *self);

LoopbackStream *loopback_call_add_stream (
    LoopbackCall *self, GstPadTemplate *templ, const gchar *name);
void loopback_call_remove_stream (LoopbackCall *self, LoopbackStream *stream);
gboolean loopback_call_has_streams (LoopbackCall *self);

G_END_DECLS
