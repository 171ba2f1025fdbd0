/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The HTTP server: takes connections, refuses requests for other hosts, and hands the
 * rest to the router.
 *
 * Main thread only.
 */
#pragma once

#include "origins.h"
#include "router.h"

typedef struct _Server Server;

/* Serves on host:port; port 0 picks a free one. Nothing it is given is owned. */
Server *server_new (const char *host, guint16 port, guint max_connections, Router *router,
    const Origins *origins, GError **error);
void server_free (Server *server);

guint16 server_get_port (const Server *server);
/* Accepts no more connections. */
void server_stop (Server *server);
