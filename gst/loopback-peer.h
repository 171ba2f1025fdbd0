/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The webrtcbins of a loopback call, made so that they need no network.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

GstElement *loopback_peer_new (const gchar *name);
void loopback_peer_copy_settings (GstElement *from, GstElement *to);

G_END_DECLS
