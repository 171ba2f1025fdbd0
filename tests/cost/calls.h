/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Calls that run at once, and what the monitor does to them: how long each packet is
 * under way, whether it arrives, how long the end takes. It is seen at the pads of
 * callstatsloopback by probes that share no code with the plugin.
 *
 * For the test's main thread.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define COST_CALLS 10

/* What a callstatsmon is told; NULL for the whole of it: there is none. */
typedef struct {
  const gchar *backend; /* URL */
  const gchar *app, *secret_file;
} CostMonitor;

typedef struct {
  gboolean in_time; /* packets did not bunch when it began: the latency says something */
  double latency;   /* 99th percentile of all packets from pad to pad, microseconds */
  guint packets;    /* that were measured */
  guint lost;
  guint64 acked;            /* records, at the end of the calls */
  double stops[COST_CALLS]; /* milliseconds of each gst_element_set_state (NULL) */
} CostRun;

/* One run: begins the calls, follows @packets of each, ends them. @wants_latency: waits
 * first, but not for ever, until packets come in time. */
void cost_run (
    const CostMonitor *monitor, guint packets, gboolean wants_latency, CostRun *run);

int cost_compare (gconstpointer a, gconstpointer b); /* of doubles, for sorting */

G_END_DECLS
