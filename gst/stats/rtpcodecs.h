/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The payload types of an m-line.
 *
 * Pure.
 */
#pragma once

#include "rtpdescription.h"

G_BEGIN_DECLS

/* first: (nullable): the description that decides; second: (nullable): where payload
 * types stand that the first leaves out.
 * Returns: (transfer full): GstCallstatsCodec */
GArray *gst_callstats_read_codecs (const GstSDPMedia *first, const GstSDPMedia *second);

G_END_DECLS
