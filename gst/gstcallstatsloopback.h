/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element callstatsloopback: a whole WebRTC call inside one bin.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_CALLSTATS_LOOPBACK (gst_callstats_loopback_get_type ())
G_DECLARE_FINAL_TYPE (
    GstCallstatsLoopback, gst_callstats_loopback, GST, CALLSTATS_LOOPBACK, GstBin)

GST_ELEMENT_REGISTER_DECLARE (callstatsloopback)

G_END_DECLS
