/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The data channels of one webrtcbin, which get-stats never tells: data-channel objects,
 * and their sums in peer-connection.
 *
 * Monitor thread only, but for its handlers.
 */
#pragma once

#include "statssource.h"

G_BEGIN_DECLS

extern const GstCallstatsStatsSource gst_callstats_data_channels_source;

G_END_DECLS
