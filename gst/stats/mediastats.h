/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Source of reports: frames, codecs and audio, from webrtcbin's pads to encoders,
 * decoders and sinks.
 *
 * Monitor thread only.
 */
#pragma once

#include "statssource.h"

G_BEGIN_DECLS

extern const GstCallstatsStatsSource gst_callstats_media_stats_source;

G_END_DECLS
