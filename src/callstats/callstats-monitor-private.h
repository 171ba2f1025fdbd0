/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The monitor thread, for the library itself.
 */
#pragma once

#include "callstats-monitor.h"

/* @once: static, 0 at first; one for each place that calls this */
void callstats_monitor_rest_at_exit (gsize *once);
