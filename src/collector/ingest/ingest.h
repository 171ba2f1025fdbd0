/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way in for records: checks the handshake of /v1/stream and keeps the connections.
 *
 * Main thread only.
 */
#pragma once

#include "applications.h"
#include "origins.h"
#include "rate-limits.h"
#include "router.h"
#include "store.h"

typedef struct _Ingest Ingest;

Ingest *ingest_new (
    Store *store, const Applications *applications, const Origins *origins);
/* limits: (nullable): of records a second. client_connections: that one user of an
 * application may have, 0 for any number. clock_tolerance: µs by which a client's clock
 * may be off before that is counted. */
void ingest_set_limits (
    Ingest *ingest, RateLimits *limits, guint client_connections, gint64 clock_tolerance);
/* No connection may be left. */
void ingest_free (Ingest *ingest);

void ingest_add_routes (Ingest *ingest, Router *router);
/* WebSockets that are open. */
guint ingest_count_connections (const Ingest *ingest);

/* After the applications were reloaded: ends the connections of those who may no longer
 * write. */
void ingest_check_identities (Ingest *ingest);

/* Asks every client, and those that still come, to move to another collector, and calls
 * func when all have left or had their time. to: a WebSocket's address. */
void ingest_move (Ingest *ingest, const char *to, GSourceFunc func, gpointer user_data);
/* Takes no more records, waits for those that came to be durable, says goodbye to every
 * client, then calls func; at the latest after a few seconds. */
void ingest_stop (Ingest *ingest, GSourceFunc func, gpointer user_data);
