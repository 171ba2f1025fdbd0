/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A relay on 127.0.0.1 before a server on 127.0.0.1, with a thread of its own.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  RELAY_STALL, /* after the server's first words behind the handshake */
  RELAY_FLAP,  /* every second */
} RelayFault;

typedef struct _Relay Relay;

Relay *relay_new (RelayFault fault);
guint relay_get_port (Relay *self);
void relay_start (Relay *self, guint server);
void relay_free (Relay *self);
guint relay_count_harmed (Relay *self);

/* A port of 127.0.0.1 that is bound: to listen at, or to be refused. */
int relay_bind (guint *port);

G_END_DECLS
