/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What of a webrtcbin's watch follows its media: whether packets of the other end come,
 * how it leaves, what its streams are and how they go.
 */
#pragma once

#include "watchpart.h"

G_BEGIN_DECLS

extern const GstCallstatsWatchPart gst_callstats_media_part;

G_END_DECLS
