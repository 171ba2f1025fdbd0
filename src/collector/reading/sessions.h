/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who has logged in to the page: sessions in memory, each for a read token. They end by
 * themselves, and are gone when the collector stops.
 *
 * Pure: the time comes in. Main thread only.
 */
#pragma once

#include "applications.h"

#define SESSION_SECONDS (12 * 60 * 60)
#define MAX_SESSIONS 1024 /* the oldest goes first */

typedef struct _Sessions Sessions;

Sessions *sessions_new (void);
void sessions_free (Sessions *sessions);

/* now: monotonic, µs. Returns: (transfer full): what the cookie holds. */
char *sessions_add (
    Sessions *sessions, const guint8 hash[READ_TOKEN_HASH_BYTES], gint64 now);
/* Returns: (nullable): the hash of the session's read token; NULL where there is no such
 * session, or no longer. */
const guint8 *sessions_find (const Sessions *sessions, const char *id, gint64 now);
void sessions_remove (Sessions *sessions, const char *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sessions, sessions_free)
