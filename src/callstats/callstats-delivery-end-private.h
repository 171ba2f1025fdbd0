/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the end of a connection means, and how it is told. Pure, any thread.
 */
#pragma once

#include "callstats-transport-private.h"

/* Nothing is tried again until the credentials change. connected: after the welcome. */
gboolean callstats_end_is_final (const CallstatsTransportEnd *end, gboolean connected);

/* Returns: seconds that the other end asked to wait; 0: it did not. */
guint callstats_end_retry_after (const CallstatsTransportEnd *end);

/* Returns: (transfer full) */
GError *callstats_end_describe (const CallstatsTransportEnd *end, const char *uri);
GError *callstats_end_describe_refusal (
    const CallstatsTransportEnd *end, const char *uri, const char *app_id);
