/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The clock by which a client times its records, against ours: what is off is counted,
 * and stored as it came.
 *
 * Pure but for the counters: the time comes in, µs since the epoch. Any thread.
 */
#pragma once

#include <json-glib/json-glib.h>

/* Returns: milliseconds by which the times of the session's records are behind ours; not
 * a number: hello does not say. */
double client_clock_compare (JsonObject *hello, gint64 now);
/* tolerance: µs by which it may be off, as below. */
void client_clock_count (double behind, gint64 tolerance);
/* Records (element-type CallstatsRecord) that lie in the future even by that clock. */
void client_clock_count_future (
    double behind, gint64 tolerance, const GPtrArray *records, gint64 now);
