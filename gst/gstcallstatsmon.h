/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <callstats/callstats.h>
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_CALLSTATS_MON (gst_callstats_mon_get_type ())
G_DECLARE_FINAL_TYPE (GstCallstatsMon, gst_callstats_mon, GST, CALLSTATS_MON, GstElement)

GST_ELEMENT_REGISTER_DECLARE (callstatsmon)

G_END_DECLS
