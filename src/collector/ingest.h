/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way in for records: checks the handshake of /v1/stream and keeps the connections.
 *
 * Main thread only.
 */
#pragma once

#include <libsoup/soup.h>

#include "applications.h"
#include "origins.h"
#include "store.h"

typedef struct _Ingest Ingest;

Ingest *ingest_new (
    Store *store, const Applications *applications, const Origins *origins);
/* No connection may be left. */
void ingest_free (Ingest *ingest);

/* A request to the stream's path. */
void ingest_handshake (Ingest *ingest, SoupServerMessage *message);

/* Takes no more records, waits for those that came to be durable, says goodbye to every
 * client, then calls func; at the latest after a few seconds. */
void ingest_stop (Ingest *ingest, GSourceFunc func, gpointer user_data);
