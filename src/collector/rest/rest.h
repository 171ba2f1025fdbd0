/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * callstats' REST API, so that the clients of its last generations report here: browsers,
 * Android, iOS, bridges. docs/collector.md says how they are pointed here.
 *
 * Main thread only.
 */
#pragma once

#include "applications.h"
#include "origins.h"
#include "rate-limits.h"
#include "router.h"
#include "store.h"

typedef struct _Rest Rest;

/* clock_tolerance: µs; records that are from further in the future are counted. */
Rest *rest_new (Store *store, const Applications *applications, const Origins *origins,
    RateLimits *limits, gint64 clock_tolerance);
/* After the server, before the store. */
void rest_free (Rest *rest);

void rest_add_routes (Rest *rest, Router *router);

/* Takes nothing more; what came is still stored and answered. */
void rest_stop (Rest *rest);
