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

typedef struct {
  const char *host; /* a numeric address */
  guint16 port;     /* 0 picks a free one */
  guint max_connections;
  GTlsCertificate *certificate; /* nullable: without one, nothing is encrypted */
  gboolean behind_proxy;        /* which says who its clients are */
  const Origins *origins;
} ServerConfig;

/* Nothing it is given is owned. */
Server *server_new (const ServerConfig *config, Router *router, GError **error);
void server_free (Server *server);

guint16 server_get_port (const Server *server);
/* Open connections, WebSockets among them; 0 once it was stopped. */
guint server_count_connections (const Server *server);
/* Connections that are there go on with the one they had. */
void server_set_certificate (Server *server, GTlsCertificate *certificate);
/* Accepts no more connections, and calls func when all requests are answered; at the
 * latest after a few seconds. WebSockets are none any more. */
void server_stop (Server *server, GSourceFunc func, gpointer user_data);
