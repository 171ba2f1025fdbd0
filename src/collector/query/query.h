/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The query API: reads the store and answers in JSON.
 *
 * Handlers are called on the main thread; the store is read on a few threads of its own,
 * so a slow query holds up neither the ingest nor the other half of the queries.
 */
#pragma once

#include "access.h"
#include "router.h"
#include "store.h"

typedef struct _Query Query;

Query *query_new (Store *store, const Applications *applications, const Access *access);
/* Waits for the queries that are running. */
void query_free (Query *query);

void query_add_routes (Query *query, Router *router);
