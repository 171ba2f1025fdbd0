/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GET /metrics: everything that is counted, in the text format of Prometheus. Labels are
 * applications, up to a bound, and words of fixed sets, never users, conferences or
 * fabrics.
 *
 * It tells of all applications: it is open to this machine, and to others with a read
 * token for all applications. Behind a proxy everybody needs one.
 *
 * Main thread only.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "access.h"
#include "metrics-tally.h"
#include "router.h"
#include "store.h"

typedef struct _Metrics Metrics;

typedef struct {
  Store *store;
  Tally *tally;
  const Applications *applications;
  Access *access;
  gboolean behind_proxy;
} MetricsSources;

typedef void (*MetricsFunc) (GString *text, gpointer user_data);

/* Nothing in sources is owned. */
Metrics *metrics_new (const MetricsSources *sources);
/* func appends whole families. */
void metrics_add (Metrics *metrics, MetricsFunc func, gpointer user_data);
/* A listener of the summarizer: counts the scores of a conference that has ended. */
void metrics_tell (const char *app, const char *conference, gboolean ended_now,
    JsonObject *summary, gpointer metrics);
void metrics_add_routes (Metrics *metrics, Router *router);
/* Before the store is freed. */
void metrics_free (Metrics *metrics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Metrics, metrics_free)
