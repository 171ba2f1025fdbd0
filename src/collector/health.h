/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GET /healthz, whether the process answers, and GET /readyz, whether it may be sent
 * records: it is not stopping, and the store has just committed a write of ours.
 *
 * Main thread only.
 */
#pragma once

#include "router.h"
#include "store.h"

typedef struct _Health Health;

Health *health_new (Store *store);
/* What still waits is answered. Before the store is freed. */
void health_free (Health *health);

void health_add_routes (Health *health, Router *router);
/* From now on it is not ready. */
void health_stop (Health *health);
