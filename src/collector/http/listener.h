/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The listening socket: accepts connections up to a limit and drops those that do not
 * come to the point, since libsoup waits forever for the rest of a request.
 *
 * Main thread only.
 */
#pragma once

#include <gio/gio.h>

typedef struct _Listener Listener;

typedef void (*ListenerFunc) (
    GIOStream *stream, GSocketAddress *local, GSocketAddress *remote, gpointer user_data);

/* certificate: (nullable): without one, connections are not encrypted. */
Listener *listener_new (const char *host, guint16 port, guint max_connections,
    GTlsCertificate *certificate, ListenerFunc func, gpointer user_data, GError **error);
/* Open connections live on. */
void listener_free (Listener *listener);

guint16 listener_get_port (const Listener *listener);
/* Open connections. */
guint listener_count (const Listener *listener);
/* From the next connection on; only where there was one before. */
void listener_set_certificate (Listener *listener, GTlsCertificate *certificate);

/* The headers of the request of the connection from this very address object have been
 * read. */
void listener_headers_read (GSocketAddress *remote);
/* All of it has. */
void listener_request_read (GSocketAddress *remote);
/* The connection became a WebSocket, which keeps its own deadlines. */
void listener_upgraded (GSocketAddress *remote);
/* Ends the connection, whatever its peer still has to take. */
void listener_drop (GSocketAddress *remote);
