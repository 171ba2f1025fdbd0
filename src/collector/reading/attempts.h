/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How often an address may fail: ten times at once, then once every six seconds. It keeps
 * the log and the counters readable; a read token of 256 bits is guessed by nobody.
 *
 * Pure: the time comes in. Main thread only.
 */
#pragma once

#include <glib.h>

#define ATTEMPTS_AT_ONCE 10
#define ATTEMPT_SECONDS 6

typedef struct _Attempts Attempts;

Attempts *attempts_new (void);
void attempts_free (Attempts *attempts);

/* address: numeric; one of IPv6 stands for its /64. now: monotonic, µs. Returns: 0 where
 * it may try, else the seconds until it may. */
guint attempts_check (Attempts *attempts, const char *address, gint64 now);
/* It has failed. */
void attempts_note (Attempts *attempts, const char *address, gint64 now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Attempts, attempts_free)
