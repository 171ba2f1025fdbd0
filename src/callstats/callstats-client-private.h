/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of a client, for its methods in other files. Any thread.
 */
#pragma once

#include "callstats-reporter-private.h"

/* Calls run with the reporter on the monitor thread, in the order of the calls. */
void callstats_client_post (CallstatsClient *self,
    void (*run) (CallstatsReporter *reporter, gpointer data), gpointer data,
    GDestroyNotify notify);

/* FALSE with a CALLSTATS_ERROR_NOT_FOUND: there is no such fabric, or it has ended. NULL
 * is fine. */
gboolean callstats_client_check_fabric (
    CallstatsClient *self, const char *fabric, GError **error);

/* Tells observers of something the user should know. */
void callstats_client_warn (CallstatsClient *self, int code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
