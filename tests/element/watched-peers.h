/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two peers and the reports that callstatsmon makes of them, as JSON.
 *
 * Every wait is for a report, with a deadline that fails the test. One thread uses a
 * fixture.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "peers-fixture.h"

G_BEGIN_DECLS

typedef struct _WatchedPeers WatchedPeers;

/* Whether it is the report that is waited for. */
typedef gboolean (*WatchedCondition) (JsonObject *report, gpointer data);

/* description: as of peers_new() */
WatchedPeers *watched_peers_new (const char *description);
void watched_peers_free (WatchedPeers *watched);
Peers *watched_peers_get (WatchedPeers *watched);
/* Another monitor, whose reports come in place of those of the first. */
void watched_peers_add_monitor (WatchedPeers *watched);

/* Returns: (transfer full): the first report of "a" or "b" from now on that fulfils the
 * condition */
JsonObject *watched_peers_wait (WatchedPeers *watched, const char *peer, const char *what,
    WatchedCondition condition, gpointer data);

/* Returns: (transfer container): the stats objects of that type */
GPtrArray *report_find_all (JsonObject *report, const char *type);
/* Returns: (nullable): the only one of that type */
JsonObject *report_find (JsonObject *report, const char *type);

/* NULL or 0: there is no such member */
const char *stats_text (JsonObject *stats, const char *member);
guint64 stats_count (JsonObject *stats, const char *member);
double stats_number (JsonObject *stats, const char *member);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WatchedPeers, watched_peers_free)

G_END_DECLS
