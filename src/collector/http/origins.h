/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The origins under which this collector is known. A token names one of them as its
 * audience, so that a token given to another backend is of no use here; a request names
 * one as its Host, so that a page elsewhere cannot reach a collector on loopback by DNS
 * rebinding.
 *
 * Filled at start, then only read: any thread.
 */
#pragma once

#include <gio/gio.h>

typedef struct _Origins Origins;

Origins *origins_new (void);
void origins_free (Origins *origins);

/* 127.0.0.1, [::1] and localhost with this port. */
void origins_add_loopback (Origins *origins, guint16 port);
/* The numeric address that is listened on, unless it stands for all. */
void origins_add_address (Origins *origins, const char *host, guint16 port);
/* url: http(s):// or ws(s)://, a host and perhaps a port, nothing more. */
gboolean origins_add (Origins *origins, const char *url, GError **error);

/* audience: an origin, as a token carries it. */
gboolean origins_match_audience (const Origins *origins, const char *audience);
/* host: a Host header; loopback matches with any port. */
gboolean origins_match_host (const Origins *origins, const char *host);
/* Where a request that came to this Host came to: the --origin with this host, as https:
 * or http:, else the Host itself. scheme: http or https, of the connection. Returns:
 * (transfer full): without a slash at its end. */
char *origins_make_url (const Origins *origins, const char *host, const char *scheme);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Origins, origins_free)
