/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The collector's log: one line an event on stderr, as key=value. Whoever calls keeps
 * secrets and tokens out; values are quoted here, so a hostile one cannot begin a line of
 * its own.
 *
 * Any thread.
 */
#pragma once

#include <glib.h>

/* Pairs of key and value, ended by NULL; a pair with a NULL value is left out. */
void log_info (const char *event, ...) G_GNUC_NULL_TERMINATED;
void log_warning (const char *event, ...) G_GNUC_NULL_TERMINATED;
/* A warning that strangers can bring about. Past 20 in a second such lines are left out,
 * and the next one says how many. */
void log_refusal (const char *event, ...) G_GNUC_NULL_TERMINATED;
