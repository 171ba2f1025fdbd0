/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells when this machine got another address or another way out, or a link carries
 * again: then a backend that was out of reach may be in reach.
 *
 * GNetworkMonitor's default one would tell applications on our thread, if we were the
 * first to ask for it; and it tells of routes only. So this listens to the kernel itself.
 *
 * Monitor thread only.
 */
#pragma once

#include <glib.h>

typedef struct _CallstatsNetworkWatch CallstatsNetworkWatch;

/* changed() is called once for changes that come together. Returns: (nullable): NULL
 * where the kernel cannot be listened to. */
CallstatsNetworkWatch *callstats_network_watch_new (
    void (*changed) (gpointer user_data), gpointer user_data);
void callstats_network_watch_free (CallstatsNetworkWatch *watch);
