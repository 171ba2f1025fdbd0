/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who may read: a read token of the application as Authorization: Bearer, or the cookie
 * of somebody who logged in with one. Secrets and tokens for writing open nothing here.
 *
 * Main thread only.
 */
#pragma once

#include <libsoup/soup.h>

#include "applications.h"
#include "sessions.h"

typedef struct _Access Access;

/* open: whether reading needs no token as long as none is configured: on loopback alone,
 * and only where no proxy brings others there. */
Access *access_new (const Applications *applications, gboolean open);
void access_free (Access *access);

/* app: (nullable): NULL: any application. Answers the message with 401 or 403 where it
 * returns FALSE; both are the same whether there is such an application or not. */
gboolean access_check (Access *access, SoupServerMessage *message, const char *app);
/* The same without an answer: whether what the message carries opens this application. */
gboolean access_may_read (
    const Access *access, SoupServerMessage *message, const char *app);

/* Gives the client a cookie that reads as the read token with this hash does, until it
 * expires or the token is taken away. */
void access_begin_session (
    Access *access, SoupServerMessage *message, const guint8 hash[READ_TOKEN_HASH_BYTES]);
/* Ends the session of the message's cookie, if it has one, and takes the cookie back. */
void access_end_session (Access *access, SoupServerMessage *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Access, access_free)
