/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * By which proxy a backend is reached. Any thread; reads the environment.
 */
#pragma once

#include <gio/gio.h>

/* As https_proxy (for wss://), http_proxy (for ws://), all_proxy and no_proxy say; where
 * they say nothing, as the desktop does. What is on this machine needs no proxy.
 * Returns: (transfer full) (nullable): NULL with an error, which does not show the
 * proxy's address: that may hold a password. */
GProxyResolver *callstats_proxy_find (const char *uri, GError **error);
