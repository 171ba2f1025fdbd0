/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What one listener is told: reads the store from where it stands, and writes events of
 * text/event-stream. A feed is used by one thread at a time; it blocks.
 */
#pragma once

#include "store.h"

typedef struct _LiveFeed LiveFeed;

/* conference: (nullable): NULL: the application's list of conferences.
 * occurrence: as in StoreConferenceId. after: (nullable): the id of the last event that
 * the listener has; NULL: it begins with what comes. reports: whether it wants them.
 * Returns: (nullable): NULL where after is no such id. */
LiveFeed *live_feed_new (Store *store, const char *app, const char *conference,
    gint64 occurrence, const char *after, gboolean reports);
void live_feed_free (LiveFeed *feed);

/* Appends what is new, of a bounded length. more: whether there is more. Returns: FALSE
 * with an error, or without one where there is no such conference. */
gboolean live_feed_read (LiveFeed *feed, GString *text, gboolean *more, GError **error);
