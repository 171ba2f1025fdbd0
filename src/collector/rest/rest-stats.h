/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The statistics that clients of callstats' REST API send, as reports with W3C names and
 * units. There are four shapes: W3C's own (browsers, Android), Chrome's legacy ones
 * (iOS, early browsers), the streams of bridges, and lists of "tracks" and
 * "candidatePairs" of either kind. What has no counterpart in W3C's keeps its own name;
 * what callstats' clients computed from the rest (csio…), and what they copied into an
 * object from another one, is left out.
 *
 * Pure, any thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "callstats/callstats-report.h"

/* µs since the epoch of a time that is told in seconds, milliseconds or microseconds;
 * fallback where it is none of them. */
gint64 rest_stats_read_time (JsonNode *node, gint64 fallback);

/* Of one body, all its samples together. */
#define REST_STATS_MAX_OBJECTS 2048

guint rest_stats_count_objects (JsonArray *list);
/* list: of at most REST_STATS_MAX_OBJECTS stats objects. time: of the sample, µs.
 * Returns: (transfer full) (element-type CallstatsReport): one, or one of each sample the
 * list consists of. One of which nothing could be used is not there. */
GPtrArray *rest_stats_make_reports (JsonArray *list, gint64 time);

/* Adds what else came with the stats, an object under its own name. */
void rest_stats_add_object (
    CallstatsReport *report, const char *name, JsonObject *object);
