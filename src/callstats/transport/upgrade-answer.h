/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a server answers to the request for a WebSocket: the header of an HTTP response,
 * of which nothing is to be trusted.
 *
 * Pure: no I/O. One thread.
 */
#pragma once

#include <libsoup/soup.h>

typedef struct {
  guint status;
  char *reason; /* nullable: error_description of WWW-Authenticate, or the phrase */
  SoupMessageHeaders *headers;
} UpgradeAnswer;

/* text: without the empty line behind it. Returns: (nullable): NULL with a
 * SOUP_WEBSOCKET_ERROR where it is no HTTP. */
UpgradeAnswer *upgrade_answer_parse (const char *text, gsize length, GError **error);
void upgrade_answer_free (UpgradeAnswer *answer);

/* A new Sec-WebSocket-Key. */
char *upgrade_key_new (void);
/* FALSE with a SOUP_WEBSOCKET_ERROR: a 101 that does not fit the request. */
gboolean upgrade_answer_check (const UpgradeAnswer *answer, const char *key,
    const char *subprotocol, GError **error);

/* Seconds since the epoch; 0: none. */
gint64 upgrade_answer_get_date (const UpgradeAnswer *answer);
/* Seconds, at most max; 0: none. */
guint upgrade_answer_get_retry_after (const UpgradeAnswer *answer, guint max);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UpgradeAnswer, upgrade_answer_free)
