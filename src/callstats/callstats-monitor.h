/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The monitor thread, for C code that watches peer connections.
 */
#pragma once

#include <gio/gio.h>

#include "callstats-version.h"

G_BEGIN_DECLS

CALLSTATS_AVAILABLE_IN_0_1
GMainContext *callstats_monitor_get_context (void);
CALLSTATS_AVAILABLE_IN_0_1
void callstats_monitor_invoke (
    GSourceFunc func, gpointer user_data, GDestroyNotify notify);
CALLSTATS_AVAILABLE_IN_0_1
GSource *callstats_monitor_add_timeout (
    guint interval_ms, GSourceFunc func, gpointer user_data, GDestroyNotify notify);
CALLSTATS_AVAILABLE_IN_0_1
gint64 callstats_monitor_to_epoch (gint64 monotonic_time);

G_END_DECLS
