/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How many records a second are taken, of an application and of one of its clients: a
 * bucket each, which fills at the rate and holds ten seconds of it. What is taken at once
 * may overdraw it, so nothing is too large to be ever taken.
 *
 * Pure: the time comes in. Main thread only.
 */
#pragma once

#include <glib.h>

typedef struct _RateLimits RateLimits;

/* Records a second; 0: no limit. */
RateLimits *rate_limits_new (guint app_rate, guint client_rate);
void rate_limits_free (RateLimits *limits);

/* Takes n records of the application's client at a monotonic time in µs. Returns: 0: they
 * may come; else none of them is taken, and the client is to wait so many seconds. That
 * is counted. */
guint rate_limits_take (
    RateLimits *limits, const char *app, const char *user, guint n, gint64 now);

/* How many buckets are kept: those that are not full. */
guint rate_limits_get_size (const RateLimits *limits);
