/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A relay in front of a collector, with a valve: shut, it accepts and upgrades and then
 * never reads, behind a receive buffer of a few kilobytes.
 *
 * Its functions are for the test's main thread; it works on one of its own.
 */
#pragma once

#include <glib.h>

typedef enum {
  VALVE_OPEN,
  VALVE_AFTER_HELLO,   /* connections are welcomed, then nothing is read any more */
  VALVE_AFTER_UPGRADE, /* nothing is read behind the handshake */
} ValveState;

typedef struct _Valve Valve;

/* port: the collector's, on loopback. */
Valve *valve_new (guint port);
void valve_free (Valve *self);
char *valve_get_url (Valve *self);
/* For connections that there are too: what they wait with is read once it is open. */
void valve_set (Valve *self, ValveState state);
/* Breaks all connections. */
void valve_break (Valve *self);
/* Connections so far. */
guint valve_n_connections (Valve *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Valve, valve_free)
