/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON of the query API. Times are whole milliseconds since the epoch; what nobody
 * reported is null.
 *
 * Pure: the time comes in. Any thread.
 */
#pragma once

#include "store.h"

/* now: µs since the epoch. next, previous: (nullable): cursors of other pages.
 * live: where live updates go on from. */
void query_json_append_list (GString *json, GPtrArray *conferences, const char *next,
    const char *previous, const char *live, gint64 now);
void query_json_append_detail (GString *json, const char *app, const StoreDetail *detail,
    const char *live, gint64 now);
/* One row of each of the lists, as an object. */
void query_json_append_conference (
    GString *json, const StoreConference *conference, gint64 now);
void query_json_append_participant (GString *json, const StoreParticipant *participant);
void query_json_append_fabric (GString *json, const StoreFabric *fabric);
void query_json_append_event (GString *json, const StoreEvent *event);

/* Pages of one kind of row. */
void query_json_append_events (GString *json, GPtrArray *events, const char *next);
void query_json_append_fabrics (GString *json, GPtrArray *fabrics, const char *next);
void query_json_append_users (GString *json, GPtrArray *users, const char *next);
void query_json_append_others (GString *json, GPtrArray *others, const char *next);

/* A fabric without its closing brace, for more to follow. */
void query_json_begin_fabric (GString *json, const StoreFabricDetail *detail);

/* The three pieces of a list of reports. */
void query_json_begin_reports (GString *json, const StoreFabricKey *fabric);
void query_json_append_report (
    GString *json, gboolean first, gint64 time, const char *stats, gsize length);
void query_json_end_reports (GString *json, const char *next);
