/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells the service manager that started this process (systemd, or what speaks its
 * protocol, sd_notify(3)) how it is. Without one, nothing happens.
 *
 * Main thread only.
 */
#pragma once

#include <glib.h>

/* state: lines such as READY=1. */
void service_manager_tell (const char *state);
/* That READY=1 will follow, once all is read again. */
void service_manager_tell_reloading (void);
/* Shows from the main context that it still runs, as often as the manager wants. Returns:
 * a source's id; 0: it does not want to know. */
guint service_manager_keep_watch (void);
