/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The HTTP server: which path leads where, and what is refused before anything looks at
 * it.
 *
 * Main thread only.
 */
#pragma once

#include "ingest.h"
#include "query.h"

typedef struct _Server Server;

/* Serves on host:port; port 0 picks a free one. Nothing it is given is owned. */
Server *server_new (const char *host, guint16 port, guint max_connections, Ingest *ingest,
    Query *query, const Origins *origins, GError **error);
void server_free (Server *server);

guint16 server_get_port (const Server *server);
/* Accepts no more connections. */
void server_stop (Server *server);
