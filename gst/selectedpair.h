/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The candidate pairs that a webrtcbin has selected, and their changes.
 *
 * Pure, for one thread at a time.
 */
#pragma once

#include <gst/gst.h>

#include "stats/addresses.h"

G_BEGIN_DECLS

typedef struct _GstCallstatsSelectedPairs GstCallstatsSelectedPairs;

GstCallstatsSelectedPairs *gst_callstats_selected_pairs_new (
    GstCallstatsCollectIp collect_ip);
void gst_callstats_selected_pairs_free (GstCallstatsSelectedPairs *pairs);

/* stats: a reply to get-stats.
 * Returns: (transfer full) (nullable): an a{sv} with prevIceCandidatePair,
 * currIceCandidatePair and relayType; NULL: none has changed. The first is no change. */
GVariant *gst_callstats_selected_pairs_take (
    GstCallstatsSelectedPairs *pairs, const GstStructure *stats);

G_END_DECLS
