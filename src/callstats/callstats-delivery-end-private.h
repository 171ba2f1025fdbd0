/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the end of a connection means, and how it is told. Pure, any thread.
 */
#pragma once

#include "callstats-transport-private.h"

typedef enum {
  CALLSTATS_END_RETRY, /* it is tried again */
  CALLSTATS_END_TOKEN, /* the token was refused; another one may do */
  CALLSTATS_END_FINAL, /* nothing is tried again until the configuration changes */
} CallstatsEndMeaning;

CallstatsEndMeaning callstats_end_get_meaning (const CallstatsTransportEnd *end);

/* Returns: seconds that the other end asked to wait; 0: it did not. */
guint callstats_end_retry_after (const CallstatsTransportEnd *end);

/* Returns: (transfer full) */
GError *callstats_end_describe (const CallstatsTransportEnd *end, const char *uri);
/* For good, and of a token in place of which another one is asked for. */
GError *callstats_end_describe_refusal (
    const CallstatsTransportEnd *end, const char *uri, const char *app_id);
GError *callstats_end_describe_token (const CallstatsTransportEnd *end, const char *uri);
