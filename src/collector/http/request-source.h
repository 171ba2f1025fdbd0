/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whence a request came. Behind a proxy (--behind-proxy) that is what the proxy says,
 * which is the directly connected peer; without one, such headers are anybody's and are
 * not looked at.
 *
 * Main thread only.
 */
#pragma once

#include <libsoup/soup.h>

/* Once the headers are in. encrypted: whether the connection itself is. */
void request_source_note (
    SoupServerMessage *message, gboolean encrypted, gboolean behind_proxy);

/* Returns: (transfer none): the client's numeric address. */
const char *request_source_get_address (SoupServerMessage *message);
/* Whether the client's own connection is encrypted. */
gboolean request_source_is_encrypted (SoupServerMessage *message);
